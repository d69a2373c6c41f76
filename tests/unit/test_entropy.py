"""How evenly heads spread their attention: what is asked of the model, and what is found where the answer was planted."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.entropy import find, needs
from reportgen.analyses.entropy_told import tell
from reportgen.errors import StudyError
from reportgen.spec.experiments import EntropySection
from tests import planted

SECTION = EntropySection()
RECALL = {(0, 0): 0.2, (1, 2): -0.2, (2, 1): 0.2}


@pytest.fixture(scope="module")
def made():
    return planted.statements(40)


def spread(made, shifts, effects=None, seed=1):
    """Spread about a half, another level in each layer, in which some heads are shifted."""
    values = planted.values(made, effects or {}, spread=0) - 0.3
    rng = np.random.default_rng(seed)
    values += rng.normal(0, 0.02, values.shape) + rng.normal(0, 0.01, values.shape[1:])
    values += np.array([0.3, 0.5, 0.7])[:, np.newaxis]
    for place, shift in shifts.items():
        values[:, *place] += shift
    return values.astype(np.float32)


def both(made, whole, rest):
    return np.concatenate([spread(made, whole), spread(made, rest, seed=2)])


def test_it_asks_for_each_row_with_and_without_its_first_token(made):
    study = planted.study(made, planted.values(made, {}))
    requests = needs(study.plan, SECTION).requests
    assert {request.aggregation for request in requests} == {"entropy"}
    assert [request.statement.keys for request in requests] == [(0, 1, 2)] * len(made) + [(1, 2)] * len(made)


def test_a_row_too_short_to_spread_over_is_said(made):
    early = [replace(statement, query=1) for statement in made]
    study = planted.study(early, planted.values(early, {}))
    with pytest.raises(StudyError, match=r"80 of 80 statements .* fewer than 3 tokens"):
        needs(study.plan, SECTION)


def test_planted_focus_of_recall_heads_is_found_whatever_their_layers(made):
    study = planted.study(made, planted.values(made, RECALL))
    shifts = dict.fromkeys(RECALL, -0.1)
    found = find(study, SECTION, both(made, shifts, shifts))
    focus = found.whole.focus
    assert (found.recall, found.matched) == (3, 3)
    assert focus.drawn.estimate == pytest.approx(-0.1, abs=0.02)
    assert focus.low < focus.drawn.estimate < focus.high < 0
    assert focus.drawn.exact
    assert focus.drawn.p_value == pytest.approx(1 / 64)
    assert "are **more focused than** the other heads of their layers." in tell(found, study, SECTION).answer


def test_what_the_first_token_hides_is_told_apart(made):
    study = planted.study(made, planted.values(made, RECALL))
    found = find(study, SECTION, both(made, {}, dict.fromkeys(RECALL, 0.1)))
    answer = tell(found, study, SECTION).answer
    assert "**not shown to differ from** the other heads of their layers where all tokens count" in answer
    assert r"and less focused than them without the text\'s first token" in answer


def test_recall_heads_like_the_others_are_not_told_apart(made):
    study = planted.study(made, planted.values(made, RECALL))
    told = tell(find(study, SECTION, both(made, {}, {})), study, SECTION)
    assert "are **not shown to differ from** the other heads of their layers." in told.answer
    assert "no head is shown to spread its attention differently" in told.answer


def test_without_recall_heads_there_is_nothing_to_compare(made):
    study = planted.study(made, planted.values(made, {}))
    found = find(study, SECTION, both(made, {}, {}))
    assert found.whole.focus is None
    assert "finds no recall head" in tell(found, study, SECTION).answer


def test_layers_of_recall_heads_alone_have_nothing_to_compare(made):
    study = planted.study(made, planted.values(made, {(1, head): 0.2 for head in range(4)}))
    found = find(study, SECTION, both(made, {}, {}))
    assert (found.recall, found.matched, found.rest.focus) == (4, 0, None)
    assert "all heads are recall heads" in tell(found, study, SECTION).answer


def test_the_head_that_spreads_differently_in_true_statements_is_found(made):
    study = planted.study(made, planted.values(made, RECALL))
    scores = np.concatenate([spread(made, {}), spread(made, {}, {(2, 3): 0.05})])
    found = find(study, SECTION, scores)
    assert not found.whole.contrast.recall_heads().any()
    assert np.argwhere(found.rest.contrast.recall_heads().to_numpy()).tolist() == [[2, 3]]
    assert "The most, without it, [L2H3]" in tell(found, study, SECTION).answer


def test_the_evidence_is_each_head_beside_its_layer(made):
    study = planted.study(made, planted.values(made, RECALL))
    (evidence,) = tell(find(study, SECTION, both(made, {}, {(0, 3): -0.2})), study, SECTION).evidence
    assert evidence.estimate[0, 3] == pytest.approx(-20, abs=4)
    assert evidence.estimate[0, 0] == pytest.approx(20 / 3, abs=4)
    assert evidence.low[0, 3] < evidence.estimate[0, 3] < evidence.high[0, 3] < 0
    assert evidence.speaks[0, 3]


def test_a_beginning_of_sequence_token_is_called_so(made):
    begun = [replace(one, tokens=replace(one.tokens, offsets=((0, 0), (0, 1), (1, 2)))) for one in made]
    study = planted.study(begun, planted.values(begun, RECALL))
    found = find(study, SECTION, both(begun, {}, {}))
    assert found.bos
    assert "without the beginning\\-of\\-sequence token" in tell(found, study, SECTION).answer


def test_independent_sets_are_units_each(made):
    tests = planted.SPEC.tests.model_copy(update={"test": "welch"})
    study = planted.study(made, planted.values(made, RECALL), tests=tests)
    found = find(study, SECTION, both(made, dict.fromkeys(RECALL, -0.1), {}))
    assert found.whole.contrast.design == "independent"
    assert found.whole.focus.drawn.estimate == pytest.approx(-0.1, abs=0.02)
    assert found.whole.beside.design == "paired"
