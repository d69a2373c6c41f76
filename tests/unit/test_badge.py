"""The badge: what it says of every kind of study, and that it stands by itself."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from reportgen.report.badge import badge, text_width
from reportgen.report.page import Card

CARD = Card(
    id="capitals", spec="s.yml", title="T", question="", model="m", finding="f", date="2026-11-24", n="3 pairs", key="k"
)
MET = {"series": (47.0,), "expectations": "3 of 3 met"}


@pytest.mark.parametrize(
    ("more", "message", "well"),
    [
        ({}, "published", True),
        ({"series": (46.0, 47.0, None)}, "47 heads", True),
        ({"series": (1.0,)}, "1 head", True),
        (MET, "47 heads · as expected", True),
        ({**MET, "changed": "2026-11-20"}, "47 heads · as expected", True),
        ({**MET, "expectations": "2 of 3 met"}, "47 heads · 2 of 3 as expected", False),
        ({**MET, "alarm": "L1H0 differs"}, "47 heads · same inputs, other numbers", False),
        ({**MET, "failing": "since 2026-11-24: no model"}, "failing since 2026-11-24", False),
    ],
)
def test_a_badge_says_what_was_found_and_how_it_stands(more: dict[str, object], message: str, well: bool) -> None:
    drawn = badge(replace(CARD, **more)).decode()
    texts = [element.text for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("}text")]
    assert texts == ["capitals", message]
    assert ElementTree.fromstring(drawn).get("aria-label") == f"capitals: {message}"
    assert f"<title>capitals: {message}</title>" in drawn
    assert ("#00689d" in drawn) == well


def test_a_badge_refers_to_nothing_outside() -> None:
    drawn = badge(replace(CARD, **MET)).decode()
    assert re.findall(r"(?:href|src|@import|url\((?!#r\)))", drawn) == []
    assert badge(replace(CARD, **MET)).decode() == drawn


def test_a_name_that_looks_like_markup_is_text() -> None:
    drawn = badge(replace(CARD, id="<a>&\"'"))
    assert (
        next(element.text for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("}text"))
        == "<a>&\"'"
    )


def test_the_halves_are_as_wide_as_their_texts() -> None:
    root = ElementTree.fromstring(badge(replace(CARD, **MET)))
    left, right = text_width("capitals") + 12, text_width("47 heads · as expected") + 12
    assert root.get("width") == str(left + right)
    assert text_width("WWWW") > text_width("aaaa") > text_width("iiii") > 0
    assert text_width("日本") == 22
    # Verdana at 11 px sets "capitals" in 41.9 px.
    assert abs(text_width("capitals") - 41.9) < 2
