"""Everything that a study's page is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reportgen.facts.fact import FactSet
from reportgen.locking import Lock
from reportgen.models.source import ModelSource
from reportgen.models.tokenizer import Tokenizer
from reportgen.notices import Notice
from reportgen.report.chat_words import chat_notices
from reportgen.report.experiment import Experiment
from reportgen.report.model_words import model_notices
from reportgen.spec.model import SpecFile
from reportgen.statements import StatementSet

if TYPE_CHECKING:  # a plan is made without them, and they bring SciPy and pandas
    import xarray as xr

    from reportgen.capture.patterns import Attention
    from reportgen.capture.run import Captured
    from reportgen.controls import Controls
    from reportgen.findings import Finding
    from reportgen.further import DoseFinding, InteractionFinding
    from reportgen.knowledge import Knowledge
    from reportgen.robustness import Robustness
    from reportgen.shown import Shown


@dataclass(frozen=True)
class Plan:
    """A study as far as it goes without its weights.

    `lock` is what was locked before there were results, if anything was; `limit` is the number of facts it was cut to,
    or None. `sought` are the keys, by room of the store, of what the model said before there were statements, where false
    objects go by that.
    """

    file: SpecFile
    source: ModelSource
    tokenizer: Tokenizer
    facts: FactSet
    statements: StatementSet
    lock: Lock | None
    limit: int | None
    sought: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the facts and their statements give to doubt, or had to leave out, and how statements are read if not as they
        are."""
        read = chat_notices(self.file.spec.model, self.tokenizer)
        return (*model_notices(self.source), *read, *self.facts.notices, *self.statements.notices)


@dataclass(frozen=True)
class Results:
    """One run of one study, start to end; `scores` has dims statement, layer and head.

    `robustness` is that of the first contrast; `left_out` are the contrasts that what was measured leaves without
    statements. `shown` says of which statements the page keeps what; `attention` holds their rows and patterns.
    """

    plan: Plan
    captured: Captured
    scores: xr.DataArray
    findings: tuple[Finding, ...]
    interactions: tuple[InteractionFinding, ...]
    doses: tuple[DoseFinding, ...]
    knowledge: Knowledge
    controls: Controls
    robustness: Robustness
    experiments: tuple[Experiment, ...]
    left_out: tuple[Notice, ...]
    shown: Shown
    attention: Attention

    @property
    def notices(self) -> tuple[Notice, ...]:
        """All that a reader must be told, in the order in which the stages came upon it."""
        tests = [*(finding.tests for finding in self.findings), *(finding.tests for finding in self.interactions)]
        tested = [notice for one in tests for notice in one.notices]
        dosed = [notice for finding in self.doses for notice in finding.notices]
        held = [notice for one in self.findings if one.held_out is not None for notice in one.held_out.notices]
        measured = (*self.knowledge.notices, *self.left_out, *self.controls.model.notices)
        further = [notice for experiment in self.experiments for notice in experiment.notices]
        return tuple(dict.fromkeys((*self.plan.notices, *measured, *tested, *held, *dosed, *further)))
