"""Shares with their intervals, in percent, as the page shows them."""

from reportgen import numbers
from reportgen.stats.calibration_rows import Bounds


def percent(share: float, digits: int = 1) -> str:
    """A share alone: "4.3 %"."""
    return numbers.percent(share, 1, digits)


def interval(bounds: Bounds) -> str:
    """An interval of a share, in percent: "[3.5, 5.2]"."""
    return numbers.points_interval(*_possible(bounds))


def points(share: float, bounds: Bounds) -> str:
    """A share with its interval for a column of percent: "4.3 [3.5, 5.2]"."""
    return f"{numbers.points(share)} {interval(bounds)}"


def _possible(bounds: Bounds) -> Bounds:
    """The part of an interval that a share can have."""
    low, high = bounds
    return max(low, 0.0), min(high, 1.0)
