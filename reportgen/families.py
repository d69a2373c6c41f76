"""The heads that are corrected for together, and what each correction makes of their p-values.

1. Corrections of p-values (Bonferroni to Benjamini–Yekutieli) see the p-values of all testable heads of the family.
2. Max-T arranges the units of all its contrasts from one source of chance: a unit that two contrasts share is
   exchanged in both at once, so that their joint distribution is kept (as PALM does over contrasts).
3. Intervals match the headline correction: the max-T critical value; the level that Bonferroni or Šidák leaves to one
   head; the level of Benjamini & Yekutieli (2005) for the heads that a false-discovery correction selects.
4. Equivalence (two one-sided t tests) is corrected as the headline says, by Holm where that is max-T or two-stage.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reportgen.notices import Notice
from reportgen.procedures import Arranged, Procedure
from reportgen.spec.model import Correction, TestsSection
from reportgen.stats.arrangements import Draws
from reportgen.stats.corrections import adjust, criterion
from reportgen.stats.differences import Flags, MeanDifference, PerHead, Scores
from reportgen.stats.effects import Interval, fcr_level, simultaneous_interval, t_interval
from reportgen.stats.equivalence import equivalence
from reportgen.stats.maxt import Null, Resampled, max_t, step_down
from reportgen.stats.power import detectable, detectable_at
from reportgen.stats.tail import TailFit, pareto_tail
from reportgen.stats.tests import TestStatistics


@dataclass(frozen=True)
class Member:
    """One contrast of a family: its units [unit, head], its tests, and the names of its units, those of A first.

    `resampled` says that its p-values come from the arrangements and not from the test's own distribution.
    """

    a: Scores
    b: Scores
    result: TestStatistics
    difference: MeanDifference
    procedure: Procedure
    names: tuple[str, ...]
    resampled: bool

    @property
    def testable(self) -> Flags:
        return np.asarray(self.result.reason == "")

    def null(self, arranged: Arranged, draws: Draws, union: Sequence[str]) -> Null:
        """The null of the testable heads, its units at their places in the union of the family's units."""
        places = {name: place for place, name in enumerate(union)}
        rows = np.array([places[name] for name in self.names])
        return arranged(self.a[:, self.testable], self.b[:, self.testable], draws, rows)


@dataclass(frozen=True)
class Adjusted:
    """One contrast's share of its family; arrays of shape [head], NaN where a head cannot be tested.

    `by_correction` stands in the order of the spec's corrections. `observed` are the statistics that max-T compares, in
    units of t and larger further from the null; `maxima` are each arrangement's largest over the whole family,
    [arrangement]; `exact` says that all arrangements were listed. `critical` is what an observed statistic has to
    exceed under max-T, `interval_critical` what |t| of the mean has to, for two-sided intervals. `tail` is the fit that
    made small adjusted p-values finer, where the spec asks for one.
    """

    size: int
    p_value: PerHead
    by_correction: tuple[PerHead, ...]
    interval: Interval
    detectable: PerHead
    equivalence: PerHead
    observed: PerHead
    maxima: PerHead
    exact: bool
    critical: float
    interval_critical: float
    tail: TailFit | None
    notices: tuple[Notice, ...]

    @property
    def arrangements(self) -> int:
        """How many arrangements are behind max-T."""
        return len(self.maxima)


@dataclass(frozen=True)
class _Arranged:
    """What max-T says of all testable heads of the family, one contrast after another."""

    test: Resampled
    step_down: PerHead
    critical: float
    tail: TailFit | None


def adjust_family(members: Sequence[Member], tests: TestsSection) -> list[Adjusted]:
    """Adjust the p-values of one family of contrasts; one record each, in their order."""
    arranged = _arrange(members, tests)
    p_values = _p_values(members, arranged)
    adjusted = {name: _adjusted(p_values, arranged, members, name, tests) for name in tests.corrections}
    size = int(sum(member.testable.sum() for member in members))
    selected = int(((adjusted[tests.headline] <= tests.alpha) & _large(members, tests)).sum())
    equivalent, observed = _equivalent(members, tests), _on_all_heads(arranged.test.observed, members)
    ends = np.cumsum([len(member.testable) for member in members])[:-1]
    pieces = {name: np.split(values, ends) for name, values in adjusted.items()}
    return [
        Adjusted(
            size=size,
            p_value=own,
            by_correction=tuple(pieces[name][place] for name in tests.corrections),
            interval=_interval(member.difference, arranged.critical, selected, size, tests),
            detectable=_detectable(member.difference, arranged.test, size, tests),
            equivalence=np.split(equivalent, ends)[place],
            observed=np.split(observed, ends)[place],
            maxima=arranged.test.maxima,
            exact=arranged.test.exact,
            critical=arranged.test.critical(tests.alpha),
            interval_critical=arranged.critical,
            tail=arranged.tail,
            notices=tuple(_few_arrangements(arranged.test, member, size, tests)),
        )
        for place, (member, own) in enumerate(zip(members, np.split(p_values, ends), strict=True))
    ]


def _large(members: Sequence[Member], tests: TestsSection) -> Flags:
    """Whose effects are large enough to be reported as found, one contrast after another."""
    effects = np.concatenate([member.difference.estimate for member in members])
    return np.asarray(np.abs(effects) >= tests.smallest_effect)


