"""Null data sets, made from real scores with the dependence between heads that they really have.

In 1 and 2 no head differs in any way; in 3 heads differ in all but their means.

1. Paired (`Pairs`): each unit's two sides are swapped or not, at random. Every difference keeps its size and loses its
   sign, in all heads at once. The independent tests, which ignore the pairing, see the same swapped sides as two sets.
2. Independent (`TwoSets`): each set's mean is removed, the rows are pooled, and random ones are called A.
3. Equal means (`draw_equal_means`): the differences, or each set, without their mean; units are drawn with replacement,
   so that every head keeps its own skew, and each set its own spread.

A unit is one independent observation; clusters come reduced to one row. Draws stand side by side as if they were more
heads, since every test of `stats.tests` treats heads one by one: one call tests a block of draws.

Swaps and relabellings form groups. So the arrangements of a drawn data set are those of the data set that it was drawn
from, and the largest statistics over all of them are the same: max-T's reference need be computed only once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from reportgen.stats import maxt, tests
from reportgen.stats.arrangements import label_shuffles, sign_flips
from reportgen.stats.differences import (
    Flags,
    MeanDifference,
    PerHead,
    describe,
    paired_difference,
    welch_difference,
)

Test = Literal["paired_t", "wilcoxon", "student", "welch", "mann_whitney"]

PAIRED: tuple[Test, ...] = ("paired_t", "wilcoxon")
RUN: dict[Test, Callable[[PerHead, PerHead], tests.TestStatistics]] = {
    "paired_t": tests.paired_t,
    "wilcoxon": tests.wilcoxon,
    "student": tests.student,
    "welch": tests.welch,
    "mann_whitney": tests.mann_whitney,
}


@dataclass(frozen=True)
class Drawn:
    """A block of data sets: scores of A and of B, [unit, draw, head] each."""

    a: PerHead
    b: PerHead

    @property
    def shape(self) -> tuple[int, int]:
        """How many draws and heads."""
        return self.a.shape[1], self.a.shape[2]

    def run(self, test: Test) -> PerHead:
        """The p-values of that test, [draw, head]."""
        return RUN[test](*self._side_by_side()).p_value.reshape(self.shape)

    def plus(self, effect: PerHead) -> "Drawn":
        """The same with `effect` [head] added to every score of A."""
        return Drawn(self.a + effect, self.b)

    def each(self) -> Iterator[tuple[PerHead, PerHead]]:
        """The data sets one by one, [unit, head] each."""
        return ((self.a[:, draw], self.b[:, draw]) for draw in range(self.shape[0]))

    def _side_by_side(self) -> tuple[PerHead, PerHead]:
        return self.a.reshape(len(self.a), -1), self.b.reshape(len(self.b), -1)


@dataclass(frozen=True)
class Pairs:
    """Real scores of both sides of each unit, two arrays [unit, head]."""

    a: PerHead
    b: PerHead

    tests: ClassVar[tuple[Test, ...]] = ("paired_t", "wilcoxon", "student", "welch", "mann_whitney")
    own_test: ClassVar[Test] = "paired_t"
    own_tests: ClassVar[tuple[Test, ...]] = PAIRED

    @property
    def keys(self) -> int:
        """How many random numbers make a draw."""
        return len(self.a)

    def base(self) -> tuple[PerHead, PerHead]:
        """The data set that every draw arranges anew, [unit, head] each."""
        return self.a, self.b

    def draw(self, keys: PerHead) -> Drawn:
        """Null data sets from random keys between 0 and 1, [draw, unit]."""
        swapped = (keys < 0.5).T[:, :, np.newaxis]
        a, b = self.a[:, np.newaxis], self.b[:, np.newaxis]
        return Drawn(np.where(swapped, b, a), np.where(swapped, a, b))

    def draw_equal_means(self, keys: PerHead) -> Drawn:
        """Data sets in which only the means are equal, from random keys between 0 and 1, [draw, unit]."""
        a = self.a - (self.a - self.b).mean(axis=0)
        units = _with_replacement(keys, len(a))
        return Drawn(a[units], self.b[units])

    def weights(self, test: Test, keys: PerHead) -> PerHead:
        """The same draws as `draw` makes, as the weights that max-T of that test gives to `base`."""
        swapped = keys < 0.5
        if test in PAIRED:
            return np.where(swapped, -1.0, 1.0)
        return np.concatenate([~swapped, swapped], axis=1).astype(np.float64)

    def standard_error(self) -> PerHead:
        """Of the mean difference in a null data set, √(Σd²)/n, [head]: random signs have no other spread."""
        return np.asarray(np.linalg.norm(self.a - self.b, axis=0) / len(self.a))

    def difference(self, a: PerHead, b: PerHead) -> MeanDifference:
        """The mean difference that the intervals of this design stand on."""
        return paired_difference(a, b)

    def samples(self, a: PerHead, b: PerHead) -> tuple[PerHead, ...]:
        """Samples whose means add up to the effect."""
        return (a - b,)

    def normal(self, rng: np.random.Generator) -> "Pairs":
        """As many pairs whose differences are normal, with the variances and the dependence between heads of these."""
        differences = _normal_like(self.a - self.b, rng)
        return Pairs(differences, np.zeros_like(differences))

    def skewness(self) -> PerHead:
        """Of the differences, [head]."""
        return _skewness(self.a - self.b)

    def testable(self) -> Flags:
        """Heads that can be tested in every draw, [head]: at least two differences are not zero."""
        differences = self.a - self.b
        several = (differences != 0).sum(axis=0) > 1
        return np.asarray(_testable_by_all(self.tests, self.a, self.b) & several)

    def only(self, heads: Flags) -> "Pairs":
        """The same units with those heads alone."""
        return Pairs(self.a[:, heads], self.b[:, heads])


@dataclass(frozen=True)
class TwoSets:
    """Real scores of two independent sets, [unit, head] each."""

    a: PerHead
    b: PerHead

    tests: ClassVar[tuple[Test, ...]] = ("student", "welch", "mann_whitney")
    own_test: ClassVar[Test] = "welch"
    own_tests: ClassVar[tuple[Test, ...]] = tests

    @property
    def keys(self) -> int:
        """How many random numbers make a draw."""
        return len(self.a) + len(self.b)

    def base(self) -> tuple[PerHead, PerHead]:
        """The data set that every draw arranges anew, [unit, head] each: both sets without their means."""
        return self.a - self.a.mean(axis=0), self.b - self.b.mean(axis=0)

    def draw(self, keys: PerHead) -> Drawn:
        """Null data sets from random keys between 0 and 1, [draw, unit]."""
        order, size = np.argsort(keys, axis=1).T, len(self.a)
        pooled = np.concatenate(self.base())
        return Drawn(pooled[order[:size]], pooled[order[size:]])

    def draw_equal_means(self, keys: PerHead) -> Drawn:
        """Data sets in which only the means are equal, from random keys between 0 and 1, [draw, unit]."""
        (a, b), size = self.base(), len(self.a)
        return Drawn(a[_with_replacement(keys[:, :size], size)], b[_with_replacement(keys[:, size:], len(b))])

    def weights(self, _: Test, keys: PerHead) -> PerHead:
        """The same draws as `draw` makes, as the weights that max-T of any test gives to `base`."""
        labels = np.zeros(keys.shape)
        np.put_along_axis(labels, np.argsort(keys, axis=1)[:, : len(self.a)], 1.0, axis=1)
        return labels

    def standard_error(self) -> PerHead:
        """Of the difference of means in a null data set, [head]: both sets have the pooled rows' variance."""
        spread = describe(np.concatenate(self.base())).standard_deviation
        return np.asarray(spread * np.sqrt(1 / len(self.a) + 1 / len(self.b)))

    def difference(self, a: PerHead, b: PerHead) -> MeanDifference:
        """The mean difference that the intervals of this design stand on."""
        return welch_difference(a, b)

    def samples(self, a: PerHead, b: PerHead) -> tuple[PerHead, ...]:
        """Samples whose means add up to the effect."""
        return (a, -b)

    def normal(self, rng: np.random.Generator) -> "TwoSets":
        """Normal scores of sets as large, each with its own variances and dependence between heads."""
        return TwoSets(_normal_like(self.a, rng), _normal_like(self.b, rng))

    def skewness(self) -> PerHead:
        """Of the set in which it is stronger, [head]."""
        a, b = _skewness(self.a), _skewness(self.b)
        return np.where(np.abs(a) >= np.abs(b), a, b)

    def testable(self) -> Flags:
        """Heads that can be tested in every draw, [head]."""
        return _testable_by_all(self.tests, self.a, self.b)

    def only(self, heads: Flags) -> "TwoSets":
        """The same units with those heads alone."""
        return TwoSets(self.a[:, heads], self.b[:, heads])


