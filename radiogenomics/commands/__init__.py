"""The commands of the command line, by what they are for."""

from radiogenomics.commands import association, genomics, imaging, radiomics, study

GROUPS = {
    "imaging": "DICOM series and segmentations to volumes and masks",
    "radiomics": "volumes and masks to features",
    "genomics": "variant calls to the patient × gene table",
    "cohort": "who is analysed and who is not, and why",
    "association": "features against markers",
    "pacs": "images from a server",
    "report": "the report",
}

COMMANDS = (
    *study.COMMANDS,
    *imaging.COMMANDS,
    *radiomics.COMMANDS,
    *genomics.COMMANDS,
    *association.COMMANDS,
)
