"""Random variant files with known genotypes: who carries what survives splitting and left-alignment."""

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings, strategies as st

from radiogenomics.genomics.genotypes import Wanted
from radiogenomics.genomics.normalise import normalised
from radiogenomics.genomics.reference import indexed_reference
from radiogenomics.genomics.remarks import Remarks

SAMPLES = ("S1", "S2", "S3")
START = "GATTACAGCTTGCAAGTCCA"  # nothing shifts through it
SYMBOLS = ("*", "<DEL>", "<NON_REF>", "]1:30]A")
bases = st.text("ACGT", min_size=1, max_size=5)


@st.composite
def files(draw):
    """A reference with repeats, and records ``(position, REF, ALTs, genotypes)`` in order."""
    units = draw(st.lists(st.tuples(bases, st.integers(1, 6)), min_size=8, max_size=12))
    reference = START + "".join(unit * times for unit, times in units) + "ACGTTGCA"
    positions = sorted(draw(st.lists(st.integers(len(START), len(reference) - 6), min_size=1, max_size=12)))
    records = []
    for position in positions:
        ref = reference[position - 1 : position - 1 + draw(st.integers(1, 5))]
        wanted = draw(st.lists(st.one_of(bases, bases.map(lambda text, ref=ref: ref[0] + text), st.just(ref[0]))))
        alts = [alt for alt in dict.fromkeys(wanted) if alt != ref][:3] + draw(
            st.lists(st.sampled_from(SYMBOLS), max_size=1)
        )
        if alts:
            allele = st.sampled_from([".", *map(str, range(len(alts) + 1))])
            call = st.builds(
                lambda parts, phase: phase.join(parts), st.lists(allele, min_size=1, max_size=3), st.sampled_from("/|")
            )
            records.append((position, ref, alts, [draw(call) for _ in SAMPLES]))
    return reference, records


def aligned(reference, position, ref, alt):
    """Trimmed and left-aligned (Tan et al. 2015), position from 1."""
    while ref[-1] == alt[-1] and max(len(ref), len(alt)) > 1:
        ref, alt = ref[:-1], alt[:-1]
        if not ref or not alt:
            position -= 1
            base = reference[position - 1]
            ref, alt = base + ref, base + alt
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def carriers(reference, records):
    """``(position, REF, ALT, sample, copies, ploidy)`` of every carried sequence, straight from the records."""
    for position, ref, alts, calls in records:
        for number, alt in enumerate(alts, 1):
            for sample, call in zip(SAMPLES, calls, strict=True):
                parts = re.split(r"[/|]", call)
                if alt not in SYMBOLS and str(number) in parts:
                    yield (*aligned(reference, position, ref, alt), sample, parts.count(str(number)), len(parts))


@given(files())
@settings(max_examples=15, deadline=None)
def test_carriers_survive_normalisation(file):
    reference, records = file
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "reference.fa").write_text(f">1\n{reference}\n")
        fasta = indexed_reference(folder / "reference.fa", folder)
        lines = [
            "##fileformat=VCFv4.3",
            "\t".join(["#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t"), *SAMPLES]),
        ]
        lines += [
            f"1\t{position}\t.\t{ref}\t{','.join(alts)}\t.\t.\t.\tGT\t" + "\t".join(calls)
            for position, ref, alts, calls in records
        ]
        vcf = folder / "calls.vcf"
        vcf.write_text("\n".join(lines) + "\n")
        contigs = {"1": len(reference)}
        sites, counts = normalised(vcf, Wanted(SAMPLES, contigs, contigs, True), fasta, folder, Remarks(vcf))
        found = []
        with sites.calls.opened() as opened:
            for allele in sites:
                carried = opened.carriers(allele.site, allele.number)
                rows = zip(carried.samples.tolist(), carried.copies.tolist(), carried.ploidy.tolist(), strict=True)
                place = allele.position, allele.ref, allele.alt
                found += [(*place, SAMPLES[sample], copies, ploidy) for sample, copies, ploidy in rows]
    assert sorted(found) == sorted(carriers(reference, records))
    assert counts.records == len(records)
    assert counts.missing == [sum("." in record[3][index] for record in records) for index in range(len(SAMPLES))]
