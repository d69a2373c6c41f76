"""Tests of each head's scores in A against those in B, one- or two-sided, vectorized over heads.

Every function takes two arrays [observation, head], computes in float64 and returns one statistic, one
p-value and one reason (why the head cannot be tested; "" where it can) per head. A head's result never
depends on the other heads in the array: what SciPy would choose once for a whole array (an exact or an
asymptotic null distribution) is chosen here for each head.

The alternative is named as in SciPy: "greater" says that scores in A are greater than those in B, "less" that
they are less. It changes the p-value alone; which null distribution serves, and which heads can be tested, it does
not. Each function raises ValueError for an alternative of another name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import special, stats

from reportgen.stats.differences import (
    Flags,
    MeanDifference,
    PerHead,
    Scores,
    differences_of,
    paired_difference,
    pooled_difference,
    welch_difference,
)
from reportgen.stats.testable import (
    Reasons,
    independent_t_reasons,
    mann_whitney_reasons,
    paired_t_reasons,
    wilcoxon_reasons,
)

Alternative = Literal["two-sided", "greater", "less"]

_EXACT_SIGNED_RANKS_UP_TO = 50
_ENUMERATED_SIGNS_UP_TO = 13
_EXACT_RANK_SUMS_UP_TO = 8
_HEADS_AT_ONCE = 256

_Result = tuple[PerHead, PerHead]


@dataclass(frozen=True)
class TestStatistics:
    """One test of every head: three arrays of shape [head].

    `statistic` and `p_value` are finite where `reason` is "" (a t statistic may be as large as float64
    allows, a p-value as small as 0) and NaN where it says why the head cannot be tested.
    """

    __test__ = False

    statistic: PerHead
    p_value: PerHead
    reason: Reasons


def paired_t(a: Scores, b: Scores, alternative: Alternative = "two-sided") -> TestStatistics:
    """Student's t test (1908) of the mean difference between aligned rows; the statistic is t.

    Raises ValueError where the shapes differ or there are fewer than two rows.
    """
    difference = paired_difference(a, b)
    return _t_test(difference, paired_t_reasons(a, b, difference), alternative)


def student(a: Scores, b: Scores, alternative: Alternative = "two-sided") -> TestStatistics:
    """Student's t test (1908) of independent sets that share one variance; the statistic is t.

    Raises ValueError where a set has fewer than two rows.
    """
    difference = pooled_difference(a, b)
    return _t_test(difference, independent_t_reasons(a, b, difference), alternative)


def welch(a: Scores, b: Scores, alternative: Alternative = "two-sided") -> TestStatistics:
    """Welch's t test (1947) of independent sets, each with its own variance; the statistic is t.

    Raises ValueError where a set has fewer than two rows.
    """
    difference = welch_difference(a, b)
    return _t_test(difference, independent_t_reasons(a, b, difference), alternative)


def wilcoxon(a: Scores, b: Scores, alternative: Alternative = "two-sided") -> TestStatistics:
    """Wilcoxon's signed-rank test (1945) of aligned rows.

    As in SciPy the statistic is, two-sided, the smaller of the sums of the positive and of the negative
    differences' ranks, and one-sided, in either direction, the sum of the positive differences' ranks.

    Differences of zero are dropped (`zero_method="wilcox"`), equal ones share their mean rank. The null
    distribution is, as in `scipy.stats.wilcoxon(method="auto")`: exact for at most 50 rows without ties or
    zeros; all 2^n signs enumerated for at most 13 rows with them; otherwise normal with the variance
    corrected for ties and no correction for continuity.
    """
    reason = wilcoxon_reasons(a, b)
    return _rank_test(_signed_ranks, reason, alternative, np.where(reason == "", differences_of(a, b), np.nan))


def mann_whitney(a: Scores, b: Scores, alternative: Alternative = "two-sided") -> TestStatistics:
    """The rank-sum test of Mann and Whitney (1947) of independent sets; the statistic is U of A,
    whatever the alternative.

    The null distribution is, as in `scipy.stats.mannwhitneyu(method="auto")`: exact where the smaller set
    has at most 8 rows and the head has no ties; otherwise normal with the variance corrected for ties and
    a correction for continuity.
    """
    samples = (np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    return _rank_test(_rank_sums, mann_whitney_reasons(a, b), alternative, *samples)


def _t_test(difference: MeanDifference, reason: Reasons, alternative: Alternative) -> TestStatistics:
    t = np.full(reason.shape, np.nan)
    np.divide(difference.estimate, difference.standard_error, out=t, where=reason == "")
    # scipy.special instead of scipy.stats.ttest_*: the same p-value from the difference that the interval
    # and the power also use, and no warning about heads that are already named as untestable.
    return TestStatistics(t, _p_of_t(t, difference.degrees, alternative), reason)


def _p_of_t(t: PerHead, degrees: PerHead, alternative: Alternative) -> PerHead:
    _require_known(alternative)
    if alternative == "two-sided":
        return np.asarray(2 * special.stdtr(degrees, -np.abs(t)))
    return np.asarray(special.stdtr(degrees, -t if alternative == "greater" else t))


def _rank_test(
    test: Callable[..., _Result], reason: Reasons, alternative: Alternative, *samples: PerHead
) -> TestStatistics:
    _require_known(alternative)
    statistic, p_value = _by_head(reason == "", test, _untestable, alternative, *samples)
    return TestStatistics(statistic, p_value, reason)


def _require_known(alternative: Alternative) -> None:
    if alternative not in get_args(Alternative):
        raise ValueError(f"no alternative is called {alternative!r}; there are {', '.join(get_args(Alternative))}")


def _untestable(_: Alternative, *samples: PerHead) -> _Result:
    nothing = np.full(samples[0].shape[1], np.nan)
    return nothing, nothing


def _by_head(
    condition: Flags,
    then: Callable[..., _Result],
    otherwise: Callable[..., _Result],
    alternative: Alternative,
    *samples: PerHead,
) -> _Result:
    """Run `then` on the heads where `condition` [head] holds and `otherwise` on the rest."""
    statistic, p_value = np.empty(condition.shape), np.empty(condition.shape)
    for heads, test in ((condition, then), (~condition, otherwise)):
        if heads.any():
            statistic[heads], p_value[heads] = test(alternative, *(sample[:, heads] for sample in samples))
    return statistic, p_value


def _signed_ranks(alternative: Alternative, differences: PerHead) -> _Result:
    if len(differences) > _EXACT_SIGNED_RANKS_UP_TO:
        return _signed_ranks_normal(alternative, differences)
    tied = _has_ties(np.abs(differences)) | (differences == 0).any(axis=0)
    few = len(differences) <= _ENUMERATED_SIGNS_UP_TO
    where_tied = _signed_ranks_enumerated if few else _signed_ranks_normal
    return _by_head(tied, where_tied, _signed_ranks_exact, alternative, differences)


def _signed_ranks_normal(alternative: Alternative, differences: PerHead) -> _Result:
    result = stats.wilcoxon(differences, axis=0, method="asymptotic", correction=False, alternative=alternative)
    return result.statistic, result.pvalue


def _signed_ranks_exact(alternative: Alternative, differences: PerHead) -> _Result:
    result = stats.wilcoxon(differences, axis=0, method="exact", alternative=alternative)
    return result.statistic, result.pvalue


def _signed_ranks_enumerated(alternative: Alternative, differences: PerHead) -> _Result:
    """All 2^n signs as one matrix product; SciPy's own enumeration takes a second a head."""
    starts = range(0, differences.shape[1], _HEADS_AT_ONCE)
    parts = [_enumerate_signs(alternative, differences[:, start : start + _HEADS_AT_ONCE]) for start in starts]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _enumerate_signs(alternative: Alternative, differences: PerHead) -> _Result:
    n, zero = len(differences), differences == 0
    # Zeros hold the lowest ranks: taking their number off the others' ranks is ranking without them.
    ranks = np.where(zero, 0.0, stats.rankdata(np.abs(differences), axis=0) - zero.sum(axis=0))
    positive = (ranks * (differences > 0)).sum(axis=0)
    signs = (np.arange(2**n)[:, np.newaxis] >> np.arange(n)) & 1
    sums = signs.astype(np.float64) @ ranks
    below, above = (sums <= positive).mean(axis=0), (sums >= positive).mean(axis=0)
    if alternative == "two-sided":
        return np.minimum(positive, ranks.sum(axis=0) - positive), np.minimum(2 * np.minimum(below, above), 1.0)
    return positive, above if alternative == "greater" else below


def _rank_sums(alternative: Alternative, a: PerHead, b: PerHead) -> _Result:
    if min(len(a), len(b)) > _EXACT_RANK_SUMS_UP_TO:
        return _rank_sums_normal(alternative, a, b)
    return _by_head(_has_ties(np.concatenate([a, b])), _rank_sums_normal, _rank_sums_exact, alternative, a, b)


def _rank_sums_normal(alternative: Alternative, a: PerHead, b: PerHead) -> _Result:
    result = stats.mannwhitneyu(a, b, alternative=alternative, axis=0, method="asymptotic", use_continuity=True)
    return result.statistic, result.pvalue


def _rank_sums_exact(alternative: Alternative, a: PerHead, b: PerHead) -> _Result:
    result = stats.mannwhitneyu(a, b, alternative=alternative, axis=0, method="exact")
    return result.statistic, result.pvalue


def _has_ties(values: PerHead) -> Flags:
    ordered = np.sort(values, axis=0)
    return np.asarray((ordered[1:] == ordered[:-1]).any(axis=0))
