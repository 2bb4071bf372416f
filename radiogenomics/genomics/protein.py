"""Changes of amino acids, written as bcftools csq writes them: ``12G>12D``, ``12G`` if the residue stays."""

import re

_THREE = re.findall(
    r"\S+",
    "Ala A Arg R Asn N Asp D Cys C Gln Q Glu E Gly G His H Ile I Leu L Lys K Met M Phe F Pro P Ser S Thr T Trp W Tyr Y"
    " Val V Sec U Pyl O Ter * Xaa X Asx B Glx Z Xle J",
)
ONE_LETTER = dict(zip(_THREE[::2], _THREE[1::2], strict=True))
_RESIDUE = "|".join(ONE_LETTER) + r"|[A-Z*]"
_SUBSTITUTION = re.compile(rf"p\.\(?(?P<before>{_RESIDUE})(?P<position>\d+)(?P<after>{_RESIDUE}|=)\)?")


def change_from_residues(position: str, residues: str) -> str:
    """VEP's ``334`` or ``334-335`` and ``T/M``; empty if there is no position or no residue."""
    start = re.match(r"\d+", position)
    if not start or not residues:
        return ""
    before, _, after = residues.partition("/")
    return f"{start[0]}{before}>{start[0]}{after}" if after else f"{start[0]}{before}"


def change_from_hgvs(text: str) -> str:
    """A substitution in HGVS (``p.Gly12Asp``, ``p.G12D``, ``ENSP1.2:p.Lys429=``); other changes stay as they are."""
    change = text.rpartition(":")[2]
    found = _SUBSTITUTION.fullmatch(change)
    if not found:
        return change
    before, after = (ONE_LETTER.get(found[name], found[name]) for name in ("before", "after"))
    position = found["position"]
    return f"{position}{before}" if after in ("=", before) else f"{position}{before}>{position}{after}"
