"""How effects and power go with the number of observations, on spreads whose answers are known."""

import numpy as np
import pytest
from scipy import stats

from reportgen.sensitivity import sizes_around
from reportgen.stats.corrections import criterion
from reportgen.stats.differences import paired_difference, welch_difference
from reportgen.stats.power import detectable
from reportgen.stats.power_curve import (
    IndependentSpread,
    Level,
    PairedSpread,
    curve,
    independent_spread,
    level_of_critical,
    observations_for,
    paired_spread,
    planning_level,
    power_at,
    smallest_effects,
)

LEVEL = Level(0.05 / 270)
RNG = np.random.default_rng(0)
A, B = RNG.normal(0.3, 0.05, (40, 7)), RNG.normal(0.3, 0.02, (40, 7))


def test_at_the_pilots_own_size_the_curve_is_the_pilots_own_sensitivity():
    paired = smallest_effects(paired_spread(A, B), [40], LEVEL)[0]
    np.testing.assert_allclose(paired, detectable(paired_difference(A, B), LEVEL.alpha))
    independent = smallest_effects(independent_spread(A, B[:25]), [65], LEVEL)[0]
    np.testing.assert_allclose(independent, detectable(welch_difference(A, B[:25]), LEVEL.alpha))


def test_power_at_the_smallest_detectable_effect_is_80_percent():
    spread = PairedSpread(np.array([0.02, 0.1]))
    for n in (3, 10, 300):
        for head, effect in enumerate(smallest_effects(spread, [n], LEVEL)[0]):
            assert power_at(spread, [n], LEVEL, effect)[0, head] == pytest.approx(0.8, abs=1e-3)


def test_four_times_the_facts_halve_what_can_be_seen():
    effects = smallest_effects(PairedSpread(np.array([0.05])), [1000, 4000], LEVEL)[:, 0]
    assert effects[0] / effects[1] == pytest.approx(2, rel=0.01)


def test_more_facts_always_show_more():
    pairs, statements = list(range(2, 400)), list(range(4, 800, 2))
    independent = IndependentSpread(np.array([0.05]), np.array([0.01]))
    for spread, sizes in ((PairedSpread(np.array([0.05])), pairs), (independent, statements)):
        assert (np.diff(smallest_effects(spread, sizes, LEVEL)[:, 0]) < 0).all()
        assert (np.diff(power_at(spread, sizes, LEVEL, 0.02)[:, 0]) > 0).all()


def test_a_one_sided_test_has_the_power_of_a_two_sided_one_at_twice_the_level():
    spread = PairedSpread(np.array([0.05]))
    one, two = (power_at(spread, [60], level, 0.02) for level in (Level(0.01, "greater"), Level(0.02)))
    np.testing.assert_allclose(one, two)


def test_the_direction_of_the_effect_makes_no_difference():
    spread = PairedSpread(np.array([0.05]))
    np.testing.assert_array_equal(power_at(spread, [60], LEVEL, 0.02), power_at(spread, [60], LEVEL, -0.02))


def test_independent_sets_keep_their_proportion_and_never_fall_below_two():
    spread = independent_spread(RNG.normal(size=(90, 1)), RNG.normal(size=(10, 1)))
    assert spread.share == 0.9
    a, b = float(spread.a[0]), float(spread.b[0])
    assert spread.at(200).standard_error[0] == pytest.approx(np.sqrt(a**2 / 180 + b**2 / 20))
    assert spread.at(4).standard_error[0] == pytest.approx(np.sqrt(a**2 / 2 + b**2 / 2))


def test_heads_that_do_not_vary_are_in_no_quantile():
    a = A.copy()
    a[:, 0] = B[:, 0] + 0.25
    spread = paired_spread(a, B)
    assert np.isnan(smallest_effects(spread, [40], LEVEL)[0, 0])
    whole, rest = curve(spread, [40], LEVEL), curve(PairedSpread(spread.deviation[1:]), [40], LEVEL)
    assert (whole.easy, whole.median, whole.hard) == (rest.easy, rest.median, rest.hard)


@pytest.mark.parametrize("spread", [paired_spread(A, B), independent_spread(A, B)])
def test_the_size_that_is_named_is_the_first_that_suffices(spread):
    n = observations_for(spread, LEVEL, 0.01)
    before, at = smallest_effects(spread.typical(), [n - 1, n], LEVEL)[:, 0]
    assert before > 0.01 >= at
    assert curve(spread, [n], LEVEL).median[0] == pytest.approx(0.01, rel=0.02)


def test_an_effect_that_ten_million_facts_do_not_show_has_no_size():
    assert observations_for(PairedSpread(np.array([0.1])), LEVEL, 1e-9) is None
    assert observations_for(PairedSpread(np.array([1e-12])), Level(0.05), 0.5) == 2


def test_max_t_is_planned_for_by_sidaks_level():
    assert planning_level("max_t", 0.05, 270) == criterion("sidak").strictest(0.05, 270)
    assert planning_level("holm", 0.05, 270) == 0.05 / 270


def test_a_critical_value_is_carried_over_as_its_chance_of_error():
    critical = stats.t.isf(0.001 / 2, 39)
    assert level_of_critical(critical, PairedSpread(np.ones(3)).at(40)) == pytest.approx(0.001)


def test_the_sizes_shown_lie_from_a_quarter_to_four_times_the_study():
    sizes = sizes_around(170, 2)
    assert (sizes[0], sizes[-1]) == (42, 680)
    assert 170 in sizes
    assert len(sizes) == 17
    assert sizes_around(3, 2)[0] == 2
