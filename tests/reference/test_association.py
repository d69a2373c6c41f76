"""Correlations with a column against SciPy, in any unit of measurement, and max-T over heads on planted truths."""

import numpy as np
import pytest
from scipy import stats

from reportgen.stats.association import FEWEST, associate

HEADS = 8
REFERENCE = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}
SIDES = pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
METHODS = pytest.mark.parametrize("method", REFERENCE)


def planted(units=30, heads=HEADS, seed=0):
    """A column and scores [unit, head], of which head 2 rises and head 5 falls with the column."""
    rng = np.random.default_rng(seed)
    column, scores = rng.normal(size=units), rng.normal(size=(units, heads))
    scores[:, 2] += 2 * column
    scores[:, 5] -= column
    return scores, column


@SIDES
@METHODS
@pytest.mark.parametrize("data", ["plain", "float32", "ties"])
@pytest.mark.parametrize("units", [FEWEST, 12, 80])
def test_correlations_and_their_p_values_are_scipys(units, data, method, alternative):
    scores, column = planted(units)
    if data == "ties":
        scores, column = np.round(scores), np.round(column * 2)
        scores[:2] = [[0.0], [1.0]]
    scores = scores.astype(np.float32) if data == "float32" else scores
    found = associate(scores, column, method, alternative, 99, 0)
    for head in range(HEADS):
        expected = REFERENCE[method](scores[:, head].astype(np.float64), column, alternative=alternative)
        assert found.correlation[head] == pytest.approx(expected.statistic, rel=1e-9, abs=1e-12)
        assert found.p_value[head] == pytest.approx(expected.pvalue, rel=1e-7)


@METHODS
def test_a_perfect_correlation_is_beyond_doubt(method):
    column = np.arange(20.0)
    found = associate(np.stack([column, -3 * column], axis=1), column, method, "two-sided", 999, 0)
    assert found.correlation.tolist() == pytest.approx([1.0, -1.0])
    assert (found.p_value < 1e-60).all()
    assert found.resampled.adjusted.tolist() == found.step_down.tolist() == [0.001, 0.001]


@METHODS
def test_planted_relations_are_found_and_no_others(method):
    scores, column = planted(60, heads=100)
    found = associate(scores, column, method, "two-sided", 1_999, 0)
    assert np.flatnonzero(found.resampled.adjusted <= 0.01).tolist() == [2, 5]
    assert np.flatnonzero(found.step_down <= 0.01).tolist() == [2, 5]
    rising = associate(scores, column, method, "greater", 1_999, 0)
    assert np.flatnonzero(rising.resampled.adjusted <= 0.01).tolist() == [2]


@METHODS
def test_p_values_of_shuffled_columns_are_those_of_the_t_distribution_where_scores_are_normal(method):
    scores, column = np.random.default_rng(1).normal(size=(40, 200)), np.random.default_rng(2).normal(size=40)
    found = associate(scores, column, method, "two-sided", 4_999, 0)
    assert np.abs(found.resampled.p_value - found.p_value).max() < 4 * np.sqrt(0.25 / 4_999)


@pytest.mark.parametrize(
    ("factor", "shift"),
    [(1, 0), (1e-3, 1e6), (1, -1e9), (1e-12, 1), (1e150, 0), (1e-150, 0), (-1, 0)],
)
@METHODS
def test_what_the_column_is_measured_in_makes_no_difference(method, factor, shift):
    scores, column = planted(heads=40)
    expected = associate(scores, column, method, "two-sided", 999, 0)
    moved = associate(scores, column * factor + shift, method, "two-sided", 999, 0)
    rounding = 1e-16 * abs(shift / factor)
    np.testing.assert_allclose(moved.correlation, np.sign(factor) * expected.correlation, atol=1e-9 + 10 * rounding)
    # Arrangements whose statistics are as good as equal may fall to either side.
    np.testing.assert_allclose(moved.resampled.p_value, expected.resampled.p_value, atol=0.003)
    np.testing.assert_allclose(moved.resampled.adjusted, expected.resampled.adjusted, atol=0.003)


@METHODS
@pytest.mark.parametrize("factor", [1e-150, 1e150])
def test_what_scores_are_measured_in_makes_no_difference(method, factor):
    scores, column = planted()
    expected = associate(scores, column, method, "two-sided", 999, 0)
    scaled = associate(scores * factor, column, method, "two-sided", 999, 0)
    np.testing.assert_allclose(scaled.correlation, expected.correlation, rtol=1e-9)
    np.testing.assert_array_equal(scaled.resampled.adjusted, expected.resampled.adjusted)


@METHODS
def test_heads_that_do_not_vary_are_left_out(method):
    scores, column = planted()
    scores[:, 0], scores[3, 1] = 0.5, np.nan
    found = associate(scores, column, method, "two-sided", 999, 0)
    assert found.varies.tolist() == [False, False] + [True] * (HEADS - 2)
    np.testing.assert_array_equal(np.isnan(found.correlation), ~found.varies)
    np.testing.assert_array_equal(np.isnan(found.p_value), ~found.varies)
    assert len(found.resampled.adjusted) == len(found.step_down) == HEADS - 2
    others = associate(scores[:, 2:], column, method, "two-sided", 999, 0)
    np.testing.assert_array_equal(found.resampled.adjusted, others.resampled.adjusted)


def test_where_no_head_varies_there_is_nothing_to_shuffle():
    found = associate(np.full((9, 3), 0.25), np.arange(9.0), "pearson", "two-sided", 999, 0)
    assert found.resampled is None
    assert np.isnan(found.correlation).all()


@pytest.mark.parametrize("column", [np.arange(3.0), np.full(9, 2.0)], ids=["three units", "one number"])
def test_a_column_that_allows_no_correlation_is_refused(column):
    scores = np.random.default_rng(0).random((len(column), 2))
    with pytest.raises(ValueError, match="at least 4 units and a column that varies"):
        associate(scores, column, "spearman", "two-sided", 99, 0)


@METHODS
def test_where_nothing_goes_along_a_share_alpha_of_studies_finds_any_head(method):
    studies, alpha, finds = 300, 0.05, 0
    for study in range(studies):
        rng = np.random.default_rng(study)
        scores = rng.normal(size=(20, 1)) + rng.normal(size=(20, 50))
        found = associate(scores, rng.exponential(size=20), method, "two-sided", 199, study)
        finds += bool((found.resampled.adjusted <= alpha).any())
    assert abs(finds / studies - alpha) <= 4 * np.sqrt(alpha * (1 - alpha) / studies)
