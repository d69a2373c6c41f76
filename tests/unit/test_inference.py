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
from reportgen.spec.model import TRUTH, Alternative, ContrastSection, Correction, StatementSet, TestsSection
from reportgen.stats import tests as head_tests
from reportgen.stats.corrections import adjust, criterion

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
    drawn = {"simultaneous_low", "simultaneous_high", "detectable", "adjusted"}
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


EVERY_SIDE = pytest.mark.parametrize("alternative", get_args(Alternative))


@EVERY_SIDE
@pytest.mark.parametrize("test", EVERY_TEST)
def test_p_values_are_those_of_the_alternative(test, alternative):
    scores = make_scores(effects={(0, 3): 0.12, (2, 1): -0.12})
    found = inference.test_heads(scores, TRUTH, quick(test=test, alternative=alternative))
    a, b = (units.to_numpy().reshape(20, -1) for units in (found.units_a, found.units_b))
    expected = getattr(head_tests, test)(a, b, alternative)
    np.testing.assert_array_equal(found.heads.p_value.to_numpy().ravel(), expected.p_value)
    significant = {(0, 3): alternative != "less", (2, 1): alternative != "greater"}
    for name in ("holm", *ARRANGED):
        assert {cell: bool(found.adjusted(name)[cell] <= 0.05) for cell in significant} == significant


