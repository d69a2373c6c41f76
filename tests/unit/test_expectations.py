"""What a spec expects of planted findings, and published figures beside them: met or not, and in which words."""

from dataclasses import replace
from typing import Any

import pytest

from reportgen.expectations import judge, replicate
from reportgen.findings import Finding, HeadFinding
from reportgen.history.record import Replicated, RunRecord, Verdict, rounded
from reportgen.spec.model import CountSection, ExpectSection, ReplicationSection
from tests import planted
from tests.records import contrast, failed, run

PLANTED = {(1, 2): -0.1, (2, 0): 0.05}


@pytest.fixture(scope="module")
def finding() -> Finding:
    """40 pairs in which L1H2 looks 10 points less and L2H0 5 points more at the subject of true statements."""
    made = planted.statements(40)
    return planted.finding(made, planted.values(made, PLANTED))


def head(finding: Finding, name: str) -> HeadFinding:
    return next(one for one in finding.all_heads if one.name == name)


def with_head(finding: Finding, name: str, **changes: Any) -> Finding:
    """The finding with other figures of one head."""
    heads = (replace(one, **changes) if one.name == name else one for one in finding.all_heads)
    return replace(finding, all_heads=tuple(heads))


def judged(finding: Finding, *earlier: RunRecord, **expect: Any) -> Verdict:
    [verdict] = judge([finding], [ExpectSection(**expect)], earlier)
    return verdict


def replicated(finding: Finding, **figure: Any) -> Replicated:
    [one] = replicate([finding], [ReplicationSection(claim="C", source="S", **figure)])
    return one


@pytest.mark.parametrize(
    ("heads", "met", "text"),
    [
        ({"least": 1, "most": 3}, True, "between 1 and 3 heads"),
        ({"least": 2, "most": 2}, True, "exactly 2 heads"),
        ({"least": 2}, True, "at least 2 heads"),
        ({"most": 2}, True, "at most 2 heads"),
        ({"least": 3}, False, "at least 3 heads"),
        ({"most": 1}, False, "at most 1 head"),
        ({"most": 0}, False, "exactly 0 heads"),
        ({"least": 3, "most": 1000}, False, "between 3 and 1,000 heads"),
    ],
)
def test_heads_are_counted(finding: Finding, heads: dict[str, int], met: bool, text: str) -> None:
    verdict = judged(finding, heads=CountSection(**heads))
    assert verdict == Verdict(text=text, met=met, got="2 of 12 heads")


def test_a_verdict_is_compared_and_told_with_its_numbers(finding: Finding) -> None:
    met = judged(finding, head="L1H2", verdict="differs")
    assert (met.text, met.met) == ("L1H2 differs", True)
    assert met.got.startswith("L1H2 differs: −")
    assert met.got.endswith("], adjusted p < 0.001")
    missed = judged(finding, head="L1H2", verdict="negligible")
    assert (missed.text, missed.met, missed.got) == ("L1H2 is negligible", False, met.got)
    undecided = judged(finding, head="L0H0", verdict="differs")
    assert not undecided.met
    assert undecided.got.startswith("L0H0 is undecided: ")
    assert judged(finding, head="L0H0", verdict="undecided").met


def test_an_effect_is_within_so_much_of_a_value_its_ends_included(finding: Finding) -> None:
    there = with_head(finding, "L1H2", effect=-0.12, simultaneous_low=-0.14, simultaneous_high=-0.1)
    for value, met in ((-0.12, True), (-0.1, True), (-0.14, True), (-0.0999, False), (0.12, False)):
        assert judged(there, head="L1H2", effect=value, within=0.02).met is met, value
    verdict = judged(there, head="L1H2", effect=-0.1, within=0.02)
    assert (verdict.text, verdict.got) == (
        "effect of L1H2 within 2.0 points of −10.0 points",
        "−12.0 points [−14.0, −10.0]",
    )


def test_what_is_too_far_away_never_looks_near_enough(finding: Finding) -> None:
    there = with_head(finding, "L1H2", effect=-0.120001)
    verdict = judged(there, head="L1H2", effect=-0.1, within=0.02)
    assert not verdict.met
    assert verdict.got.endswith(", 2.0001 points away")
    fine = judged(there, head="L1H2", effect=-0.1001, within=0.0005)
    assert fine.text == "effect of L1H2 within 0.05 points of −10.01 points"
    assert fine.got.startswith("−12.00 points [")


def test_an_effect_is_compared_with_the_last_finished_run_of_a_day(finding: Finding) -> None:
    effect = rounded(head(finding, "L0H1").effect) or 0.0
    morning = run(finished="2026-11-24T06:00:00Z", captured="")
    noon = run(contrasts=(contrast(effect=[0.0, effect + 0.01, 0.0, 0.0, 0.0, 0.0]),))
    verdict = judged(
        finding, morning, noon, failed("2026-11-24"), run("2026-11-25"), head="L0H1", run="2026-11-24", within=0.02
    )
    assert verdict.met
    assert verdict.text.startswith("effect of L0H1 within 2.0 points of the run of 2026-11-24 (")
    assert not judged(finding, morning, head="L0H1", run="2026-11-24", within=0.02).met


def test_a_run_agrees_with_itself_to_the_last_digit(finding: Finding) -> None:
    itself = run(contrasts=(contrast(effect=[0.0, rounded(head(finding, "L0H1").effect), *[0.0] * 4]),))
    assert judged(finding, itself, head="L0H1", run=itself.day, within=0.0).met


