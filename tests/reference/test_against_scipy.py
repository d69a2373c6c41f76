"""Every number of the stats room against SciPy or statsmodels one head at a time, a definition, or a simulation."""

import warnings
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from scipy import special, stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from reportgen.stats import corrections, differences, effects, power
from reportgen.stats import tests as head_tests

HEADS = 9
EXACT = 1e-10

PAIRED: dict[str, Callable] = {"paired_t": stats.ttest_rel, "wilcoxon": stats.wilcoxon}
INDEPENDENT: dict[str, Callable] = {
    "student": stats.ttest_ind,
    "welch": lambda a, b: stats.ttest_ind(a, b, equal_var=False),
    "mann_whitney": stats.mannwhitneyu,
}
DATA: dict[str, Callable] = {
    "plain": lambda scores: scores,
    "float32": lambda scores: scores.astype(np.float32),
    "ties": lambda scores: np.round(scores, 1),
    "many ties": lambda scores: np.round(scores * 2).astype(np.float32),
    "huge": lambda scores: scores * 1e60,
    "tiny": lambda scores: scores * 1e-60,
    "float32 tiny": lambda scores: (scores * 1e-30).astype(np.float32),
    "far from zero": lambda scores: scores + 100,
}


def one_head_at_a_time(test, a, b, reasons):
    """SciPy's statistic and p-value of each testable head, in float64."""
    results = np.full((2, a.shape[1]), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns of a set that is constant, which Welch's test allows.
        for head in np.flatnonzero(reasons == ""):
            results[:, head] = test(a[:, head].astype(np.float64), b[:, head].astype(np.float64))[:2]
    return results


def assert_as_scipy(name, reference, a, b, most_untestable):
    ours = getattr(head_tests, name)(a, b)
    statistic, p_value = one_head_at_a_time(reference, a, b, ours.reason)
    np.testing.assert_allclose(ours.p_value, p_value, rtol=EXACT)
    np.testing.assert_allclose(ours.statistic, statistic, rtol=EXACT)
    assert (ours.reason != "").sum() <= most_untestable
    assert ours.p_value.dtype == np.float64


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("n", [2, 3, 7, 8, 9, 14, 50, 51, 120])
@pytest.mark.parametrize("name", PAIRED)
def test_paired_tests_are_scipys(name, n, data):
    rng = np.random.default_rng(n)
    a = DATA[data](rng.random((n, HEADS)))
    b = DATA[data](rng.random((n, HEADS)) ** 1.5)
    assert_as_scipy(name, PAIRED[name], a, b, most_untestable=HEADS // 2 if n < 4 and "ties" in data else 0)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("sizes", [(2, 2), (2, 5), (8, 8), (8, 30), (9, 9), (40, 25), (120, 80)])
@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent_tests_are_scipys(name, sizes, data):
    rng = np.random.default_rng(sizes[0])
    a = DATA[data](rng.random((sizes[0], HEADS)))
    b = DATA[data](rng.random((sizes[1], HEADS)) ** 1.5)
    assert_as_scipy(name, INDEPENDENT[name], a, b, HEADS // 2 if sizes == (2, 2) and "ties" in data else 0)


@pytest.mark.parametrize("zeros", [0, 1, 4])
def test_signed_ranks_with_ties_and_zeros_are_enumerated_as_by_scipy(zeros):
    rng = np.random.default_rng(zeros)
    a = np.round(rng.random((9, 4)), 1)
    b = np.round(rng.random((9, 4)), 1)
    b[:zeros] = a[:zeros]
    assert_as_scipy("wilcoxon", stats.wilcoxon, a, b, most_untestable=0)


def test_one_zero_is_enough_to_leave_the_exact_distribution():
    a, b = np.random.default_rng(20).random((2, 20, 4))
    b[3] = a[3]
    assert_as_scipy("wilcoxon", stats.wilcoxon, a, b, most_untestable=0)


def test_enumerated_signs_give_the_exact_distribution_where_there_are_no_ties():
    differences_ = np.random.default_rng(5).normal(size=(11, 600))
    for alternative in get_args(head_tests.Alternative):
        enumerated = head_tests._signed_ranks_enumerated(alternative, differences_)
        np.testing.assert_allclose(enumerated, head_tests._signed_ranks_exact(alternative, differences_), rtol=EXACT)


def test_a_constant_set_against_one_that_varies():
    a, b = np.full((12, 2), 0.3), np.random.default_rng(1).random((9, 2))
    for name in INDEPENDENT:
        ours = getattr(head_tests, name)(a, b)
        assert ours.reason.tolist() == ["", ""]
        expected = one_head_at_a_time(INDEPENDENT[name], a, b, ours.reason)
        np.testing.assert_allclose((ours.statistic, ours.p_value), expected, rtol=EXACT)


def test_strong_effects_underflow_as_scipys_do():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(600, 2)) * [1e-3, 0.4] + 1
    b = rng.normal(size=(600, 2)) * [1e-3, 0.4]
    ours = head_tests.paired_t(a, b)
    assert ours.p_value[0] == 0 == stats.ttest_rel(a[:, 0], b[:, 0]).pvalue
    assert 0 < ours.p_value[1] < 1e-100
    assert np.log(ours.p_value[1]) == pytest.approx(np.log(stats.ttest_rel(a[:, 1], b[:, 1]).pvalue), rel=EXACT)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("sizes", [(2, 2), (6, 9), (60, 41)])
def test_t_intervals_are_scipys(level, sizes):
    rng = np.random.default_rng(4)
    a, b = rng.random((sizes[0], HEADS)), rng.random((sizes[1], HEADS)) * 2
    paired = a[: min(sizes)], b[: min(sizes)]
    cases = [
        (effects.mean_interval(a, level), stats.ttest_1samp(a, 0)),
        (effects.t_interval(differences.paired_difference(*paired), level), stats.ttest_rel(*paired)),
        (effects.t_interval(differences.pooled_difference(a, b), level), stats.ttest_ind(a, b)),
        (effects.t_interval(differences.welch_difference(a, b), level), stats.ttest_ind(a, b, equal_var=False)),
    ]
    for ours, scipys in cases:
        expected = scipys.confidence_interval(level)
        np.testing.assert_allclose(ours.low, expected.low, rtol=EXACT)
        np.testing.assert_allclose(ours.high, expected.high, rtol=EXACT)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_bootstrap_intervals_are_scipys_from_the_same_draws(level):
    rng = np.random.default_rng(5)
    a, b, c = rng.exponential(size=(30, HEADS)), rng.random((30, HEADS)), rng.exponential(size=(17, HEADS))
    settings = {"axis": 0, "n_resamples": 2000, "batch": 200, "confidence_level": level}
    cases = [
        (
            effects.paired_bootstrap_interval(a, b, level, np.random.default_rng(6)),
            stats.bootstrap((a - b,), np.mean, rng=np.random.default_rng(6), **settings),
        ),
        (
            effects.independent_bootstrap_interval(a, c, level, np.random.default_rng(6)),
            stats.bootstrap(
                (a, c),
                lambda x, y, axis: x.mean(axis) - y.mean(axis),
                rng=np.random.default_rng(6),
                **settings,
            ),
        ),
    ]
    for ours, scipys in cases:
        np.testing.assert_allclose(ours.low, scipys.confidence_interval.low, rtol=EXACT)
        np.testing.assert_allclose(ours.high, scipys.confidence_interval.high, rtol=EXACT)


def test_bootstrap_intervals_cover_the_true_difference():
    rng = np.random.default_rng(7)
    heads = 2000
    a, b = rng.exponential(size=(60, heads)), rng.exponential(size=(60, heads)) - 0.3
    ours = effects.independent_bootstrap_interval(a, b, 0.9, rng)
    covered = ((ours.low <= 0.3) & (ours.high >= 0.3)).mean()
    assert covered == pytest.approx(0.9, abs=0.02 + 3 * np.sqrt(0.9 * 0.1 / heads))  # BCa errs by O(1/n).


@pytest.mark.parametrize(("degrees", "correction"), [(2, 0.5642), (3, 0.7236), (10, 0.9227), (50, 0.9849)])
def test_hedges_correction_is_that_of_his_table(degrees, correction):
    a = np.random.default_rng(8).random((2, 1))
    b = np.random.default_rng(9).random((degrees, 1))
    cohens_d = (a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + (degrees - 1) * b.var(ddof=1)) / degrees)
    assert effects.hedges_g(a, b)[0] / cohens_d == pytest.approx(correction, abs=5e-5)


def test_standardized_effects_recover_the_true_ones():
    rng = np.random.default_rng(10)
    heads = 20_000
    a, b = rng.normal(0.8, 1, size=(6, heads)), rng.normal(0, 1, size=(5, heads))
    g = effects.hedges_g(a, b)
    assert g.mean() == pytest.approx(0.8, abs=4 * g.std() / np.sqrt(heads))
    large = rng.normal(0.8, 2, size=(20_000, 1))
    assert effects.cohens_dz(large, np.zeros_like(large))[0] == pytest.approx(0.4, abs=0.03)


def unit_difference(error, degrees):
    return differences.MeanDifference(np.zeros(1), np.array([error]), np.array([float(degrees)]))


@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize("n", [10, 50, 500])
def test_detectable_effects_are_statsmodels_where_its_solver_converges(alpha, n):
    paired = power.detectable(unit_difference(np.sqrt(1 / n), n - 1), alpha)[0]
    assert paired == pytest.approx(TTestPower().solve_power(nobs=n, alpha=alpha, power=0.8), rel=1e-5)
    independent = power.detectable(unit_difference(np.sqrt(3 / n), 1.5 * n - 2), alpha)[0]
    expected = TTestIndPower().solve_power(nobs1=n, ratio=0.5, alpha=alpha, power=0.8)
    assert independent == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("alternative", ["greater", "less"])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize("n", [3, 10, 500])
def test_detectable_effects_of_one_sided_tests_are_statsmodels(n, alpha, alternative):
    ours = power.detectable(unit_difference(np.sqrt(1 / n), n - 1), alpha, alternative=alternative)[0]
    assert TTestPower().power(ours, n, alpha, alternative="larger") == pytest.approx(0.8, abs=1e-6)
    assert TTestPower().power(-ours, n, alpha, alternative="smaller") == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.99])
