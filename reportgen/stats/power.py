"""Sensitivity: the smallest effect that this many observations, this α and this variance could have found."""

import numpy as np
from scipy import special

from reportgen.stats.differences import MeanDifference, PerHead
from reportgen.stats.tests import Alternative

POWER = 0.8

_LARGEST_CRITICAL_T = 50.0


def detectable(
    difference: MeanDifference, alpha: float, power: float = POWER, alternative: Alternative = "two-sided"
) -> PerHead:
    """Size of the smallest true mean difference, in units of the score, that a t test at level `alpha` finds with
    probability `power`, [head]; NaN where nothing varies.

    For a one-sided test it is a difference in the direction of the alternative, and 0 where `alpha` itself reaches
    `power`. For a two-sided one, rejections in the wrong direction are not counted as finding the effect.

    For a family of m heads `alpha` is what one head has to pass whatever the others show
    (`Criterion.strictest`): α/m for Bonferroni and, as the level of a first finding, for Holm, Hommel and
    Benjamini–Hochberg, so that theirs errs on the large side. Max-T has no such level: see `detectable_at`.
    For the rank tests it is an approximation: their asymptotic relative efficiency is 3/π under
    normality (Hodges & Lehmann 1956), so that their smallest effect is then about 2 % larger.
    """
    tail = alpha / 2 if alternative == "two-sided" else alpha
    return _detectable(difference, -special.stdtrit(difference.degrees, tail), power)


def detectable_at(difference: MeanDifference, critical: float, power: float = POWER) -> PerHead:
    """As `detectable`, for a test that finds a head where t, in the direction of the effect, exceeds `critical`:
    max-T's critical value, the same for all heads, of |t| or of the t of a one-sided test.

    Infinite where `critical` is, which means too few arrangements for any finding; 0 where even a test of no effect
    passes with that probability; NaN where there is no critical value (NaN).
    """
    return _detectable(difference, np.full(difference.degrees.shape, critical), power)


def _detectable(difference: MeanDifference, critical: PerHead, power: float) -> PerHead:
    """δ·(standard error), δ being the noncentrality at which the noncentral t exceeds the critical value with that
    probability (Cohen 1988); a paired, a pooled and Welch's difference bring their own degrees of freedom."""
    error = np.where(difference.standard_error > 0, difference.standard_error, np.nan)
    return np.asarray(_noncentrality(difference.degrees, critical, power) * error)


def _noncentrality(degrees: PerHead, critical: PerHead, power: float) -> PerHead:
    """The smallest δ ≥ 0 with P(T > critical) ≥ power for T noncentral t with `degrees` degrees of freedom, [head].

    SciPy's inverse does not return for critical values in the thousands (two or three observations and a
    tiny α). There δ is proportional to the critical value, so it is computed at 50 and scaled up.
    """
    within = np.minimum(critical, _LARGEST_CRITICAL_T)
    beyond = np.maximum(critical / _LARGEST_CRITICAL_T, 1.0)
    return np.asarray(np.maximum(special.nctdtrinc(degrees, 1 - power, within), 0.0) * beyond)
