"""What calibration counts, each share with the interval that the draws' own chance gives it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from reportgen.stats.corrections import Method, criterion
from reportgen.stats.differences import PerHead
from reportgen.stats.null_draws import Test

Verdict = Literal["held", "cautious", "broken"]
Bounds = tuple[float, float]

LEVEL = 0.95
# Up to fifty rates stand in a table: 5 % of chance to misjudge any, shared among them (Bonferroni).
SURE = 0.998


def verdict_on(sure: Bounds, most: float) -> Verdict:
    """Whether a rate of at most `most` is kept, given an interval of it that one can be `SURE` of: broken, or more
    cautious than need be, only where all of the interval lies above, or below."""
    low, high = sure
    if low > most:
        return "broken"
    return "cautious" if high < most else "held"


def _reach(level: float) -> float:
    """How many standard errors an interval of that level reaches to either side."""
    return float(special.ndtri((1 + level) / 2))


@dataclass(frozen=True)
class Rate:
    """In so many of the draws it happened.

    `arrangements` are those of a reference that all draws were compared with; infinite where there is none, or where it
    is exact. Their chance is common to all draws, and adds p(1 - p)/arrangements to the variance p(1 - p)/draws.
    """

    count: int
    draws: int
    arrangements: float = np.inf

    @property
    def share(self) -> float:
        """The estimated probability."""
        return self.count / self.draws

    @property
    def interval(self) -> Bounds:
        """95 % interval of the probability."""
        return self.within(LEVEL)

    def within(self, level: float) -> Bounds:
        """Interval of that level (Wilson 1927), for as many draws as would have this variance without a reference."""
        z, draws = _reach(level), 1 / (1 / self.draws + 1 / self.arrangements)
        centre = (self.share * draws + z**2 / 2) / (draws + z**2)
        reach = z / (draws + z**2) * np.sqrt(self.share * (1 - self.share) * draws + z**2 / 4)
        return max(0.0, float(centre - reach)), min(1.0, float(centre + reach))


@dataclass(frozen=True)
class Mean:
    """The mean of a quantity over draws, with the standard error that the draws' own chance gives it."""

    value: float
    standard_error: float
    draws: int

    @property
    def interval(self) -> Bounds:
        """95 % interval of the expectation."""
        return self.within(LEVEL)

    def within(self, level: float) -> Bounds:
        """Interval of that level, by the normal distribution."""
        reach = _reach(level) * self.standard_error
        return self.value - reach, self.value + reach


@dataclass(frozen=True)
class StandardErrors:
    """A planted effect in units of each head's own standard error."""

    number: float

    def of(self, standard_error: PerHead) -> PerHead:
        """The effect in units of the score, [head]."""
        return self.number * standard_error


@dataclass(frozen=True)
class Points:
    """A planted effect in units of the score, the same in every head."""

    number: float

    def of(self, standard_error: PerHead) -> PerHead:
        """The effect in units of the score, [head]."""
        return np.full_like(standard_error, self.number)


Size = StandardErrors | Points


@dataclass(frozen=True)
class NullRow:
    """What a test with a correction finds where no head differs.

    `any` counts the draws with at least one finding: its share is the family-wise error and, all findings being
    false, the false discovery rate. `mean_count` is the mean number of heads found.
    """

    test: Test
    correction: Method
    alpha: float
    heads: int
    any: Rate
    mean_count: Mean

    @property
    def holds(self) -> bool:
        """Whether the draws leave it possible that the family-wise error is at most α."""
        return verdict_on(self.any.within(SURE), self.alpha) != "broken"

    @property
    def each(self) -> float:
        """The error rate of a single head, which is all that no correction promises."""
        return self.mean_count.value / self.heads

    @property
    def each_interval(self) -> Bounds:
        """95 % interval of the error rate of a single head."""
        return self._each_within(LEVEL)

    @property
    def verdict(self) -> Verdict:
        """Whether the correction keeps what it promises: a rate for the whole family, or for each head where nothing
        is corrected."""
        sure = self._each_within(SURE) if self.correction == "none" else self.any.within(SURE)
        return verdict_on(sure, self.alpha)

    def _each_within(self, level: float) -> Bounds:
        low, high = self.mean_count.within(level)
        return low / self.heads, high / self.heads


