"""Differences of differences and doses, on planted truths and against SciPy, and every way in which they fail."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy import stats

from reportgen import further, inference
from reportgen.contrasts import ClusterDesignError, EmptySetError, OverlappingSetsError, TooFewStatementsError
from reportgen.errors import InputError, StudyError
from reportgen.planned import DoseColumnError, InteractionDesignError
from reportgen.scores import label_scores
from reportgen.spec.model import TRUTH, ContrastSection, DoseSection, InteractionSection, StatementSet, TestsSection
from tests.planted import SPEC

LAYERS, HEADS = 3, 4
PAIRS = 40
CAPITALS = StatementSet(name="capitals", where={"relation": "capital"})
RIVERS = StatementSet(name="rivers", where={"relation": "river"})
INTERACTION = InteractionSection(id="by-relation", title="By relation", contrast="truth", x=CAPITALS, y=RIVERS)
DOSE = DoseSection(id="size", title="Size", column="size", method="pearson")


@dataclass(frozen=True)
class Labelled:
    id: str
    labels: dict[str, str | bool] = field(default_factory=dict)


def statements(pairs=PAIRS):
    """True and false statements in turn, every other pair about a capital; each subject has two pairs."""
    return [
        Labelled(
            f"{pair}-{truth}",
            {
                "truth": truth,
                "pair": f"p{pair}",
                "relation": ("capital", "river")[pair % 2],
                "subject": f"s{pair // 2}",
                "group": f"g{pair // 4 * 2 + pair % 2}",
            },
        )
        for pair in range(pairs)
        for truth in (True, False)
    ]


def scores_of(made, effects=None, seed=0, **columns):
    """Scores about 0.3; `effects` are added to true statements about capitals, by head."""
    values = np.random.default_rng(seed).normal(0.3, 0.02, (len(made), LAYERS, HEADS))
    planted = [one.labels["truth"] and one.labels["relation"] == "capital" for one in made]
    for cell, effect in (effects or {}).items():
        values[(planted, *cell)] += effect
    return label_scores(values, made, {name: np.asarray(column) for name, column in columns.items()})


def spec(**changes):
    settings = {"resamples": 999, "corrections": ("none", "holm", "max_t", "max_t_step_down"), "headline": "max_t"}
    return SPEC.model_copy(update={"tests": TestsSection(**{**settings, **changes})})


def interact(scores, section=INTERACTION, **changes):
    return further.interact(scores, section, spec(**changes), "study.yml")


def dosed(scores, section=DOSE, **changes):
    return further.dose(scores, section, spec(**changes).tests, "study.yml")


def test_a_difference_of_differences_is_that_by_hand():
    scores = scores_of(statements(), {(1, 2): 0.1})
    found = interact(scores).tests
    values = scores.to_numpy()
    differences = values[0::2] - values[1::2]
    x, y = differences[0::2], differences[1::2]
    assert (found.design, found.test, found.n_a, found.n_b) == ("independent", "welch", 20, 20)
    np.testing.assert_allclose(found.heads.effect, x.mean(axis=0) - y.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.heads.mean_a, x.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.heads.p_value, stats.ttest_ind(x, y, equal_var=False).pvalue, rtol=1e-9)
    assert found.contrast.id == "by-relation"


@pytest.mark.parametrize("test", ["auto", "paired_t", "wilcoxon", "permutation"])
def test_what_was_planted_in_one_set_alone_is_found_and_nothing_else(test):
    found = interact(scores_of(statements(), {(1, 2): 0.1}), test=test)
    assert np.argwhere(found.tests.recall_heads().to_numpy()).tolist() == [[1, 2]]
    assert found.section is INTERACTION


def test_what_was_planted_in_both_sets_is_no_interaction():
    scores = scores_of(statements())
    scores[{"statement": scores.truth.to_numpy()}] += 0.1
    assert inference.test_heads(scores, TRUTH, spec().tests).recall_heads().all()
    assert not interact(scores).tests.recall_heads().any()


@pytest.mark.parametrize(("test", "instead"), [("paired_t", "welch"), ("wilcoxon", "mann_whitney")])
def test_a_test_of_partners_gives_way_to_one_of_two_sets(test, instead):
    scores = scores_of(statements())
    assert interact(scores, test=test).tests.test == instead


def test_clusters_are_the_units_of_an_interaction_as_well():
    scores = scores_of(statements(), {(1, 2): 0.1})
    nested = interact(scores, cluster="group").tests
    assert (nested.design, nested.n_a, nested.n_b) == ("independent", 10, 10)
    crossed = interact(scores, cluster="subject").tests
    assert (crossed.design, crossed.n_a) == ("paired", 20)
    for found in (nested, crossed):
        assert np.argwhere(found.recall_heads().to_numpy()).tolist() == [[1, 2]]


def test_clusters_of_both_sets_are_partners_where_the_test_is_one_of_partners():
    found = interact(scores_of(statements(), {(1, 2): 0.1}), cluster="subject", test="paired_t").tests
    assert (found.design, found.test, found.n_a) == ("paired", "paired_t", 20)


def test_an_interaction_needs_pairs():
    halves = ContrastSection(
        id="halves",
        title="Halves",
        a=StatementSet(name="first", where={"subject": tuple(f"s{i}" for i in range(10))}),
        b=StatementSet(name="rest", where={"subject": tuple(f"s{i}" for i in range(10, 20))}),
    )
    of_halves = spec().model_copy(update={"contrasts": (halves,)})
    with pytest.raises(InteractionDesignError) as caught:
        further.interact(
            scores_of(statements()), INTERACTION.model_copy(update={"contrast": "halves"}), of_halves, "study.yml"
        )
    assert isinstance(caught.value, InputError)
    assert str(caught.value) == (
        "study.yml: the interaction `by-relation` needs pairs, and the contrast `halves` has statements without\n"
        "    name a contrast whose every statement has its twin"
    )


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (CAPITALS, CAPITALS, OverlappingSetsError, "share 20 of its statements"),
        (CAPITALS, RIVERS.model_copy(update={"where": {"relation": "lake"}}), EmptySetError, "`capital`, `river`"),
        (
            CAPITALS,
            RIVERS.model_copy(update={"where": {"pair": "p1"}}),
            TooFewStatementsError,
            "needs at least 2 statements in each set",
        ),
    ],
)
def test_sets_of_an_interaction_that_cannot_be_compared(x, y, error, message):
    with pytest.raises(error, match=message):
        interact(scores_of(statements()), INTERACTION.model_copy(update={"x": x, "y": y}))


def sizes(made, seed=1):
    return np.random.default_rng(seed).normal(50, 10, len(made))


def planted_dose(made, column):
    """True statements give L2H3 more attention where the column is larger, and L0H1 less."""
    scores = scores_of(made, size=column)
    scores[:, 2, 3] += 0.002 * (column - 50)
    scores[:, 0, 1] -= 0.004 * (column - 50)
    return scores


@pytest.mark.parametrize("headline", ["holm", "max_t", "max_t_step_down"])
@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_planted_relations_are_found_and_no_others(method, headline):
    made = statements(80)
    scores = planted_dose(made, sizes(made))
    found = dosed(scores, DOSE.model_copy(update={"method": method}), headline=headline)
    assert np.argwhere(found.significant.to_numpy()).tolist() == [[0, 1], [2, 3]]
    assert (float(found.correlation[0, 1]) < -0.5, float(found.correlation[2, 3]) > 0.5) == (True, True)
    assert (found.units, found.headline, found.alpha, found.notices) == (80, headline, 0.05, ())
    assert found.correlation.dims == ("layer", "head")


@pytest.mark.parametrize(("method", "reference"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_every_correlation_stands_at_its_own_head_and_is_scipys(method, reference):
    made = statements()
    scores = planted_dose(made, sizes(made))
    found = dosed(scores, DOSE.model_copy(update={"method": method}), headline="none")
    true = scores.truth.to_numpy()
    for layer, head in np.ndindex(LAYERS, HEADS):
        expected = reference(scores.to_numpy()[true, layer, head], scores["size"].to_numpy()[true])
        assert float(found.correlation[layer, head]) == pytest.approx(expected.statistic, rel=1e-9)
        assert float(found.p_value[layer, head]) == pytest.approx(expected.pvalue, rel=1e-7)
    np.testing.assert_array_equal(found.adjusted, found.p_value)


def test_the_order_of_dimensions_is_free():
    made = statements()
    scores = planted_dose(made, sizes(made))
    turned = dosed(scores.transpose("head", "statement", "layer"))
    assert dosed(scores).adjusted.identical(turned.adjusted)


def test_text_that_holds_numbers_is_read_as_numbers():
    made = statements()
    column = np.round(sizes(made), 2)
    numbers, text = (
        dosed(planted_dose(made, column).assign_coords(size=("statement", given)))
        for given in (column, column.astype(str))
    )
    assert numbers.correlation.identical(text.correlation)


def test_truth_values_are_0_and_1():
    made = statements()
    found = dosed(scores_of(made), DOSE.model_copy(update={"column": "truth", "where": {"relation": "capital"}}))
    assert found.units == 40


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_statements_without_a_number_are_left_out_with_a_notice(nothing):
    made = statements()
    column = sizes(made)
    column[[0, 2, 4, 5]] = nothing
    scores = planted_dose(made, sizes(made)).assign_coords(size=("statement", column))
    found = dosed(scores)
    assert found.units == PAIRS - 3
    assert [(notice.kind, notice.message) for notice in found.notices] == [
        ("left out", "In the dose `size`, 3 statements have no number in `size`.")
    ]
    without = dosed(scores[np.isfinite(column)])
    assert found.correlation.identical(without.correlation)
    assert without.notices == ()


def test_words_among_the_numbers_are_left_out_as_well():
    made = statements()
    text = np.round(sizes(made), 2).astype(str)
    text[[0, 2]] = ["unknown", ""]
    found = dosed(scores_of(made, size=text))
    assert (found.units, len(found.notices)) == (PAIRS - 2, 1)


def test_clusters_are_the_units_of_a_dose_as_well():
    made = statements()
    scores = planted_dose(made, sizes(made))
    found = dosed(scores, cluster="subject", headline="none")
    true = scores.truth.to_numpy()
    values = scores.to_numpy()[true].reshape(20, 2, LAYERS, HEADS).mean(axis=1)
    column = scores["size"].to_numpy()[true].reshape(20, 2).mean(axis=1)
    assert found.units == 20
    assert float(found.correlation[2, 3]) == pytest.approx(stats.pearsonr(values[:, 2, 3], column).statistic, rel=1e-9)


def test_one_sided_doses_look_in_their_direction_alone():
    made = statements(80)
    scores = planted_dose(made, sizes(made))
    for alternative, place in (("greater", [2, 3]), ("less", [0, 1])):
        assert np.argwhere(dosed(scores, alternative=alternative).significant.to_numpy()).tolist() == [place]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column": "sizes"}, "names the column `sizes`, which no statement has; the columns are `group`, `pair`"),
        ({"where": {"truht": True}}, "names the column `truht`, which no statement has"),
        ({"column": "relation"}, "0 of 40 statements have one"),
        ({"where": {"relation": "lake"}}, "0 of 0 statements have one"),
        ({"where": {"subject": ("s0", "s1"), "relation": "capital", "truth": True}}, "2 of 2 statements have one"),
        ({"column": "same"}, "40 of 40 statements have one"),
    ],
)
def test_a_column_that_allows_no_dose_is_named(change, message):
    made = statements()
    scores = scores_of(made, size=sizes(made), same=np.full(len(made), 0.1))
    for cluster in (None, "subject"):
        with pytest.raises(DoseColumnError) as caught:
            dosed(scores, DOSE.model_copy(update=change), cluster=cluster)
        assert isinstance(caught.value, InputError)
        assert str(caught.value).startswith("study.yml: the dose `size` ")
        assert message in str(caught.value)


def test_a_column_of_one_number_has_no_dose_after_averaging_either():
    """The mean of three times 0.1 is not 0.1, and that is no dose."""
    made = [
        replace(one, labels={**one.labels, "thirds": f"t{place // 6 if place < 36 else place // 4}"})
        for place, one in enumerate(statements())
    ]
    with pytest.raises(DoseColumnError, match="units with different numbers"):
        dosed(scores_of(made, size=np.full(len(made), 0.1)), cluster="thirds")


def test_heads_that_do_not_vary_have_no_dose():
    made = statements()
    scores = planted_dose(made, sizes(made))
    scores[:, 1, 1], scores[0, 1, 2] = 0.25, np.nan
    for headline in ("holm", "max_t", "max_t_step_down"):
        found = dosed(scores, headline=headline)
        for values in (found.correlation, found.p_value, found.adjusted):
            assert np.argwhere(np.isnan(values.to_numpy())).tolist() == [[1, 1], [1, 2]]
        assert not found.significant[1, 1]
    scores[:] = 0.25
    with pytest.raises(StudyError, match="no head's score varies in the dose `size`"):
        dosed(scores)


def test_clusters_that_do_not_fit_say_so():
    scores = scores_of(statements())
    with pytest.raises(ClusterDesignError, match="the test `welch` does not fit"):
        interact(scores, cluster="subject", test="welch")


def test_what_is_said_of_a_fact_counts_once_for_both_of_its_statements():
    made = statements()
    margin = np.repeat(np.arange(PAIRS, dtype=float), 2)
    both = DOSE.model_copy(update={"column": "margin", "where": {"truth": (True, False)}})
    found = dosed(scores_of(made, margin=margin), both)
    assert (found.units, found.unit) == (PAIRS, "fact")
    true_alone = dosed(scores_of(made, margin=margin), both.model_copy(update={"where": {"truth": True}}))
    assert (true_alone.units, true_alone.unit) == (PAIRS, "fact")
    by_statement = dosed(scores_of(made, margin=np.arange(2.0 * PAIRS)), both)
    assert (by_statement.units, by_statement.unit) == (2 * PAIRS, "statement")
