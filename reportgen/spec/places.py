"""Where in which text something stands, and what is wrong there."""

from dataclasses import dataclass

from reportgen.errors import Problem
from reportgen.spec.wording import Loc


@dataclass(frozen=True, order=True)
class Place:
    """A place in a text, counted from 1. `origin` names the text: a file, or an override, which has no lines."""

    origin: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.origin}:{self.line}:{self.column}" if self.line else self.origin


@dataclass(frozen=True)
class Spot:
    """Where a value stands, where its key stands, and how it was written (`plain`: without quotes)."""

    place: Place
    key: Place
    written: str = ""
    plain: bool = False


@dataclass(frozen=True)
class Flaw:
    """Something wrong at one place; `loc` says what is to blame, so that it is blamed there only once."""

    place: Place
    loc: Loc
    message: str
    remedy: str = ""

    @property
    def problem(self) -> Problem:
        """What is wrong, as it is told."""
        return Problem(str(self.place), self.message, self.remedy)
