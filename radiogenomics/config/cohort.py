"""Keys of ``study``, ``cohort`` and ``pacs``."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from radiogenomics.config.section import Name, Section

# The columns that the patients table has of its own (`tables.PATIENTS`, which is too heavy to import here).
RESERVED_COLUMNS = ("patient_id", "included", "excluded_stage", "excluded_reason", "excluded_message")


def component_names(n: int) -> tuple[str, ...]:
    """Names of the first principal components as covariates."""
    return tuple(f"PC{number}" for number in range(1, n + 1))


class Study(Section):
    """What the study is called."""

    title: str = Field("Radiogenomic association study", description="Title of the report.")


class Outcome(Section):
    """One outcome with censored times: two columns of the patients sheet."""

    time: str = Field(
        min_length=1,
        description="Column of the time to the event or to the end of observation, a number above 0 in any one unit.",
    )
    event: str = Field(
        min_length=1,
        description="Column that says whether the time ends with the event (`1`, `yes`, `true`) or is censored (`0`,"
        " `no`, `false`).",
    )

    @model_validator(mode="after")
    def _two_columns(self) -> Self:
        if self.time == self.event:
            raise ValueError(f"{self.time} cannot be both the time and the event")
        return self


class Cohort(Section):
    """Who is in the study: three sheets, the covariates and the outcomes."""

    patients: Path | None = Field(
        Path("patients.tsv"),
        description="Sheet of patients: `patient_id` and one column per covariate. null: every patient of the tables"
        " in radiomics.tables, without covariates.",
    )
    images: Path | None = Field(
        Path("images.tsv"),
        description="Sheet of images: one row per image and region of interest. null: there are none, and features come"
        " from radiomics.tables.",
    )
    samples: Path | None = Field(
        Path("samples.tsv"),
        description="Sheet of sequenced samples: one row per patient; or one MAF, in which every patient's sample bears"
        " the patient's name (see genomics.sample_id). null: there are none, and markers come from genomics.markers.",
    )
    covariates: dict[Name, Literal["number", "category"]] = Field(
        default_factory=dict,
        description="Columns of the patients sheet that enter the full model, and how: as a number or as categories.",
    )
    outcomes: dict[Name, Outcome] = Field(
        default_factory=dict,
        description="Survival outcomes by a name of yours, each a mapping with `time` and `event`, columns of the"
        " patients sheet; every feature and marker is then tested on each.",
    )

    components: int = Field(
        0,
        ge=0,
        description="Number of principal components of genotypes, PC1, PC2, …, that enter the full model as covariates;"
        " needs genomics.quality.enabled.",
    )

    @field_validator("covariates")
    @classmethod
    def _free_names(cls, covariates: dict[str, str]) -> dict[str, str]:
        if taken := [name for name in covariates if name in RESERVED_COLUMNS]:
            raise ValueError(f"{', '.join(taken)} is a column of the patients table; give the covariate another name")
        return covariates

    @model_validator(mode="after")
    def _sheets_need_patients(self) -> Self:
        if self.patients is None and (self.images is not None or self.covariates or self.outcomes):
            raise ValueError(
                "patients is null, so images must be null and there are no covariates and no outcomes; name a sheet of"
                " patients"
            )
        return self

    @model_validator(mode="after")
    def _components_are_no_columns(self) -> Self:
        if taken := sorted(set(component_names(self.components)) & set(self.covariates)):
            raise ValueError(f"{', '.join(taken)} is a covariate and a component; rename the column of the sheet")
        return self

    @model_validator(mode="after")
    def _outcomes_are_no_covariates(self) -> Self:
        named = {column for outcome in self.outcomes.values() for column in (outcome.time, outcome.event)}
        if both := sorted(named & {"patient_id", *self.covariates}):
            raise ValueError(f"{', '.join(both)} cannot be a column of an outcome: it is the patient or a covariate")
        return self


class Server(Section):
    """A DICOMweb server."""

    url: str = Field(
        pattern=r"^https?://", description="Root of the DICOMweb service; studies are found at `<url>/studies`."
    )
    user_env: str | None = Field(None, description="Name of the environment variable that holds the user name.")
    password_env: str | None = Field(None, description="Name of the environment variable that holds the password.")
    token_env: str | None = Field(None, description="Name of the environment variable that holds a bearer token.")

    @field_validator("url")
    @classmethod
    def _no_credential(cls, url: str) -> str:
        if "@" in urlsplit(url).netloc:
            raise ValueError("the URL holds a user name; name environment variables in user_env and password_env")
        return url

    @model_validator(mode="after")
    def _one_kind_of_credential(self) -> Self:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("user_env and password_env go together")
        if self.token_env and self.user_env:
            raise ValueError("give either token_env or user_env and password_env")
        return self


class Pacs(Section):
    """Servers that series may be fetched from."""

    servers: dict[Name, Server] = Field(
        default_factory=dict,
        description="DICOMweb servers by the name that the images sheet uses: `dicomweb:NAME/STUDY_UID/SERIES_UID`.",
    )
    timeout_s: float = Field(
        60.0, gt=0, description="Longest silence of a server, in seconds, before a request is given up."
    )
    attempts: int = Field(3, ge=1, description="How often a failed retrieval is tried in all.")
