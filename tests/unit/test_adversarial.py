"""Misleading sentences: their neutral twins are as long, planted shifts and flips are found, and where there is nothing that is
said."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses import adversarial
from reportgen.analyses.adversarial import FEWEST, Continuation, Side, find, foretell, needs, share, shift
from reportgen.analyses.adversarial_told import tell
from reportgen.analyses.analysis import Study
from reportgen.analyses.misleading import mislead
from reportgen.errors import StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.spec.experiments import AdversarialSection
from tests import planted
from tests.told import study

PAIRS = 60
TEMPLATE = "The capital of {subject} is {object}"
SECTION = AdversarialSection(
    templates=("Many people think it is {other}, but no.", "Of {subject} it is said: {other}."),
    neutral=("????", "??????", "????????"),
)


def facts(lengths: int = 1, pairs: int = PAIRS) -> FactSet:
    """Objects of as many lengths as are asked for, 6, 8 and 10 letters in turn."""
    objects = [f"City{number:02}{'xx' * (number % lengths)}" for number in range(pairs)]
    made = [
        Fact(f"Land{number:02}", "capital", objects[(number + shift) % pairs], not shift, f"p{number:05}", {}, TEMPLATE)
        for number in range(pairs)
        for shift in (0, 1)
    ]
    return FactSet(tuple(made), (), "")


def test_every_neutral_twin_has_as_many_tokens_and_names_no_wrong_answer(tmp_path):
    plan = study(tmp_path, facts()).plan
    misled = mislead(plan, SECTION)
    assert not misled.notices
    assert misled.rows == tuple(range(0, 2 * PAIRS, 2))
    for misleading, neutral in zip(misled.misleading, misled.neutral, strict=True):
        for one, other in zip(misleading, neutral, strict=True):
            wrong = one.false.fact.object
            assert one.true.text.count(wrong) == 1
            assert wrong not in other.true.text
            assert one.true.text != other.true.text
            for a, b in ((one.true, other.true), (one.false, other.false)):
                assert len(a.tokens.ids) == len(b.tokens.ids)
                assert (a.subject, a.object, a.query, a.keys) == (b.subject, b.object, b.query, b.keys)
                assert a.keys == a.subject
                assert a.text[slice(*a.subject_stretch)] == a.fact.subject
                assert a.subject_stretch[0] > a.text.index(". The") > 0


def test_each_wrong_answer_gets_the_phrase_of_its_own_length(tmp_path):
    misled = mislead(study(tmp_path, facts(lengths=2)).plan, SECTION)
    phrases = {pair.true.text.split(" it is ")[1].split(",")[0] for pair in misled.neutral[0]}
    assert phrases == {"??????", "????????"}


def test_pairs_without_a_neutral_phrase_of_their_length_are_named(tmp_path):
    misled = mislead(study(tmp_path, facts(lengths=3)).plan, SECTION)
    assert len(misled.rows) == PAIRS * 2 // 3
    (notice,) = misled.notices
    assert notice.items[0] == "Land01 – City02xxxx: no neutral phrase makes both sentences equally long in tokens"


def test_a_sentence_that_fits_few_pairs_is_named_and_the_others_are_done(tmp_path):
    section = SECTION.model_copy(update={"templates": (*SECTION.templates, f"{'It is long. ' * 50}{{other}}")})
    misled = mislead(study(tmp_path, facts(), context=300).plan, section)
    assert misled.templates == SECTION.templates
    (notice,) = misled.notices
    assert "60 of 60 pairs" in notice.message
    assert "more than the model's context of 300" in notice.items[0]


@pytest.mark.parametrize(
    ("section", "context", "why"),
    [
        (SECTION.model_copy(update={"neutral": ("?",)}), 2000, "no neutral phrase"),
        (SECTION, 40, "more than the model's context of 40"),
    ],
)
def test_nothing_that_fits_is_an_error(tmp_path, section, context, why):
    with pytest.raises(StudyError, match=why):
        mislead(study(tmp_path, facts(), context=context).plan, section)


def test_without_twins_there_is_no_wrong_answer(tmp_path):
    true = replace(facts(), facts=facts().facts[::2])
    with pytest.raises(StudyError, match="have a false twin"):
        mislead(study_of_true(tmp_path, true), SECTION)


def study_of_true(tmp_path, given: FactSet):
    made = study(tmp_path, facts())
    kept = tuple(statement for statement in made.statements if statement.fact.truth)
    return replace(made.plan, facts=given, statements=replace(made.plan.statements, statements=kept))


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("Nobody knows.", "names {other}"),
        ("{other} and {nobody}", "not `nobody`"),
        ("{other", "cannot be read"),
    ],
)
def test_a_template_that_misleads_nobody_is_an_error(template, why):
    with pytest.raises(ValueError, match=why):
        AdversarialSection(templates=(template,))


def test_it_asks_for_both_sides_and_tells_its_passes(tmp_path):
    needed = needs(study(tmp_path, facts()).plan, SECTION)
    assert len(needed.requests) == 2 * 2 * PAIRS
    assert needed.passes.forward == 2 * 2 * PAIRS
    assert needed.passes.tokens > 40 * needed.passes.forward


def behind(seed: int, **moved: float) -> dict[Side, np.ndarray]:
    """Scores [fact, layer, head] of noise on both sides; L1H2 is moved on each as asked."""
    rng = np.random.default_rng(seed)
    made: dict[Side, np.ndarray] = {}
    for side in ("misleading", "neutral"):
        made[side] = rng.normal(0.3, 0.02, (PAIRS, planted.LAYERS, planted.HEADS)).astype(np.float32)
        made[side][:, 1, 2] += moved.get(side, 0.0)
    return made


def test_a_planted_shift_is_found_and_no_other(tmp_path):
    made = study(tmp_path, facts())
    found = shift(made.scores[::2], behind(0, misleading=-0.1), made.spec.tests)
    assert np.argwhere(found.recall_heads().to_numpy()).tolist() == [[1, 2]]
    assert float(found.heads.effect[1, 2]) == pytest.approx(-0.1, abs=0.01)
    assert (found.design, found.n_a) == ("paired", PAIRS)


def test_a_study_of_two_sets_still_compares_facts_with_themselves(tmp_path):
    made = study(tmp_path, facts())
    tests = made.spec.tests.model_copy(update={"test": "welch", "alternative": "greater"})
    found = shift(made.scores[::2], behind(0, misleading=-0.1), tests)
    assert (found.design, found.settings.alternative) == ("paired", "two-sided")


def test_no_shift_is_found_where_there_is_none(tmp_path):
    made = study(tmp_path, facts())
    assert not shift(made.scores[::2], behind(0), made.spec.tests).recall_heads().any()


def test_a_head_that_tells_flips_beforehand_is_found_out_of_sample(tmp_path):
    made = study(tmp_path, facts())
    flipped = np.arange(PAIRS) % 3 == 0
    scores = behind(3)
    scores["neutral"][flipped, 1, 2] -= 0.2
    misleading, neutral = foretell(made.scores[::2], scores, np.ones(PAIRS, dtype=bool), flipped, 5, made.spec.tests)
    assert neutral.best.area.estimate > 0.99
    assert neutral.together.area.low > 0.8
    assert neutral.best_p < 0.05
    told = neutral.heads.significant(neutral.heads.headline).to_numpy()
    assert np.argwhere(told).tolist() == [[1, 2]]
    assert float(neutral.heads.heads.dominance[1, 2]) == pytest.approx(-1)
    assert not misleading.heads.significant(misleading.heads.headline).any()
    assert min(misleading.together_p, misleading.best_p) > 0.05


def test_shuffled_flips_are_told_by_nothing(tmp_path):
    made = study(tmp_path, facts())
    flipped = np.random.default_rng(5).permutation(np.arange(PAIRS) % 3 == 0)
    for one in foretell(made.scores[::2], behind(4), np.ones(PAIRS, dtype=bool), flipped, 5, made.spec.tests):
        for predicted in (one.together, one.best):
            assert predicted.area.low < 0.5 < predicted.area.high
        assert min(one.together_p, one.best_p) > 0.05
        assert not one.heads.significant(one.heads.headline).any()


def test_too_few_flips_are_not_told(tmp_path):
    made = study(tmp_path, facts())
    flipped = np.arange(PAIRS) < FEWEST - 1
    assert foretell(made.scores[::2], behind(0), np.ones(PAIRS, dtype=bool), flipped, 5, made.spec.tests) == ()


def test_a_share_has_wilsons_interval():
    """Newcombe (1998), table I: 81 of 263, and 0 of 20 (https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E)."""
    one = share(np.arange(263) < 81, np.ones(263, dtype=bool))
    assert (one.low, one.high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    none = share(np.zeros(20, dtype=bool), np.ones(20, dtype=bool))
    assert (none.low, none.high) == (pytest.approx(0, abs=1e-9), pytest.approx(0.1611, abs=1e-4))


def told_by(monkeypatch: pytest.MonkeyPatch, made: Study, flips: int) -> tuple[adversarial.Adversarial, object]:
    """The whole experiment on a model that prefers every true object, but for so many facts that flip when misled."""
    misled = mislead(made.plan, SECTION)
    wrong = {f"Land{number:02}" for number in range(flips)}

    def likelihoods(asked: list[Continuation], *_: object) -> np.ndarray:
        values = np.full((2, len(misled.templates), PAIRS, 2), -5.0)
        values[..., 0] = -2.0
        for place, row in enumerate(misled.rows):
            if made.statements[row].fact.subject in wrong:
                values[0, :, place, 1] = -1.0
        assert len(asked) == values.size
        return values.ravel()

    monkeypatch.setattr(adversarial, "read_likelihoods", likelihoods)
    scores = behind(0, misleading=-0.1)
    stacked = np.stack([np.stack([scores[side]] * 2) for side in ("misleading", "neutral")])
    found = find(made, SECTION, stacked.reshape(-1, planted.LAYERS, planted.HEADS))
    return found, tell(found, made, SECTION)


def test_flips_are_counted_and_told(tmp_path, monkeypatch):
    found, told = told_by(monkeypatch, study(tmp_path, facts()), 20)
    assert (found.flips.part, found.flips.whole) == (20, PAIRS)
    assert [(one.part, one.whole) for one in found.by_template] == [(20, PAIRS)] * 2
    assert "**1** of 12 heads" in told.answer
    assert "flip **20** of these" in told.answer
    assert "flip cannot be told beforehand" in told.answer
    assert [one.name[:14] for one in found.beside] == ["how unsure the", "how many token"]
    assert len(told.blocks) == 6
    assert told.evidence[0].speaks.sum() == 1


def test_too_few_flips_are_said_with_their_share(tmp_path, monkeypatch):
    found, told = told_by(monkeypatch, study(tmp_path, facts()), 3)
    assert found.foretold == ()
    assert "flip **3** of these" in told.answer
    assert "5\u00a0% [2, 14]" in told.answer.replace("\\", "")
    assert "is not asked: 3 flip and 57 stay, and 10 of each are needed" in told.answer
    assert len(told.blocks) == 3
