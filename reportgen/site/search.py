"""The index of the site's search: what each page says, in a script that the search box loads when somebody searches.

1. Of every page we take the title, the headings with their addresses, and what is said under them: prose, callouts,
   captions. Tables, figures, code and formulas are left out, and of a long section all but its beginning.
2. What was taken from the pages of a folder is kept beside them (`search.json`) under the hash of each page, so that
   pages that are taken over from last time are not read again.
3. All of it goes into `assets/search-index.js`, in the order of the pages' addresses: the same pages give the same
   bytes. It is a script because a page that was opened from a file may load nothing else. The words are indexed in
   the browser (MiniSearch, in `explorer/src/search.ts`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

from reportgen.site.staging import put

INDEX = Path("assets") / "search-index.js"
_TAKEN = "search.json"
_FORMAT = b"1"
_NO_PAGES = {"404.html"}

_MOST_OF_A_SECTION = 350
_MAIN = re.compile(r"<main\b.*</main>", re.DOTALL)
_LEFT_OUT = re.compile(r"<(script|style|svg|table|pre|math|form|nav|select|button)\b.*?</\1>", re.DOTALL)
_WITHOUT_WORDS = {"cards", "chips", "pages", "references", "head-panel", "plot", "visually-hidden"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_INLINE = {"a", "abbr", "b", "code", "em", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "time", "u"}


@dataclass(frozen=True)
class Section:
    """A heading with its address in the page, and what is said under it; what stands before the first has neither."""

    id: str
    heading: str
    text: str


@dataclass(frozen=True)
class Words:
    """What a page says; `digest` is the hash of the page that it was taken from."""

    digest: str
    title: str
    sections: tuple[Section, ...]

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Raises KeyError or TypeError where this is none."""
        sections = tuple(Section(**section) for section in kept["sections"])
        return cls(kept["digest"], kept["title"], sections)


def write_search_index(out: Path) -> None:
    """Write the index of the rendered site in `out`, and beside its pages what was taken from them.

    Raises OSError where that cannot be written.
    """
    folders = sorted({page.parent for page in out.rglob("*.html")}, key=lambda folder: folder.relative_to(out).parts)
    pages = [page for folder in folders for page in _indexed(folder, out)]
    text = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
    put(out / INDEX, f"window.reportgenSearch = {text};\n".encode())


def _indexed(folder: Path, out: Path) -> Iterator[tuple[str, str, str, list[tuple[str, str, str]]]]:
    """(address, title, title of the study that it is a page of, sections) of every page of a folder."""
    words = _words_of(folder)
    whole = words.get("index.html") if folder != out else None
    for name, page in words.items():
        study = whole.title if whole is not None and whole is not page else ""
        title = page.title if page.title != study else Path(name).stem.replace("-", " ").capitalize()
        sections = [(section.id, section.heading, section.text) for section in page.sections]
        yield (folder / name).relative_to(out).as_posix(), title, study, sections


def _words_of(folder: Path) -> dict[str, Words]:
    """What the folder's pages say, by their names; read only from those that changed."""
    kept, found = _kept(folder), {}
    for page in sorted(folder.glob("*.html")):
        if page.name not in _NO_PAGES:
            found[page.name] = _still(kept.get(page.name), page.read_bytes())
    if found != kept:
        text = json.dumps({name: asdict(words) for name, words in found.items()}, ensure_ascii=False, indent=0)
        put(folder / _TAKEN, text.encode())
    return found


def _still(before: Words | None, page: bytes) -> Words:
    """What was taken from the page last time, where it is the same page; else what it says now."""
    digest = blake2b(_FORMAT + page, digest_size=16).hexdigest()
    return before if before is not None and before.digest == digest else page_words(page.decode(), digest)


def _kept(folder: Path) -> dict[str, Words]:
    """What was taken from the folder's pages last time; nothing where that cannot be read."""
    try:
        kept = json.loads((folder / _TAKEN).read_bytes())
        return {name: Words.from_json(words) for name, words in kept.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def page_words(html: str, digest: str = "") -> Words:
    """What a rendered page says."""
    main = _MAIN.search(html)
    reader = _Reader()
    reader.feed(_LEFT_OUT.sub(" ", main[0] if main else ""))
    reader.close()
    sections = (Section(part.id, _tidy(part.heading), _beginning(_tidy(part.text))) for part in reader.parts)
    return Words(digest, _tidy(reader.title), tuple(section for section in sections if section.heading or section.text))


def _tidy(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())


def _beginning(text: str) -> str:
    """As many whole words as a section may have."""
    return text if len(text) <= _MOST_OF_A_SECTION else text[:_MOST_OF_A_SECTION].rsplit(" ", 1)[0] + " …"


@dataclass
class _Part:
    """A section while it is read."""

    id: str
    heading: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Gathers title, headings and words; what stands inside an element without words is passed over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.parts = [_Part("")]
        self._open: list[str] = []
        self._skipped_at: int | None = None
        self._heading = ""
        self._section_id = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A heading begins a section, under its own id or the one of the `section` around it."""
        if tag in _VOID:
            self._apart(tag)
            return
        self._open.append(tag)
        given = {name: value or "" for name, value in attrs}
        if self._skipped_at is None and _has_no_words(given):
            self._skipped_at = len(self._open)
        if tag == "section":
            self._section_id = given.get("id", "")
        elif tag in ("h1", "h2", "h3") and self._skipped_at is None:
            self._heading = tag
            if tag != "h1":
                self.parts.append(_Part(given.get("id") or self._section_id))
        self._apart(tag)

    def handle_endtag(self, tag: str) -> None:
        """Whatever was left open inside the element ends with it."""
        if tag not in self._open:
            return
        while self._open.pop() != tag:
            pass
        if self._skipped_at is not None and len(self._open) < self._skipped_at:
            self._skipped_at = None
        if tag == self._heading:
            self._heading = ""
        self._apart(tag)

    def handle_data(self, data: str) -> None:
        """Words go to the title, to the heading that is open, or to its section."""
        if self._skipped_at is not None:
            return
        if self._heading == "h1":
            self.title.append(data)
        elif self._heading:
            self.parts[-1].heading.append(data)
        else:
            self.parts[-1].text.append(data)

    def _apart(self, tag: str) -> None:
        """Words of two blocks do not run together."""
        if tag not in _INLINE:
            self.handle_data(" ")


def _has_no_words(attributes: Mapping[str, str]) -> bool:
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or not _WITHOUT_WORDS.isdisjoint(attributes.get("class", "").split())
    )
