"""Names of regions in DICOM files."""

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from radiogenomics.imaging.dicom import text


def region_name(item: Dataset, keyword: str, *, path: Path, default: str | None = None) -> str:
    r"""ROIName or SegmentLabel as it stands in the file, without the blanks at its ends.

    These are single values; a backslash, which separates values in DICOM, is taken as part of the name, since some
    writers put it there.

    Raises
    ------
    MissingTagError
        It is absent or empty and there is no ``default``.
    InvalidTagError
    """
    found = text(item, keyword, default, path=path)
    value = item.get(keyword)
    return "\\".join(map(str, value)).strip(" ") if isinstance(value, MultiValue) else found
