"""The configuration: one error names every problem; generated files are those of the models."""

import json
from pathlib import Path

import pytest

from radiogenomics import config, tables
from radiogenomics.config import generate
from radiogenomics.config.cohort import RESERVED_COLUMNS
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.config.models import Config
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.resources import preset_names, root


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_every_problem_is_named_at_once(tmp_path):
    text = "association: {alpha: 2, min_carrier: 3}\nstudi: {}\nworkflow: {batches: none}\n"
    with pytest.raises(ConfigError) as error:
        config.load(write(tmp_path, text))
    message = str(error.value)
    assert "association.min_carrier: unknown key" in message
    assert "association.alpha" in message
    assert "studi: unknown key" in message
    assert "workflow.batches" in message
    assert "(found 'none')" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "must hold keys and values"),
        ("a: [", "not readable as YAML"),
        (
            "association: {classes: [lof]}\ngenomics: {classes: [missense]}\n",
            r"\['lof'\] must stand in genomics.classes",
        ),
        ("pacs: {servers: {x: {url: 'http://a', user_env: U}}}", "user_env and password_env go together"),
        ("pacs: {servers: {x: {url: 'ftp://a'}}}", "pacs.servers.x.url"),
        ("cohort: {covariates: {included: category}}", "included is a column of the patients table"),
        ("workflow: {batches: 501}", "workflow.batches"),
        ("study: {title: a}\ncohort: {}\nstudy: {title: b}\n", "key 'study' stands twice"),
        ("association: {alpha: 0.1, alpha: 0.2}", "key 'alpha' stands twice"),
        ("association: {controls: {random_features: 1}}", "association.controls: one run says nothing of its spread"),
        ("association: {controls: {shuffled_voxels: 1}}", "association.controls: one run says nothing of its spread"),
        ("radiomics: {perturbations: {copies: 1}}", "radiomics.perturbations: one copy says nothing of the spread"),
        (
            "radiomics: {perturbations: {copies: 2, noise: false, contour: false, rotation_degrees: 0,"
            " translation_voxels: 0, volume_change: 0}}",
            "radiomics.perturbations: nothing is perturbed",
        ),
        ("association: {min_icc_low: 0.75}", "association.min_icc_low needs radiomics.perturbations.copies"),
        (
            "cohort: {images: null}\nradiomics: {tables: {own: f.csv}, perturbations: {copies: 5}}",
            "cohort.images is null: radiomics.perturbations.copies",
        ),
        (
            "cohort: {images: null}\nradiomics: {tables: {own: f.csv}}\nassociation: {controls: {random_regions: 5}}",
            "random_regions need images to change",
        ),
        (
            "association: {controls: {synonymous: true}}\ngenomics: {classes: [non_silent]}",
            "needs the class synonymous",
        ),
        ("association: {controls: {random_gene_sets: 1}}", "association.controls: one run says nothing of its spread"),
        (
            "association: {controls: {random_gene_sets: 2}}",
            "random_gene_sets needs files in genomics.markers.pathways",
        ),
        ("association: {site: site}", "association.site: site must stand in cohort.covariates as a category"),
        (
            "association: {exchange_within: age}\ncohort: {covariates: {age: number}}",
            "association.exchange_within: age must stand in cohort.covariates as a category",
        ),
        ("association: {harmonise: {method: combat}}", "needs the name of a covariate in batch"),
        ("association: {harmonise: {method: combat, batch: s}}", "batch: s must stand in cohort.covariates"),
        (
            "association: {harmonise: {method: combat, batch: s, keep: [age]}}\ncohort: {covariates: {s: category}}",
            "keep: age must stand in cohort.covariates",
        ),
        ("association: {harmonise: {batch: s, keep: [s]}}", "s is the batch; it cannot be kept"),
        ("association: {site_model: meta}", "site_model: meta needs the name of a covariate in site"),
        (
            "association: {site_model: meta, site: s, model: rank}\ncohort: {covariates: {s: category}}",
            "which the model rank does not give",
        ),
        ("association: {classes: [lof, lof]}", "association.classes: lof stands more than once"),
        ("genomics: {classes: [lof, non_silent, lof]}", "genomics.classes: lof stands more than once"),
    ],
)
def test_refused(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        config.load(write(tmp_path, text))


def test_a_password_in_a_url_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(ConfigError, match="the URL holds a user name") as error:
        config.load(write(tmp_path, "pacs: {servers: {x: {url: 'https://alice:s3cret@host/dicom-web'}}}"))
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_than_utf_8_is_named(tmp_path, encoding):
    path = tmp_path / "config.yaml"
    path.write_bytes("study: {title: Männer}\n".encode(encoding))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        config.load(path)


def test_merged_keys_may_be_overridden(tmp_path):
    text = "bin_width: 25\nimage_types: &a {original: true}\n"
    assert config.load_section(RadiomicsSettings, str(write(tmp_path, text))).bin_width == 25
    text = "association: &a {alpha: 0.1, min_carriers: 3}\n"
    merged = config._parse_yaml(f"{text}other: &b {{<<: *a, alpha: 0.2}}\nlast: {{<<: *b, alpha: 0.3}}\n", "x")
    assert merged["last"] == {"alpha": 0.3, "min_carriers": 3}


def test_covariates_may_not_be_named_like_the_patients_table():
    assert tuple(column.name for column in tables.PATIENTS.columns) == RESERVED_COLUMNS


def test_paths_start_at_the_folder_of_the_file(tmp_path):
    (tmp_path / "sub").mkdir()
    text = "cohort: {images: sheets/i.tsv}\ngenomics: {genes: /data/g.gff3}\n"
    text += "radiomics: {settings: {CT: ct, MR: own.yaml}}\n"
    read = config.load(write(tmp_path / "sub", text))
    assert read.cohort.images == tmp_path / "sub" / "sheets" / "i.tsv"
    assert read.genomics.genes == Path("/data/g.gff3")
    assert read.radiomics.settings == {"CT": "ct", "MR": str(tmp_path / "sub" / "own.yaml")}


def test_an_empty_file_is_the_default(tmp_path):
    assert config.load(write(tmp_path, "# nothing\n")).association == Config().association


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.yaml"):
        config.load(tmp_path / "none.yaml")


def test_the_default_file_reads_as_the_defaults():
    path = generate.root() / "config" / "config.default.yaml"
    read = config.load(path).model_dump(
        exclude={"cohort": {"patients", "images", "samples"}, "genomics": {"reference", "genes"}}
    )
    assert read == Config().model_dump(
        exclude={"cohort": {"patients", "images", "samples"}, "genomics": {"reference", "genes"}}
    )


@pytest.mark.parametrize("path", list(generate.files()), ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path):
    assert path.read_text() == generate.files()[path], "run `make generate`"


def test_generate_check_shows_what_differs(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(generate, "root", lambda: tmp_path)
    assert generate.main(["--check"]) == 1
    assert "+# Tables" in capsys.readouterr().out
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_every_field_has_a_description():
    schema = json.loads(generate.schema_json())
    for name, section in {"Config": schema, **schema["$defs"]}.items():
        for key, field in section["properties"].items():
            assert field.get("description") or "$ref" in field, f"{name}.{key}"


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_valid_and_found_by_name(name):
    assert isinstance(config.load_radiomics_settings(name), RadiomicsSettings)


def test_there_is_a_preset_for_each_default_modality():
    assert set(Config().radiomics.settings.values()) <= set(preset_names())


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"bin_width": 25, "bin_count": 32}',
        '{"bin_width": 25, "image_types": {"original": false}}',
        '{"bin_width": 25, "image_types": {"log_sigma_mm": [0]}}',
        '{"bin_width": 25, "image_types": {"log_sigma_mm": [1, 1.0]}}',
        '{"bin_width": 25, "families": ["glcm", "glcm"]}',
        '{"bin_width": 25, "definition": "ibsi", "engine": "pyradiomics"}',
        '{"bin_width": 25, "energy_shift": 3}',
        '{"bin_width": 25, "families": ["gldm"]}',
        '{"bin_count": 25, "bin_origin": 0}',
        '{"bin_width": 25, "resegment_range": [3, 2]}',
        '{"bin_width": 25, "definition": "pyradiomics", "aggregation": "2d_averaged"}',
        '{"bin_width": 25, "definition": "pyradiomics", "round_intensities": true}',
        '{"bin_width": 25, "resampled_spacing_mm": [-1, 1, 1]}',
    ],
)
def test_settings_that_make_no_sense_are_refused(text):
    with pytest.raises(ConfigError):
        config.load_section(RadiomicsSettings, text)


