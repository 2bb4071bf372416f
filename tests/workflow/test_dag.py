"""The graph of jobs, planned on empty files in seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.studies import TOP, jobs, radiogenomics, snakemake

N = 40


@pytest.fixture
def study(tmp_path):
    """40 patients whose files exist and are empty."""
    config = tmp_path / "config"
    assert radiogenomics("init", tmp_path).returncode == 0
    names = [f"P{number:03d}" for number in range(N)]
    for name in names:
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "seg.dcm").touch()
    for name in ("calls.vcf.gz", "reference.fa", "genes.gff3"):
        (config / name).touch()
    lines = {
        "patients": [f"{name}\t60\tF" for name in names],
        "images": [f"{name}-ct\t{name}\tct\t../data/{name}\t../data/{name}/seg.dcm\tGTV" for name in names],
        "samples": [f"{name}\tS{name}\tcalls.vcf.gz" for name in names],
    }
    for name, rows in lines.items():
        with (config / f"{name}.tsv").open("a") as stream:
            stream.writelines(f"{row}\n" for row in rows)
    return tmp_path


def test_one_job_a_batch_and_one_a_gather(study):
    planned = jobs(snakemake(study, "--dry-run").stdout)
    batches = ("imaging_convert", "radiomics_extract")
    gathers = (
        "genomics_annotate",  # all samples stand in one file
        "radiomics_gather",
        "radiomics_selftest",
        "imaging_gather",
        "genomics_alterations",
        "genomics_burden",
        "cohort_join",
        "cohort_limit",
        "association_test",
        "association_audit",
        "report_build",
    )
    assert planned == dict.fromkeys(batches, 8) | dict.fromkeys(gathers, 1)


def test_quality_is_one_more_job_that_the_cohort_waits_for(study):
    assert "genomics_quality" not in jobs(snakemake(study, "--dry-run").stdout)
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number}}\ngenomics: {quality: {enabled: true, exclude: [related]}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert jobs(done.stdout)["genomics_quality"] == 1
    assert "--poor results/genomics/quality.failures.tsv --table" in done.stdout
    assert "genomics quality --patients config/patients.tsv --samples config/samples.tsv" in done.stdout


def test_components_are_covariates_that_the_cohort_waits_for(study):
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number}, components: 2}\ngenomics: {quality: {enabled: true}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert jobs(done.stdout)["genomics_quality"] == 1
    assert (
        "--components results/genomics/components.parquet --quality results/genomics/sample_quality.parquet --table"
        in done.stdout
    )
    assert '"components":2' in done.stdout


def test_dosages_of_the_sheet_are_files_that_alterations_read(study):
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number}}\ngenomics: {markers: {dosage: {}}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    alterations = next(line for line in done.stdout.splitlines() if "radiogenomics genomics alterations" in line)
    assert '"files":["config/calls.vcf.gz"]' in alterations


def test_resources_are_one_more_job_that_alterations_wait_for(study):
    (study / "config" / "gnomad.vcf.gz").touch()
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number}}\n"
        "genomics: {resources: {gnomad: {file: gnomad.vcf.gz, fields: [AF], max_frequency: {AF: 0.01}}}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert jobs(done.stdout)["genomics_join"] == 1
    assert "--annotations results/genomics/annotations.parquet --settings" in done.stdout
    assert '"file":"config/gnomad.vcf.gz"' in done.stdout


def test_audits_that_are_asked_for_are_jobs_that_the_report_waits_for(study):
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number, sex: category}}\n"
        "association: {permutations: 99, controls: {shuffled_identities: 2}, site: sex, site_model: meta,"
        " harmonise: {method: combat, batch: sex}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    asked = ("association_permute", "association_controls", "association_sites", "association_harmonise")
    assert {name: jobs(done.stdout)[name] for name in asked} == dict.fromkeys(asked, 1)
    test = next(line for line in done.stdout.splitlines() if "radiogenomics association test" in line)
    assert "permutations" not in test  # so that asking for an audit does not repeat the tests


def test_copies_of_images_are_one_more_job_a_batch_and_a_limit_is_waited_for(study):
    config = study / "config" / "config.yaml"
    start = "cohort: {covariates: {age: number}}\nradiomics: {perturbations: {copies: 4}}\n"
    config.write_text(start)
    done = snakemake(study, "--dry-run", "--printshellcmds")
    counts = {"radiomics_copies": 8, "association_stability": 1, "association_persistence": 1}
    assert {name: jobs(done.stdout)[name] for name in counts} == counts
    commands = done.stdout.splitlines()
    test = next(line for line in commands if "radiogenomics association test" in line)
    assert "--stability" not in test
    assert "results/radiomics/b000.copies.failures.tsv" in next(line for line in commands if "cohort join" in line)
    config.write_text(start + "association: {permutations: 9, controls: {shuffled_identities: 2}, min_icc_low: 0.75}\n")
    commands = snakemake(study, "--dry-run", "--printshellcmds").stdout.splitlines()
    for words in ("association test", "association permute", "association controls"):
        line = next(line for line in commands if f"radiogenomics {words}" in line)
        assert "--stability results/association/stability.parquet" in line
        assert "--copies" not in line


def test_controls_of_images_need_copies_and_no_stability(study):
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number}}\nassociation: {controls: {shuffled_voxels: 2, random_regions: 3}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert jobs(done.stdout)["radiomics_copies"] == 8
    assert not {"association_stability", "association_persistence"} & set(jobs(done.stdout))
    line = next(line for line in done.stdout.splitlines() if "association controls" in line)
    assert line.count(".copies.parquet") == 8


def test_tests_of_sets_are_two_jobs_where_masks_are_named(study):
    text = "genomics: {markers: {masks: {rare: {}, lof_only: {classes: [lof]}}}}\n"
    (study / "config" / "config.yaml").write_text(text)
    assert "association_sets" not in jobs(snakemake(study, "--dry-run").stdout)
    (study / "config" / "config.yaml").write_text(text + "association: {sets: {masks: [rare, lof_only]}}\n")
    done = snakemake(study, "--dry-run", "--printshellcmds")
    asked = ("genomics_sets", "association_sets")
    assert {name: jobs(done.stdout)[name] for name in asked} == dict.fromkeys(asked, 1)
    assert "--masks rare lof_only --settings" in done.stdout
    test = next(line for line in done.stdout.splitlines() if "radiogenomics association test" in line)
    assert '"sets"' not in test  # so that asking for sets does not repeat the tests


def test_outcomes_are_two_more_jobs_that_the_report_waits_for_and_the_tests_do_not(study):
    sheet = study / "config" / "patients.tsv"
    lines = sheet.read_text().splitlines()
    more = ["days\tdied", *["100\tno"] * N]
    sheet.write_text("".join(f"{line}\t{cells}\n" for line, cells in zip(lines, more, strict=True)))
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert " --no-survival " in done.stdout
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number}, outcomes: {os: {time: days, event: died}}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    asked = ("cohort_outcomes", "association_survival")
    assert {name: jobs(done.stdout)[name] for name in asked} == dict.fromkeys(asked, 1)
    assert "--no-survival" not in done.stdout
    assert """--settings '{"outcomes":{"os":{"time":"days","event":"died"}}}'""" in done.stdout
    told = [line for line in done.stdout.splitlines() if "association test" in line or "cohort join" in line]
    assert len(told) == 2
    assert not any("outcomes" in line for line in told)  # so that naming one does not repeat the tests
    sheet.write_text(sheet.read_text().replace("100\tno", "100\tperhaps"))
    checked = radiogenomics("check", "--config", study / "config" / "config.yaml")
    assert checked.returncode == 3
    assert "line 2: patient 'P000', outcome os: died 'perhaps' says not whether" in checked.stderr


def test_a_study_of_mutation_annotation_files_needs_neither_reference_nor_genes(study):
    for name in ("reference.fa", "genes.gff3"):
        (study / "config" / name).unlink()
    assert jobs(snakemake(study, "--dry-run").stdout)["genomics_annotate"] == 1


def test_a_standard_scale_is_one_more_job_that_all_features_wait_for(study):
    (study / "config" / "config.yaml").write_text(
        "cohort: {covariates: {age: number}}\nimaging: {mr: {normalisation: nyul}}\n"
    )
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert jobs(done.stdout)["imaging_scale"] == 1
    assert done.stdout.count("--scale results/imaging/scale.parquet --settings") == 8


def test_burden_as_a_marker_is_waited_for_and_a_spectrum_is_made_where_asked_for(study):
    (study / "config" / "config.yaml").write_text("genomics: {spectrum: true, markers: {burden: true}}\n")
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert jobs(done.stdout)["genomics_spectrum"] == 1
    assert "--burden results/genomics/burden.parquet --settings" in done.stdout


def test_a_missing_folder_does_not_stop_the_others(study):
    (study / "data" / "P000" / "seg.dcm").unlink()
    (study / "data" / "P000").rmdir()
    assert sum(jobs(snakemake(study, "--dry-run").stdout).values()) == 27


def test_only_batches_with_remote_series_ask_a_server(study):
    with (study / "config" / "images.tsv").open("a") as stream:
        stream.write("P000-mr\tP000\tmr\tdicomweb:x/1.2/3.4\tdicomweb:x/1.2/3.5\tGTV\n")
    assert jobs(snakemake(study, "--dry-run").stdout)["pacs_fetch"] == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config.yaml", "\nassociaton: {}\n", "associaton: unknown key"),
        ("patients.tsv", "P000\t60\tF\n", "patient_id 'P000' stands 2 times"),
    ],
)
def test_bad_configuration_and_sheets_stop_snakemake_with_the_reason(study, name, text, message):
    with (study / "config" / name).open("a") as stream:
        stream.write(text)
    done = snakemake(study, "--dry-run")
    assert done.returncode != 0
    assert message in done.stderr + done.stdout
    checked = radiogenomics("check", "--config", study / "config" / "config.yaml")
    assert checked.returncode == 3
    assert message in checked.stderr
    assert radiogenomics("run", "--config", study / "config" / "config.yaml").returncode == 3


def test_braces_in_a_text_of_the_configuration_do_no_harm(study):
    (study / "config" / "config.yaml").write_text(
        "study: {title: 'T {25} and {wildcards.x}'}\ncohort: {covariates: {age: number}}\n"
    )
    assert sum(jobs(snakemake(study, "--dry-run").stdout).values()) == 27


def test_braces_in_paths_do_no_harm(study):
    weird = study / "we{i}rd"
    (study / "config").rename(weird)
    (weird / "data").mkdir()
    sheet = weird / "images.tsv"
    sheet.write_text(sheet.read_text().replace("\t../data/P000", "\tdata"))
    command = ["--configfile", weird / "config.yaml", "--dry-run", "--printshellcmds"]
    done = snakemake(study, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(jobs(done.stdout).values()) == 27
    assert "--reference 'we{i}rd/reference.fa' --genes 'we{i}rd/genes.gff3'" in done.stdout
    assert "--patients 'we{i}rd/patients.tsv'" in done.stdout


def test_a_linked_environment_may_lie_in_an_odd_folder(study, tmp_path_factory):
    odd = tmp_path_factory.mktemp("o'dd {x} $y") / "bin"
    odd.symlink_to(Path(sys.executable).parent)
    code = "import runpy, sys; sys.executable = sys.argv.pop(1); runpy.run_module('snakemake', run_name='__main__')"
    (study / "Snakefile").write_text(
        f'include: "{TOP}/workflow/rules/common.smk"\n\nrule test:\n    shell: "echo $PATH"\n'
    )
    command = [sys.executable, "-c", code, odd / "python", "--configfile", "config/config.yaml", "--cores", "1", "test"]
    done = subprocess.run(list(map(str, command)), cwd=study, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"{odd}:"), done.stdout + done.stderr


def test_an_unknown_profile_is_refused_with_those_that_exist(study):
    (study / "config" / "reference.fa").write_text(">1\nACGT\n")
    (study / "config" / "genes.gff3").write_text(
        "1\tx\tgene\t1\t3\t.\t+\t.\tID=gene:G;biotype=protein_coding;Name=G\n"
        "1\tx\tmRNA\t1\t3\t.\t+\t.\tID=transcript:T;Parent=gene:G;biotype=protein_coding\n"
        "1\tx\texon\t1\t3\t.\t+\t.\tParent=transcript:T\n"
        "1\tx\tCDS\t1\t3\t.\t+\t0\tID=c;Parent=transcript:T\n"
    )
    done = radiogenomics("run", "--config", study / "config" / "config.yaml", "--profile", "nowhere", "--dry-run")
    assert done.returncode == 3
    assert "there are 'default', 'slurm'" in done.stderr


ALWAYS = (
    "radiomics_gather",
    "genomics_alterations",
    "cohort_join",
    "cohort_limit",
    "association_test",
    "association_audit",
    "report_build",
)
IMAGES = {"imaging_convert": 8, "radiomics_extract": 8, "radiomics_selftest": 1, "imaging_gather": 1}
FEATURES = "radiomics: {tables: {own: f.csv}}\n"
MARKERS = "genomics: {markers: {tables: {ihc: {file: m.csv, patient_id: ID}}}}\nassociation: {classes: [ihc]}\n"


@pytest.mark.parametrize(
    ("config", "further", "options"),
    [
        (
            "cohort: {images: null}\n" + FEATURES,
            {"genomics_annotate": 1, "genomics_burden": 1},
            "--patients config/patients.tsv --samples",
        ),
        ("cohort: {samples: null}\n" + MARKERS, IMAGES, "--images config/images.tsv --settings"),
        (
            "cohort: {images: null, samples: null}\n" + FEATURES + MARKERS,
            {},
            "--patients config/patients.tsv --settings",
        ),
        (
            "cohort: {patients: null, images: null, samples: null}\n" + FEATURES + MARKERS,
            {},
            """cohort join --finished '{"own": {"file": "config/f.csv"}}' --settings""",
        ),
        (
            "cohort: {patients: null, images: null, samples: all.maf}\n" + FEATURES,
            {"genomics_annotate": 1, "genomics_burden": 1},
            """--samples config/all.maf --finished '{"own": {"file": "config/f.csv"}}' --settings""",
        ),
    ],
    ids=["no images", "no samples", "tables alone", "no sheets", "a MAF for a sheet"],
)
def test_stages_without_input_are_no_jobs(study, config, further, options):
    (study / "config" / "config.yaml").write_text(config)
    (study / "config" / "f.csv").write_text("patient_id,f\n" + "".join(f"P{number:03d},1\n" for number in range(N)))
    for name in ("m.csv", "all.maf"):
        (study / "config" / name).touch()
    done = snakemake(study, "--dry-run", "--printshellcmds")
    assert done.returncode == 0, done.stdout + done.stderr
    assert jobs(done.stdout) == dict.fromkeys(ALWAYS, 1) | further
    shell = " ".join(done.stdout.split())
    assert options in shell
    assert ("--sequenced results/genomics/b" in shell) is ("genomics_annotate" in further)
    assert ("--markers results/genomics/alterations.parquet --failed" in shell) is ("imaging_convert" in further)
    assert ("alterations --patients results/radiomics/features.parquet" in shell) is (
        "genomics_annotate" not in further
    )
