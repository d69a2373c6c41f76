"""The first position at which a head reaches a share of its most, and how well it is known."""

import numpy as np
import pytest

from reportgen.stats.lock_on import Course, first_reached, lock_on, means

UNITS = np.arange(60)


def courses(profiles, spread, seed=0):
    """Profiles [position, head] with noise, over as many units."""
    rng = np.random.default_rng(seed)
    return [Course(level + rng.normal(0, spread, (len(UNITS), len(level))), UNITS) for level in np.array(profiles)]


def test_the_first_position_at_the_share_is_taken_and_a_flat_course_is_there_from_the_first():
    followed = np.array([[0.1, 0.3], [0.4, 0.3], [0.8, 0.3], [0.5, 0.3]])
    assert first_reached(followed, 0.5).tolist() == [1, 0]
    assert first_reached(followed, 0.9).tolist() == [2, 0]


def test_a_planted_step_is_found_with_a_narrow_interval():
    found = lock_on(courses([[0.05, 0.4], [0.1, 0.4], [0.6, 0.4], [0.5, 0.4]], 0.03), len(UNITS), 0.5, 0.95, 0)
    assert found.place.tolist() == found.low.tolist() == found.high.tolist() == [2, 0]


def test_a_position_near_the_share_has_both_in_its_interval():
    found = lock_on(courses([[0.1], [0.3], [0.6]], 0.2), len(UNITS), 0.5, 0.95, 0)
    assert (found.low.tolist(), found.high.tolist()) == ([1], [2])


def test_units_are_drawn_whole_whatever_their_rows():
    rng = np.random.default_rng(5)
    units = np.repeat(np.arange(6), 50)
    early = (np.arange(6) < 3)[units][:, np.newaxis]
    one, two = np.where(early, 0.6, 0.2), np.full((300, 1), 0.79)
    noise = rng.normal(0, 1e-3, (300, 1))
    clustered = lock_on([Course(one + noise, units), Course(two, units)], 6, 0.5, 0.95, 0)
    alone = lock_on([Course(one + noise, np.arange(300)), Course(two, np.arange(300))], 300, 0.45, 0.95, 0)
    assert (clustered.low[0], clustered.high[0]) == (0, 1)
    assert (alone.low[0], alone.high[0]) == (0, 0)


def test_rows_that_end_early_count_where_they_are():
    short = Course(np.array([[0.2], [0.4]]), np.array([0, 1]))
    late = Course(np.array([[0.9]]), np.array([1]))
    assert means([short, late]).ravel().tolist() == pytest.approx([0.3, 0.9])
    found = lock_on([short, late], 2, 0.5, 0.95, 0)
    assert (found.place.tolist(), found.low.tolist(), found.high.tolist()) == ([1], [1], [1])
