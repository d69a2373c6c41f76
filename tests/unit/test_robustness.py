"""The first contrast in every universe, on scores whose answer is planted; and what the page says of it."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from reportgen.figures import specification_curve
from reportgen.findings import Finding, conclude
from reportgen.report import choice_words
from reportgen.report.document import Document, Figure, Prose, Table
from reportgen.report.robustness_page import robustness_document, robustness_summary
from reportgen.robustness import RESAMPLES, Robustness, explore
from reportgen.scores import label_scores
from reportgen.spec.model import RobustnessSection, StudySpec, TestsSection
from reportgen.universes import Measure, multiverse, own_universe
from tests.planted import SPEC, statements, values

OWN = Measure("last", "never", "sum")
OTHER = replace(OWN, aggregation="max")
FIRM, TURNING, FRAGILE = (0, 0), (1, 2), (2, 3)


def spec(**tests: object) -> StudySpec:
    robustness = RobustnessSection(query_positions=(), prepend_bos=(), aggregations=("max",), tests=("paired_t",))
    settings = TestsSection(**{"corrections": ("none", "holm"), "headline": "holm", **tests})  # type: ignore[arg-type]
    return SPEC.model_copy(update={"robustness": robustness, "tests": settings})


def planted(
    effects: Mapping[Measure, Mapping[tuple[int, int], float]], wanted: StudySpec, pairs: int = 24
) -> tuple[Robustness, Finding]:
    """Scores of both measures with these effects; the first half of the pairs are recalled."""
    made = statements(pairs)
    recalled = np.repeat([pair < pairs // 2 for pair in range(pairs)], 2)
    scores = {
        measure: label_scores(values(made, effects[measure]), made).assign_coords(recalled=("statement", recalled))
        for measure in (OWN, OTHER)
    }
    finding = conclude(scores[OWN], made, wanted)[0]
    labels = {measure: _labels(scores[measure]) for measure in scores}
    own = own_universe(wanted, OWN, finding.tests.test)
    return explore(multiverse(wanted, own, labels, {}), scores, finding.tests), finding


def _labels(scores: xr.DataArray) -> dict[str, np.ndarray]:
    return {str(name): c.to_numpy() for name, c in scores.coords.items() if c.dims == ("statement",)}


@pytest.fixture(scope="module")
def found() -> tuple[Robustness, Finding]:
    """One head differs under both measures, one turns its sign, one differs under the study's measure alone."""
    effects = {OWN: {FIRM: 0.1, TURNING: 0.1, FRAGILE: 0.1}, OTHER: {FIRM: 0.1, TURNING: -0.1}}
    return planted(effects, spec())


def test_standing_is_the_share_of_universes_with_the_same_sign(found: tuple[Robustness, Finding]) -> None:
    robustness, _ = found
    # 2 measures × all or recalled facts × none, Holm, Benjamini–Hochberg, max-T; none does not count.
    assert (len(robustness.universes), len(robustness.counted), robustness.uncorrected) == (16, 12, 4)
    assert [float(robustness.standing[head]) for head in (FIRM, TURNING, FRAGILE)] == [1.0, 0.5, 0.5]
    assert robustness.heads_standing(0.95) == [FIRM]
    assert robustness.heads_standing(0.5) == [FIRM, TURNING, FRAGILE]


def test_a_head_that_turns_its_sign_is_found_and_not_shared(found: tuple[Robustness, Finding]) -> None:
    robustness, _ = found
    for result in robustness.universes:
        assert result.n == (12 if result.universe.analysis.facts == "recalled" else 24)
        if result.universe.correction == "holm":
            other = result.universe.analysis.aggregation == "max"
            assert (result.heads, result.shared) == ((2, 1) if other else (3, 3))


def test_universes_stand_in_the_order_of_heads_found(found: tuple[Robustness, Finding]) -> None:
    order = found[0].by_heads
    assert [result.heads for result in order[:12]] == sorted(result.heads for result in found[0].counted)
    assert [result.universe.correction for result in order[12:]] == ["none"] * 4
    assert len(set(order)) == 16


def test_universes_without_a_correction_raise_nothing(found: tuple[Robustness, Finding]) -> None:
    """Without a correction some of the other heads are found; that neither makes them stand nor decides."""
    robustness, _ = found
    none = next(summary for summary in robustness.summaries("correction") if summary.choice.value == "none")
    others = robustness.ranked("correction")
    assert (none.counts, none.universes, len(others)) == (False, 4, 3)
    assert none.heads > others[-1].heads
    assert robustness.spread("correction") == others[-1].heads - others[0].heads
    for facts in robustness.summaries("facts"):
        assert facts.universes == 6
    standing = {place for place in np.ndindex(robustness.standing.shape) if float(robustness.standing[place]) > 0}
    assert standing == {FIRM, TURNING, FRAGILE}


