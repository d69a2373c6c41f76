"""P-values beyond the reach of the resamples, by a generalized Pareto fit to the largest resampled statistics.

With m resamples an empirical p-value is never below 1/(m + 1). The tail of almost any distribution comes close
to a generalized Pareto one beyond a high threshold (Pickands 1975), which can be fitted and carried on
(Knijnenburg et al. 2009, doi:10.1093/bioinformatics/btp211; for maxima over many tests, as here, Winkler et
al. 2016, doi:10.1016/j.neuroimage.2016.05.068):

1. Take the largest quarter of the resampled statistics; the threshold lies half-way to the next smaller one.
2. Fit shape and scale to what exceeds it by probability-weighted moments (Hosking & Wallis 1987,
   doi:10.1080/00401706.1987.10488243). They have a closed form, cannot fail to converge, and beat maximum
   likelihood in samples of this size.
3. Test the fit: the Anderson–Darling statistic against that of samples from the fitted distribution, each fitted
   anew (a parametric bootstrap, Stute et al. 1993). So it holds for this estimate and sample size, as a
   table made for another estimate (Choulakian & Stephens 2001) would not.
4. While p ≤ 0.05, take fewer exceedances, in steps of 10 (or of 1 % of the resamples, if that is more).
5. Beyond the threshold p = (exceedances/m)·P(exceedance ≥ observed - threshold), elsewhere the empirical
   p-value (b + 1)/(m + 1) (Phipson & Smyth 2010). Where no fit passes, the empirical one everywhere.

The shape is never taken below 0: a negative fit becomes the exponential one. A negative shape says that the
statistic has a largest possible value, beyond which p is 0, and reads that value out of noise: for maxima of
270 normal statistics and 1,000 resamples, a free shape gives p = 0 in a quarter of the studies where 1e-5 is
true. With the bound such p-values err upwards, twofold at 1e-3 and eightfold at 1e-5 in the median study; ten
thousand resamples halve that. With heavy tails they may err downwards: for t of 10 degrees of freedom twofold at
1e-4 and fivefold at 1e-5, with more resamples too.

No p-value is reported below 1/(m + 1)²: the fit is trusted for as many orders of magnitude as the resamples
themselves reach, and no further. This is a convention; being one number for all heads, it keeps their order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from reportgen.stats.differences import PerHead, Scores

LARGEST_SHARE = 0.25
FEWEST_EXCEEDANCES = 50
GOODNESS_LEVEL = 0.05

_STEP = 10
_STEPS_AT_MOST = 100
_SAMPLES = 199


@dataclass(frozen=True)
class TailFit:
    """P-values [head] of observed statistics, with the fit that they come from.

    `threshold` and `scale` are in units of the statistic; `shape` is SciPy's `c`, 0 for an exponential tail
    and more for a heavier one. `goodness` is the p-value of the fit: small where it is bad. Where `fitted` is
    False the p-values are the empirical ones, and the other numbers are those of the best fit that was tried
    (NaN and 0 exceedances where there were too few resamples, or too few different ones, for any).
    """

    p_value: PerHead
    threshold: float
    shape: float
    scale: float
    exceedances: int
    goodness: float
    fitted: bool


@dataclass(frozen=True)
class _Tail:
    """A generalized Pareto distribution fitted to the resampled statistics above a threshold."""

    threshold: float
    shape: float
    scale: float
    exceedances: int
    goodness: float

    @property
    def passes(self) -> bool:
        return self.goodness > GOODNESS_LEVEL

    def p_value(self, observed: PerHead, resamples: int) -> PerHead:
        """Tail probability of statistics beyond the threshold, [head], no smaller than 1/(m + 1)²."""
        survival = stats.genpareto.sf(observed - self.threshold, self.shape, scale=self.scale)
        return np.asarray(np.maximum(self.exceedances / resamples * survival, (resamples + 1.0) ** -2))


def pareto_tail(null: Scores, observed: Scores, rng: np.random.Generator) -> TailFit:
    """P-values of `observed` [head], large values being extreme, against `null` [resample].

    For max-T, `null` holds each resample's maximum over heads, and the p-values are the adjusted ones. It holds
    resamples alone, not the observed arrangement. A null distribution that was enumerated needs no fit: its
    empirical p-values are exact. NaN in `observed` stays NaN. Raises ValueError where `null` is empty or not finite.
    """
    ordered, values = _ordered(null), np.asarray(observed, dtype=np.float64)
    p_value, tail = _empirical(ordered, values), _best_tail(ordered, rng)
    if tail is None:
        return TailFit(p_value, np.nan, np.nan, np.nan, 0, np.nan, False)
    if tail.passes:
        beyond = values > tail.threshold
        p_value[beyond] = tail.p_value(values[beyond], len(ordered))
    return TailFit(p_value, tail.threshold, tail.shape, tail.scale, tail.exceedances, tail.goodness, tail.passes)


def _ordered(null: Scores) -> PerHead:
    values = np.asarray(null, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"a null distribution needs one statistic per resample; got an array of shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("a resampled statistic is not finite: leave out the heads that cannot be tested")
    return np.sort(values)


def _empirical(ordered: PerHead, observed: PerHead) -> PerHead:
    """(b + 1)/(m + 1), b of m resampled statistics being at least as large (Phipson & Smyth 2010), [head]."""
    as_large = len(ordered) - np.searchsorted(ordered, observed, side="left")
    return np.where(np.isnan(observed), np.nan, (as_large + 1) / (len(ordered) + 1))


def _best_tail(ordered: PerHead, rng: np.random.Generator) -> _Tail | None:
    """The first fit that passes, else the best of those tried; None where there was nothing to fit."""
    best = None
    for tail in _tails(ordered, rng):
        if best is None or tail.goodness > best.goodness:
            best = tail
        if best.passes:
            break
    return best


def _tails(ordered: PerHead, rng: np.random.Generator) -> Iterator[_Tail]:
    """Fits to fewer and fewer of the largest statistics."""
    largest, step = int(len(ordered) * LARGEST_SHARE), max(_STEP, len(ordered) // _STEPS_AT_MOST)
    for count in range(largest, FEWEST_EXCEEDANCES - 1, -step):
        threshold = (ordered[-count] + ordered[-count - 1]) / 2
        exceedances = ordered[ordered > threshold] - threshold
        if len(exceedances) >= FEWEST_EXCEEDANCES:
            yield _fitted(float(threshold), exceedances, rng)


def _fitted(threshold: float, exceedances: PerHead, rng: np.random.Generator) -> _Tail:
    n = len(exceedances)
    shape, scale = _estimate(exceedances[np.newaxis])
    samples = _samples(shape, scale, n, rng)
    distance = _anderson_darling(exceedances[np.newaxis], shape, scale)
    as_far = int((_anderson_darling(samples, *_estimate(samples)) >= distance).sum())
    return _Tail(threshold, shape.item(), scale.item(), n, (as_far + 1) / (_SAMPLES + 1))


def _samples(shape: PerHead, scale: PerHead, n: int, rng: np.random.Generator) -> PerHead:
    """Rising draws from one distribution, [sample, exceedance]: exponential ones put through its quantiles."""
    exponential = np.sort(rng.standard_exponential((_SAMPLES, n)), axis=1)
    heavy = shape > 0
    return np.asarray(scale * np.where(heavy, np.expm1(shape * exponential) / np.where(heavy, shape, 1), exponential))


def _estimate(ordered: PerHead) -> tuple[PerHead, PerHead]:
    """Shape, at least 0, and scale of each row of rising exceedances [sample, exceedance]; both [sample, 1].

    With a0 the mean and a1 the mean weighted by 1 - (i - 0.35)/n: shape 2 - a0/(a0 - 2·a1) and scale
    2·a0·a1/(a0 - 2·a1) (Hosking & Wallis 1987, section 3.3, whose k is minus the shape). The exponential
    distribution, for shapes below 0, has its mean for scale.
    """
    n = ordered.shape[1]
    mean = ordered.mean(axis=1, keepdims=True)
    weighted = (ordered * (1 - (np.arange(1, n + 1) - 0.35) / n)).mean(axis=1, keepdims=True)
    shape = 2 - mean / (mean - 2 * weighted)
    scale = 2 * mean * weighted / (mean - 2 * weighted)
    return np.maximum(shape, 0), np.where(shape > 0, scale, mean)


def _anderson_darling(ordered: PerHead, shape: PerHead, scale: PerHead) -> PerHead:
    """Anderson & Darling's A² (1954) of each row of rising exceedances [sample, exceedance], [sample]."""
    n = ordered.shape[1]
    above = _log_survival(ordered / scale, shape)
    below = np.log(-np.expm1(above))
    return np.asarray(-n - ((2 * np.arange(1, n + 1) - 1) * (below + above[:, ::-1])).mean(axis=1))


def _log_survival(stretched: PerHead, shape: PerHead) -> PerHead:
    """log P(larger) of exceedances in units of the scale, [sample, exceedance]; as SciPy's, six times as fast."""
    heavy = shape > 0
    return -np.where(heavy, np.log1p(shape * stretched) / np.where(heavy, shape, 1), stretched)
