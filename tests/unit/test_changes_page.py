"""What is told of a study's runs, the page of all changes, the page of replications and the expectations."""

import json
import re
from dataclasses import replace

import pytest
import yaml

from reportgen.history.compare import Cause
from reportgen.history.record import Replicated, RunRecord, Verdict
from reportgen.report.change_entry import ChangeEntry, entries, from_bytes, to_bytes
from reportgen.report.changes_page import MOST_ENTRIES, changes_document
from reportgen.report.document import Document, Heading, Prose, Raw, Table
from reportgen.report.expectations_section import counted, expectation_blocks
from reportgen.report.history_page import history_document
from reportgen.report.render import qmd
from reportgen.report.replications_page import EXAMPLE, replications_document
from reportgen.spec.model import ReplicationSection
from tests import runs
from tests.runs import Made, effects, failed, finished

VALUES = effects()
YEAR = runs.year()
MET = Verdict(text="between 20 and 60 heads", met=True, got="28 of 270 heads")
UNMET = Verdict(text="L9H2 `differs`", met=False, got="it is undecided")
PASSED = Replicated(
    claim="40 heads | <b>",
    source="Doe & Roe (2025)",
    url="https://doi.org/10.1000/182",
    published="40",
    ours="41",
    passes=True,
    rule="within 5 heads",
)
DIVERGED = PASSED.model_copy(update={"passes": False, "ours": "89", "url": "javascript:alert(1)"})


def of(*records: RunRecord) -> tuple[ChangeEntry, ...]:
    return entries(runs.beside(records), records)


def kinds(*records: RunRecord) -> list[str]:
    return [entry.kind for entry in of(*records)]


def html(document: Document) -> str:
    return "\n".join(str(block.html) for block in document.blocks if isinstance(block, Raw | Table))


def months(document: Document) -> list[str]:
    return [str(block.text) for block in document.blocks if isinstance(block, Heading)]


def test_a_year_is_told_in_its_turns_the_newest_first() -> None:
    assert [(entry.day, entry.kind, entry.quiet) for entry in of(*YEAR)] == [
        ("2026-11-24", "reproduced", True),
        ("2026-10-13", "alarm", False),
        ("2026-08-25", "changed", False),
        ("2026-06-30", "unmoved", True),
        ("2026-05-12", "recovered", False),
        ("2026-04-21", "failed", False),
        ("2026-02-24", "changed", False),
        ("2025-12-02", "first", False),
    ]


def test_failures_in_a_row_are_told_once_with_their_number() -> None:
    (entry,) = [entry for entry in of(*YEAR) if entry.kind == "failed"]
    assert entry.headline == runs.ERROR
    assert entry.details == ("3 runs failed in a row, up to 2026-05-05.",)


def test_a_run_that_changed_after_failures_is_told_as_changed_and_says_what_went_before() -> None:
    records = [finished(Made(VALUES)), failed(1), finished(Made(VALUES * 2, week=2, torch="2.14.1"))]
    changed, _, _ = of(*records)
    assert changed.kind == "changed"
    assert changed.details[0] == "1 run had failed before it, since 2025-12-09."
    assert [cause.input for cause in changed.causes] == ["torch"]


def test_a_study_that_fails_at_first_has_a_first_run_later() -> None:
    assert kinds(failed(0), finished(Made(VALUES, week=1))) == ["first", "failed"]


def test_stored_scores_are_not_worth_telling() -> None:
    assert kinds(finished(Made(VALUES)), finished(Made(VALUES, week=1, captured=0))) == ["first"]


def test_an_expectation_that_turns_is_not_quiet_even_where_every_number_is_the_same() -> None:
    records = [finished(Made(VALUES)), finished(Made(VALUES, week=1, captured=0, met=False))]
    turned, _ = of(*records)
    assert not turned.quiet
    assert "is no longer met" in turned.details[0]


def test_entries_come_back_from_json_as_they_were() -> None:
    told = of(*YEAR)
    assert from_bytes(to_bytes(told)) == told


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[3]", b'[{"study": "s"}]', b'[{"colour": 1, "details": [], "causes": []}]']
)
def test_what_is_no_entry_is_none(text: bytes) -> None:
    with pytest.raises((TypeError, KeyError, ValueError)):
        from_bytes(text)


def test_an_entry_of_an_unknown_kind_is_none() -> None:
    kept = json.loads(to_bytes(of(YEAR[0])))
    kept[0]["kind"] = "exploded"
    with pytest.raises(TypeError, match="exploded"):
        from_bytes(json.dumps(kept).encode())


