"""Null data sets and planted effects: what a draw keeps, what may be computed once, what may be skipped."""

import numpy as np
import pytest
from scipy import stats

from reportgen.stats import calibration, calibration_tested, maxt
from reportgen.stats.calibration import calibrate, count_nulls
from reportgen.stats.calibration_means import count_equal_means, strongly_skewed
from reportgen.stats.calibration_rows import Points, Rate, StandardErrors
from reportgen.stats.calibration_tested import Settings, found_by
from reportgen.stats.corrections import CRITERIA, adjust
from reportgen.stats.null_draws import Pairs, TwoSets, null_of
from reportgen.stats.null_reference import reference_of

SMALL = Settings(
    draws=30,
    resamples=200,
    planted_draws=4,
    planted_resamples=99,
    splits=5,
    sizes=(StandardErrors(3.0), Points(0.1)),
    means_draws=20,
    means_resamples=99,
)
FROM_P_VALUES = [rule.method for rule in CRITERIA if not rule.resampled]


def pairs(units=12, heads=5, seed=0):
    a, b = np.random.default_rng(seed).random((2, units, heads))
    return Pairs(a, b)


def two_sets(size_a=9, size_b=12, heads=5, seed=0):
    rng = np.random.default_rng(seed)
    return TwoSets(rng.random((size_a, heads)) + 1, rng.random((size_b, heads)))


def keys_for(design, draws, seed=1):
    return np.random.default_rng(seed).random((draws, design.keys))


EVERY_TEST_OF_EVERY_DESIGN = pytest.mark.parametrize(
    ("design", "test"), [(design, test) for design in (pairs(), two_sets()) for test in design.tests]
)


def test_a_swap_keeps_the_size_of_every_difference_and_turns_a_whole_unit():
    design = pairs()
    drawn = design.draw(keys_for(design, 20))
    signs = (drawn.a - drawn.b) / (design.a - design.b)[:, np.newaxis]
    np.testing.assert_allclose(np.abs(signs), 1)
    assert (np.sign(signs) == np.sign(signs[:, :, :1])).all()
    assert 0.3 < (signs > 0).mean() < 0.7


def test_shuffled_sets_hold_the_same_rows_without_their_means():
    design = two_sets()
    drawn = design.draw(keys_for(design, 3))
    for a, b in drawn.each():
        np.testing.assert_allclose(np.sort(np.concatenate([a, b]), 0), np.sort(np.concatenate(design.base()), 0))
        np.testing.assert_allclose(np.concatenate([a, b]).mean(axis=0), 0, atol=1e-12)
    assert not np.allclose(drawn.a[:, 0], drawn.a[:, 1])


def test_with_equal_means_whole_pairs_are_drawn_anew_from_differences_without_their_mean():
    design = pairs()
    centred = (design.a - design.b) - (design.a - design.b).mean(axis=0)
    drawn = design.draw_equal_means(keys_for(design, 30))
    for a, b in drawn.each():
        units = [int(np.flatnonzero(np.isclose(centred, row).all(axis=1))[0]) for row in a - b]
        assert len(set(units)) < len(design.a)
        np.testing.assert_array_equal(b, design.b[units])


def test_with_equal_means_each_set_is_drawn_anew_from_its_own_rows():
    design = two_sets()
    drawn = design.draw_equal_means(keys_for(design, 200))
    assert (drawn.a.shape[0], drawn.b.shape[0]) == (9, 12)
    for drawn_rows, rows in ((drawn.a, design.a), (drawn.b, design.b)):
        centred = rows - rows.mean(axis=0)
        times = np.isclose(drawn_rows[:, :, np.newaxis], centred).all(axis=3).sum(axis=(0, 1))
        assert times.sum() == drawn_rows.shape[0] * 200
        assert times.min() > 120
        assert times.max() < 280


def test_a_key_at_the_end_draws_the_last_unit():
    design = pairs()
    drawn = design.draw_equal_means(np.full((1, design.keys), np.nextafter(1, 0)))
    np.testing.assert_array_equal(drawn.b[:, 0], np.broadcast_to(design.b[-1], design.b.shape))


def test_normal_units_keep_the_variances_and_the_dependence_of_each_set():
    design, rng = two_sets(8, 12, heads=3), np.random.default_rng(0)
    many = [design.normal(rng) for _ in range(3000)]
    for drawn, rows in (
        (np.concatenate([one.a for one in many]), design.a),
        (np.concatenate([one.b for one in many]), design.b),
    ):
        np.testing.assert_allclose(np.cov(drawn.T), np.cov(rows.T), atol=0.004)
        np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.01)
        np.testing.assert_allclose(stats.skew(drawn), 0, atol=0.06)
    differences = pairs().normal(rng)
    assert (differences.a.shape, np.abs(differences.b).max()) == ((12, 5), 0)


