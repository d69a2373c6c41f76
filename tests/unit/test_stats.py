"""The stats room alone: what cannot be tested, what may not depend on neighbours, and what must agree."""

import typing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.report.render import templates_folder
from reportgen.spec.model import Alternative, Correction
from reportgen.stats import corrections, differences, effects, power, testable
from reportgen.stats import tests as head_tests

TESTS = {
    "paired_t": differences.paired_difference,
    "wilcoxon": None,
    "student": differences.pooled_difference,
    "welch": differences.welch_difference,
    "mann_whitney": None,
}
EVERY_TEST = pytest.mark.parametrize("name", TESTS)


def scores(rows, heads=4, seed=0):
    return np.random.default_rng(seed).random((2, rows, heads))


def run(name, a, b):
    return getattr(head_tests, name)(a, b)


@EVERY_TEST
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_costs_its_own_head_alone(name, bad, side):
    a, b = scores(20)
    expected = run(name, a, b)
    (a, b)[side][3, 1] = bad
    found = run(name, a, b)
    assert found.reason.tolist() == ["", testable.NOT_FINITE, "", ""]
    assert np.isnan(found.p_value[1])
    assert np.isnan(found.statistic[1])
    np.testing.assert_array_equal(np.delete(found.p_value, 1), np.delete(expected.p_value, 1))


@EVERY_TEST
@pytest.mark.parametrize("rows", [2, 7, 40, 60])
def test_heads_that_cannot_be_tested_say_why_and_have_no_p_value(name, rows):
    a, b = scores(rows)
    a[:, 0] = b[:, 0] = 0.25
    b[:, 1] = a[:, 1] = np.linspace(0, 1, rows)
    a[:, 2] = b[:, 2] + 0.125
    a[:, 3], b[:, 3] = 0.5, 0.25
    found = run(name, a, b)
    constant, same, shifted, apart = found.reason
    expected = {
        "paired_t": (testable.ALL_ZERO, testable.ALL_ZERO, testable.SAME_DIFFERENCE, testable.SAME_DIFFERENCE),
        "wilcoxon": (testable.ALL_ZERO, testable.ALL_ZERO, "", ""),
        "student": (testable.NO_VARIATION, "", "", testable.NO_VARIATION),
        "welch": (testable.NO_VARIATION, "", "", testable.NO_VARIATION),
        "mann_whitney": (testable.ALL_EQUAL, "", "", ""),
    }[name]
    assert (constant, same, shifted, apart) == expected
    np.testing.assert_array_equal(np.isnan(found.p_value), found.reason != "")
    np.testing.assert_array_equal(np.isfinite(found.statistic), found.reason == "")


@EVERY_TEST
def test_no_head_at_all_can_be_tested(name):
    a = np.full((9, 3), 0.25)
    assert np.isnan(run(name, a, a).p_value).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_differences_that_rounding_made_are_no_differences(dtype):
    b = np.random.default_rng(0).random((50, 6)).astype(dtype)
    found = head_tests.paired_t(b + dtype(0.1), b)
    assert set(found.reason) == {testable.SAME_DIFFERENCE}
    assert set(head_tests.paired_t(b * dtype(1.001), b).reason) == {""}


def test_scores_too_large_to_square_are_named():
    a, b = scores(9)
    for name in ("paired_t", "student", "welch"):
        assert set(run(name, a * 1e300, b).reason) == {testable.TOO_LARGE}
    assert set(head_tests.wilcoxon(a * 1.5e308, -b * 1.5e308).reason) == {testable.TOO_LARGE}


@EVERY_TEST
def test_scores_too_small_to_square_do_not_vary(name):
    a, b = scores(9) * 1e-200
    found = run(name, a, b)
    np.testing.assert_array_equal(np.isnan(found.p_value), found.reason != "")


