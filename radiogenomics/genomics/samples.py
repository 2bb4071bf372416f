"""Which sample of a file is which patient's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from radiogenomics.genomics.errors import AmbiguousSampleError, SampleNotInVcfError

SampleId = Literal["exact", "tcga_patient"]
# TCGA-CS-4938 of TCGA-CS-4938-01B-11D-1893-08: project, tissue source site, participant.
TCGA_PATIENT_LENGTH = 12


def find_sample(path: Path, wanted: str, present: Sequence[str], how: SampleId) -> str:
    """The sample of a file that a row of the samples sheet names.

    Parameters
    ----------
    how : {"exact", "tcga_patient"}
        Letter by letter; or else, if the file has no such name, by the first 12 characters of TCGA barcodes on both
        sides.

    Raises
    ------
    SampleNotInVcfError, AmbiguousSampleError
    """
    if wanted in present:
        return wanted
    patient = wanted[:TCGA_PATIENT_LENGTH]
    found = [name for name in present if how == "tcga_patient" and name[:TCGA_PATIENT_LENGTH] == patient]
    if not found:
        raise SampleNotInVcfError(path, wanted, present)
    if len(found) > 1:
        raise AmbiguousSampleError(path, wanted, found)
    return found[0]
