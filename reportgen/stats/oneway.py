"""Means of several groups of units at every head: do they differ, by labels shuffled among the units.

1. Units [unit, head] carry the label of their group. Were the groups alike, any labels could have come about: they are
   shuffled, within blocks where units of one block belong together, a block being one subject, say.
2. The statistic is Welch's F (1951), which lets groups vary by different amounts: under shuffled labels it keeps its error
   in large groups even where only the means are equal (Janssen 1997; Chung & Romano 2013).
3. The family-wise error over heads is held by the largest F of each shuffle (max-T; Westfall & Young 1993). Monte-Carlo
   p-values are (b + 1)/(m + 1) (Phipson & Smyth 2010).

Within blocks each block's mean is taken away first: what blocks differ in says nothing of the groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import PerHead, Scores, means_of_groups

BLOCK = 250
_TIE = 1e-9
_HARDLY_ANY = 1e-6

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Grouped:
    """Which group and which block each unit belongs to, both counted from 0, [unit]; every group has two units or more."""

    labels: Codes
    blocks: Codes

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.labels.max()) + 1

    @property
    def sizes(self) -> npt.NDArray[np.intp]:
        """Each group's units, counted, [group]."""
        return np.bincount(self.labels)

    @property
    def within_blocks(self) -> bool:
        """Whether there is more than one block."""
        return bool(self.blocks.any())

    def shuffles(self, draws: int, seed: int) -> Iterator[Codes]:
        """Labels in random order within blocks, [shuffle, unit], up to `BLOCK` at a time."""
        rng = np.random.default_rng(seed)
        by_block = np.argsort(self.blocks, kind="stable")
        blocks, labels = self.blocks[by_block], self.labels[by_block]
        for start in range(0, draws, BLOCK):
            order = np.argsort(blocks + rng.random((min(BLOCK, draws - start), len(labels))), axis=1)
            shuffled = np.empty(order.shape, dtype=np.intp)
            shuffled[:, by_block] = labels[order]
            yield shuffled


@dataclass(frozen=True)
class GroupMoments:
    """Each group's size [group], and mean and unbiased variance of its units, [shuffle, group, head]."""

    sizes: npt.NDArray[np.intp]
    mean: Scores
    variance: Scores


@dataclass(frozen=True)
class OneWay:
    """Welch's F at every head, its p-value by shuffled labels, and that which allows for all heads; [head] each."""

    statistic: PerHead
    p_value: PerHead
    adjusted: PerHead


def group_moments(labels: Codes, rows: PerHead, sizes: npt.NDArray[np.intp]) -> GroupMoments:
    """Moments of `rows` [unit, head] in the groups that `labels` [shuffle, unit] name."""
    members = (labels[:, np.newaxis] == np.arange(len(sizes))[:, np.newaxis]).astype(np.float64)
    per_group = sizes[:, np.newaxis]
    # Around the mean of all, so that the squares do not cancel.
    centre = rows.mean(axis=0)
    mean = members @ (rows - centre) / per_group
    variance = (members @ (rows - centre) ** 2 - per_group * mean**2) / (per_group - 1)
    return GroupMoments(sizes, mean + centre, np.maximum(variance, 0))


def welch_f(moments: GroupMoments) -> Scores:
    """Welch's F (1951) of the groups' means, [shuffle, head]. With weights w = n/s², k groups and m the weighted mean of all,
    F = Σw(mean − m)²/(k − 1) / (1 + 2(k − 2)/(k² − 1)·Σ(1 − w/Σw)²/(n − 1))."""
    k, sizes = len(moments.sizes), moments.sizes[:, np.newaxis]
    # A group that happens not to vary at all would decide everything.
    least = _HARDLY_ANY * moments.variance.mean(axis=1, keepdims=True) + np.finfo(float).tiny
    weights = sizes / np.maximum(moments.variance, least)
    share = weights / weights.sum(axis=1, keepdims=True)
    centre = (share * moments.mean).sum(axis=1, keepdims=True)
    between = (weights * (moments.mean - centre) ** 2).sum(axis=1) / (k - 1)
    correction = ((1 - share) ** 2 / (sizes - 1)).sum(axis=1)
    return np.asarray(between / (1 + 2 * (k - 2) / (k**2 - 1) * correction))


def one_way(rows: PerHead, grouped: Grouped, draws: int, seed: int) -> OneWay:
    """Whether the groups' means of `rows` [unit, head] differ. No head's rows may all be equal.

    With blocks, units that are alone in theirs say nothing of the groups and are left out. Raises ValueError where fewer
    than two units of some group are left.
    """
    if grouped.within_blocks:
        rows, grouped = _without_blocks(rows, grouped)
    sizes = grouped.sizes
    observed = welch_f(group_moments(grouped.labels[np.newaxis], rows, sizes))[0]
    alone, anywhere = np.ones(len(observed)), np.ones(len(observed))
    reached = observed * (1 - _TIE)
    for labels in grouped.shuffles(draws, seed):
        drawn = welch_f(group_moments(labels, rows, sizes))
        alone += np.count_nonzero(drawn >= reached, axis=0)
        anywhere += len(drawn) - np.searchsorted(np.sort(drawn.max(axis=1)), reached, side="left")
    return OneWay(observed, alone / (draws + 1), anywhere / (draws + 1))


def _without_blocks(rows: PerHead, grouped: Grouped) -> tuple[PerHead, Grouped]:
    """Units of blocks that hold several, each block's mean taken away."""
    kept = np.bincount(grouped.blocks)[grouped.blocks] > 1
    _, blocks = np.unique(grouped.blocks[kept], return_inverse=True)
    labels = grouped.labels[kept]
    if (np.bincount(labels, minlength=grouped.groups) < 2).any():
        raise ValueError("each group needs at least two units whose block holds others")
    means = means_of_groups(rows[kept], blocks, int(blocks.max()) + 1)
    return rows[kept] - means[blocks], Grouped(labels, blocks)
