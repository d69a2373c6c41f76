"""Do the procedures hold their promise on this very data? Counted on null data sets and on planted effects.

1. Many data sets in which no head differs in any way are drawn from a contrast's real scores (`null_draws`). Every test with
   every correction is run on each; a draw with any finding is a false alarm. Where no head differs every finding is
   false, so the share of such draws estimates the family-wise error and the false discovery rate alike.
2. In other draws an effect of known size is added to known heads. What each procedure then finds gives its power, its
   false discoveries and its family-wise error; the intervals' coverage and the top list's inflation come from the same
   draws.
3. In a third kind of draws heads may differ in all but their means (`calibration_means`).
4. Every share comes with an interval for the draws' own chance: Wilson's (1927) for counts of draws, the normal one
   for means over draws. A procedure is called broken only where a wider interval, which allows for all that are judged
   side by side, lies wholly above its promise.

In 1 max-T's reference is computed once, since arrangements form a group; in 2 and 3 it is computed afresh for every draw.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.calibration_means import count_equal_means, count_normal, strongly_skewed
from reportgen.stats.calibration_rows import (
    Calibration,
    CoverageRow,
    InflationRow,
    NullRow,
    PlantedRow,
    Rate,
    Size,
)
from reportgen.stats.calibration_tested import Advance, Settings, Tested, found_by, keys_of, mean_of, seed_from
from reportgen.stats.corrections import Method, criterion
from reportgen.stats.differences import Flags, PerHead
from reportgen.stats.effects import Interval, fcr_level, simultaneous_interval, t_interval
from reportgen.stats.null_draws import NullDesign, Test
from reportgen.stats.null_reference import Reference, reference_of
from reportgen.stats.selection import cross_fit

TOP = 10

Counts = npt.NDArray[np.int64]


def calibrate(design: NullDesign, settings: Settings, rng: np.random.Generator, advance: Advance) -> Calibration:
    """Count false alarms, power, coverage, inflation, and what is found where only the means are equal; `advance` is told
    of every draw that is done.

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
        equal_means=count_equal_means(kept, settings, rng, advance),
        equal_means_normal=count_normal(kept, settings, rng, advance),
        skewed=strongly_skewed(kept, np.flatnonzero(testable), settings.strong_skew),
    )


def count_nulls(
    design: NullDesign, settings: Settings, rng: np.random.Generator, advance: Advance
) -> tuple[NullRow, ...]:
    """False alarms of every test with every correction; every head of `design` has to be testable."""
    references = {test: reference_of(design, test, settings.resamples, seed_from(rng)) for test in design.tests}
    counts: dict[tuple[Test, Method], list[Counts]] = {
        (test, method): [] for test in design.tests for method in settings.corrections
    }
    for keys in keys_of(design, settings.draws, rng):
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


@dataclass(frozen=True)
class Planted:
    """What was counted with effects of one size."""

    rows: tuple[PlantedRow, ...]
    coverage: tuple[CoverageRow, ...]
    inflation: tuple[InflationRow, ...]


def count_planted(
    design: NullDesign, size: Size, settings: Settings, rng: np.random.Generator, advance: Advance
) -> Planted:
    """Power, false discoveries, coverage and inflation; every head of `design` has to be testable."""
    truth = _plant(design, size, settings.share, rng)
    tests = tuple(dict.fromkeys((design.own_test, *settings.planted_tests)))
    found: dict[tuple[Test, Method], list[Flags]] = {
        (test, method): [] for test in tests for method in settings.corrections
    }
    estimates: list[_Estimates] = []
    for keys in keys_of(design, settings.planted_draws, rng):
        for a, b in design.draw(keys).plus(truth).each():
            families = {
                test: Tested.of(test, a, b, settings.alpha, settings.planted_resamples, seed_from(rng))
                for test in tests
            }
            for (test, method), findings in found.items():
                findings.append(families[test].found(method))
            estimates.append(_estimate(design, a, b, truth, families[design.own_test], settings, rng))
            advance(1)
    rows = (_planted_row(size, *key, settings.alpha, np.array(found[key]), truth != 0) for key in found)
    return Planted(tuple(rows), _coverage_rows(size, estimates, settings.alpha), _inflation_rows(size, estimates))


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


def _plant(design: NullDesign, size: Size, share: float, rng: np.random.Generator) -> PerHead:
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
    return NullRow(test, method, alpha, heads, found_any, mean_of(counts))


def _planted_row(size: Size, test: Test, method: Method, alpha: float, found: Flags, planted: Flags) -> PlantedRow:
    """Of findings [draw, head] and the heads that are `planted`."""
    true, false = found[:, planted].sum(axis=1), found[:, ~planted].sum(axis=1)
    draws = len(found)
    return PlantedRow(
        size=size,
        test=test,
        correction=method,
        alpha=alpha,
        average_power=mean_of(true / planted.sum()),
        any_power=Rate(int((true > 0).sum()), draws),
        false_discoveries=mean_of(false / np.maximum(true + false, 1)),
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
    design: NullDesign,
    a: PerHead,
    b: PerHead,
    truth: PerHead,
    family: Tested,
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
        CoverageRow(size, "t", "each head", mean_of(np.array([one.each for one in seen])), 1 - alpha),
        CoverageRow(size, "max_t", "all heads", mean_of(np.array([one.all for one in seen])), 1 - alpha),
        CoverageRow(size, "fcr", "the heads found", mean_of(np.array([one.found for one in seen])), 1 - alpha),
    )


def _inflation_rows(size: Size, seen: list[_Estimates]) -> tuple[InflationRow, ...]:
    cross_fitted = np.array([one.cross_fitted for one in seen])
    return (
        InflationRow(size, "naive", mean_of(np.array([one.naive for one in seen]))),
        InflationRow(size, "cross_fitted", mean_of(cross_fitted[~np.isnan(cross_fitted)])),
    )
