"""Human reference builds, recognised by the lengths of their contigs."""

from collections import Counter
from collections.abc import Mapping

# Chromosomes 1 to 22, X, Y, in bases (Genome Reference Consortium); no length occurs in both.
_GRCH37 = """
249250621 243199373 198022430 191154276 180915260 171115067 159138663 146364022 141213431 135534747 135006516
133851895 115169878 107349540 102531392 90354753 81195210 78077248 59128983 63025520 48129895 51304566
155270560 59373566
"""
_GRCH38 = """
248956422 242193529 198295559 190214555 181538259 170805979 159345973 145138636 138394717 133797422 135086622
133275309 114364328 107043718 101991189 90338345 83257441 80373285 58617616 64444167 46709983 50818468
156040895 57227415
"""
BUILD_OF_LENGTH = {
    int(length): build for build, lengths in (("GRCh37", _GRCH37), ("GRCh38", _GRCH38)) for length in lengths.split()
}


def build_of(lengths: Mapping[str, int]) -> str | None:
    """``GRCh37`` or ``GRCh38``, if every recognised contig is of it; None if none is recognised or they differ."""
    found = Counter(BUILD_OF_LENGTH[length] for length in lengths.values() if length in BUILD_OF_LENGTH)
    return next(iter(found)) if len(found) == 1 else None


def described(lengths: Mapping[str, int]) -> str:
    """The build for a message."""
    return build_of(lengths) or "no known human build"
