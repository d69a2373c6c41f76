"""Heads set beside the others of their layers: the difference, and its p-value among heads drawn at random."""

from itertools import combinations, product

import numpy as np
import pytest

from reportgen.stats.matched import among_random_heads, beside_their_layer, weights


def marks(shape, *places):
    marked = np.zeros(shape, dtype=bool)
    for place in places:
        marked[place] = True
    return marked


def plainly(values, marked):
    """The same by its definition: own value minus the mean of the layer's unmarked heads, averaged over marked heads."""
    own = []
    for layer, head in np.argwhere(marked):
        if not marked[layer].all():
            own.append(values[layer, head] - values[layer, ~marked[layer]].mean())
    return np.mean(own)


def test_the_difference_is_that_of_its_definition_and_full_layers_are_left_out():
    values = np.random.default_rng(0).random((4, 5))
    marked = marks((4, 5), (0, 1), (0, 2), (2, 4), *((3, head) for head in range(5)))
    assert (weights(marked) * values).sum() == pytest.approx(plainly(values, marked))
    assert not weights(marked)[3].any()
    assert not weights(marked)[1].any()


def test_few_arrangements_are_all_listed():
    values = np.random.default_rng(1).random((3, 4))
    marked = marks((3, 4), (0, 1), (2, 0), (2, 3))
    found = among_random_heads(values, marked, 10_000, 0)
    every = []
    for one, two in product(combinations(range(4), 1), combinations(range(4), 2)):
        every.append(plainly(values, marks((3, 4), *((0, h) for h in one), *((2, h) for h in two))))
    assert found.exact
    assert found.arranged == 24 == len(every)
    own = plainly(values, marked)
    assert found.estimate == pytest.approx(own)
    assert found.p_value == pytest.approx(np.mean(np.abs(every) >= abs(own) - 1e-12))


def test_drawn_arrangements_agree_with_all_of_them():
    values = np.random.default_rng(2).random((3, 6))
    marked = marks((3, 6), (0, 1), (1, 2), (1, 3), (2, 0), (2, 1), (2, 5))
    exact, drawn = (among_random_heads(values, marked, draws, 3) for draws in (2_000, 1_700))
    assert (exact.exact, drawn.exact) == (True, False)
    assert exact.arranged == 6 * 15 * 20
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.04)


def test_planted_heads_stand_out_and_random_ones_do_so_as_often_as_they_may():
    rng = np.random.default_rng(4)
    marked = marks((10, 8), *((layer, int(rng.integers(8))) for layer in range(10)))
    values = rng.normal(0, 1, (10, 8))
    assert among_random_heads(values - 2 * marked, marked, 999, 0).p_value == 1 / 1000
    p_values = [among_random_heads(rng.normal(0, 1, (10, 8)), marked, 199, seed).p_value for seed in range(300)]
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.09
    assert 0.4 <= np.mean(p_values) <= 0.6


def test_nothing_to_match_is_an_error():
    with pytest.raises(ValueError, match="no layer"):
        among_random_heads(np.ones((2, 3)), marks((2, 3), (0, 0), (0, 1), (0, 2)), 99, 0)
    with pytest.raises(ValueError, match="no others"):
        beside_their_layer(np.ones((2, 1)))


def test_a_layer_beside_itself_without_the_head():
    assert beside_their_layer(np.array([[1.0, 2.0, 6.0]])).tolist() == [[4.0, 3.5, 1.5]]
