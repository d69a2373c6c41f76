"""Cards, how a study stands in words, its line over the runs, the first page and the list of studies."""

import json
import re
from dataclasses import replace

import pytest

from reportgen.report.document import Document
from reportgen.report.index import LATEST, NEWEST, compose_index, compose_studies
from reportgen.report.page import Card
from reportgen.report.render import qmd
from reportgen.report.sparkline import HEIGHT, WIDTH, in_words, sparkline
from reportgen.report.status import few_words, statuses

CARD = Card(
    id="s",
    spec="s.yml",
    title="Capitals",
    question="Do they?",
    model="m",
    finding="47 of 270 heads do.",
    date="2026-11-24",
    n="3 pairs",
    key="k",
)


def cards(n: int) -> list[Card]:
    return [replace(CARD, id=f"s{i}", title=f"Study {i:03}", date=f"2026-10-{1 + i % 28:02}") for i in range(n)]


def said(card: Card) -> list[str]:
    return [status.text for status in statuses(card)]


def studies_page(*listed: Card) -> str:
    return qmd(compose_studies("Heads", listed, {}))


def test_a_card_comes_back_as_it_was_kept() -> None:
    card = replace(CARD, tags=("a", "b"), relations=("capital",), series=(47.0, None, 46.0), changed="2026-11-20")
    assert Card.from_json(card.to_json()) == card
    assert Card.from_json(CARD.to_json()) == CARD


@pytest.mark.parametrize("text", ['{"id": "s"}', "[]", "3", "{", '{"colour": "red"}', '{"tags": 5}'])
def test_what_is_no_card_of_this_version_is_none(text: str) -> None:
    whole = {**json.loads(CARD.to_json()), **json.loads(text)} if "colour" in text or "tags" in text else None
    with pytest.raises((TypeError, ValueError)):
        Card.from_json(json.dumps(whole).encode() if whole else text.encode())


def test_the_day_of_a_card_is_that_of_its_last_capture() -> None:
    assert CARD.day == "2026-11-24"
    assert replace(CARD, date="2026-11-23 to 2026-11-25").day == "2026-11-25"


@pytest.mark.parametrize(
    ("more", "texts"),
    [
        ({}, ["fresh"]),
        ({"reproduced": "2026-11-23"}, ["fresh, reproduced exactly on 2026-11-23"]),
        ({"changed": "2026-11-20", "reproduced": "2026-11-23"}, ["fresh, reproduced exactly on 2026-11-23"]),
        ({"changed": "2026-11-20"}, ["changed on 2026-11-20"]),
        ({"changed": "2026-11-20", "reproduced": "2026-11-13"}, ["changed on 2026-11-20"]),
        ({"expectations": "3 of 3 met"}, ["fresh"]),
        ({"expectations": "2 of 3 met"}, ["expectations: 2 of 3 met"]),
        (
            {"failing": "since 2026-11-24: no `gpt2` here. Get it.", "alarm": "L1H0 differs", "changed": "2026-11-20"},
            ["failing since 2026-11-24: no gpt2 here", "alarm: L1H0 differs", "changed on 2026-11-20"],
        ),
    ],
)
def test_all_that_is_wrong_is_said_the_gravest_first(more: dict[str, str], texts: list[str]) -> None:
    assert said(replace(CARD, **more)) == texts


def test_a_long_reason_ends_at_a_word() -> None:
    short = few_words("word " * 50)
    assert short.endswith("word …")
    assert len(short) < 115
    assert few_words("One. Two.") == "One"


def test_the_days_of_a_status_stand_apart() -> None:
    status = statuses(replace(CARD, changed="2026-11-20"))[0]
    assert status.pieces == ("changed on ", "2026-11-20", "")


def test_a_line_needs_two_runs() -> None:
    assert sparkline(()) == sparkline((47.0,)) == ""


def test_the_line_breaks_where_a_run_failed_and_ends_in_a_dot() -> None:
    drawn = sparkline((40.0, 44.0, None, 42.0, 48.0))
    lines = [[float(y) for y in re.findall(r",([\d.]+)", line)] for line in re.findall(r'points="([^"]+)"', drawn)]
    assert [len(line) for line in lines] == [2, 2]
    # More heads stand higher, and y counts from the top.
    assert lines[0][0] > lines[1][0] > lines[0][1] > lines[1][1]
    assert drawn.count("<path") == 1
    assert f'<circle cx="{WIDTH - 3}" cy="{lines[1][1]:g}"' in drawn
    assert all(0 < y < HEIGHT for line in lines for y in line)


