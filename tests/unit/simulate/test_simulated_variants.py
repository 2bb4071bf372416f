import pysam
import pysam.bcftools
import pytest

from radiogenomics.simulate.annotation import fasta, gff3
from radiogenomics.simulate.calls import carried_classes, draw_calls
from radiogenomics.simulate.design import GENES, design
from radiogenomics.simulate.genome import STOPS, draw_genome, translate
from radiogenomics.simulate.truth import TRUTH
from radiogenomics.simulate.variants import LOF, draw_variants


@pytest.fixture(params=[1, 2, 3])
def genome(request):
    return draw_genome(request.param)


def coding_sequence(genome, gene, transcript):
    return "".join(genome.base(gene, position) for position in gene.coding_positions(transcript))


def test_coding_sequences_are_open_reading_frames(genome):
    for gene in genome.genes:
        for number, transcript in enumerate(gene.transcripts):
            if not transcript.coding:
                continue
            bases = coding_sequence(genome, gene, number)
            assert len(bases) % 3 == 0
            assert bases[:3] == "ATG"
            assert bases[-3:] in STOPS
            assert "*" not in "".join(translate(bases[start : start + 3]) for start in range(0, len(bases) - 3, 3))


def test_introns_start_with_gt_and_end_with_ag(genome):
    for gene in genome.genes:
        for start, end in gene.introns:
            first, last = (start, end - 1) if gene.strand == "+" else (end - 1, start)
            step = 1 if gene.strand == "+" else -1
            assert genome.base(gene, first) + genome.base(gene, first + step) == "GT"
            assert genome.base(gene, last - step) + genome.base(gene, last) == "AG"


def test_genome_has_both_strands_two_transcripts_and_a_gene_without_protein(genome):
    assert {gene.strand for gene in genome.genes} == {"+", "-"}
    assert sum(len(gene.transcripts) == 2 for gene in genome.genes) >= 3
    assert [gene.design.name for gene in genome.genes if not gene.transcripts[0].coding] == ["LNCR1"]
    for gene in genome.genes:
        lengths = [len(gene.coding_positions(number)) for number in range(len(gene.transcripts))]
        assert lengths[0] == max(lengths)


def test_index_of_the_reference_is_that_of_samtools(study, tmp_path):
    copy = tmp_path / "reference.fa"
    copy.write_bytes((study.genome / "reference.fa").read_bytes())
    pysam.faidx(str(copy))
    assert (tmp_path / "reference.fa.fai").read_text() == (study.genome / "reference.fa.fai").read_text()


def normalised(study, tmp_path):
    """Split and left-align; ``-c e`` stops at the first REF that is not the reference's."""
    path = tmp_path / "normalised.vcf"
    arguments = ["-c", "e", "-m", "-any", "-f", str(study.genome / "reference.fa"), "-O", "v", "-o", str(path)]
    pysam.bcftools.norm(*arguments, str(study.genome / "cohort.vcf.gz"), catch_stdout=False)
    return path


def consequences(study, tmp_path):
    """BCSQ entries by contig, position, REF and ALT."""
    path = tmp_path / "consequences.vcf"
    genes = ["-f", str(study.genome / "reference.fa"), "-g", str(study.genome / "genes.gff3")]
    pysam.bcftools.csq(
        "--local-csq", *genes, "-O", "v", "-o", str(path), str(normalised(study, tmp_path)), catch_stdout=False
    )
    with pysam.VariantFile(str(path)) as file:
        return {(row.contig, row.pos, row.ref, row.alts[0]): row.info.get("BCSQ", ()) for row in file}


def test_every_variant_has_the_designed_consequence(study, tmp_path):
    genome = draw_genome(study.design.seed)
    found = consequences(study, tmp_path)
    seen = set()
    for variant in draw_variants(genome, study.design.seed):
        for alt, term in zip(variant.alts, variant.consequences, strict=True):
            key = variant.contig, variant.position, variant.ref, alt
            if key not in found:  # the indel that normalisation moves
                moved = [
                    other
                    for other in found
                    if other[0] == variant.contig and 0 < variant.position - other[1] < 12 and len(other[2]) == 3
                ]
                assert term == "frameshift"
                (key,) = moved
            entries = [entry.split("|") for entry in found[key]]
            terms = {
                entry[0]
                for entry in entries
                if entry[1] == variant.gene and entry[2] == first_transcript(genome, variant)
            }
            if term in ("intron", "non_coding"):
                assert not terms or terms == {term}
                seen |= {entry[0] for entry in entries}
            elif term in ("", "intergenic"):
                assert not entries
            else:
                assert terms == {term}
                seen.add(term)
    assert seen >= {"synonymous", "missense", "intron", "non_coding", *LOF}


