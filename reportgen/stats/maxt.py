"""Max-T: the family-wise error of many dependent heads, from arrangements that keep their dependence.

Westfall & Young (1993), as brain imaging uses it (Nichols & Holmes 2002):

1. Every head's statistic is computed under each arrangement of the units (`arrangements`). It is a correlation r of
   the arranged signs, labels or column with the head's scores, as one matrix product; t = r·√(ν/(1 - r²)) grows with
   r, so that comparing r compares t. Welch's statistic needs a second product, with the squares.
2. Single step (`max_t`): a head's adjusted p-value is the share of arrangements whose largest statistic over all
   heads is at least the head's own. It controls the family-wise error under any dependence.
3. Step down (`step_down`): each head is compared with the largest statistic among itself and the heads weaker than
   it. It finds at least as much and holds the same error (Westfall & Young 1993, algorithm 4.1).

Monte-Carlo p-values are (b + 1)/(m + 1) (Phipson & Smyth 2010); where all arrangements are few enough they are
listed instead, the observed one among them, and p = b/m is exact. Matrix products run in float32 where the
arrangements are drawn: 1 part in 100,000 counts as equal, which errs towards larger p-values.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from reportgen.stats.arrangements import Arrangements, ColumnShuffles, LabelShuffles, SignFlips, Weights
from reportgen.stats.differences import PerHead, Scores
from reportgen.stats.tests import Alternative

_TIE = 1e-5
_NEXT_TO_NOTHING = 0.01


@dataclass(frozen=True)
class Correlation:
    """Statistics that are a correlation of the arranged weights with each head: r = weights @ rows.

    `rows` is [unit, head]; `observed` are the weights that were observed [unit]; `degrees` turn r into t.
    """

    rows: PerHead
    observed: PerHead
    degrees: int

    def of(self, weights: Weights) -> Scores:
        """Blocks of weights [arrangement, unit] to statistics [arrangement, head], in the weights' precision."""
        r: Scores = weights @ self.rows.astype(weights.dtype, copy=False)
        return r

    def as_t(self, r: Scores) -> Scores:
        """The t statistics that these correlations stand for; finite also for a correlation of 1, in either precision."""
        return np.asarray(r * np.sqrt(self.degrees / np.maximum(1 - r**2, _TIE)))


@dataclass(frozen=True)
class Studentized:
    """Welch's t of centred `rows` [unit, head], of which those with an `observed` weight of 1 are in the first set."""

    rows: PerHead
    observed: PerHead

    def of(self, weights: Weights) -> Scores:
        """Blocks of weights [arrangement, unit] to statistics [arrangement, head], in the weights' precision."""
        rows = self.rows.astype(weights.dtype, copy=False)
        size = int(self.observed.sum())
        rest = len(rows) - size
        total, squares = weights @ rows, weights @ rows**2
        # The rows sum to nothing, so the other set's sum is the same with its sign turned.
        error_a = (squares - total**2 / size) / ((size - 1) * size)
        error_b = ((rows**2).sum(axis=0) - squares - total**2 / rest) / ((rest - 1) * rest)
        # Sets that do not vary have a finite t, the same in either precision.
        error = np.sqrt(np.maximum(error_a + error_b, _TIE / (size * rest)))
        t: Scores = total * (1 / size + 1 / rest) / error
        return t

    def as_t(self, t: Scores) -> Scores:
        """They are t statistics already."""
        return t


Statistic = Correlation | Studentized


@dataclass(frozen=True)
class Null:
    """A statistic of every head, and the arrangements that are as likely as the observed one under the null."""

    statistic: Statistic
    arrangements: Arrangements


@dataclass(frozen=True)
class Resampled:
    """What the arrangements say about every head; arrays of shape [head] but for `maxima` [arrangement].

    `observed` are statistics in units of t, larger meaning further from the null in the direction asked for;
    `p_value` belongs to each head alone, `adjusted` to the family (single step); `maxima` are each arrangement's
    largest statistic. `exact` says that all arrangements were listed; `possible_p` is the smallest p-value that this
    design allows, however many arrangements are drawn.
    """

    observed: PerHead
    p_value: PerHead
    adjusted: PerHead
    maxima: PerHead
    exact: bool
    possible_p: float

    @property
    def smallest_p(self) -> float:
        """The smallest p-value that a head can have with these arrangements."""
        return self.possible_p if self.exact else max(self.possible_p, 1 / (len(self.maxima) + 1))

    def critical(self, alpha: float) -> float:
        """What a statistic has to exceed for an adjusted p-value of at most `alpha`."""
        return critical_value(self.maxima, alpha, exact=self.exact)


