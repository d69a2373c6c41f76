"""Max-T against SciPy's enumeration, a slow loop over the same arrangements, and truths that were planted."""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, factorial

import numpy as np
import pytest
from scipy import stats

from reportgen.stats.arrangements import (
    Draws,
    LabelShuffles,
    SignFlips,
    column_shuffles,
    label_shuffles,
    sign_flips,
)
from reportgen.stats.maxt import (
    Null,
    association_null,
    max_t,
    paired_null,
    pooled_null,
    rank_sum_null,
    signed_rank_null,
    step_down,
    welch_null,
)

HEADS = 6
ENOUGH, TOO_FEW = 1_000_000, 499
SIDES = pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])


@dataclass(frozen=True)
class Case:
    """A null with the same thing in SciPy: the statistic of samples along the last axis, and what is permuted."""

    make: Callable[..., Null]
    statistic: Callable[..., np.ndarray]
    kind: str


def _mean_and_error(x):
    # Rounded, so that a sample of one value has exactly no variance.
    return x.mean(axis=-1), np.round(x.var(axis=-1, ddof=1), 14) / x.shape[-1]


def _welch_t(x, y):
    (mean_x, error_x), (mean_y, error_y) = _mean_and_error(x), _mean_and_error(y)
    with np.errstate(divide="ignore"):
        return (mean_x - mean_y) / np.sqrt(error_x + error_y)


def _student_t(x, y):
    (mean_x, error_x), (mean_y, error_y) = _mean_and_error(x), _mean_and_error(y)
    n, m = x.shape[-1], y.shape[-1]
    pooled = ((n - 1) * n * error_x + (m - 1) * m * error_y) / (n + m - 2)
    with np.errstate(divide="ignore"):
        return (mean_x - mean_y) / np.sqrt(pooled * (1 / n + 1 / m))


def _paired_t(x, y):
    mean, error = _mean_and_error(x - y)
    with np.errstate(divide="ignore"):
        return mean / np.sqrt(error)


def _signed_ranks(x, y):
    differences = x - y
    zero = differences == 0
    ranks = stats.rankdata(np.abs(differences), axis=-1) - zero.sum(axis=-1, keepdims=True)
    return (np.sign(differences) * ranks).sum(axis=-1)


def _rank_sum(x, y):
    n, m = x.shape[-1], y.shape[-1]
    ranks = stats.rankdata(np.concatenate([x, y], axis=-1), axis=-1)
    return ranks[..., :n].sum(axis=-1) - n * (n + m + 1) / 2


def _paired(make):
    return lambda a, b, resamples, seed=0: make(a - b, sign_flips(len(a), resamples, seed))


def _sets(make):
    return lambda a, b, resamples, seed=0: make(a, b, label_shuffles(len(a), len(b), resamples, seed))


CASES = {
    "paired": Case(_paired(paired_null), _paired_t, "samples"),
    "signed rank": Case(_paired(signed_rank_null), _signed_ranks, "samples"),
    "pooled": Case(_sets(pooled_null), _student_t, "independent"),
    "rank sum": Case(_sets(rank_sum_null), _rank_sum, "independent"),
    "welch": Case(_sets(welch_null), _welch_t, "independent"),
}
PAIRED = ("paired", "signed rank")
EVERY_CASE = pytest.mark.parametrize("name", CASES)
DATA: dict[str, Callable] = {
    "plain": lambda scores: scores,
    "float32": lambda scores: scores.astype(np.float32).astype(np.float64),
    "ties": lambda scores: np.round(scores * 4) / 4,
    "huge": lambda scores: scores * 1e150,
    "tiny": lambda scores: scores * 1e-150,
}


def samples(name: str, data: str = "plain", sizes=(5, 4), seed=0, heads=HEADS):
    rng = np.random.default_rng(seed)
    sizes = (sizes[0], sizes[0]) if name in PAIRED else sizes
    scores = [rng.normal(size=(size, heads)) for size in sizes]
    scores[0][:, ::2] += 1.2
    return [DATA[data](one) for one in scores]


