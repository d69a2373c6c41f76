"""Paths of attention, rollout and flow against plain loops, small graphs done by hand, and linear programming."""

import numpy as np
import pytest
from scipy.optimize import linprog

from reportgen.stats.paths import Hops, count_pairs, strongest_pairs
from reportgen.stats.rollout import flow, rollout, with_residual


def patterns(seed, layers=3, length=5):
    drawn = np.tril(np.random.default_rng(seed).random((layers, length, length)))
    return drawn / drawn.sum(axis=2, keepdims=True)


def test_strengths_are_those_of_plain_loops():
    rng = np.random.default_rng(0)
    sizes = np.array([2, 1, 3])
    first, second = rng.random((2, 6, 4))
    hops = Hops(first, second, sizes)
    earlier, later = np.array([0, 1, 0]), np.array([2, 3, 3])
    rows = [range(2), range(2, 3), range(3, 6)]
    expected = [
        [sum(second[m, h] * first[m, g] for m in own) for g, h in zip(earlier, later, strict=True)] for own in rows
    ]
    assert np.allclose(hops.strength(earlier, later), expected)
    assert np.allclose(hops.mean_strength()[earlier, later], np.mean(expected, axis=0))


def test_pairs_lead_from_earlier_layers_to_later_ones_strongest_first():
    strength = np.arange(36.0).reshape(6, 6)
    earlier, later = strongest_pairs(strength, per_layer=2, most=100)
    assert len(earlier) == count_pairs(3, 2) == 12
    assert all(g // 2 < h // 2 for g, h in zip(earlier, later, strict=True))
    assert (np.diff(strength[earlier, later]) < 0).all()
    first = strongest_pairs(strength, per_layer=2, most=1)
    assert (first[0].tolist(), first[1].tolist()) == ([3], [5])
    assert not len(strongest_pairs(strength[:2, :2], per_layer=2, most=5)[0])


def test_rollout_is_the_product_of_all_layers():
    given = patterns(1)
    a = with_residual(given)
    assert np.allclose(rollout(given, 3), (a[2] @ a[1] @ a[0])[3])
    assert rollout(given, 3).sum() == pytest.approx(1)
    assert rollout(given, 3)[4] == 0


def test_flow_through_one_layer_is_its_attention_and_through_a_narrow_place_what_that_lets_pass():
    given = patterns(2, layers=1)
    assert flow(given, 4, (1,)) == pytest.approx(given[0, 4, 1] / 2, abs=2e-6)
    assert flow(given, 4, (1, 4)) == pytest.approx((given[0, 4, 1] + given[0, 4, 4] + 1) / 2, abs=3e-6)
    # The last position looks at position 1 alone, which looks at position 0 with a fifth of its attention.
    narrow = np.array([[[1, 0, 0], [0.2, 0.8, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 0], [0, 1, 0]]])
    assert flow(narrow, 2, (0,)) == pytest.approx(0.1, abs=2e-6)
    assert rollout(narrow, 2)[0] == pytest.approx(0.05)


@pytest.mark.parametrize("seed", range(4))
def test_flow_is_the_optimum_of_the_linear_program(seed):
    given = patterns(seed)
    assert flow(given, 4, (1, 2)) == pytest.approx(_program(given, 4, (1, 2)), abs=2e-5)


def _program(given, query, tokens):
    """The most that leaves the query at the top, where every node between passes on what it gets."""
    capacities = with_residual(given)
    layers, length, _ = capacities.shape
    pipes = [(layer, i, j) for layer in range(layers) for i in range(length) for j in range(length)]
    balance = []
    for layer in range(1, layers):
        for node in range(length):
            inward = [p[0] == layer and p[2] == node for p in pipes]
            outward = [p[0] == layer - 1 and p[1] == node for p in pipes]
            balance.append([float(a) - float(b) for a, b in zip(inward, outward, strict=True)])
    # Other tops give nothing, and nothing ends at other tokens.
    bounds = [
        (0, 0 if (p[0] == layers - 1 and p[1] != query) or (p[0] == 0 and p[2] not in tokens) else capacities[p])
        for p in pipes
    ]
    leaves = [-float(p[0] == layers - 1 and p[1] == query) for p in pipes]
    return -linprog(leaves, A_eq=balance, b_eq=np.zeros(len(balance)), bounds=bounds).fun