def _arrange(members: Sequence[Member], tests: TestsSection) -> _Arranged:
    if not any(member.testable.any() for member in members):
        nothing = np.empty(0)
        return _Arranged(
            Resampled(nothing, nothing, nothing, nothing, exact=True, possible_p=1.0), nothing, np.inf, None
        )
    own = _nulls(members, tests, [member.procedure.null for member in members])
    resampled = max_t(own, tests.alternative)
    # Intervals are two-sided and those of the mean, whichever test decides.
    plain = tests.alternative == "two-sided" and not any(member.procedure.ranks for member in members)
    mean = resampled if plain else max_t(_nulls(members, tests, [m.procedure.mean_null for m in members]))
    wanted = "max_t_step_down" in tests.corrections
    tail = None
    if tests.tail == "pareto" and not resampled.exact:
        tail = pareto_tail(resampled.maxima, resampled.observed, np.random.default_rng(tests.seed))
        # No fit can know of an arrangement that does not exist.
        tail = replace(tail, p_value=np.maximum(tail.p_value, resampled.possible_p))
    return _Arranged(
        test=resampled,
        step_down=step_down(own, tests.alternative) if wanted else resampled.adjusted,
        critical=mean.critical(tests.alpha),
        tail=tail,
    )


def _nulls(members: Sequence[Member], tests: TestsSection, arranged: Sequence[Arranged]) -> list[Null]:
    union = list(dict.fromkeys(name for member in members for name in member.names))
    draws = Draws(len(union), tests.resamples, tests.seed)
    pairs = zip(members, arranged, strict=True)
    return [member.null(null, draws, union) for member, null in pairs if member.testable.any()]


def _p_values(members: Sequence[Member], arranged: _Arranged) -> PerHead:
    """Each head's own p-value, one contrast after another: the test's, or that of the arrangements."""
    own = np.concatenate([member.result.p_value for member in members])
    resampled = np.concatenate([np.full(len(member.testable), member.resampled) for member in members])
    return np.where(resampled, _on_all_heads(arranged.test.p_value, members), own)


def _on_all_heads(values: PerHead, members: Sequence[Member]) -> PerHead:
    """Values of the testable heads at their places among all; NaN elsewhere."""
    testable = np.concatenate([member.testable for member in members])
    placed = np.full(len(testable), np.nan)
    placed[testable] = values
    return placed


def _adjusted(
    p_values: PerHead, arranged: _Arranged, members: Sequence[Member], method: Correction, tests: TestsSection
) -> PerHead:
    if not criterion(method).resampled:
        return adjust(p_values, method, tests.alpha)
    single = arranged.test.adjusted if arranged.tail is None else arranged.tail.p_value
    # Step down never finds less, also where a fitted tail makes the single step finer.
    values = single if method == "max_t" else np.minimum(arranged.step_down, single)
    return _on_all_heads(values, members)


def _equivalent(members: Sequence[Member], tests: TestsSection) -> PerHead:
    raw = np.concatenate(
        [np.where(m.testable, equivalence(m.difference, tests.smallest_effect), np.nan) for m in members]
    )
    # Two-stage p-values can lie below the raw ones, which would be no proof of the smallness of one head.
    by_holm = criterion(tests.headline).resampled or tests.headline == "two_stage_benjamini_hochberg"
    method: Correction = "holm" if by_holm else tests.headline
    return adjust(raw, method, tests.alpha)


def _interval(difference: MeanDifference, critical: float, selected: int, size: int, tests: TestsSection) -> Interval:
    """Each effect with an interval of the headline correction's kind, two-sided."""
    rule = criterion(tests.headline)
    if rule.resampled:
        return simultaneous_interval(difference, critical)
    family = max(size, 1)
    if rule.controls == "FDR":
        share = rule.strictest(tests.alpha, family) / (tests.alpha / family)
        return t_interval(difference, fcr_level(tests.alpha * share, max(selected, 1), family))
    return t_interval(difference, 1 - rule.strictest(tests.alpha, family))


def _detectable(difference: MeanDifference, arranged: Resampled, size: int, tests: TestsSection) -> PerHead:
    """For what the headline correction asks of a first finding; a family of none is not corrected."""
    rule = criterion(tests.headline)
    if rule.resampled:
        return detectable_at(difference, arranged.critical(tests.alpha) if len(arranged.maxima) else np.nan)
    return detectable(difference, rule.strictest(tests.alpha, max(size, 1)), alternative=tests.alternative)


def _few_arrangements(resampled: Resampled, member: Member, size: int, tests: TestsSection) -> Iterator[Notice]:
    """A warning where no p-value of the arrangements can be small enough to count."""
    rule, needed = criterion(tests.headline), tests.alpha
    if not rule.resampled:
        if not member.resampled:
            return
        needed = rule.strictest(tests.alpha, max(size, 1))
    if resampled.smallest_p <= needed:
        return
    hopeless = resampled.possible_p > needed
    if resampled.exact:
        why = f"its units can be arranged in {len(resampled.maxima)} ways alone"
    else:
        why = (
            "its units can be arranged in few ways"
            if hopeless
            else f"{len(resampled.maxima):,} arrangements were drawn"
        )
    remedy = "more units are needed" if hopeless else "raise `tests.resamples`"
    yield Notice(
        "warning",
        f"The smallest possible p-value is {resampled.smallest_p:.2g}, because {why}; a first finding under the headline "
        f"correction needs {needed:.2g}, so that no head may be found whatever its scores: {remedy}.",
    )
