"""Attribution: which pairs are asked about, and what is said where heads were planted that look, move, or do both."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.attribution import conclude, needs
from reportgen.analyses.attribution_asked import choose_asked
from reportgen.analyses.attribution_told import tell
from reportgen.errors import StudyError
from reportgen.interventions.attribution import Answer, AnswerEffects, Divergences
from reportgen.models.tokenizer import Tokens
from reportgen.spec.experiments import AttributionSection
from tests import planted

SECTION = AttributionSection(window=2)
SHAPE = (planted.LAYERS, planted.HEADS)


def statement(made, ids, subject=(1, 2), object_=(5,)):
    tokens = Tokens(tuple(ids), ((0, 1),) * len(ids), ("t",) * len(ids))
    return replace(made, tokens=tokens, subject=subject, object=object_, query=len(ids) - 1, keys=subject)


@pytest.fixture(scope="module")
def made():
    """Pairs with subjects of their own, whose objects, the last token, are 1000 and 2000."""
    return [
        statement(one, (0, 1, 100 + place // 2, 3, 4, 5, 1000 if one.fact.truth else 2000), object_=(6,))
        for place, one in enumerate(planted.statements(40))
    ]


def effects(asked, direct, cut, windows=0.0, seed=0):
    """Records with these mean effects by head, and those of the windows."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in asked.answers:
        maps = []
        for means in (direct, cut):
            drawn = rng.normal(0, 0.1, SHAPE)
            for place, mean in means.items():
                drawn[place] += mean
            maps.append(drawn.astype(np.float32))
        made.append(
            AnswerEffects(
                2.0,
                *maps,
                rng.normal([0.0, windows], 0.1).astype(np.float32),
                rng.normal(0, 0.1, 2).astype(np.float32),
            )
        )
    return made


def divergences(asked, planted_at=None, seed=1):
    rng = np.random.default_rng(seed)
    values = np.abs(rng.normal(0, 0.01, (len(asked.looks), *SHAPE))).astype(np.float32)
    if planted_at is not None:
        values[::2, *planted_at] += 0.1
    return [Divergences(each) for each in values]


def concluded(made, looks, direct, cut, windows=0.0, diverging=None):
    values = planted.values(made, looks)
    study = planted.study(made, values)
    asked = choose_asked(study.statements, SECTION, 0)
    found = conclude(study, SECTION, asked, values, effects(asked, direct, cut, windows), divergences(asked, diverging))
    return found, tell(found, study, SECTION)


def test_heads_that_look_and_move_are_told_from_those_that_do_one_alone(made):
    found, told = concluded(
        made,
        looks={(0, 0): 0.1, (1, 1): 0.1},
        direct={(1, 1): 0.5, (2, 2): -0.5},
        cut={(1, 1): -0.6},
        windows=-1.0,
        diverging=(2, 1),
    )
    for tests, heads in (
        (found.looking, [[0, 0], [1, 1]]),
        (found.direct, [[1, 1], [2, 2]]),
        (found.cut, [[1, 1]]),
        (found.diverging, [[2, 1]]),
        (found.windows.subject, [[1, 0]]),
    ):
        assert np.argwhere(tests.recall_heads().to_numpy()).tolist() == heads
    assert not found.windows.others.recall_heads().any()
    assert "Of the 2 heads that look at the subject differently, **1** moves the answer directly" in told.answer
    assert "1 other head does" in told.answer
    assert "changes the answer at **1** head, most at [L1H1](index.html#head=L1H1): by −0\\." in told.answer
    assert "Blocking that of all heads in layers 1–2 changes the log-probability" in told.answer
    speaking = {one.what: np.argwhere(one.speaks).tolist() for one in told.evidence}
    assert speaking["logit attribution"] == [[1, 1], [2, 2]]
    assert speaking["edge knock-out"] == [[1, 1]]


