"""What an experiment hands to the page: its answer, its figures and tables, its method, its files, and what it says of heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from reportgen.notices import Notice
from reportgen.report.document import Block
from reportgen.report.markup import Md, join_md

if TYPE_CHECKING:
    from reportgen.report.downloads import Download

Map = npt.NDArray[np.float64]
Kind = Literal["looks", "moves", "holds"]
"""What a kind of evidence is about: that a head looks at the subject in another way, that it moves the answer, or that what
was found of it holds up."""


@dataclass(frozen=True)
class Evidence:
    """One kind of evidence about every head, [layer, head]: an estimate and its interval in `unit`, NaN where there is none.

    `speaks` says where the head stands out by this evidence; `what` is a short noun phrase, a column's title; `digits` are
    those behind the decimal point.
    """

    what: str
    unit: str
    estimate: Map
    low: Map
    high: Map
    speaks: npt.NDArray[np.bool_]
    kind: Kind = "looks"
    digits: int = 1


@dataclass(frozen=True)
class Told:
    """What was found: `answer` in a sentence or two with the uncertainty, then the blocks that show it.

    `method` is for the methods section, with its citations.
    """

    answer: Md
    blocks: tuple[Block, ...]
    method: Md
    files: tuple[Download, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """One experiment of a study by its key in the spec: its question, and what was found or why it was not done."""

    id: str
    title: str
    question: str
    outcome: Told | str

    @property
    def anchor(self) -> str:
        """The id of its heading."""
        return f"experiment-{self.id.replace('_', '-')}"

    @property
    def told(self) -> Told | None:
        """What was found; None where it was not done."""
        return self.outcome if isinstance(self.outcome, Told) else None

    @property
    def answer(self) -> Md:
        """What was found, or that it was not done."""
        return self.outcome.answer if isinstance(self.outcome, Told) else Md("This was not done.")

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader must be told of it."""
        if isinstance(self.outcome, Told):
            return self.outcome.notices
        return (Notice("left out", f"The experiment “{self.title}” was not done: {self.outcome.rstrip('.')}."),)


def experiments_method(experiments: Sequence[Experiment]) -> tuple[Md, ...]:
    """One paragraph on all that were done; nothing where none was."""
    told = [experiment.told.method for experiment in experiments if experiment.told is not None]
    return (join_md(told),) if told else ()
