"""Whether recall heads add more to the answer than other heads, and more so where the model is right.

1. The model is right about a pair where it recalls the fact, that is where no other object of the relation is likelier than the
   true one; or, which is easier, where it prefers the true object to the false one.
2. Recall heads are set beside the other heads of their own layers: over pairs, or the clusters that the spec names, with a
   t interval; among heads drawn at random from the same layers with a p-value (`stats.matched`).
3. Pairs about which it is right are set beside the others by Welch's test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.analyses.analysis import Study
from reportgen.scores import label_columns
from reportgen.statements import Statement
from reportgen.stats.differences import means_of_groups, paired_difference, welch_difference
from reportgen.stats.effects import Interval, t_interval
from reportgen.stats.matched import among_random_heads, weights
from reportgen.stats.tests import welch

Map = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

_FEWEST = 2


@dataclass(frozen=True)
class Standing:
    """In so many `units`, the mean of recall heads and of the other heads of their layers, and their difference with its
    interval over units and its p-value among heads."""

    units: int
    recall: float
    others: float
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class More:
    """How much further recall heads stand out where the model is right than where it is not, with interval and p-value."""

    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Split:
    """Recall heads beside the others over the pairs about which the model is `right` and `wrong`, None where there are fewer
    than two, and the difference of the two."""

    right: Standing | None
    wrong: Standing | None
    more: More | None


@dataclass(frozen=True)
class Influence:
    """Recall heads beside the others over all pairs, and split by whether the fact is `recalled` and by whether the true object
    is `preferred` to the false one. `matched` recall heads have others in their layers."""

    matched: int
    every: Standing
    recalled: Split
    preferred: Split


def influence_of(values: Map, recall: Marks, study: Study, true: Sequence[Statement]) -> Influence | None:
    """What recall heads add, from `values` [pair, layer, head] of the pairs' `true` statements; None where no layer has both
    recall heads and others, or there are fewer than two units."""
    shares, known = weights(recall), study.knowledge.columns(true)
    every = _standing(_units(values, study, true), recall, study) if shares.any() else None
    if every is None:
        return None

    def units(chosen: Marks) -> Map:
        return _units(values[chosen], study, [one for one, there in zip(true, chosen, strict=True) if there])

    def split(right: Marks, wrong: Marks) -> Split:
        first, second = units(right), units(wrong)
        more = _more(first, second, shares, 1 - study.spec.tests.alpha)
        return Split(_standing(first, recall, study), _standing(second, recall, study), more)

    return Influence(
        matched=int((recall & (shares > 0)).sum()),
        every=every,
        recalled=split(known["recalled"] == "true", known["recalled"] == "false"),
        preferred=split(known["margin"] > 0, known["margin"] <= 0),
    )


def _units(values: Map, study: Study, true: Sequence[Statement]) -> Map:
    """The pairs themselves or the means of their clusters, [unit, layer, head]; pairs of no known cluster are left out."""
    cluster = study.spec.tests.cluster
    if cluster is None or not len(values):
        return values
    column = {**label_columns(true), **study.knowledge.columns(true)}[cluster].astype(str)
    known = ~np.isin(column, ("", "nan"))
    names, groups = np.unique(column[known], return_inverse=True)
    return means_of_groups(values[known], groups, len(names))


def _standing(units: Map, recall: Marks, study: Study) -> Standing | None:
    if len(units) < _FEWEST:
        return None
    tests, means, shares = study.spec.tests, units.mean(axis=0), weights(recall)
    stand_out = _beside(units, shares)
    interval = _t_interval(stand_out, 1 - tests.alpha)
    drawn = among_random_heads(means, recall, tests.resamples, tests.seed)
    own = float((np.where(recall, shares, 0.0) * means).sum())
    return Standing(
        units=len(units),
        recall=own,
        others=own - drawn.estimate,
        difference=drawn.estimate,
        low=float(interval.low[0]),
        high=float(interval.high[0]),
        p_value=drawn.p_value,
    )


def _beside(units: Map, shares: Map) -> Map:
    """How far recall heads stand out in each unit, [unit, 1]."""
    return np.asarray((units * shares).sum(axis=(1, 2))[:, np.newaxis])


def _t_interval(values: Map, level: float) -> Interval:
    return t_interval(paired_difference(values, np.zeros_like(values)), level)


def _more(right: Map, wrong: Map, shares: Map, level: float) -> More | None:
    if min(len(right), len(wrong)) < _FEWEST:
        return None
    a, b = _beside(right, shares), _beside(wrong, shares)
    difference, tested = welch_difference(a, b), welch(a, b)
    interval = t_interval(difference, level)
    return More(
        float(difference.estimate[0]), float(interval.low[0]), float(interval.high[0]), float(tested.p_value[0])
    )