TOWARDS: dict[str, Callable] = {"two-sided": np.abs, "greater": np.positive, "less": np.negative}


def scipys_p(statistic, samples, kind, alternative):
    """SciPy's exact p-value of one head, two-sided by the size of a statistic about 0."""

    def rounded(*arranged, axis):
        assert axis == -1
        # Rounded, so that equal arrangements are equal whatever the order of their sums.
        return np.round(TOWARDS[alternative](statistic(*arranged)), 9)

    return stats.permutation_test(
        samples, rounded, permutation_type=kind, alternative="greater", n_resamples=np.inf, vectorized=True, axis=-1
    ).pvalue


@SIDES
@pytest.mark.parametrize("data", DATA)
@EVERY_CASE
def test_listed_arrangements_give_scipys_exact_p_values(name, data, alternative):
    a, b = samples(name, data)
    found = max_t([CASES[name].make(a, b, ENOUGH)], alternative)
    plain = [one / {"huge": 1e150, "tiny": 1e-150}.get(data, 1.0) for one in (a, b)]
    case = CASES[name]
    expected = [
        scipys_p(case.statistic, [one[:, head] for one in plain], case.kind, alternative) for head in range(HEADS)
    ]
    assert found.exact
    np.testing.assert_allclose(found.p_value, expected, rtol=1e-12)


@SIDES
@pytest.mark.parametrize("data", DATA)
def test_listed_orders_give_scipys_exact_p_values_of_a_correlation(data, alternative):
    rng = np.random.default_rng(3)
    scores, column = DATA[data](rng.normal(size=(6, HEADS))), rng.normal(size=6)
    found = max_t([association_null(scores, column_shuffles(column, ENOUGH, 0))], alternative)
    for head in range(HEADS):
        own = stats.zscore(scores[:, head] / np.abs(scores[:, head]).max())
        expected = scipys_p(lambda x, own=own: stats.zscore(x, axis=-1) @ own / 6, [column], "pairings", alternative)
        assert found.p_value[head] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("resamples", [TOO_FEW, ENOUGH])
@EVERY_CASE
def test_the_observed_statistic_is_scipys_t(name, resamples):
    a, b = samples(name, sizes=(11, 9))
    if name == "signed rank":
        a = np.sign(a - b) * stats.rankdata(np.abs(a - b), axis=0)
        b = np.zeros_like(a)
    if name == "rank sum":
        ranks = stats.rankdata(np.concatenate([a, b]), axis=0)
        a, b = ranks[:11], ranks[11:]
    reference = stats.ttest_rel if name in PAIRED else stats.ttest_ind
    expected = reference(a, b, **({"equal_var": False} if name == "welch" else {})).statistic
    for alternative, towards in (("two-sided", np.abs), ("greater", np.positive), ("less", np.negative)):
        found = max_t([CASES[name].make(a, b, resamples)], alternative)
        np.testing.assert_allclose(found.observed, towards(expected), rtol=1e-9)


def arranged_statistics(name: str, a, b, null: Null, *, exact: bool):
    """|t| under every arrangement, [arrangement, head], head by head from the arranged scores themselves."""
    blocks = null.arrangements.all() if exact else null.arrangements.sample()
    rows = []
    for block in blocks:
        for weights in block.astype(np.float64):
            if name in PAIRED:
                first = (a - b) * weights[:, np.newaxis]
                second = np.zeros_like(first)
            else:
                both = np.concatenate([a, b])
                first, second = both[weights > 0.5], both[weights < 0.5]
            rows.append(CASES[name].statistic(first.T, second.T))
    return np.array(rows)


