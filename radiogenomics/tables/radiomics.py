"""Tables of features."""

from radiogenomics.table import Column, Table

FEATURES = Table(
    "radiomics/features",
    "One feature of one region of interest.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("image_id", "category", "image of the images sheet"),
    Column("role", "category", "what the image is in the study"),
    Column("roi", "category", "region of interest"),
    Column("image_type", "category", "original, log-sigma-<mm>-mm-3D or wavelet-<bands>"),
    Column("family", "category", "family of features: shape, firstorder, glcm, …"),
    Column("feature", "category", "<image type>_<family>_<name>; pyradiomics' names where it has the feature"),
    Column("value", "float64", "the value, missing where it cannot be computed", nullable=True),
    Column("note", "category", "why the value is missing, empty otherwise"),
    Column("source", "category", "what computed it: native, pyradiomics, a plug-in or a table of the user's"),
    key=("patient_id", "image_id", "roi", "feature"),
)
COPY_KINDS = ("perturbed", "shuffled voxels", "random regions")
COPIES = Table(
    "radiomics/copies",
    "One feature of one changed copy of an image and its region; with radiomics.perturbations, or controls of images,"
    " only.",
    Column("patient_id", "category", "patient of the patients sheet"),
    Column("image_id", "category", "image of the images sheet"),
    Column("role", "category", "what the image is in the study"),
    Column("roi", "category", "region of interest"),
    Column("kind", "category", "how image or region were changed (see docs/radiomics.md)", values=COPY_KINDS),
    Column("copy", "int32", "number of the copy, from 1; copies of one number make one data set of the cohort"),
    Column("feature", "category", "feature name, as in the features table"),
    Column("value", "float64", "the value, missing where it cannot be computed", nullable=True),
    Column("note", "category", "why the value is missing, empty otherwise"),
    key=("patient_id", "image_id", "roi", "kind", "copy", "feature"),
)
SELFTEST = Table(
    "radiomics/selftest",
    "One feature of the IBSI-1 digital phantom, computed on this machine.",
    Column("family", "category", "feature family"),
    Column("name", "string", "name of the feature"),
    Column("aggregation", "category", "how matrices were merged or features averaged"),
    Column("expected", "float64", "consensus value"),
    Column("tolerance", "float64", "largest difference that the consensus allows"),
    Column("found", "float64", "our value", nullable=True),
    Column("agrees", "bool", "whether it lies within the tolerance"),
    key=("family", "name", "aggregation"),
)
