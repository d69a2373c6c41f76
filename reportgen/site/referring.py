"""What a file of a built site refers to, and what in it can be referred to.

1. Comments, and what stands inside scripts, titles and text fields, are dropped; styles are read for their `url(…)`.
2. Of the elements that are left, those that have an attribute of interest are taken apart.
3. An attribute's value has its character references resolved. The first of each name counts, as in browsers.

This is done by regular expressions, because `html.parser` takes more than ten times as long for a page of a study; the
tests hold both against each other.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

_REST = r"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+"""
_RAW = re.compile(
    rf"<(?:!--.*?(?:-->|\Z)|((script|style|textarea|title)\b{_REST}>)(.*?)(?:</\2\s*>|\Z))", re.DOTALL | re.IGNORECASE
)
_ELEMENT = re.compile(rf"<([a-z][^\s/>]*+)({_REST})>", re.IGNORECASE)
_OF_INTEREST = re.compile(
    r"\b(?:id|href|src|srcset|poster|data|content|name|action|formaction)\s*=|url\(", re.IGNORECASE
)
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""")
_IN_STYLES = re.compile(
    r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^\s"')]+))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE
)
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LEADING = ("href", "xlink:href", "src", "poster", "action", "formaction")
_SHOWN_ELSEWHERE = {"og:image", "og:url", "twitter:image"}


@dataclass
class Page:
    """The links of a file as they are written, the ids of its parts, and the address that it says is its own.

    `has_base` says that it moves all of its links by a `base` element.
    """

    links: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    canonical: str = ""
    has_base: bool = False


def page_of(html: str) -> Page:
    """What a page refers to, and the ids of its parts."""
    page = Page()
    for name, rest in dict.fromkeys(_ELEMENT.findall(_RAW.sub(_start_tag(page), html))):
        if _OF_INTEREST.search(rest):
            _take(page, name.lower(), _attributes(rest))
    return page


def style_links(css: str) -> set[str]:
    """What a style sheet, or a piece of one, refers to."""
    return {_given(match) for match in _IN_STYLES.finditer(_STYLE_COMMENT.sub(" ", css))}


def _start_tag(page: Page) -> Callable[[re.Match[str]], str]:
    """Keeps of an element without markup its start tag, and takes what its styles refer to."""

    def kept(found: re.Match[str]) -> str:
        if (found[2] or "").lower() == "style":
            page.links |= style_links(found[3])
        return f"<{found[1]}" if found[1] else ""

    return kept


def _attributes(rest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(rest):
        found.setdefault(match[1].lower(), unescape(_given(match, 2)))
    return found


def _given(match: re.Match[str], first: int = 1) -> str:
    """The one of the alternatives, from group `first` on, that was there."""
    return next(group for group in match.groups()[first - 1 :] if group is not None)


def _take(page: Page, name: str, attributes: Mapping[str, str]) -> None:
    """Add what one element refers to, and its id."""
    if "id" in attributes:
        page.ids.add(attributes["id"])
    if name == "a" and "name" in attributes:
        page.ids.add(attributes["name"])
    if name == "base":
        page.has_base = True
    if name == "link" and attributes.get("rel") == "canonical":
        page.canonical = attributes.get("href", "")
    page.links.update(link.strip() for link in _links(name, attributes))


def _links(name: str, attributes: Mapping[str, str]) -> Iterator[str]:
    yield from (attributes[key] for key in _LEADING if key in attributes)
    yield from _sources(attributes.get("srcset", ""))
    yield from style_links(attributes.get("style", ""))
    if name == "object" and "data" in attributes:
        yield attributes["data"]
    if name == "meta":
        yield from _of_meta(attributes)


def _sources(srcset: str) -> Iterator[str]:
    """The addresses of "small.png 1x, large.png 2x"; an address itself may hold commas."""
    for match in re.finditer(r"([^\s,]\S*)(?:\s+[^,]*)?(?:,|$)", srcset):
        yield match[1].rstrip(",")


def _of_meta(attributes: Mapping[str, str]) -> Iterator[str]:
    """What others show of the page, and where it sends its reader on to."""
    content = attributes.get("content", "")
    if _SHOWN_ELSEWHERE & {attributes.get("property"), attributes.get("name")}:
        yield content
    _, sends_on, target = content.partition("url=")
    if sends_on and attributes.get("http-equiv", "").lower() == "refresh":
        yield target.strip("'\" ")
