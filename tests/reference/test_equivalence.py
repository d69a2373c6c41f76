"""Equivalence tests against statsmodels, against the interval that they must agree with, and on planted truth."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from reportgen.stats.differences import MeanDifference, paired_difference, pooled_difference, welch_difference
from reportgen.stats.effects import t_interval
from reportgen.stats.equivalence import equivalence

HEADS = 7
EXACT = 1e-9

INDEPENDENT = {"pooled": pooled_difference, "unequal": welch_difference}
MARGINS = pytest.mark.parametrize("margin", [0.001, 0.05, 0.3, 5.0])
DATA = {
    "plain": lambda scores: scores,
    "float32": lambda scores: scores.astype(np.float32),
    "ties": lambda scores: np.round(scores, 1),
}
EVERY_DATA = pytest.mark.parametrize("data", DATA)


def samples(rows, data, seed=0):
    rng = np.random.default_rng(seed)
    return DATA[data](rng.random((rows[0], HEADS))), DATA[data](rng.random((rows[1], HEADS)) ** 1.5)


@MARGINS
@EVERY_DATA
@pytest.mark.parametrize("n", [3, 10, 400])
def test_paired_equivalence_is_statsmodels(n, data, margin):
    a, b = samples((n, n), data)
    ours = equivalence(paired_difference(a, b), margin)
    columns = [(a[:, head].astype(np.float64), b[:, head].astype(np.float64)) for head in range(HEADS)]
    expected = [ttost_paired(*column, -margin, margin)[0] for column in columns]
    np.testing.assert_allclose(ours, expected, rtol=EXACT, atol=1e-300)


@MARGINS
@EVERY_DATA
@pytest.mark.parametrize("variances", INDEPENDENT)
@pytest.mark.parametrize("sizes", [(3, 4), (12, 30), (400, 200)])
def test_independent_equivalence_is_statsmodels(sizes, variances, data, margin):
    a, b = samples(sizes, data)
    ours = equivalence(INDEPENDENT[variances](a, b), margin)
    columns = [(a[:, head].astype(np.float64), b[:, head].astype(np.float64)) for head in range(HEADS)]
    expected = [ttost_ind(*column, -margin, margin, usevar=variances)[0] for column in columns]
    np.testing.assert_allclose(ours, expected, rtol=EXACT, atol=1e-300)


def test_the_larger_of_the_two_one_sided_p_values_counts():
    a, b = samples((20, 20), "plain")
    difference = paired_difference(a, b)
    above = [stats.ttest_1samp(a[:, h] - b[:, h], -0.1, alternative="greater").pvalue for h in range(HEADS)]
    below = [stats.ttest_1samp(a[:, h] - b[:, h], 0.1, alternative="less").pvalue for h in range(HEADS)]
    np.testing.assert_allclose(equivalence(difference, 0.1), np.maximum(above, below), rtol=EXACT)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_a_head_is_negligible_exactly_where_its_interval_lies_within_the_margins(alpha):
    a, b = np.random.default_rng(1).normal(size=(2, 40, 500))
    difference = paired_difference(a, b)
    interval = t_interval(difference, 1 - 2 * alpha)
    within = (interval.low > -0.5) & (interval.high < 0.5)
    np.testing.assert_array_equal(equivalence(difference, 0.5) < alpha, within)
    assert 0 < within.sum() < 500


def difference_of(estimate, error, degrees=9.0):
    return MeanDifference(*(np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in (estimate, error, degrees)))


def test_where_nothing_varies_the_estimate_decides():
    heads = difference_of([0.0, 0.0099, -0.0099, 0.01, -0.01, 0.5], np.zeros(6), np.full(6, 9.0))
    assert equivalence(heads, 0.01).tolist() == [0, 0, 0, 1, 1, 1]


def test_no_effect_is_smaller_than_a_margin_of_zero():
    heads = difference_of([0.0, 0.0, 0.3, np.nan], [0.0, 0.1, 0.1, np.nan], np.full(4, 9.0))
    np.testing.assert_array_equal(equivalence(heads, 0.0), [1, 1, 1, np.nan])


def test_every_effect_is_smaller_than_an_infinite_margin():
    heads = difference_of([0.0, 0.3, np.nan], [0.0, 0.1, np.nan], np.full(3, 9.0))
    np.testing.assert_array_equal(equivalence(heads, np.inf), [0, 0, np.nan])


def test_a_score_that_is_not_finite_costs_its_own_head_alone():
    a, b = samples((12, 12), "plain")
    expected = equivalence(welch_difference(a, b), 0.1)
    a[3, 2] = np.nan
    ours = equivalence(welch_difference(a, b), 0.1)
    np.testing.assert_array_equal(np.isnan(ours), np.arange(HEADS) == 2)
    np.testing.assert_array_equal(np.delete(ours, 2), np.delete(expected, 2))


@pytest.mark.parametrize("size", [1e-150, 1e-3, 1e150])
def test_the_unit_of_the_scores_does_not_matter(size):
    a, b = samples((12, 12), "plain")
    expected = equivalence(paired_difference(a, b), 0.2)
    np.testing.assert_allclose(equivalence(paired_difference(a * size, b * size), 0.2 * size), expected, rtol=1e-9)


def test_errors_that_are_tiny_beside_the_margin_overflow_to_certainty():
    heads = difference_of([0.0, 1e10], [1e-310, 1e-310], [9.0, 9.0])
    assert equivalence(heads, 1.0).tolist() == [0, 1]


@pytest.mark.parametrize("margin", [-0.01, np.nan])
def test_a_margin_is_a_size(margin):
    with pytest.raises(ValueError, match=r"a margin of equivalence is a number of at least 0; got (-0\.01|nan)"):
        equivalence(difference_of(0.0, 1.0), margin)


def test_heads_at_the_margin_are_called_negligible_in_at_most_alpha_of_the_cases_and_heads_at_zero_often():
    rng = np.random.default_rng(2)
    heads, alpha = 10_000, 0.05
    at_margin = paired_difference(rng.normal(0.5, 1, size=(60, heads)), np.zeros((60, heads)))
    at_zero = paired_difference(rng.normal(0.0, 1, size=(60, heads)), np.zeros((60, heads)))
    error = 4 * np.sqrt(alpha * (1 - alpha) / heads)
    assert (equivalence(at_margin, 0.5) <= alpha).mean() == pytest.approx(alpha, abs=error)
    assert (equivalence(at_zero, 0.5) <= alpha).mean() > 0.9
