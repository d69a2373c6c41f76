"""How evenly each head spreads its attention over the tokens that it can look at, and whether recall heads are more focused.

1. The entropy of the query position's row of attention, as a part of the most that so many tokens allow, log n: 1 where all
   get the same, 0 where one gets all (`capture.request`). Once over all tokens, once over all but the first, on which heads
   rest when they have nothing to do (Xiao et al. 2024).
2. Recall heads are set beside the other heads of their own layers, since spread changes with depth: the difference, with a
   bootstrap interval over units, and its p-value among heads drawn at random from the same layers (`stats.matched`).
3. Each head is set beside the others of its layer, and true beside false statements, as the study's own scores are.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from reportgen import numbers
from reportgen.analyses.analysis import Needs, Study
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.errors import StudyError
from reportgen.inference import HeadTests, test_heads, test_units
from reportgen.report.experiment import Map
from reportgen.report.results import Plan
from reportgen.scores import flat
from reportgen.spec.experiments import EntropySection
from reportgen.spec.model import TestsSection
from reportgen.stats.effects import mean_interval, paired_bootstrap_interval
from reportgen.stats.matched import Drawn, among_random_heads, beside_their_layer, weights

_FEWEST_TOKENS = 3


@dataclass(frozen=True)
class Focus:
    """Recall heads' spread minus that of the other heads of their layers: among heads drawn at random, and with an interval
    over units."""

    drawn: Drawn
    low: float
    high: float

    def told(self, alpha: float) -> bool:
        """Whether they differ, both over facts and among heads."""
        return self.drawn.p_value <= alpha and not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Spread:
    """The spread of every head, [layer, head], over one choice of tokens: its mean over units with the interval of each head
    alone, the study's first contrast of it, and each head beside the others of its layer (None where a layer has no others).
    `focus` is None where recall heads have no others to be set beside."""

    mean: Map
    low: Map
    high: Map
    contrast: HeadTests
    beside: HeadTests | None
    focus: Focus | None


@dataclass(frozen=True)
class Entropy:
    """The spread over all tokens, and over all but the first; `bos` says whether the first is a beginning-of-sequence token.
    `matched` counts the recall heads whose layers have other heads."""

    whole: Spread
    rest: Spread
    bos: bool
    recall: int
    matched: int


def needs(plan: Plan, _: EntropySection) -> Needs:
    """The entropy of each statement's row, then of the row without its first token.

    Raises StudyError where a row has so few tokens that there is nothing to spread over.
    """
    statements = plan.statements.statements
    short = sum(statement.query + 1 < _FEWEST_TOKENS for statement in statements)
    if short:
        raise StudyError(
            f"in {numbers.count(short)} of {numbers.things(len(statements), 'statement')} the query position "
            f"(`{plan.file.spec.measure.query_position}`) sees fewer than {_FEWEST_TOKENS} tokens, over which attention could "
            "spread; read from a later one, such as `last`"
        )
    rows = [
        replace(statement, keys=tuple(range(first, statement.query + 1)))
        for first in (0, 1)
        for statement in statements
    ]
    return Needs(ask(rows, "entropy"))


def find(study: Study, _: EntropySection, scores: Scores) -> Entropy:
    """The spread over both choices of tokens."""
    count, recall = len(study.statements), study.tests.recall_heads().to_numpy()
    tokenizer, first = study.plan.tokenizer, study.statements[0].tokens.offsets[0]
    return Entropy(
        whole=_spread(study, scores[:count]),
        rest=_spread(study, scores[count:]),
        bos=first[0] == first[1] if tokenizer.opening is None else tokenizer.bos is not None,
        recall=int(recall.sum()),
        matched=int((recall & (weights(recall) > 0)).sum()),
    )


def _spread(study: Study, scores: Scores) -> Spread:
    tests, recall = study.spec.tests, study.tests.recall_heads().to_numpy()
    contrast = test_heads(study.label(scores), study.tests.contrast, tests)
    units = _units(contrast)
    interval = mean_interval(flat(units), 1 - tests.alpha)
    return Spread(
        mean=units.mean("unit").to_numpy().astype(np.float64),
        low=interval.low.reshape(recall.shape),
        high=interval.high.reshape(recall.shape),
        contrast=contrast,
        beside=_beside(units, contrast, tests),
        focus=_focus(units, recall, tests),
    )


def _units(tests: HeadTests) -> xr.DataArray:
    """Each unit's mean over both sets, [unit, layer, head]; where sets are independent, the units of both."""
    if tests.design == "paired":
        return (tests.units_a + tests.units_b) / 2
    both: xr.DataArray = xr.concat([tests.units_a, tests.units_b], dim="unit")
    return both


def _beside(units: xr.DataArray, contrast: HeadTests, tests: TestsSection) -> HeadTests | None:
    """Every head beside the others of its layer, both ways, unit by unit."""
    if units.sizes["head"] < 2:
        return None
    others = units.copy(data=beside_their_layer(units.to_numpy().astype(np.float64)))
    plain = tests.model_copy(update={"test": "auto", "alternative": "two-sided"})
    return test_units(units.astype(np.float64), others, "paired", contrast.contrast, plain)


def _focus(units: xr.DataArray, recall: np.ndarray, tests: TestsSection) -> Focus | None:
    weighed = weights(recall)
    if not weighed.any():
        return None
    values = units.to_numpy().astype(np.float64)
    own = (flat(units).astype(np.float64) @ weighed.ravel())[:, np.newaxis]
    interval = paired_bootstrap_interval(own, np.zeros_like(own), 1 - tests.alpha, np.random.default_rng(tests.seed))
    drawn = among_random_heads(values.mean(axis=0), recall, tests.resamples, tests.seed)
    return Focus(drawn, float(interval.low[0]), float(interval.high[0]))
