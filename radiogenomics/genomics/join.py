"""Command: fields of resources (frequencies, clinical significance) joined to the cohort's variants by allele."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cyvcf2
import pandas as pd
import pysam

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics, Resource
from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.bcftools import run_bcftools
from radiogenomics.genomics.errors import ContigNamesError, NothingJoinedError, ResourceFieldError
from radiogenomics.genomics.genotypes import header_text
from radiogenomics.genomics.normalise import header_of
from radiogenomics.genomics.reference import indexed_reference
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)

# A resource may state an indel to the right of where it stands left-aligned, by up to this many bases.
INDEL_REACH = 100
# (chromosome, position, REF, ALT), left-aligned → the variants of the cohort that are this allele.
Alleles = dict[tuple[str, int, str, str], list[str]]


def join(*, variants: list[Path], reference: Path, settings: str, annotations: Path, joins: Path) -> None:
    """Write what each resource states of the cohort's variants, and how many of them it holds.

    Raises
    ------
    MissingFileError, ContigNamesError, ResourceFieldError, NothingJoinedError, ReferenceMismatchError
    """
    options = load_section(Genomics, settings)
    read = [tables.VARIANTS.read(path, ["variant", "chromosome", "position", "ref", "alt"]) for path in variants]
    carried = pd.concat(read, ignore_index=True).drop_duplicates("variant").astype({"chromosome": str})
    rows: list[dict[str, object]] = []
    rates: list[dict[str, object]] = []
    used = digests([*variants, reference])
    with tempfile.TemporaryDirectory() as name:
        fasta = indexed_reference(reference, Path(name))
        alleles = left_aligned(carried, fasta, Path(name)) if len(carried) else {}
        for key, resource in options.resources.items():
            folder = Path(name) / key
            folder.mkdir()
            found = joined(resource, alleles, fasta, folder) if alleles else {}
            # Of a resource only what was read counts: gnomAD is too large to be read for a digest.
            used |= {f"{key} ({part})": digest for part, digest in digests(sorted(folder.glob("near.bcf"))).items()}
            own = list(_rows(key, found))
            rates.append(_rate(key, resource, len(carried), found, own))
            rows += own
    record = {name: resource.model_dump(mode="json", exclude={"file"}) for name, resource in options.resources.items()}
    provenance = Provenance("genomics", {"resources": record}, used)
    tables.ANNOTATIONS.write(tables.ANNOTATIONS.frame(rows), annotations, provenance)
    tables.JOINS.write(tables.JOINS.frame(rates), joins, provenance)


def left_aligned(carried: pd.DataFrame, reference: Path, scratch: Path) -> Alleles:
    """The alleles of the cohort as the reference aligns them; those of a MAF get the base before an indel.

    Raises
    ------
    ReferenceMismatchError
        A MAF was called on another reference.
    """
    written, normal = scratch / "carried.vcf", scratch / "carried.bcf"
    with pysam.FastaFile(str(reference)) as fasta, written.open("w", encoding="utf-8") as out:
        contigs = dict(zip(fasta.references, fasta.lengths, strict=True))
        if not set(carried["chromosome"]) & set(contigs):
            raise ContigNamesError(Path("variants"), sorted(set(carried["chromosome"])), reference, list(contigs))
        out.write(header_text(contigs, []))
        known = carried[carried["chromosome"].isin(contigs)]
        columns = (known[name].tolist() for name in ("variant", "chromosome", "position", "ref", "alt"))
        for variant, contig, *allele in zip(*columns, strict=True):
            position, ref, alt = _anchored(fasta, contig, *allele)
            out.write(f"{contig}\t{position}\t{variant}\t{ref}\t{alt}\t.\t.\t.\n")
    ordered = scratch / "carried.sorted.bcf"
    run_bcftools("sort", ["-T", str(scratch / "sort"), "-Ou", "-o", str(ordered), str(written)], written, reference)
    norm = ["-c", "e", "-f", str(reference), "-Ob1", "-o", str(normal), str(ordered)]
    run_bcftools("norm", norm, Path("variants"), reference)
    alleles: Alleles = {}
    for record in cyvcf2.VCF(str(normal)):
        key = (record.CHROM, record.POS, record.REF.upper(), record.ALT[0].upper())
        alleles.setdefault(key, []).append(record.ID)
    return alleles


def joined(resource: Resource, alleles: Alleles, reference: Path, scratch: Path) -> dict[str, dict[str, str]]:
    """Fields of a resource by variant of the cohort; a variant that it does not hold is absent.

    The resource is split and left-aligned as well, around the positions of the cohort's alleles.

    Raises
    ------
    MissingFileError, ContigNamesError, ResourceFieldError, ReferenceMismatchError, NothingJoinedError
    """
    path = resource.file
    check_resource(resource, sorted({allele[0] for allele in alleles}), Path("variants"))
    regions, near, normal = (scratch / name for name in ("regions.tsv", "near.bcf", "resource.bcf"))
    places = sorted(
        {(contig, at, at + (INDEL_REACH if len(ref) != len(alt) else 0)) for contig, at, ref, alt in alleles}
    )
    regions.write_text("".join(f"{contig}\t{start}\t{end}\n" for contig, start, end in places))
    indexed = any(path.with_name(path.name + suffix).is_file() for suffix in (".tbi", ".csi"))
    view = ["--no-version", "-R" if indexed else "-T", str(regions), "-G", "-Ou", "-o", str(near), str(path)]
    run_bcftools("view", view, path, reference)
    norm = ["-m", "-any", "-c", "e", "-f", str(reference), "-Ob1", "-o", str(normal), str(near)]
    run_bcftools("norm", norm, path, reference)
    found: dict[str, dict[str, str]] = {}
    for record in cyvcf2.VCF(str(normal)):
        key = (record.CHROM, record.POS, record.REF.upper(), (record.ALT[0] if record.ALT else ".").upper())
        for variant in alleles.get(key, ()):
            values = {name: _text(record.INFO.get(name)) for name in resource.fields}
            found[variant] = found.get(variant, {}) | {name: text for name, text in values.items() if text}
    if not found:
        raise NothingJoinedError(path, sum(map(len, alleles.values())), _spelled(next(iter(alleles))))
    return found


def check_resource(resource: Resource, contigs: Sequence[str], of: Path) -> None:
    """Refuse a resource that is absent, lacks a field, or names its contigs otherwise than ``of`` does.

    Raises
    ------
    MissingFileError, UnreadableVcfError, ContigNamesError, ResourceFieldError
    """
    if not resource.file.is_file():
        raise MissingFileError(resource.file, "resource (genomics.resources)")
    header = header_of(resource.file)
    if missing := [name for name in resource.fields if name not in header.info]:
        raise ResourceFieldError(resource.file, missing, tuple(header.info))
    if header.contigs and not set(header.contigs) & set(contigs):
        raise ContigNamesError(resource.file, tuple(header.contigs), of, contigs)


def _anchored(fasta: pysam.FastaFile, contig: str, position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """An allele of a MAF, where ``-`` is no base, as a VCF states it; other alleles stay.

    An insertion stands between its position and the next; a deletion gets the base before.
    """
    if ref == "-":
        base = fasta.fetch(contig, position - 1, position)
        return position, base, base + alt
    if alt == "-":
        base = fasta.fetch(contig, position - 2, position - 1)
        return position - 1, base + ref, base
    return position, ref, alt


def _text(value: Any) -> str:  # noqa: ANN401 - what cyvcf2 makes of a field
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value if item is not None)
    return "true" if value is True else str(value)


def _rows(name: str, found: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, object]]:
    for variant in sorted(found):
        for key, text in found[variant].items():
            yield {"variant": variant, "resource": name, "field": key, "value": text, "number": _number(text)}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rate(
    name: str, resource: Resource, n: int, found: Mapping[str, object], rows: Sequence[Mapping[str, Any]]
) -> dict[str, object]:
    limits = resource.max_frequency
    above = {
        row["variant"]
        for row in rows
        if row["field"] in limits and row["number"] is not None and row["number"] > limits[row["field"]]
    }
    rate = len(found) / n if n else 0.0
    text = "%s: %d of %d variants joined (%.1f %%) from %s; %d above max_frequency"
    logger.info(text, name, len(found), n, 100 * rate, resource.file.name, len(above))
    return {
        "resource": name,
        "file": resource.file.name,
        "n_variants": n,
        "n_joined": len(found),
        "join_rate": rate,
        "n_above": len(above),
    }


def _spelled(allele: tuple[str, int, str, str]) -> str:
    return "-".join(map(str, allele))
