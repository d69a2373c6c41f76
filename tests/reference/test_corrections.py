"""Every correction against statsmodels or SciPy, against a slow definition from its paper, and on planted truth."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from reportgen.stats.corrections import CRITERIA, adjust, criterion

METHODS = [rule.method for rule in CRITERIA if not rule.resampled]
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)
EVERY_CORRECTION = pytest.mark.parametrize("method", METHODS[1:])
ALPHA = 0.05

LIBRARY = {
    "bonferroni": "bonferroni",
    "sidak": "sidak",
    "holm": "holm",
    "hommel": "hommel",
    "benjamini_hochberg": "fdr_bh",
    "two_stage_benjamini_hochberg": "fdr_tsbky",
    "benjamini_yekutieli": "fdr_by",
}
FAMILIES = {
    "one head": [0.03],
    "four heads": [0.01, 0.04, 0.03, 0.005],
    "ties": [0.2, 0.2, 0.01, 0.01, 0.01, 0.04],
    "zero and one": [0.2, 0.0, 0.01, 1.0, 1.0, 0.0],
    "all zero": [0.0, 0.0, 0.0],
    "all one": [1.0, 1.0, 1.0],
    "first stage finds all": [0.01, 0.02, 0.03],
    "first stage finds none": [0.3, 0.2, 0.9, 0.06],
    "six heads": [0.001, 0.011, 0.02, 0.03, 0.2, 0.6],
}
EVERY_FAMILY = pytest.mark.parametrize("p", [pytest.param(np.array(p), id=name) for name, p in FAMILIES.items()])
p_values = st.lists(
    st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1e-300, 0.01, 0.05, 1.0])), min_size=1, max_size=30
).map(np.array)


def simes(p):
    """P-value of "none of these heads differs" (Simes 1986)."""
    return min(len(p) * value / k for k, value in enumerate(sorted(p), start=1))


def closed_simes(p):
    """A head's largest Simes p-value over all sets that hold it: the closed test that Hommel (1988) shortens."""
    m = len(p)
    sets = [heads for size in range(1, m + 1) for heads in combinations(range(m), size)]
    return [max(simes(p[list(heads)]) for heads in sets if head in heads) for head in range(m)]


def step_up_count(p, level):
    """How many heads Benjamini & Hochberg (1995) find at that level."""
    ordered = sorted(p)
    return max((k for k in range(1, len(p) + 1) if ordered[k - 1] <= k * level / len(p)), default=0)


def two_stage_found(p, alpha):
    """Definition 6 of Benjamini, Krieger & Yekutieli (2006), as decisions."""
    m, level = len(p), alpha / (1 + alpha)
    first = step_up_count(p, level)
    if first in (0, m):
        return p <= (np.sort(p)[first - 1] if first else -1)
    second = step_up_count(p, level * m / (m - first))
    return p <= np.sort(p)[second - 1]


