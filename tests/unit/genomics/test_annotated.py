"""Consequences that files bring along: the same variants whatever program stated them, and what is refused."""

import pytest

from radiogenomics import tables
from radiogenomics.genomics.annotate import annotate
from radiogenomics.genomics.annotated import Annotated, Format, recognise, spellings
from radiogenomics.genomics.bcftools import run_bcftools
from radiogenomics.genomics.consequence import SEVERITY, parse_bcsq
from radiogenomics.genomics.errors import AnnotationError, FaultyVariantsError
from radiogenomics.genomics.protein import change_from_hgvs, change_from_residues
from radiogenomics.genomics.remarks import Remarks
from tests.unit.genomics.small_genome import write_genome, write_vcf

RECORDS = [
    "14 A T PASS 0/1 1/1",
    "16 A G PASS 0/1 0/0",
    "16 AC A PASS 1|0 ./1",
    "23 G A PASS 0/0 0/1",
    "31 G C PASS 0/1 0/1",
    "43 TCA T PASS 0/1 0/0",  # left-aligned: an annotation of another spelling states other amino acids
]
SAMPLES = ["S1", "S2"]
VEP = "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|Protein_position|Amino_acids|LoF"
SNPEFF = "Allele | Annotation | Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | HGVS.p"


@pytest.fixture
def genome(tmp_path):
    return write_genome(tmp_path)


def variants(vcf, genome, consequences="annotated", policy="longest_cds"):
    target = vcf.with_suffix(".parquet")
    settings = f'{{"consequences": "{consequences}", "transcript_policy": "{policy}"}}'
    annotate(vcf=vcf, reference=genome[0], genes=genome[1], settings=settings, variants=target)
    return tables.VARIANTS.read(target)


def called_by_bcftools(folder, genome):
    """The plain file, and the same with BCSQ."""
    plain = write_vcf(folder, RECORDS, SAMPLES)
    target = folder / "bcsq.vcf"
    files = ["-f", str(genome[0]), "-g", str(genome[1]), "-Ov", "-o", str(target), str(plain)]
    run_bcftools("csq", ["--local-csq", *files], plain, genome[0])
    return plain, target


def translated(bcsq, description, entry):
    """A file with an annotation ``X`` made of the consequences in another's BCSQ."""
    lines = []
    for line in bcsq.read_text().splitlines():
        cells = line.split("\t")
        if line.startswith("##INFO"):
            line = f'##INFO=<ID=X,Number=.,Type=String,Description="{description}">'
        elif not line.startswith("#"):
            text = cells[7].removeprefix("BCSQ=")
            allele = cells[4] if len(cells[3]) == len(cells[4]) else cells[4][1:] or "-"
            found = [entry(allele, cells[4], item) for item in parse_bcsq(text)] if text != "." else []
            cells[7] = f"X={','.join(found)}" if found else "."
            line = "\t".join(cells)
        lines.append(line)
    target = bcsq.with_name("translated.vcf")
    target.write_text("\n".join(lines) + "\n")
    return target


def as_vep(allele, _, item):
    return f"{allele}|{'&'.join(item.terms)}|X|{item.gene}|G1|Transcript|{item.transcript}.3|x|||"


def as_snpeff(_, alt, item):
    return f"{alt}|{'&'.join(item.terms)}|X|{item.gene}|G1|transcript|{item.transcript}|p.Lys2Ter"


@pytest.mark.parametrize("policy", ["longest_cds", "worst"])
def test_bcsq_of_a_file_gives_what_is_called(tmp_path, genome, policy):
    plain, bcsq = called_by_bcftools(tmp_path, genome)
    expected = variants(plain, genome, "call", policy).drop(columns="line")
    assert len(expected) == 7
    found = variants(bcsq, genome, policy=policy).drop(columns="line")
    assert found.equals(expected)


@pytest.mark.parametrize(
    ("description", "entry", "change"),
    [
        (f"Consequence annotations from Ensembl VEP. Format: {VEP}", as_vep, ""),
        (f"Functional annotations: '{SNPEFF}' ", as_snpeff, "2K>2*"),
    ],
    ids=["VEP", "SnpEff"],
)
def test_each_program_gives_the_same_variants(tmp_path, genome, description, entry, change):
    plain, bcsq = called_by_bcftools(tmp_path, genome)
    expected = variants(plain, genome, "call")
    found = variants(translated(bcsq, description, entry), genome)
    same = ["patient_id", "variant", "alt_copies", "ploidy", "gene", "consequence_class", "transcript_choice"]
    assert found[same].equals(expected[same])
    terms = [frame["consequence"].str.split("&").map(set).tolist() for frame in (found, expected)]
    assert terms[0] == terms[1]
    assert set(found["amino_acid_change"]) == {change}


@pytest.mark.parametrize(
    ("ref", "alts", "spelled"),
    [
        ("A", ["T"], ["T"]),
        ("A", ["AT", "C"], ["AT", "C"]),
        ("CA", ["C", "CAA"], ["-", "AA"]),
        ("CA", ["C", "*"], ["-", "*"]),
        ("CA", ["CT", "C"], ["T", "-"]),
        ("CA", ["TA"], ["TA"]),
    ],
)
def test_vep_cuts_off_the_first_base_that_all_alleles_share(ref, alts, spelled):
    assert next(spellings(ref, alts)) == spelled
    assert alts in list(spellings(ref, alts))


