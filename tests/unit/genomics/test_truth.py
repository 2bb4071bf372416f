"""Random variant files of planted alleles: who carries what, and each gene's state, are as planted.

An allele is a change of the reference whose class is known by hand. It is written in any way that gives the same
sequence: padded, shifted along repeats, in one record with others, twice. What must be found follows from that alone.
"""

import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pysam.bcftools
from hypothesis import given, settings, strategies as st

from radiogenomics import tables
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.alterations import alterations
from radiogenomics.genomics.annotate import annotate_batch
from tests.unit.genomics.small_genome import GFF, SEQUENCE

# Minimal and left-aligned, with the class on transcript T1; None outside exons and splice sites.
PLANTED = {
    (5, "A", "C"): None,
    (11, "A", "G"): "protein_altering",  # ATG > GTG
    (14, "A", "G"): "missense",  # AAA > GAA
    (14, "A", "T"): "lof",  # AAA > TAA
    (16, "A", "G"): "synonymous",  # AAA > AAG
    (16, "AC", "A"): "lof",  # one of CCC
    (16, "ACCC", "A"): "protein_altering",  # all of CCC
    (16, "A", "AC"): "lof",
    (23, "G", "A"): "lof",  # splice donor
    (31, "G", "C"): None,
    (43, "TCA", "T"): "lof",  # anywhere in CACAC
    (50, "T", "C"): "protein_altering",  # TAA > CAA
}
CONTIGS = {"1": "ALPHA", "X": "BETA", "Y": "GAMMA", "MT": ""}  # the mitochondrial gene is left out
SAMPLES = ("S1", "S2", "S3", "S4")
MEMBERS = {
    "lof": {"lof"},
    "missense": {"missense"},
    "non_silent": {"lof", "missense", "protein_altering"},
    "synonymous": {"synonymous"},
}
NOBODYS = ("*", "<DEL>")


@dataclass(frozen=True)
class Record:
    """One line; ``planted`` names what each ALT is, None for those that nobody can carry."""

    contig: str
    start: int
    ref: str
    alts: tuple[str, ...]
    planted: tuple[tuple[int, str, str] | None, ...]
    passed: bool
    calls: tuple[str, ...]

    def line(self, keys):
        cells = [call + (":9" if keys == "GT:DP" else "") for call in self.calls]
        state = "PASS" if self.passed else "LowQual"
        alt = ",".join(self.alts)
        return "\t".join([self.contig, str(self.start + 1), ".", self.ref, alt, ".", state, ".", keys, *cells])


def changed(allele):
    position, ref, alt = allele
    return SEQUENCE[: position - 1] + alt + SEQUENCE[position - 1 + len(ref) :]