@pytest.mark.parametrize("exact", [True, False], ids=["listed", "drawn"])
@pytest.mark.parametrize("name", ["paired", "pooled", "welch"])
def test_both_procedures_are_those_of_a_slow_loop(name, exact):
    a, b = samples(name, sizes=(6, 5) if exact else (14, 12))
    null = CASES[name].make(a, b, ENOUGH if exact else 199)
    own = np.abs(CASES[name].statistic(a.T, b.T))
    every = np.abs(arranged_statistics(name, a, b, null, exact=exact))
    plus, arranged = (0, len(every)) if exact else (1, len(every) + 1)
    # Statistics of the same arrangement are equal but for rounding, and an arrangement's mirror image has them too.
    reached = own * (1 - 1e-5)
    single = [(plus + (every.max(axis=1) >= t).sum()) / arranged for t in reached]
    np.testing.assert_allclose(max_t([null]).adjusted, single, rtol=1e-12)
    strongest_first, so_far, stepped = np.argsort(-own), 0.0, np.empty(HEADS)
    for place, head in enumerate(strongest_first):
        rest = every[:, strongest_first[place:]].max(axis=1)
        so_far = max(so_far, (plus + (rest >= reached[head]).sum()) / arranged)
        stepped[head] = so_far
    np.testing.assert_allclose(step_down([null]), stepped, rtol=1e-12)
    np.testing.assert_allclose(max_t([null]).maxima, every.max(axis=1), rtol=1e-4)


def test_drawn_p_values_count_the_observed_arrangement_once():
    a, b = samples("paired", sizes=(40, 40))
    a += 5
    found = max_t([CASES["paired"].make(a, b, TOO_FEW)])
    assert not found.exact
    assert (found.p_value == 1 / (TOO_FEW + 1)).all()
    assert (found.adjusted == 1 / (TOO_FEW + 1)).all()
    assert found.smallest_p == 1 / (TOO_FEW + 1)
    against = max_t([CASES["paired"].make(a, b, TOO_FEW)], "less")
    assert (against.p_value == 1).all()


@pytest.mark.parametrize("resamples", [TOO_FEW, 9_999])
@EVERY_CASE
def test_drawn_p_values_are_close_to_the_exact_ones(name, resamples):
    a, b = samples(name, sizes=(14, 14) if name in PAIRED else (9, 8))
    exact, drawn = (max_t([CASES[name].make(a, b, number)]) for number in (ENOUGH, resamples))
    assert (exact.exact, drawn.exact) == (True, False)
    for ours, true in ((drawn.p_value, exact.p_value), (drawn.adjusted, exact.adjusted)):
        error = np.sqrt(true * (1 - true) / resamples)
        assert (np.abs(ours - true) <= 4 * error + 2 / resamples).all()


@SIDES
@pytest.mark.parametrize("resamples", [TOO_FEW, ENOUGH])
@pytest.mark.parametrize("data", ["plain", "ties"])
@EVERY_CASE
def test_a_head_exceeds_the_critical_value_exactly_where_its_adjusted_p_is_small_enough(
    name, data, resamples, alternative
):
    sizes = (12, 12) if name in PAIRED else (7, 6)
    a, b = samples(name, data, sizes, heads=40)
    a[:, ::2] += np.linspace(-2, 2, 20)
    found = max_t([CASES[name].make(a, b, resamples)], alternative)
    assert found.exact == (resamples == ENOUGH)
    for alpha in (0.001, 0.05, 0.2, *np.unique(found.adjusted)[:-1]):
        np.testing.assert_array_equal(found.observed > found.critical(alpha), found.adjusted <= alpha)


@pytest.mark.parametrize("resamples", [99, ENOUGH])
def test_too_few_arrangements_have_no_critical_value(resamples):
    a, b = samples("paired", sizes=(4, 4))
    found = max_t([CASES["paired"].make(a, b, resamples)])
    assert found.critical(0.01) == np.inf
    assert found.smallest_p == 2 / 2**4
    assert found.critical(found.smallest_p) < np.inf


