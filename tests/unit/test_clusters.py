"""Clusters as units: who is compared with whom, what each counts for, and that error rates hold where they matter."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from reportgen import inference
from reportgen.clusters import group
from reportgen.contrasts import ClusterDesignError, TooFewStatementsError, UnknownColumnError, arrange
from reportgen.notices import Notice
from reportgen.scores import label_scores
from reportgen.spec.model import TRUTH, ContrastSection, StatementSet, TestsSection
from reportgen.stats import tests as head_tests

LAYERS, HEADS = 2, 3
KIND = ContrastSection(
    id="kind",
    title="Kinds",
    a=StatementSet(name="capitals", where={"kind": "capital"}),
    b=StatementSet(name="rivers", where={"kind": "river"}),
)


@dataclass(frozen=True)
class Labelled:
    id: str
    labels: dict[str, str | bool] = field(default_factory=dict)


def statements(sizes, kinds=2):
    """Clusters of as many pairs each as `sizes` says; clusters take turns in their kind."""
    made = []
    for cluster, size in enumerate(sizes):
        for pair in range(size):
            for truth in (True, False):
                labels = {
                    "truth": truth,
                    "pair": f"{cluster}-{pair}",
                    "place": f"c{cluster}",
                    "kind": ("capital", "river")[cluster % kinds],
                }
                made.append(Labelled(f"{cluster}-{pair}-{truth}", labels))
    return made


def scores_of(made, seed=0, between=0.0):
    """Scores [statement, layer, head], with one more for every statement of a cluster of size `between`."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0.3, 0.02, (len(made), LAYERS, HEADS))
    names = [statement.labels["place"] for statement in made]
    own = {name: rng.normal(0, between, (LAYERS, HEADS)) for name in dict.fromkeys(names)}
    return label_scores((values + [own[name] for name in names]).astype(np.float32), made)


def settings(**changes):
    return TestsSection(**{"cluster": "place", "resamples": 999, **changes})


def labels_of(made):
    return {name: np.array([one.labels[name] for one in made]) for name in made[0].labels}


def test_clusters_with_statements_of_both_sets_are_compared_with_themselves():
    found = group(np.array(list("xyzxyyw")), np.array([0, 1, 2]), np.array([3, 4, 5, 6]))
    assert (found.crossed, found.names_a, found.names_b) == (True, ("x", "y"), ("x", "y"))
    assert (found.a.tolist(), found.b.tolist()) == ([0, 1], [3, 4, 5])
    assert (found.unit_a.tolist(), found.unit_b.tolist()) == ([0, 1], [0, 1, 1])
    assert found.alone == ("z", "w")


def test_clusters_within_the_sets_are_compared_with_those_of_the_other():
    found = group(np.array(list("xyxzwz")), np.array([0, 1, 2]), np.array([3, 4, 5]))
    assert (found.crossed, found.names_a, found.names_b, found.alone) == (False, ("x", "y"), ("z", "w"), ())
    assert (found.unit_a.tolist(), found.unit_b.tolist()) == ([0, 1, 0], [0, 1, 0])


