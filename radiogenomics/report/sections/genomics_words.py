"""What the methods say of markers that are not made of the classes of variants."""

from collections.abc import Iterator, Mapping
from typing import Any

from radiogenomics.report import text


def words(settings: Mapping[str, Any]) -> Iterator[str]:
    """Sentences on the settings that the tables of genomics record, taken together."""
    if dosage := settings.get("dosage"):
        read = f"FORMAT field {dosage['field']}" if dosage.get("field") else "called genotypes"
        chosen = [f"{key} of {dosage[key]}" for key in ("regions", "variants") if dosage.get(key)]
        limited = f", limited to {text.joined(chosen)}" if chosen else ""
        yield (
            f"Dosages are copies of the alternate allele ({read}; a .pgen file gives what it holds) of variants whose"
            f" rarer allele has a frequency of at least {text.general(dosage['min_frequency'])} among the patients"
            f"{limited}; a missing genotype is a missing dosage."
        )
