"""The plan: batches are a fixed function of the patient; settings travel as JSON of one section."""

import json

import pytest

from radiogenomics.config.association import AUDIT_KEYS, Association
from radiogenomics.config.cohort import Pacs
from radiogenomics.config.genomics import Genomics
from radiogenomics.config.imaging import Imaging
from radiogenomics.config.models import Report
from radiogenomics.errors import ConfigError, SheetError
from radiogenomics.plan import Plan
from radiogenomics.plan_settings import ALTERATION_KEYS, BURDEN_KEYS


def plan(folder, patients, data=None, extra_images=""):
    sheets = folder / "config"
    sheets.mkdir(exist_ok=True)
    for patient in patients:
        (folder / "dicom" / patient).mkdir(parents=True, exist_ok=True)
    rows = [f"{patient}-ct\t{patient}\tct\t../dicom/{patient}\t\tGTV" for patient in patients]
    (sheets / "patients.tsv").write_text("patient_id\n" + "".join(f"{patient}\n" for patient in patients))
    header = "image_id\tpatient_id\trole\tseries\tsegmentation\troi\n"
    (sheets / "images.tsv").write_text(header + "".join(f"{row}\n" for row in rows) + extra_images)
    (sheets / "samples.tsv").write_text("patient_id\tsample_id\tvcf\n")
    (sheets / "config.yaml").write_text("{}")
    return Plan(data or {}, sheets / "config.yaml", folder)


def test_adding_a_patient_changes_one_batch(tmp_path):
    patients = [f"P{number:03d}" for number in range(40)]
    before, after = plan(tmp_path, patients), plan(tmp_path, [*patients, "P999"])
    changed = [
        batch for batch in after.batches if batch not in before.batches or before.images(batch) != after.images(batch)
    ]
    assert changed == [after.batch_of("P999")]


def samples(folder, files, batches=500):
    """The plan where patient i has a sample in ``files[i]``."""
    plan(folder, [f"P{number:04d}" for number in range(len(files))])
    rows = "".join(f"P{number:04d}\tS{number}\t{name}\n" for number, name in enumerate(files))
    (folder / "config" / "samples.tsv").write_text(f"patient_id\tsample_id\tvcf\n{rows}")
    return Plan({"workflow": {"batches": batches}}, folder / "config" / "config.yaml", folder)


def test_samples_of_one_file_are_read_together(tmp_path):
    study = samples(tmp_path, ["a.vcf"] * 30 + ["b.vcf"] * 30)
    assert len(study.sample_batches) == 2
    for batch in study.sample_batches:
        rows = json.loads(study.samples(batch))
        assert len(rows) == 30
        assert len({row["vcf"] for row in rows}) == 1


def test_files_of_one_sample_each_are_spread_over_the_batches(tmp_path):
    files = [f"{number}.vcf" for number in range(40)]
    before, after = samples(tmp_path, files, 8), samples(tmp_path, [*files, "new.vcf"], 8)
    assert len(before.sample_batches) == 8
    changed = [batch for batch in after.sample_batches if before.samples(batch) != after.samples(batch)]
    assert changed == [after.batch_of("config/new.vcf")]


@pytest.mark.parametrize("name", ["all.vcf", "b.vcf", "c.vcf"])
def test_a_file_of_very_many_samples_is_read_in_parts(tmp_path, name):
    study = samples(tmp_path, [name] * 1000, 8)
    parts = [len(json.loads(study.samples(batch))) for batch in study.sample_batches]
    assert len(parts) == 4
    assert sum(parts) == 1000
    assert max(parts) < 300


def test_a_sheet_of_no_samples_is_a_batch_without_rows(tmp_path):
    study = plan(tmp_path, ["P001"])
    assert study.sample_batches == ("b000",)
    assert json.loads(study.samples("b000")) == []


def test_batches_do_not_depend_on_the_interpreter(tmp_path):
    # blake2b of the identifier: fixed for ever, since a change would compute every study again.
    study = plan(tmp_path, ["P001", "P002", "P003"])
    assert [study.batch_of(name) for name in ("P001", "P002", "P003")] == ["b007", "b004", "b003"]


