"""How two ways of doing the same work are compared."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

PASSES = 3


@dataclass(frozen=True)
class Contestant:
    """A piece of work and how many units (statements, heads, …) one run of it does."""

    run: Callable[[], None]
    units: int


@dataclass(frozen=True)
class Benchmark:
    """Ours against a baseline: `goal` is the least ratio of their rates that is good enough."""

    name: str
    goal: float
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
        mark = "ok" if self.ratio >= self.benchmark.goal else "short"
        rates = f"{self.ours:,.0f} against {self.baseline:,.0f} {self.benchmark.unit}/s"
        line = f"{self.benchmark.name} ratio={self.ratio:.1f} goal={self.benchmark.goal:g} {mark}"
        return f"{line}   ({rates}; baseline: {self.benchmark.baseline_is})"


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


def _rate(contestant: Contestant) -> float:
    began = time.perf_counter()
    contestant.run()
    return contestant.units / (time.perf_counter() - began)
