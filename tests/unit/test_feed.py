"""The feed, against what RFC 4287 requires of one."""

from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree

import pytest

from reportgen.report.change_entry import ChangeEntry, entries
from reportgen.site.feed import MOST_ENTRIES, atom
from tests import runs

ATOM = "{http://www.w3.org/2005/Atom}"
URL = "https://lab.github.io/heads"
YEAR = runs.year()
TOLD = entries(runs.beside(YEAR), YEAR)


def read(feed: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(feed)


def text(element: ElementTree.Element, name: str) -> str:
    (found,) = element.findall(f"{ATOM}{name}")
    assert found.text
    return found.text


def links(element: ElementTree.Element) -> dict[str, str]:
    return {link.attrib["rel"]: link.attrib["href"] for link in element.findall(f"{ATOM}link")}


def an_entry(**more: str) -> ChangeEntry:
    return replace(next(entry for entry in TOLD if entry.kind == "changed"), **more)


@pytest.mark.parametrize("url", [None, URL])
@pytest.mark.parametrize("told", [(), TOLD])
def test_feed_and_entries_have_what_the_rfc_requires(told: tuple[ChangeEntry, ...], url: str | None) -> None:
    feed = read(atom(told, "Heads", url))
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        assert ":" in text(element, "id")
        assert text(element, "title")
        assert datetime.fromisoformat(text(element, "updated")).utcoffset() is not None
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    ids = [text(entry, "id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) == sum(not entry.quiet for entry in told)


def test_the_feed_is_as_old_as_its_newest_entry() -> None:
    assert text(read(atom(TOLD, "Heads", URL)), "updated") == "2026-10-13T04:17:05+00:00"


def test_quiet_entries_are_left_out_so_that_a_week_without_news_changes_no_byte() -> None:
    week_before = entries(runs.beside(YEAR[:-2]), YEAR[:-2])
    assert week_before != TOLD
    assert atom(week_before, "Heads", URL) == atom(TOLD, "Heads", URL)


def test_the_order_in_which_studies_come_makes_no_difference() -> None:
    other = [replace(entry, study="another") for entry in TOLD]
    assert atom([*other, *TOLD], "Heads", URL) == atom([*reversed(TOLD), *other], "Heads", URL)


def test_links_are_absolute_where_the_address_is_known() -> None:
    feed = read(atom(TOLD, "Heads", URL))
    assert links(feed) == {"self": f"{URL}/changes.xml", "alternate": f"{URL}/changes.html"}
    first = feed.find(f"{ATOM}entry")
    assert first is not None
    assert links(first) == {"alternate": f"{URL}/studies/capitals/history.html#run-20261013041705"}


def test_without_an_address_links_are_relative_and_ids_stay_the_same() -> None:
    known, unknown = read(atom(TOLD, "Heads", URL)), read(atom(TOLD, "Heads", None))
    assert "self" not in links(unknown)
    assert links(unknown)["alternate"] == "changes.html"
    assert [text(entry, "id") for entry in known.iter(f"{ATOM}entry")] == [
        text(entry, "id") for entry in unknown.iter(f"{ATOM}entry")
    ]


def test_whatever_a_title_holds_is_text() -> None:
    hostile = "]]></title><script>&\x00\x1b\ud800\u202e"
    feed = read(atom([an_entry(title=hostile, headline=hostile)], hostile, URL))
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    assert text(entry, "summary") == "]]></title><script>&\ufffd\ufffd\ufffd\u202e"
    assert feed.findall(".//script") == []
    content = text(entry, "content")
    assert "&lt;script&gt;" in content
    assert "<script>" not in content


def test_the_content_names_the_cause() -> None:
    (entry,) = read(atom([an_entry()], "Heads", URL)).findall(f"{ATOM}entry")
    assert "The model changed from" in text(entry, "content")


def test_the_feed_ends_after_the_newest_entries() -> None:
    many = [an_entry(moment=f"2026-{1 + place // 28:02}-{1 + place % 28:02}T00:00:00Z") for place in range(200)]
    feed = read(atom(many, "Heads", URL))
    days = [text(entry, "updated") for entry in feed.findall(f"{ATOM}entry")]
    assert days == sorted((entry.moment for entry in many), reverse=True)[:MOST_ENTRIES]


def test_two_runs_of_one_moment_are_one_entry() -> None:
    assert len(read(atom([an_entry(), an_entry(headline="again")], "Heads", URL)).findall(f"{ATOM}entry")) == 1