def critical_value(maxima: PerHead, alpha: float, *, exact: bool) -> float:
    """What a statistic has to exceed for an adjusted p-value of at most `alpha`, given each arrangement's largest
    statistic; infinite where there are too few arrangements for any to have one."""
    falling = np.append(np.sort(maxima)[::-1], 0.0)
    # The observed arrangement is among the listed ones, and comes on top of the drawn ones.
    allowed = int(np.floor(alpha * (len(maxima) + (not exact)) + 1e-9))
    if not allowed:
        return float("inf")
    largest = float(falling[allowed if exact else allowed - 1])
    return largest + _TIE * abs(largest)


def paired_null(differences: PerHead, flips: SignFlips) -> Null:
    """The paired t statistic, of differences [unit, head] that are not all zero in any head.

    A flip leaves the sum of squares alone, so r = Σ s·d / √(n Σ d²) is all that changes.
    """
    units = len(differences)
    return Null(Correlation(_scaled(differences) / np.sqrt(units), np.ones(units), units - 1), flips)


def signed_rank_null(differences: PerHead, flips: SignFlips) -> Null:
    """`paired_null` of the signed ranks of the differences (Wilcoxon 1945); differences of zero have none."""
    zero = differences == 0
    ranks = stats.rankdata(np.abs(differences), axis=0) - zero.sum(axis=0)
    return paired_null(np.where(zero, 0.0, ranks * np.sign(differences)), flips)


def pooled_null(a: PerHead, b: PerHead, shuffles: LabelShuffles) -> Null:
    """Student's t statistic of two sets [unit, head] that are not one constant in any head."""
    rows, observed = _pooled(a, b)
    scale = np.sqrt(len(rows) / (len(a) * len(b)))
    return Null(Correlation(rows * scale, observed, len(rows) - 2), shuffles)


def rank_sum_null(a: PerHead, b: PerHead, shuffles: LabelShuffles) -> Null:
    """`pooled_null` of the ranks over both sets: the rank sum of Mann and Whitney (1947) on the scale of t."""
    ranks = stats.rankdata(np.concatenate([a, b]), axis=0)
    return pooled_null(ranks[: len(a)], ranks[len(a) :], shuffles)


def welch_null(a: PerHead, b: PerHead, shuffles: LabelShuffles) -> Null:
    """Welch's t statistic of two sets [unit, head] that are not one constant in any head.

    Studentized by each set's own variance, it holds its error in large sets even where only the means are equal
    (Janssen 1997; Chung & Romano 2013).
    """
    return Null(Studentized(*_pooled(a, b)), shuffles)


def association_null(scores: PerHead, shuffles: ColumnShuffles) -> Null:
    """Pearson's correlation of `scores` [unit, head] with the column that is shuffled, none of them constant; give
    ranks of both for Spearman's."""
    column = shuffles.column
    # The scores are centred, so the column's mean falls out of the product.
    rows = _scaled(_centred(scores)) / np.linalg.norm(column - column.mean())
    return Null(Correlation(rows, column, len(column) - 2), shuffles)


def max_t(nulls: Sequence[Null], alternative: Alternative = "two-sided") -> Resampled:
    """Each head's permutation p-value and its single-step max-T adjusted one.

    Several nulls make one family: their heads follow one another, and are arranged together where the arrangements
    draw from the same keys. They are then drawn, however few there are.
    """
    own = _own(nulls, alternative)
    reached, alone, largest = _reached(nulls, alternative), np.zeros(len(own), dtype=np.int64), []
    for block in _blocks(nulls, alternative):
        alone += np.count_nonzero(block >= reached.astype(block.dtype), axis=0)
        largest.append(block.max(axis=1).astype(np.float64))
    maxima = np.concatenate(largest)
    anywhere = len(maxima) - np.searchsorted(np.sort(maxima), reached, side="left")
    exact = is_exact(nulls)
    return Resampled(
        observed=_as_t(nulls, own),
        p_value=_share(alone, len(maxima), exact=exact),
        adjusted=_share(anywhere, len(maxima), exact=exact),
        maxima=_as_t(nulls, maxima),
        exact=exact,
        possible_p=possible_p(nulls, alternative),
    )


