"""Two runs side by side: what kind the later is, what changed, which heads came and went, and by how much."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import pytest

from reportgen.history.compare import Cause, Comparison, compare, compared
from reportgen.history.record import ContrastRecord, ModelInput, RunRecord, facts_digest
from tests.records import SPEC, contrast, failed, inputs, run

HEADER = "subject,relation,object,truth,pair,continent\n"
BEFORE, AFTER = "2026-11-24", "2026-12-01"


def no_facts(digest: str) -> None:
    """A history in which no facts are left."""


def later(**changes: Any) -> RunRecord:
    """A run a week after another, captured anew."""
    return run(AFTER, **changes)


def beside(after: RunRecord, before: RunRecord | None = None) -> Comparison:
    return compare(before or run(BEFORE), after, no_facts)


def causes(comparison: Comparison) -> dict[str, Cause]:
    return {cause.input: cause for cause in comparison.causes}


def with_spec(*path: str, to: object) -> RunRecord:
    """A later run of a spec with another value at one place."""
    spec = copy.deepcopy(SPEC)
    section = spec
    for step in path[:-1]:
        section = section[0] if isinstance(section, list) else section[step]
    section[path[-1]] = to
    return later(inputs=inputs(spec=spec))


def moved(by: float, column: str = "effect", head: int = 1, found: list[str] | None = None) -> ContrastRecord:
    """The first contrast with one number of one head moved."""
    values = list(getattr(contrast(), column))
    values[head] += by
    return contrast(**{column: values, "found": found or contrast().found})


def facts(*rows: str) -> bytes:
    return (HEADER + "".join(f"{row}\n" for row in rows)).encode()


def told_facts(before: bytes, after: bytes) -> Cause:
    """What is told of two versions of the facts."""
    kept: Mapping[str, bytes] = {facts_digest(csv): csv for csv in (before, after)}
    runs = [run(day, inputs=inputs(facts=digest)) for day, digest in zip((BEFORE, AFTER), kept, strict=True)]
    return causes(compare(*runs, kept.get))["facts"]


def test_a_run_with_none_before_it_is_the_first() -> None:
    assert compare(None, run(), no_facts) == Comparison(None, run(), "first", (), (), None)


def test_the_same_numbers_captured_anew_are_reproduced_exactly() -> None:
    comparison = beside(later())
    assert (comparison.kind, comparison.causes, comparison.heads) == ("reproduced", (), ())
    assert comparison.shift is not None
    assert (comparison.shift.difference, comparison.shift.of_uncertainty, comparison.shift.exact) == (0, 0, True)


@pytest.mark.parametrize("captured", [run(BEFORE).captured, "2020-01-01T00:00:00+00:00", ""])
def test_the_same_numbers_from_kept_scores_are_restored(captured: str) -> None:
    assert beside(later(captured=captured)).kind == "restored"


def test_moments_are_compared_as_moments_and_not_as_text() -> None:
    before = run(BEFORE, captured="2026-11-24T11:00:00+00:00")
    assert beside(later(captured="2026-11-24T11:00:00Z"), before).kind == "restored"
    assert beside(later(captured="2026-11-24T11:00:00.5Z"), before).kind == "reproduced"


def test_other_numbers_from_the_same_inputs_are_an_alarm_with_the_size_of_the_difference() -> None:
    comparison = beside(later(contrasts=(moved(0.01), contrast("recalled"))))
    assert comparison.kind == "alarm"
    assert comparison.causes == ()
    shift = comparison.shift
    assert shift is not None
    assert (shift.contrast, shift.head, shift.exact) == ("truth", "L0H1", False)
    assert shift.difference == pytest.approx(0.01)
    assert shift.of_uncertainty == pytest.approx(0.01 / 0.04)


@pytest.mark.parametrize(
    "changed",
    [
        moved(0.0002),
        moved(0.01, "low"),
        moved(0.01, "high"),
        moved(0.00009, head=4, found=["L0H1"]),
        contrast(n="39 pairs"),
        contrast(effect=[None, *contrast().effect[1:]]),
        contrast(adjusted=[None, *contrast().adjusted[1:]]),
    ],
)
def test_what_is_more_than_last_digits_is_an_alarm(changed: ContrastRecord) -> None:
    contrasts = (changed, contrast("recalled"))
    assert beside(later(contrasts=contrasts)).kind == "alarm"
    assert beside(later(contrasts=contrasts, inputs=inputs(processor="two, 4 cores"))).kind == "alarm"


def test_last_digits_that_are_a_hundredth_of_a_narrow_interval_are_an_alarm() -> None:
    narrow = {"low": [0.0009, *contrast().low[1:]], "high": [0.0011, *contrast().high[1:]]}
    before = run(BEFORE, contrasts=(contrast(**narrow),))
    for by, kind in ((9e-7, "reproduced"), (2e-6, "alarm")):
        after = later(contrasts=(moved(by, head=0).model_copy(update=narrow),))
        assert beside(after, before).kind == kind


def test_a_contrast_that_is_gone_from_the_same_inputs_is_an_alarm() -> None:
    comparison = beside(later(contrasts=(contrast(),)))
    assert comparison.kind == "alarm"
    assert causes(comparison)["results"].text == "The contrast “Contrast recalled” is gone."


def test_last_digits_of_scores_captured_anew_are_reproduced_and_not_exact() -> None:
    nearly = (contrast(effect=[value + 1e-6 if value else value for value in contrast().effect]), contrast("recalled"))
    comparison = beside(later(contrasts=nearly))
    assert comparison.kind == "reproduced"
    assert comparison.shift is not None
    assert not comparison.shift.exact
    assert comparison.shift.difference == pytest.approx(1e-6)


def test_last_digits_of_the_same_scores_are_an_alarm_unless_another_processor_tested_them() -> None:
    nearly, kept = (moved(1e-6), contrast("recalled")), run(BEFORE).captured
    assert beside(later(contrasts=nearly, captured=kept)).kind == "alarm"
    elsewhere = beside(later(contrasts=nearly, captured=kept, inputs=inputs(processor="two, 4 cores")))
    assert elsewhere.kind == "restored"
    assert causes(elsewhere)["processor"].text == "The processor changed from one, 2 cores to two, 4 cores."


def test_an_untested_head_may_have_other_last_digits() -> None:
    nearly = (moved(1e-8, head=3), contrast("recalled"))
    comparison = beside(later(contrasts=nearly))
    assert comparison.kind == "reproduced"
    assert comparison.shift is not None
    assert math.isnan(comparison.shift.of_uncertainty)


def test_the_size_of_an_interval_that_is_open_on_one_side_is_what_lies_on_the_other() -> None:
    open_ = {"high": [None] * 6}
    before = run(BEFORE, contrasts=(contrast(**open_),))
    shift = beside(later(contrasts=(moved(0.01).model_copy(update=open_),)), before).shift
    assert shift is not None
    assert shift.of_uncertainty == pytest.approx(0.01 / 0.04)


def test_intervals_that_differ_under_the_same_effects_are_told() -> None:
    comparison = beside(later(contrasts=(moved(0.002, "low"), contrast("recalled"))))
    assert comparison.shift is not None
    assert comparison.shift.difference == 0
    assert causes(comparison)["results"].text == (
        "Every effect is the same; intervals differ by at most 0.20 points, or adjusted p-values do."
    )


@pytest.mark.parametrize(
    ("changes", "input_", "text"),
    [
        (
            {"model": ModelInput(name="m", identity="commit:0123456789abcdef", origin="a hub")},
            "model",
            "The model changed from m (commit:607a30d783df) to m (commit:0123456789ab).",
        ),
        ({"code": "other"}, "code", "reportgen's own code changed."),
        (
            {"code": "other", "versions": {"reportgen": "0.2.0", "torch": "2.13.0", "numpy": "2.4.6"}},
            "code",
            "reportgen's own code changed (version 0.1.0 to 0.2.0).",
        ),
        (
            {"versions": {"reportgen": "0.1.0", "torch": "2.14.0", "numpy": "2.4.6"}},
            "torch",
            "torch changed from 2.13.0 to 2.14.0.",
        ),
        ({"device": "cuda:0"}, "device", "The device changed from cpu to cuda:0."),
        ({"dtype": "bfloat16"}, "dtype", "The arithmetic changed from float32 to bfloat16."),
        (
            {"facts": "f" * 16},
            "facts",
            "The facts changed; which of them cannot be told: the text of both versions is gone.",
        ),
    ],
)
def test_an_input_that_changed_is_the_cause(changes: dict[str, Any], input_: str, text: str) -> None:
    comparison = beside(later(inputs=inputs(**changes)))
    assert comparison.causes == (Cause(input_, text),)
    assert comparison.kind == "unmoved"
    gained = later(inputs=inputs(**changes), contrasts=(contrast(found=["L0H1"]), contrast("recalled")))
    assert beside(gained).kind == "changed"


def test_two_packages_are_two_causes_and_one_that_a_run_does_not_name_is_none() -> None:
    after = later(inputs=inputs(versions={"numpy": "3", "torch": "3", "scipy": "1"}))
    assert [cause.input for cause in beside(after).causes] == ["numpy", "torch"]


@pytest.mark.parametrize(
    ("path", "to", "item"),
    [
        (("tests", "alpha"), 0.01, "tests.alpha: 0.05 → 0.01"),
        (("tests", "corrections"), ["max_t"], "tests.corrections: holm, max_t → max_t"),
        (("tests", "cluster"), "continent", "tests.cluster: none → continent"),
        (("facts", "seed"), 1, "facts.seed: 0 → 1"),
        (("model", "prepend_bos"), "never", "model.prepend_bos: auto → never"),
        (
            ("facts", "relations", "r", "template"),
            "{subject}: {object}",
            "facts.relations.r.template: {subject} {object} → {subject}: {object}",
        ),
        (("facts", "relations", "q"), {"template": "x"}, "facts.relations.q: added"),
        (("contrasts", "0", "a", "where", "truth"), "true", 'contrasts.truth.a.where.truth: true → "true"'),
        (("contrasts", "0", "a", "where", "name"), "x", "contrasts.truth.a.where.name: none → x"),
    ],
)
def test_a_key_that_can_move_a_number_is_told_with_both_values(path: tuple[str, ...], to: object, item: str) -> None:
    comparison = beside(with_spec(*path, to=to))
    assert comparison.causes == (Cause("spec", "The spec changed in 1 place.", (item,)),)
    assert comparison.kind == "unmoved"


@pytest.mark.parametrize(
    ("path", "to", "item"),
    [
        (("study", "title"), "Other", "study.title: T → Other"),
        (("study", "tags"), ["a", "b"], "study.tags: none → a, b"),
        (("report", "top_heads"), 5, "report.top_heads: 10 → 5"),
        (("contrasts", "0", "title"), "Other", "contrasts.truth.title: True against false → Other"),
        (("contrasts", "0", "a", "name"), "yes", "contrasts.truth.a.name: true → yes"),
        (("facts", "file"), "g.csv", "facts.file: f.csv → g.csv"),
        (("model", "revision"), "607a30d", "model.revision: none → 607a30d"),
        (("model", "device"), "cpu", "model.device: auto → cpu"),
    ],
)
def test_a_key_that_can_move_no_number_is_told_and_is_no_reason(path: tuple[str, ...], to: object, item: str) -> None:
    comparison = beside(with_spec(*path, to=to))
    told = Cause("presentation", "The spec changed in 1 place that can move no number.", (item,))
    assert (comparison.kind, comparison.causes) == ("reproduced", (told,))
    changed = with_spec(*path, to=to).model_copy(update={"contrasts": (moved(0.05), contrast("recalled"))})
    assert beside(changed).kind == "alarm"


def test_facts_that_the_spec_lists_are_compared_as_facts_alone() -> None:
    before, after = ({**SPEC["facts"], "items": [{"subject": "Italy", "object": name}]} for name in ("Rome", "Milan"))
    runs = [run(BEFORE, inputs=inputs(spec={**SPEC, "facts": facts})) for facts in (before, after)]
    assert not causes(compare(runs[0], later(inputs=runs[1].inputs), no_facts)).keys() & {"spec", "presentation"}


def test_a_contrast_that_comes_goes_or_moves_is_told_by_its_id() -> None:
    truth, other = SPEC["contrasts"][0], {**SPEC["contrasts"][0], "id": "name"}
    before, after = ({**SPEC, "contrasts": contrasts} for contrasts in ([truth], [other, truth]))
    runs = [run(BEFORE, inputs=inputs(spec=before)), later(inputs=inputs(spec=after))]
    assert causes(compare(*runs, no_facts))["spec"].items == ("contrasts.name: added",)
    runs = [run(BEFORE, inputs=inputs(spec=after)), later(inputs=inputs(spec=before))]
    assert causes(compare(*runs, no_facts))["spec"].items == ("contrasts.name: dropped",)
    swapped = {**SPEC, "contrasts": [truth, other]}
    runs = [run(BEFORE, inputs=inputs(spec=after)), later(inputs=inputs(spec=swapped))]
    assert causes(compare(*runs, no_facts))["spec"].items == ("contrasts: name, truth → truth, name",)


def test_a_key_that_another_version_of_reportgen_brought_is_no_change() -> None:
    newer = {**SPEC, "tests": {**SPEC["tests"], "tail": "empirical"}, "robustness": {"tests": []}}
    assert beside(later(inputs=inputs(spec=newer))).causes == ()


def test_a_run_that_was_written_and_read_has_the_same_inputs() -> None:
    expect = [{"heads": {"most": 3, "least": 1}, "contrast": None}]
    record = run(inputs=inputs(spec={**SPEC, "expect": expect}))
    comparison = beside(record, RunRecord.from_bytes(record.to_bytes()))
    assert (comparison.kind, comparison.causes) == ("restored", ())


def test_a_new_contrast_changes_the_findings() -> None:
    comparison = beside(later(inputs=inputs(code="x")), run(BEFORE, contrasts=(contrast(),)))
    assert comparison.kind == "changed"
    assert comparison.heads == ()
    assert causes(comparison)["results"].text == "The contrast “Contrast recalled” is new."


def test_heads_gained_and_lost_have_both_runs_estimates() -> None:
    after = later(
        inputs=inputs(code="x"),
        contrasts=(contrast(found=["L0H1", "L1H1"]), contrast("recalled")),
    )
    comparison = beside(after)
    assert [(change.contrast, change.head) for change in comparison.gained] == [("truth", "L1H1")]
    [lost] = comparison.lost
    assert (lost.head, lost.gained) == ("L1H2", False)
    assert lost.before is not None
    assert (lost.before.effect, lost.before.low, lost.before.high, lost.before.adjusted) == (-0.1, -0.12, -0.08, 0.0002)
    assert lost.before == lost.after


def test_a_head_that_a_run_did_not_test_or_does_not_have_has_no_estimate_there() -> None:
    small = contrast(
        layers=1,
        found=["L0H0"],
        **{name: getattr(contrast(), name)[:3] for name in ("effect", "low", "high", "adjusted")},
    )
    comparison = beside(
        later(inputs=inputs(code="x"), contrasts=(small,)), run(BEFORE, contrasts=(contrast(found=["L1H0", "L1H2"]),))
    )
    untested, gone = comparison.lost
    assert (untested.head, untested.before, untested.after) == ("L1H0", None, None)
    assert gone.before is not None
    assert gone.after is None
    assert comparison.shift is None


def test_a_bound_that_is_missing_is_infinite() -> None:
    after = later(contrasts=(contrast(found=["L0H1"], high=[None] * 6), contrast("recalled")))
    [lost] = beside(after).heads
    assert lost.after is not None
    assert (lost.after.low, lost.after.high) == (-0.12, math.inf)


def test_an_altered_fact_is_named_before_the_twins_that_it_moved() -> None:
    before = facts(
        "France,capital,Paris,true,p1,Europe",
        "France,capital,Rome,false,p1,Europe",
        "Italy,capital,Rome,true,p2,Europe",
        "Italy,capital,Paris,false,p2,Europe",
    )
    after = before.replace(b"Paris", b"Lyon")
    told = told_facts(before, after)
    assert told.text == "The facts changed: 1 altered, 1 false twin changed."
    assert told.items == ("France, capital: Paris → Lyon", "Italy, capital, false twin: Paris → Lyon")


def test_added_and_dropped_facts_are_named_whatever_it_does_to_the_numbers_of_pairs() -> None:
    rows = [f"s{number},r,o{number},true,p{number},x" for number in range(5)]
    renumbered = [row.replace(",p", ",p0") for row in rows[1:]]
    told = told_facts(facts(*rows), facts('"s, new",r,o,true,p9,x', *renumbered))
    assert told.text == "The facts changed: 1 added, 1 dropped."
    assert told.items == ("dropped: s0, r: o0", "added: s, new, r: o")


def test_other_columns_are_told_by_name() -> None:
    told = told_facts(
        facts("Kazakhstan,capital,Astana,true,p1,Asia"), facts("Kazakhstan,capital,Almaty,true,p1,Europe")
    )
    assert told.items == ("Kazakhstan, capital: Astana → Almaty; continent: Asia → Europe",)


def test_a_subject_with_several_objects_changes_only_where_it_does() -> None:
    rows = ("Bern,language,German,true,p1,x", "Bern,language,French,true,p2,x", "Bern,language,Latin,true,p3,x")
    told = told_facts(facts(*rows), facts(rows[0], rows[1]))
    assert told.items == ("dropped: Bern, language: Latin",)


def test_of_many_facts_twenty_are_named_and_the_rest_counted() -> None:
    before = facts(*(f"s{number},r,o,true,p{number},x" for number in range(1500)))
    told = told_facts(before, before.replace(b",o,", b",q,"))
    assert told.text == "The facts changed: 1,500 altered."
    assert told.items[:2] == ("s0, r: o → q", "s1, r: o → q")
    assert told.items[20:] == ("and 1,480 more",)


def test_facts_in_another_order_are_told_as_that() -> None:
    rows = ("a,r,o,true,p1,x", "b,r,o,true,p2,x")
    assert told_facts(facts(*rows), facts(*rows[::-1])).text == "The facts changed in their order or pairs alone."


def test_facts_of_which_one_version_is_gone_are_told_as_changed() -> None:
    before, after = run(BEFORE), later(inputs=inputs(facts="f" * 16))
    for there, gone in (("f" * 16, "earlier"), (inputs().facts, "later")):
        kept = {there: facts("a,r,o,true,p1,x")}
        cause = causes(compare(before, after, kept.get))["facts"]
        assert cause.text.endswith(f"the text of the {gone} version is gone.")


def test_a_whole_history_is_compared_run_by_run_past_the_failed_ones() -> None:
    records = [failed("2026-11-01"), run("2026-11-02"), failed("2026-11-03"), run("2026-11-04"), run("2026-11-05")]
    comparisons = compared(records, no_facts)
    assert [one.before and one.before.day for one in comparisons] == [None, "2026-11-02", "2026-11-04"]
    assert [one.kind for one in comparisons] == ["first", "reproduced", "reproduced"]
    assert compared([failed()], no_facts) == ()
