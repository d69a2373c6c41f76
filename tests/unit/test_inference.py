"""The labelled layer: every number at its own head, and what follows from the spec's settings."""

from dataclasses import dataclass, field
from functools import partial
from typing import get_args

import numpy as np
import pytest
from scipy import stats

from reportgen import inference
from reportgen.contrasts import UnknownColumnError
from reportgen.notices import Notice
from reportgen.scores import label_scores
from reportgen.spec.model import TRUTH, ContrastSection, Correction, StatementSet, TestsSection
from reportgen.stats.corrections import criterion

LAYERS, HEADS = 3, 4
RANK_TESTS = ("wilcoxon", "mann_whitney")
ARRANGED = ("max_t", "max_t_step_down")
EVERY_TEST = ("paired_t", "wilcoxon", "student", "welch", "mann_whitney")

# Few arrangements, where it is not their number that a test is about.
quick = partial(TestsSection, resamples=999)


@dataclass(frozen=True)
class Labelled:
    id: str
    labels: dict[str, str | bool] = field(default_factory=dict)


def make_scores(pairs=20, effects=None, seed=0):
    """Scores around 0.3 of true and false statements in turn; `effects` are added to true ones, by head."""
    rng = np.random.default_rng(seed)
    values = 0.3 + 0.05 * rng.normal(size=(2 * pairs, LAYERS, HEADS))
    for cell, effect in (effects or {}).items():
        values[(slice(0, None, 2), *cell)] += effect
    statements = [
        Labelled(f"p{i // 2}-{i % 2}", {"truth": i % 2 == 0, "pair": f"p{i // 2}", "subject": f"s{i // 2}"})
        for i in range(2 * pairs)
    ]
    return label_scores(values.astype(np.float32), statements)


def test_every_number_stands_at_its_own_head():
    scores = make_scores(effects={(1, 2): 0.2})
    found = inference.test_heads(scores, TRUTH, quick())
    assert (found.design, found.test, found.n_a, found.n_b) == ("paired", "paired_t", 20, 20)
    assert dict(found.heads.sizes) == {"correction": 10, "layer": LAYERS, "head": HEADS}
    values = scores.to_numpy().astype(np.float64)
    for layer in range(LAYERS):
        for head in range(HEADS):
            cell = found.heads.sel(layer=layer, head=head)
            a, b = values[0::2, layer, head], values[1::2, layer, head]
            expected = stats.ttest_rel(a, b)
            interval, of_a, of_b = (
                result.confidence_interval(0.95)
                for result in (expected, stats.ttest_1samp(a, 0), stats.ttest_1samp(b, 0))
            )
            assert {name: float(cell[name]) for name in NUMBERS} == pytest.approx(
                {
                    "mean_a": a.mean(),
                    "mean_a_low": of_a.low,
                    "mean_a_high": of_a.high,
                    "mean_b": b.mean(),
                    "mean_b_low": of_b.low,
                    "mean_b_high": of_b.high,
                    "sd_a": a.std(ddof=1),
                    "sd_b": b.std(ddof=1),
                    "effect": (a - b).mean(),
                    "effect_low": interval.low,
                    "effect_high": interval.high,
                    "standardized": (a - b).mean() / (a - b).std(ddof=1),
                    "statistic": expected.statistic,
                    "p_value": expected.pvalue,
                },
                rel=1e-9,
            )


NUMBERS = (
    *(f"mean_{side}{end}" for side in "ab" for end in ("", "_low", "_high")),
    *("sd_a", "sd_b", "effect", "effect_low", "effect_high", "standardized", "statistic", "p_value"),
)


@pytest.mark.parametrize("test", EVERY_TEST)
def test_planted_heads_are_recall_heads_and_no_others(test):
    scores = make_scores(60, effects={(0, 3): 0.15, (2, 1): -0.1})
    found = inference.test_heads(scores, TRUTH, quick(test=test))
    assert np.argwhere(found.recall_heads().to_numpy()).tolist() == [[0, 3], [2, 1]]
    assert found.strongest(2) == [(0, 3), (2, 1)]
    assert found.recall_heads().dims == ("layer", "head")
    assert found.test == test
    assert float(found.heads.effect.sel(layer=2, head=1)) == pytest.approx(-0.1, abs=0.03)
    assert (found.heads.effect_low < found.heads.effect).all()
    assert (found.heads.effect < found.heads.effect_high).all()


def test_an_effect_below_the_smallest_of_interest_is_significant_and_no_recall_head():
    scores = make_scores(60, effects={(0, 0): 0.15, (1, 1): 0.08})
    found = inference.test_heads(scores, TRUTH, quick(smallest_effect=0.12))
    assert np.argwhere(found.significant("holm").to_numpy()).tolist() == [[0, 0], [1, 1]]
    assert np.argwhere(found.recall_heads().to_numpy()).tolist() == [[0, 0]]


def test_an_effect_of_just_the_smallest_size_counts():
    scores = make_scores(60, effects={(0, 0): 0.15})
    effect = float(inference.test_heads(scores, TRUTH, quick()).heads.effect[0, 0])
    found = inference.test_heads(scores, TRUTH, quick(smallest_effect=effect))
    assert bool(found.recall_heads()[0, 0])


