"""Lines of variant files, plain and compressed; damaged ones are refused or read as they were."""

import gzip
import random

import pysam
import pytest

from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.reading import byte_lines, is_bcf, require_whole


@pytest.fixture(scope="module", params=["gzip", "bgzf"])
def compressed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    draw = random.Random(1)
    lines = [f"1\t{number}\t{draw.random()}\n".encode() for number in range(20_000)]
    path = folder / "calls.vcf.gz"
    if request.param == "gzip":
        with gzip.open(path, "wb") as stream:
            stream.writelines(lines)
    else:
        (folder / "calls.vcf").write_bytes(b"".join(lines))
        pysam.tabix_compress(str(folder / "calls.vcf"), str(path), force=True)
    return path, lines


def test_lines_are_those_that_were_compressed(compressed):
    path, lines = compressed
    assert list(byte_lines(path)) == list(enumerate(lines, 1))
    assert not is_bcf(path)


def test_a_damaged_byte_is_said_or_does_not_matter(compressed, tmp_path):
    path, lines = compressed
    whole, draw, refused = path.read_bytes(), random.Random(2), 0
    for place in [*range(2, 40), *draw.choices(range(len(whole)), k=200)]:
        damaged = tmp_path / "damaged.vcf.gz"
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ draw.randrange(1, 256)]) + whole[place + 1 :])
        try:
            require_whole(damaged)
            read = [line for _, line in byte_lines(damaged)]
        except UnreadableVcfError:
            refused += 1
        else:
            assert read == lines, place
    assert refused > 200


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_refused(compressed, tmp_path, share):
    path, _ = compressed
    cut = tmp_path / "cut.vcf.gz"
    cut.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UnreadableVcfError):
        list(byte_lines(cut))
