"""A program that annotates: what it writes is read like the annotation of a file, and what it leaves out is refused."""

import json
import sys
import time

import pytest

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Annotator, Genomics
from radiogenomics.errors import ConfigError
from radiogenomics.genomics.annotate import annotate, annotate_batch
from radiogenomics.genomics.annotator import AnnotatorFailedError, AnnotatorMissingError, require_program
from radiogenomics.genomics.errors import AnnotationError
from radiogenomics.genomics.preflight import inspect_shared, inspect_vcf, shared
from radiogenomics.table import read_provenance
from tests.unit.genomics.small_genome import write_genome, write_vcf

RECORDS = [
    "14 A T,*,G PASS 0/1 1/3",
    "16 A G PASS 0/1 0/0",
    "16 AC A PASS 1|0 ./1",
    "23 G A PASS 0/0 0/1",
    "31 G C PASS 0/1 0/1",
    "44 C T PASS ./. 0/1",
    "50 T C PASS 0/0 0/0",
]
# What bcftools csq calls, written as SnpEff or VEP would.
PROGRAM = """
import subprocess, sys
from radiogenomics.genomics.consequence import parse_bcsq
style, source, target, reference, genes = sys.argv[1:]
run = "import sys, pysam.bcftools; pysam.bcftools.csq(*sys.argv[1:], catch_stdout=False)"
files = ["--local-csq", "-f", reference, "-g", genes, "-Ov", "-o", "csq.vcf", source]
subprocess.run([sys.executable, "-c", run, *files], check=True)
lines = open("csq.vcf").read().splitlines()
assert all(line.startswith("##") or len(line.split("\\t")) == 8 for line in lines), "genotypes"
columns, version = {
    "ANN": (
        "Functional: 'Allele | Annotation | Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID'",
        '##SnpEffVersion="5.2 (build 1), by P"',
    ),
    "CSQ": (
        "Consequence annotations. Format: Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature",
        '##VEP="v110" time="2026-01-01" cache="/o/vep/110_GRCh38"',
    ),
}[style]
out = open(target, "w") if target != "-" else sys.stdout
for line in lines:
    if line.startswith("##INFO=<ID=BCSQ"):
        line = f'{version}\\n##INFO=<ID={style},Number=.,Type=String,Description="{columns}">'
    elif not line.startswith("#"):
        cells = line.split("\\t")
        info = dict(item.partition("=")[::2] for item in cells[7].split(";"))
        stated = parse_bcsq(info["BCSQ"]) if "BCSQ" in info else ()
        entries = [f"x|{'&'.join(c.terms)}|HIGH|{c.gene}|{c.gene}|Transcript|{c.transcript}" for c in stated]
        cells[7] = f"ALLELE={info['ALLELE']}" + (f";{style}={','.join(entries)}" if entries else "")
        line = "\\t".join(cells)
    print(line, file=out)
"""


@pytest.fixture
def study(tmp_path):
    """Folder, reference, genes and a VCF; `program.py` annotates."""
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path, *write_genome(tmp_path), write_vcf(tmp_path, RECORDS, ["S1", "S2"])


def command(folder, style="ANN", output="{output}"):
    return f"{sys.executable} {folder / 'program.py'} {style} {{input}} {output} {{reference}} {{genes}}"


def variants(study, **settings):
    folder, reference, genes, vcf = study
    annotate(
        vcf=vcf, reference=reference, genes=genes, settings=json.dumps(settings), variants=folder / "variants.parquet"
    )
    return tables.VARIANTS.read(folder / "variants.parquet")


def annotated(study, text, **more):
    return variants(study, consequences="annotated", annotator={"command": text, **more})


@pytest.mark.parametrize(("style", "output"), [("ANN", "{output}"), ("ANN", "-"), ("CSQ", "{output}")])
def test_what_a_program_states_is_what_bcftools_calls(study, style, output):
    wanted = variants(study)
    found = annotated(study, command(study[0], style, output))
    unstated = ["amino_acid_change"]
    assert len(wanted) > 5
    assert found.drop(columns=unstated).equals(wanted.drop(columns=unstated))
    record = read_provenance(study[0] / "variants.parquet")["settings"]["annotator"]
    version = {"ANN": "SnpEffVersion 5.2 (build 1), by P", "CSQ": "VEP v110, cache 110_GRCh38"}[style]
    assert record["versions"] == [version]
    assert str(study[0]) not in record["command"]
    assert " program.py " in record["command"]


def test_a_program_is_not_run_where_nobody_carries_anything(study):
    folder, reference, genes, _ = study
    vcf = write_vcf(folder, ["14 A T PASS 0/0 0/0"], ["S1", "S2"], "none.vcf")
    refuses = "import sys; sys.exit('no variants in the input')"
    (folder / "refuses.py").write_text(refuses)
    found = annotated((folder, reference, genes, vcf), f"{sys.executable} {folder / 'refuses.py'} {{input}} {{output}}")
    assert len(found) == 0


