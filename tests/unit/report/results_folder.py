"""A results folder as the pipeline leaves it, with known truth, any size and names that hurt."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw
from scipy import stats

from radiogenomics import tables
from radiogenomics.association import multiplicity
from radiogenomics.provenance import Provenance

NASTY_MARKER = '<b>&"x:non_silent'
NASTY_PATIENT = "P-<i>&'1"
FAMILIES = {"shape": 14, "firstorder": 18, "glcm": 24, "glrlm": 16, "glszm": 16, "gldm": 14, "ngtdm": 5}
GENES = ("EGFR", "KRAS", "TP53", "STK11", "KEAP1", "BRAF", "ALK", "MET", "ROS1", "NF1", "RB1", "PTEN", "SMARCA4", "ATM")
SETTINGS = {
    "alpha": 0.05,
    "min_patients": 20,
    "min_carriers": 5,
    "classes": ["non_silent"],
    "volume_feature": "original_shape_MeshVolume",
}
RADIOMICS = {
    "CT": {
        "bin_width": 25.0,
        "bin_count": None,
        "resampled_spacing_mm": [1.0, 1.0, 1.0],
        "normalise": False,
        "families": list(FAMILIES),
        "image_types": {"original": True, "log_sigma_mm": [1.0, 3.0], "wavelet": True},
        "min_voxels": 64,
    }
}
EXCLUSIONS = (
    (
        "imaging",
        "missing_roi",
        3,
        "seg.dcm: no ROI named 'GTV'; it holds 'GTV-1', 'lung'",
        "set `roi:` in images.tsv to one of these",
    ),
    (
        "imaging",
        "uneven_slices",
        2,
        "slice spacing varies from 2.5 to 5 mm at z = −412.5 mm",
        "ask the archive for the missing slice",
    ),
    (
        "radiomics",
        "too_few_voxels",
        1,
        "the region has 12 voxels, fewer than 64",
        "lower `min_voxels` if such a region is meant",
    ),
    ("genomics", "no_sample", 2, "the VCF holds no sample 'S07'", "correct `sample_id` in samples.tsv"),
)


@dataclass(frozen=True)
class Size:
    """How large a synthetic study is."""

    patients: int = 60
    image_types: int = 11
    features: int | None = None
    markers: int = 15
    analyses: tuple[str, ...] = ("CT",)


def write(folder: Path, size: Size = Size(), seed: int = 7, settings: dict[str, object] | None = None) -> Path:
    """Write every table of a results folder and return the folder."""
    random = np.random.default_rng(seed)
    names = features(size)
    markers = [NASTY_MARKER, *(f"{gene}:non_silent" for gene in (*GENES, *(f"G{k}" for k in range(size.markers))))][
        : size.markers
    ]
    people = patients(size, random)
    tables.PATIENTS.write(
        people,
        folder / "cohort/patients.parquet",
        record("cohort", {"covariates": {"age": "number", "sex": "category", "site": "category"}}),
    )
    tables.LEDGER.write(ledger(people), folder / "cohort/ledger.tsv")
    tables.FAILURES.write(failures(people), folder / "cohort/failures.tsv")
    write_images(folder, people, random)
    table = results(names, markers, size.analyses, int(people["included"].sum()), random)
    tables.RESULTS.write(
        table, folder / "association/results.parquet", record("association", SETTINGS if settings is None else settings)
    )
    write_markers(folder, people, markers, table, random)
    write_features(folder, people, names)
    return folder


def record(stage: str, settings: dict[str, object]) -> Provenance:
    """A provenance record with two inputs."""
    return Provenance(
        stage, settings, {f"{stage}.tsv": "0123456789abcdef" * 2, f"{stage} <&>.bin": "fedcba9876543210" * 2}
    )


def features(size: Size) -> pd.DataFrame:
    """Feature names with their image type and family."""
    types = [
        "original",
        "log-sigma-1-mm-3D",
        "log-sigma-3-mm-3D",
        *(f"wavelet-{a}{b}{c}" for a in "HL" for b in "HL" for c in "HL"),
    ]
    rows = [
        {"image_type": kind, "family": family, "feature": f"{kind}_{family}_{family.capitalize()}Measure{k:02d}"}
        for kind in types[: size.image_types]
        for family, n in FAMILIES.items()
        for k in range(n)
        if family != "shape" or kind == "original"
    ]
    if size.features is not None:
        rows += [
            {"image_type": "original", "family": "glcm", "feature": f"original_glcm_Extra{k:05d}"}
            for k in range(max(size.features - len(rows), 0))
        ]
        rows = rows[: size.features]
    return pd.DataFrame(rows)


def patients(size: Size, random: np.random.Generator) -> pd.DataFrame:
    """Patients with covariates; some are excluded for the reasons of ``EXCLUSIONS``."""
    ids = [NASTY_PATIENT, *(f"P{k:03d}" for k in range(2, size.patients + 1))]
    rows = [
        {"patient_id": name, "included": True, "excluded_stage": "", "excluded_reason": "", "excluded_message": ""}
        for name in ids
    ]
    position = 4
    for stage, reason, n, message, _ in EXCLUSIONS:
        for _ in range(n):
            rows[position] |= {
                "included": False,
                "excluded_stage": stage,
                "excluded_reason": reason,
                "excluded_message": message,
            }
            position += 3
    frame = pd.DataFrame(rows)
    frame["age"] = np.where(random.random(len(ids)) < 0.05, np.nan, random.normal(64, 9, len(ids)).round())
    frame["sex"] = random.choice(["F", "M"], len(ids))
    frame["site"] = random.choice(["north", "south", "<east & west>"], len(ids), p=[0.5, 0.4, 0.1])
    return frame


def ledger(people: pd.DataFrame) -> pd.DataFrame:
    """The attrition ledger of the patients."""
    excluded = people[~people["included"]].groupby(["excluded_stage", "excluded_reason"]).size()
    rows = [{"step": "enrolled", "stage": "", "reason": "", "n_patients": len(people)}]
    rows += [
        {"step": "excluded", "stage": stage, "reason": reason, "n_patients": int(n)}
        for (stage, reason), n in excluded.items()
    ]
    rows.append({"step": "analysed", "stage": "", "reason": "", "n_patients": int(people["included"].sum())})
    return pd.DataFrame(rows)


def failures(people: pd.DataFrame) -> pd.DataFrame:
    """A failure for each excluded patient but the last, and one of a patient that is analysed."""
    hints = {reason: hint for _, reason, _, _, hint in EXCLUSIONS}
    rows = [
        {
            "patient_id": row.patient_id,
            "image_id": f"{row.patient_id}_ct" if row.excluded_stage in ("imaging", "radiomics") else "",
            "roi": "GTV" if row.excluded_stage == "imaging" else "",
            "stage": row.excluded_stage,
            "error": "".join(word.capitalize() for word in row.excluded_reason.split("_")) + "Error",
            "reason": row.excluded_reason,
            "message": row.excluded_message,
            "hint": hints[row.excluded_reason],
        }
        for row in people[~people["included"]].iloc[:-1].itertuples()
    ]
    analysed = {
        "patient_id": NASTY_PATIENT,
        "image_id": "second",
        "roi": "GTV",
        "message": "two time points in one series <script>",
    }
    rows.append(
        {**rows[0], **analysed, "reason": "mixed_series", "error": "MixedSeriesError", "hint": "split the series"}
    )
    return tables.FAILURES.frame(rows)


def write_images(folder: Path, people: pd.DataFrame, random: np.random.Generator) -> None:
    """Images tables of two batches with overlays; flagged rows among them."""
    kept = people[people["excluded_stage"] != "imaging"]
    rows = [_image(str(name), k, random) for k, name in enumerate(kept["patient_id"])]
    rows[1] |= {"roi_touches_border": True}
    rows[2] |= {"roi_components": 3}
    rows[5] |= {"roi_slices": 1, "roi_one_slice": True, "roi_volume_ml": 0.02, "roi_voxels": 30}
    rows[8] |= {"voxel_hash": rows[9]["voxel_hash"]}
    rows[11] |= {"overlay": "imaging/overlays/absent.png"}
    for k, row in enumerate(rows):
        if k != 11:
            path = folder / str(row["overlay"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(overlay_png(k))
    for batch, part in (("b000", rows[::2]), ("b001", rows[1::2])):
        settings = {"slice_tolerance_mm": 0.02, "mask_tolerance_mm": 0.01, "plane_tolerance_mm": 0.1}
        tables.IMAGES.write(pd.DataFrame(part), folder / f"imaging/{batch}.images.parquet", record("imaging", settings))


def overlay_png(k: int, edge: int = 96) -> bytes:
    """Three planes of a made-up scan with the contour of a region."""
    picture = Image.new("RGB", (3 * edge, edge))
    draw = ImageDraw.Draw(picture)
    for plane in range(3):
        left = plane * edge
        draw.ellipse([left + 6, 14, left + edge - 6, edge - 12], fill=(70, 70, 74))
        draw.ellipse([left + 16, 24, left + 44, edge - 26], fill=(18, 18, 20))
        draw.ellipse([left + 52, 24, left + 80, edge - 26], fill=(18, 18, 20))
        x, y, radius = left + 24 + (k * 7 + plane) % 14, 34 + (k * 5) % 22, 5 + k % 6
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(120, 120, 124), outline=(255, 176, 0))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def write_markers(
    folder: Path, people: pd.DataFrame, markers: Sequence[str], table: pd.DataFrame, random: np.random.Generator
) -> None:
    """Alterations that agree with the carriers of the results, and samples."""
    included = people.loc[people["included"], "patient_id"].to_numpy()
    n_carriers = table.groupby("marker", observed=True)["n_carriers"].max()
    rows = []
    for k, marker in enumerate(markers):
        carriers = set(random.permutation(included)[: n_carriers[marker]])
        for j, patient in enumerate(people["patient_id"]):
            state = "altered" if patient in carriers else "not_assayed" if (j * 7 + k) % 19 == 0 else "wild_type"
            gene, class_ = marker.rsplit(":", 1)
            rows.append(
                {
                    "patient_id": patient,
                    "marker": marker,
                    "gene": gene,
                    "consequence_class": class_,
                    "state": state,
                    "n_variants": int(state == "altered"),
                }
            )
    settings = {
        "pass_only": True,
        "transcript_policy": "longest_cds",
        "classes": ["non_silent"],
    }
    tables.ALTERATIONS.write(pd.DataFrame(rows), folder / "genomics/alterations.parquet", record("genomics", settings))
    samples = [
        {
            "patient_id": p,
            "sample_id": f"S{k}",
            "n_records": 9000 + k,
            "n_alternate": 4000 + k,
            "n_missing": k % 7,
            "n_filtered": 12,
        }
        for k, p in enumerate(people["patient_id"])
    ]
    tables.SAMPLES.write(pd.DataFrame(samples), folder / "genomics/b000.samples.parquet", record("genomics", settings))


def write_features(folder: Path, people: pd.DataFrame, names: pd.DataFrame) -> None:
    """Feature values of a few patients; the last feature of each cannot be computed."""
    parts = []
    for patient in people["patient_id"].iloc[:6]:
        keys = {"patient_id": patient, "image_id": f"{patient}_ct", "role": "CT", "roi": "GTV"}
        part = names.assign(**keys, value=1.0, note="", source="native")
        part.loc[part.index[-1], ["value", "note"]] = [np.nan, "flat region <after binning>"]
        parts.append(part)
    tables.FEATURES.write(
        pd.concat(parts, ignore_index=True), folder / "radiomics/features.parquet", record("radiomics", RADIOMICS)
    )


def results(
    names: pd.DataFrame, markers: Sequence[str], analyses: Sequence[str], n: int, random: np.random.Generator
) -> pd.DataFrame:
    """Every pair under three adjustments: marker 2 acts through volume, marker 3 on texture, the last is too rare."""
    f, m = len(names), len(markers)
    carriers = np.clip((n * np.linspace(0.45, 0.09, m)).round().astype(int), 5, n - 5)
    carriers[-1] = 3
    rho = np.where(random.random(f) < 0.35, random.uniform(0.5, 0.98, f), random.uniform(-0.3, 0.3, f))
    texture = names["family"].isin(["glcm", "glrlm"]).to_numpy() & (random.random(f) < 0.3)
    shared, parts = random.normal(size=(len(analyses), 3, m)), []
    for a, analysis in enumerate(analyses):
        for k, adjustment in enumerate(tables.ADJUSTMENTS):
            effect = np.zeros((f, m))
            if m > 2:
                effect[:, 1] = 1.5 * rho if adjustment == "crude" else 0.0
                effect[texture, 2] = 1.5
            parts.append(
                _adjustment(names, markers, analysis, adjustment, n, carriers, effect, rho, k, shared[a, k], random)
            )
    table = pd.concat(parts, ignore_index=True)
    return _explain(table)


def _adjustment(
    names: pd.DataFrame, markers: Sequence[str], analysis: str, adjustment: str, n: int, carriers: np.ndarray,
    effect: np.ndarray, rho: np.ndarray, k: int, shared: np.ndarray, random: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    f, m = effect.shape
    df = n - 2 - (0, 1, 5)[k]
    se = np.sqrt(1 / carriers + 1 / (n - carriers))[None, :] * random.uniform(0.93, 1.02, (f, m))
    estimate = effect + se * (0.9 * random.normal(size=(f, m)) + 0.35 * shared[None, :])
    flag = np.full((f, m), "", dtype=object)
    flag[:, carriers < 5] = tables.NOT_TESTED_REASONS[2]
    flag[-1, :] = tables.NOT_TESTED_REASONS[3]
    if adjustment == "full" and f > 3:
        flag[2, :] = tables.NOT_TESTED_REASONS[4]
    tested = flag == ""
    t = np.where(tested, estimate / se, np.nan)
    p = 2 * stats.t.sf(np.abs(t), df)
    two = multiplicity.two_level(p.ravel(), np.tile(np.arange(m), f))
    half = stats.t.ppf(0.975, df) * se
    blank = lambda values: np.where(tested, values, np.nan).ravel()  # noqa: E731
    wide = names.loc[names.index.repeat(m)].reset_index(drop=True)
    numbers = {
        "estimate": blank(estimate),
        "se": blank(se),
        "ci_low": blank(estimate - half),
        "ci_high": blank(estimate + half),
        "effect": tables.EFFECTS[0],
        "statistic": t.ravel(),
        "df": pd.Series(np.where(tested, df, 0).ravel(), dtype="Int32").mask(~tested.ravel()),
        "p": p.ravel(),
        "neg_log10_p": -np.log10(p).ravel(),
        "q_gene": np.where(tested, two.group_q, np.nan).ravel(),
        "q_two_level": two.q.ravel(),
        "q_bh": multiplicity.benjamini_hochberg(p).ravel(),
        **dict.fromkeys(("q_by", "p_holm", "q_storey"), np.nan),
        "n_carriers": np.tile(carriers, f),
        "volume_rho": np.repeat(rho, m),
        "method": np.where(tested, "least squares", "").ravel(),
        "flag": flag.ravel(),
    }
    genes = [name.rsplit(":", 1)[0] for name in markers]
    labels = {"analysis": analysis, "marker": np.tile(markers, f), "gene": np.tile(genes, f), "adjustment": adjustment}
    return wide.assign(**labels, **numbers, n=n, n_missing=0, volume_explained=False)


def _explain(table: pd.DataFrame) -> pd.DataFrame:
    keys = ["analysis", "feature", "marker"]
    wide = table.set_index([*keys, "adjustment"])["q_two_level"].unstack()  # noqa: PD010
    explained = (wide["crude"] < SETTINGS["alpha"]) & ~(wide["volume"] < SETTINGS["alpha"])
    table["volume_explained"] = pd.MultiIndex.from_frame(table[keys]).isin(explained[explained].index)
    return table


def _image(patient: str, k: int, random: np.random.Generator) -> dict[str, object]:
    scanner = [("SIEMENS", "Somatom Force", "B30f"), ("GE MEDICAL SYSTEMS", "Revolution", "STANDARD"), ("", "", "")][
        k % 7 % 3
    ]
    voxels = int(random.lognormal(9, 0.4))
    return {
        "image_id": f"{patient}_ct",
        "patient_id": patient,
        "role": "CT",
        "modality": "CT",
        "roi": "GTV",
        "region": "GTV",
        "volume": f"imaging/{k}.nii.gz",
        "mask": f"imaging/{k}.mask.nii.gz",
        "overlay": f"imaging/overlays/{k}.png",
        "unit": "HU",
        "n_columns": 512,
        "n_rows": 512,
        "n_slices": 90 + k,
        "spacing_x_mm": 0.8,
        "spacing_y_mm": 0.8,
        "spacing_z_mm": 5.0 if k == 14 else 2.5 if k % 3 else 2.0,
        "roi_voxels": voxels,
        "roi_volume_ml": voxels * 0.0016,
        "roi_slices": 14,
        "roi_components": 1,
        "roi_touches_border": False,
        "roi_holes": 0,
        "roi_one_slice": False,
        "repairs": "",
        "roi_notes": "",
        "manufacturer": scanner[0],
        "model": scanner[1],
        "kernel": scanner[2],
        "slice_thickness_mm": 2.5 if k % 3 else 2.0,
        "kvp": 120.0 if k % 5 else 100.0,
        "field_strength_t": None,
        "sequence": "",
        "echo_time_ms": None,
        "repetition_time_ms": None,
        "flip_angle_degrees": None,
        "depth_mm": None,
        "transducer_mhz": None,
        "contrast": "",
        "tracer": "",
        "voxel_hash": f"{k:032x}",
    }