@SIDES
@EVERY_CASE
def test_one_side_is_the_other_with_the_sets_exchanged(name, alternative):
    a, b = samples(name, sizes=(6, 6))
    opposite = {"two-sided": "two-sided", "greater": "less", "less": "greater"}[alternative]
    found = max_t([CASES[name].make(a, b, ENOUGH)], alternative)
    turned = max_t([CASES[name].make(b, a, ENOUGH)], opposite)
    for values in ("p_value", "adjusted", "observed"):
        np.testing.assert_allclose(getattr(found, values), getattr(turned, values), rtol=1e-9)


@pytest.mark.parametrize("resamples", [TOO_FEW, ENOUGH])
@EVERY_CASE
def test_what_scores_are_measured_in_makes_no_difference(name, resamples):
    a, b = samples(name, "float32", sizes=(12, 12) if name in PAIRED else (7, 6))
    found = max_t([CASES[name].make(a, b, resamples)])
    for scale in (1e-150, 1e-30, 1e150):
        scaled = max_t([CASES[name].make(a * scale, b * scale, resamples)])
        np.testing.assert_array_equal(scaled.adjusted, found.adjusted)
        np.testing.assert_allclose(scaled.observed, found.observed, rtol=1e-6)


def test_scores_in_float32_give_the_numbers_of_float64():
    a, b = (one.astype(np.float32) for one in samples("welch", sizes=(30, 25)))
    found = max_t([welch_null(a.astype(np.float64), b.astype(np.float64), label_shuffles(30, 25, TOO_FEW, 0))])
    single = max_t([welch_null(a, b, label_shuffles(30, 25, TOO_FEW, 0))])
    np.testing.assert_array_equal(found.adjusted, single.adjusted)


@pytest.mark.parametrize(("name", "smallest"), [("paired", 2 / 4), ("signed rank", 2 / 4), ("pooled", 2 / 6)])
def test_two_units_can_show_next_to_nothing(name, smallest):
    a, b = np.array([[1.0, 5.0], [1.1, 5.3]]), np.array([[0.2, 5.2], [0.1, 5.1]])
    found = max_t([CASES[name].make(a, b, ENOUGH)])
    assert (found.exact, found.smallest_p) == (True, smallest)
    assert found.p_value.tolist() == pytest.approx([smallest, 1.0])
    assert found.adjusted.tolist() == [1.0, 1.0] if name in PAIRED else [smallest, 1.0]


@SIDES
@pytest.mark.parametrize("resamples", [TOO_FEW, ENOUGH])
@EVERY_CASE
def test_stepping_down_finds_at_least_as_much_and_keeps_the_order(name, resamples, alternative):
    a, b = samples(name, sizes=(12, 12) if name in PAIRED else (7, 6), heads=30)
    null = CASES[name].make(a, b, resamples)
    single, stepped = max_t([null], alternative), step_down([null], alternative)
    assert (stepped <= single.adjusted + 1e-12).all()
    assert (stepped >= single.p_value - 1e-12).all()
    assert (np.diff(stepped[np.argsort(-single.observed)]) >= 0).all()
    assert (np.diff(single.adjusted[np.argsort(-single.observed)]) >= 0).all()
    strongest = single.observed.argmax()
    assert stepped[strongest] == single.adjusted[strongest]


def test_a_head_beside_itself_costs_nothing():
    a, b = samples("paired", sizes=(30, 30), heads=1)
    alone = max_t([CASES["paired"].make(a, b, 4_999)])
    beside = max_t([CASES["paired"].make(np.repeat(a, 50, axis=1), np.repeat(b, 50, axis=1), 4_999)])
    assert set(beside.adjusted) == set(alone.adjusted) == set(alone.p_value)


UNITS = 60


def family(rows_of_each, heads=20, seed=2, resamples=4_999):
    """One paired contrast for each set of rows, over common keys; the same rows have the same differences."""
    every = np.random.default_rng(seed).normal(size=(UNITS, heads))
    draws = Draws(UNITS, resamples, 5)
    return [paired_null(every[rows], SignFlips(draws, rows)) for rows in rows_of_each]


