"""Areas under the curve and predictions out of sample: against plain loops, and where there is nothing to predict."""

import numpy as np
import pytest
from scipy import optimize, stats

from reportgen.stats.predicting import assess, ridge, single
from reportgen.stats.ranking import area, areas

RNG = np.random.default_rng(0)


def kinds(units: int) -> np.ndarray:
    return np.arange(units) % 3 == 0


def test_an_area_is_the_chance_that_one_of_the_first_kind_is_larger():
    scores = RNG.integers(0, 5, (30, 4)).astype(float)
    first = kinds(30)
    expected = [
        np.mean([(a > b) + 0.5 * (a == b) for a in column[first] for b in column[~first]]) for column in scores.T
    ]
    assert np.allclose(areas(scores, first), expected)


def test_an_area_of_one_kind_alone_is_nothing():
    assert np.isnan(areas(np.zeros((5, 2)), np.ones(5, dtype=bool))).all()


def test_an_interval_holds_the_true_area_as_often_as_it_says():
    truth, held = stats.norm.cdf(0.8 / np.sqrt(2)), 0
    for seed in range(200):
        rng, first = np.random.default_rng(seed), kinds(90)
        scores = rng.normal(size=90) + 0.8 * first
        found = area(scores, first, np.arange(90), 0.95, seed)
        held += found.low <= truth <= found.high
    assert 180 <= held <= 198


def test_an_interval_of_units_that_repeat_each_other_is_as_wide_as_that_of_one_each():
    first = np.repeat(kinds(60), 4)
    scores = np.repeat(RNG.normal(size=60), 4)
    once = area(scores[::4], first[::4], np.arange(60), 0.95, 0)
    grouped = area(scores, first, np.repeat(np.arange(60), 4), 0.95, 0)
    assert (grouped.low, grouped.high) == (pytest.approx(once.low), pytest.approx(once.high))


@pytest.mark.parametrize("heads", [3, 40])
def test_the_penalized_regression_is_that_of_a_plain_minimization(heads):
    rows, held, first = RNG.normal(size=(25, heads)), RNG.normal(size=(6, heads)), kinds(25)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    z, signs = (rows - mean) / spread / np.sqrt(heads), np.where(first, 1, -1)

    def loss(values):
        return np.logaddexp(0, -signs * (values[0] + z @ values[1:])).sum() + 0.5 * (values[1:] ** 2).sum()

    plain = optimize.minimize(loss, np.zeros(heads + 1), method="BFGS", options={"gtol": 1e-7}).x
    expected = plain[0] + (held - mean) / spread / np.sqrt(heads) @ plain[1:]
    drawn = np.stack([~first, first, first])
    assert np.allclose(ridge(rows, drawn, held)[1:], expected, atol=1e-3)


def test_the_best_head_is_the_one_that_tells_the_fitted_units_apart_best():
    rows, held, first = RNG.normal(size=(40, 7)), RNG.normal(size=(5, 7)), kinds(40)
    rows[first, 4] -= 3
    predicted = single(rows, np.stack([first, ~first]), held)
    assert np.allclose(predicted[0], -(held[:, 4] - rows[:, 4].mean()) / rows[:, 4].std())
    assert np.allclose(predicted[1], -predicted[0])


@pytest.mark.parametrize("fit", [ridge, single])
def test_planted_kinds_are_predicted(fit):
    rows, first = RNG.normal(size=(80, 12)), kinds(80)
    rows[first, 5] += 4
    found = assess(rows, first, np.arange(80), fit, 5, 0.95, 0)
    assert found.area.estimate > 0.95
    assert found.p_value == pytest.approx(1 / 500)


@pytest.mark.parametrize("fit", [ridge, single])
def test_kinds_that_nothing_tells_are_predicted_by_chance(fit):
    """Over many studies of noise: areas about one half, and p-values at most 0.1 about once in ten."""
    found = []
    for seed in range(12):
        rows = np.random.default_rng(seed).normal(size=(60, 20))
        found.append(assess(rows, kinds(60), np.arange(60), fit, 5, 0.95, seed))
    assert np.mean([one.area.estimate for one in found]) == pytest.approx(0.5, abs=0.08)
    assert sum(one.p_value <= 0.1 for one in found) <= 4


def test_units_of_a_group_are_never_predicted_from_each_other():
    """Each group has a mark that tells its kind, and no other group has it: known within groups, unknown across."""
    groups = np.repeat(np.arange(24), 4)
    rows = np.repeat(np.eye(24), 4, axis=0) + RNG.normal(0, 0.01, (96, 24))
    first = kinds(24)[groups]
    together = assess(rows, first, groups, ridge, 4, 0.95, 0)
    apart = assess(rows, first, np.arange(96), ridge, 4, 0.95, 0)
    assert apart.area.estimate > 0.95
    assert together.area.estimate < 0.7
