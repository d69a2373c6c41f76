"""Calibration against what is known: a broken procedure, exact ones, the noncentral t, and max-T draw by draw."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

from reportgen.stats import maxt
from reportgen.stats.calibration import count_nulls, count_planted
from reportgen.stats.calibration_means import count_equal_means, count_normal
from reportgen.stats.calibration_rows import SURE, Rate, StandardErrors
from reportgen.stats.calibration_tested import Settings
from reportgen.stats.corrections import CRITERIA
from reportgen.stats.null_draws import Pairs, TwoSets, null_of
from reportgen.stats.null_reference import reference_of

HEADS, UNITS = 100, 60


def correlated(units, seed, heads=HEADS):
    """Normal scores whose heads share five factors."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((units, 5)) @ rng.standard_normal((5, heads)) + rng.standard_normal((units, heads))


def paired_design(seed=0):
    b = correlated(UNITS, seed)
    return Pairs(b + correlated(UNITS, seed + 1) + 0.3, b)


def counted(design, draws=800):
    rows = count_nulls(design, Settings(draws=draws, resamples=4000), np.random.default_rng(7), lambda _: None)
    return {(row.test, row.correction): row for row in rows}


@pytest.fixture(scope="module")
def paired_nulls():
    return counted(paired_design())


@pytest.fixture(scope="module")
def independent_nulls():
    return counted(TwoSets(correlated(50, 2) + 1, 2 * correlated(40, 3)))


@pytest.mark.parametrize(("count", "draws"), [(0, 50), (1, 50), (103, 2000), (2000, 2000)])
def test_intervals_of_rates_are_wilsons(count, draws):
    expected = proportion_confint(count, draws, method="wilson")
    np.testing.assert_allclose(Rate(count, draws).interval, expected, rtol=1e-10, atol=1e-15)


def test_a_hundred_uncorrected_heads_are_shown_to_break_the_promise(paired_nulls, independent_nulls):
    for rows, test in ((paired_nulls, "paired_t"), (independent_nulls, "welch")):
        uncorrected = rows[test, "none"]
        assert not uncorrected.holds
        assert uncorrected.any.share > 0.5
        assert uncorrected.each == pytest.approx(0.05, abs=0.01)


def test_every_correction_of_the_designs_own_tests_holds_on_correlated_heads(paired_nulls, independent_nulls):
    for rows, tests in ((paired_nulls, ("paired_t", "wilcoxon")), (independent_nulls, Pairs.tests[2:])):
        broken = [
            (test, rule.method)
            for test in tests
            for rule in CRITERIA
            if rule.method != "none" and not rows[test, rule.method].holds
        ]
        assert broken == []


def test_the_defaults_hold_within_the_draws_own_chance_and_the_uncorrected_notebooks_way_does_not(
    paired_nulls, independent_nulls
):
    family_wise = [rule.method for rule in CRITERIA if rule.controls == "FWER"]
    for rows, default in ((paired_nulls, "paired_t"), (independent_nulls, "welch")):
        assert {rows[default, method].verdict for method in family_wise} <= {"held", "cautious"}
        assert [method for method in family_wise if rows[default, method].any.interval[0] > 0.05] == []
        notebook = rows["student", "none"]
        assert notebook.any.within(SURE)[0] > 0.05
        assert not notebook.holds


def test_intervals_of_max_t_allow_for_the_arrangements_that_all_draws_share():
    """Of exact procedures whose critical value is a quantile of drawn maxima, the interval misses as often as it says."""
    rng, draws, arrangements, alpha, rounds = np.random.default_rng(0), 2000, 2000, 0.05, 4000
    # The share of all data sets beyond the k-th largest of m drawn maxima has the distribution of a beta variable.
    allowed = int(alpha * (arrangements + 1))
    true = rng.beta(allowed, arrangements + 1 - allowed, rounds)
    counts = rng.binomial(draws, true)
    inside = [
        [low <= alpha <= high for low, high in (Rate(int(count), draws, shared).interval for count in counts)]
        for shared in (arrangements, np.inf)
    ]
    assert np.mean(inside[0]) == pytest.approx(0.95, abs=0.012)
    assert np.mean(inside[1]) < 0.88


@pytest.mark.parametrize("step", ["max_t", "max_t_step_down"])
def test_max_t_spends_all_of_alpha_where_bonferroni_does_not(paired_nulls, independent_nulls, step):
    for rows in (paired_nulls, independent_nulls):
        tests = {test for test, _ in rows} - ({"student", "welch", "mann_whitney"} if rows is paired_nulls else set())
        for test in tests:
            low, high = rows[test, step].any.interval
            assert low <= 0.05 <= high + 0.01
            assert rows[test, step].any.share > rows[test, "bonferroni"].any.share


def test_the_shared_reference_gives_the_error_that_max_t_has_draw_by_draw():
    design, draws = paired_design(4), 300
    keys = np.random.default_rng(5).random((draws, UNITS))
    reference = reference_of(design, "paired_t", 4000, seed=1)
    shared = reference.single_step(reference.statistics(design.weights("paired_t", keys)), 0.05).any(axis=1)
    brute = np.array(
        [
            (maxt.max_t([null_of("paired_t", a, b, 999, seed)]).adjusted <= 0.05).any()
            for seed, (a, b) in enumerate(design.draw(keys).each())
        ]
    )
    assert (shared == brute).mean() > 0.97
    assert brute.any()