def test_a_correction_of_none_alone_decides_nothing() -> None:
    wanted = spec(smallest_effect=0.0)
    wanted = wanted.model_copy(
        update={"robustness": wanted.robustness.model_copy(update={"corrections": ("none",), "aggregations": ()})}
    )
    robustness, finding = planted({OWN: {FIRM: 0.1}, OTHER: {}}, wanted)
    assert "correction" in robustness.dimensions
    assert robustness.spread("correction") == 0
    assert "*correction*" not in _text(robustness_document(robustness, finding, wanted))


def test_a_study_that_corrects_for_nothing_is_compared_with_those_that_do() -> None:
    wanted = spec(headline="none")
    robustness, finding = planted({OWN: {FIRM: 0.1}, OTHER: {FIRM: 0.1}}, wanted)
    assert len(robustness.counted) == 12
    assert float(robustness.standing[FIRM]) == 1.0
    own = next(result for result in robustness.universes if result.universe == robustness.own)
    assert not own.counts
    text = _text(robustness_document(robustness, finding, wanted))
    assert "4 more without any correction, the study's own among them, are shown for comparison." in text
    assert "(the study&#39;s, for comparison)" in _tables(robustness_document(robustness, finding, wanted))


def test_where_no_universe_is_corrected_all_of_them_count() -> None:
    wanted = spec(headline="none")
    wanted = wanted.model_copy(update={"robustness": wanted.robustness.model_copy(update={"corrections": ()})})
    robustness, finding = planted({OWN: {FIRM: 0.1}, OTHER: {FIRM: 0.1}}, wanted)
    assert (len(robustness.counted), robustness.uncorrected) == (len(robustness.universes), 0)
    assert "for comparison" not in _text(robustness_document(robustness, finding, wanted))


def test_each_choice_is_summed_up_with_the_studys_own_first(found: tuple[Robustness, Finding]) -> None:
    robustness, _ = found
    assert robustness.dimensions == ("aggregation", "facts", "correction")
    ours, other = robustness.summaries("aggregation")
    assert (ours.choice.value, ours.own, ours.universes, ours.heads, ours.kept) == ("sum", True, 6, 3.0, 1.0)
    assert (other.choice.value, other.own, other.universes, other.kept) == ("max", False, 6, pytest.approx(1 / 3))
    assert robustness.decisive == "aggregation"
    # Under `max` one of the study's three heads is left, less than half.
    assert robustness.holding == 6


def test_the_studys_own_universe_shows_the_studys_own_result() -> None:
    """With more resamples than a universe takes, borderline heads could differ; the study's count must not."""
    wanted = spec(corrections=("none", "max_t"), headline="max_t", resamples=5000, smallest_effect=0.0)
    effects = {(layer, head): 0.004 * (layer * 4 + head) for layer in range(3) for head in range(4)}
    robustness, finding = planted({OWN: effects, OTHER: {}}, wanted)
    (own,) = [result for result in robustness.universes if result.universe == robustness.own]
    assert own.heads == own.shared == len(finding.recall) == robustness.study_heads
    assert robustness.resamples == RESAMPLES


def test_a_smallest_effect_holds_in_every_universe() -> None:
    robustness, _ = planted({OWN: {FIRM: 0.1}, OTHER: {FIRM: 0.03}}, spec(smallest_effect=0.06))
    assert float(robustness.standing[FIRM]) == 0.5


def test_the_same_seed_gives_the_same_answer(found: tuple[Robustness, Finding]) -> None:
    effects = {OWN: {FIRM: 0.1, TURNING: 0.1, FRAGILE: 0.1}, OTHER: {FIRM: 0.1, TURNING: -0.1}}
    again, _ = planted(effects, spec())
    assert again.universes == found[0].universes
    xr.testing.assert_identical(again.standing, found[0].standing)


def _tables(document: Document) -> str:
    return "".join(block.html for block in document.blocks if isinstance(block, Table))


def _text(document: Document) -> str:
    return " ".join(block.text for block in document.blocks if isinstance(block, Prose)).replace("\\", "")


