"""Max-T by sign flips on 500 pairs, 10,000 times, against SciPy and MNE: 270 heads, and 5,120 as a 70B model has."""

import sys
import tracemalloc

import numpy as np
from scipy import stats

from benchmarks.budget import Budget
from benchmarks.contest import Benchmark, Contestant
from reportgen.stats.arrangements import sign_flips
from reportgen.stats.maxt import Resampled, max_t, paired_null

PAIRS, HEADS, WIDE, CLUSTERS = 500, 270, 5120, 100
RESAMPLES, SCIPY_RESAMPLES = 10_000, 1_000
ALPHA, AGREEMENT = 0.05, 0.02


def differences(heads: int) -> np.ndarray:
    """Made-up paired differences, [pair, head]."""
    return np.random.default_rng(0).standard_normal((PAIRS, heads))


def ours(rows: np.ndarray) -> Resampled:
    return max_t([paired_null(rows, sign_flips(len(rows), RESAMPLES, seed=0))])


def by_scipy(rows: np.ndarray) -> np.ndarray:
    """Each resample's largest |t|; a test of one sample flips its signs, for all heads alike."""

    def t(sample: np.ndarray, axis: int) -> np.ndarray:
        return sample.mean(axis=axis) / (sample.std(axis=axis, ddof=1) / np.sqrt(sample.shape[axis]))

    result = stats.permutation_test(
        (rows,), t, permutation_type="samples", vectorized=True, n_resamples=SCIPY_RESAMPLES, batch=50, rng=0
    )
    return np.abs(result.null_distribution).max(axis=1)


def by_mne(rows: np.ndarray) -> np.ndarray:
    """Each resample's largest |t|. One job: its matrix products use every core, and more jobs were slower."""
    import mne

    return mne.stats.permutation_t_test(rows, n_permutations=RESAMPLES, tail=0, n_jobs=1, rng=0, verbose="error")[2]


def against_scipy() -> tuple[Contestant, Contestant]:
    rows = differences(HEADS)
    return Contestant(lambda: ours(rows), RESAMPLES), Contestant(lambda: by_scipy(rows), SCIPY_RESAMPLES)


def against_mne(heads: int) -> tuple[Contestant, Contestant]:
    rows = differences(heads)
    _require_agreement(ours(rows).critical(ALPHA), float(np.quantile(by_mne(rows), 1 - ALPHA)))
    return Contestant(lambda: ours(rows), RESAMPLES), Contestant(lambda: by_mne(rows), RESAMPLES)


def clustered() -> tuple[Contestant, Contestant]:
    """With the pairs in clusters that are flipped whole, against flipping each pair."""
    rows = differences(HEADS)

    def by_cluster() -> None:
        ours(rows.reshape(CLUSTERS, -1, HEADS).mean(axis=1))

    return Contestant(by_cluster, RESAMPLES), Contestant(lambda: ours(rows), RESAMPLES)


def peak_megabytes() -> float:
    rows = differences(WIDE)
    tracemalloc.start()
    ours(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1_000_000


def _require_agreement(critical: float, theirs: float) -> None:
    if abs(critical - theirs) > AGREEMENT:
        sys.exit(f"the critical values {critical:.3f} and {theirs:.3f} differ by more than {AGREEMENT}")


BENCHMARKS = (
    Benchmark("maxt-vs-scipy", 50.0, "scipy.stats.permutation_test at 270 heads", "resamples", against_scipy),
    Benchmark("maxt-vs-mne", 8.0, "mne.stats.permutation_t_test at 270 heads", "resamples", lambda: against_mne(HEADS)),
    Benchmark(
        "maxt-vs-mne-wide", 3.5, "mne.stats.permutation_t_test at 5,120 heads", "resamples", lambda: against_mne(WIDE)
    ),
    Benchmark("maxt-clusters", 0.5, "the same pairs without clusters", "resamples", clustered),
)
MEMORY = Budget("maxt-memory", 150, "MB", "peak of 10,000 resamples at 5,120 heads", peak_megabytes)