@dataclass(frozen=True)
class EqualMeansRow:
    """What a test with a correction finds where heads may differ in all but their means.

    `any` counts the draws with a finding, `beyond` those with a finding whose effect reaches the smallest one of
    interest as well, and `unskewed` those with a finding among heads that are not strongly skewed.
    """

    test: Test
    correction: Method
    alpha: float
    any: Rate
    beyond: Rate
    unskewed: Rate

    @property
    def promises(self) -> bool:
        """Whether a rate is promised for the whole family."""
        return self.correction != "none"

    @property
    def verdict(self) -> Verdict:
        """Whether findings that reach the smallest effect of interest come in at most a share α of the draws."""
        return verdict_on(self.beyond.within(SURE), self.alpha)

    @property
    def verdict_on_any(self) -> Verdict:
        """Whether findings of any size do."""
        return verdict_on(self.any.within(SURE), self.alpha)


@dataclass(frozen=True)
class SkewedHead:
    """A head whose scores are strongly skewed; `place` counts all heads of the model, layer by layer."""

    place: int
    skewness: float


@dataclass(frozen=True)
class PlantedRow:
    """What a test with a correction finds where some heads differ by a known effect.

    `average_power` is the mean share of the planted heads that are found, `any_power` counts the draws in which one
    of them is; `false_discoveries` is the mean share of findings that are false (0 in a draw without findings), and
    `family_wise` counts the draws with a false finding.
    """

    size: Size
    test: Test
    correction: Method
    alpha: float
    average_power: Mean
    any_power: Rate
    false_discoveries: Mean
    family_wise: Rate

    @property
    def holds(self) -> bool:
        """Whether the draws leave it possible that the rate which this correction controls is at most α; without
        correction the family-wise error is judged."""
        return self.verdict != "broken"

    @property
    def controlled(self) -> Rate | Mean:
        """The rate that this correction controls; without correction the family-wise error."""
        return self.false_discoveries if criterion(self.correction).controls == "FDR" else self.family_wise

    @property
    def verdict(self) -> Verdict:
        """Whether that rate is at most α."""
        return verdict_on(self.controlled.within(SURE), self.alpha)


@dataclass(frozen=True)
class CoverageRow:
    """How often intervals hold the true effects: `each` head's, `all` heads' at once, or those `found` by
    Benjamini–Hochberg, where a draw that finds nothing counts as covered."""

    size: Size
    interval: str
    of: str
    coverage: Mean
    promised: float

    @property
    def holds(self) -> bool:
        """Whether the draws leave it possible that the coverage is at least what is promised."""
        return self.verdict != "broken"

    @property
    def verdict(self) -> Verdict:
        """Whether so few intervals miss as is promised."""
        low, high = self.coverage.within(SURE)
        return verdict_on((1 - high, 1 - low), 1 - self.promised)


@dataclass(frozen=True)
class InflationRow:
    """How far the effects of the heads on top of the list exceed their true effects, in units of the score and
    in the direction that was found; `estimator` is `naive` or `cross_fitted`."""

    size: Size
    estimator: str
    inflation: Mean


@dataclass(frozen=True)
class Calibration:
    """All that was counted on one contrast; `heads` were tested, `heads_left_out` could not be in every draw, and the
    `skewed` ones are strongly so, the strongest first. `equal_means_normal` are the rows that normal heads would have."""

    heads: int
    heads_left_out: int
    nulls: tuple[NullRow, ...]
    planted: tuple[PlantedRow, ...]
    coverage: tuple[CoverageRow, ...]
    inflation: tuple[InflationRow, ...]
    equal_means: tuple[EqualMeansRow, ...]
    equal_means_normal: tuple[EqualMeansRow, ...]
    skewed: tuple[SkewedHead, ...]
