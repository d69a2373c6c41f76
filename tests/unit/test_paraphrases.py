"""Wordings compared: a head of every wording, one of a single wording, and what one more wording may bring."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reportgen.analyses.paraphrases import find, needs
from reportgen.analyses.paraphrases_told import tell
from reportgen.errors import StudyError
from reportgen.spec.experiments import ParaphrasesSection
from reportgen.spec.model import ContrastSection, StatementSet, TestsSection
from tests import planted

SECTION = ParaphrasesSection()
NOTHING = np.zeros(0)
TESTS = TestsSection(corrections=("none", "holm"), headline="holm", resamples=999, smallest_effect=0.01, cluster="fact")
WORDINGS, FACTS = 3, 30


def worded(facts=FACTS, wordings=WORDINGS):
    """Statements of facts in several wordings: fact after fact, wording after wording, true before false."""
    made = planted.statements(facts * wordings)
    return [
        replace(
            one,
            fact=replace(
                one.fact,
                columns={"fact": f"p{place // 2 // wordings}", "template": str(place // 2 % wordings + 1)},
                template=f"{{subject}} {place // 2 % wordings} {{object}}",
            ),
        )
        for place, one in enumerate(made)
    ]


def scored(made, by_wording, own=0.0):
    """True statements of a wording have these effects; each fact adds an amount of its own to one head in all wordings."""
    scores = planted.values(made, {})
    of_facts = dict(zip(range(FACTS), np.random.default_rng(3).normal(0, own, FACTS), strict=True))
    for row, one in enumerate(made):
        if one.fact.truth:
            scores[row, 1, 0] += of_facts[int(one.fact.columns["fact"][1:])]
            for (layer, head), effect in by_wording.get(one.fact.columns["template"], {}).items():
                scores[row, layer, head] += effect
    return scores


EVERYWHERE = {(1, 2): 0.1}
PLANTED = {"1": EVERYWHERE, "2": EVERYWHERE | {(0, 0): -0.2}, "3": EVERYWHERE}


@pytest.fixture(scope="module")
def made():
    return worded()


@pytest.fixture(scope="module")
def study(made):
    return planted.study(made, scored(made, PLANTED, own=0.3), tests=TESTS)


@pytest.fixture(scope="module")
def found(study):
    return find(study, SECTION, NOTHING)


def test_it_asks_the_model_for_nothing(study):
    assert needs(study.plan, SECTION).requests == ()


def test_a_head_of_every_wording_and_one_of_a_single_wording_are_told_apart(found):
    assert found.names == ("1", "2", "3")
    assert found.found[:, 1, 2].all()
    assert found.found[:, 0, 0].tolist() == [False, True, False]
    # Facts that differ from each other in every wording alike are no sign that the wording matters.
    assert np.argwhere(found.adjusted <= 0.05).tolist() == [[0, 0]]


def test_one_more_wording_is_predicted_as_a_normal_sample_says(found):
    effects = found.effects[:, 0, 0]
    reach = stats.t.ppf(0.975, 2) * effects.std(ddof=1) * np.sqrt(4 / 3)
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((effects.mean() - reach, effects.mean() + reach))
    assert found.low[1, 2] > 0


def test_the_prediction_holds_the_next_wording_as_often_as_it_says():
    from reportgen.analyses.paraphrases import _in_one_more

    drawn = np.random.default_rng(0).normal(0.1, 0.02, (5, 200, 50))
    low, high = _in_one_more(drawn[:4], 0.9)
    assert ((low <= drawn[4]) & (drawn[4] <= high)).mean() == pytest.approx(0.9, abs=0.01)


def test_it_is_told_with_its_numbers(found, study):
    told = tell(found, study, SECTION)
    assert "each of the 3 wordings by itself" in told.answer
    assert "The wording matters to the effect of **1 head**" in told.answer
    assert "In one more wording" in told.answer
    (evidence,) = told.evidence
    assert np.argwhere(evidence.speaks).tolist() == [[1, 2]]
    header, *rows = told.files[0].content.decode().splitlines()
    assert "effect_wording_2" in header
    assert len(rows) == 12
    assert not told.notices


def test_two_wordings_predict_nothing():
    two = worded(wordings=2)
    study = planted.study(two, planted.values(two, {(1, 2): 0.1}), tests=TESTS)
    found = find(study, SECTION, NOTHING)
    assert np.isnan(found.low).all()
    assert "one more wording" not in tell(found, study, SECTION).answer.casefold()


def test_nothing_to_find_is_said(made):
    study = planted.study(made, planted.values(made, {}), tests=TESTS)
    told = tell(find(study, SECTION, NOTHING), study, SECTION)
    assert "No head is found in any of the 3 wordings" in told.answer
    assert "The wording matters to the effect of no head" in told.answer
    assert not told.evidence[0].speaks.any()


def test_one_wording_is_too_few():
    alone = planted.statements(30)
    study = planted.study(alone, planted.values(alone, {}))
    with pytest.raises(StudyError, match="Give a relation several `templates`"):
        needs(study.plan, SECTION)


def test_a_wording_with_few_pairs_is_left_out_and_named():
    few = [
        replace(one, fact=replace(one.fact, columns={"fact": f"q{place // 2}", "template": "1"}))
        if one.fact.columns["template"] == "3" and place >= 2 * WORDINGS * 5
        else one
        for place, one in enumerate(worded(facts=20))
    ]
    study = planted.study(few, planted.values(few, {}), tests=TESTS)
    found = find(study, SECTION, NOTHING)
    assert found.names == ("1", "2")
    (notice,) = tell(found, study, SECTION).notices
    assert notice.items == ("3 (5 pairs)",)


def test_two_independent_sets_have_no_differences(made):
    sizes = ContrastSection(
        id="size",
        title="Sizes",
        a=StatementSet(name="a", where={"fact": tuple(f"p{i}" for i in range(15))}),
        b=StatementSet(name="b", where={"fact": tuple(f"p{i}" for i in range(15, 30))}),
    )
    study = planted.study(made, planted.values(made, {}), contrasts=(sizes,), tests=TESTS)
    with pytest.raises(StudyError, match="put a contrast of twins first"):
        needs(study.plan, SECTION)
