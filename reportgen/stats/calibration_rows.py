"""What calibration counts, each share with the interval that the draws' own chance gives it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from reportgen.stats.corrections import Method, criterion
from reportgen.stats.differences import PerHead
from reportgen.stats.null_draws import Test

Verdict = Literal["held", "cautious", "broken"]

_LEVEL = 0.95


def verdict_on(interval: tuple[float, float], most: float) -> Verdict:
    """Whether a rate of at most `most` is kept: broken, or more cautious than it need be, only where its whole interval
    lies above, or below."""
    low, high = interval
    if low > most:
        return "broken"
    return "cautious" if high < most else "held"


@dataclass(frozen=True)
class Rate:
    """In so many of the draws it happened."""

    count: int
    draws: int

    @property
    def share(self) -> float:
        """The estimated probability."""
        return self.count / self.draws

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the probability (Wilson 1927)."""
        z = float(special.ndtri((1 + _LEVEL) / 2))
        centre = (self.count + z**2 / 2) / (self.draws + z**2)
        reach = z / (self.draws + z**2) * np.sqrt(self.share * (1 - self.share) * self.draws + z**2 / 4)
        return max(0.0, float(centre - reach)), min(1.0, float(centre + reach))


@dataclass(frozen=True)
class Mean:
    """The mean of a quantity over draws, with the standard error that the draws' own chance gives it."""

    value: float
    standard_error: float
    draws: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the expectation, by the normal distribution."""
        reach = float(special.ndtri((1 + _LEVEL) / 2)) * self.standard_error
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
        return self.any.interval[0] <= self.alpha

    @property
    def each(self) -> float:
        """The error rate of a single head, which is all that no correction promises."""
        return self.mean_count.value / self.heads

    @property
    def each_interval(self) -> tuple[float, float]:
        """95 % interval of the error rate of a single head."""
        low, high = self.mean_count.interval
        return low / self.heads, high / self.heads

    @property
    def verdict(self) -> Verdict:
        """Whether the correction keeps what it promises: a rate for the whole family, or for each head where nothing
        is corrected."""
        return verdict_on(self.each_interval if self.correction == "none" else self.any.interval, self.alpha)


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
        return verdict_on(self.controlled.interval, self.alpha)


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
        low, high = self.coverage.interval
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
    """All that was counted on one contrast; `heads` were tested, `heads_left_out` could not be in every draw."""

    heads: int
    heads_left_out: int
    nulls: tuple[NullRow, ...]
    planted: tuple[PlantedRow, ...]
    coverage: tuple[CoverageRow, ...]
    inflation: tuple[InflationRow, ...]
