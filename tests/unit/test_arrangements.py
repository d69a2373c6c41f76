"""Arrangements of units: all of them once, or a seeded sample in blocks, from keys that contrasts share."""

from math import comb, factorial

import numpy as np
import pytest

from reportgen.stats.arrangements import (
    BLOCK,
    ColumnShuffles,
    Draws,
    LabelShuffles,
    SignFlips,
    column_shuffles,
    label_shuffles,
    sign_flips,
)

COLUMN = np.array([3.0, 1.0, 4.0, 1.5, 9.0])
KINDS = {
    "flips": lambda resamples, seed=0: sign_flips(10, resamples, seed),
    "labels": lambda resamples, seed=0: label_shuffles(6, 5, resamples, seed),
    "column": lambda resamples, seed=0: column_shuffles(COLUMN, resamples, seed),
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def all_of(arrangements):
    return np.concatenate(list(arrangements.all()))


def drawn_from(arrangements):
    return np.concatenate(list(arrangements.sample()))


@pytest.mark.parametrize(
    ("arrangements", "observed", "count"),
    [
        (sign_flips(10, 0, 0), np.ones(10), 2**10),
        (label_shuffles(6, 5, 0, 0), np.repeat([1, 0], [6, 5]), comb(11, 6)),
        (label_shuffles(1, 3, 0, 0), [1, 0, 0, 0], 4),
        (column_shuffles(COLUMN, 0, 0), COLUMN, factorial(5)),
    ],
)
def test_every_arrangement_is_listed_once_the_observed_one_first(arrangements, observed, count):
    every = all_of(arrangements)
    assert arrangements.possible == len(every) == len(np.unique(every, axis=0)) == count
    np.testing.assert_array_equal(every[0], observed)
    assert every.dtype == np.float64


def test_signs_are_signs_and_sets_keep_their_size():
    assert set(np.unique(all_of(sign_flips(6, 0, 0)))) == {-1.0, 1.0}
    assert set(np.unique(drawn_from(sign_flips(6, 600, 0)))) == {-1.0, 1.0}
    for members in (all_of(label_shuffles(4, 3, 0, 0)), drawn_from(label_shuffles(4, 3, 600, 0))):
        assert set(np.unique(members)) == {0.0, 1.0}
        assert (members.sum(axis=1) == 4).all()
    shuffled = drawn_from(column_shuffles(COLUMN, 600, 0))
    np.testing.assert_array_equal(np.sort(shuffled, axis=1), np.tile(np.sort(COLUMN), (600, 1)))


@pytest.mark.parametrize("resamples", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
@EVERY_KIND
def test_as_many_are_drawn_as_asked_for_never_more_than_a_block_at_a_time(kind, resamples):
    sizes = [len(block) for block in KINDS[kind](resamples).sample()]
    assert (sum(sizes), max(sizes) <= BLOCK) == (resamples, True)


@EVERY_KIND
def test_the_seed_decides_what_is_drawn(kind):
    first, again, other = (drawn_from(KINDS[kind](700, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.dtype == np.float32


def test_every_arrangement_is_drawn_as_often_as_any_other():
    draws = 20_000
    for arrangements, count in (
        (sign_flips(3, draws, 0), 8),
        (label_shuffles(2, 3, draws, 0), 10),
        (column_shuffles(COLUMN[:3], draws, 0), 6),
    ):
        _, times = np.unique(drawn_from(arrangements), axis=0, return_counts=True)
        assert len(times) == count
        assert np.abs(times / draws - 1 / count).max() < 4 * np.sqrt(1 / count / draws)


def test_a_unit_that_two_contrasts_share_is_exchanged_in_both():
    draws = Draws(12, 600, 3)
    first, second = SignFlips(draws, np.arange(8)), SignFlips(draws, np.array([11, 7, 0]))
    signs, others = drawn_from(first), drawn_from(second)
    np.testing.assert_array_equal(others[:, 1:], signs[:, [7, 0]])
    assert np.abs((others[:, :1] * signs).mean(axis=0)).max() < 4 / np.sqrt(600)


def test_the_order_of_the_units_is_that_of_the_rows():
    draws = Draws(9, 600, 3)
    rows = np.array([2, 0, 8, 5, 4])
    turned = drawn_from(LabelShuffles(draws, rows[::-1], 2))
    np.testing.assert_array_equal(turned[:, ::-1], drawn_from(LabelShuffles(draws, rows, 2)))
    flipped = drawn_from(SignFlips(draws, rows[::-1]))
    np.testing.assert_array_equal(flipped[:, ::-1], drawn_from(SignFlips(draws, rows)))


def test_orders_beyond_counting_are_more_than_anyone_would_list():
    assert ColumnShuffles(Draws(500, 99, 0), np.arange(500), np.arange(500.0)).possible > 1_000_000
