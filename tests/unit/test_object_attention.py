"""Attention to the object: what is asked of the model, and what is found where the answer was planted."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.object_attention import find, needs, tell
from reportgen.errors import StudyError
from reportgen.spec.experiments import ObjectAttentionSection
from tests import planted

SECTION = ObjectAttentionSection()
PLANTED = {(1, 2): 0.1}


@pytest.fixture(scope="module")
def made():
    return planted.statements(40)


def test_it_asks_for_the_object_and_for_every_token_of_the_later_span(made):
    long = [replace(statement, object=(2, 3), query=3) for statement in made]
    study = planted.study(long, planted.values(long, {}))
    requests = needs(study.plan, SECTION).requests
    assert [request.statement.keys for request in requests[: len(long)]] == [(2, 3)] * len(long)
    assert [(request.statement.query, request.statement.keys) for request in requests[len(long) :]] == [
        (2, (1,)),
        (3, (1,)),
    ] * len(long)


def test_an_object_after_the_query_position_cannot_be_looked_at(made):
    early = [replace(statement, query=1) for statement in made]
    study = planted.study(early, planted.values(early, {}))
    with pytest.raises(StudyError, match="object comes after the query position"):
        needs(study.plan, SECTION)


def test_a_planted_effect_on_the_object_is_found_and_no_other(made):
    study = planted.study(made, planted.values(made, {(0, 0): 0.1}))
    scores = np.concatenate([planted.values(made, PLANTED), planted.values(made, {(2, 3): 0.1})])
    found = find(study, SECTION, scores)
    assert np.argwhere(found.to_object.recall_heads().to_numpy()).tolist() == [[1, 2]]
    assert np.argwhere(found.within.recall_heads().to_numpy()).tolist() == [[2, 3]]
    assert found.together.low < 0 < found.together.high
    told = tell(found, study, SECTION)
    assert "**1** of 12 heads" in told.answer
    assert "0 of them are among the 1" in told.answer


def test_nothing_to_find_is_said(made):
    values = planted.values(made, {})
    study = planted.study(made, values)
    found = find(study, SECTION, np.concatenate([values, values]))
    assert not found.to_object.recall_heads().any()
    assert "**0** of 12 heads" in tell(found, study, SECTION).answer


def test_effects_that_are_the_same_go_together_and_the_scores_of_several_tokens_are_averaged(made):
    values = planted.values(made, {(0, 0): 0.1, (1, 1): -0.2})
    long = [replace(statement, object=(2, 3), query=3) for statement in made]
    study = planted.study(long, values)
    back = np.repeat(values, 2, axis=0)
    back[::2] += 0.05
    back[1::2] -= 0.05
    found = find(study, SECTION, np.concatenate([values, back]))
    assert found.together.estimate == pytest.approx(1)
    assert found.together.low > 0.999
    assert np.allclose(found.within.heads.effect, found.to_object.heads.effect, atol=1e-6)
