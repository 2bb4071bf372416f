"""From DICOM series and segmentations to volumes and masks on one grid."""
