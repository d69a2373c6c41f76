"""Gradients: which pairs are asked about, what is found where the answer was planted, and what is said."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyses.gradient import choose_pairs, conclude, needs
from reportgen.analyses.gradient_told import tell
from reportgen.errors import StudyError
from reportgen.interventions.gradients import Asked, Measured, Slopes
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.spec.experiments import GradientSection
from reportgen.spec.model import TestsSection
from tests import planted

SECTION = GradientSection(facts=40, steps=4, checked=10)
SHAPE = (planted.LAYERS, planted.HEADS)


@pytest.fixture(scope="module")
def made():
    """Forty pairs, each with tokens of its own."""
    statements = planted.statements(40)
    return [
        replace(one, tokens=Tokens((3 * place, 3 * place + 1, 3 * place + 2), ((0, 1),) * 3, ("t",) * 3))
        for place, one in enumerate(statements)
    ]


def measured(study, section, adds, *, true_too=0.0, misled=0.0, noise=0.05):
    """Slopes in which heads add so much to true objects, by place (pair, layer, head); the false ones' are noise. The cut is
    the integral, but for `misled` times noise; gradient × attention is half of it."""
    rng = np.random.default_rng(3)
    pairs = choose_pairs(study.statements, section, study.spec.tests.seed)
    slopes, cuts = {}, {}
    for place, statement in enumerate(pairs.statements):
        integrated = rng.normal(0, noise, SHAPE) + (0 if place % 2 else 1) * adds(place // 2) + true_too
        one = Asked.of(statement)
        intact = -2.0
        slopes[one] = Slopes(
            gradient=-integrated,
            size=np.abs(integrated),
            product=integrated / 2,
            integrated=integrated,
            everywhere=2 * integrated,
            attention=np.full(SHAPE, 0.3),
            intact=intact,
            without=intact - integrated.sum() - 0.01,
        )
    for true, _ in pairs.checked:
        one = Asked.of(true)
        cuts[one] = slopes[one].intact - slopes[one].integrated - misled * rng.normal(0, 1, SHAPE)
    return pairs, Measured(slopes, cuts)


def concluded(study, pairs, slopes):
    return conclude(study, SECTION, pairs, slopes)


def at(*place, by=0.5):
    values = np.zeros(SHAPE)
    values[place] = by
    return values


def test_planted_heads_are_found_with_their_size_and_no_others(made):
    study = planted.study(made, planted.values(made, {}))
    found = concluded(study, *measured(study, SECTION, lambda _: at(1, 2) + at(2, 0, by=-0.2)))
    assert np.argwhere(found.integrated.recall_heads().to_numpy()).tolist() == [[1, 2], [2, 0]]
    assert float(found.integrated.heads.effect[1, 2]) == pytest.approx(0.5, abs=0.03)
    assert np.argwhere(found.margin.recall_heads().to_numpy()).tolist() == [[1, 2], [2, 0]]
    assert found.complete.worst == pytest.approx(0.01)
    told = tell(found, study, SECTION)
    assert "**2** of 12 heads add 0\\.05 nats or more" in told.answer
    assert "[L1H2](index.html#head=L1H2): 0\\." in told.answer
    [evidence] = told.evidence
    assert evidence.kind == "moves"
    assert np.argwhere(evidence.speaks).tolist() == [[1, 2], [2, 0]]
    assert evidence.low[1, 2] < evidence.estimate[1, 2] < evidence.high[1, 2]


def test_what_is_sure_but_too_small_to_matter_is_not_found(made):
    study = planted.study(made, planted.values(made, {}))
    found = concluded(study, *measured(study, SECTION, lambda _: at(1, 2, by=0.04), noise=0.005))
    assert float(found.integrated.adjusted("holm")[1, 2]) < 0.001
    assert not found.integrated.recall_heads().any()


def test_nothing_to_find_is_said(made):
    study = planted.study(made, planted.values(made, {}))
    found = concluded(study, *measured(study, SECTION, lambda _: np.zeros(SHAPE)))
    assert not found.integrated.recall_heads().any()
    assert found.influence is None
    told = tell(found, study, SECTION)
    assert "No head of 12 is found to add 0\\.05 nats" in told.answer
    assert "finds no recall heads" in told.answer
    assert not told.evidence[0].speaks.any()
    assert len(told.blocks) == 1


def test_gradients_that_tell_the_truth_agree_with_what_was_measured(made):
    study = planted.study(made, planted.values(made, {}))
    found = concluded(study, *measured(study, SECTION, lambda _: at(1, 2)))
    assert found.check.objects == 10
    assert found.check.with_integrated.estimate == pytest.approx(1)
    assert found.check.with_product.estimate == pytest.approx(1)
    assert found.check.off_integrated == pytest.approx(0)
    assert found.check.off_product == pytest.approx(np.abs(found.check.cut).mean() / 2)
    assert "Gradients tell nearly what" in tell(found, study, SECTION).answer


def test_gradients_that_mislead_are_called_misleading(made):
    study = planted.study(made, planted.values(made, {}))
    found = concluded(study, *measured(study, SECTION, lambda _: np.zeros(SHAPE), misled=3.0))
    assert found.check.with_integrated.low < 0.5
    assert "do not tell the same" in tell(found, study, SECTION).answer


def test_recall_heads_that_matter_more_where_the_model_is_right_are_told_from_others_that_do_not(made):
    study = planted.study(made, planted.values(made, {(0, 0): 0.1}))
    assert np.argwhere(study.tests.recall_heads().to_numpy()).tolist() == [[0, 0]]
    # In these studies the model recalls every other pair, and no layer but the first has a recall head.
    more = concluded(study, *measured(study, SECTION, lambda pair: at(0, 0, by=0.5 if pair % 2 else 0.1) + at(1, 1)))
    assert more.influence is not None
    assert more.influence.recalled.right.units == more.influence.recalled.wrong.units == 20
    assert more.influence.recalled.right.recall == pytest.approx(0.5, abs=0.03)
    assert more.influence.recalled.right.difference == pytest.approx(0.5, abs=0.05)
    assert more.influence.recalled.wrong.difference == pytest.approx(0.1, abs=0.05)
    difference = more.influence.recalled.more
    assert difference.low < 0.4 < difference.high
    assert difference.p_value < 0.001
    assert "Recall heads are more influential where the model recalls" in tell(more, study, SECTION).answer
    alike = concluded(study, *measured(study, SECTION, lambda _: at(0, 0)))
    told = tell(alike, study, SECTION)
    assert "not found to be more influential" in told.answer
    assert len(told.blocks) == 2


def test_clusters_count_once(made):
    tests = TestsSection(corrections=("none", "holm"), headline="holm", cluster="subject")
    clustered = [replace(one, fact=replace(one.fact, subject=f"s{place // 8}")) for place, one in enumerate(made)]
    study = planted.study(clustered, planted.values(made, {(0, 0): 0.1}), tests=tests)
    found = concluded(study, *measured(study, SECTION, lambda _: at(0, 0)))
    assert found.integrated.n_a == 10
    assert found.influence.every.units == 10


def test_pairs_are_drawn_in_an_order_that_does_not_change_with_their_number(made):
    few, more = (choose_pairs(made, GradientSection(facts=facts, checked=3), 0) for facts in (5, 12))
    assert len(few.asked) == 5
    assert {true.id for true, _ in few.asked} < {true.id for true, _ in more.asked}
    assert few.checked == more.checked
    assert {true.id for true, _ in few.checked} <= {true.id for true, _ in few.asked}
    assert choose_pairs(made, GradientSection(facts=5, checked=9), 0).checked == few.asked
    assert few.possible == 40


def test_objects_that_come_before_their_subject_cannot_be_asked_for(made):
    turned = [replace(one, subject=(2,), object=(1,)) for one in made[:-2]]
    with pytest.raises(StudyError, match="1 pair of 40 can be asked about, and gradients need two"):
        choose_pairs([*turned, *made[-2:]], SECTION, 0)


def test_the_passes_are_counted_before_any_model_is_opened(made, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"n_layer": 3, "n_head": 4}))
    study = planted.study(made, planted.values(made, {}))
    plan = replace(study.plan, tokenizer=Tokenizer(tmp_path))
    passes = needs(plan, GradientSection(facts=5, steps=4, checked=2)).passes
    # One token stands before the query position, of 3 with the object; so 2 are read, and one for every step and head.
    assert passes.forward == 10 * (1 + 1 + 5) + 2 * (1 + 12)
    assert passes.backward == 10 * (1 + 5)
    assert passes.tokens == 10 * (2 * 2 + 1 + 2 * 5) + 2 * (1 + 12)


def test_slopes_come_back_from_the_store_as_they_were():
    rng = np.random.default_rng(0)
    slopes = Slopes(*rng.normal(size=(6, 1, 2)), -1.5, -3.25)
    again = Slopes.from_bytes(slopes.to_bytes())
    for name in ("gradient", "size", "product", "integrated", "everywhere", "attention"):
        assert (getattr(again, name) == getattr(slopes, name)).all()
    assert (again.intact, again.without) == (-1.5, -3.25)
