"""Commands from volumes and masks to features."""

from radiogenomics.commands.command import FAILURES, Command, Option

COMMANDS = (
    Command(
        "radiomics extract",
        "radiomics.extract:extract",
        "extract the features of one region",
        (
            Option("--volume", "NIfTI volume"),
            Option("--mask", "NIfTI mask"),
            Option("--settings", "name of a preset (ct, mr, pet, us) or a YAML file", str),
            Option("--features", "features table to write (Parquet or TSV)"),
        ),
    ),
    Command(
        "radiomics extract-batch",
        "radiomics.extract:extract_batch",
        "extract the features of a batch",
        (
            Option("--images", "images table of the batch (Parquet)"),
            Option("--results", "results folder that the table's files are relative to"),
            Option("--settings", "settings by modality, as JSON", str),
            Option("--scale", "standard scale of the cohort's MR images (Parquet)", default=None),
            Option("--features", "features table to write (Parquet)"),
            FAILURES,
        ),
    ),
    Command(
        "radiomics extract-copies",
        "radiomics.extract_copies:extract_copies",
        "extract the features of changed copies of the images of a batch",
        (
            Option("--images", "images table of the batch (Parquet)"),
            Option("--features", "features table of the batch (Parquet); regions without features are left out"),
            Option("--results", "results folder that the table's files are relative to"),
            Option("--settings", "settings by modality, as JSON", str),
            Option("--copies", "what is changed how often: a YAML file or JSON", str),
            Option("--scale", "standard scale of the cohort's MR images (Parquet)", default=None),
            Option("--table", "table of the copies' features to write (Parquet)"),
            FAILURES,
        ),
    ),
    Command(
        "radiomics map",
        "radiomics.maps:write_maps",
        "write maps of features in the neighbourhood of each voxel",
        (
            Option("--volume", "NIfTI volume"),
            Option("--mask", "NIfTI mask"),
            Option("--settings", "name of a preset (ct, mr, pet, us) or a YAML file", str),
            Option("--features", "names of features, such as original_glcm_Contrast", str, many=True),
            Option("--radius", "neighbourhood in voxels to each side", int, default=1),
            Option("--folder", "folder to write <feature>.nii.gz to"),
        ),
    ),
    Command(
        "radiomics selftest",
        "radiomics.selftest:selftest",
        "compare this machine's features of the IBSI digital phantom with the consensus",
        (Option("--output", "table to write (Parquet or TSV)", default=None),),
    ),
    Command(
        "radiomics gather",
        "radiomics.extract:gather",
        "put the features of all batches into one table",
        (
            Option("--parts", "features tables of the batches; none without images", default=(), many=True),
            Option("--finished", "finished tables of yours as JSON, a path or mapping by name", str, "{}"),
            Option("--features", "features table to write (Parquet)"),
        ),
    ),
)
