"""What more observations would show: the smallest detectable effect and the power at other sample sizes.

1. A pilot, or a guess, gives every head's spread: of its paired differences, or of its scores in each set.
2. With n observations the standard error follows from the spread, and the degrees of freedom from n.
3. The smallest detectable effect is that of `power.detectable` with this error; the power at a given effect δ is
   P(T > t) for the noncentral t with noncentrality δ / standard error (Cohen 1988), t being the critical value.
   As there, a rejection in the wrong direction does not count as finding the effect.

Spreads and effects are in units of the scores. A head that does not vary has NaN everywhere.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special

from reportgen.stats.corrections import Method, criterion
from reportgen.stats.differences import MeanDifference, PerHead, Scores, describe, differences_of, rounding_of
from reportgen.stats.power import POWER, detectable
from reportgen.stats.tests import Alternative

MOST_OBSERVATIONS = 10_000_000

_STEADIEST, _MOST_VARIABLE = 0.1, 0.9


class Spread(Protocol):
    """How much every head's scores vary, whatever the design."""

    @property
    def fewest(self) -> int:
        """The fewest observations that can be tested."""
        ...

    def at(self, n: int) -> MeanDifference:
        """Error and degrees of freedom of a difference of 0 from n observations, [head]."""
        ...

    def typical(self) -> "Spread":
        """That of the median head alone."""
        ...


@dataclass(frozen=True)
class PairedSpread:
    """Standard deviation of every head's differences between partners, [head]; an observation is a pair."""

    deviation: PerHead

    @property
    def fewest(self) -> int:
        return 2

    def at(self, n: int) -> MeanDifference:
        """s_d/√n with n - 1 degrees of freedom (Student 1908)."""
        return MeanDifference(
            np.zeros(self.deviation.shape), self.deviation / np.sqrt(n), np.full(self.deviation.shape, n - 1.0)
        )

    def typical(self) -> "PairedSpread":
        return PairedSpread(np.array([np.nanmedian(self.deviation)]))


