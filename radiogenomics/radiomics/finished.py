"""Finished feature tables of the user's, long or wide, in the columns of ours."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.errors import MissingFileError, TableError

REGION = ["patient_id", "role", "image_id", "roi"]
LONG = {"feature", "value"}


def regions_of(parts: Sequence[Path]) -> pd.DataFrame:
    """Patient, role, image and region of every row of our own feature tables, each once."""
    frames = [tables.FEATURES.read(part)[REGION].drop_duplicates() for part in parts]
    return pd.concat(frames, ignore_index=True).astype(str)


def read_feature_table(name: str, path: Path, regions: pd.DataFrame) -> pd.DataFrame:
    """Read a table and give it our columns; features are called ``<name>_<feature>``, family and source ``name``.

    A table with columns ``feature`` and ``value`` is long; in any other, every column that does not name patient,
    role, image or region is a feature. Where role, image or region are left out, the patient's only ones are meant.

    Parameters
    ----------
    regions : DataFrame
        What `regions_of` gives.

    Raises
    ------
    MissingFileError
    TableError
        Columns are missing, a value is no number, or it is not clear which region of a patient is meant.
    """
    if not path.is_file():
        raise MissingFileError(path, "feature table")
    frame = _read(path)
    problems = [f"no column {name!r}" for name in ("patient_id",) if name not in frame]
    if problems:
        raise TableError(tables.FEATURES.name, path.name, problems)
    given = [column for column in REGION if column in frame]
    if not set(frame.columns) >= LONG:
        frame = frame.melt(id_vars=given, var_name="feature", value_name="value")
    frame = frame[[*given, "feature", "value"]].dropna(subset=["value"])
    numbers = pd.to_numeric(frame["value"], errors="coerce")
    for row in frame[numbers.isna()].head(5).itertuples():
        problems.append(f"feature {row.feature} is no number: {row.value!r}")
    frame = frame.assign(value=numbers, feature=name + "_" + frame["feature"].astype(str))
    placed = _placed(frame, regions, given, problems)
    if problems:
        raise TableError(tables.FEATURES.name, path.name, problems)
    return tables.FEATURES.conform(placed.assign(image_type=name, family=name, note="", source=name), path.name)


def _read(path: Path) -> pd.DataFrame:
    text = {column: str for column in (*REGION, "feature")}
    if path.suffix == ".parquet":
        return pd.read_parquet(path).astype(text, errors="ignore")
    return pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", dtype=text)


def _placed(frame: pd.DataFrame, regions: pd.DataFrame, given: list[str], problems: list[str]) -> pd.DataFrame:
    """Rows with role, image and region; rows of patients that have none of our features are left out."""
    choices = regions[regions["patient_id"].isin(frame["patient_id"])]
    if len(given) < len(REGION):
        choices = choices.merge(frame[given].drop_duplicates(), on=given)
        several = choices[choices.duplicated(given, keep=False)]
        for _, part in several.groupby(given).head(1).groupby(given[0]):
            problems.append(
                f"patient {part['patient_id'].iloc[0]} has several regions; add columns role, image_id, roi"
            )
            break
    return frame.merge(choices, on=given)
