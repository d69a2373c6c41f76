"""Which pages a built site holds and what each was rendered from, so that a page whose source is the same is not
rendered again.

The manifest lies in the rendered site, for it speaks of that. The project that the site was rendered from carries
its token alone: where the two differ, a build was killed between the two swaps, and the project is not that of the site.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reportgen.site.listed import FILE as LISTED
from reportgen.store import content_key

FILE = "site.json"
TOKEN = ".built"
_BIBLIOGRAPHY = "references.bib"


@dataclass(frozen=True)
class Manifest:
    """The key of all that every page depends on, and each page's own source as a hash, by its path in the project."""

    key: str
    pages: Mapping[str, str]

    @property
    def token(self) -> str:
        """What a project carries that this site was rendered from."""
        return content_key(self.key, dict(self.pages))

    def to_json(self) -> bytes:
        """The manifest as it lies in the site."""
        return json.dumps({"key": self.key, "pages": dict(sorted(self.pages.items()))}, indent=0).encode()

    @classmethod
    def of(cls, published: Path) -> Self:
        """That of a built site; an empty one where there is none, or none that can be read."""
        try:
            read = json.loads((published / FILE).read_bytes())
            return cls(str(read["key"]), {str(page): str(source) for page, source in read["pages"].items()})
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls("", {})


def page_sources(project: Path, pages: Iterable[Path], present: Path, known: Manifest) -> dict[str, str]:
    """The source of each page as a hash. A page that is the very file of the `present` project needs no reading."""
    return {page.as_posix(): _source(project, page, present, known) for page in pages}


def _source(project: Path, page: Path, present: Path, known: Manifest) -> str:
    taken_over = known.pages.get(page.as_posix())
    if taken_over is not None and _same_file(project / page, present / page):
        return taken_over
    text = (project / page).read_bytes()
    digest = hashlib.sha256(text)
    works, studies = project / page.parent / _BIBLIOGRAPHY, project / page.parent / LISTED
    if works.is_file():
        digest.update(works.read_bytes())
    if studies.is_file() and LISTED.encode() in text:
        digest.update(studies.read_bytes())
    return digest.hexdigest()[:16]


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
