"""Several models: heads that respond to the same facts are matched, and depths compared; where nothing is shared, so said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reportgen.analyses.across_models import compare_models, needs
from reportgen.analyses.across_models_told import tell
from reportgen.analyses.elsewhere import Answer
from reportgen.errors import StudyError
from reportgen.spec.model import ModelSection
from reportgen.spec.other_models import AcrossModelsSection
from reportgen.stats.depth import depth_of, relative_depths
from reportgen.stats.kinds import redrawn
from reportgen.stats.matching import match_heads
from tests import planted

SECTION = AcrossModelsSection(models=(ModelSection(folder="other"),))
PAIRS = 60
LAYERS, HEADS = 5, 2


@pytest.fixture(scope="module")
def made():
    return planted.statements(PAIRS)


def own_scores(made):
    """One head differs, and it does so more for some facts than for others."""
    scores = planted.values(made, {(2, 1): 0.1}, spread=0.01)
    scores[::2, 2, 1] += responses()
    return scores


def responses():
    return np.random.default_rng(5).normal(0, 0.04, PAIRS).astype(np.float32)


def other_scores(made, *, alike: bool):
    scores = np.random.default_rng(9).normal(0.3, 0.01, (len(made), LAYERS, HEADS)).astype(np.float32)
    scores[::2, 1, 0] += 0.1 + (responses() if alike else np.random.default_rng(6).normal(0, 0.04, PAIRS))
    return scores


def answer(made, scores, kept=None):
    ids = [one.id for one in made]
    rows = list(range(len(made))) if kept is None else kept
    unplaced = () if kept is None else ("s0 – o0 (r): 9 tokens, more than the model's context of 8",)
    return Answer("other", "a folder", tuple(ids[row] for row in rows), unplaced, scores[rows], ())


@pytest.fixture(scope="module")
def study(made):
    return planted.study(made, own_scores(made))


def test_heads_that_respond_to_the_same_facts_are_matched_and_depths_compared(made, study):
    found = compare_models(study, [answer(made, other_scores(made, alike=True))])
    [other] = found.others
    like = np.flatnonzero(other.matching.p_value <= 0.05)
    matched = [(int(other.matching.matched.first[at]), int(other.matching.matched.second[at])) for at in like]
    assert matched == [(2 * planted.HEADS + 1, 1 * HEADS)]
    assert other.both == 1
    assert found.own.depth.value == 1
    assert other.model.depth.value == 0.25
    assert other.deeper.value == -0.75
    told = tell(found, study, SECTION)
    assert "1 of 10 heads" in told.answer
    assert "1 of them are heads found in both" in told.answer
    assert told.evidence[0].speaks.tolist() == np.isin(np.arange(12).reshape(3, 4), [9]).tolist()
    assert not told.notices


def test_models_that_share_nothing_have_no_match(made, study):
    found = compare_models(study, [answer(made, other_scores(made, alike=False))])
    [other] = found.others
    assert (other.matching.p_value > 0.05).all()
    assert other.matching.mean_p > 0.05
    assert abs(other.matching.held_out) < 0.1
    assert "None of 10 heads" in tell(found, study, SECTION).answer


def test_where_no_head_is_found_no_depth_is_told(made):
    nothing = planted.study(made, planted.values(made, {}))
    found = compare_models(nothing, [answer(made, planted.values(made, {})[:, :2])])
    assert np.isnan(found.own.depth.value)
    told = tell(found, nothing, SECTION)
    assert "**0** of 12 heads" in told.answer
    assert "depth" not in told.answer


def test_a_pair_without_a_place_in_one_model_is_left_out_and_counted(made, study):
    found = compare_models(study, [answer(made, other_scores(made, alike=True), kept=list(range(2, len(made))))])
    assert (found.shared, found.pairs) == (PAIRS - 1, PAIRS)
    assert found.own.tests.n_a == PAIRS - 1
    [notice] = tell(found, study, SECTION).notices
    assert notice.message.startswith("1 pair of 60 has no place")
    assert notice.items[0].startswith("other: s0 – o0")


def test_models_without_a_shared_fact_cannot_be_compared(made, study):
    with pytest.raises(StudyError, match="no fact has a place in all"):
        compare_models(study, [answer(made, other_scores(made, alike=True), kept=[])])


def test_models_of_one_name_are_told_apart(made, study):
    one = answer(made, other_scores(made, alike=True))
    found = compare_models(study, [one, replace(one, name="m")])
    assert [model.name for model in found.models] == ["m", "other", "m (2)"]


def test_a_model_that_is_not_there_is_named_before_any_is_opened(study, tmp_path: Path):
    file = study.plan.file.model_copy(update={"path": tmp_path / "s.yml"})
    with pytest.raises(StudyError, match="there is no `other`"):
        needs(replace(study.plan, file=file), SECTION)


def test_shuffled_heads_find_their_way_back_and_their_p_values_allow_for_all():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 20))
    order = rng.permutation(20)
    y = x[:, order] + 0.5 * rng.normal(size=x.shape)
    found = match_heads(x, y, np.zeros(50, dtype=np.intp), seed=0, draws=99)
    assert order[found.matched.second].tolist() == found.matched.first.tolist()
    assert (found.p_value == 0.01).all()
    assert found.held_out == pytest.approx(0.894, abs=0.03)  # 1/√(1 + 0.5²)


def test_what_moves_all_heads_alike_makes_any_two_alike():
    rng = np.random.default_rng(4)
    common = rng.normal(size=(60, 1))
    x, y = (common + rng.normal(size=(60, 8)) for _ in range(2))
    found = match_heads(x, y, np.zeros(60, dtype=np.intp), seed=0, draws=99)
    assert found.mean_p == 0.01
    assert found.any_two == pytest.approx(0.5, abs=0.1)
    assert found.held_out == pytest.approx(found.any_two, abs=0.1)


def test_unrelated_models_match_beyond_chance_no_more_often_than_stated():
    """Two heads each way, few draws: p-values at most 0.2 in about a fifth of the cases."""
    rng = np.random.default_rng(2)
    few = [
        match_heads(rng.normal(size=(12, 5)), rng.normal(size=(12, 4)), np.zeros(12, dtype=np.intp), seed, draws=19)
        for seed in range(200)
    ]
    assert 0.12 < np.mean([one.p_value.min() <= 0.2 for one in few]) < 0.28
    assert 0.12 < np.mean([one.mean_p <= 0.2 for one in few]) < 0.28


def test_a_mean_effect_alone_makes_no_two_heads_alike_and_units_stay_in_their_block():
    rng = np.random.default_rng(3)
    blocks = np.repeat([0, 1], 25)
    x, y = (rng.normal(size=(50, 1)) + 3 * np.where(blocks, 1, -1)[:, np.newaxis] for _ in range(2))
    assert match_heads(x, y, blocks, seed=0, draws=99).p_value[0] > 0.05
    assert match_heads(x, y, np.zeros(50, dtype=np.intp), seed=0, draws=99).p_value[0] == 0.01


def test_depth_weighs_heads_by_their_effects_and_its_interval_covers():
    depths = relative_depths(3, 2)
    assert depths.tolist() == [0, 0, 0.5, 0.5, 1, 1]
    truth = np.array([0.3, 0.0, 0.0, 0.0, 0.1, 0.0])
    found = np.array([True, False, False, False, True, False])
    covered = 0
    for seed in range(100):
        rows = truth + np.random.default_rng(seed).normal(0, 0.2, (40, 6))
        depth = depth_of([(rows, redrawn(40, 400, seed))], found, depths).estimate(0.9)
        covered += depth.low <= 0.25 <= depth.high
    assert 80 <= covered <= 98
