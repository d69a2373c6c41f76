"""Honest top lists alone: who may be chosen, what is left out, what bad input is told, and that blocks do not show."""

import numpy as np
import pytest

from reportgen.stats import selection
from reportgen.stats.selection import cross_fit, split_half, top_k_stability


def units(count=20, heads=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, heads))


def generator():
    return np.random.default_rng(1)


def test_a_head_with_a_score_that_is_not_finite_is_left_out_and_changes_no_other():
    whole = units()
    broken = np.insert(whole, 2, np.nan, axis=1)
    broken[0, 2], broken[1, 2] = 1.0, np.inf
    fitted, expected = cross_fit((broken,), 3, 30, generator()), cross_fit((whole,), 3, 30, generator())
    assert np.isnan([fitted.estimate[2], fitted.chosen[2]]).all()
    np.testing.assert_array_equal(np.delete(fitted.chosen, 2), expected.chosen)
    np.testing.assert_array_equal(np.delete(fitted.estimate, 2), expected.estimate)
    np.testing.assert_array_equal(fitted.by_rank, expected.by_rank)
    stable = top_k_stability((broken,), 3, 30, generator())
    np.testing.assert_array_equal(np.isnan(stable), np.arange(7) == 2)
    np.testing.assert_array_equal(np.delete(stable, 2), top_k_stability((whole,), 3, 30, generator()))
    halves = split_half((broken,), 30, generator())
    assert halves.heads_left_out == 1
    assert halves.correlation == split_half((whole,), 30, generator()).correlation


def test_a_head_broken_in_one_of_two_sets_is_left_out():
    a, b = units(), units(9, seed=2)
    b[3, 4] = np.nan
    assert np.flatnonzero(np.isnan(cross_fit((a, -b), 2, 10, generator()).chosen)).tolist() == [4]


def test_scores_too_large_to_be_added_up_are_left_out():
    samples = units()
    samples[:, 0] = 1e308
    assert np.isnan(top_k_stability((samples,), 2, 10, generator())[0])


def test_no_head_is_left_when_none_is_finite():
    nothing = np.full((8, 3), np.nan)
    fitted = cross_fit((nothing,), 2, 10, generator())
    assert np.isnan(fitted.chosen).all()
    assert np.isnan(fitted.estimate).all()
    assert fitted.by_rank.shape == (0,)
    assert np.isnan(fitted.kept)
    assert np.isnan(top_k_stability((nothing,), 2, 10, generator())).all()
    halves = split_half((nothing,), 10, generator())
    assert np.isnan([halves.correlation, halves.low, halves.high, halves.reliability, halves.noise_ceiling]).all()
    assert halves.heads_left_out == 3


def test_heads_whose_effect_is_exactly_zero_are_never_chosen():
    samples = np.zeros((12, 5))
    samples[:, 3] = units(12, 1)[:, 0] + 5
    fitted = cross_fit((samples,), 4, 20, generator())
    assert fitted.chosen.tolist() == [0, 0, 0, 1, 0]
    np.testing.assert_array_equal(np.isnan(fitted.estimate), fitted.chosen == 0)
    assert fitted.by_rank[1:].tolist() == fitted.naive_by_rank[1:].tolist() == [0, 0, 0]
    assert top_k_stability((samples,), 4, 20, generator()).tolist() == [0, 0, 0, 1, 0]


def test_a_list_as_long_as_the_map_chooses_every_head_always():
    samples = units()
    for k in (6, 7, 1000):
        fitted = cross_fit((samples,), k, 15, generator())
        assert fitted.chosen.tolist() == [1.0] * 6
        assert fitted.by_rank.shape == fitted.naive_by_rank.shape == (6,)
        np.testing.assert_allclose(fitted.estimate, samples.mean(axis=0), rtol=1e-12)
        assert top_k_stability((samples,), k, 15, generator()).tolist() == [1.0] * 6


def test_the_shares_of_a_list_of_k_heads_add_up_to_k():
    for shares in (
        cross_fit((units(),), 2, 130, generator()).chosen,
        top_k_stability((units(),), 2, 130, generator()),
    ):
        assert shares.sum() == pytest.approx(2, rel=1e-12)


def test_a_head_that_is_seldom_chosen_has_no_estimate():
    fitted = cross_fit((units(12, 40),), 2, 60, generator())
    np.testing.assert_array_equal(np.isnan(fitted.estimate), fitted.chosen < selection.LEAST_CHOSEN)
    assert 0 < np.isnan(fitted.estimate).sum() < 40


def test_ranks_fall_on_the_choosing_half():
    fitted = cross_fit((units(12, 40),), 9, 60, generator())
    assert (np.diff(fitted.naive_by_rank) < 0).all()
    assert fitted.kept == pytest.approx(fitted.by_rank.sum() / fitted.naive_by_rank.sum())
    assert fitted.kept < 1


