"""Commands from a server or a folder to volumes and masks."""

from radiogenomics.commands.command import FAILURES, SETTINGS, Command, Option

COMMANDS = (
    Command(
        "pacs fetch-batch",
        "pacs.fetch:fetch_batch",
        "fetch the series and segmentations of a batch from DICOMweb servers",
        (
            Option("--images", "rows of the images sheet, as JSON", str),
            SETTINGS,
            Option("--directory", "folder to write"),
            FAILURES,
        ),
    ),
    Command(
        "imaging convert",
        "imaging.convert:convert",
        "convert one DICOM series to a NIfTI volume and a JSON sidecar",
        (
            Option("--series", "folder of one DICOM series"),
            Option("--select", "which of several volumes: its number, or KEYWORD=VALUE[;KEYWORD=VALUE]", str, ""),
            Option("--settings", "section imaging of the configuration: a YAML file or JSON", str, "{}"),
            Option("--volume", "NIfTI file to write; the sidecar is written beside it"),
        ),
    ),
    Command(
        "imaging mask",
        "imaging.convert:mask",
        "put one region of a segmentation on a volume's grid",
        (
            Option("--segmentation", "DICOM SEG, RTSTRUCT, NIfTI or NRRD file"),
            Option("--volume", "NIfTI volume"),
            Option("--roi", "name of the region", str),
            Option("--settings", "section imaging of the configuration: a YAML file or JSON", str, "{}"),
            Option("--mask", "NIfTI file to write"),
        ),
    ),
    Command(
        "imaging convert-batch",
        "imaging.batch:convert_batch",
        "convert the images and masks of a batch",
        (
            Option("--images", "rows of the images sheet, as JSON", str),
            Option("--fetched", "folder of series fetched from servers", default=None),
            SETTINGS,
            Option("--directory", "folder to write volumes, masks and overlays to"),
            Option("--table", "images table to write (Parquet)"),
            FAILURES,
        ),
    ),
    Command(
        "imaging gather",
        "imaging.gather:gather",
        "tell how the images of all batches were acquired, and which differ from the others",
        (
            Option("--parts", "images tables of the batches", many=True),
            Option("--acquisition", "acquisition table to write (Parquet)"),
        ),
    ),
    Command(
        "imaging scale",
        "imaging.gather:scale",
        "fit the standard scale of MR intensities on the images of all batches",
        (
            Option("--parts", "images tables of the batches", many=True),
            Option("--results", "results folder that the tables' files are relative to"),
            Option("--scale", "scale table to write (Parquet)"),
        ),
    ),
)
