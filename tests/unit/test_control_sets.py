"""Control sets of heads, and changes held against theirs."""

import numpy as np
import pytest

from reportgen.stats.against_controls import against
from reportgen.stats.control_sets import NEAREST, matched_by_layer, matched_by_value

CHOSEN = ((3, 1), (0, 2), (3, 5), (1, 0))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_sets_matched_by_layer_have_as_many_heads_in_each_and_none_that_was_chosen():
    orders = matched_by_layer(CHOSEN, 8, 60, rng())
    assert len(orders) == 60
    for order in orders:
        assert [layer for layer, _ in order] == [layer for layer, _ in CHOSEN]
        assert len(set(order)) == len(CHOSEN)
        assert not set(order) & set(CHOSEN)
    assert len(set(orders)) > 50
    assert orders == matched_by_layer(CHOSEN, 8, 60, rng())


def test_where_a_layer_has_too_few_others_chosen_heads_fill_up():
    chosen = ((0, 0), (0, 1), (0, 2))
    for order in matched_by_layer(chosen, 4, 50, rng()):
        assert len(set(order)) == 3
        assert order[0] == (0, 3)


def test_sets_matched_by_value_are_near_in_it():
    values = np.arange(300.0).reshape(10, 30)
    for order in matched_by_value(CHOSEN, values, 50, rng()):
        assert len(set(order)) == len(CHOSEN)
        assert not set(order) & set(CHOSEN)
        far = [abs(values[other] - values[head]) for other, head in zip(order, CHOSEN, strict=True)]
        assert max(far) <= NEAREST + len(CHOSEN)


def controls(count: int = 50, sizes: int = 3) -> tuple[np.ndarray, list[list[int]]]:
    return rng().normal(0, [0.1, 1.0, 10.0], (count, sizes)), [[number] * sizes for number in range(count)]


def test_a_change_beyond_all_controls_has_the_smallest_p_and_one_among_them_a_large_one():
    values, sets = controls()
    found = against(np.array([-0.9, 0.1, 4.0]), values, sets)
    assert found.p_value[0] == found.adjusted[0] == pytest.approx(1 / 51)
    assert (found.p_value[1:] > 0.3).all()
    assert (found.adjusted >= found.p_value).all()
    assert (found.low < found.median).all()
    assert (found.median < found.high).all()
    assert found.different.tolist() == [50, 50, 50]


def test_direction_does_not_count():
    values, sets = controls()
    for change in (0.9, -0.9):
        assert against(np.array([change, 0.1, 4.0]), values, sets).p_value[0] == pytest.approx(1 / 51)


def test_a_set_that_was_drawn_several_times_counts_once():
    values = np.tile(np.array([[0.1], [0.2], [-0.3], [0.4]]), (13, 1))
    found = against(np.array([9.0]), values, [[number % 4] for number in range(52)])
    assert found.different.tolist() == [4]
    assert found.p_value[0] == found.adjusted[0] == pytest.approx(1 / 5)


def test_no_change_anywhere_has_p_1():
    found = against(np.zeros(2), np.zeros((50, 2)), [[number] * 2 for number in range(50)])
    assert found.p_value.tolist() == found.adjusted.tolist() == [1.0, 1.0]


def test_over_sizes_the_error_is_kept():
    """Under the null the chosen order is one more like the controls: of 400 such, at most about α pass at any size."""
    draw, passed = rng(), 0
    for _ in range(400):
        drawn = draw.normal(size=(51, 5)).cumsum(axis=1)
        passed += against(drawn[0], drawn[1:], [[number] * 5 for number in range(50)]).adjusted.min() <= 0.05
    assert passed / 400 < 0.08