def test_what_is_too_small_to_matter_is_not_found(made):
    """0.03 logits are told from nothing, and less than what is of interest."""
    values = planted.values(made, {})
    study = planted.study(made, values)
    asked = choose_asked(study.statements, SECTION, 0)
    tiny = [replace(effect, direct=effect.direct / 20) for effect in effects(asked, {(1, 1): 0.6}, {})]
    found, strict = (
        conclude(study, section, asked, values, tiny, divergences(asked))
        for section in (SECTION, SECTION.model_copy(update={"smallest_effect": 0.01}))
    )
    assert not found.direct.recall_heads().any()
    assert np.argwhere(strict.direct.recall_heads().to_numpy()).tolist() == [[1, 1]]


def test_corners_hold_each_head_once(made):
    _, told = concluded(made, {(0, 0): 0.1, (1, 1): -0.1}, {(1, 1): 0.5, (2, 2): -0.5}, {})
    table = next(str(block.html) for block in told.blocks if getattr(block, "id", "") == "tbl-attribution-corners")
    row = {
        name: next(line for line in table.split("</tr>") if name in line)
        for name in ("look less, push towards", "move the")
    }
    assert "L1H1" in row["look less, push towards"]
    assert "L2H2" in row["move the"]
    assert [table.count(f">{head}<") for head in ("L0H0", "L1H1", "L2H2")] == [1, 1, 1]


def test_nothing_to_find_is_said(made):
    found, told = concluded(made, {}, {}, {})
    assert not any(tests.recall_heads().any() for tests in (found.direct, found.cut, found.diverging))
    assert "No head looks at the subject differently; no head moves the answer directly." in told.answer
    assert "changes the answer at no head" in told.answer
    assert "Blocking that of all heads in 2 layers on end changes it nowhere" in told.answer
    assert found.with_direct.low < 0 < found.with_direct.high


def test_effects_of_shuffled_signs_are_not_found(made):
    """What pushes towards either object by chance moves no head's mean."""
    values = planted.values(made, {})
    study = planted.study(made, values)
    asked = choose_asked(study.statements, SECTION, 0)
    signs = np.where(np.random.default_rng(3).random(len(asked.answers)) < 0.5, -1, 1)
    flipped = [
        replace(effect, direct=effect.direct * sign, cut=effect.cut * sign)
        for effect, sign in zip(effects(asked, {(1, 1): 0.5}, {(1, 1): -0.5}), signs, strict=True)
    ]
    found = conclude(study, SECTION, asked, values, flipped, divergences(asked))
    assert not found.direct.recall_heads().any()
    assert not found.cut.recall_heads().any()


def test_a_correlation_over_heads_is_found_where_effects_go_together(made):
    looks = {(layer, head): 0.05 * (layer - 1) for layer in range(3) for head in range(4)}
    direct = {place: 10 * effect for place, effect in looks.items()}
    found, _ = concluded(made, looks, direct, {place: -mean for place, mean in direct.items()})
    assert found.with_direct.low > 0.8
    assert found.with_cut.high < -0.8


def test_the_answer_is_asked_for_where_the_objects_first_differ(made):
    two = [
        replace(statement(one, (0, 1, 2, 3, 4, 700, 8 if one.fact.truth else 9), object_=(5, 6)), query=6)
        for one in made
    ]
    asked = choose_asked(two, SECTION, 0)
    answer = asked.answers[0]
    assert (answer.tokens, answer.true, answer.false) == ((0, 1, 2, 3, 4, 700), 8, 9)
    assert answer.subject == (1, 2)
    assert set(answer.others) == {3, 4}
    assert [len(look.tokens) for look in asked.looks[:2]] == [7, 7]


