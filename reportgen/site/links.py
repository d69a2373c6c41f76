"""Whether every link of a built site leads somewhere, wherever the site is put.

1. A link within the site must be relative, since the site may lie below its host's root, and must not leave the site's
   folder. Its file must be there under that very name, upper and lower case told apart as servers do, and its fragment
   must be the id of a part. A fragment with "=" is a state that the page's script reads ("#head=L9H1").
2. A link to a folder is broken: a page that was opened from a file shows the folder's list in its place.
3. Where the first page says where the site is published (`rel="canonical"`), whole addresses that begin there are
   links within the site too. The page for addresses that are not found is shown at any depth, so it alone may begin its
   links at the host's root.
4. Links that lead elsewhere are listed and never fetched.
"""

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from reportgen.errors import shown
from reportgen.site.referring import Page, page_of, style_links

_NOT_FOUND = "404.html"
_MOST_NAMED = 20


@dataclass(frozen=True, order=True)
class Broken:
    """A link that leads nowhere: the file that it stands in (its path in the site), the link as written, and why."""

    file: str
    link: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {shown(self.link)} {self.why}"


@dataclass(frozen=True)
class Links:
    """What a site's links came to. `external` are the addresses elsewhere, each with the first file that names it."""

    files: int
    links: int
    broken: tuple[Broken, ...]
    external: Mapping[str, str]

    def lines(self) -> list[str]:
        """For a terminal: how many there are, and the first that are broken."""
        told = [str(broken) for broken in self.broken[:_MOST_NAMED]]
        more = [f"and {len(self.broken) - _MOST_NAMED} more"] if len(self.broken) > _MOST_NAMED else []
        return [f"{self.links:,} links in {self.files:,} files, {len(self.broken):,} of them broken", *told, *more]


def check_links(out: Path) -> tuple[Broken, ...]:
    """The links of the built site in `out` that lead nowhere, in the order of their files."""
    return read_links(out).broken


def read_links(out: Path) -> Links:
    """Every link of the built site in `out`, seen to. Raises OSError where a file cannot be read."""
    files = _files(out)
    pages = {name: _read(out / name) for name in files if name.endswith((".html", ".css"))}
    site = _Site(frozenset(files), pages, _home(pages))
    broken = sorted(broken for name in pages for broken in site.broken(name))
    external = {link: name for name in reversed(pages) for link in pages[name].links if site.is_external(link)}
    count = sum(len(page.links) for page in pages.values())
    return Links(len(pages), count, tuple(broken), dict(sorted(external.items())))


def _files(out: Path) -> list[str]:
    """The paths of all files in the site, in order."""
    found = (Path(folder, name) for folder, _, names in os.walk(out) for name in names)
    return sorted(path.relative_to(out).as_posix() for path in found)


def _read(file: Path) -> Page:
    text = file.read_text(encoding="utf-8", errors="replace")
    return Page(style_links(text)) if file.suffix == ".css" else page_of(text)


def _home(pages: Mapping[str, Page]) -> SplitResult | None:
    """Where the site is published, as its first page says."""
    first = pages.get("index.html")
    return urlsplit(first.canonical) if first is not None and first.canonical.endswith("/") else None


class _BrokenLinkError(Exception):
    """Why a link leads nowhere, to go on after the link."""


@dataclass(frozen=True)
class _Site:
    """The paths of all files, what is in the pages and style sheets, and where the site is published if that is known."""

    files: frozenset[str]
    pages: Mapping[str, Page]
    home: SplitResult | None

    def broken(self, name: str) -> Iterator[Broken]:
        """The broken links of one file."""
        if self.pages[name].has_base:
            yield Broken(name, "<base>", "moves every link of its page")
        for link in self.pages[name].links:
            try:
                self._follow(link, name)
            except _BrokenLinkError as why:
                yield Broken(name, link, str(why))

    def is_external(self, link: str) -> bool:
        """Whether the link leads to another host or another site on it."""
        try:
            parts = urlsplit(link)
        except ValueError:
            return False
        return parts.scheme in ("", "http", "https") and bool(parts.netloc) and not self._is_ours(parts)

    def _follow(self, link: str, name: str) -> None:
        """Raises _BrokenLinkError where the link leads nowhere."""
        parts = _split(link)
        if self.is_external(link) or (parts.scheme and not parts.netloc):
            return
        target = self._target(parts, name)
        self._require_file(target)
        self._require_part(target, parts.fragment)

    def _is_ours(self, parts: SplitResult) -> bool:
        """Whether a whole address is one of this site's."""
        return self.home is not None and parts.netloc == self.home.netloc and parts.path.startswith(self.home.path)

    def _target(self, parts: SplitResult, name: str) -> str:
        """The path in the site that a link of the file `name` leads to."""
        if self._is_ours(parts) or (self._starts_at_root(parts, name)):
            assert self.home is not None
            path = unquote(parts.path).removeprefix(unquote(self.home.path))
            return path + "index.html" if not path or path.endswith("/") else path
        if parts.path.startswith("/"):
            raise _BrokenLinkError("starts at the host's root, and the site may lie below that")
        if not parts.path:
            return name
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
        if target.startswith(".."):
            raise _BrokenLinkError("leads out of the site")
        return target

    def _starts_at_root(self, parts: SplitResult, name: str) -> bool:
        """Whether this is a link of the page for what is not found, from the host's root down to the site."""
        return name == _NOT_FOUND and self.home is not None and parts.path.startswith(self.home.path)

    def _require_file(self, target: str) -> None:
        if target in self.files:
            return
        folder = "" if target == "." else f"{target}/"
        if any(file.startswith(folder) for file in self.files):
            raise _BrokenLinkError(f"leads to a folder; name its page, {folder}index.html")
        other = next((file for file in sorted(self.files) if file.casefold() == target.casefold()), None)
        raise _BrokenLinkError(
            f"is written in another case than {other}" if other else "leads to a file that is not there"
        )

    def _require_part(self, target: str, fragment: str) -> None:
        part = unquote(fragment).partition(":~:")[0]
        if part in ("", "top") or "=" in part or not target.endswith(".html"):
            return
        if part not in self.pages[target].ids:
            raise _BrokenLinkError(f"leads to a part that {target} does not have")


def _split(link: str) -> SplitResult:
    """Raises _BrokenLinkError where the link is none that a site can have."""
    try:
        parts = urlsplit(link)
    except ValueError as error:
        raise _BrokenLinkError("is no address") from error
    if not link:
        raise _BrokenLinkError("is empty")
    if parts.scheme == "file" or len(parts.scheme) == 1 or "\\" in parts.path:
        raise _BrokenLinkError("names a file of the machine that it was written on")
    return parts