def test_the_page_answers_first(found: tuple[Robustness, Finding]) -> None:
    document = robustness_document(*found, spec())
    text = _text(document)
    assert text.startswith(
        "**The finding stands in 6 of 12 universes** (combinations of reasonable choices): there at least half of the "
        "study's 3 heads are found again, with the same sign. 4 more without any correction are shown for comparison. "
        "1 head stands in at least 95\u00a0% of the 12: L0H0. The choice that matters most is *span's tokens*:"
    )
    assert "Readings of the same tokens come from one forward pass" in text
    assert text.count("not the same demand for the sum, the mean and the largest") == 1
    curve = next(block for block in document.blocks if isinstance(block, Figure))
    assert "4 more without any correction are shown for comparison. They stand apart" in curve.caption
    assert str(curve.table).count("<td>none</td>") == 4
    assert "none (for comparison)" in _tables(document)
    assert document.cited == ("botvinik2020", "carp2012", "simonsohn2020")
    (summary,) = robustness_summary(found[0])
    assert isinstance(summary, Prose)
    assert "(robustness.html)" in summary.text


def test_a_study_without_a_finding_says_so() -> None:
    robustness, finding = planted({OWN: {}, OTHER: {}}, spec(smallest_effect=0.05))
    text = _text(robustness_document(robustness, finding, spec()))
    assert "The study finds no head; neither do 12 of 12 universes" in text
    assert "No head stands in at least" in text
    assert "No choice changes the median" in text
    assert all(np.isnan(summary.kept) for summary in robustness.summaries("facts"))


def test_a_study_without_other_choices_has_one_universe() -> None:
    wanted = SPEC.model_copy(
        update={
            "robustness": RobustnessSection(
                query_positions=(), aggregations=(), tests=(), corrections=(), prepend_bos=(), facts=()
            )
        }
    )
    robustness, finding = planted({OWN: {FIRM: 0.1}, OTHER: {}}, wanted)
    assert [result.universe for result in robustness.universes] == [robustness.own]
    assert robustness.dimensions == ()
    assert "There was no other choice to be made" in _text(robustness_document(robustness, finding, wanted))


def test_the_curve_ticks_each_universes_choices(found: tuple[Robustness, Finding]) -> None:
    robustness, _ = found
    figure = specification_curve.specification_curve(robustness, choice_words.choice, choice_words.dimension)
    drawn = json.loads(figure.to_json())
    bars, shared, ticks = drawn["data"]
    # Those without a correction stand apart, and pale.
    assert bars["x"] == [*range(12), *range(13, 17)]
    assert bars["x"] == shared["x"]
    assert bars["marker"]["opacity"] == [1.0] * 12 + [specification_curve._PALE] * 4
    assert "4 uncorrected" in [note["text"] for note in drawn["layout"]["annotations"]]
    assert bars["y"] == [result.heads for result in robustness.by_heads]
    assert shared["y"] == [result.shared for result in robustness.by_heads]
    rows = drawn["layout"]["yaxis2"]["ticktext"]
    assert rows[:3] == ["<b>Span&#39;s tokens</b>   ", "sum ●", "largest ○"]
    assert [ticks["z"][2][place] is not None for place in bars["x"]] == [
        result.universe.analysis.aggregation == "max" for result in robustness.by_heads
    ]
    # Each universe makes one choice in each of three dimensions.
    assert all(sum(row[place] is not None for row in ticks["z"]) == 3 for place in bars["x"])
    assert all(row[12] is None for row in ticks["z"])
    place = drawn["layout"]["shapes"][0]["x0"]
    assert robustness.by_heads[place].universe == robustness.own


def test_a_relation_alone_is_compared_with_universes_that_are_otherwise_the_studys() -> None:
    made = statements(40, relation=lambda pair: "q" if pair < 20 else "r")
    raw = values(made, {FIRM: 0.1})
    for place, statement in enumerate(made):
        raw[place, TURNING[0], TURNING[1]] += 0.2 if statement.fact.truth and statement.fact.relation == "q" else 0.0
    wanted = spec()
    scores = {OWN: label_scores(raw, made)}
    finding = conclude(scores[OWN], made, wanted)[0]
    labels = {OWN: _labels(scores[OWN])}
    combined = multiverse(wanted, own_universe(wanted, OWN, "paired_t"), labels, {OTHER: "left out here"})
    robustness = explore(combined, scores, finding.tests)
    together, q, r = robustness.summaries("relation")
    assert [(s.choice.value, s.universes) for s in (together, q, r)] == [(None, 3), ("q", 3), ("r", 3)]
    assert (q.kept, r.kept) == (1.0, 0.5)
    assert sum(summary.universes for summary in robustness.summaries("correction")) == 4
    assert float(robustness.standing[TURNING]) == pytest.approx(6 / 9)