def test_skewness_is_scipys_and_that_of_the_more_skewed_set():
    design = pairs(units=30)
    np.testing.assert_allclose(design.skewness(), stats.skew(design.a - design.b))
    sets = TwoSets(np.exp(design.a), -np.exp(2 * design.b))
    np.testing.assert_allclose(
        sets.skewness(),
        np.where(np.abs(stats.skew(sets.a)) > np.abs(stats.skew(sets.b)), stats.skew(sets.a), stats.skew(sets.b)),
    )
    assert Pairs(np.ones((4, 1)), np.zeros((4, 1))).skewness() == [0]


def test_strongly_skewed_heads_are_named_by_their_place_among_all_heads():
    design = pairs(units=60, heads=3)
    design.a[0, 1] -= 40
    design.a[:2, 2] += 40
    first, second = strongly_skewed(design, np.array([4, 7, 9]), 3.0)
    assert (first.place, second.place) == (7, 9)
    assert first.skewness < -second.skewness < -3


def test_only_findings_beyond_the_smallest_effect_count_for_the_studys_rule():
    def rates(smallest):
        settings = Settings(corrections=("none",), means_draws=40, means_resamples=99, smallest_effect=smallest)
        return count_equal_means(pairs(heads=30), settings, np.random.default_rng(0), lambda _: None)[0]

    always, some, never = (rates(smallest) for smallest in (0.0, 0.27, 2.0))
    assert always.any == some.any == never.any
    assert always.beyond.count == always.any.count > some.beyond.count > never.beyond.count == 0
    assert not always.promises


def test_heads_that_a_draw_leaves_constant_are_not_tested_in_it():
    """Of nine differences, one is 1 and the others 0: in a third of the draws it is missing, and nothing varies."""
    a = np.zeros((9, 2))
    a[0, 0], a[:, 1] = 1.0, np.random.default_rng(0).random(9)
    settings = Settings(means_draws=60, means_resamples=99, corrections=("bonferroni", "max_t"))
    for design in (Pairs(a, np.zeros_like(a)), Pairs(a[:, :1], np.zeros((9, 1)))):
        rows = count_equal_means(design, settings, np.random.default_rng(1), lambda _: None)
        assert max(row.any.share for row in rows if row.test == "paired_t") < 0.2


@EVERY_TEST_OF_EVERY_DESIGN
def test_a_block_of_draws_has_the_p_values_of_each_alone(design, test):
    drawn = design.draw(keys_for(design, 7))
    alone = [type(drawn)(a[:, np.newaxis], b[:, np.newaxis]).run(test)[0] for a, b in drawn.each()]
    np.testing.assert_allclose(drawn.run(test), alone, rtol=1e-12)


@EVERY_TEST_OF_EVERY_DESIGN
def test_statistics_of_draws_as_arrangements_are_those_of_the_drawn_scores(design, test):
    keys = keys_for(design, 7)
    found = reference_of(design, test, 50, seed=0).statistics(design.weights(test, keys))
    brute = [
        np.abs(maxt.max_t([null_of(test, a, b, resamples=9, seed=0)]).observed) for a, b in design.draw(keys).each()
    ]
    np.testing.assert_allclose(found, brute, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("design", "test"),
    [(design, test) for design in (pairs(units=5), two_sets(4, 4)) for test in design.tests],
)
def test_all_arrangements_of_a_null_data_set_have_the_maxima_of_the_one_it_was_drawn_from(design, test):
    once = np.sort(maxt.max_t([null_of(test, *design.base(), resamples=10_000, seed=0)]).maxima)
    for a, b in design.draw(keys_for(design, 10)).each():
        again = maxt.max_t([null_of(test, a, b, resamples=10_000, seed=0)])
        assert again.exact
        np.testing.assert_allclose(np.sort(again.maxima), once, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.05, 0.4])