def test_corrections_are_those_of_the_spec_and_the_headline_decides():
    scores = make_scores(30, effects={(0, 0): 0.035, (0, 1): 0.03, (1, 0): 0.2})
    settings = quick(corrections=("none", "bonferroni"), headline="none", smallest_effect=0.0)
    found = inference.test_heads(scores, TRUTH, settings)
    assert found.heads.correction.to_numpy().tolist() == ["none", "bonferroni"]
    np.testing.assert_array_equal(found.adjusted("none"), found.heads.p_value)
    np.testing.assert_allclose(
        found.adjusted("bonferroni"), np.minimum(1, found.heads.p_value * LAYERS * HEADS), rtol=1e-12
    )
    np.testing.assert_array_equal(found.recall_heads(), found.significant("none"))
    assert found.significant("none").sum() > found.significant("bonferroni").sum() > 0
    with pytest.raises(KeyError, match="correction"):
        found.adjusted("holm")


def test_alpha_decides_significance_intervals_and_power():
    scores = make_scores(30, effects={(0, 0): 0.03})
    strict, mild = (inference.test_heads(scores, TRUTH, quick(alpha=alpha)) for alpha in (1e-6, 0.3))
    assert not strict.significant("holm").any()
    assert mild.significant("holm").any()
    for low, high in (("effect_low", "effect_high"), ("mean_a_low", "mean_a_high"), ("mean_b_low", "mean_b_high")):
        assert (strict.heads[high] - strict.heads[low] > mild.heads[high] - mild.heads[low]).all()
    assert (strict.heads.detectable > mild.heads.detectable).all()


@pytest.mark.parametrize("headline", ["none", "bonferroni", "benjamini_yekutieli"])
def test_the_detectable_effect_is_that_of_the_headline_correction(headline):
    scores = make_scores(30)
    found = inference.test_heads(scores, TRUTH, quick(headline=headline))
    alpha = criterion(headline).strictest(0.05, LAYERS * HEADS)
    uncorrected = quick(headline="none", alpha=alpha)
    same = inference.test_heads(scores, TRUTH, uncorrected)
    np.testing.assert_allclose(found.heads.detectable, same.heads.detectable, rtol=1e-12)


def test_heads_that_cannot_be_tested_leave_the_family_and_are_named():
    scores = make_scores(effects={(1, 2): 0.2})
    scores[1::2, 0, 1] = scores[0::2, 0, 1].to_numpy()
    scores[:, 2, 3] = 0.5
    scores[4, 1, 0] = np.nan
    found = inference.test_heads(scores, TRUTH, quick())
    assert found.family_size == LAYERS * HEADS - 3
    untested = found.heads.reason != ""
    for name in ("statistic", "p_value", "standardized", "detectable"):
        np.testing.assert_array_equal(np.isnan(found.heads[name]), untested)
    np.testing.assert_array_equal(np.isnan(found.adjusted("holm")), untested)
    assert not found.significant("none").where(untested, other=False).any()
    assert found.notices == (
        Notice(
            "left out",
            "2 of 12 heads cannot be tested in the contrast `truth` and are not corrected for: "
            "every difference is exactly zero.",
            ("L0H1", "L2H3"),
        ),
        Notice(
            "left out",
            "1 of 12 heads cannot be tested in the contrast `truth` and are not corrected for: a score is not finite.",
            ("L1H0",),
        ),
    )
    np.testing.assert_allclose(
        found.adjusted("bonferroni"), np.minimum(1, found.heads.p_value * found.family_size), rtol=1e-12
    )
    assert found.strongest(12)[-1] == (1, 0)


@pytest.mark.parametrize("test", EVERY_TEST)
def test_a_model_whose_heads_all_say_nothing(test):
    scores = make_scores()
    scores[:] = 0.25
    found = inference.test_heads(scores, TRUTH, quick(test=test))
    assert found.family_size == 0
    assert not found.recall_heads().any()
    assert (found.heads.effect == 0).all()
    assert found.strongest(3) == [(0, 0), (0, 1), (0, 2)]
    assert found.notices[-1].message.startswith("12 of 12 heads cannot be tested")


def test_significant_heads_are_stronger_than_larger_effects_that_are_not():
    scores = make_scores(20, effects={(2, 2): 0.1})
    scores[0, 0, 0] = 40.0
    found = inference.test_heads(scores, TRUTH, quick())
    assert float(found.heads.effect[0, 0]) > 1
    assert found.strongest(2) == [(2, 2), (0, 0)]
    ranked = found.strongest(100)
    assert sorted(ranked) == [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]
    sizes = [abs(float(found.heads.effect[cell])) for cell in ranked[1:]]
    assert sizes == sorted(sizes, reverse=True)


def test_scores_compared_stand_row_by_row_when_paired():
    scores = make_scores()[::-1]
    found = inference.test_heads(scores, TRUTH, quick())
    assert found.a.pair.to_numpy().tolist() == found.b.pair.to_numpy().tolist()
    assert found.a.truth.all()
    assert not found.b.truth.any()
    np.testing.assert_allclose((found.a.to_numpy() - found.b.to_numpy()).mean(axis=0), found.heads.effect, rtol=1e-4)


