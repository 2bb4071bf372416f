"""What each sample carries: genotypes of normalised records joined with the consequence per gene."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from radiogenomics import tables
from radiogenomics.genomics.consequence import Consequence, classify, merge, parse_bcsq
from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.genes import Genes
from radiogenomics.genomics.normalise import Allele, Sites
from radiogenomics.genomics.remarks import Remarks
from radiogenomics.genomics.scan import Pairs
from radiogenomics.table import Table

# Columns that an allele states, and those that its carriers do; of genotypes that are not known, the first only.
COUNTED = ("sample", "alt_copies", "ploidy")
_NAMES = [column.name for column in tables.VARIANTS.columns]
CONSTANT = [name for name in _NAMES if name not in ("patient_id", "sample_id", *COUNTED)]
OF_GAPS = ("variant", "gene", "consequence_class")
Policy = Literal["longest_cds", "worst"]
# From the value of an INFO field of one allele and the line of the variant file to consequences.
Parse = Callable[[str | None, int], Iterable[Consequence]]


@dataclass
class Stated:
    """Rows of one table that share what is said of an allele: constants by allele, and the samples that have them.

    A constant is spelled out once, however many carry the allele.
    """

    constants: Sequence[str]
    numbers: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)
    n: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        # As bytes: tens of thousands of short arrays would take several times the memory of what they hold.
        self._values = [bytearray() for _ in self.numbers]

    def add(self, constant: Sequence[Any], *values: Pairs) -> None:
        """As many rows as each of ``values`` has, the first of which are samples by number."""
        if len(values[0]):
            self.rows.append(constant)
            self.n.append(len(values[0]))
            for held, more in zip(self._values, values, strict=True):
                held += more.tobytes()

    def frame(self, samples: Sequence[str], patients: Mapping[str, str]) -> pd.DataFrame:
        """All rows, with ``sample_id`` and ``patient_id``; texts are categories."""
        constants = zip(*self.rows, strict=True) if self.rows else [[] for _ in self.constants]
        columns: dict[str, Any] = {
            name: spread(values, self.n) for name, values in zip(self.constants, constants, strict=True)
        }
        places, *rest = [np.frombuffer(held, np.int32) for held in self._values]
        for name, names in (("sample_id", samples), ("patient_id", [patients[sample] for sample in samples])):
            columns[name] = pd.Categorical.from_codes(places, pd.Index(names)).remove_unused_categories()
        return pd.DataFrame(columns | dict(zip(self.numbers[1:], rest, strict=True)))


def spread(values: Sequence[Any], n: Sequence[int]) -> Any:  # noqa: ANN401 - an array of numbers or categories
    """Each value ``n`` times; texts as categories."""
    if len(values) and isinstance(values[0], int):
        return np.repeat(np.array(values), n)
    codes, names = pd.factorize(np.array(values, object))
    return pd.Categorical.from_codes(np.repeat(codes.astype(np.int32), n), pd.Index(names))


@dataclass
class Carried:
    """What the samples of one file carry, and what is not known of them: rows of the variants and missing tables.

    ``annotator`` is what the program that stated the consequences said it is, if one was run.
    """

    variants: pd.DataFrame
    missing: pd.DataFrame
    transcripts: set[str]
    annotator: str = ""


def parse_called(text: str | None, _: int) -> Iterable[Consequence]:
    """Consequences that bcftools csq has just called."""
    return parse_bcsq(text) if text else ()


def read_carried(
    sites: Sites,
    patients: Mapping[str, str],
    genes: Genes,
    policy: Policy,
    remarks: Remarks,
    tag: str = "BCSQ",
    parse: Parse = parse_called,
) -> Carried:
    """Read the carriers of every exonic or splice-site allele.

    Half calls count the alleles that were called; ``*`` and alleles that are no sequence are carried by nobody, and a
    haploid call has one allele.

    Parameters
    ----------
    sites : Sites
        As ``normalise.normalised`` gives them.
    patients : mapping
        Sample name → patient.
    genes : Genes
        For the choice of transcript.
    policy : {"longest_cds", "worst"}
        Transcript that stands for a gene without a canonical one.
    remarks : Remarks
        Receives alleles that another record has stated already.
    tag, parse
        INFO field with the consequences, and what reads it.
    """
    carried, gaps = Stated(CONSTANT, COUNTED), Stated(OF_GAPS, COUNTED[:1])
    transcripts: set[str] = set()
    seen: dict[tuple[str, str], int] = {}
    place: tuple[str, int] = ("", 0)
    try:
        with sites.calls.opened() as calls:
            for allele in sites:
                if place != (allele.contig, allele.position):
                    place, seen = (allele.contig, allele.position), {}
                line = allele.site.line
                first = seen.setdefault((allele.ref, allele.alt), line)
                if first != line:
                    remarks.add("duplicate", line, f"{_name(allele)} stands in line {first} already")
                text = allele.info.get(tag)
                if not allele.site.n or (text is None and parse is parse_called):
                    continue
                found = calls.carriers(allele.site, allele.number)
                if not len(found.samples) and (not len(found.gaps) or text in (None, ".")):
                    continue
                consequences = list(parse(text, line))
                transcripts.update(item.transcript for item in consequences if item.transcript)
                for consequence, choice in chosen(consequences, genes, policy):
                    kind = classify(consequence.terms)
                    constant = _constant(allele, consequence, choice, kind)
                    carried.add(constant, found.samples, found.copies, found.ploidy)
                    if kind != "other":  # no marker counts these
                        gaps.add((_name(allele), consequence.gene, kind), found.gaps)
    except (OSError, ValueError) as error:
        raise UnreadableVcfError(sites.bcf, str(error)) from error
    rows, unknown = (part.frame(sites.samples, patients) for part in (carried, gaps))
    return Carried(rows, unknown, transcripts)


def chosen(consequences: Iterable[Consequence], genes: Genes, policy: Policy) -> Iterator[tuple[Consequence, str]]:
    """The exonic consequence that stands for each gene that the allele hits, and why that transcript was chosen."""
    per_gene: dict[str, list[tuple[Consequence, str]]] = {}
    for (gene, transcript), consequence in merge(consequences).items():
        choice = genes.represents(transcript)
        if policy == "worst" and not genes.decided(transcript):
            choice = "worst"
        if choice:
            per_gene.setdefault(gene, []).append((consequence, choice))
    for candidates in per_gene.values():
        worst = min(candidates, key=lambda candidate: (candidate[0].rank, candidate[0].transcript))
        if worst[0].exonic:
            yield worst


def variants_frame(parts: Iterable[Mapping[str, Sequence[Any]] | pd.DataFrame]) -> pd.DataFrame:
    """The variants table; a record that the file holds twice counts once, with the larger number of copies."""
    frame = _joined(parts, tables.VARIANTS)
    key = list(tables.VARIANTS.key)
    if frame.duplicated(key).any():
        frame = frame.sort_values([*key, "alt_copies"], kind="stable").drop_duplicates(key, keep="last")
    order = ["patient_id", "chromosome", "position", "ref", "alt", "gene"]
    rest = [name for name in (*key, "alt_copies") if name not in order]
    return _conformed(frame.sort_values([*order, *rest], kind="stable"), tables.VARIANTS)


def missing_frame(parts: Iterable[Mapping[str, Sequence[Any]] | pd.DataFrame]) -> pd.DataFrame:
    """The missing table; a record that the file holds twice counts once."""
    frame = _joined(parts, tables.MISSING)
    key = list(tables.MISSING.key)
    return _conformed(frame.drop_duplicates(key).sort_values(key, kind="stable"), tables.MISSING)


def _joined(parts: Iterable[Mapping[str, Sequence[Any]] | pd.DataFrame], table: Table) -> pd.DataFrame:
    """Parts below each other; texts are categories in the order of the alphabet, so that they sort by number."""
    frames = [frame for frame in map(pd.DataFrame, parts) if len(frame)]
    if not frames:
        return table.frame([])
    columns: dict[str, Any] = {}
    for column in table.columns:
        values = [frame[column.name] for frame in frames]
        if column.dtype in ("string", "category"):
            categories = [pd.Categorical(part) for part in values]
            columns[column.name] = union_categoricals(categories, sort_categories=True)
        else:
            columns[column.name] = np.concatenate([part.to_numpy() for part in values])
    return pd.DataFrame(columns)


def _conformed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The table of categories; each text of a ``string`` column is made once, and then taken by its number."""
    for column in table.columns:
        values = frame[column.name]
        if column.dtype == "string" and isinstance(values.dtype, pd.CategoricalDtype):
            texts = values.cat.categories.astype("str").array.take(values.cat.codes.to_numpy())
            frame[column.name] = pd.Series(texts, frame.index)
    return table.conform(frame, table.name)


def _name(allele: Allele) -> str:
    return f"{allele.contig}-{allele.position}-{allele.ref}-{allele.alt}"


def _constant(allele: Allele, consequence: Consequence, choice: str, kind: str) -> tuple[object, ...]:
    """What stands in the columns of ``CONSTANT``."""
    return (
        allele.site.line,
        _name(allele),
        allele.contig,
        allele.position,
        allele.ref,
        allele.alt,
        consequence.gene,
        consequence.transcript,
        choice,
        "&".join(consequence.terms),
        consequence.amino_acid_change,
        kind,
        consequence.loftee,
    )