def test_turning_every_sign_turns_the_estimates_alone():
    fitted, turned = cross_fit((units(),), 3, 30, generator()), cross_fit((-units(),), 3, 30, generator())
    np.testing.assert_array_equal(turned.estimate, -fitted.estimate)
    np.testing.assert_array_equal(turned.by_rank, fitted.by_rank)
    np.testing.assert_array_equal(turned.chosen, fitted.chosen)


def test_without_noise_nothing_is_lost():
    fitted = cross_fit((np.tile([0.0, -3.0, 1.0, 2.0], (9, 1)),), 2, 20, generator())
    assert fitted.chosen.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(fitted.estimate[[1, 3]], [-3, 2], rtol=1e-12)
    np.testing.assert_allclose(fitted.by_rank, [3, 2], rtol=1e-12)
    assert fitted.kept == pytest.approx(1)
    halves = split_half((np.tile([0.0, -3.0, 1.0, 2.0], (9, 1)),), 20, generator())
    assert (halves.correlation, halves.reliability, halves.noise_ceiling) == pytest.approx((1, 1, 1))


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_units_of_the_scores_do_not_matter_to_correlations_and_shares(scale):
    samples = units()
    assert split_half((samples * scale,), 40, generator()).correlation == pytest.approx(
        split_half((samples,), 40, generator()).correlation
    )
    scaled = cross_fit((samples * scale,), 3, 40, generator())
    np.testing.assert_array_equal(scaled.chosen, cross_fit((samples,), 3, 40, generator()).chosen)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9])
def test_maps_that_do_not_vary_have_no_correlation(constant):
    halves = split_half((np.full((7, 5), constant),), 10, generator())
    assert np.isnan([halves.correlation, halves.reliability, halves.noise_ceiling]).all()
    assert halves.heads_left_out == 0


def test_splits_without_a_correlation_do_not_count():
    samples = np.zeros((8, 5))
    samples[0], samples[1] = 10 * units(1, 5), 10 * units(1, 5)
    halves = split_half((samples,), 60, generator())  # Only splits that part the first two units have two maps.
    assert halves.low == pytest.approx(1)
    assert halves.high == pytest.approx(1)


def test_two_heads_are_too_few_for_a_correlation():
    assert np.isnan(split_half((units(heads=2),), 10, generator()).correlation)
    assert np.isfinite(split_half((units(heads=3),), 10, generator()).correlation)


def test_a_negative_correlation_is_no_reliability():
    halves = selection.SplitHalf(-0.2, -0.5, 0.1, 0)
    assert (halves.reliability, halves.noise_ceiling) == (0, 0)


@pytest.mark.parametrize(
    "run",
    [
        lambda samples: cross_fit(samples, 2, 5, generator()),
        lambda samples: top_k_stability(samples, 2, 5, generator()),
        lambda samples: split_half(samples, 5, generator()),
    ],
)
@pytest.mark.parametrize("samples", [(units(3),), (units(20), -units(3)), (units(0),)])
def test_fewer_than_four_units_are_refused_with_what_to_do(run, samples):
    with pytest.raises(ValueError, match=r"at least 4 units in each set; got [03]: add facts, or name a cluster"):
        run(samples)
    assert run((units(4),)) is not None


def test_counts_below_one_are_refused_by_name():
    samples = (units(),)
    for call, name in (
        (lambda: cross_fit(samples, 0, 5, generator()), "k"),
        (lambda: cross_fit(samples, 2, 0, generator()), "splits"),
        (lambda: top_k_stability(samples, -1, 5, generator()), "k"),
        (lambda: top_k_stability(samples, 2, 0, generator()), "resamples"),
        (lambda: split_half(samples, 0, generator()), "splits"),
    ):
        with pytest.raises(ValueError, match=f"^{name} needs to be at least 1"):
            call()


def test_results_come_back_from_the_same_seed_alone():
    samples = (units(30, 40),)
    first, again, other = (cross_fit(samples, 5, 20, np.random.default_rng(seed)).by_rank for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("rounds", [1, 99, 100, 101, 250])
def test_blocks_cover_every_round_once(rounds):
    blocks = selection._blocks(rounds)
    assert sum(blocks) == rounds
    assert max(blocks) <= 100
    assert top_k_stability((units(),), 2, rounds, generator()).sum() == pytest.approx(2)


@pytest.mark.parametrize("count", [4, 5, 9])
def test_halves_share_no_unit_and_miss_none(count):
    first, second = selection._half_means(np.eye(count), 30, generator())
    np.testing.assert_array_equal((first > 0) ^ (second > 0), True)
    np.testing.assert_array_equal((first > 0).sum(axis=1), count // 2)
    np.testing.assert_allclose([first.sum(axis=1), second.sum(axis=1)], 1)


def test_float32_scores_are_computed_in_float64():
    samples = units().astype(np.float32)
    fitted = cross_fit((samples,), 3, 30, generator())
    expected = cross_fit((samples.astype(np.float64),), 3, 30, generator())
    np.testing.assert_array_equal(fitted.estimate, expected.estimate)