def test_a_contrast_twice_in_a_family_costs_nothing():
    rows = np.arange(40)
    (alone,), twice = family([rows]), family([rows, rows])
    own, both = max_t([alone]), max_t(twice)
    np.testing.assert_array_equal(both.adjusted, np.tile(own.adjusted, 2))
    np.testing.assert_array_equal(step_down(twice), np.tile(step_down([alone]), 2))
    np.testing.assert_allclose(both.maxima, own.maxima, rtol=1e-5)


def test_a_contrast_and_its_opposite_cost_nothing_two_sided():
    draws, rows = Draws(40, 4_999, 5), np.arange(40)
    differences = np.random.default_rng(2).normal(size=(40, 20))
    nulls = [paired_null(sign * differences, SignFlips(draws, rows)) for sign in (1, -1)]
    own, both = max_t(nulls[:1]), max_t(nulls)
    np.testing.assert_array_equal(both.adjusted, np.tile(own.adjusted, 2))


def test_contrasts_of_other_units_cost_what_sidak_says():
    first, second = np.arange(30), np.arange(30, 60)
    alone = max_t(family([first], resamples=20_000))
    both = max_t(family([first, second], resamples=20_000))
    sidak = 1 - (1 - alone.adjusted) ** 2
    assert both.adjusted[:20] == pytest.approx(sidak, abs=4 * np.sqrt(0.25 / 20_000))
    assert (both.adjusted[:20] > alone.adjusted)[alone.adjusted < 0.99].all()


def test_contrasts_that_share_a_part_of_their_units_cost_something_between():
    first, second = np.arange(40), np.arange(10, 50)
    alone = max_t(family([first], resamples=20_000)).adjusted
    both = max_t(family([first, second], resamples=20_000)).adjusted[:20]
    assert (both >= alone).all()
    assert both.mean() < (1 - (1 - alone) ** 2).mean()


def test_a_family_is_arranged_at_random_however_few_arrangements_there_are():
    rows = np.arange(5)
    found = max_t(family([rows, rows]))
    assert (found.exact, len(found.maxima), found.smallest_p) == (False, 4_999, 2 / 2**5)
    assert found.adjusted.min() >= 2 / 2**5 - 4 * np.sqrt(0.06 / 4_999)


def test_contrasts_of_different_sizes_are_compared_as_t():
    draws = Draws(60, 4_999, 5)
    rng = np.random.default_rng(6)
    few, many = np.arange(10), np.arange(60)
    nulls = [paired_null(rng.normal(size=(len(rows), 5)) + 0.3, SignFlips(draws, rows)) for rows in (few, many)]
    both, own = max_t(nulls), [max_t([null]) for null in nulls]
    np.testing.assert_allclose(both.observed, np.concatenate([one.observed for one in own]), rtol=1e-9)
    drawn = [null.statistic.as_t(np.concatenate(list(_all_drawn(null)))) for null in nulls]
    expected = np.abs(np.concatenate(drawn, axis=1)).max(axis=1)
    np.testing.assert_allclose(both.maxima, expected, rtol=1e-5)


def _all_drawn(null):
    return (null.statistic.of(weights.astype(np.float64)) for weights in null.arrangements.sample())


def test_a_paired_and_an_independent_contrast_make_one_family():
    draws, rng = Draws(50, 4_999, 5), np.random.default_rng(7)
    nulls = [
        paired_null(rng.normal(size=(20, 5)), SignFlips(draws, np.arange(20))),
        welch_null(rng.normal(size=(14, 5)), rng.normal(size=(16, 5)), LabelShuffles(draws, np.arange(20, 50), 14)),
    ]
    both, own = max_t(nulls), [max_t([null]) for null in nulls]
    np.testing.assert_allclose(both.p_value, np.concatenate([one.p_value for one in own]), atol=1e-12)
    assert (both.adjusted >= np.concatenate([one.adjusted for one in own])).all()


