"""What was found, as values a reader can quote: claim, estimate, interval, adjusted p, n and verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from reportgen.contrasts import FEWEST_PAIRS
from reportgen.errors import StudyError, shown
from reportgen.holdout import HeldOut, hold_out
from reportgen.inference import HeadTests, bootstrap_interval, test_contrasts, test_heads
from reportgen.selected import Selected, look_again
from reportgen.spec.model import Correction, StudySpec
from reportgen.statements import Statement, twins
from reportgen.stats.effects import Interval

DIFFERS, NEGLIGIBLE, UNDECIDED = "differs", "is negligible", "undecided"

_VALUES = (
    "mean_a",
    "mean_b",
    "effect",
    "effect_low",
    "effect_high",
    "simultaneous_low",
    "simultaneous_high",
    "standardized",
    "dominance",
    "p_value",
    "equivalence",
)


@dataclass(frozen=True)
class HeadFinding:
    """What one head shows in one contrast. Means and effect are shares of attention.

    `effect_low` and `effect_high` bound the head's own interval, `simultaneous_*` that which allows for all heads.
    `verdict` is one of three: the head differs, is negligible (shown to differ by less than the smallest effect of
    interest), or is undecided; `reason` says why it could not be tested, and is empty where it was.
    """

    layer: int
    head: int
    mean_a: float
    mean_b: float
    effect: float
    effect_low: float
    effect_high: float
    simultaneous_low: float
    simultaneous_high: float
    standardized: float
    dominance: float
    p_value: float
    equivalence: float
    adjusted: float
    reason: str
    verdict: str

    @property
    def name(self) -> str:
        """Layer and head as the field writes them: L9H1."""
        return f"L{self.layer}H{self.head}"


@dataclass(frozen=True)
class CorrectionFinding:
    """How many heads one correction lets pass, of `family` tested ones; `beyond` counts effects large enough too."""

    method: Correction
    passing: int
    beyond: int


@dataclass(frozen=True)
class OtherChoice:
    """The same contrast under another reasonable choice: n, heads found, and how many of them the study found."""

    choice: str
    n: int
    heads: int
    shared: int


@dataclass(frozen=True)
class Finding:
    """All that one contrast shows.

    `strongest` are the heads to look at first: those found, strongest effect first, filled up with the next
    strongest. `detectable` is the smallest effect (share of attention) that this study could have seen with
    80 % power, the median over heads. `bootstrap` are each head's own BCa intervals, layer by layer. `selected` looks
    at the strongest heads again on units that did not choose them (None with too few units); `held_out` is the
    confirmation on a part set aside, where the spec asks for one.
    """

    tests: HeadTests
    all_heads: tuple[HeadFinding, ...]
    strongest: tuple[HeadFinding, ...]
    recall: tuple[HeadFinding, ...]
    corrections: tuple[CorrectionFinding, ...]
    detectable: float
    other_choices: tuple[OtherChoice, ...]
    bootstrap: Interval
    selected: Selected | None
    held_out: HeldOut | None

    @property
    def negligible(self) -> int:
        """How many heads are shown to differ by less than the smallest effect of interest."""
        return sum(head.verdict == NEGLIGIBLE for head in self.all_heads)


def conclude(scores: xr.DataArray, statements: Sequence[Statement], spec: StudySpec) -> tuple[Finding, ...]:
    """Test every contrast of the spec and say what each shows.

    Raises what `test_contrasts` raises, and StudyError where not a single head of a contrast can be tested.
    """
    tested = test_contrasts(scores, spec.contrasts, spec.tests)
    return tuple(_finding(tests, scores, statements, spec) for tests in tested)


def _finding(tests: HeadTests, scores: xr.DataArray, statements: Sequence[Statement], spec: StudySpec) -> Finding:
    _require_family(tests)
    found = tests.recall_heads().to_numpy()
    all_heads = _heads(tests)
    by_place = {(head.layer, head.head): head for head in all_heads}
    ranked = [by_place[place] for place in tests.strongest(len(all_heads))]
    recall = tuple(head for head in ranked if found[head.layer, head.head])
    return Finding(
        tests=tests,
        all_heads=all_heads,
        strongest=tuple(ranked[: spec.report.top_heads]),
        recall=recall,
        corrections=tuple(_correction(tests, method) for method in spec.tests.corrections),
        detectable=float(tests.heads.detectable.median()),
        other_choices=_even_objects(scores, statements, spec, tests),
        bootstrap=bootstrap_interval(tests),
        selected=look_again(tests, spec.report.top_heads),
        held_out=None if spec.tests.split is None else hold_out(tests, spec.tests.split),
    )


def _require_family(tests: HeadTests) -> None:
    if not tests.tested:
        reasons = "; ".join(sorted(set(tests.heads.reason.to_numpy().ravel().tolist())))
        raise StudyError(f"no head can be tested in the contrast {shown(tests.contrast.id)}: {reasons}")


def _heads(tests: HeadTests) -> tuple[HeadFinding, ...]:
    """Every head in the order of the model."""
    values = {name: tests.heads[name].to_numpy() for name in _VALUES}
    adjusted, reasons = tests.adjusted(tests.headline).to_numpy(), tests.heads.reason.to_numpy()
    found, negligible = tests.recall_heads().to_numpy(), tests.negligible().to_numpy()
    return tuple(
        HeadFinding(
            layer=place[0],
            head=place[1],
            **{name: float(value[place]) for name, value in values.items()},
            adjusted=float(adjusted[place]),
            reason=str(reasons[place]),
            verdict=_verdict(str(reasons[place]), found=bool(found[place]), negligible=bool(negligible[place])),
        )
        for place in np.ndindex(adjusted.shape)
    )


def _verdict(reason: str, *, found: bool, negligible: bool) -> str:
    if reason:
        return f"not tested: {reason}"
    if found:
        return DIFFERS
    return NEGLIGIBLE if negligible else UNDECIDED


def _correction(tests: HeadTests, method: Correction) -> CorrectionFinding:
    return CorrectionFinding(method, int(tests.significant(method).sum()), int(tests.found_by(method).sum()))


def _even_objects(
    scores: xr.DataArray,
    statements: Sequence[Statement],
    spec: StudySpec,
    tests: HeadTests,
) -> tuple[OtherChoice, ...]:
    """A paired contrast without the twins whose objects differ in their number of tokens, where there are any."""
    uneven = {true.fact.pair for true, false in twins(statements) if len(true.object) != len(false.object)}
    compared = tests.a.pair.to_numpy().tolist() if tests.partners else []
    left = sum(pair not in uneven for pair in compared)
    if left == len(compared) or left < FEWEST_PAIRS:
        return ()
    even = np.array([statement.fact.pair not in uneven for statement in statements])
    without = test_heads(scores.isel(statement=even), tests.contrast, spec.tests)
    found, before = without.recall_heads(), tests.recall_heads()
    choice = "only pairs whose objects have the same number of tokens"
    return (OtherChoice(choice, without.n_a, int(found.sum()), int((found & before).sum())),)