@EVERY_SIDE
@pytest.mark.parametrize(("pairs", "exact"), [(10, True), (30, False)])
@pytest.mark.parametrize("columns", ["partners", "no pairs"])
def test_permutation_p_values_come_from_the_arrangements(columns, pairs, exact, alternative):
    scores = make_scores(pairs if columns == "partners" else pairs // 2 + 1, effects={(0, 3): 0.1})
    scores = scores if columns == "partners" else scores.drop_vars("pair")
    found = inference.test_heads(scores, TRUTH, quick(test="permutation", resamples=2_000, alternative=alternative))
    by_t = inference.test_heads(scores, TRUTH, quick(resamples=2_000, alternative=alternative))
    assert (found.test, found.design) == ("permutation", "paired" if columns == "partners" else "independent")
    assert found.adjusting.exact == exact
    arranged = found.adjusting.arrangements + (0 if exact else 1)
    np.testing.assert_allclose(found.heads.p_value * arranged, np.round(found.heads.p_value * arranged), atol=1e-6)
    np.testing.assert_allclose(found.heads.p_value, by_t.heads.p_value, atol=0.06)
    np.testing.assert_array_equal(found.adjusted("max_t"), by_t.adjusted("max_t"))
    np.testing.assert_allclose(
        found.adjusted("bonferroni"), np.minimum(1, found.heads.p_value * LAYERS * HEADS), rtol=1e-12
    )


@pytest.mark.parametrize("test", ["paired_t", "welch", "student"])
@pytest.mark.parametrize("pairs", [9, 40])
def test_simultaneous_intervals_leave_out_0_exactly_where_max_t_finds_a_head(test, pairs):
    effects = {cell: 0.01 * place for place, cell in enumerate(np.ndindex(LAYERS, HEADS))}
    found = inference.test_heads(make_scores(pairs, effects), TRUTH, quick(test=test))
    beyond = (found.heads.simultaneous_low > 0) | (found.heads.simultaneous_high < 0)
    np.testing.assert_array_equal(beyond, found.significant("max_t"))
    assert 0 < beyond.sum() < LAYERS * HEADS
    assert (found.heads.simultaneous_low < found.heads.effect_low).all()


def test_simultaneous_intervals_hold_all_effects_at_once():
    alpha, studies, missed = 0.2, 100, 0
    for study in range(studies):
        settings = quick(alpha=alpha, resamples=199, corrections=("max_t",))
        heads = inference.test_heads(make_scores(12, {(0, 0): 0.1}, study), TRUTH, settings).heads
        true = np.zeros((LAYERS, HEADS))
        true[0, 0] = 0.1
        missed += bool(((heads.simultaneous_low > true) | (heads.simultaneous_high < true)).any())
    assert missed / studies == pytest.approx(alpha, abs=4 * np.sqrt(alpha * (1 - alpha) / studies))


@pytest.mark.parametrize(
    ("headline", "level"),
    [
        ("none", lambda alpha, m, selected: alpha),
        ("bonferroni", lambda alpha, m, selected: alpha / m),
        ("holm", lambda alpha, m, selected: alpha / m),
        ("hommel", lambda alpha, m, selected: alpha / m),
        ("sidak", lambda alpha, m, selected: 1 - (1 - alpha) ** (1 / m)),
        ("benjamini_hochberg", lambda alpha, m, selected: selected * alpha / m),
        ("two_stage_benjamini_hochberg", lambda alpha, m, selected: selected * alpha / (1 + alpha) / m),
        (
            "benjamini_yekutieli",
            lambda alpha, m, selected: selected * alpha / (m * sum(1 / i for i in range(1, m + 1))),
        ),
    ],
)
@pytest.mark.parametrize("effects", [{}, {(0, 0): 0.2, (1, 1): 0.2, (2, 2): -0.2}], ids=["none found", "three found"])
def test_intervals_have_the_level_of_the_headline_correction(headline, level, effects):
    found = inference.test_heads(make_scores(20, effects), TRUTH, quick(headline=headline))
    selected = max(int(found.significant(headline).sum()), 1)
    assert selected == (len(effects) or 1) or headline == "none"
    a, b = found.units_a.to_numpy().astype(np.float64), found.units_b.to_numpy().astype(np.float64)
    expected = stats.ttest_rel(a, b).confidence_interval(1 - level(0.05, LAYERS * HEADS, selected))
    np.testing.assert_allclose(found.heads.simultaneous_low, expected.low, rtol=1e-7)
    np.testing.assert_allclose(found.heads.simultaneous_high, expected.high, rtol=1e-7)


@pytest.mark.parametrize("test", EVERY_TEST)
def test_bootstrap_intervals_belong_to_every_test(test):
    found = inference.test_heads(make_scores(effects={(0, 3): 0.15}), TRUTH, quick(test=test))
    interval, effect = inference.bootstrap_interval(found), found.heads.effect.to_numpy().ravel()
    assert ((interval.low < effect) & (effect < interval.high)).all()
    assert interval.low[3] > 0.1
    same = np.array_equal(interval.low, found.heads.effect_low.to_numpy().ravel())
    assert same == (test in RANK_TESTS)


@pytest.mark.parametrize("headline", ["holm", "max_t", "none", "bonferroni"])
def test_heads_are_shown_to_be_negligible_by_two_one_sided_tests(headline):
    scores = make_scores(200, effects={(0, 0): 0.1, (1, 1): 0.02})
    found = inference.test_heads(scores, TRUTH, quick(smallest_effect=0.03, headline=headline))
    a, b = found.units_a.to_numpy().astype(np.float64), found.units_b.to_numpy().astype(np.float64)
    above = stats.ttest_1samp(a - b, -0.03, alternative="greater").pvalue
    below = stats.ttest_1samp(a - b, 0.03, alternative="less").pvalue
    method = "holm" if headline == "max_t" else headline
    expected = adjust(np.maximum(above, below).ravel(), method, 0.05).reshape(LAYERS, HEADS)
    np.testing.assert_allclose(found.heads.equivalence, expected, rtol=1e-7)
    assert bool(found.negligible()[0, 0]) is False
    assert found.negligible().sum() >= LAYERS * HEADS - 4
    assert not (found.negligible() & found.recall_heads()).any()


def test_dominance_is_about_signs_of_pairs_and_about_all_pairs_of_sets():
    scores = make_scores(effects={(0, 0): 0.05})
    values = scores.to_numpy()
    a, b = values[0::2], values[1::2]
    paired, independent = (inference.test_heads(scores, TRUTH, quick(test=test)) for test in ("paired_t", "welch"))
    np.testing.assert_allclose(paired.heads.dominance, np.sign(a - b).mean(axis=0))
    every = np.sign(a[:, np.newaxis] - b[np.newaxis]).mean(axis=(0, 1))
    np.testing.assert_allclose(independent.heads.dominance, every, atol=1e-12)


def subjects(name, numbers):
    return StatementSet(name=name, where={"subject": tuple(f"s{number}" for number in numbers)})


def among(name, numbers):
    """True against false among some of the pairs."""
    some = subjects("some", numbers).where
    return ContrastSection(
        id=name,
        title=name,
        a=StatementSet(name="true", where={**some, "truth": True}),
        b=StatementSet(name="false", where={**some, "truth": False}),
    )


def test_a_family_is_one_contrast_or_all_of_the_study():
    scores, contrasts = make_scores(30, {(1, 2): 0.06}), (among("low", range(15)), among("high", range(15, 30)))
    apart = inference.test_contrasts(scores, contrasts, quick())
    together = inference.test_contrasts(scores, contrasts, quick(family="study"))
    assert [one.family_size for one in apart] == [12, 12]
    assert [one.family_size for one in together] == [24, 24]
    assert [one.tested for one in together] == [12, 12]
    for alone, shared, contrast in zip(apart, together, contrasts, strict=True):
        assert alone.heads.identical(inference.test_heads(scores, contrast, quick()).heads)
        assert shared.contrast is contrast
        for name in ("effect", "p_value", "effect_low", "statistic"):
            np.testing.assert_array_equal(alone.heads[name], shared.heads[name])
        np.testing.assert_allclose(shared.adjusted("bonferroni"), np.minimum(1, 24 * shared.heads.p_value), rtol=1e-12)
        assert (shared.adjusted("holm") >= alone.adjusted("holm") - 1e-12).all()
        assert (shared.heads.detectable > alone.heads.detectable).all()
    every = np.concatenate([one.heads.p_value.to_numpy().ravel() for one in together])
    adjusted = np.concatenate([one.adjusted("benjamini_hochberg").to_numpy().ravel() for one in together])
    np.testing.assert_allclose(adjusted, adjust(every, "benjamini_hochberg", 0.05), rtol=1e-12)
    assert together[0].adjusting.critical == together[1].adjusting.critical


def test_max_t_over_a_study_knows_which_contrasts_share_their_pairs():
    scores = make_scores(30, {(1, 2): 0.05})
    same = (among("one", range(20)), among("other", range(20)))
    alone = inference.test_heads(scores, same[0], quick())
    together = inference.test_contrasts(scores, same, quick(family="study"))
    for one in together:
        np.testing.assert_array_equal(one.adjusted("max_t"), alone.adjusted("max_t"))
        np.testing.assert_array_equal(one.adjusted("max_t_step_down"), alone.adjusted("max_t_step_down"))
        assert (one.adjusted("holm") > alone.adjusted("holm")).any()
        assert one.adjusting.critical == pytest.approx(alone.adjusting.critical, rel=1e-4)


def test_max_t_over_contrasts_of_other_pairs_costs_more():
    scores = make_scores(60)
    contrasts = (among("low", range(30)), among("high", range(30, 60)))
    together = inference.test_contrasts(scores, contrasts, TestsSection(family="study"))
    alone = inference.test_heads(scores, contrasts[0], TestsSection())
    sidak = 1 - (1 - alone.adjusted("max_t")) ** 2
    np.testing.assert_allclose(together[0].adjusted("max_t"), sidak, atol=0.03)


def test_a_contrast_whose_heads_cannot_be_tested_leaves_the_family_of_the_study():
    scores = make_scores(30, {(1, 2): 0.1})
    scores[{"statement": slice(30, 60)}] = 0.25
    contrasts = (among("low", range(15)), among("high", range(15, 30)))
    for settings in (quick(family="study"), quick(family="study", headline="holm")):
        low, high = inference.test_contrasts(scores, contrasts, settings)
        assert (low.family_size, high.family_size, low.tested, high.tested) == (12, 12, 12, 0)
        assert np.isnan(high.adjusted("max_t")).all()
        assert bool(low.recall_heads()[1, 2])
        assert not high.recall_heads().any()


def test_pairs_and_sets_make_one_family():
    scores = make_scores(30, {(1, 2): 0.1})
    halves = ContrastSection(id="halves", title="H", a=subjects("low", range(15)), b=subjects("high", range(15, 30)))
    paired, independent = inference.test_contrasts(scores, (TRUTH, halves), quick(family="study"))
    assert (paired.design, independent.design) == ("paired", "independent")
    assert paired.family_size == independent.family_size == 24
    assert np.argwhere(paired.recall_heads().to_numpy()).tolist() == [[1, 2]]
    assert not independent.recall_heads().any()


def test_what_pairs_are_called_makes_no_difference():
    scores = make_scores(30, {(1, 2): 0.1})
    numbered = scores.assign_coords(pair=("statement", np.char.lstrip(scores.pair.to_numpy().astype(str), "p")))
    halves = ContrastSection(id="halves", title="H", a=subjects("low", range(15)), b=subjects("high", range(15, 30)))
    one, other = (
        inference.test_contrasts(given, (TRUTH, halves), quick(family="study")) for given in (scores, numbered)
    )
    for named, counted in zip(one, other, strict=True):
        assert named.heads.identical(counted.heads)


def arrangement_warnings(found):
    return [notice.message for notice in found.notices if notice.message.startswith("The smallest possible")]


@pytest.mark.parametrize(
    ("pairs", "settings", "message"),
    [
        (
            5,
            quick(),
            "The smallest possible p-value is 0.062, because its units can be arranged in 32 ways alone; a first finding "
            "under the headline correction needs 0.05, so that no head may be found whatever its scores: more units are "
            "needed.",
        ),
        (
            20,
            quick(alpha=0.0005),
            "The smallest possible p-value is 0.001, because 999 arrangements were drawn; a first finding under the "
            "headline correction needs 0.0005, so that no head may be found whatever its scores: raise "
            "`tests.resamples`.",
        ),
        (
            8,
            quick(test="permutation", headline="bonferroni"),
            "The smallest possible p-value is 0.0078, because its units can be arranged in 256 ways alone; a first "
            "finding under the headline correction needs 0.0042, so that no head may be found whatever its scores: more "
            "units are needed.",
        ),
    ],
)
def test_fewer_arrangements_than_a_finding_needs_are_a_warning(pairs, settings, message):
    found = inference.test_heads(make_scores(pairs, {(1, 2): 5.0}), TRUTH, settings)
    assert arrangement_warnings(found) == [message]
    assert not found.significant(settings.headline).any()


@pytest.mark.parametrize(
    ("pairs", "settings"),
    [(6, quick()), (5, quick(headline="holm")), (9, quick(test="permutation", headline="bonferroni")), (20, quick())],
)
def test_enough_arrangements_are_no_warning(pairs, settings):
    found = inference.test_heads(make_scores(pairs, {(1, 2): 5.0}), TRUTH, settings)
    assert arrangement_warnings(found) == []
    assert bool(found.significant(settings.headline)[1, 2])


def test_a_pareto_tail_makes_small_p_values_finer_than_the_arrangements():
    scores = make_scores(60, {(1, 2): 0.06})
    plain, fitted = (inference.test_heads(scores, TRUTH, quick(tail=tail)) for tail in ("empirical", "pareto"))
    assert plain.adjusting.tail is None
    assert fitted.adjusting.tail.fitted
    assert float(plain.adjusted("max_t")[1, 2]) == 0.001
    assert 1e-6 <= float(fitted.adjusted("max_t")[1, 2]) < 0.001
    assert float(fitted.adjusted("max_t_step_down")[1, 2]) == float(fitted.adjusted("max_t")[1, 2])
    weak = plain.adjusted("max_t") > 0.3
    np.testing.assert_array_equal(fitted.adjusted("max_t").where(weak), plain.adjusted("max_t").where(weak))
    np.testing.assert_array_equal(fitted.adjusted("holm"), plain.adjusted("holm"))


def test_listed_arrangements_have_no_tail_to_fit():
    scores = make_scores(9, {(1, 2): 0.06})
    plain, fitted = (inference.test_heads(scores, TRUTH, quick(tail=tail)) for tail in ("empirical", "pareto"))
    assert plain.adjusting.exact
    assert plain.heads.identical(fitted.heads)


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_what_one_side_could_have_seen_follows_from_its_own_critical_value(alternative):
    scores = make_scores(40)
    one, both = (
        inference.test_heads(scores, TRUTH, TestsSection(alternative=side, corrections=("max_t",)))
        for side in (alternative, "two-sided")
    )
    assert (one.heads.detectable < both.heads.detectable).all()
    np.testing.assert_array_equal(one.heads.simultaneous_low, both.heads.simultaneous_low)


def test_units_that_are_there_already_are_tested_as_statements_are():
    scores = make_scores(20, {(1, 2): 0.1})
    for test, design in (("auto", "paired"), ("wilcoxon", "paired"), ("welch", "independent")):
        found = inference.test_heads(scores, TRUTH, quick(test=test))
        again = inference.test_units(found.units_a, found.units_b, design, TRUTH, quick(test=test))
        assert again.heads.identical(found.heads)
        assert again.test == found.test


def test_joint_families_of_few_units_say_that_more_arrangements_are_no_help():
    scores = make_scores(5, {(1, 2): 5.0})
    other = TRUTH.model_copy(update={"id": "again"})
    found, _ = inference.test_contrasts(scores, (TRUTH, other), quick(family="study"))
    (message,) = arrangement_warnings(found)
    assert "its units can be arranged in few ways" in message
    assert message.endswith("more units are needed.")


def test_intervals_after_selection_allow_for_the_heads_that_are_reported_and_no_others():
    effects = {(0, 0): 0.2, (1, 1): 0.1, (2, 2): 0.1}
    widths = []
    for smallest in (0.0, 0.15):
        settings = quick(headline="benjamini_hochberg", smallest_effect=smallest)
        found = inference.test_heads(make_scores(40, effects), TRUTH, settings)
        reported = int(found.recall_heads().sum())
        expected = stats.t.ppf(1 - 0.05 * reported / found.family_size / 2, 39)
        width = float((found.heads.simultaneous_high - found.heads.simultaneous_low)[0, 0])
        error = float((found.heads.effect_high - found.heads.effect_low)[0, 0]) / 2 / stats.t.ppf(0.975, 39)
        assert width / 2 == pytest.approx(expected * error)
        widths.append((reported, width))
    (many, narrow), (few, wide) = widths
    assert (many, few) == (3, 1)
    assert narrow < wide


@pytest.mark.parametrize("test", ["paired_t", "wilcoxon"])
def test_the_critical_value_is_that_of_the_test_and_the_intervals_have_their_own(test):
    found = inference.test_heads(make_scores(20), TRUTH, quick(test=test, alternative="greater"))
    passing = found.adjusted("max_t") <= found.alpha
    statistics = found.adjusting.observed.reshape(passing.shape)
    np.testing.assert_array_equal(statistics > found.adjusting.critical, passing)
    assert found.adjusting.critical < found.adjusting.interval_critical
