"""Welch's F, its shuffles, and what two groups' sets share, against plain loops and SciPy."""

import numpy as np
import pytest
from scipy import stats

from reportgen.stats.oneway import Grouped, group_moments, one_way, welch_f
from reportgen.stats.overlap import Sets, chosen, compare_groups, jaccard

LABELS = np.repeat([0, 1, 2], [12, 9, 15])
FREE = Grouped(LABELS, np.zeros(36, dtype=np.intp))


@pytest.fixture
def rows():
    return np.random.default_rng(3).normal(0.1, 0.3, (36, 8)) * np.array([1.0, 2, 3, 4, 1, 1, 1, 1])


def test_the_statistic_is_welchs(rows):
    ours = welch_f(group_moments(LABELS[np.newaxis], rows, FREE.sizes))[0]
    groups = [rows[group == LABELS] for group in range(3)]
    assert ours == pytest.approx(stats.f_oneway(*groups, equal_var=False).statistic)


def test_shuffles_keep_each_blocks_labels():
    grouped = Grouped(np.array([0, 1, 2, 0, 1, 0, 2]), np.array([1, 0, 1, 0, 2, 2, 2]))
    labels = np.concatenate(list(grouped.shuffles(600, 0)))
    for block in range(3):
        wanted = np.sort(grouped.labels[grouped.blocks == block])
        assert (np.sort(labels[:, grouped.blocks == block]) == wanted).all()
    assert len({tuple(row) for row in labels.tolist()}) == 2 * 2 * 6


def test_a_head_that_differs_is_found_and_no_other(rows):
    rows[LABELS == 2, 4] += 0.8
    found = one_way(rows, FREE, 999, 0)
    assert np.flatnonzero(found.adjusted <= 0.05).tolist() == [4]
    assert (found.adjusted >= found.p_value).all()
    assert found.p_value[4] == pytest.approx(0.001)


def test_p_values_are_those_of_a_plain_loop(rows):
    found = one_way(rows, FREE, 400, 7)
    drawn = np.concatenate(
        [
            [welch_f(group_moments(row[np.newaxis], rows, FREE.sizes))[0] for row in block]
            for block in FREE.shuffles(400, 7)
        ]
    )
    alone = [(1 + sum(drawn[:, head] >= found.statistic[head])) / 401 for head in range(8)]
    family = [(1 + sum(drawn.max(axis=1) >= found.statistic[head])) / 401 for head in range(8)]
    assert found.p_value == pytest.approx(alone)
    assert found.adjusted == pytest.approx(family)


def test_where_nothing_differs_the_family_wise_error_is_held():
    rng = np.random.default_rng(5)
    found = [one_way(rng.normal(0, 1, (36, 10)), FREE, 199, seed).adjusted.min() <= 0.05 for seed in range(100)]
    assert sum(found) <= 11


def test_blocks_that_differ_hide_nothing_and_feign_nothing():
    rng = np.random.default_rng(1)
    blocks, labels = np.repeat(np.arange(20), 3), np.tile([0, 1, 2], 20)
    rows = rng.normal(0, 5, 20)[blocks][:, np.newaxis] + rng.normal(0, 0.1, (60, 4))
    rows[labels == 1, 2] += 0.2
    found = one_way(rows, Grouped(labels, blocks), 999, 0)
    assert np.flatnonzero(found.adjusted <= 0.05).tolist() == [2]
    # Over all units, not within blocks, what blocks differ in drowns it.
    assert one_way(rows, Grouped(labels, np.zeros(60, dtype=np.intp)), 999, 0).adjusted.min() > 0.05


def test_units_that_are_alone_in_their_block_are_left_out():
    rng = np.random.default_rng(2)
    labels, blocks = np.array([0, 1] * 10 + [0] * 5), np.array([*np.repeat(np.arange(10), 2), *range(10, 15)])
    rows = rng.normal(0, 1, (25, 3))
    changed = rows.copy()
    changed[20:] += 100
    one, other = (one_way(values, Grouped(labels, blocks), 99, 0).adjusted for values in (rows, changed))
    assert one == pytest.approx(other)
    with pytest.raises(ValueError, match="at least two units whose block holds others"):
        one_way(rows, Grouped(labels, np.array([0, 0, *range(1, 24)])), 99, 0)


def test_sets_are_the_largest_t_among_effects_of_interest(rows):
    moments = group_moments(LABELS[np.newaxis], rows, FREE.sizes)
    flags = chosen(moments, Sets((3, 0, 8), 0.1, "two-sided"))[0]
    for group, size in ((0, 3), (1, 0), (2, 8)):
        own = rows[group == LABELS]
        t = np.abs(stats.ttest_1samp(own, 0).statistic)
        large = [head for head in np.argsort(-t) if abs(own[:, head].mean()) >= 0.1]
        assert sorted(np.flatnonzero(flags[group])) == sorted(large[:size])
    assert not chosen(moments, Sets((3, 3, 3), 9.0, "two-sided")).any()


def test_one_direction_chooses_in_that_direction():
    labels, rows = np.repeat([0, 1], 10), np.random.default_rng(0).normal([1, -1, 0], 0.1, (20, 3))
    moments = group_moments(labels[np.newaxis], rows, np.array([10, 10]))
    for alternative, head in (("greater", 0), ("less", 1)):
        assert np.flatnonzero(chosen(moments, Sets((1, 1), 0.0, alternative))[0, 0]).tolist() == [head]


def test_jaccard_counts_what_is_shared():
    one, other = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert jaccard(one, other) == pytest.approx(1 / 3)
    assert np.isnan(jaccard(~one & one, ~one & one))


def test_groups_with_heads_of_their_own_overlap_less_than_shuffled_ones():
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1, 2], 30)
    rows = rng.normal(0, 0.2, (90, 12))
    rows[labels == 0, :4] += 0.5
    rows[labels == 1, 4:8] += 0.5
    rows[labels == 2, :4] += 0.5
    found = compare_groups(
        rows, Grouped(labels, np.zeros(90, dtype=np.intp)), Sets((4, 4, 4), 0.0, "two-sided"), 0, 499
    )
    assert found.pairs == ((0, 1), (0, 2), (1, 2))
    assert found.overlap.observed == pytest.approx([0, 1, 0])
    assert (found.overlap.p_value[[0, 2]] <= 0.01).all()
    assert found.overlap.p_value[1] > 0.5
    assert (found.correlation.p_value[[0, 2]] == 1 / 500).all()


def test_groups_that_are_one_are_as_alike_as_shuffled_ones():
    rows = np.random.default_rng(8).normal(0, 0.2, (90, 12)) + np.where(np.arange(12) < 4, 0.1, 0)
    labels = np.repeat([0, 1], 45)
    found = compare_groups(rows, Grouped(labels, np.zeros(90, dtype=np.intp)), Sets((4, 4), 0.0, "two-sided"), 0, 499)
    assert found.overlap.p_value[0] > 0.05
    assert found.correlation.p_value[0] > 0.05
    assert abs(found.correlation.observed[0] - found.correlation.shuffled[0]) < 0.3


def test_sets_of_nothing_are_compared_with_none():
    rows = np.random.default_rng(0).normal(0, 1, (20, 5))
    grouped = Grouped(np.repeat([0, 1], 10), np.zeros(20, dtype=np.intp))
    found = compare_groups(rows, grouped, Sets((0, 0), 0.0, "two-sided"), 0, 99)
    assert np.isnan(found.overlap.observed).all()
    assert np.isnan(found.overlap.p_value).all()
    assert np.isfinite(found.correlation.p_value).all()
