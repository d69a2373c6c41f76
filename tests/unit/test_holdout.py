"""Confirmation on units set apart, on planted truths; and the strongest heads looked at again."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from reportgen import inference
from reportgen.holdout import HeldHead, HeldOut, hold_out
from reportgen.notices import Notice
from reportgen.report.document import Prose, Table
from reportgen.report.replication import replication_blocks
from reportgen.scores import label_scores
from reportgen.selected import look_again
from reportgen.spec.model import TRUTH, ContrastSection, StatementSet, TestsSection
from reportgen.stats import tests as head_tests
from reportgen.stats.corrections import adjust
from tests import planted

LAYERS, HEADS = 4, 10
SETS = ContrastSection(
    id="sets",
    title="Two kinds",
    a=StatementSet(name="x", where={"kind": "x"}),
    b=StatementSet(name="y", where={"kind": "y"}),
)


@dataclass(frozen=True)
class Labelled:
    id: str
    labels: dict[str, str | bool] = field(default_factory=dict)


def compared(contrast, units, effects=None, seed=0, **changes):
    """Heads tested in a contrast of so many units a set; `effects` are added to those of A."""
    made = [
        Labelled(f"{i}{first}", {"truth": first, "pair": f"p{i}", "kind": "x" if first else "y"})
        for i in range(units)
        for first in (True, False)
    ]
    values = np.random.default_rng(seed).normal(0.3, 0.02, (len(made), LAYERS, HEADS))
    for cell, effect in (effects or {}).items():
        values[(slice(0, None, 2), *cell)] += effect
    settings = TestsSection(**{"resamples": 499, "corrections": ("holm", "max_t"), "headline": "max_t", **changes})
    return inference.test_heads(label_scores(values.astype(np.float32), made), contrast, settings)


def names(held, *, confirmed):
    return sorted(head.name for head in held.heads if head.confirmed == confirmed)


@pytest.mark.parametrize(("contrast", "test"), [(TRUTH, "auto"), (TRUTH, "wilcoxon"), (SETS, "welch")])
def test_planted_heads_are_confirmed(contrast, test):
    effects = {(1, 2): 0.05, (3, 7): -0.04}
    held = hold_out(compared(contrast, 60, effects, test=test), 0.5)
    assert names(held, confirmed=True) == ["L1H2", "L3H7"]
    assert held.confirmed == 2
    assert [head.name for head in held.heads[:2]] == ["L1H2", "L3H7"]
    assert held.heads[0].effect == pytest.approx(0.05, abs=0.015)
    assert held.heads[1].chosen_effect == pytest.approx(-0.04, abs=0.015)
    assert held.heads[0].low < 0.05 < held.heads[0].high


def test_heads_that_do_not_differ_are_seldom_confirmed():
    studies, alpha = 60, 0.05
    held = [hold_out(compared(TRUTH, 20, seed=study, smallest_effect=0.0), 0.5) for study in range(studies)]
    chosen = sum(len(one.heads) for one in held) / studies
    assert chosen == pytest.approx(alpha * LAYERS * HEADS, abs=4 * np.sqrt(alpha * LAYERS * HEADS / studies))
    false = sum(one.confirmed > 0 for one in held) / studies
    assert false <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / studies)


@pytest.mark.parametrize(("share", "first"), [(0.5, 20), (0.25, 10), (0.31, 12)])
def test_the_parts_are_disjoint_and_leave_out_no_unit(share, first):
    tests = compared(TRUTH, 40, {(0, 0): 0.05})
    held = hold_out(tests, share)
    assert (held.choosing, held.testing) == (first, 40 - first)
    (head,) = [head for head in held.heads if head.name == "L0H0"]
    whole = float(tests.heads.effect[0, 0])
    assert (first * head.chosen_effect + (40 - first) * head.effect) / 40 == pytest.approx(whole, rel=1e-5)


def test_independent_sets_are_each_split_in_the_same_share():
    tests = compared(SETS, 40, {(0, 0): 0.05}, test="student")
    few = inference.test_units(
        tests.units_a, tests.units_b.isel(unit=slice(0, 20)), "independent", SETS, tests.settings
    )
    held = hold_out(few, 0.25)
    assert (held.choosing, held.testing) == (10, 30)


def test_the_chosen_heads_alone_are_corrected_for():
    tests = compared(TRUTH, 40, {(0, 0): 0.05}, headline="holm", smallest_effect=0.0, alpha=0.2)
    held = hold_out(tests, 0.5)
    assert 2 < len(held.heads) < 20
    first = np.random.default_rng([tests.settings.seed, 4]).permutation(40) < 20
    a, b = (units.to_numpy()[~first] for units in (tests.units_a, tests.units_b))
    p_values = np.concatenate(
        [
            head_tests.paired_t(a[:, head.layer, [head.head]], b[:, head.layer, [head.head]]).p_value
            for head in held.heads
        ]
    )
    np.testing.assert_allclose([head.adjusted for head in held.heads], adjust(p_values, "holm", 0.2), rtol=1e-9)


def test_a_head_that_turns_round_is_not_confirmed():
    tests = compared(TRUTH, 40)
    first = np.random.default_rng([tests.settings.seed, 4]).permutation(40) < 20
    turned = np.where(first[:, np.newaxis, np.newaxis], 0.1, -0.1)
    a = tests.units_a.copy(data=tests.units_a.to_numpy() + turned)
    held = hold_out(inference.test_units(a, tests.units_b, "paired", TRUTH, tests.settings), 0.5)
    assert len(held.heads) == LAYERS * HEADS
    assert held.confirmed == 0
    assert {np.sign(head.chosen_effect) for head in held.heads} == {1.0}
    assert max(head.adjusted for head in held.heads) < 0.05


def test_the_seed_decides_the_split():
    first, again = (hold_out(compared(TRUTH, 40, {(1, 2): 0.05}), 0.5) for _ in range(2))
    moved = hold_out(_with_seed(1), 0.5)
    assert first == again
    assert moved.heads[0].effect != first.heads[0].effect


def _with_seed(seed):
    tests = compared(TRUTH, 40, {(1, 2): 0.05})
    settings = tests.settings.model_copy(update={"seed": seed})
    return inference.test_units(tests.units_a, tests.units_b, "paired", TRUTH, settings)


def test_where_no_head_is_chosen_nothing_is_confirmed():
    held = hold_out(compared(TRUTH, 40, smallest_effect=0.5), 0.5)
    assert (held.heads, held.confirmed, held.choosing) == ((), 0, 20)


@pytest.mark.parametrize(("units", "share"), [(3, 0.5), (40, 0.01), (40, 0.99), (7, 0.2)])
def test_a_part_of_fewer_than_two_units_confirms_nothing(units, share):
    assert hold_out(compared(TRUTH, units), share) is None


def test_a_chosen_head_that_is_constant_on_the_other_part_is_not_confirmed():
    tests = compared(TRUTH, 40, {(1, 2): 0.05})
    second = np.random.default_rng([tests.settings.seed, 4]).permutation(40) >= 20
    a, b = tests.units_a.copy(deep=True), tests.units_b.copy(deep=True)
    for units in (a, b):
        units[second] = 0.25
    held = hold_out(inference.test_units(a, b, "paired", TRUTH, tests.settings), 0.5)
    assert names(held, confirmed=True) == []
    assert "L1H2" in names(held, confirmed=False)
    assert {head.effect for head in held.heads} == {0.0}
    assert held.family == 0


def constant_on_the_second(tests, *places):
    """The same units, but that these heads are one number throughout the second part."""
    second = np.random.default_rng([tests.settings.seed, 4]).permutation(tests.n_a) >= tests.n_a // 2
    a, b = tests.units_a.copy(deep=True), tests.units_b.copy(deep=True)
    for units in (a, b):
        for layer, head in places:
            units[second, layer, head] = 0.25
    return inference.test_units(a, b, "paired", TRUTH, tests.settings)


def test_a_held_head_that_cannot_be_tested_is_not_corrected_for_and_is_told_by_its_own_name():
    tests = compared(TRUTH, 40, {(1, 2): 0.05, (3, 7): 0.05}, headline="holm", smallest_effect=0.03)
    held = hold_out(constant_on_the_second(tests, (1, 2)), 0.5)
    assert (len(held.heads), held.family, held.confirmed) == (2, 1, 1)
    first, other = held.heads
    assert (first.name, other.name, np.isnan(other.adjusted)) == ("L3H7", "L1H2", True)
    (notice,) = held.notices
    assert (notice.kind, notice.items) == ("left out", ("L1H2",))
    assert notice.message.startswith("On the units set apart of the contrast `truth`: 1 of 2 heads cannot be tested")
    assert held.can_confirm
    first = np.random.default_rng([0, 4]).permutation(40) >= 20
    values = [units.to_numpy()[first][:, 3, [7]] for units in (tests.units_a, tests.units_b)]
    assert held.heads[0].adjusted == pytest.approx(float(head_tests.paired_t(*values).p_value[0]))


def test_a_second_part_that_is_too_small_to_confirm_any_says_so():
    """Five pairs can be arranged in 32 ways, and two of them are as extreme: no p-value is below 0.0625."""
    tests = compared(TRUTH, 10, {(1, 2): 0.2})
    held = hold_out(tests, 0.5)
    assert (held.confirmed, held.can_confirm) == (0, False)
    assert "L1H2" in names(held, confirmed=False)
    (warning,) = [notice for notice in held.notices if notice.kind == "warning"]
    assert warning.message.startswith(
        "On the units set apart of the contrast `truth`: The smallest possible p-value is 0.062, because its units can be "
        "arranged in 32 ways alone"
    )
    assert hold_out(compared(TRUTH, 20, {(1, 2): 0.2}), 0.5).can_confirm


def section(held, finding):
    blocks = replication_blocks(replace(finding, held_out=held))
    text = " ".join(block.text for block in blocks if isinstance(block, Prose)).replace("\\", "")
    return text, "".join(block.html for block in blocks if isinstance(block, Table))


def test_the_section_says_what_the_second_part_can_and_cannot_do():
    made = planted.statements(40)
    finding = planted.finding(made, planted.values(made, {}))
    settings = finding.tests.settings.model_copy(update={"split": 0.5})
    finding = replace(finding, tests=replace(finding.tests, settings=settings))
    head = HeldHead(1, 2, 0.05, 0.04, 0.01, 0.07, 0.02, True)
    untested = replace(head, head=3, effect=0.0, low=np.nan, high=np.nan, adjusted=np.nan, confirmed=False)
    text, table = section(HeldOut((head, untested), 5, 5, ()), finding)
    assert "corrected for 1 head (1 cannot be tested there), 1 of them stands." in text
    assert "nan" not in table
    assert "too small" not in text
    text, _ = section(HeldOut((head,), 5, 5, (Notice("warning", "few"),)), finding)
    assert "corrected for 1 head, 1 of them stands. **That part is too small to confirm any**" in text


@pytest.mark.parametrize(("contrast", "test"), [(TRUTH, "auto"), (SETS, "welch")])
def test_the_strongest_heads_keep_on_other_units_what_was_planted(contrast, test):
    found = look_again(compared(contrast, 60, {(1, 2): -0.1}, test=test), 5)
    assert float(found.cross_fitted[1, 2]) == pytest.approx(-0.1, abs=0.015)
    assert [float(share[1, 2]) for share in (found.chosen, found.stability)] == pytest.approx([1, 1])
    assert found.stability.sum() == pytest.approx(5)
    assert (found.cross_fitted.dims, found.cross_fitted.shape) == (("layer", "head"), (LAYERS, HEADS))
    assert found.k == 5


def test_the_strongest_of_nothing_lose_most_of_their_effect_on_other_units():
    found = look_again(compared(TRUTH, 60), 5)
    assert found.ranks.naive_by_rank.min() > 0
    assert abs(found.ranks.kept) < 0.35
    assert found.halves.reliability < 0.5


def test_fewer_than_four_units_are_not_looked_at_again():
    assert look_again(compared(TRUTH, 3), 5) is None
    assert look_again(compared(TRUTH, 4), 5) is not None
    assert look_again(compared(SETS, 3, test="welch"), 5) is None


def test_a_list_longer_than_the_model_has_heads_holds_them_all():
    found = look_again(compared(TRUTH, 10), 50)
    np.testing.assert_allclose(found.stability, 1.0)


def test_looking_again_depends_on_the_seed_alone():
    first, again = (look_again(compared(TRUTH, 20), 5) for _ in range(2))
    assert first.stability.identical(again.stability)
    assert first.cross_fitted.identical(again.cross_fitted)
    assert not look_again(compared(TRUTH, 20, seed=0), 5).stability.identical(look_again(_with_seed(2), 5).stability)
