"""Checkpoints of a training: what is found where the beginning was planted, and what is said where there is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reportgen.analyses.checkpoints import KINDS, NEVER, _require_same, follow, needs
from reportgen.analyses.checkpoints_told import tell
from reportgen.analyses.clustering import ROLES, roles
from reportgen.analyses.elsewhere import Answer
from reportgen.errors import StudyError
from reportgen.knowledge import FactKnowledge
from reportgen.spec.experiments import ExperimentsSection
from reportgen.spec.model import ModelSection
from reportgen.spec.other_models import CheckpointsSection
from tests import planted

STEPS = (0, 10, 30, 100, 300, 1000)
SECTION = CheckpointsSection(folder="m/step-{step}", steps=STEPS)
PAIRS = 40


@pytest.fixture(scope="module")
def made():
    return planted.statements(PAIRS, length=lambda pair: 4)


@pytest.fixture(scope="module")
def study(made):
    section = ExperimentsSection(checkpoints=SECTION)
    return planted.study(made, planted.values(made, {(1, 2): 0.1}), model=ModelSection(folder="m"), experiments=section)


def knowledge(right):
    return tuple(FactKnowledge(f"p{i:05}", -1.0 if i < right else -3.0, -2.0, 1, 2) for i in range(PAIRS))


def role_scores(made, looking):
    """Every head spreads evenly, but those that look at the subject."""
    rows = []
    for one in made:
        for role, at in zip(ROLES, roles(one), strict=True):
            if at:
                row = np.full((planted.LAYERS, planted.HEADS), len(at) / (one.query + 1), np.float32)
                for head in looking:
                    row[head] = 0.85 if role == "subject" else 0.15 * len(at) / one.query
                rows.append(row)
    return np.stack(rows)


def answer(made, effects, right, looking=(), noise=0):
    own = planted.values(made, effects) + np.float32(0.001 * noise)
    names = tuple(one.id for one in made)
    return Answer(
        f"step-{noise}", "a folder", names, (), np.concatenate([own, role_scores(made, looking)]), knowledge(right)
    )


def planted_answers(made):
    """A head stays from the fifth look on, another comes and goes, facts are known from the fourth on."""
    effects = ({}, {(0, 1): 0.1}, {}, {}, {(1, 2): 0.1}, {(1, 2): 0.1})
    right = (20, 22, 18, 33, 40, 40)
    looking = ([], [], [(0, 0)], [(0, 0)], [(2, 2)], [(1, 1)])
    return [answer(made, *one, noise=place) for place, one in enumerate(zip(effects, right, looking, strict=True))]


def test_the_planted_beginnings_are_dated_and_what_goes_again_has_no_date(made, study):
    found = follow(study, STEPS, planted_answers(made))
    assert np.argwhere(found.appears != NEVER).tolist() == [[1, 2]]
    assert found.appears[1, 2] == 4
    assert (found.begins, found.known) == (4, 3)
    assert found.found.sum(axis=(1, 2)).tolist() == [0, 1, 0, 0, 1, 1]
    told = tell(found, study, SECTION)
    assert "appear at step 300 \\(not yet at 100\\): [L1H2]" in told.answer
    assert "Facts are known from step 100 \\(not yet at 30\\) on" in told.answer
    assert "1 checkpoint after the knowledge" in told.answer
    assert [notice.items for notice in told.notices] == [("L0H1",)]


def test_a_role_stays_while_the_heads_that_carry_it_change(made, study):
    found = follow(study, STEPS, planted_answers(made))
    subject, evenly = KINDS.index("subject"), len(KINDS) - 1
    assert found.kinds.counts[0][:, subject].tolist() == [0, 0, 1, 1, 1, 1]
    assert found.kinds.counts[0][:, evenly].tolist() == [12, 12, 11, 11, 11, 11]
    assert found.kinds.same[0][:, subject].tolist() == [0, 0, 0, 0, 0, 1]
    assert (found.kinds.counts[1] <= found.kinds.counts[0]).all()
    assert (found.kinds.counts[0] <= found.kinds.counts[2]).all()


def test_a_number_of_heads_lies_between_those_that_surely_and_those_that_perhaps_differ(made, study):
    found = follow(study, STEPS, planted_answers(made))
    last = found.looks[-1].counted
    assert np.argwhere(last.surely).tolist() == [[1, 2]]
    assert (last.surely <= last.found).all()
    assert (last.found <= last.perhaps).all()


def test_a_training_in_which_nothing_begins_is_said(made, study):
    found = follow(study, STEPS, [answer(made, {}, 20, noise=place) for place in range(len(STEPS))])
    assert (found.begins, found.known) == (NEVER, NEVER)
    told = tell(found, study, SECTION)
    assert "No head that is found at any checkpoint stays found" in told.answer
    assert "Facts are not known from any checkpoint on" in told.answer
    assert not told.notices


def test_what_is_there_from_the_first_look_on_is_not_said_to_have_begun_between_two(made, study):
    found = follow(study, STEPS, [answer(made, {(1, 2): 0.1}, 40, noise=place) for place in range(len(STEPS))])
    assert (found.begins, found.known) == (0, 0)
    assert "step 0\\, the first checkpoint" in tell(found, study, SECTION).answer


def test_facts_that_cannot_be_asked_are_no_knowledge(made, study):
    unasked = [replace(one, known=()) for one in planted_answers(made)]
    found = follow(study, STEPS, unasked)
    assert found.known == NEVER
    assert "could not be asked" in tell(found, study, SECTION).answer


def test_other_tokens_are_refused(made):
    other = [replace(one, tokens=replace(one.tokens, ids=(9, *one.tokens.ids[1:]))) for one in made[:2]]
    with pytest.raises(StudyError, match="reads 2 of 80 statements as other tokens"):
        _require_same(made, [*other, *made[2:]])
    _require_same(made, made)


def test_a_checkpoint_that_is_not_there_is_named_before_any_model_is_opened(study, tmp_path: Path):
    (tmp_path / "m").mkdir()
    for step in STEPS[:-1]:
        (tmp_path / "m" / f"step-{step}").mkdir()
    file = study.plan.file.model_copy(update={"path": tmp_path / "s.yml"})
    with pytest.raises(StudyError, match=r"there is no `m/step-1000`; beside it there are step-0, step-10"):
        needs(replace(study.plan, file=file), SECTION)
    (tmp_path / "m" / "step-1000").mkdir()
    passes = needs(replace(study.plan, file=file), SECTION).passes
    # Twins of these statements are the same tokens, so that one pass serves both; each fact is asked once more.
    assert passes.forward == len(STEPS) * (1 + PAIRS)


def test_an_answer_is_kept_to_the_last_bit(made):
    kept = planted_answers(made)[3]
    kept = replace(kept, known=(*kept.known, FactKnowledge("x", float("nan"), -1.0, 0, 0)))
    again = Answer.from_bytes(kept.to_bytes())
    assert again.to_bytes() == kept.to_bytes()
    assert np.array_equal(again.scores, kept.scores)
    assert (again.name, again.statements, again.known[:-1]) == (kept.name, kept.statements, kept.known[:-1])