def step_down(nulls: Sequence[Null], alternative: Alternative = "two-sided") -> PerHead:
    """Each head's step-down max-T adjusted p-value, [head]; several nulls make one family, as in `max_t`."""
    own = _own(nulls, alternative)
    weakest_first = np.argsort(own, kind="stable")
    reached = _reached(nulls, alternative)[weakest_first]
    counts, arranged = np.zeros(len(own), dtype=np.int64), 0
    for block in _blocks(nulls, alternative):
        rising = np.maximum.accumulate(block[:, weakest_first], axis=1)
        counts += np.count_nonzero(rising >= reached.astype(block.dtype), axis=0)
        arranged += len(block)
    p_values = _share(counts, arranged, exact=is_exact(nulls))
    adjusted = np.empty(len(own))
    adjusted[weakest_first] = np.maximum.accumulate(p_values[::-1])[::-1]
    return adjusted


def is_exact(nulls: Sequence[Null]) -> bool:
    """Whether all arrangements are listed, because they are no more than would be drawn."""
    arrangements = nulls[0].arrangements
    return len(nulls) == 1 and arrangements.possible <= arrangements.draws.resamples


def possible_p(nulls: Sequence[Null], alternative: Alternative) -> float:
    """The smallest p-value that all arrangements together would allow, however many are drawn."""
    arrangements = [null.arrangements for null in nulls]
    if alternative == "two-sided":
        return max(arranged.smallest_share for arranged in arrangements)
    return max(1 / arranged.possible for arranged in arrangements)


_DIRECTIONS: dict[Alternative, Callable[[Scores], Scores]] = {
    "two-sided": np.abs,
    "greater": np.positive,
    "less": np.negative,
}


def _own(nulls: Sequence[Null], alternative: Alternative) -> PerHead:
    """The observed statistic of each head, in float64, larger meaning further in the direction asked for."""
    return np.concatenate(
        [_comparable(null, own, nulls) for null, own in zip(nulls, _observed(nulls, alternative), strict=True)]
    )


def _observed(nulls: Sequence[Null], alternative: Alternative) -> list[PerHead]:
    """Each null's observed statistics in its own terms, larger meaning further in the direction asked for."""
    towards = _DIRECTIONS[alternative]
    return [np.asarray(towards(null.statistic.of(null.statistic.observed[np.newaxis])[0])) for null in nulls]


def _reached(nulls: Sequence[Null], alternative: Alternative) -> PerHead:
    """What another arrangement's statistic has to be to count as at least as large as each head's own.

    Correlations give way before they become t, which near 1 magnifies their rounding beyond any bound.
    """
    least = [own - _TIE * np.maximum(np.abs(own), _NEXT_TO_NOTHING) for own in _observed(nulls, alternative)]
    return np.concatenate([_comparable(null, own, nulls) for null, own in zip(nulls, least, strict=True)])


def _blocks(nulls: Sequence[Null], alternative: Alternative) -> Iterator[Scores]:
    """The statistics of all arrangements, [arrangement, head] at a time."""
    towards, exact = _DIRECTIONS[alternative], is_exact(nulls)
    sources = [null.arrangements.all() if exact else null.arrangements.sample() for null in nulls]
    for weights in zip(*sources, strict=True):
        parts = [_comparable(null, null.statistic.of(own), nulls) for null, own in zip(nulls, weights, strict=True)]
        yield towards(np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0])


def _comparable(null: Null, statistics: Scores, nulls: Sequence[Null]) -> Scores:
    """Statistics that may be compared over the family: correlations of as many units, else t."""
    return statistics if len(nulls) == 1 else null.statistic.as_t(statistics)


def _as_t(nulls: Sequence[Null], statistics: PerHead) -> PerHead:
    return np.asarray(nulls[0].statistic.as_t(statistics) if len(nulls) == 1 else statistics, dtype=np.float64)


def _share(counts: npt.NDArray[np.int64], arranged: int, *, exact: bool) -> PerHead:
    return counts / arranged if exact else (counts + 1) / (arranged + 1)


def _pooled(a: PerHead, b: PerHead) -> tuple[PerHead, PerHead]:
    """Both sets' rows, centred and scaled together, and 1 for those of the first."""
    return _scaled(_centred(np.concatenate([a, b]))), np.repeat([1.0, 0.0], [len(a), len(b)])


def _centred(rows: PerHead) -> PerHead:
    return np.asarray(rows - rows.mean(axis=0))


def _scaled(rows: PerHead) -> PerHead:
    """Each head's column with a sum of squares of 1; first by its largest entry, so that no square overflows."""
    rows = rows / np.abs(rows).max(axis=0)
    return np.asarray(rows / np.linalg.norm(rows, axis=0))