def test_missing_genotypes_are_those_that_bcftools_finds(study):
    folder, reference, genes, vcf = study
    rows = [{"patient_id": f"P{number}", "sample_id": f"S{number}", "vcf": str(vcf)} for number in (1, 2)]
    found = []
    for settings in ({}, {"consequences": "annotated", "annotator": {"command": command(folder)}}):
        names = ("variants", "table", "remarks", "failures", "missing")
        outputs = {name: folder / f"out.{name}.tsv" for name in names}
        annotate_batch(
            samples=json.dumps(rows), reference=reference, genes=genes, settings=json.dumps(settings), **outputs
        )
        found.append(tables.MISSING.read(outputs["missing"]))
    assert found[0]["patient_id"].tolist() == ["P1"]
    assert found[1].equals(found[0])


def test_without_an_annotator_there_is_no_record_of_one(study):
    variants(study)
    assert "annotator" not in read_provenance(study[0] / "variants.parquet")["settings"]


FAILING = {
    "import sys; sys.exit('no cache in /opt/vep/cache')": "exit code 1: no cache in cache$",
    "pass": r"it wrote no \{output\}",
    "open(o, 'w').write('text\\n')": "what it wrote is no VCF",
    "open(o, 'w').writelines(l for l in lines if not l.startswith('1\\t16'))": (
        "record 3 of its output is 1-23-G-A, where 1-16-A-G was given"
    ),
    "open(o, 'w').writelines(lines + lines[-1:])": "where nothing was given",
}


@pytest.mark.parametrize("body", FAILING)
def test_a_program_that_fails_or_loses_records_is_refused(study, body):
    (study[0] / "bad.py").write_text(f"import sys\ni, o = sys.argv[1:]\nlines = list(open(i))\n{body}\n")
    with pytest.raises(AnnotatorFailedError, match=FAILING[body]):
        annotated(study, f"{sys.executable} {study[0] / 'bad.py'} {{input}} {{output}}")


def test_a_program_that_states_nothing_is_refused(study):
    (study[0] / "copy.py").write_text("import shutil, sys\nshutil.copy(*sys.argv[1:])\n")
    with pytest.raises(AnnotationError, match="no annotation of VEP, SnpEff or bcftools csq is declared"):
        annotated(study, f"{sys.executable} {study[0] / 'copy.py'} {{input}} {{output}}")


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(study):
    (study[0] / "child.py").write_text("import sys, time\ntime.sleep(2)\nopen(sys.argv[1], 'w')\n")
    (study[0] / "slow.py").write_text("import subprocess, sys\nsubprocess.run([sys.executable, *sys.argv[1:3]])\n")
    late = study[0] / "late"
    slow = f"{sys.executable} {study[0] / 'slow.py'} {study[0] / 'child.py'} {late} {{input}} {{output}}"
    with pytest.raises(AnnotatorFailedError, match=r"not done after 1 s"):
        annotated(study, slow, timeout_s=1)
    time.sleep(2)
    assert not late.exists()


def test_in_a_batch_the_patients_of_the_file_fail(study):
    folder, reference, genes, vcf = study
    outputs = {name: folder / f"out.{name}.tsv" for name in ("variants", "table", "remarks", "failures")}
    rows = [{"patient_id": f"P{number}", "sample_id": f"S{number}", "vcf": str(vcf)} for number in (1, 2)]
    settings = {"consequences": "annotated", "annotator": {"command": "no-such-program {input}"}}
    annotate_batch(samples=json.dumps(rows), reference=reference, genes=genes, settings=json.dumps(settings), **outputs)
    failed = tables.FAILURES.read(outputs["failures"])
    assert failed[["patient_id", "reason"]].to_numpy().tolist() == [
        ["P1", "annotator_missing"],
        ["P2", "annotator_missing"],
    ]


def test_the_program_is_looked_for_before_anything_runs(study):
    _, reference, genes, vcf = study
    settings = Genomics(consequences="annotated", annotator=Annotator(command="no-such-program {input}"))
    with shared(reference, genes, settings) as common:
        with pytest.raises(AnnotatorMissingError, match="no program 'no-such-program'"):
            inspect_shared(common, settings)
        inspect_vcf(vcf, common, settings)  # its own annotation is not needed
    assert require_program(Annotator(command=f"{sys.executable} {{input}}")) == sys.executable


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"annotator": {"command": "vep {input}"}}, "annotator needs consequences: annotated"),
        (
            {"consequences": "annotated", "annotator": {"command": "vep"}},
            r"must begin with a program and name \{input\}",
        ),
        ({"consequences": "annotated", "annotator": {"command": "vep {input} {cache}"}}, r"\{cache\} is not filled in"),
        ({"consequences": "annotated", "annotator": {"command": "vep '{input}"}}, "not readable as a command"),
        ({"consequences": "annotated", "annotator": {"command": "vep {input} {"}}, "not readable as a command"),
        ({"consequences": "annotated", "annotator": {"command": "{input}"}}, "must begin with a program"),
    ],
)
def test_commands_that_cannot_be_run_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        load_section(Genomics, json.dumps(settings))