def by_definition(p, method):
    """Adjusted p-values written down from the papers, one head at a time."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    rank = {head: k for k, head in enumerate(order, start=1)}
    harmonic = sum(1 / i for i in range(1, m + 1)) if method == "benjamini_yekutieli" else 1.0

    def adjusted(head):
        k = rank[head]
        match method:
            case "bonferroni":
                return m * p[head]
            case "sidak":
                return 1 - (1 - p[head]) ** m
            case "holm":
                return max((m - j + 1) * p[order[j - 1]] for j in range(1, k + 1))
            case "benjamini_hochberg" | "benjamini_yekutieli":
                return min(harmonic * m * p[order[j - 1]] / j for j in range(k, m + 1))
        return p[head]

    if method == "hommel":
        return np.minimum(1.0, closed_simes(p))
    return np.array([min(1.0, adjusted(head)) for head in range(m)])


@EVERY_FAMILY
@pytest.mark.parametrize("method", [method for method in METHODS if method != "two_stage_benjamini_hochberg"])
def test_adjusted_p_values_follow_their_definition(method, p):
    np.testing.assert_allclose(adjust(p, method, ALPHA), by_definition(p, method), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=6).map(np.array))
def test_hommel_is_the_closed_test_of_simes(p):
    np.testing.assert_allclose(adjust(p, "hommel", ALPHA), np.minimum(1, closed_simes(p)), rtol=1e-12)


@EVERY_FAMILY
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_the_two_stages_find_what_their_definition_finds(p, alpha):
    found = adjust(p, "two_stage_benjamini_hochberg", alpha) <= alpha
    np.testing.assert_array_equal(found, two_stage_found(p, alpha))


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_the_two_stages_find_what_their_definition_and_statsmodels_find_in_random_families(alpha):
    rng = np.random.default_rng(int(alpha * 100))
    for _ in range(500):
        p = rng.random(rng.integers(1, 15)) ** rng.integers(1, 6)
        found = adjust(p, "two_stage_benjamini_hochberg", alpha) <= alpha
        np.testing.assert_array_equal(found, two_stage_found(p, alpha))
        np.testing.assert_array_equal(found, multipletests(p, alpha=alpha, method="fdr_tsbky")[0])


@EVERY_CORRECTION
def test_adjusted_p_values_are_statsmodels(method):
    p = np.random.default_rng(3).random(270) ** 3
    expected = multipletests(p, alpha=ALPHA, method=LIBRARY[method])[1]
    np.testing.assert_allclose(adjust(p, method, ALPHA), expected, rtol=1e-14)


@pytest.mark.parametrize(("method", "name"), [("benjamini_hochberg", "bh"), ("benjamini_yekutieli", "by")])
def test_false_discovery_rates_are_scipys(method, name):
    p = np.random.default_rng(4).random(270) ** 3
    np.testing.assert_allclose(adjust(p, method, ALPHA), false_discovery_control(p, method=name), rtol=1e-12)


@EVERY_METHOD
@settings(max_examples=40, deadline=None)
@given(p=p_values, seed=st.integers(0, 1000))
def test_the_order_of_the_heads_does_not_matter(method, p, seed):
    order = np.random.default_rng(seed).permutation(len(p))
    np.testing.assert_allclose(adjust(p[order], method, ALPHA), adjust(p, method, ALPHA)[order], rtol=1e-12)


@EVERY_METHOD
@settings(max_examples=40, deadline=None)
@given(p=p_values)
def test_adjusted_p_values_are_p_values_in_the_order_of_the_raw_ones(method, p):
    adjusted = adjust(p, method, ALPHA)
    assert ((adjusted >= 0) & (adjusted <= 1)).all()
    # Rounding alone may part heads of equal p-values.
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()
    if method != "two_stage_benjamini_hochberg":
        assert (adjusted >= p * (1 - 1e-12)).all()


@EVERY_METHOD
@settings(max_examples=40, deadline=None)
@given(p=p_values, shrink=st.floats(0, 1), which=st.integers(0, 29))
def test_a_smaller_p_value_never_hides_another_head(method, p, shrink, which):
    smaller = p.copy()
    smaller[which % len(p)] *= shrink
    before, after = (
        adjust(p, method, ALPHA) <= ALPHA,
        adjust(smaller, method, ALPHA * (1 + 1e-12)) <= ALPHA * (1 + 1e-9),
    )
    assert (after >= before).all()


@EVERY_METHOD
@settings(max_examples=40, deadline=None)
@given(p=p_values, gaps=st.lists(st.integers(0, 30), max_size=5))
def test_heads_without_a_p_value_are_left_out_of_the_family(method, p, gaps):
    with_gaps = np.insert(p, [min(gap, len(p)) for gap in gaps], np.nan)
    adjusted = adjust(with_gaps, method, ALPHA)
    np.testing.assert_array_equal(np.isnan(adjusted), np.isnan(with_gaps))
    np.testing.assert_array_equal(adjusted[~np.isnan(with_gaps)], adjust(p, method, ALPHA))


@EVERY_METHOD
def test_certain_and_hopeless_heads_stay_so(method):
    adjusted = adjust(np.array([0.0, 1.0, 0.5, 0.5]), method, ALPHA)
    assert adjusted[0] == 0
    assert adjusted[1] == adjusted.max()
    if method != "two_stage_benjamini_hochberg":
        assert adjusted[1] == 1


@EVERY_METHOD
@pytest.mark.parametrize("alpha", [0.05, 0.3])
@pytest.mark.parametrize("m", [1, 2, 40])
def test_the_strictest_threshold_is_where_a_lone_head_turns_significant(method, m, alpha):
    threshold = criterion(method).strictest(alpha, m)
    for factor, passes in ((0.999, True), (1.001, False)):
        p = np.ones(m)
        p[m // 2] = threshold * factor
        assert (adjust(p, method, alpha)[m // 2] <= alpha) == passes


def test_tiny_p_values_keep_their_digits():
    p = np.array([1e-300, 1e-20, 1e-17, 0.5])
    np.testing.assert_allclose(adjust(p, "sidak", ALPHA)[:3], 4 * p[:3], rtol=1e-14)
    assert criterion("sidak").strictest(1e-12, 10_000) == pytest.approx(1e-16, rel=1e-9)


def test_no_correction_finds_more_than_one_that_is_uniformly_stronger():
    """Bonferroni < Šidák, Bonferroni < Holm < Hommel < Benjamini–Hochberg, Benjamini–Yekutieli < Benjamini–Hochberg."""
    rng = np.random.default_rng(5)
    stronger = [
        ("bonferroni", "sidak"),
        ("bonferroni", "holm"),
        ("holm", "hommel"),
        ("hommel", "benjamini_hochberg"),
        ("benjamini_yekutieli", "benjamini_hochberg"),
    ]
    for _ in range(200):
        p = rng.random(rng.integers(1, 40)) ** rng.integers(1, 5)
        adjusted = {method: adjust(p, method, ALPHA) for method in METHODS}
        for weak, strong in stronger:
            assert (adjusted[strong] <= adjusted[weak] * (1 + 1e-12)).all(), (weak, strong)


def test_two_stage_p_values_belong_to_one_level_and_can_lie_below_the_raw_ones():
    p = np.array([0.001, 0.002, 0.09])
    strict, mild = (adjust(p, "two_stage_benjamini_hochberg", alpha) for alpha in (0.001, 0.05))
    assert mild[2] < p[2] < strict[2]
    assert (mild <= 0.05).all()


def null_and_planted(m, nulls, rng):
    """P-values of heads that differ beyond doubt, then of `nulls` heads that do not."""
    return np.concatenate([np.zeros(m - nulls), rng.random(nulls)])


@EVERY_CORRECTION
def test_where_nothing_differs_any_head_passes_in_at_most_alpha_of_the_studies(method):
    rng = np.random.default_rng(13)
    studies, alpha = 400, 0.1
    any_passes = np.mean([(adjust(rng.random(50), method, alpha) <= alpha).any() for _ in range(studies)])
    assert any_passes <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / studies)
    if method != "benjamini_yekutieli":
        assert any_passes >= alpha / 2


@EVERY_CORRECTION
def test_error_rates_hold_beside_heads_that_differ(method):
    """Heads that differ beyond doubt are the hardest case for step-wise procedures; α = 0.2 tells `fdr_tsbh` apart,
    whose rate is 0.224 here."""
    rng = np.random.default_rng(14)
    studies, alpha, m, nulls = 3000, 0.2, 10, 5
    rate = []
    for _ in range(studies):
        found = adjust(null_and_planted(m, nulls, rng), method, alpha) <= alpha
        false = found[m - nulls :].sum()
        rate.append(false / found.sum() if criterion(method).controls == "FDR" else false > 0)
    assert np.mean(rate) <= alpha + 2.5 * np.std(rate) / np.sqrt(studies)
