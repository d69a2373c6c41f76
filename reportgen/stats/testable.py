"""Which heads a test cannot be run on, and why.

Each function returns one reason per head, [head]: "" where the test can be run. A head without a reason
always gets a finite p-value; a head with one never gets any.
"""

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import Flags, MeanDifference, Scores, differences_of

NOT_FINITE = "a score is not finite"
TOO_LARGE = "the scores are too large for their variance to be computed"
ALL_ZERO = "every difference is exactly zero"
SAME_DIFFERENCE = "the difference is the same in every pair"
NO_VARIATION = "the scores do not vary within either set"
ALL_EQUAL = "every score is the same"

Reasons = npt.NDArray[np.str_]


def paired_t_reasons(a: Scores, b: Scores, difference: MeanDifference) -> Reasons:
    """For the paired t test: differences that do not vary (beyond rounding) have no t statistic."""
    return _first_that_holds(
        (NOT_FINITE, _not_finite(a, b)),
        (TOO_LARGE, ~np.isfinite(difference.standard_error)),
        (ALL_ZERO, np.asarray((a == b).all(axis=0))),
        (SAME_DIFFERENCE, np.asarray(difference.standard_error == 0)),
    )


def independent_t_reasons(a: Scores, b: Scores, difference: MeanDifference) -> Reasons:
    """For the t tests of Student and Welch: at least one of the sets has to vary (beyond rounding)."""
    return _first_that_holds(
        (NOT_FINITE, _not_finite(a, b)),
        (TOO_LARGE, ~np.isfinite(difference.standard_error)),
        (NO_VARIATION, np.asarray(difference.standard_error == 0)),
    )


def wilcoxon_reasons(a: Scores, b: Scores) -> Reasons:
    """For the signed-rank test: it drops differences of zero, so one at least has to be another number."""
    overflow = ~np.asarray(np.isfinite(differences_of(a, b)).all(axis=0))
    return _first_that_holds(
        (NOT_FINITE, _not_finite(a, b)), (TOO_LARGE, overflow), (ALL_ZERO, np.asarray((a == b).all(axis=0)))
    )


def mann_whitney_reasons(a: Scores, b: Scores) -> Reasons:
    """For the rank-sum test: two constant sets can be ranked, one constant over both sets cannot."""
    equal = np.asarray((a == a[:1]).all(axis=0) & (b == a[:1]).all(axis=0))
    return _first_that_holds((NOT_FINITE, _not_finite(a, b)), (ALL_EQUAL, equal))


def _not_finite(a: Scores, b: Scores) -> Flags:
    return ~np.asarray(np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0))


def _first_that_holds(*cases: tuple[str, Flags]) -> Reasons:
    reasons = np.array([*(reason for reason, _ in cases), ""])
    holds = np.stack([*(flags for _, flags in cases), np.ones_like(cases[0][1])])
    return np.asarray(reasons[holds.argmax(axis=0)])