@EVERY_TEST
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_head_does_not_depend_on_its_neighbours(name, data):
    rows = data.draw(st.integers(2, 15))
    levels = data.draw(st.sampled_from([3, 1000]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    a, b = rng.integers(0, levels, size=(2, rows, 5)) / levels
    a[:, 4] = rng.random(rows)
    together = run(name, a, b)
    for head in range(5):
        alone = run(name, a[:, [head]], b[:, [head]])
        assert alone.reason[0] == together.reason[head]
        np.testing.assert_allclose(alone.p_value[0], together.p_value[head], rtol=1e-12)
        np.testing.assert_allclose(alone.statistic[0], together.statistic[head], rtol=1e-12, atol=1e-12)


@EVERY_TEST
@pytest.mark.parametrize("rows", [4, 60])
def test_swapping_the_sets_keeps_the_p_value(name, rows):
    a, b = scores(rows)
    np.testing.assert_allclose(run(name, a, b).p_value, run(name, b, a).p_value, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name, difference in TESTS.items() if difference])
@pytest.mark.parametrize("rows", [3, 40])
def test_a_head_is_significant_exactly_where_its_interval_leaves_out_zero(name, rows):
    a, b = np.random.default_rng(1).normal(size=(2, rows, 300))
    interval = effects.t_interval(TESTS[name](a, b), 0.7)
    significant = run(name, a, b).p_value < 0.3
    np.testing.assert_array_equal((interval.low > 0) | (interval.high < 0), significant)
    assert 0 < significant.sum() < 300


@pytest.mark.parametrize("name", ["paired_t", "wilcoxon"])
def test_paired_rows_must_align(name):
    a, b = scores(5)
    with pytest.raises(ValueError, match=r"the same shape; got \(5, 4\) and \(4, 4\)"):
        run(name, a, b[:4])


@pytest.mark.parametrize("name", ["paired_t", "student", "welch"])
def test_one_observation_has_no_variance(name):
    a, b = scores(1)
    with pytest.raises(ValueError, match="at least 2 observations; got 1"):
        run(name, a, b)


def test_the_corrections_are_those_that_a_spec_may_name():
    assert tuple(criterion.method for criterion in corrections.CRITERIA) == typing.get_args(Correction)
    assert typing.get_args(corrections.Method) == typing.get_args(Correction)
    assert typing.get_args(head_tests.Alternative) == typing.get_args(Alternative)


FROM_P_VALUES = [criterion.method for criterion in corrections.CRITERIA if not criterion.resampled]
RESAMPLED = [criterion.method for criterion in corrections.CRITERIA if criterion.resampled]


@pytest.mark.parametrize("method", FROM_P_VALUES)
def test_heads_that_cannot_be_tested_do_not_count_in_the_family(method):
    p = np.array([0.01, 0.02, 0.4, 0.03])
    with_gaps = np.array([np.nan, 0.01, 0.02, np.nan, 0.4, 0.03])
    adjusted = corrections.adjust(with_gaps, method, 0.05)
    np.testing.assert_array_equal(np.isnan(adjusted), np.isnan(with_gaps))
    np.testing.assert_array_equal(adjusted[~np.isnan(with_gaps)], corrections.adjust(p, method, 0.05))
    assert (adjusted[1] == 0.01) == (method == "none")


@pytest.mark.parametrize("method", typing.get_args(Correction))
def test_a_family_of_none_has_no_threshold(method):
    with pytest.raises(ValueError, match="at least one head"):
        corrections.criterion(method).strictest(0.05, 0)


@pytest.mark.parametrize("method", FROM_P_VALUES)
def test_a_family_of_none_stays_empty(method):
    assert np.isnan(corrections.adjust(np.full(3, np.nan), method, 0.05)).all()
    assert corrections.adjust(np.array([]), method, 0.05).shape == (0,)


@pytest.mark.parametrize("method", FROM_P_VALUES)
def test_adjusting_leaves_the_raw_p_values_alone(method):
    p = np.array([0.01, np.nan, 0.02])
    corrections.adjust(p, method, 0.05)
    np.testing.assert_array_equal(p, [0.01, np.nan, 0.02])


@pytest.mark.parametrize("method", RESAMPLED)
def test_max_t_cannot_be_had_from_p_values(method):
    with pytest.raises(ValueError, match=rf"{method} takes adjusted p-values from arrangements of the scores"):
        corrections.adjust(np.array([0.1]), method, 0.05)
    with pytest.raises(ValueError, match=rf"{method} takes the critical value of its statistic from arrangements"):
        corrections.criterion(method).strictest(0.05, 4)


def test_each_criterion_says_what_chance_would_give():
    promised = {c.method: (c.expected_heads(0.05, 200), c.probability_of_any(0.05)) for c in corrections.CRITERIA}
    assert promised.pop("none") == (10.0, None)
    assert set(promised.values()) == {(None, 0.05)}


def test_each_criterion_that_promises_something_is_cited_from_the_bibliography():
    bibliography = (templates_folder() / "references.bib").read_text(encoding="utf-8")
    cited = {criterion.reference for criterion in corrections.CRITERIA}
    assert {key for key in cited if f"{{{key}," not in bibliography} == {""}


def test_each_criterion_names_its_strictest_threshold():
    strictest = {c.method: c.strictest(0.05, 4) for c in corrections.CRITERIA if not c.resampled}
    assert strictest == {
        "none": 0.05,
        "bonferroni": 0.0125,
        "sidak": pytest.approx(0.012741455),
        "holm": 0.0125,
        "hommel": 0.0125,
        "benjamini_hochberg": 0.0125,
        "two_stage_benjamini_hochberg": pytest.approx(0.05 / 4.2),
        "benjamini_yekutieli": pytest.approx(0.0125 / (1 + 1 / 2 + 1 / 3 + 1 / 4)),
    }


def test_an_unknown_correction_is_refused():
    with pytest.raises(ValueError, match="no correction is called 'tukey'"):
        corrections.adjust(np.array([0.1]), "tukey", 0.05)


@EVERY_TEST
def test_an_unknown_alternative_is_refused(name):
    with pytest.raises(ValueError, match="no alternative is called 'larger'; there are two-sided, greater, less"):
        getattr(head_tests, name)(*scores(9), "larger")


@EVERY_TEST
@pytest.mark.parametrize("rows", [4, 60])
def test_swapping_the_sets_turns_a_one_sided_test_round(name, rows):
    a, b = scores(rows)
    greater, less = getattr(head_tests, name)(a, b, "greater"), getattr(head_tests, name)(b, a, "less")
    np.testing.assert_allclose(greater.p_value, less.p_value, rtol=1e-12)


@EVERY_TEST
@pytest.mark.parametrize("rows", [4, 9, 60])
@pytest.mark.parametrize("levels", [3, 1000])
def test_two_sided_is_twice_the_smaller_of_the_one_sided(name, rows, levels):
    a, b = np.random.default_rng(3).integers(0, levels, size=(2, rows, 30)) / levels
    a[0], b[0] = 0.0, 0.1
    one_sided = [getattr(head_tests, name)(a, b, side).p_value for side in ("greater", "less")]
    expected = np.minimum(2 * np.minimum(*one_sided), 1)
    np.testing.assert_allclose(run(name, a, b).p_value, expected, rtol=1e-12)


def test_intervals_close_on_the_estimate_where_nothing_varies():
    a, b = np.full((6, 2), 0.75), np.full((6, 2), 0.5)
    rng = np.random.default_rng(0)
    for interval in (
        effects.t_interval(differences.paired_difference(a, b), 0.95),
        effects.t_interval(differences.pooled_difference(a, b), 0.95),
        effects.t_interval(differences.welch_difference(a, b), 0.95),
        effects.paired_bootstrap_interval(a, b, 0.95, rng),
        effects.independent_bootstrap_interval(a, b, 0.95, rng),
    ):
        assert interval.low.tolist() == interval.high.tolist() == [0.25, 0.25]


def test_standardized_effects_need_variation():
    a, b = scores(6)
    a[:, 0], b[:, 0] = 0.75, 0.5
    for standardized in (effects.cohens_dz(a, b), effects.hedges_g(a, b)):
        np.testing.assert_array_equal(np.isnan(standardized), [True, False, False, False])
    assert np.isnan(power.detectable(differences.paired_difference(a, b), 0.05)[0])


def test_effects_of_a_head_with_a_score_that_is_not_finite_are_nan():
    a, b = scores(6)
    a[2, 0] = np.inf
    rng = np.random.default_rng(0)
    intervals = [
        effects.mean_interval(a, 0.95),
        effects.t_interval(differences.welch_difference(a, b), 0.95),
        effects.paired_bootstrap_interval(a, b, 0.95, rng),
        effects.independent_bootstrap_interval(a, b, 0.95, rng),
    ]
    for interval in intervals:
        np.testing.assert_array_equal(np.isnan(interval.low), [True, False, False, False])
        np.testing.assert_array_equal(np.isnan(interval.high), [True, False, False, False])
    for standardized in (effects.cohens_dz(a, b), effects.hedges_g(a, b)):
        np.testing.assert_array_equal(np.isnan(standardized), [True, False, False, False])


def test_bootstrap_intervals_come_back_from_the_same_seed_alone():
    a, b = scores(12)
    first, again, other = (
        effects.paired_bootstrap_interval(a, b, 0.95, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.low, again.low)
    assert (first.low != other.low).any()


def test_bootstrap_intervals_of_one_head_do_not_depend_on_the_others():
    a, b = scores(12)
    together = effects.paired_bootstrap_interval(a, b, 0.95, np.random.default_rng(1))
    a[:, 0] = b[:, 0]
    beside_constant = effects.paired_bootstrap_interval(a, b, 0.95, np.random.default_rng(1))
    np.testing.assert_allclose(beside_constant.high[1:], together.high[1:], rtol=1e-12)


def test_more_observations_and_a_milder_threshold_detect_smaller_effects():
    def smallest(rows, alpha):
        unit = differences.MeanDifference(np.zeros(1), np.array([rows**-0.5]), np.array([rows - 1.0]))
        return power.detectable(unit, alpha)[0]

    by_rows = [smallest(rows, 0.001) for rows in (2, 3, 5, 10, 100, 10_000)]
    by_alpha = [smallest(20, alpha) for alpha in (1e-12, 1e-6, 1e-3, 0.05, 0.3)]
    assert by_rows == sorted(by_rows, reverse=True)
    assert by_alpha == sorted(by_alpha, reverse=True)
    assert smallest(10_000, 0.05) == pytest.approx(0.01 * (1.959964 + 0.841621), rel=1e-3)


def test_a_one_sided_test_detects_smaller_effects_in_its_direction():
    unit = differences.MeanDifference(np.zeros(1), np.ones(1), np.array([9.0]))
    assert power.detectable(unit, 0.05, alternative="greater") == power.detectable(unit, 0.1)
    assert power.detectable(unit, 0.05, alternative="less") == power.detectable(unit, 0.1)
    assert power.detectable(unit, 0.9, alternative="greater") == 0.0


def test_an_effect_detectable_at_a_critical_value_is_that_at_its_level():
    unit = differences.MeanDifference(np.zeros(3), np.array([1.0, 0.0, np.nan]), np.array([9.0, 9.0, 9.0]))
    at_level = power.detectable(unit, 0.05)
    np.testing.assert_allclose(power.detectable_at(unit, 2.2621571628540993), at_level, rtol=1e-9)
    np.testing.assert_array_equal(np.isnan(at_level), [False, True, True])


def test_too_few_arrangements_detect_nothing():
    unit = differences.MeanDifference(np.zeros(2), np.array([1.0, 0.0]), np.array([9.0, 9.0]))
    np.testing.assert_array_equal(power.detectable_at(unit, np.inf), [np.inf, np.nan])


def test_a_critical_value_of_t_may_be_negative_one_sided_and_not_for_an_interval():
    unit = differences.MeanDifference(np.zeros(1), np.ones(1), np.array([9.0]))
    assert power.detectable_at(unit, -1.0) == 0.0
    assert 0 < power.detectable_at(unit, -0.5) < power.detectable_at(unit, 0.0)
    with pytest.raises(ValueError, match="at least 0; got -1"):
        effects.simultaneous_interval(unit, -1.0)


def test_without_a_critical_value_nothing_is_detectable_and_no_interval_has_ends():
    a, b = scores(12)
    a[:, 0] = b[:, 0] + 0.125
    difference = differences.paired_difference(a, b)
    assert np.isnan(power.detectable_at(difference, np.nan)).all()
    np.testing.assert_array_equal(effects.simultaneous_interval(difference, np.nan).low, [0.125, *[np.nan] * 3])


def test_simultaneous_intervals_are_t_intervals_from_the_same_critical_value():
    a, b = scores(12)
    a[:, 0] = b[:, 0] + 0.125
    a[2, 1] = np.nan
    difference = differences.paired_difference(a, b)
    ours, t = effects.simultaneous_interval(difference, 2.200985160082949), effects.t_interval(difference, 0.95)
    np.testing.assert_allclose((ours.low, ours.high), (t.low, t.high), rtol=1e-9)
    assert ours.low[0] == ours.high[0] == 0.125
    assert np.isnan([ours.low[1], ours.high[1]]).all()


def test_simultaneous_intervals_without_a_critical_value_say_nothing_of_heads_that_vary():
    a, b = scores(12)
    a[:, 0] = b[:, 0] + 0.125
    ours = effects.simultaneous_interval(differences.paired_difference(a, b), np.inf)
    assert ours.low.tolist() == [0.125, -np.inf, -np.inf, -np.inf]
    assert ours.high.tolist() == [0.125, np.inf, np.inf, np.inf]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cliffs_delta_counts_all_pairs_across_the_sets(data):
    rows = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    levels = data.draw(st.sampled_from([2, 5, 10_000]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    a, b = (rng.integers(0, levels, size=(n, 3)).astype(np.float32) for n in rows)
    expected = np.sign(a[:, np.newaxis] - b[np.newaxis]).mean(axis=(0, 1), dtype=np.float64)
    np.testing.assert_allclose(effects.cliffs_delta(a, b), expected, rtol=0, atol=1e-12)


def test_dominance_of_heads_that_do_not_vary_or_are_not_finite():
    a, b = np.full((4, 5), 0.5), np.full((6, 5), 0.5)
    a[:, 1], a[:, 2], a[0, 3], b[5, 4] = 0.75, 0.25, np.nan, np.inf
    np.testing.assert_array_equal(effects.cliffs_delta(a, b), [0, 1, -1, np.nan, np.nan])
    np.testing.assert_array_equal(effects.sign_dominance(a - b[:4]), [0, 1, -1, np.nan, 0])
    np.testing.assert_array_equal(effects.sign_dominance(np.array([[1.0, np.inf], [-2.0, 1.0]])), [0, np.nan])


def test_dominance_within_pairs_is_not_dominance_across_them():
    b = np.arange(10.0)[:, np.newaxis]
    a = b + 0.5
    assert effects.sign_dominance(a - b).tolist() == [1.0]
    assert effects.cliffs_delta(a, b)[0] == pytest.approx((55 - 45) / 100)


def test_dominance_needs_rows():
    nothing, some = np.empty((0, 2)), np.ones((3, 2))
    with pytest.raises(ValueError, match="at least one row in each set; got 0 and 3"):
        effects.cliffs_delta(nothing, some)
    with pytest.raises(ValueError, match="at least one pair"):
        effects.sign_dominance(nothing)


def test_intervals_of_few_selected_heads_are_as_strict_as_bonferronis_and_of_all_as_uncorrected():
    assert effects.fcr_level(0.05, 1, 100) == pytest.approx(1 - 0.05 / 100)
    assert effects.fcr_level(0.05, 100, 100) == 0.95
    for selected in (0, 101):
        with pytest.raises(ValueError, match=f"1 to 100 selected heads; got {selected}"):
            effects.fcr_level(0.05, selected, 100)
