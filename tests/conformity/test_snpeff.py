"""SnpEff itself as the annotator, its database built from the same GFF3: the classes are those of bcftools csq."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from radiogenomics import tables
from radiogenomics.genomics.annotate import annotate
from radiogenomics.table import read_provenance
from tests.unit.genomics.small_genome import write_genome, write_vcf

# Debian's script of the same name prints its arguments into the output.
SNPEFF = Path("/usr/share/java/snpeff.jar")
pytestmark = pytest.mark.skipif(not SNPEFF.is_file(), reason="SnpEff is not installed")
RECORDS = [
    "14 A T,*,G PASS 0/1 1/3",
    "16 A G PASS 0/1 0/0",
    "16 AC A PASS 1|0 ./1",
    "23 G A PASS 0/0 0/1",
    "31 G C PASS 0/1 0/1",
    "40 G T PASS 0/1 0/1",
    "44 C T PASS ./. 0/1",
    "50 T C PASS 0/1 0/0",
]


def variants(folder, files, **settings):
    reference, genes, vcf = files
    target = folder / "variants.parquet"
    annotate(vcf=vcf, reference=reference, genes=genes, settings=json.dumps(settings), variants=target)
    keys = ["patient_id", "position", "ref", "alt", "gene", "transcript", "consequence_class"]
    return tables.VARIANTS.read(target)[keys].astype(str).sort_values(keys).reset_index(drop=True)


def test_a_study_annotated_by_snpeff_has_the_classes_of_bcftools(tmp_path):
    reference, genes = write_genome(tmp_path)
    files = (reference, genes, write_vcf(tmp_path, RECORDS, ["S1", "S2"]))
    database = tmp_path / "data" / "small"
    database.mkdir(parents=True)
    shutil.copy(reference, database / "sequences.fa")
    shutil.copy(genes, database / "genes.gff")
    config = tmp_path / "snpEff.config"
    config.write_text(f"data.dir = {tmp_path / 'data'}\nsmall.genome : Small\n")
    build = ["java", "-jar", SNPEFF, "build", "-gff3", "-noCheckCds", "-noCheckProtein", "-c", config, "small"]
    subprocess.run(build, check=True, capture_output=True)
    wanted = variants(tmp_path, files)
    command = f"java -Xmx1g -jar {SNPEFF} ann -nodownload -noStats -noLog -c {config} small {{input}}"
    found = variants(tmp_path, files, consequences="annotated", annotator={"command": command})
    record = read_provenance(tmp_path / "variants.parquet")["settings"]["annotator"]
    assert record["versions"][0].startswith("SnpEffVersion 5")
    assert set(wanted["consequence_class"]) == {"lof", "missense", "synonymous", "protein_altering"}
    assert found.equals(wanted)
