"""Every head's paired t test at once against one SciPy call per head: 500 pairs, 270 heads."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from reportgen.stats.tests import paired_t

NAME = "stats-vs-loop"
GOAL = 20.0
BASELINE = "a Python loop of scipy.stats.ttest_rel over heads"

_PAIRS, _HEADS = 500, 270


def contestants() -> tuple[Callable[[], None], Callable[[], None]]:
    """Ours and the baseline, each one run over the same seeded scores; both are warm when they come back."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, _PAIRS, _HEADS))

    def ours() -> None:
        paired_t(a, b)

    def baseline() -> None:
        for head in range(_HEADS):
            stats.ttest_rel(a[:, head], b[:, head])

    ours()
    stats.ttest_rel(a[:, 0], b[:, 0])
    return ours, baseline