def test_a_head_more_or_less_is_no_landslide() -> None:
    drawn = sparkline((47.0, 48.0))
    first, last = (float(y) for y in re.findall(r",([\d.]+)", drawn))
    assert 0 < first - last < HEIGHT / 3


def test_the_line_is_told_in_words() -> None:
    assert in_words((40.0, None, 48.0)) == "Heads found in the last 3 runs: 40 to 48, last 48; 1 failed"
    assert in_words((40.0, 40.0)) == "Heads found in the last 2 runs: 40 in each"
    assert in_words((None, None)) == "The last 2 runs failed"
    assert "<circle" not in sparkline((None, None))


def test_the_first_page_shows_the_newest_studies_and_the_latest_changes() -> None:
    many = cards(20)
    changes = [(f"2026-11-{20 - i}", "s3", f"sentence {i} of `*x*`.") for i in range(9)]
    text = qmd(compose_index("Heads", many, changes))
    newest = sorted((card.date for card in many), reverse=True)[:NEWEST]
    assert re.findall(r"<span>(2026-[\d-]+)</span>", text) == newest
    assert re.findall(r"sentence (\d)", text) == [str(i) for i in range(LATEST)]
    assert r"sentence 0 of [\*x\*]{.code}\." in text
    assert "[Study 003](studies/s3/history.html)" in text
    for link in ("[All 20 studies](studies.html)", "[All changes](changes.html)", "(methods.html)"):
        assert link in text


def test_an_empty_site_says_so() -> None:
    text = qmd(compose_index("Heads", [], []))
    assert "There is no study yet." in text
    assert "No run has changed a finding yet." in text


def test_the_list_shows_every_study_by_its_title() -> None:
    shown = re.findall(r'dir="auto">(Study \d+)</a>', studies_page(*reversed(cards(12))))
    assert shown == sorted(card.title for card in cards(12))


def test_a_menu_is_offered_where_its_choices_tell_studies_apart() -> None:
    one = replace(CARD, tags=("pilot",), relations=("capital", "city"))
    other = replace(one, id="t", model="another", failing="since 2026-11-24: why")
    menus = dict(re.findall(r'<select name="(\w+)">(.*?)</select>', studies_page(one, other)))
    options = {name: re.findall(r'value="([^"]+)"', menu) for name, menu in menus.items()}
    assert options == {"model": ["another", "m"], "relation": ["capital", "city"], "status": ["failing", "fresh"]}


def test_a_card_carries_what_the_menus_ask_for() -> None:
    card = replace(CARD, tags=("a b", "c"), relations=("capital",), expectations="1 of 2 met", changed="2026-11-20")
    item = re.search(r"<li [^>]*>", studies_page(card))
    assert item
    data = dict(re.findall(r'data-(\w+)="([^"]*)"', item[0]))
    assert data == {"model": "m", "relation": "capital", "tag": "a b\nc", "status": "unexpected\nchanged"}


def test_a_study_that_fails_and_one_that_changed_say_since_when() -> None:
    text = studies_page(replace(CARD, failing="since 2026-11-24: the disk is full", changed="2026-11-20"))
    plain = re.sub(r"</?span[^>]*>", "", text)
    assert '<p class="state state-failing">failing since 2026-11-24: the disk is full</p>' in plain
    assert '<p class="state state-changed">changed on 2026-11-20</p>' in plain


def test_the_history_is_linked_once_there_is_one() -> None:
    assert "studies/s/history.html" not in studies_page(replace(CARD, series=(47.0,)))
    assert "studies/s/history.html" in studies_page(replace(CARD, series=(47.0, 46.0)))


def test_text_of_a_study_is_text() -> None:
    evil = '<img src=x onerror=alert(1)> "` ```'
    card = replace(
        CARD, title=evil, question=evil, finding=evil, model=evil, tags=(evil,), relations=(evil,), alarm=evil
    )
    for document in (compose_studies(evil, [card, CARD], {}), compose_index(evil, [card], [(evil, "s", evil)])):
        raw = "\n".join(re.findall(r"```\{=html\}\n(.*?)\n```", qmd(document), re.DOTALL))
        assert "<img src=x" not in raw
        assert "`" not in raw.replace("&#96;", "")


def test_a_hundred_studies_with_a_year_of_runs_stay_small() -> None:
    series = tuple(40.0 + (i * 7) % 13 for i in range(52))
    full = [
        replace(
            card, series=series, tags=("geography", "pilot"), relations=("capital", "city"), question="Do they? " * 9
        )
        for card in cards(100)
    ]
    document: Document = compose_studies("Heads", full, {})
    assert len(qmd(document).encode()) < 290_000