def test_pairs_that_have_no_answer_are_left_out_and_listed(made):
    beginning = [
        statement(
            one, (0, 1, 2, 3, 5) if one.fact.truth else (0, 1, 2, 3, 5, 6), object_=(4,) if one.fact.truth else (4, 5)
        )
        for one in made[:2]
    ]
    before = [statement(one, (0, 1 if one.fact.truth else 2, 3, 4), subject=(2,), object_=(1,)) for one in made[2:4]]
    bare = [statement(one, (1, 2, 3 if one.fact.truth else 4), subject=(0, 1), object_=(2,)) for one in made[4:6]]
    asked = choose_asked([*beginning, *before, *bare, *made[6:]], AttributionSection(facts=10), 0)
    assert (len(asked.pairs), asked.possible) == (10, 37)
    [notice] = asked.notices
    assert "leaves 3 of 40 pairs out" in notice.message
    assert "beginning of the other" in notice.items[0]
    assert "before its subject" in notice.items[1]
    assert "nothing but the subject" in notice.items[2]
    with pytest.raises(
        StudyError, match="no pair has an answer that can be asked for; of the first: its object comes before"
    ):
        choose_asked(before, SECTION, 0)
    with pytest.raises(StudyError, match="false twins"):
        choose_asked(made[::2], SECTION, 0)


def test_more_pairs_hold_the_fewer(made):
    few, many = (choose_asked(made, AttributionSection(facts=facts), 5) for facts in (5, 20))
    assert {answer.key for answer in few.answers} < {answer.key for answer in many.answers}
    assert len(choose_asked(made, AttributionSection(facts=100), 5).pairs) == 40


def test_other_tokens_are_none_where_there_are_too_few(made):
    short = [statement(one, (0, 1, 2, 3, 1000 if one.fact.truth else 2000), object_=(4,)) for one in made]
    asked = choose_asked(short, SECTION, 0)
    assert all(answer.others == () for answer in asked.answers)
    values = planted.values(short, {})
    study = planted.study(short, values)
    bare = [replace(effect, control=np.full(2, np.nan, np.float32)) for effect in effects(asked, {}, {})]
    found = conclude(study, SECTION, asked, values, bare, divergences(asked))
    assert found.windows.others is None
    assert "that have them" not in tell(found, study, SECTION).blocks[-1].caption


def test_it_asks_for_contributions_and_tells_its_passes(made, tmp_path):
    study = planted.study(made, planted.values(made, {}))
    (tmp_path / "config.json").write_text('{"num_hidden_layers": 3, "num_attention_heads": 4}')
    plan = replace(study.plan, tokenizer=replace(study.plan.tokenizer, folder=tmp_path))
    wanted = needs(plan, AttributionSection(facts=10, window=2))
    assert {(request.weight, request.aggregation) for request in wanted.requests} == {("contribution", "sum")}
    assert len(wanted.requests) == len(made)
    # 10 answers and 20 looks, 12 heads each; an answer has 2 windows, blocked in two ways.
    assert wanted.passes.forward == 30 + 30 * 12 + 10 * 2 * 2
    assert wanted.passes.tokens == 10 * 6 + 20 * 7 + 30 * 12 + 10 * 2 * 2


def test_records_come_back_as_they_were_kept():
    rng = np.random.default_rng(0)
    record = AnswerEffects(1.5, rng.normal(size=SHAPE), rng.normal(size=SHAPE), rng.normal(size=2), np.full(2, np.nan))
    again = AnswerEffects.from_bytes(record.to_bytes())
    assert again.difference == 1.5
    for name in ("direct", "cut", "windows", "control"):
        np.testing.assert_array_equal(getattr(again, name), getattr(record, name))
    values = rng.normal(size=SHAPE)
    np.testing.assert_array_equal(Divergences.from_bytes(Divergences(values).to_bytes()).values, values)


def test_whatever_decides_an_effect_is_in_its_key():
    answer = Answer((1, 2, 3), (1,), 5, 6, (), 2)
    changes = ({"tokens": (1, 2, 4)}, {"subject": (0,)}, {"true": 7}, {"false": 7}, {"others": (0,)}, {"window": 3})
    assert len({answer.key, *(replace(answer, **change).key for change in changes)}) == 7