def first_transcript(genome, variant):
    gene = genome.gene(variant.gene)
    return f"SIMT{gene.number + 1:03d}01"


def test_minor_transcripts_have_a_stop_that_the_main_one_has_not(study, tmp_path):
    entries = [entry.split("|") for found in consequences(study, tmp_path).values() for entry in found]
    minor = [entry for entry in entries if entry[2].endswith("02")]
    assert any(entry[0] == "stop_gained" for entry in minor)


def test_file_is_sorted_indexed_and_holds_every_trap(study):
    with pysam.VariantFile(str(study.genome / "cohort.vcf.gz")) as file:
        assert str(file.header).startswith("##fileformat=VCFv4.3")
        assert list(file.header.samples) == sorted(file.header.samples)
        rows = list(file)
        assert [row.pos for row in file.fetch("chr2")] == [row.pos for row in rows if row.contig == "chr2"]
    assert [(row.contig, row.pos) for row in rows] == sorted((row.contig, row.pos) for row in rows)
    calls = [call for row in rows for call in row.samples.values()]
    genotypes = {call["GT"] for call in calls}
    assert any("*" in row.alts for row in rows)
    assert any(len(row.alts) > 1 and "*" not in row.alts for row in rows)
    assert any("LowQual" in row.filter for row in rows)
    assert (None, 1) in genotypes
    assert (1,) in genotypes
    assert (None, None) in genotypes
    assert {call.phased for call in calls if len(call["GT"]) == 2 and None not in call["GT"]} == {True, False}
    for row in rows:
        for call in row.samples.values():
            assert call["DP"] == sum(call["AD"])


def test_repeat_indel_is_not_left_aligned(study, tmp_path):
    with pysam.VariantFile(str(study.genome / "cohort.vcf.gz")) as file:
        before = {(row.contig, row.pos) for row in file}
    with pysam.VariantFile(str(normalised(study, tmp_path))) as file:
        after = {(row.contig, row.pos) for row in file}
    assert len(before - after) == sum(
        gene.number % 2 == 0 for gene in draw_genome(1).genes if gene.transcripts[0].coding
    )


def test_carriers_are_exactly_those_designed(study):
    genome = draw_genome(study.design.seed)
    variants = draw_variants(genome, study.design.seed)
    for patient in study.design.patients:
        found = carried_classes(draw_calls(patient, variants, study.design.seed), variants)
        assert {marker.split(":")[0] for marker in found if marker.endswith(":non_silent")} == patient.carries


def test_artefacts_would_turn_non_carriers_into_carriers():
    seed = 1
    variants = draw_variants(draw_genome(seed), seed)
    artefacts = {variant.gene: number for number, variant in enumerate(variants) if variant.filter != "PASS"}
    assert set(artefacts) == {gene.name for gene in GENES if gene.role != "noncoding"}
    patients = design(40, seed, 2).patients
    calls = [draw_calls(patient, variants, seed) for patient in patients]
    false = [any(found[artefacts["TEXA1"]].alleles) for found in calls]
    assert sum(false) >= 5
    assert not any("TEXA1" in patient.carries for patient, hit in zip(patients, false, strict=True) if hit)


def test_carriers_of_the_deletion_have_the_star_allele_and_no_missense():
    seed = 1
    variants = draw_variants(draw_genome(seed), seed)
    star = next(number for number, variant in enumerate(variants) if "*" in variant.alts)
    deletion = next(n for n, variant in enumerate(variants) if variant.position == variants[star].spanned_by)
    calls = [draw_calls(patient, variants, seed) for patient in design(100, seed, 2).patients]
    deleted = [found for found in calls if any(found[deletion].alleles)]
    assert deleted
    for found in deleted:
        assert 2 in found[star].alleles
        assert "NULL03:missense" not in carried_classes(found, variants)
        assert "NULL03:lof" in carried_classes(found, variants)


def test_truth_lists_carriers_with_a_readable_sample_only(study):
    truth = TRUTH.read(study.folder / "truth.tsv")
    listed = truth[truth["kind"] == "carrier"]
    unreadable = {p.patient_id for p in study.design.patients if p.fault in ("no_sample", "sample_not_in_vcf")}
    assert not set(listed["target"]) & unreadable
    for gene in GENES:
        carriers = {p.patient_id for p in study.design.patients if gene.name in p.carries} - unreadable
        assert set(listed.loc[listed["subject"] == gene.marker, "target"]) == carriers


def test_annotation_text_is_that_of_the_files(study):
    genome = draw_genome(study.design.seed)
    assert fasta(genome)[0] == (study.genome / "reference.fa").read_text()
    assert gff3(genome) == (study.genome / "genes.gff3").read_text()
