"""What every section of a spec has in common: unknown keys are errors, values keep their type, and what is wrong together is
said with its place."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1)]
Value = str | int | float | bool
Values = Annotated[tuple[Value, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Misfit:
    """Values that are fine alone and wrong together; `at` leads from where the check stands to the value."""

    message: str
    at: tuple[str | int, ...] = ()


class MisfitError(ValueError):
    """All misfits that one check found: a plain ValueError could carry the first alone, without its place."""

    def __init__(self, *found: Misfit) -> None:
        super().__init__("; ".join(misfit.message for misfit in found))
        self.found = found


class Section(BaseModel):
    """A section of a spec: unknown keys are errors and values never change their type or content."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def _misfits(self) -> Iterable[Misfit]:
        return ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if found := tuple(self._misfits()):
            raise MisfitError(*found)
        return self


def repeated(values: Iterable[Hashable]) -> list[int]:
    """The places of values that stand further up already."""
    first: dict[Hashable, int] = {}
    return [place for place, value in enumerate(values) if first.setdefault(value, place) != place]


def _each_once(choices: tuple[str, ...]) -> tuple[str, ...]:
    if repeats := repeated(choices):
        raise MisfitError(*(Misfit(f"`{choices[i]}` stands in this list twice", at=(i,)) for i in repeats))
    return choices


Once = AfterValidator(_each_once)
