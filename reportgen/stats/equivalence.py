"""Equivalence: heads whose effect is shown to be smaller than the smallest one of interest.

"Not significant" does not say "no effect"; two one-sided tests (TOST; Schuirmann 1987, Lakens 2017) do:

1. One t test asks whether the effect is above −margin, one whether it is below +margin.
2. The effect is shown to be negligible where both say so; the larger of their p-values is the p-value of that claim.

The tests use the same mean difference, error and degrees of freedom as the test of a difference. A head is then
negligible at level α exactly where its t interval of level 1 − 2α lies between −margin and +margin.
"""

import numpy as np
from scipy import special

from reportgen.stats.differences import MeanDifference, PerHead


def equivalence(difference: MeanDifference, margin: float) -> PerHead:
    """P-values of the claim that the true effect is smaller than `margin` (units of the score) in size, [head].

    Where nothing varies the estimate decides: 0 where it is smaller, 1 where it is not. With a margin of 0 no effect
    is smaller and every p-value is 1. NaN stays NaN. Raises ValueError for a margin below 0 or not a number.
    """
    if not margin >= 0:
        raise ValueError(f"a margin of equivalence is a number of at least 0; got {margin}")
    if margin == 0:
        return np.where(np.isnan(difference.estimate), np.nan, 1.0)
    # The two tests mirror each other: the larger p-value is that of the margin on the estimate's own side.
    beyond = np.abs(difference.estimate) - margin
    varies = difference.standard_error > 0
    # An error of a tiny or a subnormal size sends t to ±∞, whose p-values are right.
    with np.errstate(over="ignore"):
        t = np.divide(beyond, difference.standard_error, out=np.full(beyond.shape, np.nan), where=varies)
    certain = np.where(beyond < 0, 0.0, 1.0)
    p_value = np.where(difference.standard_error == 0, certain, special.stdtr(difference.degrees, t))
    return np.where(np.isnan(beyond), np.nan, p_value)