@dataclass(frozen=True)
class IndependentSpread:
    """Standard deviations of every head's scores in A and in B, [head] each; an observation is a statement of
    either set, `share` of them in A."""

    a: PerHead
    b: PerHead
    share: float = 0.5

    @property
    def fewest(self) -> int:
        return 4

    def at(self, n: int) -> MeanDifference:
        """√(s_a²/n_a + s_b²/n_b) with Welch's degrees of freedom (1947); each set has two statements or more."""
        n_a = min(max(round(n * self.share), 2), n - 2)
        first, second = self.a**2 / n_a, self.b**2 / (n - n_a)
        total = first + second
        share = np.divide(first, total, out=np.full(total.shape, 0.5), where=total > 0)
        degrees = 1 / (share**2 / (n_a - 1) + (1 - share) ** 2 / (n - n_a - 1))
        return MeanDifference(np.zeros(total.shape), np.sqrt(total), degrees)

    def typical(self) -> "IndependentSpread":
        errors = self.a**2 / self.share + self.b**2 / (1 - self.share)
        middle = int(np.argsort(errors)[np.count_nonzero(~np.isnan(errors)) // 2])  # NaN comes last
        return IndependentSpread(self.a[[middle]], self.b[[middle]], self.share)


@dataclass(frozen=True)
class Level:
    """The level that one head has to pass, and the direction that is asked for."""

    alpha: float
    alternative: Alternative = "two-sided"

    @property
    def tail(self) -> float:
        """The chance of one rejection in the direction of the effect where there is none."""
        return self.alpha / 2 if self.alternative == "two-sided" else self.alpha


@dataclass(frozen=True)
class Curve:
    """The smallest detectable effect over heads at every number of observations; four arrays of one length.

    `easy` is that of the steadiest tenth of the heads (their 10th percentile), `hard` that of the most variable
    tenth (the 90th).
    """

    sizes: tuple[int, ...]
    easy: PerHead
    median: PerHead
    hard: PerHead


def paired_spread(a: Scores, b: Scores) -> PairedSpread:
    """That of aligned rows [pair, head]; raises ValueError with fewer than two."""
    moments = describe(differences_of(a, b), rounding_of(a, b))
    return PairedSpread(_varying(moments.standard_deviation))


def independent_spread(a: Scores, b: Scores) -> IndependentSpread:
    """That of two sets [statement, head], in the proportion of their sizes; raises ValueError with fewer than two
    statements in one."""
    first, second = describe(a).standard_deviation, describe(b).standard_deviation
    still = np.hypot(first, second) == 0
    return IndependentSpread(
        np.where(still, np.nan, first), np.where(still, np.nan, second), len(a) / (len(a) + len(b))
    )


def planning_level(method: Method, alpha: float, family_size: int) -> float:
    """The raw p-value that a first finding is planned to need: the correction's own (`Criterion.strictest`).

    Max-T's critical value is known only with scores. Without them it is planned for by that of Šidák, which is never
    smaller for two-sided tests of normal means (Šidák 1967): max-T then finds at least as much as is planned for it.
    """
    rule = criterion(method)
    return (criterion("sidak") if rule.resampled else rule).strictest(alpha, family_size)


def level_of_critical(critical: float, difference: MeanDifference) -> float:
    """The two-sided level at which the median head of a pilot, with this `difference`, has this critical value of |t|:
    how a max-T critical value, which holds for one number of observations, is carried over to another."""
    return float(2 * special.stdtr(np.nanmedian(difference.degrees), -critical))


def smallest_effects(spread: Spread, sizes: Sequence[int], level: Level) -> PerHead:
    """The smallest true difference that is found with 80 % power at each size, [size, head]."""
    return np.stack([_smallest(spread.at(n), level) for n in sizes])


def power_at(spread: Spread, sizes: Sequence[int], level: Level, effect: float) -> PerHead:
    """The probability that a t test finds a true difference of `effect`, which lies in the direction that is asked
    for, [size, head]."""
    return np.stack([_power(spread.at(n), level, effect) for n in sizes])


def curve(spread: Spread, sizes: Sequence[int], level: Level) -> Curve:
    """How the smallest detectable effects of all heads fall with the number of observations; one head at least
    has to vary."""
    effects = smallest_effects(spread, sizes, level)
    easy, median, hard = np.nanquantile(effects, (_STEADIEST, 0.5, _MOST_VARIABLE), axis=1)
    return Curve(tuple(sizes), easy, median, hard)


def observations_for(spread: Spread, level: Level, effect: float) -> int | None:
    """The fewest observations with which the median head's smallest detectable effect is at most `effect`; None
    where ten million do not suffice."""
    typical = spread.typical()
    sizes = range(spread.fewest, MOST_OBSERVATIONS + 1)
    place = bisect_left(sizes, True, key=lambda n: bool(_smallest(typical.at(n), level)[0] <= effect))
    return sizes[place] if place < len(sizes) else None


def _smallest(difference: MeanDifference, level: Level) -> PerHead:
    return detectable(difference, level.alpha, POWER, level.alternative)


def _varying(deviation: PerHead) -> PerHead:
    return np.where(deviation > 0, deviation, np.nan)


def _power(difference: MeanDifference, level: Level, effect: float) -> PerHead:
    degrees, critical = difference.degrees, -special.stdtrit(difference.degrees, level.tail)
    noncentrality = abs(effect) / difference.standard_error
    power: PerHead = 1 - special.nctdtr(degrees, noncentrality, critical)
    # SciPy gives NaN where the noncentrality is large. There T is nearly the noncentrality over the standard
    # deviation's own error, √(χ²/ν), which alone then decides.
    with np.errstate(over="ignore"):
        far: PerHead = special.chdtr(degrees, degrees * (noncentrality / critical) ** 2)
    return np.where(np.isnan(power), far, power)
