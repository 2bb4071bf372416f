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


def annotator_words(settings: Mapping[str, Any]) -> str:
    """Which program stated the consequences; empty if none was run."""
    if not (annotator := settings.get("annotator")):
        return ""
    versions = text.joined(annotator["versions"] or ["whose output states no version"])
    return (
        "Genomics. Variants were left-aligned and split, and consequences of those in VCF and BCF files were stated by"
        f" a program ({versions}; command: {annotator['command']})."
    )