def common(left, right):
    """How many letters two texts share at their beginning."""
    return next(
        (place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )


def window(sequences):
    """The last start and the first end, counted from the end of the contig, between which all changes lie."""
    start = min(common(SEQUENCE, text) for text in sequences)
    end = min(common(SEQUENCE[::-1], text[::-1]) for text in sequences)
    return start, end


@st.composite
def records(draw, contig):
    wanted = draw(st.lists(st.sampled_from(sorted(PLANTED)), min_size=1, max_size=3, unique=True))
    sequences = [changed(allele) for allele in wanted]
    start, end = window(sequences)
    start = draw(st.integers(max(0, start - 6), start))
    end = draw(st.integers(max(0, end - 6), end))
    shortest = min(map(len, [SEQUENCE, *sequences]))
    if start + end >= shortest:  # nothing is left of an allele
        start = shortest - end - 1
    ref, *texts = (text[start : len(text) - end] for text in (SEQUENCE, *sequences))
    alts = list(zip(texts, wanted, strict=True))
    if draw(st.booleans()):
        alts.insert(draw(st.integers(0, len(alts))), (draw(st.sampled_from(NOBODYS)), None))
    allele = st.sampled_from([".", "0", "0", *map(str, range(len(alts) + 1))])
    ploidies = (1, 2) if contig in "XY" else (2, 2, 2, 1, 3)
    calls = tuple(
        draw(st.sampled_from("/|")).join(draw(allele) for _ in range(draw(st.sampled_from(ploidies)))) for _ in SAMPLES
    )
    texts, planted = zip(*alts, strict=True)
    return Record(contig, start, ref, texts, planted, draw(st.sampled_from([True, True, True, False])), calls)


@st.composite
def files(draw):
    found = []
    for contig in CONTIGS:
        some = draw(st.lists(records(contig), min_size=contig == "1", max_size=5))
        found += sorted(some, key=lambda record: record.start)
    return found


def written(folder, lines, keys, kind):
    text = "##fileformat=VCFv4.3\n" + "".join(f"##contig=<ID={name},length={len(SEQUENCE)}>\n" for name in CONTIGS)
    text += '##FILTER=<ID=LowQual,Description="low">\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    text += '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">\n'
    text += "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *SAMPLES]) + "\n"
    vcf = folder / "calls.vcf"
    vcf.write_text(text + "".join(record.line(keys) + "\n" for record in lines))
    if kind == "vcf":
        return vcf
    target = folder / f"calls.{kind}"
    mode = "-Ob" if kind == "bcf" else "-Oz"
    pysam.bcftools.view("--no-version", mode, "-o", str(target), str(vcf), catch_stdout=False)
    return target


def run(folder, vcf, policy):
    genes = GFF.splitlines(keepends=True)
    names = dict(zip(CONTIGS, ("ALPHA", "BETA", "GAMMA", "DELTA"), strict=True))
    lines = []
    for number, (contig, name) in enumerate(names.items()):
        text = "".join(genes[1:]).replace("1\tx", f"{contig}\tx").replace("ALPHA", name)
        lines.append(text.replace("G1", f"G{contig}").replace("T1", f"T{number}a").replace("T2", f"T{number}b"))
    (folder / "genes.gff3").write_text(genes[0] + "".join(lines))
    (folder / "reference.fa").write_text("".join(f">{contig}\n{SEQUENCE}\n" for contig in CONTIGS))
    made = {name: folder / f"{name}.parquet" for name in ("variants", "samples", "missing", "assays", "alterations")}
    options = json.dumps({"missing_genotype": policy})
    annotate_batch(
        samples=json.dumps([{"patient_id": f"P{name}", "sample_id": name, "vcf": str(vcf)} for name in SAMPLES]),
        reference=folder / "reference.fa",
        genes=folder / "genes.gff3",
        settings=options,
        variants=made["variants"],
        table=made["samples"],
        missing=made["missing"],
        remarks=folder / "remarks.tsv",
        failures=folder / "failures.tsv",
    )
    alterations(
        variants=[made["variants"]],
        samples=[made["samples"]],
        missing=[made["missing"]],
        annotations=[],
        settings=options,
        alterations=made["alterations"],
    )
    return tables.VARIANTS.read(made["variants"]), tables.SAMPLES.read(made["samples"]), made["alterations"]


class Truth:
    """What follows from the records, by sample."""

    def __init__(self, lines):
        self.kept = [record for record in lines if record.passed and record.contig != "MT"]
        self.copies, self.gaps = {}, defaultdict(set)
        self.counts = {}
        for index, sample in enumerate(SAMPLES):
            calls = [record.calls[index].replace("|", "/").split("/") for record in self.kept]
            n_alternate = 0
            for record, call in zip(self.kept, calls, strict=True):
                for number, allele in enumerate(record.planted, 1):
                    n = call.count(str(number)) if allele else 0
                    n_alternate += n > 0
                    if allele and PLANTED[allele]:
                        key = (sample, record.contig, allele)
                        if n:
                            self.copies[key] = max(n, self.copies.get(key, 0))
                        elif "." in call:
                            self.gaps[sample].add(key[1:])
            if not calls or any(set(call) != {"."} for call in calls):
                self.counts[sample] = (len(calls), sum("." in call for call in calls), n_alternate)

    def variants(self):
        """(sample, variant, gene, class, copies) of all carriers."""
        return {
            (sample, "-".join(map(str, (contig, *allele))), CONTIGS[contig], PLANTED[allele], n)
            for (sample, contig, allele), n in self.copies.items()
        }

    def states(self, policy):
        """State by marker and sample; a marker that nobody carries has none."""
        carried = {(contig, allele) for _, contig, allele in self.copies}
        found = {}
        for contig, gene in CONTIGS.items():
            for name in Genomics().classes:
                sites = {site for site in carried if site[0] == contig and PLANTED[site[1]] in MEMBERS[name]}
                for sample in self.counts if sites else ():
                    altered = any((sample, *site) in self.copies for site in sites)
                    unknown = policy == "not_assayed" and bool(sites & self.gaps[sample])
                    state = "altered" if altered else "not_assayed" if unknown else "wild_type"
                    found[f"{gene}:{name}", sample] = state
        return found


@given(files(), st.sampled_from(["GT", "GT:DP"]), st.sampled_from(["vcf", "vcf.gz", "bcf"]), st.data())
@settings(max_examples=settings.default.max_examples // 4, deadline=None)
def test_what_is_planted_is_found(lines, keys, kind, data):
    policy = data.draw(st.sampled_from(["not_assayed", "wild_type"]))
    truth = Truth(lines)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variants, samples, made = run(folder, written(folder, lines, keys, kind), policy)
        states = tables.ALTERATIONS.read(made)
    columns = ["sample_id", "variant", "gene", "consequence_class", "alt_copies"]
    assert set(variants[columns].itertuples(index=False, name=None)) == truth.variants()
    assert len(variants) == len(truth.copies)
    columns = ["n_records", "n_missing", "n_alternate"]
    assert {
        row.sample_id: tuple(getattr(row, name) for name in columns) for row in samples.itertuples()
    } == truth.counts
    found = {(row.marker, row.patient_id.removeprefix("P")): row.state for row in states.itertuples()}
    assert found == truth.states(policy)
