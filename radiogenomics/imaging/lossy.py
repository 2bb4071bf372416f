"""Whether pixels were compressed with loss: as the header states, by the transfer syntax, or by the codestream."""

from collections.abc import Sequence
from pathlib import Path

from pydicom.uid import UID

from radiogenomics.imaging.dicom import text
from radiogenomics.imaging.errors import LossyCompressionError, PixelDataError
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.resampling import Repair

JPEG = "1.2.840.10008.1.2.4."
# Transfer syntaxes that are there for loss: baseline and extended JPEG, near-lossless JPEG-LS.
LOSSY = tuple(f"{JPEG}{end}" for end in ("50", "51", "81"))
# Those of JPEG 2000 (PS3.5 A.4.4, A.4.6) and High-Throughput JPEG 2000, whose codestream tells.
JPEG_2000 = tuple(f"{JPEG}{end}" for end in ("90", "91", "92", "93", "201", "202", "203"))
# Length of the heads of a pixel data element with a length of its own, and of an item of its fragments (PS3.5 A.4).
ELEMENT, ITEM = 12, 8
PIXELS, FRAGMENT = b"\xe0\x7f\x10\x00", b"\xfe\xff\x00\xe0"
# Markers of a codestream (ISO/IEC 15444-1, A.2): SOC and SIZ start it, COD states the coding, SOT ends its header.
START, CODING, TILE = b"\xff\x4f\xff\x51", 0xFF52, 0xFF90
# Byte of COD, from its marker on, that names the wavelet: 0 is 9-7, irreversible, 1 is 5-3 (A.6.1, table A.20).
WAVELET, IRREVERSIBLE = 13, 0
# A main header is shorter: its markers hold some hundred bytes, and comments that writers keep short.
HEADER_BYTES = 65_536


def lossy_pixels(folder: Path, images: Sequence[Image], policy: str) -> list[Repair]:
    """Repair that says that lossy pixels were accepted, none where there are none; refused by policy.

    A codestream of JPEG 2000 with the irreversible wavelet is lossy, whatever the header states. A reversible one may
    be cut off at a rate, which only LossyImageCompression tells.

    Raises
    ------
    LossyCompressionError
    PixelDataError
        A codestream of JPEG 2000 that does not state its coding.
    """
    stated = [image for image in images if text(image.header, "LossyImageCompression", "", path=image.path) == "01"]
    coded = _coded(images)
    if not (found := stated or coded):
        return []
    how = UID(found[0].syntax).name if coded else "LossyImageCompression 01"
    if policy == "refuse":
        raise LossyCompressionError(folder, how, [image.name for image in found])
    return [Repair(LossyCompressionError.reason, policy, f"{len(found)} image(s), {how}")]


def is_irreversible(path: Path, offset: int) -> bool:
    """Whether the first frame of a file in JPEG 2000 has the irreversible wavelet; other frames are coded alike.

    Parameters
    ----------
    offset : int
        Where in the file the pixel data element starts.

    Raises
    ------
    PixelDataError
        There is no codestream, or it does not state its coding.
    """
    with path.open("rb") as stream:
        stream.seek(offset)
        head = stream.read(ELEMENT + ITEM)
        if head[:4] != PIXELS or head[ELEMENT:][:4] != FRAGMENT:
            raise PixelDataError(path, "no fragments of encapsulated pixels")
        stream.seek(int.from_bytes(head[-4:], "little"), 1)  # over the table of offsets
        codestream = stream.read(ITEM + HEADER_BYTES)[ITEM:]
    start = codestream.find(START)  # some writers put the boxes of a JP2 file before it
    position = start + 2
    while start >= 0 and position + WAVELET < len(codestream):
        marker = int.from_bytes(codestream[position : position + 2], "big")
        if marker == CODING:
            return codestream[position + WAVELET] == IRREVERSIBLE
        if marker == TILE:
            break
        position += 2 + int.from_bytes(codestream[position + 2 : position + 4], "big")
    raise PixelDataError(path, "its JPEG 2000 codestream does not state its coding")


def _coded(images: Sequence[Image]) -> list[Image]:
    """Images whose transfer syntax or codestream is one with loss; each file is looked at once."""
    offsets = {image.path: image.offset for image in images if str(image.syntax) in JPEG_2000}
    irreversible = {path for path, offset in offsets.items() if is_irreversible(path, offset)}
    return [image for image in images if str(image.syntax) in LOSSY or image.path in irreversible]
