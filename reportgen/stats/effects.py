"""How large an effect is and how well it is known: standardized effects, dominance and confidence intervals.

Effects are means of A minus means of B in the units of the scores. Scores come as [observation, head];
results have shape [head]. Where nothing varies, an interval closes on its estimate, a standardized effect is
NaN and dominance is −1, 0 or 1; where a score is not finite, everything is NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from reportgen.stats.differences import (
    MeanDifference,
    PerHead,
    Scores,
    describe,
    differences_of,
    paired_difference,
    pooled_variance,
    welch_difference,
)

RESAMPLES = 2000
_RESAMPLES_AT_ONCE = 200


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval per head, in the units of the scores; two arrays [head]."""

    low: PerHead
    high: PerHead


def cohens_dz(a: Scores, b: Scores) -> PerHead:
    """Mean of the paired differences in units of their standard deviation (Cohen 1988, section 2.3.5)."""
    difference = paired_difference(a, b)
    return _ratio(difference.estimate, difference.standard_error * np.sqrt(len(a)))


def hedges_g(a: Scores, b: Scores) -> PerHead:
    """Difference of the means in units of the pooled standard deviation, unbiased for small samples.

    The correction is the exact one, Γ(m/2) / (√(m/2)·Γ((m - 1)/2)) with m = n_a + n_b - 2 (Hedges 1981).
    """
    first, second = describe(a), describe(b)
    half = (first.n + second.n - 2) / 2
    correction = np.exp(special.gammaln(half) - special.gammaln(half - 0.5)) / np.sqrt(half)
    with np.errstate(invalid="ignore"):
        difference = first.mean - second.mean
    return _ratio(correction * difference, np.sqrt(pooled_variance(first, second)))


def cliffs_delta(a: Scores, b: Scores) -> PerHead:
    """P(score in A > score in B) − P(score in A < score in B) for independent sets (Cliff 1993), −1 to 1.

    All pairs across the sets count, equal ones as 0; from ranks, as 2U/(n_a·n_b) − 1. Raises ValueError where a set
    is empty.
    """
    if not (len(a) and len(b)):
        raise ValueError(f"dominance needs at least one row in each set; got {len(a)} and {len(b)}")
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    ranks = stats.rankdata(np.concatenate([first, second]), axis=0)[: len(a)]
    u = ranks.sum(axis=0) - len(a) * (len(a) + 1) / 2
    finite = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    return np.where(finite, 2 * u / (len(a) * len(b)) - 1, np.nan)


def sign_dominance(differences: PerHead) -> PerHead:
    """Share of positive minus share of negative paired differences [pair, head], −1 to 1, [head].

    The within-pair dominance d_w of Cliff (1993): pairs are compared within themselves alone. Raises ValueError
    where there is no pair.
    """
    if not len(differences):
        raise ValueError("dominance needs at least one pair")
    return np.where(np.isfinite(differences).all(axis=0), np.sign(differences).mean(axis=0), np.nan)


def fcr_level(alpha: float, selected: int, family: int) -> float:
    """Level of intervals for `selected` of `family` heads of which, on average, at most a share α misses its effect:
    1 − selected·α/family (Benjamini & Yekutieli 2005), for independent heads selected by Benjamini–Hochberg.

    Raises ValueError where none is selected, or more than there are.
    """
    if not 1 <= selected <= family:
        raise ValueError(f"intervals are adjusted for 1 to {family} selected heads; got {selected}")
    return 1 - selected * alpha / family


def mean_interval(scores: Scores, level: float) -> Interval:
    """Of the mean of one set, by Student's t (1908): x̄ ± t·s/√n with n - 1 degrees of freedom."""
    moments = describe(scores)
    degrees = np.full(moments.mean.shape, moments.n - 1.0)
    return t_interval(MeanDifference(moments.mean, np.sqrt(moments.squared_error), degrees), level)


def t_interval(difference: MeanDifference, level: float) -> Interval:
    """Of a mean difference, paired, pooled or Welch's: estimate ± t·standard error (Student 1908)."""
    # The lower tail is asked for, since 1 - (1 - level)/2 would round away a level very near 1.
    reach = -special.stdtrit(difference.degrees, (1 - level) / 2) * difference.standard_error
    return _around(difference, reach)


