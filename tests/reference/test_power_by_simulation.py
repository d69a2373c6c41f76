"""Planned power against studies drawn at random, and against the integral that it stands for."""

import numpy as np
import pytest
from scipy import special, stats

from reportgen.stats.power_curve import IndependentSpread, Level, PairedSpread, power_at, smallest_effects

DRAWS = 20_000
# Within four standard errors of a share among so many draws, 0.014 at most.
CLOSE = 4 * 0.5 / np.sqrt(DRAWS)
# The middles of so many equally likely stretches.
SHARES = (np.arange(20_000) + 0.5) / 20_000


def found(p_values: np.ndarray, statistics: np.ndarray, alpha: float) -> float:
    """The share of studies that find the effect, in its own direction."""
    return float(((p_values <= alpha) & (statistics > 0)).mean())


@pytest.mark.parametrize("n", [2, 3, 8, 60])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 270])
@pytest.mark.parametrize("size", [0.2, 1.0, 5.0])
def test_paired_power_is_the_share_of_random_studies_that_find_the_effect(n: int, alpha: float, size: float) -> None:
    draws = np.random.default_rng(n).normal(size, 1.0, (n, DRAWS))
    test = stats.ttest_1samp(draws, 0)
    planned = power_at(PairedSpread(np.array([1.0])), [n], Level(alpha), size)[0, 0]
    assert found(test.pvalue, test.statistic, alpha) == pytest.approx(planned, abs=CLOSE)


@pytest.mark.parametrize(("n_a", "n_b"), [(10, 10), (30, 10), (100, 60)])
def test_independent_power_is_the_share_of_random_studies_that_find_the_effect(n_a: int, n_b: int) -> None:
    rng = np.random.default_rng(n_a)
    test = stats.ttest_ind(rng.normal(0.8, 1.0, (n_a, DRAWS)), rng.normal(0, 0.5, (n_b, DRAWS)), equal_var=False)
    spread = IndependentSpread(np.array([1.0]), np.array([0.5]), n_a / (n_a + n_b))
    planned = power_at(spread, [n_a + n_b], Level(0.001), 0.8)[0, 0]
    # Welch's t is not exactly noncentral t: its degrees of freedom are estimated.
    assert found(test.pvalue, test.statistic, 0.001) == pytest.approx(planned, abs=CLOSE + 0.02)


@pytest.mark.parametrize("n", [3, 10, 170, 5000])
def test_a_study_with_the_smallest_detectable_effect_finds_it_in_80_percent_of_cases(n: int) -> None:
    alpha = 0.05 / 270
    effect = smallest_effects(PairedSpread(np.array([1.0])), [n], Level(alpha))[0, 0]
    # The mean and variance of normal differences, drawn as such: n rows would not fit for the largest n.
    rng = np.random.default_rng(n)
    mean, variance = rng.normal(effect, 1 / np.sqrt(n), DRAWS), rng.chisquare(n - 1, DRAWS) / (n - 1)
    t = mean / np.sqrt(variance / n)
    assert float((t > stats.t.isf(alpha / 2, n - 1)).mean()) == pytest.approx(0.8, abs=CLOSE)


@pytest.mark.parametrize("n", [2, 3, 5, 50, 1000, 1_000_000])
@pytest.mark.parametrize("alpha", [0.5, 0.05, 1e-5, 1e-9])
@pytest.mark.parametrize("size", [1e-9, 0.01, 1.0, 40.0, 1e5, 1e12, 1e300])
def test_power_is_the_integral_over_the_standard_deviation_even_at_extremes(n: int, alpha: float, size: float) -> None:
    """P(T > t) is the mean of Φ(δ - t·s) over s, the standard deviation found over the true one."""
    spread = PairedSpread(np.array([1.0]))
    s = np.sqrt(special.chdtri(n - 1, SHARES) / (n - 1))
    critical = -special.stdtrit(n - 1, alpha / 2)
    integral = float(special.ndtr(size * np.sqrt(n) - critical * s).mean())
    assert power_at(spread, [n], Level(alpha), size)[0, 0] == pytest.approx(integral, abs=2e-3)