def test_incomplete_pairs_are_left_out_of_a_paired_test():
    scores = make_scores()[1:]
    found = inference.test_heads(scores, TRUTH, quick(test="wilcoxon"))
    assert (found.n_a, found.n_b, found.notices[0].kind) == (19, 19, "left out")
    independent = inference.test_heads(scores, TRUTH, quick())
    assert (independent.design, independent.n_a, independent.n_b) == ("independent", 19, 20)


@pytest.mark.parametrize("test", EVERY_TEST)
def test_the_same_study_gives_the_same_numbers_and_the_order_of_dimensions_is_free(test):
    scores = make_scores()
    first, again, turned = (
        inference.test_heads(given, TRUTH, quick(test=test, seed=3))
        for given in (scores, scores, scores.transpose("head", "statement", "layer"))
    )
    assert first.heads.identical(again.heads)
    assert first.heads.identical(turned.heads)
    assert turned.a.dims == ("statement", "layer", "head")


@pytest.mark.parametrize("test", EVERY_TEST)
def test_only_the_bootstrap_and_the_arrangements_depend_on_the_seed(test):
    scores = make_scores()
    one, other = (inference.test_heads(scores, TRUTH, quick(test=test, seed=seed)) for seed in (1, 2))
    changed = {name for name in one.heads if not one.heads[name].identical(other.heads[name])}
    drawn = {"bootstrap_low", "bootstrap_high", "simultaneous_low", "simultaneous_high", "detectable", "adjusted"}
    assert changed == drawn | ({"effect_low", "effect_high"} if test in RANK_TESTS else set())
    assert {name for name in ARRANGED if not one.adjusted(name).identical(other.adjusted(name))} == set(ARRANGED)
    for name in get_args(Correction):
        assert name in ARRANGED or one.adjusted(name).identical(other.adjusted(name))


def test_few_pairs_are_arranged_in_every_way_and_need_no_seed():
    scores = make_scores(9)
    one, other = (inference.test_heads(scores, TRUTH, quick(seed=seed)) for seed in (1, 2))
    assert (one.adjusting.exact, one.adjusting.arrangements) == (True, 2**9)
    np.testing.assert_array_equal(one.heads.adjusted, other.heads.adjusted)
    np.testing.assert_array_equal(one.heads.simultaneous_low, other.heads.simultaneous_low)


def test_independent_sets_are_standardized_by_hedges():
    scores = make_scores(effects={(0, 0): 0.1})
    found = inference.test_heads(scores, TRUTH, quick(test="student"))
    a, b = scores.to_numpy()[0::2, 0, 0].astype(float), scores.to_numpy()[1::2, 0, 0].astype(float)
    cohens_d = (a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert float(found.heads.standardized[0, 0]) == pytest.approx(cohens_d * (1 - 3 / (4 * 38 - 1)), rel=1e-4)


@pytest.mark.parametrize(("test", "equal_variances"), [("student", True), ("welch", False)])
def test_independent_tests_have_their_own_intervals(test, equal_variances):
    scores = make_scores()[9:]
    found = inference.test_heads(scores, TRUTH, quick(test=test))
    expected = stats.ttest_ind(
        found.a.to_numpy().astype(float), found.b.to_numpy().astype(float), equal_var=equal_variances
    )
    np.testing.assert_allclose(found.heads.p_value, expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(found.heads.effect_low, expected.confidence_interval(0.95).low, rtol=1e-9)


def test_a_contrast_by_another_column():
    chosen = ContrastSection(
        id="subjects",
        title="Some subjects against others",
        a=StatementSet(name="these", where={"subject": tuple(f"s{i}" for i in range(9))}),
        b=StatementSet(name="those", where={"subject": tuple(f"s{i}" for i in range(9, 20))}),
    )
    found = inference.test_heads(make_scores(), chosen, quick())
    assert (found.test, found.n_a, found.n_b) == ("welch", 18, 22)
    assert found.contrast is chosen


def test_an_unknown_column_is_an_error_here_as_well():
    chosen = TRUTH.model_copy(update={"a": StatementSet(name="true", where={"statement": "p0-0"})})
    with pytest.raises(UnknownColumnError, match="`pair`, `subject`, `truth`"):
        inference.test_heads(make_scores(), chosen, quick())


def test_where_nothing_differs_about_alpha_of_the_heads_pass_uncorrected():
    rng = np.random.default_rng(0)
    base = make_scores(40)
    values = rng.random((80, 40, 50)).astype(np.float32)
    statements = [
        Labelled(str(i), {"truth": bool(t), "pair": str(p)})
        for i, (t, p) in enumerate(zip(base.truth.to_numpy(), base.pair.to_numpy(), strict=True))
    ]
    found = inference.test_heads(label_scores(values, statements), TRUTH, quick())
    assert float(found.significant("none").mean()) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 2000))
    assert not found.significant("holm").any()
