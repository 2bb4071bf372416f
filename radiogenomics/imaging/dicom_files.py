"""Which files of a folder are DICOM."""

from pathlib import Path

from radiogenomics.imaging.errors import UnreadableDicomError

PREFIX_OFFSET = 128
# A data set written without preamble starts with group 0002 or 0008, in either byte order.
BARE_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
# Names of DICOM files, and of files that are often found beside them.
DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".dic", ".dc3", ".ima"})
OTHER_SUFFIXES = frozenset(
    f".{end}"
    for end in (
        *("txt", "md", "rst", "log", "html", "htm", "pdf", "doc", "docx", "rtf", "json", "xml", "csv", "tsv", "xls"),
        *("xlsx", "yaml", "yml", "ini", "inf", "cfg", "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "svg", "nii"),
        *("gz", "zip", "tar", "nrrd", "nhdr", "mha", "mhd", "npy", "mat", "db", "exe", "dll", "bat", "sh", "py", "lnk"),
        *("url", "css", "js", "md5", "sha256", "done", "lock"),
    )
)
OTHER_NAMES = frozenset({"README", "LICENSE", "VERSION", "LOCKFILE"})


def is_dicom(path: Path) -> bool:
    """Whether the file has DICOM's prefix (PS3.10 section 7.1) or starts like a data set written without it."""
    with path.open("rb") as stream:
        start = stream.read(PREFIX_OFFSET + 4)
    return start[PREFIX_OFFSET:] == b"DICM" or (len(start) > 8 and start[:2] in BARE_STARTS)


def dicom_files(path: Path, damaged: list[str] | None = None) -> list[Path]:
    """DICOM files of a folder and the folders below it, sorted by path.

    DICOMDIR, hidden files and files of other kinds are passed over. A file that may once have been DICOM is not: it
    could be a slice, and at the end of a stack nothing else would miss it. With a list ``damaged``, the names of such
    files are appended to it instead.

    Raises
    ------
    UnreadableDicomError
        A link to nothing, a file too short for the prefix, or one that is named like DICOM and is not; unless it is
        hidden or its name says that it is of another kind.
    """
    found = sorted(file for file in path.rglob("*") if file.is_file() or (file.is_symlink() and not file.exists()))
    files = []
    for file in found:
        try:
            if file.name.upper() != "DICOMDIR" and _belongs(file, path):
                files.append(file)
        except UnreadableDicomError:
            if damaged is None:
                raise
            damaged.append(file.name)
    return files


def _belongs(file: Path, folder: Path) -> bool:
    """Whether a file of a folder is DICOM; refused where it is not but should be."""
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    expendable = hidden or file.suffix.lower() in OTHER_SUFFIXES or file.name.upper() in OTHER_NAMES
    if not file.exists():
        problem = "a link to a file that is not there"
    elif is_dicom(file):
        return True
    elif (size := file.stat().st_size) < PREFIX_OFFSET + 4:
        problem = f"{size} byte(s), too short for a DICOM file"
    elif file.suffix.lower() in DICOM_SUFFIXES:
        problem = "named like a DICOM file, but without its prefix"
    else:
        return False
    if not expendable:
        raise UnreadableDicomError(file, problem)
    return False
