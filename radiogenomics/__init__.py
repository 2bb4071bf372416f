"""From DICOM images, segmentations and variant calls to association tables and a report."""

__version__ = "0.1.0"