def test_the_id_of_an_entry_is_made_of_study_and_moment() -> None:
    (entry,) = of(YEAR[0])
    assert entry.id == "tag:reportgen,2026:capitals/2025-12-02T04:17:05+00:00"


def test_changes_of_all_studies_stand_under_their_months_the_newest_first() -> None:
    other = [replace(entry, study="other", title="Other <study>") for entry in of(*YEAR[:13])]
    document = changes_document([*other, *of(*YEAR)])
    assert months(document)[:2] == [r"November 2026", "October 2026"]
    assert months(document)[-1] == "December 2025"
    days = re.findall(r'change-day">(\d{4}-\d\d-\d\d)', html(document))
    assert days == sorted(days, reverse=True)
    assert 'href="studies/other/history.html#run-20260224041705" dir="auto">Other &lt;study&gt;</a>' in html(document)


def test_every_entry_leads_to_a_place_that_is_on_the_page_of_its_study() -> None:
    history = qmd(history_document(YEAR, runs.beside(YEAR), ()))
    places = re.findall(r'href="studies/capitals/history.html#([^"]+)"', html(changes_document(of(*YEAR))))
    assert len(places) == 8
    for place in places:
        assert f'id="{place}"' in history


def test_a_long_list_of_facts_is_cut_on_the_page_of_all_changes() -> None:
    (entry,) = of(YEAR[0])
    cause = Cause("facts", "The facts changed.", tuple(f"fact {place}" for place in range(20)))
    text = html(changes_document([replace(entry, causes=(cause,))]))
    assert "fact 2" in text
    assert "fact 3" not in text
    assert "and 17 more" in text


def test_too_many_changes_are_counted() -> None:
    (entry,) = of(YEAR[0])
    document = changes_document([replace(entry, study=f"s{place}") for place in range(MOST_ENTRIES + 3)])
    assert html(document).count("<article") == MOST_ENTRIES
    assert any("3 earlier entries are left out" in str(one.text) for one in document.blocks if isinstance(one, Prose))


def test_a_site_without_runs_has_a_page_of_changes() -> None:
    assert "No study has been run yet" in qmd(changes_document([]))


def test_replications_are_counted_and_their_verdicts_are_words() -> None:
    document = replications_document({"s": ("Study <s>", [PASSED, DIVERGED]), "t": ("T", [])})
    lead = next(str(one.text) for one in document.blocks if isinstance(one, Prose))
    assert lead == "Of 2 published figures, 1 agrees with the study's own and 1 diverges."
    text = html(document)
    assert [">PASS<" in text, ">DIVERGENT<" in text] == [True, True]
    assert '<a href="studies/s/index.html">Study &lt;s&gt;</a>' in text
    assert '<a href="https://doi.org/10.1000/182">Doe &amp; Roe (2025)</a>' in text


def test_only_addresses_of_the_web_become_links() -> None:
    assert "javascript" not in qmd(replications_document({"s": ("S", [DIVERGED])}))


def test_where_nothing_is_replicated_the_page_shows_what_a_spec_would_say() -> None:
    document = replications_document({"s": ("S", ())})
    assert "value: 0.141" in html(document)
    (stated,) = yaml.safe_load(EXAMPLE)["replicates"]
    assert ReplicationSection.model_validate_json(json.dumps(stated)).head == "L9H1"


def test_expectations_that_are_not_met_come_first_with_what_was_found() -> None:
    heading, lead, listed = expectation_blocks([MET, UNMET], ())
    assert isinstance(heading, Heading)
    assert isinstance(lead, Prose)
    assert isinstance(listed, Prose)
    assert "1 of 2 met" in lead.text
    assert listed.text.splitlines() == [
        "- **Not met**: L9H2 [differs]{.code}. Found: it is undecided.",
        "- **Met**: between 20 and 60 heads. Found: 28 of 270 heads.",
    ]


def test_a_spec_that_expects_nothing_has_no_section() -> None:
    assert expectation_blocks((), ()) == ()
    assert counted(()) == ""


def test_published_figures_have_a_section_of_their_own() -> None:
    heading, _, table = expectation_blocks((), [PASSED])
    assert isinstance(heading, Heading)
    assert heading.id == "published-figures"
    assert isinstance(table, Raw)
    assert "PASS" in str(table.html)