@pytest.mark.parametrize("size", [1.0, 2.0, 3.0])
def test_power_of_a_single_head_is_that_of_the_noncentral_t(size):
    differences = np.random.default_rng(0).standard_normal((UNITS, 1))
    design = Pairs(differences, np.zeros_like(differences))
    settings = Settings(corrections=("none", "max_t"), planted_draws=600, planted_resamples=399, splits=1)
    rows = count_planted(design, StandardErrors(size), settings, np.random.default_rng(1), lambda _: None).rows
    expected = TTestPower().power(size / np.sqrt(UNITS), UNITS, 0.05)
    for row in rows:
        low, high = row.any_power.interval
        assert low - 0.015 <= expected <= high + 0.015
        assert row.average_power.value == row.any_power.share


def test_planted_effects_are_found_covered_and_inflated_on_top():
    settings = Settings(planted_draws=200, planted_resamples=399, splits=20)
    found = count_planted(paired_design(6), StandardErrors(3.5), settings, np.random.default_rng(2), lambda _: None)
    rows = {row.correction: row for row in found.rows}
    assert [name for name, row in rows.items() if not row.holds] == ["none"]
    assert rows["none"].average_power.value == pytest.approx(0.93, abs=0.04)
    assert rows["bonferroni"].average_power.value < rows["max_t"].average_power.value
    assert rows["max_t"].average_power.value <= rows["max_t_step_down"].average_power.value
    assert rows["holm"].average_power.value < rows["benjamini_hochberg"].average_power.value
    assert all(row.holds for row in found.coverage)
    each = found.coverage[0].coverage
    assert each.interval[0] <= 0.95 <= each.interval[1]
    naive, cross_fitted = (row.inflation for row in found.inflation)
    assert naive.interval[0] > 0
    assert cross_fitted.value < naive.value / 2


def with_equal_means(design, smallest_effect=0.0, draws=400):
    settings = Settings(
        corrections=("bonferroni", "max_t", "max_t_step_down"),
        means_draws=draws,
        means_resamples=499,
        smallest_effect=smallest_effect,
    )
    rows = count_equal_means(design, settings, np.random.default_rng(11), lambda _: None)
    return {(row.test, row.correction): row for row in rows}


def skewed_pairs(skewed, heads=40):
    """Differences of mean 0; in the first `skewed` heads a few are far above the others."""
    differences = np.random.default_rng(3).standard_normal((UNITS, heads))
    differences[:, :skewed] = np.random.default_rng(4).lognormal(0, 1.5, (UNITS, skewed))
    return Pairs(differences, np.zeros_like(differences))


def test_where_only_the_means_are_equal_max_t_holds_among_symmetric_heads_and_is_shown_to_break_among_skewed_ones():
    symmetric, skewed = with_equal_means(skewed_pairs(0)), with_equal_means(skewed_pairs(20))
    for correction in ("bonferroni", "max_t", "max_t_step_down"):
        assert symmetric["paired_t", correction].verdict_on_any in ("held", "cautious")
        assert skewed["paired_t", correction].verdict_on_any == "broken"
    assert skewed["paired_t", "max_t"].any.share > 0.5
    assert skewed["paired_t", "max_t"].unskewed.share < skewed["paired_t", "max_t"].any.share


def test_the_yardstick_tells_what_is_owed_to_redrawing_few_units_from_what_is_owed_to_skew():
    settings = Settings(corrections=("max_t",), means_draws=300, means_resamples=499)
    for units, most in ((12, 0.25), (60, 0.1)):
        normal = np.random.default_rng(8).standard_normal((units, 40))
        skewed = np.random.default_rng(9).lognormal(0, 1.5, (units, 40))
        shares = [
            count(Pairs(scores, np.zeros_like(scores)), settings, np.random.default_rng(1), lambda _: None)[0].any.share
            for count, scores in ((count_equal_means, normal), (count_normal, normal), (count_normal, skewed))
        ]
        assert max(shares) < most
        assert shares[1:] == pytest.approx([shares[0]] * 2, abs=0.06)


def test_swaps_alone_cannot_show_what_skew_does():
    rows = counted(skewed_pairs(20), draws=400)
    assert rows["paired_t", "max_t"].verdict == "held"


def test_the_smallest_effect_of_interest_holds_back_false_findings_of_skewed_heads():
    rows = with_equal_means(skewed_pairs(20), smallest_effect=20.0)
    assert rows["paired_t", "max_t"].verdict_on_any == "broken"
    assert rows["paired_t", "max_t"].verdict in ("held", "cautious")


def test_where_only_the_means_are_equal_welchs_test_stands_unequal_spreads_in_large_sets_and_students_does_not():
    rng = np.random.default_rng(5)
    rows = with_equal_means(TwoSets(2 * rng.standard_normal((120, 10)), rng.standard_normal((240, 10))), draws=300)
    assert rows["welch", "max_t"].verdict_on_any in ("held", "cautious")
    assert rows["student", "max_t"].verdict_on_any == "broken"


def test_a_count_with_equal_means_is_that_of_plain_t_tests_on_redrawn_differences():
    design, draws = skewed_pairs(5), 200
    keys = np.random.default_rng(11).random((draws, UNITS))
    centred = design.a - design.a.mean(axis=0)
    p_values = [stats.ttest_1samp(centred[(row * UNITS).astype(int)], 0).pvalue for row in keys]
    brute = sum(p.min() <= 0.05 / design.a.shape[1] for p in p_values)
    assert with_equal_means(design, draws=draws)["paired_t", "bonferroni"].any.count == brute > 0