NullDesign = Pairs | TwoSets


def blocks(design: NullDesign, draws: int, cells: int) -> list[int]:
    """Sizes of blocks of draws that hold about so many scores each."""
    size = max(1, cells // (design.keys * design.a.shape[1]))
    return [min(size, draws - start) for start in range(0, draws, size)]


def null_of(test: Test, a: PerHead, b: PerHead, resamples: int, seed: int) -> maxt.Null:
    """What max-T of that test arranges, of scores [unit, head]: signs of the pairs, or labels."""
    match test:
        case "paired_t":
            return maxt.paired_null(a - b, sign_flips(len(a), resamples, seed))
        case "wilcoxon":
            return maxt.signed_rank_null(a - b, sign_flips(len(a), resamples, seed))
    make = {"student": maxt.pooled_null, "welch": maxt.welch_null, "mann_whitney": maxt.rank_sum_null}[test]
    return make(a, b, label_shuffles(len(a), len(b), resamples, seed))


def _with_replacement(keys: PerHead, units: int) -> npt.NDArray[np.intp]:
    """Rows of the units that keys [draw, unit] from 0 to 1 point at, [unit, draw]."""
    return np.minimum((keys * units).astype(np.intp), units - 1).T


def _normal_like(values: PerHead, rng: np.random.Generator) -> PerHead:
    """Normal rows with the covariance of `values` [unit, head] and mean 0: normal mixtures of their deviations."""
    units = len(values)
    mixed: PerHead = rng.standard_normal((units, units)) @ (values - values.mean(axis=0)) / np.sqrt(units - 1)
    return mixed


def _skewness(values: PerHead) -> PerHead:
    """The mean cube of the scores in standard deviations about their mean, [head]; 0 where nothing varies."""
    spread = values.std(axis=0)
    standardized = np.divide(values - values.mean(axis=0), spread, out=np.zeros(values.shape), where=spread > 0)
    return np.asarray((standardized**3).mean(axis=0))


def _testable_by_all(names: tuple[Test, ...], a: PerHead, b: PerHead) -> Flags:
    return np.asarray(np.all([RUN[name](a, b).reason == "" for name in names], axis=0))
