"""The page of a study's history, for made-up histories whose course is known."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.history.record import RunRecord, facts_digest
from reportgen.history.timeline import timeline
from reportgen.report.document import Callout, Document, Figure, Heading, Prose, Raw, Table, texts
from reportgen.report.history_figures import MOST_DRAWN, MOST_HEADS
from reportgen.report.history_page import MOST_TOLD, history_document
from reportgen.report.render import qmd
from reportgen.site.engines import choose_engine
from reportgen.site.settings import SiteSettings
from tests import runs
from tests.runs import Made, effects, failed, finished

VALUES = effects()
FIRST = finished(Made(VALUES))
YEAR = runs.year()


def page(*records: RunRecord, set_aside: Sequence[str] = ()) -> Document:
    return history_document(records, runs.beside(records), set_aside)


def plain(text: str) -> str:
    text = re.sub(r"\[(\d{4}\\-\d\d\\-\d\d)\]\{\.run-name\}", r"\1", text)
    return text.replace("\\", "").replace("\u00a0", " ")


def lead(document: Document) -> str:
    return next(plain(block.text) for block in document.blocks if isinstance(block, Prose) and block.role == "lead")


def callouts(document: Document) -> list[tuple[str, str]]:
    return [(plain(one.title), plain(one.text)) for one in document.blocks if isinstance(one, Callout)]


def told(document: Document) -> list[str]:
    """The text of each thing told under "What changed, and why", newest first."""
    html = next(str(one.html) for one in document.blocks if isinstance(one, Raw) and "<article" in str(one.html))
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in re.findall(r"<article.*?</article>", html, re.S)]


def all_html(document: Document) -> str:
    parts = []
    for block in document.blocks:
        match block:
            case Raw(html=html) | Table(html=html):
                parts.append(str(html))
            case Figure(html=html, table=table):
                parts += [str(html), str(table)]
            case _:
                pass
    return "\n".join(parts)


def test_the_first_run_has_none_to_be_compared_with_and_nothing_to_draw() -> None:
    document = page(FIRST)
    assert lead(document) == "This run, 2025-12-02, is the first; the next will be compared with it."
    assert not [block for block in document.blocks if isinstance(block, Figure)]
    assert told(document) == ["2025-12-02 First run The first run: 28 of 270 heads attend to the subject differently."]


def test_a_run_that_found_every_number_again_says_so_in_the_first_sentence() -> None:
    document = page(FIRST, finished(Made(VALUES, week=1)))
    assert lead(document) == "The latest run, 2025-12-09, reproduced every number of 2025-12-02 exactly."
    assert callouts(document) == []


def test_last_digits_that_moved_are_not_called_exact() -> None:
    moved = VALUES + 1e-6
    document = page(FIRST, finished(Made(moved, week=1)), finished(Made(VALUES, week=2)))
    assert (
        "reproduced the numbers of 2025-12-09 but for the last digits: effects moved by up to 0.00010 points"
        in lead(document)
    )
    assert told(document)[0] == "2025-12-09 to 2025-12-16 Reproduced Reproduced but for the last digits in 2 runs."


def test_stored_scores_prove_nothing_and_do_not_count_as_reproduced() -> None:
    document = page(FIRST, finished(Made(VALUES, week=1, captured=0)))
    assert "took the captured scores of an earlier run and gave every number of 2025-12-02 again" in lead(document)
    assert "Reproduced" not in told(document)[0]


def test_an_alarm_is_set_apart_with_its_size_beside_the_uncertainty() -> None:
    document = page(FIRST, finished(Made(VALUES + 0.004, week=1)))
    ((title, text),) = callouts(document)
    assert title == "Alarm of 2025-12-09: same inputs, other numbers"
    assert "effects moved by up to 0.4 points" in text
    assert "20 % of half the width of its interval" in text
    assert lead(document) == "The latest run, 2025-12-09, gave other numbers from the same inputs."


def test_an_alarm_is_remembered_when_later_runs_agree_with_it() -> None:
    other = VALUES + 0.004
    document = page(FIRST, finished(Made(other, week=1)), finished(Made(other, week=2)))
    assert "On 2025-12-09 the same inputs had given other numbers than before." in lead(document)
    assert callouts(document) == []


def test_failing_is_said_with_its_day_its_runs_and_the_last_reason() -> None:
    document = page(FIRST, failed(1, "no `gpt2` here"), failed(2, "the disk | is <full>"))
    assert lead(document) == "The latest run, 2025-12-16, failed; the last that finished is of 2025-12-02."
    assert callouts(document) == [("Failing since 2025-12-09", "2 runs in a row; the last: the disk | is <full>")]
    assert told(document)[0] == (
        "2025-12-09 to 2025-12-16 Failed 2 runs in a row failed: no gpt2 here the disk | is &lt;full&gt;"
    )


def test_a_study_that_never_finished_has_a_page() -> None:
    document = page(failed(0), failed(1))
    assert lead(document) == "No run has finished yet: all 2 since 2025-12-02 failed."
    assert not [block for block in document.blocks if isinstance(block, Figure)]
    assert "there is no file `capitals.csv`" not in all_html(document)
    assert '<span class="code">capitals.csv</span>' in all_html(document)


def test_a_history_without_any_run_names_what_was_set_aside() -> None:
    document = history_document((), (), ("`x.json` is not JSON.",))
    assert lead(document) == "No run of this study can be read."
    assert r"`x.json`" not in qmd(document)
    assert "[x\\.json]{.code} is not JSON" in qmd(document)


def test_the_heads_that_came_and_went_stand_with_both_estimates_and_the_cause() -> None:
    after = VALUES.copy()
    gained, lost = int(abs(VALUES).argmin()), int(abs(VALUES).argmax())
    after[gained], after[lost] = 0.05, 0.001
    document = page(FIRST, finished(Made(after, week=1, facts=facts_digest(runs._NEW))))
    (change, _) = told(document)
    for head, what in ((gained, "gained"), (lost, "lost")):
        assert f"L{head // 9}H{head % 9} {what}" in change
    assert "5.0 [3.0, 7.0] &lt; 0.001" in change
    assert "France, capital: Paris → Lyon" in change


def test_many_heads_are_folded_but_all_there() -> None:
    document = page(FIRST, finished(Made(VALUES * 4, week=1, torch="2.14.1")))
    html = all_html(document)
    more = len(runs.contrast(VALUES * 4).found) - 28
    assert more > 12
    assert f"All {more} heads gained and lost" in html
    assert html.count("<td>gained</td>") == more


def test_an_expectation_that_is_no_longer_met_breaks_the_line_of_runs_that_agree() -> None:
    records = [finished(Made(VALUES, week=week, met=week != 2)) for week in range(4)]
    changes = told(page(*records))
    assert len(changes) == 4
    assert "The expectation “between 20 and 60 heads” is no longer met: 28 of 270 heads." in changes[1]
    assert "is met again" in changes[0]


def test_runs_that_agree_are_one_line_and_so_are_failures_in_a_row() -> None:
    heads = [line.split(" ", 4) for line in told(page(*YEAR))]
    assert [f"{line[0]} {line[1]}" for line in heads if line[1] == "to"] == [
        "2026-10-20 to",
        "2026-09-01 to",
        "2026-07-07 to",
        "2026-05-12 to",
        "2026-04-21 to",
        "2026-03-03 to",
        "2025-12-09 to",
    ]
    newest = told(page(*YEAR))[0]
    assert newest.endswith("Reproduced exactly in 5 runs; 1 more took scores that had been captured before.")


def test_every_run_has_an_anchor_and_none_has_two() -> None:
    html = all_html(page(*YEAR))
    for run in timeline(YEAR, runs.beside(YEAR)):
        assert html.count(f'id="{run.anchor}"') == 1


def test_all_runs_are_in_the_table_and_older_ones_there_alone() -> None:
    records = [finished(Made(VALUES, week=week, torch=f"2.{week}.0")) for week in range(MOST_TOLD + 12)]
    document = page(*records)
    assert len(told(document)) == MOST_TOLD
    assert any("12 earlier runs are in the table of all runs alone" in text for text in texts(document.blocks))
    assert f"All {MOST_TOLD + 12} runs, the latest first" in all_html(document)
    assert "2.0.0" in all_html(document)


def test_figures_show_the_last_runs_and_say_so() -> None:
    records = [finished(Made(VALUES, week=week)) for week in range(MOST_DRAWN + 5)]
    figures = [block for block in page(*records).blocks if isinstance(block, Figure)]
    assert len(figures) == 2
    for figure in figures:
        assert f"The last {MOST_DRAWN} of {MOST_DRAWN + 5} runs" in plain(figure.caption)


def test_the_figure_of_effects_holds_the_strongest_and_whoever_came_and_went() -> None:
    _, figure = (block for block in page(*YEAR).blocks if isinstance(block, Figure))
    data = json.loads(re.findall(r'application/json">(.*?)</script>', str(figure.html), re.S)[0])
    drawn = [note["text"].removeprefix("<b>").removesuffix("</b>") for note in data["layout"]["annotations"][:-1]]
    latest = YEAR[-1].contrasts[0]
    moved = {change.head for comparison in runs.beside(YEAR) for change in comparison.heads}
    assert len(drawn) == MOST_HEADS
    assert set(latest.found[:4]) <= set(drawn)
    assert set(drawn) - set(latest.found[:4]) <= moved


def test_a_model_of_another_size_leaves_gaps_and_no_error() -> None:
    small = runs.contrast(VALUES).model_copy(
        update={"layers": 15, "heads": 18, "found": ["L14H17"]},
    )
    later = finished(Made(VALUES, week=1, model="sha256:other")).model_copy(update={"contrasts": (small,)})
    document = page(FIRST, later)
    assert "not tested" in all_html(document)
    assert "28 before" in told(document)[0]


def test_two_runs_of_one_day_are_told_by_their_time() -> None:
    document = page(FIRST, finished(Made(VALUES, week=0.01)))
    assert lead(document) == ("The latest run, 2025-12-02 05:57, reproduced every number of 2025-12-02 04:17 exactly.")


def test_two_runs_of_one_moment_both_have_a_place() -> None:
    html = all_html(page(FIRST, FIRST))
    assert html.count('id="run-20251202041705"') == 1
    assert html.count('id="run-20251202041705-2"') == 1


def test_a_clock_that_went_backwards_is_said() -> None:
    wrong = finished(Made(VALUES, week=1, captured=3))
    ((title, text),) = callouts(page(FIRST, wrong))
    assert title == "A clock went backwards"
    assert "2025-12-09" in text


def test_records_and_comparisons_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one comparison for each finished run"):
        history_document(YEAR, runs.beside(YEAR)[:-1], ())


def test_nothing_from_a_record_reaches_the_page_as_markup(tmp_path: Path) -> None:
    hostile = '"><script>alert(1)</script>`*_[x](javascript:1){.a}| ::: '
    base = Made(
        VALUES, title=hostile, model=f"sha256:{hostile}", torch=hostile, spec={"tests": {"where": {hostile: 1}}}
    )
    odd = runs.contrast(VALUES * 1.5, id_=f"}} {hostile}", title=hostile)
    later = finished(replace(base, week=1, effects=VALUES * 1.5)).model_copy(
        update={"contrasts": (odd, runs.contrast(VALUES)), "finding": hostile}
    )
    last = failed(2, hostile, hostile)
    document = page(finished(replace(base, spec={})), later, last, set_aside=(hostile,))
    (tmp_path / "page.qmd").write_text(qmd(document), encoding="utf-8")
    choose_engine("pandoc").render(tmp_path, [Path("page.qmd")], tmp_path, SiteSettings(title="Site"))
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert 'href="javascript' not in html
    assert html.count("alert(1)") > 10


def test_ids_of_headings_are_plain_whatever_the_contrasts_are_called() -> None:
    document = page(*runs.year(contrasts=2))
    ids = [block.id for block in document.blocks if isinstance(block, Heading | Figure)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9-]+", id_) for id_ in ids)
