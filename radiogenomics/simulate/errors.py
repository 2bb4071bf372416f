"""What can go wrong when a cohort is simulated or scored."""

from pathlib import Path

from radiogenomics.errors import RadiogenomicsError


class SimulateError(RadiogenomicsError):
    """A cohort cannot be simulated or scored."""

    reason = "simulate"


class OutputExistsError(SimulateError):
    """The output folder holds a study that this simulation would overwrite."""

    reason = "output_exists"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} exists and differs from what would be written; nothing was written",
            hint="choose another --output, or delete the study that is there",
        )


class CohortSizeError(SimulateError):
    """The cohort asked for cannot be made."""

    reason = "cohort_size"

    def __init__(self, what: str, value: int, low: int, high: int) -> None:
        self.what, self.value, self.low, self.high = what, value, low, high
        super().__init__(f"{what} is {value}; it must lie in {low} to {high}", hint=f"change --{what}")
