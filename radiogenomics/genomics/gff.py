"""A GFF3 of any style as bcftools csq reads it: Ensembl's identifiers and biotypes, one parent a line."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from radiogenomics.genomics.builds import described
from radiogenomics.genomics.errors import GenesError
from radiogenomics.genomics.genes import PARTS, Feature, Genes, bare, features

# RefSeq accessions of the human chromosomes; the version (.10 or .11 for chromosome 1) is that of the build.
_ACCESSION = re.compile(r"NC_0000(?P<number>\d\d)\.\d+")
_SEX = {23: "X", 24: "Y"}
CODING = "protein_coding"


def chromosome(accession: str) -> str | None:
    """The human chromosome of a RefSeq accession: ``NC_000023.11`` → ``X``; None for other names."""
    found = _ACCESSION.fullmatch(accession)
    return _SEX.get(int(found["number"]), str(int(found["number"]))) if found else None


def contig_map(genes: Genes, contigs: Mapping[str, int]) -> dict[str, str]:
    """Name in the GFF3 → name in the reference, of contigs that both have; RefSeq accessions become chromosomes."""
    found: dict[str, str] = {}
    for name in sorted(genes.contigs):
        spellings = [name]
        if known_as := chromosome(name):
            spellings += [known_as, f"chr{known_as}"]
        known = next((spelling for spelling in spellings if spelling in contigs), None)
        if known is not None:
            found[name] = known
    return found


def for_bcftools(genes: Genes, contigs: Mapping[str, int], scratch: Path) -> tuple[Path, frozenset[str]]:
    """The file to give to bcftools, and the contigs of the reference that carry genes.

    Raises
    ------
    GenesError
        A contig has another length in the GFF3 than in the reference.
    """
    names = contig_map(genes, contigs)
    for name, known in names.items():
        length, line = genes.lengths.get(name, (contigs[known], 0))
        if length != contigs[known]:
            stated = f"{length} bases ({described({known: length})})"
            real = f"{contigs[known]} ({described({known: contigs[known]})})"
            raise GenesError(
                genes.path,
                f"line {line}: contig {name!r} of {stated}; the reference has {real}",
                "use genes and reference of one build",
            )
    if genes.plain and all(name == known for name, known in names.items()):
        return genes.path, frozenset(names.values())
    coding = {*genes.cds_length, *(genes.gene_of[name] for name in genes.cds_length if name in genes.gene_of)}
    target = scratch / "genes.gff3"
    with target.open("w", encoding="utf-8") as out:
        out.write("##gff-version 3\n")
        for feature in features(genes.path):
            if feature.cells[0] in names:
                out.writelines(_lines(feature, names[feature.cells[0]], coding))
    return target, frozenset(names.values())


def _lines(feature: Feature, contig: str, coding: Collection[str]) -> list[str]:
    """The line in Ensembl's style, once for each parent; what has a CDS and no biotype codes for a protein."""
    cells = "\t".join((contig, *feature.cells[1:]))
    attributes, parents = feature.attributes, feature.parents
    identifier = bare(attributes.get("ID", ""))
    if feature.kind in PARTS:
        return [f"{cells}\tParent=transcript:{parent}\n" for parent in parents]
    if not identifier:
        return []
    stated = _biotype(attributes, "transcript_type") if parents else _biotype(attributes, "gene_type", "gene_biotype")
    biotype = stated or (CODING if identifier in coding else feature.kind)
    if parents:
        return [f"{cells}\tID=transcript:{identifier};Parent=gene:{parents[0]};biotype={biotype}\n"]
    name = gene_name(attributes, identifier)
    return [f"{cells}\tID=gene:{identifier};biotype={biotype};Name={name}\n"]


def gene_name(attributes: Mapping[str, str], identifier: str) -> str:
    """Name of a gene by the attributes of its line."""
    return attributes.get("gene_name") or attributes.get("Name") or identifier


def _biotype(attributes: Mapping[str, str], *keys: str) -> str:
    return next((attributes[key] for key in ("biotype", *keys) if key in attributes), "")