@pytest.mark.parametrize("size", [1, 5, 10, 50, 300, 10_000])
def test_the_same_arrangement_counts_in_a_family_however_large_its_statistic(size):
    rows, draws = np.arange(8), Draws(8, 4_999, 5)
    differences = np.random.default_rng(0).normal(size, 0.1, (8, 20))
    nulls = [paired_null(differences, SignFlips(draws, rows))] * 2
    for p_values in (max_t(nulls).p_value, max_t(nulls).adjusted, step_down(nulls)):
        assert p_values == pytest.approx(2 / 2**8, abs=4 * np.sqrt(2 / 2**8 / 4_999))


def test_ranks_that_all_point_one_way_are_as_rare_in_a_family_as_alone():
    rows, draws = np.arange(6), Draws(6, 4_999, 5)
    same = np.ones((6, 1))
    found = max_t([signed_rank_null(same, SignFlips(draws, rows))] * 2)
    assert found.p_value == pytest.approx(2 / 2**6, abs=4 * np.sqrt(0.03 / 4_999))


STUDIES, ALPHA = 400, 0.05


def correlated_null(rng, units, heads=200, shared=0.6):
    """Scores [unit, head] of heads that go along with each other and differ in nothing."""
    return np.sqrt(shared) * rng.normal(size=(units, 1)) + np.sqrt(1 - shared) * rng.standard_t(5, size=(units, heads))


def false_finds(one_study):
    return sum(bool((one_study(np.random.default_rng(study), study) <= ALPHA).any()) for study in range(STUDIES))


def within_monte_carlo_error(count):
    return abs(count / STUDIES - ALPHA) <= 4 * np.sqrt(ALPHA * (1 - ALPHA) / STUDIES)


def test_where_no_pair_differs_a_share_alpha_of_studies_finds_any_head():
    def study(rng, seed):
        return max_t([paired_null(correlated_null(rng, 25), sign_flips(25, TOO_FEW, seed))]).adjusted

    assert within_monte_carlo_error(false_finds(study))


@pytest.mark.parametrize("make", [welch_null, rank_sum_null], ids=["welch", "rank sum"])
def test_where_no_set_differs_a_share_alpha_of_studies_finds_any_head(make):
    def study(rng, seed):
        sets = correlated_null(rng, 15, heads=40), correlated_null(rng, 12, heads=40)
        return max_t([make(*sets, label_shuffles(15, 12, TOO_FEW, seed))]).adjusted

    assert within_monte_carlo_error(false_finds(study))


def test_heads_that_differ_do_not_make_stepping_down_find_others():
    def study(rng, seed):
        differences = correlated_null(rng, 25, heads=60)
        differences[:, :30] += 5
        stepped = step_down([paired_null(differences, sign_flips(25, TOO_FEW, seed))])
        assert (stepped[:30] <= ALPHA).all()
        return stepped[30:]

    count = false_finds(study)
    assert within_monte_carlo_error(count)


def test_smallest_p_values_are_those_of_the_design():
    rng = np.random.default_rng(8)
    scores = [rng.normal(size=(size, 3)) for size in (4, 3, 4)]
    cases = [
        (paired_null(scores[0], sign_flips(4, ENOUGH, 0)), 2 / 2**4, 1 / 2**4),
        (pooled_null(scores[0], scores[1], label_shuffles(4, 3, ENOUGH, 0)), 1 / comb(7, 3), 1 / comb(7, 3)),
        (pooled_null(scores[0], scores[2], label_shuffles(4, 4, ENOUGH, 0)), 2 / comb(8, 4), 1 / comb(8, 4)),
        (
            association_null(scores[0], column_shuffles(rng.normal(size=4), ENOUGH, 0)),
            1 / factorial(4),
            1 / factorial(4),
        ),
    ]
    for null, two_sided, one_sided in cases:
        assert max_t([null]).smallest_p == pytest.approx(two_sided)
        assert max_t([null], "greater").smallest_p == pytest.approx(one_sided)