def test_every_patient_is_in_one_batch(tmp_path):
    patients = [f"P{number}" for number in range(30)]
    study = plan(tmp_path, patients)
    rows = [row["patient_id"] for batch in study.batches for row in json.loads(study.images(batch))]
    assert sorted(rows) == sorted(patients)


def test_files_below_the_working_folder_are_relative_and_absent_ones_left_to_the_job(tmp_path):
    study = plan(tmp_path, ["P001"], extra_images="P001-mr\tP001\tmr\t/nowhere/mr\t\tGTV\n")
    batch = study.batch_of("P001")
    assert study.image_files(batch) == ["dicom/P001"]
    assert [row["series"] for row in json.loads(study.images(batch))] == ["dicom/P001", "/nowhere/mr"]


def test_remote_batches(tmp_path):
    study = plan(tmp_path, ["P001", "P002"], extra_images="P002-mr\tP002\tmr\tdicomweb:a/1.2/3.4\t\tGTV\n")
    assert study.remote_batches == {study.batch_of("P002")}


def test_a_server_is_asked_only_for_the_rows_that_stand_on_it(tmp_path):
    study = plan(tmp_path, ["P001"], extra_images="P001-mr\tP001\tmr\tdicomweb:a/1.2/3.4\t\tGTV\n")
    batch = study.batch_of("P001")
    assert [row["image_id"] for row in json.loads(study.remote_images(batch))] == ["P001-mr"]
    assert [row["image_id"] for row in json.loads(study.images(batch))] == ["P001-ct", "P001-mr"]


def test_the_order_of_the_sheets_does_not_matter(tmp_path):
    patients, one = [f"P{number}" for number in range(9)], {"workflow": {"batches": 1}}
    study, other = plan(tmp_path, patients, one), plan(tmp_path, patients[::-1], one)
    assert study.images("b000") == other.images("b000")
    assert study.image_files("b000") == other.image_files("b000")
    samples = "patient_id\tsample_id\tvcf\n" + "".join(f"{name}\tS\t{name}.vcf\n" for name in patients[::-1])
    (tmp_path / "config" / "samples.tsv").write_text(samples)
    study = Plan(one, tmp_path / "config" / "config.yaml", tmp_path)
    assert [row["patient_id"] for row in json.loads(study.samples("b000"))] == patients


def test_paths_with_braces_are_not_watched(tmp_path):
    study = plan(tmp_path, ["P001"], extra_images=f"P001-mr\tP001\tmr\t{tmp_path}/we{{i}}rd\t\tGTV\n")
    (tmp_path / "we{i}rd").mkdir()
    batch = study.batch_of("P001")
    assert study.image_files(batch) == ["dicom/P001"]
    assert study.watched(tmp_path / "we{i}rd" / "a.fa", tmp_path / "b.fa") == ["b.fa"]
    assert [row["series"] for row in json.loads(study.images(batch))] == ["dicom/P001", "we{i}rd"]


@pytest.mark.parametrize(
    ("stage", "keys"),
    [
        ("pacs", set(Pacs.model_fields)),
        ("imaging", set(Imaging.model_fields)),
        ("radiomics", {"CT", "MR", "PT", "US"}),
        (
            "genomics",
            set(Genomics.model_fields) - {"reference", "genes", "resources", "quality", *ALTERATION_KEYS, *BURDEN_KEYS},
        ),
        ("burden", {"resources", "canonical", "tmb"}),
        ("alterations", {"resources", "canonical", "sample_id", "pass_only", *ALTERATION_KEYS}),
        ("quality", {"quality", "pass_only", "sample_id"}),
        ("cohort", {"covariates", "components"}),
        ("association", set(Association.model_fields) - AUDIT_KEYS),
        ("audit", set(Association.model_fields)),
        ("report", set(Report.model_fields)),
        ("copies", {"perturbations", "shuffled_voxels", "random_regions"}),
    ],
)
def test_each_stage_gets_its_own_settings(tmp_path, stage, keys):
    assert set(json.loads(plan(tmp_path, ["P001"]).settings(stage))) == keys


