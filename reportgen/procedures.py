"""How each test that a spec can name is carried out: its statistic, what varies under its null, its effect and error.

Rows are independent units, [unit, head]; when the design is paired, row by row partners.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from reportgen.contrasts import Design
from reportgen.spec.model import Alternative, TestName, TestsSection
from reportgen.stats.arrangements import Draws, LabelShuffles, Rows, SignFlips
from reportgen.stats.differences import (
    MeanDifference,
    PerHead,
    Scores,
    differences_of,
    paired_difference,
    pooled_difference,
    welch_difference,
)
from reportgen.stats.effects import (
    Interval,
    cliffs_delta,
    cohens_dz,
    hedges_g,
    independent_bootstrap_interval,
    paired_bootstrap_interval,
    sign_dominance,
    t_interval,
)
from reportgen.stats.maxt import Null, paired_null, pooled_null, rank_sum_null, signed_rank_null, welch_null
from reportgen.stats.tests import TestStatistics, mann_whitney, paired_t, student, welch, wilcoxon

Arranged = Callable[[Scores, Scores, Draws, Rows], Null]


@dataclass(frozen=True)
class Procedure:
    """A test of every head, with the effect, error and arrangements that go with it.

    `null` is that of the test's own statistic, `mean_null` that of the mean difference, which intervals rest on.
    `ranks` says that the test looks at ranks, so that a t interval would not be its own.
    """

    test: Callable[[Scores, Scores, Alternative], TestStatistics]
    difference: Callable[[Scores, Scores], MeanDifference]
    standardized: Callable[[Scores, Scores], PerHead]
    dominance: Callable[[Scores, Scores], PerHead]
    bootstrap: Callable[[Scores, Scores, float, np.random.Generator], Interval]
    null: Arranged
    mean_null: Arranged
    ranks: bool = False

    def interval(self, a: Scores, b: Scores, tests: TestsSection) -> Interval:
        """The two-sided interval of each head alone, of level 1 - α."""
        if self.ranks:
            return self.bootstrapped(a, b, tests)
        return t_interval(self.difference(a, b), 1 - tests.alpha)

    def bootstrapped(self, a: Scores, b: Scores, tests: TestsSection) -> Interval:
        """The BCa bootstrap interval of each head alone, of level 1 - α; units are drawn whole."""
        return self.bootstrap(a, b, 1 - tests.alpha, np.random.default_rng(tests.seed))


def procedure_of(test: TestName, design: Design) -> Procedure:
    """The procedure of a test that is not `auto`."""
    if test == "permutation":
        test = "paired_t" if design == "paired" else "welch"
    return _PROCEDURES[test]


def _of_differences(null: Callable[[PerHead, SignFlips], Null]) -> Arranged:
    return lambda a, b, draws, rows: null(differences_of(a, b), SignFlips(draws, rows))


def _of_sets(null: Callable[[PerHead, PerHead, LabelShuffles], Null]) -> Arranged:
    def arranged(a: Scores, b: Scores, draws: Draws, rows: Rows) -> Null:
        shuffles = LabelShuffles(draws, rows, len(a))
        return null(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64), shuffles)

    return arranged


def _pair_dominance(a: Scores, b: Scores) -> PerHead:
    return sign_dominance(differences_of(a, b))


_paired = partial(
    Procedure,
    difference=paired_difference,
    standardized=cohens_dz,
    dominance=_pair_dominance,
    bootstrap=paired_bootstrap_interval,
    mean_null=_of_differences(paired_null),
)
_independent = partial(
    Procedure, standardized=hedges_g, dominance=cliffs_delta, bootstrap=independent_bootstrap_interval
)

_PROCEDURES: dict[TestName, Procedure] = {
    "paired_t": _paired(test=paired_t, null=_of_differences(paired_null)),
    "wilcoxon": _paired(test=wilcoxon, null=_of_differences(signed_rank_null), ranks=True),
    "student": _independent(
        test=student, difference=pooled_difference, null=_of_sets(pooled_null), mean_null=_of_sets(pooled_null)
    ),
    "welch": _independent(
        test=welch, difference=welch_difference, null=_of_sets(welch_null), mean_null=_of_sets(welch_null)
    ),
    "mann_whitney": _independent(
        test=mann_whitney,
        difference=welch_difference,
        null=_of_sets(rank_sum_null),
        mean_null=_of_sets(welch_null),
        ranks=True,
    ),
}
