"""Tail p-values against exact ones, fits against SciPy's, and null distributions that have no such tail."""

import numpy as np
import pytest
from scipy import stats

from reportgen.stats import tail
from reportgen.stats.tail import pareto_tail

HEADS = 270
TRUE = np.array([1e-2, 1e-3, 1e-4, 1e-5])


def generator(seed=0):
    return np.random.default_rng(seed)


def of_maxima(one, probability):
    """The value that the largest of 270 independent |x| exceeds with that probability."""
    return one.isf(-np.expm1(np.log1p(-probability) / HEADS) / 2)


def ratios(one, resamples, studies, seed):
    """Our p-values over the exact ones, [study, p], where each study draws its own maxima."""
    rng = generator(seed)
    fits = [
        pareto_tail(of_maxima(one, rng.random(resamples)), of_maxima(one, TRUE), rng).p_value for _ in range(studies)
    ]
    return np.array(fits) / TRUE


def test_of_a_thousand_maxima_of_normal_heads_p_values_err_upwards_by_a_known_factor():
    """In nine of ten studies, and how far at 1e-2, 1e-3, 1e-4 and 1e-5."""
    low, middle, high = np.quantile(ratios(stats.norm, 1000, 120, seed=1), [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_array_less([0.65, 0.8, 1.0, 1.5], low)
    np.testing.assert_array_less(middle, [1.4, 2.5, 5, 11])
    np.testing.assert_array_less(high, [1.8, 4, 10, 30])


def test_of_ten_thousand_maxima_of_normal_heads_p_values_are_nearer():
    low, middle, high = np.quantile(ratios(stats.norm, 10_000, 10, seed=2), [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_array_less([0.7, 0.7, 0.7, 0.8], low)
    np.testing.assert_array_less(high, [1.3, 2, 4, 9])
    np.testing.assert_array_less(middle, [1.2, 1.7, 3, 6])


def test_of_maxima_of_forty_degrees_p_values_are_within_an_order_of_magnitude_in_the_middle():
    low, middle, high = np.quantile(ratios(stats.t(40), 1000, 120, seed=3), [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_array_less([0.6, 0.6, 0.5, 0.4], low)
    np.testing.assert_array_less(middle, [1.4, 2, 3, 5])
    np.testing.assert_array_less(high, [1.8, 3.5, 7, 15])


def test_of_maxima_of_ten_degrees_p_values_err_downwards_where_the_resamples_are_few():
    middle = np.median(ratios(stats.t(10), 1000, 120, seed=19), axis=0)
    np.testing.assert_array_less([0.9, 0.7, 0.3, 0.1], middle)
    np.testing.assert_array_less(middle, [1.2, 1.2, 1.0, 0.9])


@pytest.mark.parametrize("shape", [0.0, 0.2])
def test_tails_that_are_generalized_pareto_are_carried_on_without_bias(shape):
    rng, one = generator(4), stats.genpareto(shape, loc=3, scale=2)
    fits = [pareto_tail(one.rvs(20_000, random_state=rng), one.isf(TRUE), rng) for _ in range(8)]
    # Beyond the threshold a generalized Pareto tail keeps its shape, and its scale grows with the shape.
    assert np.mean([fit.shape for fit in fits]) == pytest.approx(shape, abs=0.02)
    for fit in fits:
        assert fit.scale == pytest.approx(2 + shape * (fit.threshold - 3), rel=0.1)
    middle = np.median([fit.p_value for fit in fits], axis=0) / TRUE
    assert (np.abs(np.log(middle)) < np.log([1.15, 1.3, 1.6, 2.2])).all()


def test_below_the_threshold_and_without_a_fit_p_values_are_empirical():
    null = generator(5).exponential(size=1000)
    observed = np.append(np.linspace(-1, 12, 300), null[:50])
    empirical = np.array([(1 + sum(value >= x for value in null)) / 1001 for x in observed])
    fit = pareto_tail(null, observed, generator())
    assert fit.fitted
    below = observed <= fit.threshold
    np.testing.assert_allclose(fit.p_value[below], empirical[below], rtol=1e-14)
    assert 0 < below.sum() < len(observed)
    np.testing.assert_allclose(fit.p_value[~below], empirical[~below], atol=0.02)
    short = pareto_tail(null[:150], observed, generator())
    assert (short.fitted, short.exceedances) == (False, 0)
    assert np.isnan([short.threshold, short.shape, short.scale, short.goodness]).all()
    expected = [(1 + sum(value >= x for value in null[:150])) / 151 for x in observed]
    np.testing.assert_allclose(short.p_value, expected, rtol=1e-14)


@pytest.mark.parametrize(
    "null",
    [
        generator(6).integers(0, 12, 1000) / 12,
        np.concatenate([generator(7).exponential(size=900), generator(8).choice([4.0, 5.0], 100)]),
        np.append(np.zeros(900), np.linspace(5, 5.001, 100)),
    ],
    ids=["few values", "two values on top", "a far clump"],
)
def test_tails_of_another_kind_are_told_and_left_to_the_resamples(null):
    fit = pareto_tail(null, np.array([0.5, 4.0, 100.0]), generator())
    assert not fit.fitted
    assert fit.goodness <= tail.GOODNESS_LEVEL
    assert fit.exceedances >= tail.FEWEST_EXCEEDANCES
    assert fit.p_value[2] == 1 / 1001


def test_a_constant_null_distribution_has_no_tail():
    fit = pareto_tail(np.ones(1000), np.array([0.5, 1.0, 1.5]), generator())
    assert not fit.fitted
    np.testing.assert_allclose(fit.p_value, [1, 1, 1 / 1001])


def test_p_values_are_never_zero_keep_the_order_of_the_statistics_and_end_at_the_floor():
    observed = np.concatenate([np.linspace(0, 30, 2000), [1e3, 1e300, np.inf]])
    for null in (
        generator(9).exponential(size=1000),
        np.abs(generator(10).normal(size=1000)),
        generator(11).random(1000),
    ):
        p_value = pareto_tail(null, observed, generator()).p_value
        assert (np.diff(p_value) <= 0).all()
        assert p_value.min() >= 1 / 1001**2 > 0
    fit = pareto_tail(generator(9).exponential(size=1000), observed, generator())
    assert fit.fitted
    assert fit.p_value[-1] == pytest.approx(1 / 1001**2)


def test_a_tail_that_ends_is_never_thought_lighter_than_exponential():
    one = stats.genpareto(-0.3)
    for seed in range(20):
        null = one.rvs(1000, random_state=generator(seed))
        fit = pareto_tail(null, one.isf(TRUE), generator(seed))
        assert fit.shape >= 0
        assert (fit.p_value[2:] >= TRUE[2:]).all()


def test_a_statistic_that_is_not_a_number_has_no_p_value_and_changes_no_other():
    null, observed = generator(12).exponential(size=1000), np.array([0.5, 5.0, 9.0])
    with_gap = pareto_tail(null, np.array([0.5, np.nan, 5.0, 9.0]), generator())
    np.testing.assert_array_equal(np.isnan(with_gap.p_value), [False, True, False, False])
    np.testing.assert_array_equal(np.delete(with_gap.p_value, 1), pareto_tail(null, observed, generator()).p_value)
    assert np.isnan(observed).sum() == 0


def test_neither_the_order_nor_the_units_of_the_resamples_matter():
    null, observed = generator(13).exponential(size=1000), np.array([0.5, 5.0, 9.0])
    fit = pareto_tail(null, observed, generator())
    np.testing.assert_array_equal(pareto_tail(null[::-1], observed, generator()).p_value, fit.p_value)
    scaled = pareto_tail(null * 1e-6, observed * 1e-6, generator())
    np.testing.assert_allclose(scaled.p_value, fit.p_value, rtol=1e-9)
    assert (scaled.shape, scaled.scale) == pytest.approx((fit.shape, fit.scale * 1e-6))


def test_null_distributions_that_cannot_be_used_are_refused():
    for null in (np.array([]), np.ones((20, 3))):
        with pytest.raises(ValueError, match="one statistic per resample; got an array of shape"):
            pareto_tail(null, np.ones(2), generator())
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not finite: leave out the heads that cannot be tested"):
            pareto_tail(np.append(np.ones(300), bad), np.ones(2), generator())


def test_the_distance_of_a_fit_is_anderson_and_darlings_as_in_scipy():
    known = {"c": 0.15, "loc": 0, "scale": 1.7}
    exceedances = np.sort(generator(14).exponential(size=80))
    scipys = stats.goodness_of_fit(
        stats.genpareto, exceedances, known_params=known, statistic="ad", n_mc_samples=5, rng=generator()
    )
    ours = tail._anderson_darling(exceedances[np.newaxis], np.array([[0.15]]), np.array([[1.7]]))
    assert ours.item() == pytest.approx(scipys.statistic, rel=1e-10)


@pytest.mark.parametrize("shape", [0.1, 0.3])
def test_estimates_are_those_of_the_distribution_and_agree_with_maximum_likelihood(shape):
    exceedances = stats.genpareto.rvs(shape, scale=3, size=20_000, random_state=generator(15))
    ours = [value.item() for value in tail._estimate(np.sort(exceedances)[np.newaxis])]
    likeliest, _, scale = stats.genpareto.fit(exceedances, floc=0)
    assert ours == pytest.approx([shape, 3], abs=0.1)
    assert ours == pytest.approx([likeliest, scale], abs=0.06)


@pytest.mark.parametrize("shape", [0.0, 0.2])
def test_a_fit_that_is_right_is_called_bad_in_one_of_twenty(shape):
    rng = generator(16)
    samples = np.sort(stats.genpareto.rvs(shape, size=(400, 200), random_state=rng), axis=1)
    goodness = np.array([tail._fitted(0.0, sample, rng).goodness for sample in samples])
    assert np.mean(goodness <= 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 400))
    if shape:  # At the bound half of the samples are fitted with the bound itself, and the p-values are not uniform.
        assert stats.kstest(goodness, "uniform").pvalue > 0.01


@pytest.mark.parametrize("shape", [0.0, 1e-12, 0.2, 1.5])
def test_survival_and_draws_are_those_of_scipys_distribution(shape):
    stretched, bound = np.geomspace(1e-6, 1e3, 50)[np.newaxis], np.array([[shape]])
    expected = stats.genpareto.logsf(stretched, shape)
    np.testing.assert_allclose(tail._log_survival(stretched, bound), expected, rtol=1e-9)
    draws = tail._samples(bound, np.array([[2.0]]), 50, generator(18))
    assert (np.diff(draws) >= 0).all()
    assert stats.kstest(draws.ravel(), stats.genpareto(shape, scale=2).cdf).pvalue > 0.01


def test_the_same_seed_gives_the_same_fit():
    null = generator(17).exponential(size=1000)
    first, again, other = (pareto_tail(null, np.ones(1), generator(seed)).goodness for seed in (1, 1, 3))
    assert first == again != other