@pytest.mark.parametrize(
    "stage", ["pacs", "imaging", "radiomics", "genomics", "cohort", "association", "audit", "report", "copies"]
)
def test_settings_of_a_stage_are_json_without_those_of_others(tmp_path, stage):
    study = plan(tmp_path, ["P001"])
    other = plan(tmp_path, ["P001"], {"study": {"title": "x"}, "workflow": {"memory_mb": 500}})
    assert json.loads(study.settings(stage)) is not None
    assert study.settings(stage) == other.settings(stage)
    assert study.stage_version(stage) >= 1


def test_an_edited_preset_file_changes_the_radiomics_settings(tmp_path):
    (tmp_path / "config").mkdir()
    own = tmp_path / "config" / "own.yaml"
    seen = []
    for width in (10, 20):
        own.write_text(f"bin_width: {width}\n")
        seen.append(plan(tmp_path, ["P001"], {"radiomics": {"settings": {"CT": "own.yaml"}}}).settings("radiomics"))
    assert seen[0] != seen[1]


def test_a_matrix_of_relatedness_and_its_names_are_watched(tmp_path):
    (tmp_path / "config").mkdir()
    for name in ("k.rel", "k.rel.id"):
        (tmp_path / "config" / name).touch()
    study = plan(tmp_path, ["P001"], {"association": {"model": "mixed", "kinship": "k.rel"}})
    assert study.kinship_files() == ["config/k.rel", "config/k.rel.id"]
    for stage in ("association", "audit"):
        assert json.loads(study.settings(stage))["kinship"] == "config/k.rel"
    assert plan(tmp_path, ["P001"]).kinship_files() == []


def test_a_retry_asks_for_more_memory(tmp_path):
    study = plan(tmp_path, ["P001"], {"workflow": {"memory_mb": 500}})
    assert [study.memory_mb(attempt) for attempt in (1, 2)] == [500, 1000]


def test_a_batch_too_large_for_a_command_line_is_refused(tmp_path):
    study = plan(tmp_path, [f"P{number:05d}" for number in range(2000)], {"workflow": {"batches": 1}})
    with pytest.raises(ConfigError, match="raise it"):
        study.images("b000")


def test_bad_sheets_stop_the_plan(tmp_path):
    with pytest.raises(SheetError):
        plan(tmp_path, ["P001", "P001"])


def test_the_scale_is_part_of_the_plan_only_where_it_is_configured(tmp_path):
    assert plan(tmp_path, ["P001"]).scale == []
    configured = plan(tmp_path, ["P001"], {"imaging": {"mr": {"normalisation": "nyul"}}})
    assert configured.scale == ["results/imaging/scale.parquet"]


def test_panels_and_files_of_what_was_assayed_are_inputs(tmp_path):
    plan(tmp_path, ["P001", "P002"])
    (tmp_path / "config" / "samples.tsv").write_text(
        "patient_id\tsample_id\tvcf\tassayed\nP001\tS\ta.vcf\tpanel:small\nP002\tT\ta.vcf\t../own.bed\n"
    )
    for name in ("own.bed", "small.txt", "config/a.vcf"):
        (tmp_path / name).write_text("")
    data = {"genomics": {"panels": {"small": "../small.txt"}}, "workflow": {"batches": 1}}
    study = Plan(data, tmp_path / "config" / "config.yaml", tmp_path)
    assert study.variant_files("b000") == ["config/a.vcf", "own.bed"]
    assert "small.txt" in study.genomics_files()
    assert [row["assayed"] for row in json.loads(study.samples("b000"))] == ["panel:small", "own.bed"]
    assert json.loads(study.settings("genomics"))["panels"] == {"small": "small.txt"}


def test_files_of_markers_are_inputs_and_named_as_the_rules_do(tmp_path):
    plan(tmp_path, ["P001"])
    (tmp_path / "config" / "copies.seg").write_text("")
    markers = {"copy_number": {"file": "copies.seg", "kind": "segments"}, "tables": {"ihc": "../ihc.csv"}}
    study = Plan({"genomics": {"markers": markers}}, tmp_path / "config" / "config.yaml", tmp_path)
    assert study.marker_files() == ["config/copies.seg", "ihc.csv", "config/genes.gff3"]
    named = json.loads(study.settings("alterations"))["markers"]
    assert (named["copy_number"]["file"], named["tables"]["ihc"]["file"]) == ("config/copies.seg", "ihc.csv")
    assert plan(tmp_path, ["P001"]).marker_files() == []