@pytest.mark.parametrize(
    ("earlier", "got"),
    [
        ((), "the history holds no finished run of 2026-11-24; it holds no finished run"),
        ((failed("2026-11-24"),), "the history holds no finished run of 2026-11-24; it holds no finished run"),
        (
            tuple(run(f"2026-10-{day}") for day in range(10, 20)),
            "the history holds no finished run of 2026-11-24; the last are of "
            "2026-10-15, 2026-10-16, 2026-10-17, 2026-10-18, 2026-10-19",
        ),
        ((run(contrasts=(contrast("other"),)),), "the run of 2026-11-24 has no effect of L2H0"),
        ((run(),), "the run of 2026-11-24 has no effect of L2H0"),
        ((run(contrasts=(contrast(effect=[None] * 6),)),), "the run of 2026-11-24 has no effect of L2H0"),
    ],
)
def test_a_run_that_is_not_there_is_not_met(finding: Finding, earlier: tuple[RunRecord, ...], got: str) -> None:
    verdict = judged(finding, *earlier, head="L2H0", run="2026-11-24", within=1.0)
    text = "effect of L2H0 within 100.0 points of the run of 2026-11-24"
    assert verdict == Verdict(text=text, met=False, got=got)


@pytest.mark.parametrize(
    "more", [{"verdict": "differs"}, {"effect": 0.0, "within": 1.0}, {"run": "2026-11-24", "within": 1.0}]
)
def test_a_head_that_the_model_does_not_have_is_not_met(finding: Finding, more: dict[str, Any]) -> None:
    verdict = judged(finding, run(), head="L3H0", **more)
    assert (verdict.met, verdict.got) == (False, "the model has no head L3H0: it has 3 layers of 4 heads")


def test_a_head_that_could_not_be_tested_says_so(finding: Finding) -> None:
    untested = with_head(
        finding, "L1H2", reason="zero variance", verdict="not tested: zero variance", effect=float("nan")
    )
    differs = judged(untested, head="L1H2", verdict="differs")
    assert (differs.met, differs.got) == (False, "L1H2 is not tested: zero variance")
    near = judged(untested, head="L1H2", effect=0.0, within=1.0)
    assert not near.met
    assert near.got.startswith("– points (not tested: zero variance)")
    assert not judged(untested, run(), head="L1H2", run="2026-11-24", within=1.0).met


def test_the_contrast_is_the_first_unless_named(finding: Finding) -> None:
    named = judged(finding, contrast="truth", heads=CountSection(least=2))
    assert (named.text, named.met) == ("at least 2 heads in the contrast truth", True)
    left_out = judged(finding, contrast="recalled", heads=CountSection(least=2))
    assert not left_out.met
    assert left_out.got == "the contrast recalled was left out: what was measured leaves it without statements"


def test_verdicts_keep_the_order_of_the_spec(finding: Finding) -> None:
    expect = [ExpectSection(heads=CountSection(least=n)) for n in (3, 1, 2)]
    assert [verdict.met for verdict in judge([finding], expect, ())] == [False, True, True]
    assert judge([finding], (), ()) == ()


def test_a_published_effect_agrees_where_it_lies_in_our_interval(finding: Finding) -> None:
    ours = with_head(finding, "L2H0", effect=0.05, simultaneous_low=0.03, simultaneous_high=0.07)
    rule = "they agree where the published value lies in the study's own simultaneous 95\u00a0% interval"
    assert replicated(ours, quantity="effect", head="L2H0", value=0.06, interval=(0.04, 0.08)) == Replicated(
        claim="C",
        source="S",
        url="",
        published="6.0 points [4.0, 8.0]",
        ours="5.0 points [3.0, 7.0]",
        passes=True,
        rule=rule,
    )
    for value, passes in ((0.03, True), (0.07, True), (0.0299, False), (-0.05, False)):
        assert replicated(ours, quantity="effect", head="L2H0", value=value).passes is passes, value


def test_a_tolerance_decides_where_one_is_stated(finding: Finding) -> None:
    ours = with_head(finding, "L2H0", effect=0.05, simultaneous_low=0.03, simultaneous_high=0.07)
    for value, passes in ((0.06, True), (0.04, True), (0.065, False)):
        one = replicated(ours, quantity="effect", head="L2H0", value=value, tolerance=0.01)
        assert (one.passes, one.rule) == (passes, "they agree where they differ by 1.0 points at most")


def test_counts_and_means_are_compared_within_their_tolerance(finding: Finding) -> None:
    heads = replicated(finding, quantity="heads", value=5, tolerance=3, interval=(3, 7), url="https://example.org")
    assert (heads.published, heads.ours, heads.passes, heads.url) == (
        *("5 heads [3, 7]", "2 of 12 heads", True, "https://example.org"),
    )
    assert heads.rule == "they agree where they differ by 3 heads at most"
    assert not replicated(finding, quantity="heads", value=5, tolerance=2.5).passes
    means = with_head(finding, "L2H0", mean_a=0.4, mean_b=0.3)
    for quantity, ours, passes in (("mean_a", "40.00 points", True), ("mean_b", "30.00 points", False)):
        one = replicated(means, quantity=quantity, head="L2H0", value=0.4125, tolerance=0.02)
        assert (one.published, one.ours, one.passes) == ("41.25 points", ours, passes)


def test_a_figure_that_cannot_be_looked_up_diverges_and_says_why(finding: Finding) -> None:
    no_head = replicated(finding, quantity="effect", head="L9H1", value=0.1)
    assert (no_head.passes, no_head.ours) == (False, "the model has no head L9H1: it has 3 layers of 4 heads")
    assert no_head.rule == "they agree where the published value lies in the study's own simultaneous interval"
    assert not replicated(finding, contrast="none", quantity="heads", value=2, tolerance=9).passes
    untested = with_head(finding, "L2H0", **dict.fromkeys(("simultaneous_low", "simultaneous_high"), float("nan")))
    assert not replicated(untested, quantity="effect", head="L2H0", value=0.05).passes
