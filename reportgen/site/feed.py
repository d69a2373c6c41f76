"""The feed of what changed in a site's studies, as Atom 1.0 (RFC 4287).

1. Quiet entries are for who looks, not for who is told: they are left out. Of the rest the newest stand in the feed.
2. Ids are tag URIs that do not depend on where the site stands. Links are absolute where its address is known; else they
   are relative to the feed, which stands at the root of the site.
3. The feed was updated when its newest entry was, so that the same entries give the same bytes.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from reportgen import provenance
from reportgen.report.change_entry import ChangeEntry
from reportgen.report.change_words import NAMES
from reportgen.report.changes_page import newest_first
from reportgen.report.told import ShownChange, changes_html, shown_causes, with_code

FILE = "changes.xml"
MOST_ENTRIES = 60
_ATOM = "http://www.w3.org/2005/Atom"
_NEVER = "1970-01-01T00:00:00Z"
_LONGEST_TITLE = 200

# What XML 1.0 cannot hold at all, escaped or not.
_NO_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom(entries: Sequence[ChangeEntry], site_title: str, site_url: str | None) -> bytes:
    """The feed of these entries, which may stand in any order; `site_url` is the site's address without a slash at its
    end, None where it is not known."""
    root = "" if site_url is None else f"{site_url}/"
    newest = newest_first(entries)
    told = list({entry.id: entry for entry in newest if not entry.quiet}.values())[:MOST_ENTRIES]
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _text(feed, "id", f"{site_url}/" if site_url else f"tag:reportgen,2026:{_slug(site_title)}")
    _text(feed, "title", f"{site_title}: changes")
    _text(feed, "updated", told[0].moment if told else _NEVER)
    _text(ElementTree.SubElement(feed, "author"), "name", site_title)
    _text(feed, "generator", "reportgen").set("version", provenance.own_version())
    if site_url is not None:
        _link(feed, "self", f"{root}{FILE}", "application/atom+xml")
    _link(feed, "alternate", f"{root}changes.html", "text/html")
    for entry in told:
        feed.append(_entry(entry, root))
    ElementTree.indent(feed)
    xml: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _entry(entry: ChangeEntry, root: str) -> ElementTree.Element:
    element = ElementTree.Element("entry")
    _text(element, "id", entry.id)
    _text(element, "title", _title(entry))
    _text(element, "updated", entry.moment)
    _link(element, "alternate", f"{root}studies/{entry.study}/history.html#{entry.anchor}", "text/html")
    _category(element, entry)
    _text(element, "summary", entry.headline)
    _text(element, "content", str(_html(entry))).set("type", "html")
    return element


def _title(entry: ChangeEntry) -> str:
    title = f"{entry.title}: {NAMES[entry.kind].lower()}"
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…"


def _html(entry: ChangeEntry) -> str:
    """The entry as the page of changes tells it."""
    lines = tuple(with_code(line) for line in (entry.headline, *entry.details))
    return changes_html([ShownChange(entry.kind, entry.day, lines, shown_causes(entry.causes))])


def _category(element: ElementTree.Element, entry: ChangeEntry) -> None:
    ElementTree.SubElement(element, "category", {"term": entry.kind, "label": NAMES[entry.kind]})


def _link(element: ElementTree.Element, relation: str, href: str, type_: str) -> None:
    ElementTree.SubElement(element, "link", {"rel": relation, "type": type_, "href": href})


def _text(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name)
    element.text = _NO_XML.sub("\ufffd", text)
    return element


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "site"
