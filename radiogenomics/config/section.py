"""What every part of the configuration is made of."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
Item = TypeVar("Item")


def _distinct(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if repeated := sorted({str(item) for item in items if items.count(item) > 1}):
        raise ValueError(f"{', '.join(repeated)} stands more than once")
    return items


Distinct = AfterValidator(_distinct)


class Section(BaseModel):
    """A frozen part of the configuration that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
