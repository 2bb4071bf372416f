"""Finished tables of the user's: a path, or a file and how its columns are called."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter

from radiogenomics.config.section import Distinct, Name, Section

State = Literal["altered", "wild_type", "not_assayed"]


class FinishedFeatures(Section):
    """A finished table: a path alone, or these keys."""

    file: Path = Field(description="CSV, TSV (both also gzipped) or Parquet.")
    patient_id: str = Field("patient_id", description="Column that names the patient.")
    patient_prefix: int | None = Field(
        None,
        ge=1,
        description="Leading characters of that column that are the patient, 12 for TCGA barcodes; null takes all.",
    )
    columns: Annotated[tuple[str, ...], Distinct] = Field(
        ("*",),
        min_length=1,
        description="Patterns of the features or markers that are read; `*`, `?` and `[…]` as in a shell.",
    )
    exclude: Annotated[tuple[str, ...], Distinct] = Field(
        (), description="Patterns of those among them that are not read."
    )
    missing: Annotated[tuple[str, ...], Distinct] = Field(
        (), description="Texts that mean a missing value, beside an empty cell, `NA`, `NaN` and `nan`."
    )

    def located(self, place: Callable[[Path], Path]) -> Self:
        """The same with its path as ``place`` makes it."""
        return self.model_copy(update={"file": place(self.file)})

    def chosen(self, name: str) -> bool:
        """Whether a feature or marker of this name is read."""
        wanted, unwanted = (
            any(fnmatchcase(name, pattern) for pattern in patterns) for patterns in (self.columns, self.exclude)
        )
        return wanted and not unwanted


class FinishedMarkers(FinishedFeatures):
    """A finished table of markers: a path alone, or these keys."""

    values: dict[str, State] = Field(
        default_factory=dict,
        description="State that each text means, e.g. `{Mutant: altered, WT: wild_type}`; any other text is then an"
        " error.",
    )


def _mapping(given: Any) -> Any:  # noqa: ANN401 (whatever the file holds)
    return {"file": given} if isinstance(given, str | Path) else given


FeatureTable = Annotated[FinishedFeatures, BeforeValidator(_mapping, json_schema_input_type=Path | FinishedFeatures)]
MarkerTable = Annotated[FinishedMarkers, BeforeValidator(_mapping, json_schema_input_type=Path | FinishedMarkers)]
FEATURE_TABLES: TypeAdapter[Mapping[Name, FinishedFeatures]] = TypeAdapter(dict[Name, FeatureTable])