def test_units_that_cross_are_cluster_means_row_by_row():
    sizes = (1, 4, 2, 3, 5, 2, 1, 6)
    scores = scores_of(statements(sizes))
    found = inference.test_heads(scores, TRUTH, settings())
    assert (found.design, found.test, found.n_a, found.n_b) == ("paired", "paired_t", 8, 8)
    place, truth = scores.place.to_numpy(), scores.truth.to_numpy()
    values = scores.to_numpy().astype(np.float64)
    for unit in range(8):
        ours = place == f"c{unit}"
        np.testing.assert_allclose(found.units_a[unit], values[ours & truth].mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(found.units_b[unit], values[ours & ~truth].mean(axis=0), rtol=1e-12)
    units = [one.to_numpy().reshape(8, -1) for one in (found.units_a, found.units_b)]
    np.testing.assert_allclose(found.heads.p_value.to_numpy().ravel(), head_tests.paired_t(*units).p_value, rtol=1e-9)
    assert found.adjusting.arrangements == 2**8
    assert not found.partners
    assert (found.a.sizes["statement"], found.b.sizes["statement"]) == (sum(sizes), sum(sizes))


def test_units_within_the_sets_are_cluster_means_of_either():
    scores = scores_of(statements((1, 4, 2, 3, 5, 2, 1)))
    found = inference.test_heads(scores, KIND, settings())
    assert (found.design, found.test, found.n_a, found.n_b) == ("independent", "welch", 4, 3)
    values, place = scores.to_numpy().astype(np.float64), scores.place.to_numpy()
    for unit in range(4):
        np.testing.assert_allclose(found.units_a[unit], values[place == f"c{2 * unit}"].mean(axis=0), rtol=1e-12)
    units = [one.to_numpy().reshape(len(one), -1) for one in (found.units_a, found.units_b)]
    np.testing.assert_allclose(found.heads.p_value.to_numpy().ravel(), head_tests.welch(*units).p_value, rtol=1e-9)
    assert found.adjusting.arrangements == 35


@pytest.mark.parametrize("contrast", [TRUTH, KIND], ids=lambda contrast: contrast.id)
def test_the_order_of_the_statements_makes_no_difference(contrast):
    scores = scores_of(statements((1, 4, 2, 3, 5, 2, 1, 6)))
    turned = scores[np.random.default_rng(1).permutation(scores.sizes["statement"])]
    first, second = (inference.test_heads(given, contrast, settings()).heads for given in (scores, turned))
    for name in ("effect", "p_value", "mean_a", "adjusted", "simultaneous_low"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-6)


def test_clusters_of_one_size_give_the_mean_over_all_statements():
    scores = scores_of(statements([3] * 10))
    clustered, plain = (inference.test_heads(scores, TRUTH, settings(cluster=name)) for name in ("place", None))
    for name in ("effect", "mean_a", "mean_b"):
        np.testing.assert_allclose(clustered.heads[name], plain.heads[name], rtol=1e-6)
    assert (clustered.n_a, plain.n_a) == (10, 30)


def test_clusters_of_one_pair_each_are_the_pairs():
    scores = scores_of(statements([1] * 20))[np.random.default_rng(1).permutation(40)]
    clustered, plain = (inference.test_heads(scores, TRUTH, settings(cluster=name)) for name in ("place", None))
    assert clustered.heads.identical(plain.heads)


def test_each_cluster_counts_once_however_many_statements_it_holds():
    made = statements([1] * 9 + [200])
    values = np.full((len(made), LAYERS, HEADS), 0.3, np.float32)
    values += np.random.default_rng(0).normal(0, 0.001, values.shape).astype(np.float32)
    values[[one.labels["truth"] and one.labels["place"] == "c9" for one in made]] += 0.5
    found = inference.test_heads(label_scores(values, made), TRUTH, settings())
    np.testing.assert_allclose(found.heads.effect, 0.05, atol=0.002)


def test_the_reader_is_told_what_the_units_are_and_which_clusters_are_left_out():
    made = statements([2] * 9)
    alone = [
        Labelled(place, {"truth": truth, "pair": "q", "place": place, "kind": "river"})
        for place, truth in (("elsewhere", True), ("nowhere", False))
    ]
    found = arrange(labels_of([*made, *alone]), TRUTH, settings())
    assert found.notices == (
        Notice(
            "note",
            "In the contrast `truth` the clusters by `place` are the units, each with its own mean difference, and each "
            "counts once: statements that share one are not independent of each other.",
        ),
        Notice(
            "left out",
            "In the contrast `truth`, 2 clusters by `place` are left out, because they hold statements of one set alone "
            "while others hold both.",
            ("elsewhere", "nowhere"),
        ),
    )
    one = arrange(labels_of([*made, alone[0]]), TRUTH, settings()).notices[1]
    assert "1 cluster by `place` is left out, because it holds statements of one set alone" in one.message
    nested = arrange(labels_of(made * 2), KIND, settings()).notices
    assert "each with its mean score" in nested[0].message


@pytest.mark.parametrize("empty", ["", "nan", np.nan])
@pytest.mark.parametrize("contrast", [TRUTH, KIND], ids=lambda contrast: contrast.id)
def test_statements_of_no_known_cluster_are_left_out_and_counted(empty, contrast):
    given = labels_of(statements([2] * 18))
    if empty is np.nan:
        given["place"] = np.array([float(name[1:]) for name in given["place"]])
    given["place"][[0, 4, 5]] = empty
    found = arrange(given, contrast, settings())
    kept = {*found.a.tolist(), *found.b.tolist()}
    assert kept == set(range(72)) - {0, 4, 5}
    assert not {"", "nan"} & {*found.names_a, *found.names_b}
    (notice,) = [notice for notice in found.notices if notice.kind == "left out"]
    assert notice == Notice(
        "left out",
        f"In the contrast `{contrast.id}`, 3 statements are left out, because the column `place` is empty there: it is not "
        "known which cluster they belong to.",
        ("0-0", "1-0"),
    )


def test_clusters_that_are_all_empty_are_an_error_that_names_the_sets():
    given = labels_of(statements([2] * 18))
    given["place"][given["truth"]] = ""
    with pytest.raises(ClusterDesignError) as caught:
        arrange(given, TRUTH, settings(), "study.yml")
    assert str(caught.value) == (
        f"study.yml: tests.cluster names the column `place`, which is empty for every statement of the set "
        f"`{TRUTH.a.name}` of the contrast `truth`\n    fill it in, or leave tests.cluster out"
    )
    given["place"][:] = "nan"
    with pytest.raises(ClusterDesignError, match=f"of the set `{TRUTH.b.name}` of the contrast"):
        arrange(given, TRUTH, settings())


@pytest.mark.parametrize(("others", "hold"), [(39, "39 more clusters hold"), (1, "1 more cluster holds")])
def test_one_shared_cluster_says_how_many_hold_one_set_only(others, hold):
    made = statements([1])
    made += [
        Labelled(f"{i}", {"truth": i % 2 == 0, "pair": f"q{i}", "place": f"d{i}", "kind": "river"})
        for i in range(others)
    ]
    with pytest.raises(TooFewStatementsError) as caught:
        arrange(labels_of(made), TRUTH, settings())
    assert str(caught.value) == (
        "the contrast `truth` needs at least 2 clusters for its heads to be tested; it has 1 with statements of both sets, "
        f"and {hold} statements of one set alone"
    )


def test_few_clusters_are_a_warning_that_calls_them_clusters():
    found = arrange(labels_of(statements([5] * 4)), TRUTH, settings())
    assert [notice.message for notice in found.notices if notice.kind == "warning"] == [
        "The contrast `truth` has 4 clusters: with fewer than 8, tests find large effects alone and rest on their "
        "assumptions."
    ]


@pytest.mark.parametrize(("sizes", "contrast"), [((9,), TRUTH), ((4, 4), KIND)], ids=["crossed", "nested"])
def test_one_cluster_cannot_be_compared(sizes, contrast):
    message = f"the contrast `{contrast.id}` needs at least 2 clusters for its heads to be tested; it has 1"
    with pytest.raises(TooFewStatementsError, match=message):
        arrange(labels_of(statements(sizes)), contrast, settings())


def test_a_cluster_by_a_column_that_is_not_there():
    with pytest.raises(UnknownColumnError) as caught:
        arrange(labels_of(statements([2] * 9)), TRUTH, settings(cluster="plaice"), "study.yml")
    assert str(caught.value) == (
        "study.yml: tests.cluster names the column `plaice`, which no statement has; the columns are `kind`, `pair`, "
        "`place`, `truth`\n    did you mean `place`?"
    )


@pytest.mark.parametrize(
    ("test", "contrast", "why", "fitting"),
    [
        ("welch", TRUTH, "hold statements of both sets", "`auto`, `permutation`, `paired_t`, `wilcoxon`"),
        (
            "paired_t",
            KIND,
            "lie each in one of the two sets",
            "`auto`, `permutation`, `student`, `welch`, `mann_whitney`",
        ),
    ],
)
def test_a_test_that_the_clusters_do_not_allow(test, contrast, why, fitting):
    with pytest.raises(ClusterDesignError) as caught:
        arrange(labels_of(statements([2] * 9)), contrast, settings(test=test), "study.yml")
    assert str(caught.value) == (
        f"study.yml: the test `{test}` does not fit the contrast `{contrast.id}`, whose clusters by `place` {why}\n"
        f"    take one of {fitting} as tests.test"
    )


@pytest.mark.parametrize(
    ("test", "contrast"),
    [("wilcoxon", TRUTH), ("permutation", TRUTH), ("student", KIND), ("mann_whitney", KIND), ("permutation", KIND)],
)
def test_tests_that_the_clusters_allow(test, contrast):
    assert arrange(labels_of(statements([2] * 9)), contrast, settings(test=test)).test == test


STUDIES, ALPHA = 100, 0.05


def share_of_studies_that_find_any(cluster):
    """Sets of ten clusters each that differ in nothing but that the statements of a cluster are alike."""
    made, finds = statements([6] * 20), 0
    quick = settings(cluster=cluster, resamples=199, corrections=("max_t",), test="student")
    for study in range(STUDIES):
        scores = scores_of(made, study, between=0.04)
        finds += bool(inference.test_heads(scores, KIND, quick).significant("max_t").any())
    return finds / STUDIES


def test_errors_are_held_with_clusters_and_are_not_without_them():
    assert share_of_studies_that_find_any("place") <= ALPHA + 4 * np.sqrt(ALPHA * (1 - ALPHA) / STUDIES)
    assert share_of_studies_that_find_any(None) > 0.5
