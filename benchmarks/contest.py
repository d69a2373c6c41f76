"""How two ways of doing the same work are compared."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

PASSES = 3


@dataclass(frozen=True)
class Contestant:
    """A piece of work and how many units (statements, heads, …) one run of it does."""

    run: Callable[[], object]
    units: float


@dataclass(frozen=True)
class Benchmark:
    """Ours against a baseline: `goal` is the least ratio of their rates that is good enough, None where none is asked."""

    name: str
    goal: float | None
    baseline_is: str
    unit: str
    prepare: Callable[[], tuple[Contestant, Contestant]]


@dataclass(frozen=True)
class Result:
    """The median ratio over the passes, and both median rates in units a second."""

    benchmark: Benchmark
    ratio: float
    ours: float
    baseline: float

    def __str__(self) -> str:
        rates = f"{self.ours:,.0f} against {self.baseline:,.0f} {self.benchmark.unit}/s"
        return (
            f"{self.benchmark.name} {verdict(self.ratio, self.benchmark.goal)}   "
            f"({rates}; baseline: {self.benchmark.baseline_is})"
        )


def run(benchmark: Benchmark) -> Result:
    """Warm both up once, then take them in turn; the median pass counts."""
    ours, baseline = benchmark.prepare()
    _rate(ours), _rate(baseline)
    passes = [(_rate(ours), _rate(baseline)) for _ in range(PASSES)]
    return Result(
        benchmark,
        ratio=statistics.median(mine / theirs for mine, theirs in passes),
        ours=statistics.median(mine for mine, _ in passes),
        baseline=statistics.median(theirs for _, theirs in passes),
    )


def verdict(ratio: float, goal: float | None) -> str:
    """The part of a line that tells how a ratio stands to its goal."""
    if goal is None:
        return f"ratio={ratio:.2f}"
    return f"ratio={ratio:.2f} goal={goal:.3g} {'ok' if ratio >= goal else 'short'}"


def _rate(contestant: Contestant) -> float:
    began = time.perf_counter()
    contestant.run()
    return contestant.units / (time.perf_counter() - began)
