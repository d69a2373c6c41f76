"""When something begins that lasts, and of which kind heads are."""

import numpy as np
import pytest
from scipy.stats import binom

from reportgen.stats.kinds import LEAST, drawn_kinds, kinds_of, redrawn
from reportgen.stats.onset import NEVER, better_than_even, onset


def test_an_onset_is_the_first_look_from_which_all_show_it():
    looks = np.array([[0, 1, 0, 1, 1], [1, 0, 0, 1, 0], [1, 1, 0, 1, 1], [1, 1, 0, 1, 0]], dtype=bool)
    assert onset(looks).tolist() == [1, 2, NEVER, 0, NEVER]
    assert onset(looks[:, 0]) == 1


def test_better_than_even_is_the_upper_tail_of_the_binomial():
    found = better_than_even([30, 40, 0], [60, 60, 0])
    assert found[:2] == pytest.approx([binom.sf(29, 60, 0.5), binom.sf(39, 60, 0.5)])
    assert np.isnan(found[2])


def test_an_onset_is_dated_too_early_no_more_often_than_a_look_errs():
    """Six looks, of which the first three show nothing but chance, at a level of 5 %."""
    rng = np.random.default_rng(0)
    hits = np.concatenate([rng.binomial(60, 0.5, (3, 4000)), rng.binomial(60, 0.9, (3, 4000))])
    shown = binom.sf(hits - 1, 60, 0.5) <= 0.05
    dated = onset(shown)
    assert 0.01 < (dated < 3).mean() <= 0.05
    assert (dated == 3).mean() > 0.9


def test_a_head_is_of_the_kind_with_the_largest_excess_or_of_none():
    excess = np.array([[0.5, LEAST, 0.05], [0.2, -0.3, 0.0]])
    assert kinds_of(excess).tolist() == [0, 0, 2]


def test_kinds_of_units_drawn_again_waver_where_units_disagree_and_nowhere_else():
    excess = np.zeros((40, 2, 2))
    excess[:, 0, 0] = 0.5
    excess[::2, 1, 1] = 2 * LEAST
    drawn = drawn_kinds(excess, redrawn(40, 300, seed=0))
    assert (drawn[:, 0] == 0).all()
    assert 0.2 < (drawn[:, 1] == 1).mean() < 0.8
    assert redrawn(40, 3, seed=0).sum(axis=1) == pytest.approx(1)