@pytest.mark.parametrize("critical", [0.0, 1.5, 4.2, 49.0, 51.0, 3000.0])
@pytest.mark.parametrize("degrees", [1, 7, 60])
def test_effects_detectable_at_a_critical_value_solve_the_power_integral(degrees, critical, wanted):
    scale = np.sqrt(special.chdtri(degrees, (np.arange(100_000) + 0.5) / 100_000) / degrees)
    delta = power.detectable_at(unit_difference(1.0, degrees), critical, wanted)[0]
    # Beyond 50 the effect is scaled up from the one at 50, which errs where degrees are many and t is absurd.
    assert special.ndtr(delta - critical * scale).mean() == pytest.approx(wanted, abs=5e-4 if critical < 60 else 0.01)


@pytest.mark.parametrize("degrees", [1, 2, 7, 20, 60])
@pytest.mark.parametrize("alpha", [0.05, 1e-4, 1e-6])
def test_detectable_effects_solve_the_power_integral(degrees, alpha):
    """P(Z + δ > t·√(χ²/df)) by quadrature over the quantiles of χ², also where the library's inverse fails."""
    scale = np.sqrt(special.chdtri(degrees, (np.arange(100_000) + 0.5) / 100_000) / degrees)
    delta = power.detectable(unit_difference(1.0, degrees), alpha)[0]
    found = special.ndtr(delta - stats.t.isf(alpha / 2, degrees) * scale).mean()
    assert found == pytest.approx(0.8, abs=3e-4)