def owners(columns, ref, alt, entries):
    source = Annotated(None, Format("CSQ", "vep", columns), Remarks(None))
    cells = ["1", "5", ".", ref, alt, ".", ".", f"CSQ={','.join(entries)}"]
    alts = ["<OTHER>" if text.startswith("<") else text for text in alt.split(",")]
    return source.info(9, cells, alts), source.remarks


def test_entries_go_to_their_alleles():
    assert owners(("Allele", "x"), "CA", "C,CAA", ["AA|1", "-|2", "AA|3"])[0] == "CQ=-|2,AA|1%%AA|3"
    assert owners(("Allele", "ALLELE_NUM"), "CA", "C,CAA", ["x|2", "x|1"])[0] == "CQ=x|1,x|2"
    assert owners(("Allele", "x"), "CTA", "CTG,C", ["G|1"])[0] == "CQ=G|1,."  # --minimal


def test_entries_of_symbolic_alleles_are_nobodys():
    text, remarks = owners(("Allele", "x"), "C", "<DEL>", ["deletion|1"])
    assert text == "."
    assert remarks.found == {}
    text, remarks = owners(("Allele", "x"), "C", "CT,<DEL>", ["T|1", "deletion|2", "T|3"])
    assert text == "CQ=T|1%%T|3,."
    assert remarks.found == {}


def test_an_entry_of_no_allele_is_refused_with_its_line(tmp_path, genome):
    text, remarks = owners(("Allele", "x"), "CA", "C,CAA", ["T|1"])
    assert text == "."
    assert [str(remark) for remark in remarks.refused] == ["line 9: CSQ of CA>C,CAA: 'T|1'"]
    _, bcsq = called_by_bcftools(tmp_path, genome)
    wrong = translated(bcsq, f"Format: {VEP}", lambda _, __, item: as_vep("Q", "", item))
    with pytest.raises(FaultyVariantsError, match=r"line \d+: X of A>T: 'Q\|stop_gained"):
        variants(wrong, genome)


def test_bcsq_of_several_alleles_is_refused(tmp_path, genome):
    _, bcsq = called_by_bcftools(tmp_path, genome)
    bcsq.write_text(bcsq.read_text().replace("\tA\tT\t", "\tA\tT,C\t", 1))
    with pytest.raises(FaultyVariantsError, match="BCSQ of A>T,C"):
        variants(bcsq, genome)


def test_transcripts_that_the_genes_do_not_have(tmp_path, genome):
    _, bcsq = called_by_bcftools(tmp_path, genome)
    bcsq.write_text(bcsq.read_text().replace("|T1|", "|NM_1.1|").replace("|T2|", "|NM_2.2|"))
    with pytest.raises(
        AnnotationError, match=r"none of its 2 transcripts is one of genes\.gff3: 'NM_1\.1' against 'T1'"
    ):
        variants(bcsq, genome)


def test_a_file_whose_alleles_have_no_annotation(tmp_path, genome):
    _, bcsq = called_by_bcftools(tmp_path, genome)
    text = "\n".join(
        line if line.startswith("#") else "\t".join([*line.split("\t")[:7], ".", *line.split("\t")[8:]])
        for line in bcsq.read_text().splitlines()
    )
    bcsq.write_text(text + "\n")
    with pytest.raises(AnnotationError, match=r"no carried allele has an annotation; line \d+"):
        variants(bcsq, genome)


def test_unknown_terms_and_several_annotations(tmp_path, genome):
    _, bcsq = called_by_bcftools(tmp_path, genome)
    odd = translated(bcsq, f"Format: {VEP}", lambda allele, _, item: as_vep(allele, "", item).replace("stop_g", "g"))
    with pytest.raises(AnnotationError, match=r"line \d+: 'gained' is no known term"):
        variants(odd, genome)
    with pytest.raises(AnnotationError, match=r"several annotations: a \(vep\), b \(snpeff\)"):
        recognise(odd, {"a": f"Format: {VEP}", "b": f"Functional annotations: '{SNPEFF}'"})


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("p.Gly12Asp", "12G>12D"),
        ("ENSP00000256078.4:p.Gly12Asp", "12G>12D"),
        ("p.G12D", "12G>12D"),
        ("p.Lys429=", "429K"),
        ("p.Lys429Lys", "429K"),
        ("p.(Arg5Ter)", "5R>5*"),
        ("p.R5*", "5R>5*"),
        ("p.Gly12fs", "p.Gly12fs"),
        ("p.X165_splice", "p.X165_splice"),
        ("", ""),
    ],
)
def test_changes_in_hgvs(text, change):
    assert change_from_hgvs(text) == change


@pytest.mark.parametrize(
    ("position", "residues", "change"),
    [
        ("334", "T/M", "334T>334M"),
        ("299", "G", "299G"),
        ("12-13", "GA/G", "12GA>12G"),
        ("?-5", "A/V", ""),
        ("7", "", ""),
    ],
)
def test_changes_of_vep(position, residues, change):
    assert change_from_residues(position, residues) == change


def test_terms_are_in_the_order_of_vep():
    order = ["splice_acceptor_variant", "stop_gained", "frameshift_variant", "stop_lost", "start_lost"]
    order += ["inframe_insertion", "missense_variant", "splice_region_variant", "synonymous_variant"]
    order += ["5_prime_UTR_variant", "intron_variant"]
    assert sorted(order, key=SEVERITY.__getitem__) == order