TABLES = "radiomics: {tables: {own: t.csv}}\n"
MARKERS = "genomics: {markers: {tables: {m: {file: m.csv, patient_id: ID}}}}\nassociation: {classes: [m]}\n"


def test_a_table_is_a_path_or_a_mapping(tmp_path):
    text = "cohort: {patients: null, images: null, samples: null}\n" + TABLES + MARKERS
    study = config.load(write(tmp_path, text))
    assert study.radiomics.tables["own"].file == tmp_path / "t.csv"
    assert study.genomics.markers.tables["m"].patient_id == "ID"
    assert study.genomics.markers.files == (tmp_path / "m.csv",)
    assert config.parse(study.model_dump(mode="json"), tmp_path / "config.yaml") == study


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cohort: {images: null}", "name finished tables in radiomics.tables"),
        ("cohort: {samples: null}\n", "name tables, copy_number, fusions, expression or dosage"),
        ("cohort: {patients: null}\n" + TABLES, "images must be null"),
        ("cohort: {patients: null, images: null, covariates: {age: number}}\n" + TABLES, "there are no covariates"),
        (
            "cohort: {samples: null}\ngenomics: {markers: {tables: {m: m.csv}, hotspots: h.tsv}}\n"
            "association: {classes: [m]}",
            "hotspots, masks and pathways need them",
        ),
        ("cohort: {samples: null}\ngenomics: {markers: {tables: {m: m.csv}}}", r"\['non_silent'\] must stand in"),
        ("radiomics: {tables: {own: {file: a.csv, colums: [x]}}}", "radiomics.tables.own.colums: unknown key"),
        ("genomics: {markers: {tables: {m: {file: a, values: {x: mutated}}}}}", "genomics.markers.tables.m.values.x"),
        (
            "cohort: {samples: null}\n" + MARKERS.replace("{markers", "{quality: {enabled: true}, markers"),
            "quality needs sheets of patients and of samples",
        ),
        ("association: {continuity: true}", "continuity: only the model rank has these"),
    ],
)
def test_studies_without_sheets_that_lack_something(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        config.load(write(tmp_path, text))


def test_a_path_may_begin_with_an_environment_variable(tmp_path, monkeypatch):
    text = "radiomics: {tables: {a: '${STUDY_DATA}/t.csv', b: '${STUDY_DATA}'}, settings: {CT: '${STUDY_CT}/own.yaml'}}"
    path = write(tmp_path, text)
    monkeypatch.delenv("STUDY_CT", raising=False)
    monkeypatch.setenv("STUDY_DATA", "")
    with pytest.raises(ConfigError, match=r"STUDY_DATA is not set\n.*STUDY_DATA is not set") as error:
        config.load(path)
    assert "STUDY_CT is not set" in str(error.value)
    monkeypatch.setenv("STUDY_DATA", "/data")
    monkeypatch.setenv("STUDY_CT", "settings")
    study = config.load(path)
    assert {name: str(table.file) for name, table in study.radiomics.tables.items()} == {
        "a": "/data/t.csv",
        "b": "/data",
    }
    assert study.radiomics.settings["CT"] == str(tmp_path / "settings" / "own.yaml")


@pytest.mark.parametrize("path", sorted((root() / "config" / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_published_studies_are_valid(path, monkeypatch):
    for name in ("RADMLBENCH", "ZHOU2017", "BAKAS2017", "MC3"):
        monkeypatch.setenv(name, "/data")
    assert config.load(path).cohort.patients is None
