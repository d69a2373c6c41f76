"""How far groups of units find the same heads, beside how far they would if which group a unit is in meant nothing.

1. In each group every head has a paired t, the mean of its units over its standard error, and an effect, that mean. A
   group's set are the k heads with the largest t among those whose effect is large enough, with k the size of the set that
   was found. Corrections that go by t alone find exactly such sets.
2. Two sets share |A ∩ B| / |A ∪ B| of their heads (Jaccard 1912), and two groups' effects correlate over heads.
3. Both are had anew with labels shuffled (`oneway.Grouped`), k as before. What share of the shuffles comes out no more alike
   than the groups do is the p-value, (b + 1)/(m + 1) (Phipson & Smyth 2010): a small one says that the groups differ by
   more than which units happened to be in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import Flags, PerHead
from reportgen.stats.oneway import Grouped, GroupMoments, group_moments
from reportgen.stats.tests import Alternative

DRAWS = 2000
_NEAR = 1e-9


@dataclass(frozen=True)
class Sets:
    """How a group's heads are chosen: so many of each group [group], with effects of at least `least`, in a direction."""

    sizes: Sequence[int]
    least: float
    alternative: Alternative


@dataclass(frozen=True)
class Likeness:
    """How alike each pair of groups is, [pair]: as observed, with shuffled labels on average, and the share of shuffles that
    come out no more alike. NaN where there is nothing to compare."""

    observed: PerHead
    shuffled: PerHead
    p_value: PerHead


@dataclass(frozen=True)
class Alike:
    """Pairs of groups (first, second), by the heads they find and by their effects at all heads."""

    pairs: tuple[tuple[int, int], ...]
    overlap: Likeness
    correlation: Likeness


def compare_groups(rows: PerHead, grouped: Grouped, sets: Sets, seed: int, draws: int = DRAWS) -> Alike:
    """All pairs of groups of `rows` [unit, head], in order."""
    pairs = tuple((i, j) for i in range(grouped.groups) for j in range(i + 1, grouped.groups))
    own = group_moments(grouped.labels[np.newaxis], rows, grouped.sizes)
    overlaps, correlations = [_overlap(own, sets, pairs)], [_correlation(own, pairs)]
    for labels in grouped.shuffles(draws, seed):
        moments = group_moments(labels, rows, grouped.sizes)
        overlaps.append(_overlap(moments, sets, pairs))
        correlations.append(_correlation(moments, pairs))
    return Alike(pairs, _likeness(np.concatenate(overlaps)), _likeness(np.concatenate(correlations)))


def jaccard(one: Flags, other: Flags) -> float:
    """|A ∩ B| / |A ∪ B| of two sets of heads, flags of one shape; NaN where both are empty (Jaccard 1912)."""
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else float("nan")


def chosen(moments: GroupMoments, sets: Sets) -> Flags:
    """The heads that each group chooses, [shuffle, group, head]."""
    # A head that does not vary at all has no t that could be trusted.
    error = np.sqrt(moments.variance / moments.sizes[:, np.newaxis])
    t = np.divide(moments.mean, error, out=np.zeros(moments.mean.shape), where=error > 0)
    towards = {"two-sided": np.abs(t), "greater": t, "less": -t}[sets.alternative]
    strength = np.where((np.abs(moments.mean) >= sets.least) & (error > 0), towards, -np.inf)
    flags = np.zeros(strength.shape, dtype=bool)
    for group, size in enumerate(sets.sizes):
        if size:
            limit = -np.partition(-strength[:, group], size - 1, axis=1)[:, size - 1, np.newaxis]
            flags[:, group] = (strength[:, group] >= limit) & np.isfinite(strength[:, group])
    return flags


def _overlap(moments: GroupMoments, sets: Sets, pairs: Sequence[tuple[int, int]]) -> npt.NDArray[np.float64]:
    """[shuffle, pair]."""
    flags = chosen(moments, sets)
    shares = []
    for i, j in pairs:
        union = np.count_nonzero(flags[:, i] | flags[:, j], axis=1)
        both = np.count_nonzero(flags[:, i] & flags[:, j], axis=1)
        shares.append(np.divide(both, union, out=np.full(len(union), np.nan), where=union > 0))
    return np.stack(shares, axis=1)


def _correlation(moments: GroupMoments, pairs: Sequence[tuple[int, int]]) -> npt.NDArray[np.float64]:
    """[shuffle, pair]."""
    centred = moments.mean - moments.mean.mean(axis=2, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=2))
    products = np.stack([(centred[:, i] * centred[:, j]).sum(axis=1) for i, j in pairs], axis=1)
    lengths = np.stack([length[:, i] * length[:, j] for i, j in pairs], axis=1)
    return np.asarray(np.divide(products, lengths, out=np.full(products.shape, np.nan), where=lengths > 0))


def _likeness(values: npt.NDArray[np.float64]) -> Likeness:
    """The first row was observed, the others came about by shuffles."""
    observed, drawn = values[0], values[1:]
    no_more = np.count_nonzero(~(drawn > observed + _NEAR), axis=0)
    known = np.isfinite(observed) & np.isfinite(drawn).any(axis=0)
    mean = np.array(
        [column[np.isfinite(column)].mean() if ok else np.nan for column, ok in zip(drawn.T, known, strict=True)]
    )
    return Likeness(observed, mean, np.where(known, (no_more + 1) / (len(drawn) + 1), np.nan))
