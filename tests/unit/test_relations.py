"""Relations compared: what is found where heads of one relation, of two, and of all were planted."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.relations import find, needs
from reportgen.analyses.relations_told import tell
from reportgen.errors import StudyError
from reportgen.figures import upset
from reportgen.spec.experiments import RelationsSection
from reportgen.spec.model import ContrastSection, StatementSet, TestsSection
from tests import planted

SECTION = RelationsSection()
NAMES = ("capital", "continent", "currency")
NOTHING = np.zeros(0)
TESTS = TestsSection(corrections=("none", "holm"), headline="holm", resamples=999, smallest_effect=0.01)


@pytest.fixture(scope="module")
def made():
    return planted.statements(90, relation=lambda pair: NAMES[pair % 3])


def scored(made, by_relation):
    """Scores in which true statements of a relation have these effects at these heads."""
    scores = planted.values(made, {})
    for relation, effects in by_relation.items():
        rows = [one.fact.truth and one.fact.relation == relation for one in made]
        for (layer, head), effect in effects.items():
            scores[rows, layer, head] += effect
    return scores


EVERYWHERE = {(1, 2): 0.1}
PLANTED = {
    "capital": EVERYWHERE | {(0, 0): -0.2},
    "continent": EVERYWHERE | {(0, 0): -0.2, (2, 1): 0.1},
    "currency": EVERYWHERE | {(2, 3): 0.15},
}


@pytest.fixture(scope="module")
def study(made):
    return planted.study(made, scored(made, PLANTED), tests=TESTS)


@pytest.fixture(scope="module")
def found(study):
    return find(study, SECTION, NOTHING)


def test_it_asks_the_model_for_nothing(study):
    assert needs(study.plan, SECTION).requests == ()


def test_planted_heads_are_found_where_they_were_planted(found):
    assert found.names == NAMES
    for relation, flags in zip(NAMES, found.found, strict=True):
        assert {tuple(place) for place in np.argwhere(flags).tolist()} == set(PLANTED[relation])


def test_heads_whose_effect_differs_are_told_from_one_that_is_the_same_everywhere(found):
    differ = np.argwhere(found.differing.adjusted <= 0.05).tolist()
    assert differ == [[0, 0], [2, 1], [2, 3]]
    assert found.differing.adjusted[1, 2] > 0.05


def test_relations_that_share_heads_are_grouped_and_the_other_stands_apart(found):
    assert found.alike.pairs == ((0, 1), (0, 2), (1, 2))
    assert found.alike.overlap.observed == pytest.approx([2 / 3, 1 / 3, 1 / 4])
    assert set(found.tree[0, :2]) == {0, 1}
    assert (found.correlation_p[1:] <= 0.01).all()


def test_it_is_told_with_its_numbers(found, study):
    told = tell(found, study, SECTION)
    assert (
        "**1** of 12 heads are found in every one of 3 relations, and 2 in one alone (2 in capital, 3 in continent"
        in told.answer
    )
    assert "differs between relations at **3** heads" in told.answer
    assert len(told.blocks) == 5
    (evidence,) = told.evidence
    assert evidence.estimate[1, 2] == 3
    assert np.argwhere(evidence.speaks).tolist() == [[0, 0], [1, 2]]
    header, *rows = told.files[0].content.decode().splitlines()
    assert "effect_capital" in header
    assert len(rows) == 12
    assert not told.notices


def test_nothing_to_find_is_said(made):
    study = planted.study(made, planted.values(made, {}), tests=TESTS)
    found = find(study, SECTION, NOTHING)
    told = tell(found, study, SECTION)
    assert "No head is found in any of the 3 relations" in told.answer
    assert "differs between relations at no head" in told.answer
    assert len(told.blocks) == 4
    assert not told.evidence[0].speaks.any()


def test_a_head_of_all_relations_is_no_sign_that_they_differ(made):
    study = planted.study(made, scored(made, dict.fromkeys(NAMES, EVERYWHERE)), tests=TESTS)
    found = find(study, SECTION, NOTHING)
    assert found.found[:, 1, 2].all()
    assert (found.differing.adjusted > 0.05).all()
    assert (found.overlap_p > 0.05).all()


def test_a_relation_with_few_pairs_is_left_out_and_named():
    few = planted.statements(65, relation=lambda pair: "rare" if pair < 5 else NAMES[pair % 2])
    study = planted.study(few, planted.values(few, {}), tests=TESTS)
    found = find(study, SECTION, NOTHING)
    assert set(found.names) == {"capital", "continent"}
    (notice,) = tell(found, study, SECTION).notices
    assert notice.items == ("rare (5 pairs)",)


def test_one_relation_is_too_few():
    study = planted.study(alone := planted.statements(30), planted.values(alone, {}))
    with pytest.raises(StudyError, match=r"one has. Give the facts a second relation under `facts.relations`"):
        needs(study.plan, SECTION)
    with pytest.raises(StudyError, match="two of them or more have 8 pairs each"):
        find(study, SECTION, NOTHING)


def test_two_independent_sets_have_no_differences(made):
    sizes = ContrastSection(
        id="size",
        title="Sizes",
        a=StatementSet(name="a", where={"size": "z0"}),
        b=StatementSet(name="b", where={"size": "z1"}),
    )
    study = planted.study(made, planted.values(made, {}), contrasts=(sizes,))
    with pytest.raises(StudyError, match="put a contrast of twins first"):
        needs(study.plan, SECTION)


def test_a_contrast_by_what_is_measured_waits_for_the_model(made):
    recalled = ContrastSection(
        id="recalled",
        title="Recalled",
        a=StatementSet(name="a", where={"truth": True, "recalled": True}),
        b=StatementSet(name="b", where={"truth": True, "recalled": False}),
    )
    study = planted.study(made, planted.values(made, {}), contrasts=(recalled,))
    assert needs(study.plan, SECTION).requests == ()


def of_subjects(made, subjects):
    """The same statements, so many subjects in turn."""
    return [
        replace(one, fact=replace(one.fact, subject=f"s{(place // 6) % subjects}")) for place, one in enumerate(made)
    ]


def test_a_subject_of_several_relations_is_a_cluster_within_which_relations_are_shuffled(made):
    crossed = of_subjects(made, 30)
    clustered = TESTS.model_copy(update={"cluster": "subject"})
    scores = scored(crossed, PLANTED)
    # Every subject moves one head by an amount of its own, in all of its relations.
    own = np.random.default_rng(3).normal(0, 0.3, 30)
    for row, one in enumerate(crossed):
        scores[row, 1, 0] += own[int(one.fact.subject[1:])] * one.fact.truth
    study = planted.study(crossed, scores, tests=clustered)
    found = find(study, SECTION, NOTHING)
    assert found.within
    assert np.argwhere(found.differing.adjusted <= 0.05).tolist() == [[0, 0], [2, 1], [2, 3]]
    assert not tell(found, study, SECTION).notices


def test_subjects_of_several_relations_that_count_as_independent_are_a_warning(made):
    crossed = of_subjects(made, 30)
    study = planted.study(crossed, planted.values(crossed, {}), tests=TESTS)
    (notice,) = tell(find(study, SECTION, NOTHING), study, SECTION).notices
    assert "30 subjects stand in several relations" in notice.message
    assert "tests.cluster: subject" in notice.message


def test_combinations_are_of_heads_that_no_other_set_holds():
    members = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0]], dtype=bool)
    assert upset.combinations(members) == (
        upset.Combination((0, 1), 2),
        upset.Combination((0,), 1),
        upset.Combination((1,), 1),
    )
