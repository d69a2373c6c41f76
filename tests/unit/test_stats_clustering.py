"""Groups of things, against plain loops and values worked out by hand or published."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from reportgen.stats.clustering import (
    adjusted_rand,
    by_chance,
    drawn_again,
    group,
    largest_jaccard,
    project,
    silhouette,
)

CENTRES = np.array([[0.0, 0, 0, 0], [3, 3, 0, 0], [0, 3, 3, 3]])
SIZES = (30, 20, 10)


def ignore(_: int) -> None:
    return None


@pytest.fixture(scope="module")
def vectors():
    """Three groups, the largest first."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(centre, 0.4, (size, 4)) for centre, size in zip(CENTRES, SIZES, strict=True)])


def test_planted_groups_are_found_the_largest_first(vectors):
    found = group(vectors, 8)
    assert found.count == 3
    assert found.labels.tolist() == np.repeat([0, 1, 2], SIZES).tolist()
    assert len(found.curve) == 7
    assert found.best == pytest.approx(found.silhouette.mean())
    assert by_chance(vectors, found, 8, 99, 0, ignore).p_value == 0.01


def test_one_cloud_is_no_better_than_chance():
    cloud = np.random.default_rng(1).normal(0, 1, (60, 4))
    assert by_chance(cloud, group(cloud, 8), 8, 99, 0, ignore).p_value > 0.05


def test_silhouettes_are_those_of_a_plain_loop(vectors):
    labels = np.array([*np.repeat([0, 1, 2], [25, 24, 10]), 3])
    distances = squareform(pdist(vectors))
    expected = []
    for thing, own in enumerate(labels):
        mates = [other for other in range(60) if labels[other] == own and other != thing]
        if not mates:
            expected.append(0.0)
            continue
        a = distances[thing, mates].mean()
        b = min(distances[thing, labels == other].mean() for other in range(4) if other != own)
        expected.append((b - a) / max(a, b))
    assert silhouette(distances, labels) == pytest.approx(expected)


def test_the_adjusted_rand_index_has_its_known_values():
    assert adjusted_rand(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])) == 1
    # The example of scikit-learn's documentation of `adjusted_rand_score`.
    assert adjusted_rand(np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1])) == pytest.approx(4 / 7)
    assert adjusted_rand(np.array([0, 0, 0, 0]), np.array([0, 1, 2, 3])) == 0


def test_the_adjusted_rand_index_counts_pairs():
    rng = np.random.default_rng(2)
    one, other = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    pairs = list(combinations(range(40), 2))
    first, second = ([labels[i] == labels[j] for i, j in pairs] for labels in (one, other))
    both, n_first, n_second = sum(np.logical_and(first, second)), sum(first), sum(second)
    expected = n_first * n_second / len(pairs)
    ours = adjusted_rand(one, other)
    assert ours == pytest.approx((both - expected) / ((n_first + n_second) / 2 - expected))
    assert abs(ours) < 0.1


def test_each_groups_nearest_relative_is_measured():
    one, other = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1])
    assert largest_jaccard(one, other) == pytest.approx([2 / 3, 3 / 4])


def test_planted_groups_come_out_again_and_a_cloud_does_not(vectors):
    def noisy(spread, of):
        return lambda rng: of + rng.normal(0, spread, of.shape)

    found = group(vectors, 8)
    again = drawn_again(noisy(0.1, vectors), found, 8, 50, 0, ignore)
    assert (again.counts == 3).all()
    assert again.rand.min() > 0.95
    assert again.jaccard.mean(axis=0).min() > 0.95
    cloud = np.random.default_rng(1).normal(0, 1, (60, 4))
    unsure = drawn_again(noisy(0.5, cloud), group(cloud, 8), 8, 50, 0, ignore)
    assert unsure.rand.mean() < 0.6


def test_things_that_are_all_the_same_are_one_group():
    found = group(np.ones((10, 3)), 5)
    assert (found.count, found.best) == (1, 0)


def test_a_map_keeps_distances_where_two_axes_hold_everything():
    rng = np.random.default_rng(3)
    flat = rng.normal(0, 1, (20, 2)) @ rng.normal(0, 1, (2, 6)) + 5
    found = project(flat)
    assert sum(found.explained) == pytest.approx(1)
    assert found.explained[0] >= found.explained[1]
    assert pdist(found.places) == pytest.approx(pdist(flat))


def test_too_few_things_have_no_groups():
    with pytest.raises(ValueError, match="at least 4 things"):
        group(np.zeros((3, 2)), 5)
