"""Finished feature tables of the user's, long or wide, in the columns of ours."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from radiogenomics import tables
from radiogenomics.config.finished import FinishedFeatures
from radiogenomics.errors import MissingFileError, TableError, listing

REGION = ["patient_id", "role", "image_id", "roi"]
LONG = {"feature", "value"}
# Role and region of features that come from nowhere but a finished table and do not say.
FINISHED = "finished"


def regions_of(parts: Sequence[Path]) -> pd.DataFrame:
    """Patient, role, image and region of every row of our own feature tables, each once."""
    frames = [tables.FEATURES.read(part)[REGION].drop_duplicates() for part in parts]
    return pd.concat(frames, ignore_index=True).astype(str)


def read_feature_table(name: str, table: FinishedFeatures, regions: pd.DataFrame | None) -> pd.DataFrame:
    """Read a table and give it our columns; features are called ``<name>_<feature>``, family and source ``name``.

    A table with columns ``feature`` and ``value`` is long; in any other, every column that does not name patient,
    role, image or region is a feature. Where role, image or region are left out, the patient's only ones are meant.

    Parameters
    ----------
    regions : DataFrame or None
        What `regions_of` gives. None in a study without images: role and region are then those of the table or
        ``finished``, and image is patient and role.

    Raises
    ------
    MissingFileError
    TableError
        Columns are missing, a value is no number, or it is not clear which region of a patient is meant.
    """
    path = table.file
    frame = _chosen(_read(table), table)
    given = [column for column in REGION if column in frame]
    if not set(frame.columns) >= LONG:
        frame = frame.melt(id_vars=given, var_name="feature", value_name="value")
    frame = frame[[*given, "feature", "value"]]
    frame = frame.loc[[table.chosen(str(feature)) for feature in frame["feature"]]]
    problems = [] if len(frame) else [f"no value of a feature that fits {listing(table.columns)}"]
    frame = frame.dropna(subset=["value"])
    numbers = pd.to_numeric(frame["value"], errors="coerce")
    for row in frame[numbers.isna()].head(5).itertuples():
        problems.append(f"feature {row.feature} is no number: {row.value!r}")
    frame = frame.assign(value=numbers, feature=name + "_" + frame["feature"].astype(str))
    placed = _placed(frame, regions, given, problems)
    if problems:
        raise TableError(tables.FEATURES.name, path.name, problems)
    return tables.FEATURES.conform(placed.assign(image_type=name, family=name, note="", source=name), path.name)


def _read(table: FinishedFeatures) -> pd.DataFrame:
    """The table with its column of patients called ``patient_id``; what names rows is text."""
    path = table.file
    if not path.is_file():
        raise MissingFileError(path, "feature table")
    try:
        frame = _read_parquet(path, table.missing) if path.suffix == ".parquet" else _read_text(table)
    except (ValueError, OSError, EOFError, zlib.error, ArrowException) as error:
        raise TableError(tables.FEATURES.name, path.name, [f"not readable: {error}"]) from error
    problems = [] if table.patient_id in frame else [f"no column {table.patient_id!r}"]
    if table.patient_id != "patient_id" and "patient_id" in frame:
        problems.append(f"a column 'patient_id' beside {table.patient_id!r}, which is to name the patient")
    if not problems:
        frame = frame.rename(columns={table.patient_id: "patient_id"})
        names = [column for column in (*REGION, "feature") if column in frame]
        problems += [f"column {name!r} has an empty cell" for name in names if frame[name].isna().to_numpy().any()]
    if problems:
        raise TableError(tables.FEATURES.name, path.name, problems)
    text = {name: frame[name].astype(str).str.strip() for name in names}
    text["patient_id"] = text["patient_id"].str[: table.patient_prefix]
    return frame.assign(**text)


def _read_parquet(path: Path, missing: Sequence[str]) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    return frame.mask(frame.isin(list(missing))) if missing else frame


def _read_text(table: FinishedFeatures) -> pd.DataFrame:
    """CSV or TSV, gzipped or not. Names of columns are taken as they stand, an empty or repeated one too."""
    path, separator = table.file, "\t" if ".tsv" in table.file.suffixes else ","
    header = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
    names = header.iloc[0].str.strip().tolist()
    text = {place: str for place, name in enumerate(names) if name in (table.patient_id, *REGION, "feature")}
    frame = pd.read_csv(path, sep=separator, header=None, skiprows=1, dtype=text, na_values=list(table.missing))
    if len(frame.columns) != len(names):
        raise ValueError(f"{len(names)} names of columns above {len(frame.columns)} columns")
    frame.columns = pd.Index(names)
    return frame


def _chosen(frame: pd.DataFrame, table: FinishedFeatures) -> pd.DataFrame:
    """Columns that name rows, and those of the chosen features in a wide table."""
    wanted = (*REGION, *LONG) if set(frame.columns) >= LONG else REGION
    frame = frame.loc[:, [name in wanted or (wanted is REGION and table.chosen(str(name))) for name in frame]]
    if repeated := sorted(set(frame.columns[frame.columns.duplicated()])):
        problems = [f"column {name!r} stands twice" for name in repeated]
        raise TableError(tables.FEATURES.name, table.file.name, problems)
    return frame


def _placed(frame: pd.DataFrame, regions: pd.DataFrame | None, given: list[str], problems: list[str]) -> pd.DataFrame:
    """Rows with role, image and region; rows of patients that have none of our features are left out."""
    if regions is None:
        for name in ("role", "roi"):
            frame = frame if name in given else frame.assign(**{name: FINISHED})
        return frame if "image_id" in given else frame.assign(image_id=frame["patient_id"] + "-" + frame["role"])
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
