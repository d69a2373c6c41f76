"""One-sided tests against SciPy, one head at a time, each with the null distribution that SciPy chooses for it."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from reportgen.stats import testable
from reportgen.stats import tests as head_tests

HEADS = 9
EXACT = 1e-10

PAIRED: dict[str, Callable] = {"paired_t": stats.ttest_rel, "wilcoxon": stats.wilcoxon}
INDEPENDENT: dict[str, Callable] = {
    "student": stats.ttest_ind,
    "welch": lambda a, b, alternative: stats.ttest_ind(a, b, equal_var=False, alternative=alternative),
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
EVERY_SIDE = pytest.mark.parametrize("alternative", ["greater", "less"])
EVERY_DATA = pytest.mark.parametrize("data", DATA)


def one_head_at_a_time(reference, a, b, alternative, reasons):
    """SciPy's statistic and p-value of each testable head, in float64."""
    results = np.full((2, a.shape[1]), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy warns of a set that is constant, which Welch's test allows.
        for head in np.flatnonzero(reasons == ""):
            columns = a[:, head].astype(np.float64), b[:, head].astype(np.float64)
            results[:, head] = reference(*columns, alternative=alternative)[:2]
    return results


def assert_as_scipy(name, a, b, alternative, most_untestable=0):
    ours = getattr(head_tests, name)(a, b, alternative)
    reference = {**PAIRED, **INDEPENDENT}[name]
    statistic, p_value = one_head_at_a_time(reference, a, b, alternative, ours.reason)
    np.testing.assert_allclose(ours.p_value, p_value, rtol=EXACT)
    np.testing.assert_allclose(ours.statistic, statistic, rtol=EXACT)
    assert (ours.reason != "").sum() <= most_untestable
    assert ours.p_value.dtype == np.float64


@EVERY_DATA
@EVERY_SIDE
@pytest.mark.parametrize("n", [2, 3, 8, 14, 50, 51, 120])
@pytest.mark.parametrize("name", PAIRED)
def test_paired_tests_are_scipys(name, n, alternative, data):
    rng = np.random.default_rng(n)
    a, b = DATA[data](rng.random((n, HEADS))), DATA[data](rng.random((n, HEADS)) ** 1.5)
    assert_as_scipy(name, a, b, alternative, HEADS // 2 if n < 4 and "ties" in data else 0)


@EVERY_DATA
@EVERY_SIDE
@pytest.mark.parametrize("sizes", [(2, 2), (2, 5), (8, 30), (9, 9), (120, 80)])
@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent_tests_are_scipys(name, sizes, alternative, data):
    rng = np.random.default_rng(sizes[0])
    a, b = DATA[data](rng.random((sizes[0], HEADS))), DATA[data](rng.random((sizes[1], HEADS)) ** 1.5)
    assert_as_scipy(name, a, b, alternative, HEADS // 2 if sizes == (2, 2) and "ties" in data else 0)


@EVERY_SIDE
@pytest.mark.parametrize("zeros", [0, 1, 4])
@pytest.mark.parametrize(("n", "heads"), [(9, 4), (13, 1), (14, 4), (20, 4)])
def test_signed_ranks_with_ties_and_zeros_are_scipys(n, heads, zeros, alternative):
    rng = np.random.default_rng(zeros)
    a, b = np.round(rng.random((n, heads)), 1), np.round(rng.random((n, heads)), 1)
    b[:zeros] = a[:zeros]
    assert_as_scipy("wilcoxon", a, b, alternative)


@EVERY_SIDE
@pytest.mark.parametrize("name", [*PAIRED, *INDEPENDENT])
def test_heads_with_and_without_ties_constants_and_gaps_stand_side_by_side(name, alternative):
    rng = np.random.default_rng(3)
    a, b = rng.random((8, HEADS)), rng.random((8, HEADS))
    a[:, 1], b[:, 2], a[3, 3], b[0, 4] = 0.5, 0.5, np.nan, -np.inf
    a[:, 5], b[:, 5] = 0.5, 0.5
    a[:4, 6] = b[2:6, 6]
    assert_as_scipy(name, a, b, alternative, most_untestable=3)
    reasons = getattr(head_tests, name)(a, b, alternative).reason
    assert reasons[[3, 4]].tolist() == [testable.NOT_FINITE, testable.NOT_FINITE]
    np.testing.assert_array_equal(reasons, getattr(head_tests, name)(a, b).reason)


@EVERY_SIDE
def test_two_constant_sets_that_differ_can_be_ranked(alternative):
    a, b = np.full((5, 2), 0.75), np.full((9, 2), [0.5, 1.0])
    assert_as_scipy("mann_whitney", a, b, alternative)
    assert_as_scipy("wilcoxon", a, b[:5], alternative)


@pytest.mark.parametrize("name", [*PAIRED, *INDEPENDENT])
def test_an_effect_in_the_other_direction_is_never_found(name):
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(60, HEADS)) + 3, rng.normal(size=(60, HEADS))
    assert (getattr(head_tests, name)(a, b, "greater").p_value < 1e-8).all()
    assert (getattr(head_tests, name)(a, b, "less").p_value > 1 - 1e-8).all()


@EVERY_SIDE
@pytest.mark.parametrize("name", [*PAIRED, *INDEPENDENT])
def test_where_nothing_differs_about_alpha_of_the_heads_pass(name, alternative):
    heads, alpha = 4000, 0.05
    a, b = np.random.default_rng(12).normal(size=(2, 60, heads))
    passing = (getattr(head_tests, name)(a, b, alternative).p_value <= alpha).mean()
    assert passing == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / heads))


@EVERY_SIDE
@pytest.mark.parametrize(("n", "exact"), [(6, True), (40, False)])
def test_signed_ranks_report_the_ranks_of_positive_differences_whatever_the_side(n, exact, alternative):
    differences = np.random.default_rng(5).normal(size=(n, HEADS))
    if exact:
        differences[0] = differences[1]  # A tie, for the enumerated distribution.
    positive = (stats.rankdata(np.abs(differences), axis=0) * (differences > 0)).sum(axis=0)
    found = head_tests.wilcoxon(differences, np.zeros_like(differences), alternative).statistic
    np.testing.assert_allclose(found, positive, rtol=1e-12)