def simultaneous_interval(difference: MeanDifference, critical: float) -> Interval:
    """Of mean differences, all of them at once: estimate ± critical·standard error.

    With max-T's two-sided critical value at α they match its single-step test (Westfall & Young 1993): all heads'
    intervals hold their effects together with probability 1 − α, and a tested head's leaves out 0 exactly where its
    |t| exceeds `critical`. Where that is infinite or NaN, so are the intervals of all heads that vary. Raises
    ValueError where it is negative.
    """
    if critical < 0:
        raise ValueError(f"a critical value of |t| is at least 0; got {critical}")
    error = difference.standard_error
    return _around(difference, np.multiply(critical, error, out=error.copy(), where=error > 0))


def paired_bootstrap_interval(a: Scores, b: Scores, level: float, rng: np.random.Generator) -> Interval:
    """Of the mean difference between aligned rows: pairs are resampled, BCa (Efron 1987)."""
    return _bootstrap_interval(paired_difference(a, b), [differences_of(a, b)], level, rng)


def independent_bootstrap_interval(a: Scores, b: Scores, level: float, rng: np.random.Generator) -> Interval:
    """Of the mean difference between sets that are resampled each on its own, BCa (Efron 1987)."""
    samples = [np.asarray(a, dtype=np.float64), -np.asarray(b, dtype=np.float64)]
    return _bootstrap_interval(welch_difference(a, b), samples, level, rng)


def _around(difference: MeanDifference, reach: PerHead) -> Interval:
    with np.errstate(invalid="ignore"):
        return Interval(difference.estimate - reach, difference.estimate + reach)


def _ratio(effect: PerHead, scale: PerHead) -> PerHead:
    return np.asarray(np.divide(effect, scale, out=np.full(effect.shape, np.nan), where=scale > 0))


def _bootstrap_interval(
    difference: MeanDifference, samples: Sequence[PerHead], level: float, rng: np.random.Generator
) -> Interval:
    """BCa interval of the sum of the samples' means, [observation, head] each.

    The estimates and their order of drawing are those of `scipy.stats.bootstrap` with the same generator
    and batches of 200; resampled means as one matrix product make it some twenty times faster.
    """
    varies = difference.standard_error > 0
    low, high = difference.estimate.copy(), difference.estimate.copy()
    if varies.any():
        kept = [sample[:, varies] for sample in samples]
        resampled = _resampled_sums_of_means(kept, rng)
        low[varies], high[varies] = _quantiles(resampled, _bca_tails(kept, resampled, level))
    return Interval(low, high)


def _resampled_sums_of_means(samples: Sequence[PerHead], rng: np.random.Generator) -> PerHead:
    """[resample, head]; batches keep the drawn weights from growing with the number of observations."""
    batches = range(0, RESAMPLES, _RESAMPLES_AT_ONCE)
    return np.concatenate([sum(_resampled_means(sample, rng) for sample in samples) for _ in batches])


def _resampled_means(sample: PerHead, rng: np.random.Generator) -> PerHead:
    n = len(sample)
    drawn = rng.integers(0, n, size=(_RESAMPLES_AT_ONCE, n))
    weights = np.stack([np.bincount(rows, minlength=n) for rows in drawn]) / n
    return np.asarray(weights @ sample)


def _bca_tails(samples: Sequence[PerHead], resampled: PerHead, level: float) -> PerHead:
    """Which quantiles of the resampled estimates bound the interval, [2, head].

    Efron & Tibshirani 1993, equations 14.9 to 14.15; ties count half, as in SciPy. The jackknife of a mean
    has a closed form: leaving out x moves it by (x̄ - x)/(n - 1).
    """
    estimate = sum(sample.mean(axis=0) for sample in samples)
    below = ((resampled < estimate).mean(axis=0) + (resampled <= estimate).mean(axis=0)) / 2
    bias, acceleration = special.ndtri(below), _acceleration(samples)
    tail = special.ndtri((1 - level) / 2)
    moved = bias + np.array([[tail], [-tail]])
    return np.asarray(special.ndtr(bias + moved / (1 - acceleration * moved)))


def _acceleration(samples: Sequence[PerHead]) -> PerHead:
    """Skewness of the jackknife values over six, [head] (Efron & Tibshirani 1993, equation 14.15)."""
    deviations = [(sample - sample.mean(axis=0)) / len(sample) for sample in samples]
    scale = np.sqrt(sum((deviation**2).sum(axis=0) for deviation in deviations))
    return np.asarray(sum(((deviation / scale) ** 3).sum(axis=0) for deviation in deviations) / 6)


def _quantiles(resampled: PerHead, tails: PerHead) -> PerHead:
    return np.asarray(stats.quantile(resampled, tails, axis=0))
