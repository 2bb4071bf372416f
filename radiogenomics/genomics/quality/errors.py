"""What can be wrong with files of genotypes, and why a patient's sample is not good enough."""

from collections.abc import Sequence
from pathlib import Path

from radiogenomics.errors import GenomicsError, listing
from radiogenomics.genomics.errors import near_names


class UnreadableGenotypesError(GenomicsError):
    """The files are not those of PLINK."""

    reason = "unreadable_genotypes"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: not readable as genotypes of PLINK: {problem}",
            hint="check the files with `plink2 --validate`; write them again if they were cut off",
        )


class NoGenotypesOfMafError(GenomicsError):
    """A mutation annotation file lists mutations, not genotypes."""

    reason = "maf"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path.name}: a MAF has no genotypes",
            hint="give VCF, BCF or files of PLINK: `genomics.quality.genotypes`, and of dosages"
            " `genomics.markers.dosage.files`, name others than the samples sheet",
        )


class DosageFieldError(GenomicsError):
    """A file declares no field of FORMAT of the name that dosages are to be read from."""

    reason = "dosage_field"

    def __init__(self, path: Path, wanted: str, present: Sequence[str]) -> None:
        self.path, self.wanted, self.present = path, wanted, tuple(present)
        near = near_names(wanted, present)
        super().__init__(
            f"{path.name}: FORMAT declares no number {wanted!r}",
            hint="correct `genomics.markers.dosage.field`, or leave it out to count the alleles of GT; "
            f"{'similar' if near else 'declared'}: {listing(near or present, 5)}",
        )


class DosageError(GenomicsError):
    """Something that is no dosage stands where one is expected."""

    reason = "dosage"

    def __init__(self, path: Path, place: str, found: str) -> None:
        self.path, self.place, self.found = path, place, found
        super().__init__(
            f"{path.name}: {place}: {found}, where expected copies of one ALT lie between 0 and 2 (haploid: 1)",
            hint="name in `genomics.markers.dosage.field` the field of the dosage (DS), not that of probabilities",
        )


class OrderOfSitesError(GenomicsError):
    """Files that are read side by side are not in the order of chromosomes and positions."""

    reason = "order_of_sites"

    def __init__(self, path: Path, site: str) -> None:
        self.path, self.site = path, site
        super().__init__(
            f"{path.name}: {site} stands after a later site",
            hint="several files are compared site by site; sort each by chromosome (1 to 22, X, Y) and position",
        )


class StatedSexError(GenomicsError):
    """The column of stated sex holds what cannot be read as a sex."""

    reason = "stated_sex"

    def __init__(self, column: str, unknown: Sequence[str]) -> None:
        self.column, self.unknown = column, tuple(unknown)
        super().__init__(
            f"column {column!r} of the patients sheet holds {listing(unknown, 5)}",
            hint="F, M, female and male are understood, whatever the case; leave unknown ones empty",
        )


class SampleQualityError(GenomicsError):
    """A sample does not meet what the study asks of it (`genomics.quality.exclude`)."""

    def __init__(self, fact: str) -> None:
        self.fact = fact
        super().__init__(
            fact, hint="genomics/sample_quality.parquet has the numbers; genomics.quality.exclude says what excludes"
        )


class LowCallRateError(SampleQualityError):
    """Too many genotypes are missing."""

    reason = "low_call_rate"


class HeterozygosityError(SampleQualityError):
    """Too many or too few genotypes are heterozygous."""

    reason = "heterozygosity"


class SexMismatchError(SampleQualityError):
    """The sex by X is not the stated one."""

    reason = "sex_mismatch"


class SexUnclearError(SampleQualityError):
    """X and Y tell no sex."""

    reason = "sex_unclear"


class RelatedError(SampleQualityError):
    """A relative, or the same person, stays in the study."""

    reason = "related"


OF_FLAG: dict[str, type[SampleQualityError]] = {
    kind.reason: kind
    for kind in (LowCallRateError, HeterozygosityError, SexMismatchError, SexUnclearError, RelatedError)
}