@pytest.mark.parametrize("name", ["paired_t", "student", "welch"])
def test_a_detectable_effect_is_detected_in_four_of_five_simulated_studies(name):
    rng = np.random.default_rng(11)
    studies, alpha, sizes, spread = 20_000, 0.01, (14, 22), (1.0, 1.0 if name != "welch" else 2.5)
    if name == "paired_t":
        sizes = (14, 14)
    difference = {
        "paired_t": unit_difference(np.sqrt(2 / 14), 13),
        "student": unit_difference(np.sqrt(1 / 14 + 1 / 22), 34),
        "welch": welch_of_true_variances(sizes, spread),
    }[name]
    effect = power.detectable(difference, alpha)[0]
    a = rng.normal(effect, spread[0], size=(sizes[0], studies))
    b = rng.normal(0, spread[1], size=(sizes[1], studies))
    found = (getattr(head_tests, name)(a, b).p_value <= alpha).mean()
    assert found == pytest.approx(0.8, abs=4 * np.sqrt(0.8 * 0.2 / studies))


def welch_of_true_variances(sizes, spread):
    share = [s**2 / n for s, n in zip(spread, sizes, strict=True)]
    degrees = sum(share) ** 2 / sum(v**2 / (n - 1) for v, n in zip(share, sizes, strict=True))
    return unit_difference(np.sqrt(sum(share)), degrees)


@pytest.mark.parametrize("name", [*PAIRED, *INDEPENDENT])
def test_where_nothing_differs_about_alpha_of_the_heads_pass(name):
    rng = np.random.default_rng(12)
    heads, alpha = 4000, 0.05
    a, b = rng.normal(size=(2, 60, heads))
    passing = (getattr(head_tests, name)(a, b).p_value <= alpha).mean()
    assert passing == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / heads))


@pytest.mark.parametrize("name", [*PAIRED, *INDEPENDENT])
def test_planted_effects_are_found_and_no_others(name):
    rng = np.random.default_rng(14)
    a, b = rng.normal(size=(2, 60, 270))
    planted = np.arange(0, 270, 30)
    a[:, planted] += 2
    p = getattr(head_tests, name)(a, b).p_value
    assert set(np.flatnonzero(corrections.adjust(p, "holm", 1e-3) <= 1e-3)) == set(planted)
