"""Sensitivity: the smallest effect that this many observations, this α and this variance could have found."""

import numpy as np
from scipy import special

from reportgen.stats.differences import MeanDifference, PerHead

POWER = 0.8

_LARGEST_CRITICAL_T = 50.0


def detectable(difference: MeanDifference, alpha: float, power: float = POWER) -> PerHead:
    """Smallest true mean difference, in units of the score, that a two-sided t test at level `alpha` finds
    with probability `power`, [head]; NaN where nothing varies.

    It is δ·(standard error), δ being the noncentrality at which the noncentral t exceeds the critical value
    with that probability (Cohen 1988); a paired, a pooled and Welch's difference bring their own degrees of
    freedom. Rejections in the wrong direction are not counted as finding the effect.

    For a family of m heads `alpha` is what one head has to pass whatever the others show
    (`Criterion.strictest`): α/m for Bonferroni and Holm, α/(m·Σ1/i) for Benjamini–Yekutieli,
    and α/m for Benjamini–Hochberg, which is the level of a first discovery and so errs on the large side.
    For the rank tests it is an approximation: their asymptotic relative efficiency is 3/π under
    normality (Hodges & Lehmann 1956), so that their smallest effect is then about 2 % larger.
    """
    critical = -special.stdtrit(difference.degrees, alpha / 2)
    effect = _noncentrality(difference.degrees, critical, power) * difference.standard_error
    return np.where(difference.standard_error > 0, effect, np.nan)


def _noncentrality(degrees: PerHead, critical: PerHead, power: float) -> PerHead:
    """δ with P(T > critical) = power for T noncentral t with `degrees` degrees of freedom, [head].

    SciPy's inverse does not return for critical values in the thousands (two or three observations and a
    tiny α). There δ is proportional to the critical value, so it is computed at 50 and scaled up.
    """
    within = np.minimum(critical, _LARGEST_CRITICAL_T)
    return np.asarray(special.nctdtrinc(degrees, 1 - power, within) * (critical / within))
