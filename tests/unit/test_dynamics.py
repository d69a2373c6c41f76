"""Attention to the subject over positions: what is asked of the model, and what is found where the answer was planted."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.dynamics import NEVER, find, needs
from reportgen.analyses.dynamics_told import tell
from reportgen.analyses.positions import Positions
from reportgen.errors import StudyError
from reportgen.spec.experiments import DynamicsSection
from tests import planted

SECTION = DynamicsSection()
LONG = 6


@pytest.fixture(scope="module")
def made():
    return followed(40)


def followed(pairs, length=lambda pair: LONG):
    """Statements with the subject at position 1 and the object at 3, read from the last."""
    return [replace(one, object=(3,)) for one in planted.statements(pairs, length)]


def scores(made, courses, differences=None, spread=0.02):
    """Attention from every position: about 0.2, but `courses` (head: by offset) and, in true statements, `differences`
    (offset, layer, head: effect)."""
    rng = np.random.default_rng(0)
    rows = []
    for one in made:
        for position in range(1, one.query + 1):
            offset, row = position - 1, np.full((planted.LAYERS, planted.HEADS), 0.2)
            for place, course in courses.items():
                row[place] = course[min(offset, len(course) - 1)]
            row += rng.normal(0, spread, row.shape)
            for (at, *place), effect in (differences or {}).items():
                row[tuple(place)] += effect * (one.fact.truth and offset == at)
            rows.append(row)
    return np.array(rows, dtype=np.float32)


def test_it_asks_from_every_position_from_the_subject_on(made):
    study = planted.study(made, planted.values(made, {}))
    requests = needs(study.plan, SECTION).requests
    assert [(request.statement.query, request.statement.keys) for request in requests] == [
        (position, (1,)) for _ in made for position in range(1, LONG)
    ]


def test_within_a_long_subject_only_its_part_so_far_is_looked_at(made):
    (first, *_) = made
    read = list(Positions.of([replace(first, subject=(1, 2), object=(4,))]).read())
    assert [(one.query, one.keys) for one in read] == [(1, (1,)), (2, (1, 2)), (3, (1, 2)), (4, (1, 2)), (5, (1, 2))]


def test_a_query_position_before_the_end_of_the_subject_has_nothing_to_follow(made):
    early = [replace(one, query=1) for one in made]
    study = planted.study(early, planted.values(early, {}))
    with pytest.raises(StudyError, match="does not come after the subject"):
        needs(study.plan, SECTION)


def test_a_planted_lock_on_is_found_and_the_others_are_there_at_once(made):
    study = planted.study(made, planted.values(made, {(1, 2): 0.2}))
    found = find(study, SECTION, scores(made, {(1, 2): (0.05, 0.05, 0.5, 0.4, 0.4)}))
    for locked in (found.a, found.b):
        assert (locked.position[1, 2], locked.low[1, 2], locked.high[1, 2]) == (2, 2, 2)
        assert Counter(locked.position.ravel().tolist()) == {1: 11, 2: 1}
    assert found.a.attention[1, 2] == pytest.approx(0.5, abs=0.02)
    assert found.words == ("the subject's last token", "“t”", "the object's first token", "“t”", "“t”")
    answer = tell(found, study, SECTION).answer.replace("\\", "")
    assert "11 lock on at +1 (“t”), 1 at +2 (the object's first token)" in answer
    assert "The recall head, [L1H2](index.html#head=L1H2), locks on at +2 [+2, +2], with" in answer


def test_both_alignments_have_the_means_of_their_positions(made):
    study = planted.study(made, planted.values(made, {}))
    course = (0.1, 0.2, 0.3, 0.4, 0.5)
    found = find(study, SECTION, scores(made, {(0, 1): course}, {(4, 2, 2): 0.1}, spread=1e-4))
    assert found.from_subject.offsets == (0, 1, 2, 3, 4)
    assert found.to_query.offsets == (-4, -3, -2, -1, 0)
    for aligned in (found.from_subject, found.to_query):
        assert aligned.reached == (80,) * 5
        assert np.allclose(aligned.a[:, 0, 1], course, atol=1e-3)
        assert aligned.a[4, 2, 2] - aligned.b[4, 2, 2] == pytest.approx(0.1, abs=1e-3)


def test_where_true_and_false_part_is_the_first_position_that_differs(made):
    study = planted.study(made, planted.values(made, {}))
    found = find(study, SECTION, scores(made, {}, {(3, 0, 0): 0.1, (4, 0, 0): 0.1, (4, 2, 1): -0.1}))
    expected = np.full((planted.LAYERS, planted.HEADS), NEVER)
    expected[0, 0], expected[2, 1] = 3, 4
    assert found.parting.first.tolist() == expected.tolist()
    assert found.parting.family == 4 * 12
    assert "**2 heads differ** at some position, from \\+3" in tell(found, study, SECTION).answer


def test_nothing_to_find_is_said(made):
    study = planted.study(made, planted.values(made, {}))
    found = find(study, SECTION, scores(made, {}))
    assert (found.parting.first == NEVER).all()
    assert (found.a.position == 1).all()
    answer = tell(found, study, SECTION).answer
    assert "At none of these positions is any head shown to differ" in answer
    assert "The study finds no recall head" in answer


def test_heads_that_never_look_do_not_lock_on(made):
    study = planted.study(made, planted.values(made, {}))
    found = find(study, DynamicsSection(least_attention=0.5), scores(made, {}))
    assert not found.a.found.any()
    assert "No head gives the subject 50 points" in tell(found, study, DynamicsSection(least_attention=0.5)).answer


def test_twins_that_are_the_same_before_the_object_are_not_tested_there(made):
    study = planted.study(made, planted.values(made, {}))
    values = scores(made, {}).reshape(len(made), LONG - 1, planted.LAYERS, planted.HEADS)
    values[1::2, :2] = values[::2, :2]
    found = find(study, SECTION, values.reshape(-1, planted.LAYERS, planted.HEADS))
    assert np.isnan(found.parting.adjusted[0]).all()
    assert found.parting.family == 3 * 12


def test_positions_that_few_statements_reach_are_left_out():
    lengths = {
        "quarter": lambda pair: 8 if pair % 4 == 0 else LONG,
        "tenth": lambda pair: 8 if pair % 10 == 0 else LONG,
    }
    last = {}
    for name, length in lengths.items():
        made = followed(40, length)
        study = planted.study(made, planted.values(made, {}))
        found = find(study, SECTION, scores(made, {}))
        last[name] = (found.from_subject.offsets[-1], found.to_query.offsets[0], found.parting.offsets[-1])
    assert last == {"quarter": (6, -6, 6), "tenth": (4, -4, 4)}


def test_pairs_of_which_one_twin_ends_early_are_compared_as_far_as_both_go():
    made = [one if one.fact.truth or int(one.fact.pair[1:]) % 2 else replace(one, query=4) for one in followed(40)]
    study = planted.study(made, planted.values(made, {}))
    found = find(study, SECTION, scores(made, {}, {(4, 1, 1): 0.1}))
    assert found.from_subject.reached == (80, 80, 80, 80, 60)
    assert found.parting.first[1, 1] == 4
    assert found.parting.effect[-1, 1, 1] == pytest.approx(0.1, abs=0.02)


def test_independent_sets_are_compared_too(made):
    tests = planted.SPEC.tests.model_copy(update={"test": "welch"})
    results = planted.study(made, planted.values(made, {}), tests=tests)
    study = replace(results, findings=(planted.conclude(results.scores, made, results.spec)[0],))
    found = find(study, SECTION, scores(made, {}, {(3, 0, 0): 0.1}))
    assert study.tests.design == "independent"
    assert np.argwhere(found.parting.first != NEVER).tolist() == [[0, 0]]
