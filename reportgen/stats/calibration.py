"""Do the procedures hold their promise on this very data? Counted on null data sets and on planted effects.

1. Many data sets in which no head differs are drawn from a contrast's real scores (`null_draws`). Every test with
   every correction is run on each; a draw with any finding is a false alarm. Where no head differs every finding is
   false, so the share of such draws estimates the family-wise error and the false discovery rate alike.
2. In other draws an effect of known size is added to known heads. What each procedure then finds gives its power, its
   false discoveries and its family-wise error; the intervals' coverage and the top list's inflation come from the same
   draws.
3. Every share comes with an interval for the draws' own chance: Wilson's (1927) for counts of draws, the normal one
   for means over draws. A procedure is called broken only where a wider interval, which allows for all that are judged
   side by side, lies wholly above its promise.

In 1 max-T's reference is computed once, since arrangements form a group; in 2 it is computed afresh for every draw.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.calibration_rows import (
    Calibration,
    CoverageRow,
    InflationRow,
    Mean,
    NullRow,
    PlantedRow,
    Rate,
    Size,
    StandardErrors,
)
from reportgen.stats.corrections import CRITERIA, Method, adjust, criterion
from reportgen.stats.differences import Flags, PerHead
from reportgen.stats.effects import Interval, fcr_level, simultaneous_interval, t_interval
from reportgen.stats.maxt import Resampled, max_t, step_down
from reportgen.stats.null_draws import RUN, Design, Test, blocks, null_of
from reportgen.stats.null_reference import Reference, reference_of
from reportgen.stats.selection import cross_fit

TOP = 10

_CELLS = 1_000_000
_ROUNDING = 1e-5

Advance = Callable[[int], None]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """How much is counted, and what is planted.

    `share` of the heads get an effect of each of the `sizes`. `draws` and `resamples` are those of the null data
    sets and of their max-T reference; the `planted_` ones, those of each size. `planted_tests` come on top of the
    design's own test; `splits` are those of cross-fitting.
    """

    alpha: float = 0.05
    corrections: tuple[Method, ...] = tuple(rule.method for rule in CRITERIA)
    draws: int = 2000
    resamples: int = 10_000
    share: float = 0.1
    sizes: tuple[Size, ...] = (StandardErrors(2.0), StandardErrors(3.5), StandardErrors(5.0))
    planted_tests: tuple[Test, ...] = ()
    planted_draws: int = 500
    planted_resamples: int = 999
    splits: int = 50


def calibrate(design: Design, settings: Settings, rng: np.random.Generator, advance: Advance) -> Calibration:
    """Count false alarms, power, coverage and inflation; `advance` is told of every draw that is done.

    Raises ValueError where no head can be tested.
    """
    testable = design.testable()
    if not testable.any():
        raise ValueError("no head of this contrast can be tested")
    kept = design.only(testable)
    nulls = count_nulls(kept, settings, rng, advance)
    results = [count_planted(kept, size, settings, rng, advance) for size in settings.sizes]
    return Calibration(
        heads=int(testable.sum()),
        heads_left_out=int((~testable).sum()),
        nulls=nulls,
        planted=tuple(row for result in results for row in result.rows),
        coverage=tuple(row for result in results for row in result.coverage),
        inflation=tuple(row for result in results for row in result.inflation),
    )


def count_nulls(design: Design, settings: Settings, rng: np.random.Generator, advance: Advance) -> tuple[NullRow, ...]:
    """False alarms of every test with every correction; every head of `design` has to be testable."""
    references = {test: reference_of(design, test, settings.resamples, seed_from(rng)) for test in design.tests}
    counts: dict[tuple[Test, Method], list[Counts]] = {
        (test, method): [] for test in design.tests for method in settings.corrections
    }
    for keys in _keys(design, settings.draws, rng):
        drawn = design.draw(keys)
        for test, reference in references.items():
            t = reference.statistics(design.weights(test, keys))
            family = _NullFamily(drawn.run(test), t, reference, settings.alpha)
            for method in settings.corrections:
                counts[test, method].append(family.found(method).sum(axis=1))
        advance(len(keys))
    heads = design.a.shape[1]
    return tuple(
        _null_row(test, method, settings.alpha, heads, np.concatenate(blocks), _shared(references[test], method))
        for (test, method), blocks in counts.items()
    )


def found_by(p_values: PerHead, method: Method, alpha: float) -> Flags:
    """Where adjusted p-values are at most `alpha`, for each row of [draw, head] on its own."""
    found = np.zeros(p_values.shape, dtype=np.bool_)
    for draw in np.flatnonzero(_may_find(p_values, method, alpha)):
        found[draw] = adjust(p_values[draw], method, alpha) <= alpha
    return found


def _may_find(p_values: PerHead, method: Method, alpha: float) -> Flags:
    """Draws that may hold a finding, [draw]. All corrections but Šidák's find nothing where no k-th smallest p is
    at most kα/m (Simes 1986): most null draws are settled by that, and the slow corrections not run on them."""
    if method in ("none", "sidak"):
        return np.ones(len(p_values), dtype=np.bool_)
    ordered = np.sort(p_values, axis=1)
    ranks = np.arange(1, ordered.shape[1] + 1) / np.maximum((~np.isnan(ordered)).sum(axis=1, keepdims=True), 1)
    return np.asarray((ordered <= ranks * alpha * (1 + _ROUNDING)).any(axis=1))


@dataclass(frozen=True)
class Planted:
    """What was counted with effects of one size."""

    rows: tuple[PlantedRow, ...]
    coverage: tuple[CoverageRow, ...]
    inflation: tuple[InflationRow, ...]


def count_planted(
    design: Design, size: Size, settings: Settings, rng: np.random.Generator, advance: Advance
) -> Planted:
    """Power, false discoveries, coverage and inflation; every head of `design` has to be testable."""
    truth = _plant(design, size, settings.share, rng)
    tests = tuple(dict.fromkeys((design.own_test, *settings.planted_tests)))
    found: dict[tuple[Test, Method], list[Flags]] = {
        (test, method): [] for test in tests for method in settings.corrections
    }
    estimates: list[_Estimates] = []
    for keys in _keys(design, settings.planted_draws, rng):
        for a, b in design.draw(keys).plus(truth).each():
            families = {test: _PlantedFamily.of(test, a, b, settings, seed_from(rng)) for test in tests}
            for (test, method), findings in found.items():
                findings.append(families[test].found(method))
            estimates.append(_estimate(design, a, b, truth, families[design.own_test], settings, rng))
            advance(1)
    rows = (_planted_row(size, *key, settings.alpha, np.array(found[key]), truth != 0) for key in found)
    return Planted(tuple(rows), _coverage_rows(size, estimates, settings.alpha), _inflation_rows(size, estimates))


def seed_from(rng: np.random.Generator) -> int:
    """A seed for arrangements, which draw their own random numbers."""
    return int(rng.integers(2**32))


def _keys(design: Design, draws: int, rng: np.random.Generator) -> Iterator[PerHead]:
    """Random keys of null data sets in blocks, [draw, unit]; the size of a block changes nothing in them."""
    return (rng.random((count, design.keys)) for count in blocks(design, draws, _CELLS))


@dataclass(frozen=True)
class _NullFamily:
    """One test of a block of null data sets: p-values and |t|, [draw, head]."""

    p_values: PerHead
    t: PerHead
    reference: Reference
    alpha: float

    def found(self, method: Method) -> Flags:
        """Which heads the test finds with that correction, [draw, head]."""
        if method == "max_t":
            return self.reference.single_step(self.t, self.alpha)
        if method == "max_t_step_down":
            return self.reference.step_down(self.t, self.alpha)
        return found_by(self.p_values, method, self.alpha)


@dataclass(frozen=True)
class _PlantedFamily:
    """One test of one data set with planted effects: p-values, max-T, and its step-down p-values, [head]."""

    p_values: PerHead
    max_t: Resampled
    step_down: PerHead
    alpha: float

    @classmethod
    def of(cls, test: Test, a: PerHead, b: PerHead, settings: Settings, seed: int) -> "_PlantedFamily":
        nulls = [null_of(test, a, b, settings.planted_resamples, seed)]
        return cls(RUN[test](a, b).p_value, max_t(nulls), step_down(nulls), settings.alpha)

    def found(self, method: Method) -> Flags:
        """Which heads the test finds with that correction, [head]."""
        if method == "max_t":
            return np.asarray(self.max_t.adjusted <= self.alpha)
        if method == "max_t_step_down":
            return np.asarray(self.step_down <= self.alpha)
        return np.asarray(found_by(self.p_values[np.newaxis], method, self.alpha)[0])


def _plant(design: Design, size: Size, share: float, rng: np.random.Generator) -> PerHead:
    """The true effects, [head]: `size` in a random `share` of the heads, at least one of them, and 0 elsewhere."""
    effects = size.of(design.standard_error())
    chosen = rng.permutation(len(effects))[: max(1, round(share * len(effects)))]
    truth = np.zeros_like(effects)
    truth[chosen] = effects[chosen]
    return truth


def _shared(reference: Reference, method: Method) -> float:
    """How many drawn arrangements all null data sets are compared with; infinitely many where their chance plays no
    part."""
    drawn = criterion(method).resampled and not reference.resampled.exact
    return len(reference.resampled.maxima) if drawn else np.inf


def _null_row(test: Test, method: Method, alpha: float, heads: int, counts: Counts, arrangements: float) -> NullRow:
    found_any = Rate(int((counts > 0).sum()), len(counts), arrangements)
    return NullRow(test, method, alpha, heads, found_any, _mean(counts))


def _planted_row(size: Size, test: Test, method: Method, alpha: float, found: Flags, planted: Flags) -> PlantedRow:
    """Of findings [draw, head] and the heads that are `planted`."""
    true, false = found[:, planted].sum(axis=1), found[:, ~planted].sum(axis=1)
    draws = len(found)
    return PlantedRow(
        size=size,
        test=test,
        correction=method,
        alpha=alpha,
        average_power=_mean(true / planted.sum()),
        any_power=Rate(int((true > 0).sum()), draws),
        false_discoveries=_mean(false / np.maximum(true + false, 1)),
        family_wise=Rate(int((false > 0).sum()), draws),
    )


@dataclass(frozen=True)
class _Estimates:
    """Of one data set: the share of heads that their own intervals hold, whether the simultaneous ones hold them all,
    the share of found heads that the adjusted ones hold, and the inflation of the top list, naive and cross-fitted;
    the latter is NaN where halves of the units choose none of that list."""

    each: float
    all: float
    found: float
    naive: float
    cross_fitted: float


def _estimate(
    design: Design,
    a: PerHead,
    b: PerHead,
    truth: PerHead,
    family: _PlantedFamily,
    settings: Settings,
    rng: np.random.Generator,
) -> _Estimates:
    """What the intervals and the top list of one data set are worth; `family` is that of the design's own test."""
    alpha, difference = settings.alpha, design.difference(a, b)
    critical, found = family.max_t.critical(alpha), family.found("benjamini_hochberg")
    adjusted = t_interval(difference, fcr_level(alpha, max(1, int(found.sum())), len(found)))
    top = np.argsort(-np.abs(difference.estimate), kind="stable")[:TOP]
    fitted = cross_fit(design.samples(a, b), TOP, settings.splits, rng).estimate
    excess = np.sign(difference.estimate[top]) * (np.stack([difference.estimate, fitted])[:, top] - truth[top])
    known = ~np.isnan(fitted[top])
    return _Estimates(
        each=float(_holds(t_interval(difference, 1 - alpha), truth).mean()),
        all=float(_holds(simultaneous_interval(difference, critical), truth).all()),
        found=float(_holds(adjusted, truth)[found].mean()) if found.any() else 1.0,
        naive=float(excess[0].mean()),
        cross_fitted=float(excess[1][known].mean()) if known.any() else np.nan,
    )


def _holds(interval: Interval, truth: PerHead) -> Flags:
    return np.asarray((interval.low <= truth) & (truth <= interval.high))


def _coverage_rows(size: Size, seen: list[_Estimates], alpha: float) -> tuple[CoverageRow, ...]:
    return (
        CoverageRow(size, "t", "each head", _mean(np.array([one.each for one in seen])), 1 - alpha),
        CoverageRow(size, "max_t", "all heads", _mean(np.array([one.all for one in seen])), 1 - alpha),
        CoverageRow(size, "fcr", "the heads found", _mean(np.array([one.found for one in seen])), 1 - alpha),
    )


def _inflation_rows(size: Size, seen: list[_Estimates]) -> tuple[InflationRow, ...]:
    cross_fitted = np.array([one.cross_fitted for one in seen])
    return (
        InflationRow(size, "naive", _mean(np.array([one.naive for one in seen]))),
        InflationRow(size, "cross_fitted", _mean(cross_fitted[~np.isnan(cross_fitted)])),
    )


def _mean(values: npt.NDArray[np.generic]) -> Mean:
    if not len(values):
        return Mean(np.nan, np.nan, 0)
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Mean(float(values.mean()), spread / float(np.sqrt(len(values))), len(values))
