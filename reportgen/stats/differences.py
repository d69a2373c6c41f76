"""The mean difference between two sets of scores, with what its uncertainty is computed from.

One record (estimate, standard error, degrees of freedom) per design feeds the t tests, their intervals and
their power, so that the three can never disagree. All arithmetic is in float64, whatever the scores come in.

A spread that rounding alone could have made counts as no spread at all: scores that differ only in their
last bits would otherwise give a t statistic of 1e16.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating[Any]]
PerHead = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_ROUNDING_STEPS = 4


@dataclass(frozen=True)
class Moments:
    """Size, mean and unbiased variance of a sample; `mean` and `variance` have shape [head].

    Both are NaN where a score is not finite or too large to be squared; the variance is exactly 0 where it is
    within rounding of 0.
    """

    n: int
    mean: PerHead
    variance: PerHead

    @property
    def standard_deviation(self) -> PerHead:
        """Square root of the unbiased variance, in the units of the scores, [head]."""
        return np.sqrt(self.variance)

    @property
    def squared_error(self) -> PerHead:
        """Squared standard error of the mean, s²/n, [head]."""
        return self.variance / self.n


@dataclass(frozen=True)
class MeanDifference:
    """Mean of A minus mean of B per head, its standard error (both in units of the score) and its
    degrees of freedom; three arrays of shape [head]. A standard error of 0 means that nothing varies."""

    estimate: PerHead
    standard_error: PerHead
    degrees: PerHead


def describe(scores: Scores, rounding: PerHead | None = None) -> Moments:
    """Moments of `scores` [observation, head]; a spread of at most `rounding` [head] counts as none.

    `rounding` is by default that of the scores themselves. Raises ValueError with fewer than two observations.
    """
    if len(scores) < 2:
        raise ValueError(f"a variance needs at least 2 observations; got {len(scores)}")
    values = np.asarray(scores, dtype=np.float64)
    limit = rounding_of(scores) if rounding is None else rounding
    # A score that is not finite makes its own head NaN; callers name such heads instead of warning of them.
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        mean = values.mean(axis=0)
        variance = values.var(axis=0, ddof=1, mean=mean[np.newaxis])
    computed = np.isfinite(variance)
    variance = np.where(computed & (np.sqrt(variance) <= limit), 0.0, variance)
    return Moments(len(values), np.where(computed, mean, np.nan), np.where(computed, variance, np.nan))


def rounding_of(*samples: Scores) -> PerHead:
    """How far rounding alone can move scores of this size and precision, [head]: a few units in the last
    place, in the precision that the scores arrived in, of each head's largest score."""
    largest = [np.maximum(np.abs(scores.max(axis=0)), np.abs(scores.min(axis=0))) for scores in samples]
    precision = max(np.finfo(scores.dtype).eps for scores in samples)
    with np.errstate(under="ignore"):
        return np.asarray(np.max(largest, axis=0), dtype=np.float64) * float(precision) * _ROUNDING_STEPS


def differences_of(a: Scores, b: Scores) -> PerHead:
    """Row by row `a - b` in float64, [observation, head]. Raises ValueError where the shapes differ."""
    if a.shape != b.shape:
        raise ValueError(f"paired scores need the same shape; got {a.shape} and {b.shape}")
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)


def paired_difference(a: Scores, b: Scores) -> MeanDifference:
    """Of aligned rows: s_d/√n with n - 1 degrees of freedom (Student 1908)."""
    moments = describe(differences_of(a, b), rounding_of(a, b))
    degrees = np.full(moments.mean.shape, moments.n - 1.0)
    return MeanDifference(moments.mean, np.sqrt(moments.squared_error), degrees)


def pooled_difference(a: Scores, b: Scores) -> MeanDifference:
    """Of independent sets of equal variance: s_p·√(1/n_a + 1/n_b), n_a + n_b - 2 degrees (Student 1908)."""
    first, second = describe(a), describe(b)
    error = np.sqrt(pooled_variance(first, second) * (1 / first.n + 1 / second.n))
    return MeanDifference(_minus(first, second), error, np.full(error.shape, first.n + second.n - 2.0))


def welch_difference(a: Scores, b: Scores) -> MeanDifference:
    """Of independent sets, variances free: √(s_a²/n_a + s_b²/n_b), degrees of freedom by Welch (1947)."""
    first, second = describe(a), describe(b)
    error = np.sqrt(first.squared_error + second.squared_error)
    return MeanDifference(_minus(first, second), error, _welch_degrees(first, second))


def pooled_variance(a: Moments, b: Moments) -> PerHead:
    """((n_a - 1)s_a² + (n_b - 1)s_b²) / (n_a + n_b - 2), [head] (Student 1908)."""
    return ((a.n - 1) * a.variance + (b.n - 1) * b.variance) / (a.n + b.n - 2)


def _welch_degrees(a: Moments, b: Moments) -> PerHead:
    """(v_a + v_b)² / (v_a²/(n_a - 1) + v_b²/(n_b - 1)) with v = s²/n (Welch 1947), [head].

    Written in shares of the summed variance, which neither overflow nor underflow when squared.
    """
    total = a.squared_error + b.squared_error
    share = np.divide(a.squared_error, total, out=np.full(total.shape, 0.5), where=total > 0)
    degrees: PerHead = 1 / (share**2 / (a.n - 1) + (1 - share) ** 2 / (b.n - 1))
    return degrees


def _minus(a: Moments, b: Moments) -> PerHead:
    with np.errstate(invalid="ignore"):
        return a.mean - b.mean


def means_of_groups(rows: Scores, groups: npt.NDArray[np.intp], count: int) -> PerHead:
    """The mean of the rows of each of `count` groups, [group, …], in float64; `groups` says which each row is in."""
    sums = np.zeros((count, *rows.shape[1:]))
    np.add.at(sums, groups, np.asarray(rows, dtype=np.float64))
    sizes = np.bincount(groups, minlength=count).reshape(-1, *[1] * (rows.ndim - 1))
    return np.asarray(sums / sizes)