@pytest.mark.parametrize(
    ("design", "test"), [(pairs(9), "paired_t"), (pairs(9), "wilcoxon"), (two_sets(5, 5), "welch")]
)
def test_the_shared_reference_finds_what_max_t_finds_in_each_draw(design, test, alpha):
    keys = keys_for(design, 100)
    reference = reference_of(design, test, 10_000, seed=0)
    t = reference.statistics(design.weights(test, keys))
    nulls = [[null_of(test, a, b, resamples=10_000, seed=0)] for a, b in design.draw(keys).each()]
    single = np.array([maxt.max_t(null).adjusted <= alpha for null in nulls])
    step_down = np.array([maxt.step_down(null) <= alpha for null in nulls])
    np.testing.assert_array_equal(reference.single_step(t, alpha), single)
    np.testing.assert_array_equal(reference.step_down(t, alpha), step_down)
    assert single.any()
    assert alpha < 0.1 or (step_down.sum() > single.sum())


@pytest.mark.parametrize("method", FROM_P_VALUES)
def test_skipping_draws_without_a_small_p_value_changes_no_finding(method):
    rng = np.random.default_rng(0)
    p_values = rng.random((40, 12)) ** rng.choice([1, 2], size=(40, 1))
    p_values[:10, 3] = np.nan
    p_values[10] = np.nan
    expected = np.array([adjust(row, method, 0.3) <= 0.3 for row in p_values])
    np.testing.assert_array_equal(found_by(p_values, method, 0.3), expected)
    assert 0 < expected.any(axis=1).mean() < 1


def test_a_rate_that_is_never_or_always_seen_has_an_interval_within_0_and_1():
    assert Rate(0, 100).interval[0] == 0
    assert 0.03 < Rate(0, 100).interval[1] < 0.04
    assert Rate(100, 100).interval[1] == 1


def test_one_seed_gives_one_calibration_whatever_the_size_of_a_block(monkeypatch):
    done = []
    first = calibrate(pairs(), SMALL, np.random.default_rng(3), done.append)
    monkeypatch.setattr(calibration_tested, "_CELLS", 500)
    assert calibrate(pairs(), SMALL, np.random.default_rng(3), lambda _: None) == first
    assert calibrate(pairs(), SMALL, np.random.default_rng(4), lambda _: None) != first
    assert sum(done) == SMALL.draws + len(SMALL.sizes) * SMALL.planted_draws + 2 * SMALL.means_draws


@pytest.mark.parametrize("design", [pairs(), two_sets()])
def test_every_test_meets_every_correction(design):
    found = calibrate(design, SMALL, np.random.default_rng(0), lambda _: None)
    combinations = [(test, rule.method) for test in design.tests for rule in CRITERIA]
    assert [(row.test, row.correction) for row in found.nulls] == combinations
    assert {row.test for row in found.planted} == {design.own_test}
    assert len(found.planted) == len(SMALL.sizes) * len(CRITERIA)
    combinations = [(test, rule.method) for test in design.own_tests for rule in CRITERIA]
    for rows in (found.equal_means, found.equal_means_normal):
        assert [(row.test, row.correction) for row in rows] == combinations


def test_further_tests_are_planted_when_asked_for():
    settings = Settings(planted_tests=("student", "paired_t"), planted_draws=2, planted_resamples=99, splits=2)
    rows = calibration.count_planted(pairs(), Points(0.1), settings, np.random.default_rng(0), lambda _: None).rows
    assert [row.test for row in rows[:: len(CRITERIA)]] == ["paired_t", "student"]


def test_heads_that_cannot_be_tested_are_left_out_and_counted():
    design = pairs(heads=6)
    design.b[:, 2] = design.a[:, 2]
    design.a[4, 5] = np.nan
    found = calibrate(design, SMALL, np.random.default_rng(0), lambda _: None)
    assert (found.heads, found.heads_left_out) == (4, 2)
    with pytest.raises(ValueError, match="no head of this contrast can be tested"):
        calibrate(Pairs(design.a, design.a), SMALL, np.random.default_rng(0), lambda _: None)


def test_a_method_that_gives_each_head_its_own_error_shows_it_and_fails_as_a_family():
    design = pairs(units=40, heads=60)
    settings = Settings(draws=200, resamples=200, corrections=("none", "bonferroni"))
    rows = {
        (row.test, row.correction): row
        for row in count_nulls(design, settings, np.random.default_rng(0), lambda _: None)
    }
    assert 0.03 < rows["paired_t", "none"].each < 0.07
    assert not rows["paired_t", "none"].holds
    assert rows["paired_t", "bonferroni"].holds


def test_sizes_are_standard_errors_or_points():
    errors = np.array([0.1, 0.4])
    np.testing.assert_array_equal(StandardErrors(2).of(errors), [0.2, 0.8])
    np.testing.assert_array_equal(Points(0.01).of(errors), [0.01, 0.01])
