"""What may cost at most so much: bytes, milliseconds, seconds."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.contest import verdict

PASSES = 3


@dataclass(frozen=True)
class Budget:
    """Something that is measured afresh each time; the ratio is the limit divided by the median measurement."""

    name: str
    limit: float
    unit: str
    what: str
    measure: Callable[[], float]


def run(budget: Budget) -> str:
    """The line to print."""
    measured = statistics.median(budget.measure() for _ in range(PASSES))
    figures = f"{measured:,.0f} of {budget.limit:,.0f} {budget.unit}"
    return f"{budget.name} {verdict(budget.limit / measured, 1)}   ({figures}; {budget.what})"
