"""Heads knocked out: what is asked, and what is found and said where the answer was planted. The model is made up: it says
how likely objects are with any set of heads removed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses import knockout
from reportgen.analyses.knockout import find, needs
from reportgen.analyses.knockout_halves import halve
from reportgen.analyses.knockout_told import tell
from reportgen.errors import InputError, StudyError
from reportgen.interventions.removals import Removal, Removed
from reportgen.spec.experiments import KnockoutSection
from reportgen.spec.model import TestsSection
from tests import planted, recalling
from tests.recalling import CARRIER, HEADS, LAYERS

SECTION = KnockoutSection(facts=16, sizes=(1, 2, 5))
OTHER = (0, 3)


def made_up(effects, no_direct=""):
    """In place of a model: each head has an effect of its own on the true object's log-probability, in nats, half of it
    direct."""

    def remove(removals, prompts, *_):
        noise = np.random.default_rng(0).normal(0, 0.05, (prompts.evaluated, 2))
        clean = np.array([-1.0, -3.0]) + noise
        everywhere = np.random.default_rng(1).normal(0, 0.02, (LAYERS, HEADS))

        def answer(removal):
            part = 0.5 if removal.effect == "direct" else 1.0
            moved = part * sum(effects.get(head, everywhere[head]) for head in removal.heads)
            spread = np.random.default_rng(len(removal.heads)).normal(1, 0.2, prompts.evaluated)
            return clean + np.stack([moved * spread, 0 * spread], axis=1)

        asked = [Removal(()), *removals]
        return Removed({one: answer(one) for one in asked}, {one.ablation: 0 for one in asked}, no_direct)

    return remove


@pytest.fixture(scope="module")
def made():
    return recalling.statements()


@pytest.fixture
def study(made, tmp_path):
    return recalling.study(made, recalling.scores(made), None, tmp_path)


def test_halves_share_no_pair_and_change_with_the_seed(study):
    halves = halve(study.plan, SECTION)
    assert len(halves.testing) == halves.choosing == 16
    assert {true.fact.pair for true, _ in halves.asked} <= halves.testing
    assert halve(study.plan, SECTION).prompts.key == halves.prompts.key
    assert halve(study.plan, SECTION.model_copy(update={"seed": 1})).testing != halves.testing


def test_its_cost_is_known_beforehand(study):
    passes = needs(study.plan, SECTION).passes
    sets = 1 + 20 + 3 * 101
    assert passes.forward == 2 * 16 * (1 + sets)
    assert passes.tokens == (3 + 3 * 16) * (1 + sets)


def test_more_heads_than_there_are_is_an_error_with_a_remedy(study, monkeypatch):
    section = SECTION.model_copy(update={"sizes": (1, 49)})
    with pytest.raises(InputError, match="49 heads are to be knocked out, and the model has 48") as caught:
        find(study, section, np.zeros(0))
    assert caught.value.problems[0].where == "experiments.knockout.sizes"
    assert caught.value.problems[0].remedy == "Ask for sizes of 48 at most."
    monkeypatch.setattr(knockout, "heads_in", lambda _: 20)
    with pytest.raises(InputError, match="the model has 20"):
        needs(study.plan, section)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"sizes": [5, 2]}, "sizes rise, and 2 comes after 5"),
        ({"sizes": [2, 2]}, "sizes rise"),
        ({"controls": 49}, "greater than or equal to 50"),
        ({"ablations": ["mean", "mean"]}, "stands in this list twice"),
        ({"facts": 7}, "greater than or equal to 8"),
    ],
)
def test_bad_settings_are_errors(section, message):
    with pytest.raises(ValueError, match=message):
        KnockoutSection.model_validate_json(json.dumps(section))


def test_too_few_pairs_are_an_error(tmp_path):
    few = recalling.statements(12)
    with pytest.raises(StudyError, match="which has 6 that the model can be asked about, and 8 are needed"):
        needs(recalling.study(few, recalling.scores(few), None, tmp_path).plan, SECTION)


def test_pairs_whose_object_comes_first_are_left_out_and_said(made, tmp_path, monkeypatch):
    turned = [
        replace(one, subject=one.object, object=one.subject) if one.fact.pair == "p00003" else one for one in made
    ]
    study = recalling.study(turned, recalling.scores(turned), None, tmp_path)
    halves = halve(study.plan, SECTION)
    assert halves.unasked == 1
    assert "p00003" not in halves.testing
    monkeypatch.setattr(knockout, "remove", made_up({}))
    assert any(
        "1 pair took no part" in notice.message
        for notice in tell(find(study, SECTION, np.zeros(0)), study, SECTION).notices
    )


def test_a_planted_head_is_found_to_move_the_answer(study, monkeypatch):
    monkeypatch.setattr(knockout, "remove", made_up({CARRIER: -3.0}))
    found = find(study, SECTION, np.zeros(0))
    assert found.chosen[0] == CARRIER
    assert found.significant == 1
    first = found.ablated[0]
    assert first.likelihood.clean == pytest.approx(-1, abs=0.05)
    assert first.total.heads.effect.to_numpy()[0, 0] == pytest.approx(-3, abs=0.3)
    assert first.direct.heads.effect.to_numpy()[0, 0] == pytest.approx(-1.5, abs=0.2)
    assert (first.likelihood.adjusted[1:] <= 0.05).all()
    # One head has few others with like attention: no p-value can be smaller.
    assert first.likelihood.adjusted[0] == pytest.approx(1 / (1 + first.likelihood.by_attention.different[0]))
    assert first.right.clean == 1
    assert (first.right.after < 0.5).all()
    told = tell(found, study, SECTION)
    assert "Without the **5** strongest heads the log-probability of the true object falls by 2" in told.answer
    assert "more than both kinds of random sets do with 2 and 5 heads" in told.answer
    assert "[L1H2](index.html#head=L1H2), does" in told.answer
    assert "lower bounds" in told.answer
    strong = told.evidence[0].speaks & (told.evidence[0].estimate < -1)
    assert np.argwhere(strong).tolist() == [list(CARRIER)]
    assert np.isfinite(told.evidence[0].estimate).sum() == 20


def test_heads_that_do_what_any_do_are_said_to(study, monkeypatch):
    monkeypatch.setattr(knockout, "remove", made_up({}))
    found = find(study, SECTION, np.zeros(0))
    assert (found.ablated[0].likelihood.adjusted > 0.05).all()
    assert "At no size is that more than both kinds of random sets do" in tell(found, study, SECTION).answer


def test_nothing_that_changes_at_all_is_said_too(study, monkeypatch):
    monkeypatch.setattr(knockout, "remove", made_up(dict.fromkeys(np.ndindex(LAYERS, HEADS), 0.0)))
    found = find(study, SECTION, np.zeros(0))
    told = tell(found, study, SECTION)
    assert found.ablated[0].likelihood.adjusted.tolist() == [1.0, 1.0, 1.0]
    assert "smallest adjusted p > 0.999" in told.answer.replace("\\", "")
    assert not told.evidence[0].speaks.any()
    assert "none of the 20 strongest heads changes" in str(told.blocks)


def test_another_head_that_moves_the_answer_is_not_put_down_to_those_that_look(made, tmp_path, monkeypatch):
    """The recall head does nothing; one that looks at nothing carries the answer, and is in some control sets."""
    monkeypatch.setattr(knockout, "remove", made_up({OTHER: -3.0, CARRIER: 0.0}))
    study = recalling.study(made, recalling.scores(made), None, tmp_path)
    found = find(study, KnockoutSection(facts=16, sizes=(1,)), np.zeros(0))
    assert found.chosen == (CARRIER,)
    assert found.ablated[0].likelihood.adjusted[0] > 0.05


def test_no_recall_head_on_the_half_is_said_and_the_strongest_taken(made, tmp_path, monkeypatch):
    monkeypatch.setattr(knockout, "remove", made_up({}))
    study = recalling.study(made, recalling.scores(made, effect=0.0), None, tmp_path)
    found = find(study, SECTION, np.zeros(0))
    assert found.significant == 0
    assert len(found.chosen) == 5
    assert "No head is found on that half by itself; the strongest are taken" in str(
        tell(found, study, SECTION).blocks
    ).replace("\\", "")


def test_without_direct_effects_the_page_says_why(study, monkeypatch):
    monkeypatch.setattr(knockout, "remove", made_up({CARRIER: -3.0}, "a norm comes between"))
    found = find(study, SECTION, np.zeros(0))
    assert found.ablated[0].direct is None
    told = tell(found, study, SECTION)
    assert any("a norm comes between" in notice.message for notice in told.notices)
    assert "write themselves" not in told.answer


def test_what_later_heads_repair_is_told_as_such(study, monkeypatch):
    whole = made_up({CARRIER: -3.0})

    def repaired(removals, *rest):
        found = whole(removals, *rest)
        direct = {
            one: 2 * values - 1 * found.by_removal[Removal(())] if one.effect == "direct" else values
            for one, values in found.by_removal.items()
        }
        half = {
            one: (values + found.clean) / 2 if one.effect == "total" and one.heads else values
            for one, values in direct.items()
        }
        return replace(found, by_removal=half)

    monkeypatch.setattr(knockout, "remove", repaired)
    found = find(study, SECTION, np.zeros(0))
    assert "later heads and layers make up for 1" in tell(found, study, SECTION).answer.replace("\\", "")


def test_clusters_are_the_units_of_intervals(made, tmp_path, monkeypatch):
    monkeypatch.setattr(knockout, "remove", made_up({CARRIER: -3.0}))
    tests = TestsSection(corrections=("none", "holm"), headline="holm", cluster="size")
    study = recalling.study(made, recalling.scores(made), None, tmp_path)
    spec = study.spec.model_copy(update={"tests": tests})
    plan = replace(study.plan, file=study.plan.file.model_copy(update={"spec": spec}))
    found = find(replace(study, plan=plan), SECTION, np.zeros(0))
    assert found.ablated[0].total.n_a == 4


def test_planted_statements_of_other_shapes_can_be_split():
    """What tests of other experiments use: object and query are one token."""
    made = planted.statements(40)
    study = planted.study(made, planted.values(made, {}))
    assert len(halve(study.plan, SECTION).asked) == 16
