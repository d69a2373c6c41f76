"""Every head's paired t test at once against one SciPy call per head: 500 pairs, 270 heads."""

import numpy as np
from scipy import stats

from benchmarks.contest import Benchmark, Contestant
from reportgen.stats.tests import paired_t

PAIRS, HEADS, REPEATS = 500, 270, 50


def prepare() -> tuple[Contestant, Contestant]:
    a, b = np.random.default_rng(0).random((2, PAIRS, HEADS))

    def ours() -> None:
        for _ in range(REPEATS):
            paired_t(a, b)

    def loop() -> None:
        for head in range(HEADS):
            stats.ttest_rel(a[:, head], b[:, head])

    return Contestant(ours, REPEATS * HEADS), Contestant(loop, HEADS)


BENCHMARK = Benchmark(
    name="stats-vs-loop",
    goal=20.0,
    baseline_is="a Python loop of scipy.stats.ttest_rel over heads",
    unit="heads",
    prepare=prepare,
)
