"""Arrangements of units under the null hypothesis: which sets, signs or values could equally well have come about.

A unit is one independent observation: a pair, a statement, or a cluster of them. Under the null hypothesis

1. a pair's two sides could be exchanged: every difference may have either sign;
2. statements of two sets could have been drawn the other way round: labels may be shuffled;
3. a column of numbers has nothing to do with the scores: its values may be shuffled.

Few arrangements are all listed (the observed one among them); of many, a seeded sample is drawn in blocks, so that
memory does not grow with their number. One source of chance, a random key for each unit, makes all three kinds:
contrasts that share units are then arranged together, and their joint distribution is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice, permutations
from math import comb, factorial

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import PerHead, Scores

BLOCK = 1000

Keys = npt.NDArray[np.float32]
Weights = Scores
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Draws:
    """So many random arrangements of so many units; the same seed and numbers give the same ones."""

    units: int
    resamples: int
    seed: int

    def blocks(self) -> Iterator[Keys]:
        """Random keys from 0 to 1, [arrangement, unit], up to `BLOCK` arrangements at a time."""
        rng = np.random.default_rng(self.seed)
        for start in range(0, self.resamples, BLOCK):
            yield rng.random((min(BLOCK, self.resamples - start), self.units), dtype=np.float32)


@dataclass(frozen=True)
class SignFlips:
    """Differences of either sign, over the units at `rows` of the draws (by default all)."""

    draws: Draws
    rows: Rows

    @property
    def possible(self) -> int:
        """How many arrangements there are."""
        return 1 << len(self.rows)

    @property
    def smallest_share(self) -> float:
        """The smallest two-sided p-value that all arrangements together allow: the observed one and its mirror image."""
        return min(1.0, 2 / self.possible)

    def all(self) -> Iterator[Weights]:
        """Every arrangement, blocks of ±1 [arrangement, unit]; the first is the observed one."""
        codes = np.arange(self.possible)[:, np.newaxis] >> np.arange(len(self.rows))
        signs = 1.0 - 2.0 * (codes & 1)
        yield from (signs[start : start + BLOCK] for start in range(0, len(signs), BLOCK))

    def sample(self) -> Iterator[Weights]:
        """The drawn arrangements, blocks of ±1 [arrangement, unit]."""
        for keys in self.draws.blocks():
            yield np.copysign(np.float32(1), keys[:, self.rows] - np.float32(0.5))


@dataclass(frozen=True)
class LabelShuffles:
    """The first `size` of the units at `rows` belong to A, the others to B; any others might as well."""

    draws: Draws
    rows: Rows
    size: int

    @property
    def possible(self) -> int:
        """How many arrangements there are."""
        return comb(len(self.rows), self.size)

    @property
    def smallest_share(self) -> float:
        """The smallest two-sided p-value: sets of one size have a mirror image that is as far from the null."""
        return min(1.0, (2 if 2 * self.size == len(self.rows) else 1) / self.possible)

    def all(self) -> Iterator[Weights]:
        """Every arrangement, blocks of 1 for A and 0 for B [arrangement, unit]; the first is the observed one."""
        chosen = combinations(range(len(self.rows)), self.size)
        while block := list(islice(chosen, BLOCK)):
            yield _members(np.array(block), len(self.rows), np.float64)

    def sample(self) -> Iterator[Weights]:
        """The drawn arrangements, blocks of 1 for A and 0 for B [arrangement, unit]."""
        for keys in self.draws.blocks():
            own = keys[:, self.rows]
            yield _members(np.argpartition(own, self.size - 1, axis=1)[:, : self.size], len(self.rows), np.float32)


@dataclass(frozen=True)
class ColumnShuffles:
    """The values of a column over the units at `rows`, in any order."""

    draws: Draws
    rows: Rows
    column: PerHead

    @property
    def possible(self) -> int:
        """How many orders there are (equal values counted apart)."""
        return factorial(min(len(self.rows), 20))

    @property
    def smallest_share(self) -> float:
        """The smallest p-value that all orders together allow."""
        return 1 / self.possible

    def all(self) -> Iterator[Weights]:
        """Every order, blocks [arrangement, unit]; the first is the observed one."""
        orders = permutations(range(len(self.rows)))
        while block := list(islice(orders, BLOCK)):
            yield self.column[np.array(block)]

    def sample(self) -> Iterator[Weights]:
        """The drawn orders, blocks [arrangement, unit]."""
        column = self.column.astype(np.float32)
        for keys in self.draws.blocks():
            yield column[np.argsort(keys[:, self.rows], axis=1)]


Arrangements = SignFlips | LabelShuffles | ColumnShuffles


def sign_flips(units: int, resamples: int, seed: int) -> SignFlips:
    """Sign flips of units that no other contrast shares."""
    return SignFlips(Draws(units, resamples, seed), np.arange(units))


def label_shuffles(size_a: int, size_b: int, resamples: int, seed: int) -> LabelShuffles:
    """Shuffled labels of units that no other contrast shares, those of A first."""
    units = size_a + size_b
    return LabelShuffles(Draws(units, resamples, seed), np.arange(units), size_a)


def column_shuffles(column: PerHead, resamples: int, seed: int) -> ColumnShuffles:
    """Shuffled values of a column [unit]."""
    return ColumnShuffles(Draws(len(column), resamples, seed), np.arange(len(column)), column)


def _members(chosen: Rows, units: int, dtype: type) -> Weights:
    members: Weights = np.zeros((len(chosen), units), dtype=dtype)
    np.put_along_axis(members, chosen, 1, axis=1)
    return members
