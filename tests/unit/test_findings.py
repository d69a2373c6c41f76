"""What is concluded from scores in which the answer was planted, or in which there is none."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from reportgen.errors import StudyError
from reportgen.facts.fact import Fact
from reportgen.findings import Finding, conclude
from reportgen.models.tokenizer import Tokens
from reportgen.report.finding_text import lead, one_line
from reportgen.scores import label_scores
from reportgen.spec.model import (
    TRUTH,
    ContrastSection,
    FactsSection,
    ModelSection,
    RelationSection,
    StatementSet,
    StudySection,
    StudySpec,
    TestsSection,
)
from reportgen.statements import Statement

PAIRS, LAYERS, HEADS = 40, 3, 4
SPEC = StudySpec(
    study=StudySection(id="s", title="T"),
    model=ModelSection(hub="m"),
    facts=FactsSection(file="f.csv", relations={"r": RelationSection(template="{subject} {object}")}),
    tests=TestsSection(corrections=("none", "holm"), headline="holm"),
)


def statements(uneven: int = 0) -> list[Statement]:
    """Pairs of statements of three tokens; in the first `uneven` pairs the false object has one more."""
    made = []
    for pair in range(PAIRS):
        for truth in (True, False):
            fact = Fact(f"s{pair}", "r", f"o{pair}", truth, f"p{pair:02}", {}, "{subject} {object}")
            object_ = (2, 3) if pair < uneven and not truth else (2,)
            made.append(
                Statement(
                    f"{pair}-{truth}", fact, "", Tokens((1, 2, 3), (), ()), (0, 1), (1, 2), (1,), object_, 2, (1,)
                )
            )
    return made


def scores(made: list[Statement], effects: dict[tuple[int, int], float], seed: int = 0) -> xr.DataArray:
    rng = np.random.default_rng(seed)
    values = rng.normal(0.3, 0.02, (len(made), LAYERS, HEADS)).astype(np.float32)
    for (layer, head), effect in effects.items():
        values[[statement.fact.truth for statement in made], layer, head] += effect
    return label_scores(values, made)


def found(effects: dict[tuple[int, int], float], uneven: int = 0, spec: StudySpec = SPEC) -> Finding:
    made = statements(uneven)
    return conclude(scores(made, effects), made, spec)[0]


def with_tests(**changes: Any) -> StudySpec:
    return SPEC.model_copy(update={"tests": TestsSection(**{**SPEC.tests.model_dump(), **changes})})


def test_planted_heads_are_found_strongest_first_and_no_others() -> None:
    finding = found({(1, 2): -0.1, (2, 0): 0.05})
    assert [head.name for head in finding.recall] == ["L1H2", "L2H0"]
    assert finding.recall[0].effect == pytest.approx(-0.1, abs=0.015)
    assert finding.recall[0].effect_low < -0.1 < finding.recall[0].effect_high
    assert [head.verdict for head in finding.strongest[:3]] == ["differs", "differs", "undecided"]
    assert {c.method: c.passing for c in finding.corrections}["holm"] == 2


def test_an_effect_below_the_smallest_of_interest_is_no_finding() -> None:
    finding = found({(1, 2): -0.1}, spec=with_tests(smallest_effect=0.2))
    assert finding.recall == ()
    assert finding.strongest[0].adjusted < 0.001
    assert {head.verdict for head in finding.all_heads} == {"is negligible"}
    assert finding.negligible == LAYERS * HEADS
    assert [(count.passing, count.beyond) for count in finding.corrections] == [(1, 0), (1, 0)]


def test_a_head_is_one_of_three_things() -> None:
    spec = with_tests(smallest_effect=0.03, corrections=("max_t",), headline="max_t")
    finding = found({(1, 2): 0.08, (2, 0): 0.028}, spec=spec)
    verdicts = {head.name: head.verdict for head in finding.all_heads}
    assert (verdicts.pop("L1H2"), verdicts.pop("L2H0")) == ("differs", "undecided")
    assert set(verdicts.values()) == {"is negligible"}
    by_name = {head.name: head for head in finding.all_heads}
    # Significant, but neither shown to be as large as the smallest effect of interest nor to be smaller.
    assert by_name["L2H0"].adjusted < 0.001
    assert by_name["L2H0"].equivalence > 0.05
    assert finding.negligible == LAYERS * HEADS - 2


def test_no_head_is_negligible_where_no_effect_is_too_small_to_matter() -> None:
    finding = found({(1, 2): -0.1}, spec=with_tests(smallest_effect=0.0))
    assert {head.equivalence for head in finding.all_heads} == {1.0}
    assert finding.negligible == 0


def test_every_contrast_has_its_own_finding_in_the_order_of_the_spec() -> None:
    halves = ContrastSection(
        id="halves",
        title="Some subjects against others",
        a=StatementSet(name="first", where={"subject": tuple(f"s{pair}" for pair in range(20))}),
        b=StatementSet(name="rest", where={"subject": tuple(f"s{pair}" for pair in range(20, PAIRS))}),
    )
    made = statements()
    both = conclude(scores(made, {(1, 2): -0.1}), made, SPEC.model_copy(update={"contrasts": (halves, TRUTH)}))
    assert [finding.tests.contrast.id for finding in both] == ["halves", "truth"]
    assert [len(finding.recall) for finding in both] == [0, 1]
    assert [finding.tests.n_a for finding in both] == [40, 40]


def test_the_strongest_heads_are_looked_at_again_on_other_units() -> None:
    selected = found({(1, 2): -0.1}).selected
    assert selected is not None
    assert selected.k == SPEC.report.top_heads
    assert float(selected.cross_fitted[1, 2]) == pytest.approx(-0.1, abs=0.015)
    assert [float(share[1, 2]) for share in (selected.stability, selected.chosen)] == pytest.approx([1, 1])
    assert selected.stability.dims == ("layer", "head")
    assert selected.halves.reliability > 0.9


def test_a_held_out_half_is_there_where_the_spec_asks_for_one() -> None:
    assert found({(1, 2): -0.1}).held_out is None
    held = found({(1, 2): -0.1}, spec=with_tests(split=0.5)).held_out
    assert held is not None
    assert (held.choosing, held.testing) == (20, 20)
    assert "L1H2" in [head.name for head in held.heads if head.confirmed]


def test_the_sentences_say_what_was_planted() -> None:
    finding = found({(1, 2): -0.1, (2, 0): 0.05})
    text = lead(finding, SPEC)
    assert "Of 12 heads, **2** give the subject a different share of attention" in text
    assert "gives it 10\\.0 points less attention" in text or "points less attention" in text
    assert "1 of the 2 attend to it more" in text
    assert one_line(finding, SPEC).startswith(
        "2 of 12 heads attend to the subject differently; the strongest, L1H2, by −"
    )


def test_nothing_found_says_what_could_have_been_seen() -> None:
    finding = found({})
    assert finding.recall == ()
    assert 0 < finding.detectable < 0.05
    text = lead(finding, SPEC)
    assert "No head of 12 is shown" in text
    assert "With 40 pairs this study could have told differences of" in text


def test_pairs_of_uneven_length_are_also_left_out_for_comparison() -> None:
    (choice,) = found({(1, 2): -0.1}, uneven=10).other_choices
    assert (choice.n, choice.heads, choice.shared) == (30, 1, 1)
    assert found({(1, 2): -0.1}).other_choices == ()
    assert found({(1, 2): -0.1}, uneven=PAIRS - 2).other_choices == ()


def test_where_no_head_can_be_tested_there_is_no_page() -> None:
    made = statements()
    constant = label_scores(np.full((len(made), LAYERS, HEADS), 0.5, np.float32), made)
    with pytest.raises(
        StudyError, match="no head can be tested in the contrast `truth`: every difference is exactly zero"
    ):
        conclude(constant, made, SPEC)


def test_a_head_that_cannot_be_tested_says_why_and_leaves_the_family() -> None:
    made = statements()
    some = scores(made, {(1, 2): -0.1})
    some[:, 0, 0] = 0.5
    finding = conclude(some, made, SPEC)[0]
    assert finding.tests.family_size == LAYERS * HEADS - 1
    (head,) = [head for head in finding.all_heads if head.name == "L0H0"]
    assert head.verdict == "not tested: every difference is exactly zero"
    assert replace(head, verdict="").effect == 0
