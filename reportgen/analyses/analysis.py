"""What an experiment is made of, and what it may know of its study."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import xarray as xr

from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.findings import Finding
from reportgen.inference import HeadTests
from reportgen.knowledge import Knowledge
from reportgen.report.experiment import Told
from reportgen.report.results import Plan
from reportgen.spec.model import StudySpec
from reportgen.spec.section import Section
from reportgen.statements import Statement

S = TypeVar("S", bound=Section)
F = TypeVar("F")


@dataclass(frozen=True)
class Passes:
    """Token sequences that an experiment itself sends through a model, forward and backward, and all their tokens."""

    forward: int = 0
    backward: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Needs:
    """What an experiment needs of the model: scores, captured with those of the others, and passes of its own."""

    requests: tuple[Request, ...] = ()
    passes: Passes = Passes()


@dataclass(frozen=True)
class Study:
    """What an experiment may know: the plan, and what the study has found by then.

    `scores` are the study's own, labelled, [statement, layer, head]; `findings` has one for each contrast.
    """

    plan: Plan
    scores: xr.DataArray
    findings: tuple[Finding, ...]
    knowledge: Knowledge
    model: ProvenModel

    @property
    def spec(self) -> StudySpec:
        """The study's spec."""
        return self.plan.file.spec

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The study's statements, in order."""
        return self.plan.statements.statements

    @property
    def tests(self) -> HeadTests:
        """The study's first contrast at every head: what its recall heads rest on."""
        return self.findings[0].tests

    def label(self, values: Scores) -> xr.DataArray:
        """Other values of the same statements, [statement, layer, head], with the labels of the study's own scores."""
        labelled: xr.DataArray = self.scores.copy(data=values)
        return labelled


@dataclass(frozen=True)
class Analysis(Generic[S, F]):
    """One kind of experiment: its key in a spec, its words, and its three functions (see the package)."""

    id: str
    title: str
    question: str
    needs: Callable[[Plan, S], Needs]
    find: Callable[[Study, S, Scores], F]
    tell: Callable[[F, Study, S], Told]


AnyAnalysis = Analysis[Any, Any]
