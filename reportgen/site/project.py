"""The folder of a website project: what is tracked in it, what builds have made of it, and what its pages depend on."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from shutil import rmtree
from typing import Literal, Self

from reportgen import provenance
from reportgen.errors import StudyError
from reportgen.history.folder import History
from reportgen.report.page import Card
from reportgen.report.render import templates_folder
from reportgen.site.engines import Engine, choose_engine
from reportgen.site.lock import building
from reportgen.site.manifest import TOKEN, Manifest
from reportgen.site.settings import SiteSettings
from reportgen.site.swap import is_half_way, recover
from reportgen.store import content_key, write_atomically

CARD = "card.json"
_SETTINGS = "_quarto.yml"
_OURS = ("assets", "studies", "families", "history")
"""The folders of a project that builds and runs fill."""


def beside(study: str) -> Path:
    """The folder of a study in a project and in a rendered site."""
    return Path("studies") / study


@dataclass(frozen=True)
class Site:
    """The folder of the Quarto website project: sources and the history of runs tracked, `_qmd` and `_site` made by
    builds.

    `url` is where it is published, where that is not said in its `_quarto.yml`.
    """

    folder: Path
    wanted_engine: Literal["auto", "quarto", "pandoc"] = "auto"
    url: str | None = None

    @classmethod
    def at(cls, folder: Path, engine: Literal["auto", "quarto", "pandoc"] = "auto", url: str | None = None) -> Self:
        """The project in `folder`, begun there with a plain `_quarto.yml` where there is none.

        Raises StudyError where that cannot be written.
        """
        settings = folder / _SETTINGS
        if not settings.is_file():
            write_atomically(settings, _plain_settings())
        return cls(folder, engine, url)

    @cached_property
    def settings(self) -> SiteSettings:
        """What `_quarto.yml` says; raises StudyError where it cannot be read."""
        read = SiteSettings.read(self.folder / _SETTINGS)
        return read if self.url is None else read.with_url(self.url)

    @cached_property
    def engine(self) -> Engine:
        """What renders the pages; raises StudyError where the one that is wanted is not here."""
        return choose_engine(self.wanted_engine)

    @property
    def history(self) -> History:
        """The records of all runs."""
        return History(self.folder / "history")

    @property
    def published(self) -> Path:
        """The rendered site."""
        return self.folder / "_site"

    @property
    def project(self) -> Path:
        """The complete Quarto project that the rendered site was made from."""
        return self.folder / "_qmd"

    @property
    def sources(self) -> list[Path]:
        """The tracked files of the project itself, the history of runs aside: those beside `_quarto.yml`, and all of every
        folder that holds pages, such as `docs/`."""
        here = sorted(self.folder.iterdir())
        folders = (path for path in here if path.is_dir() and path.name not in _OURS and path.name[0] not in "._")
        below = (sorted(folder.rglob("*")) for folder in folders if any(folder.rglob("*.qmd")))
        return [path for path in chain(here, *below) if path.is_file() and not path.name.startswith(".")]

    @property
    def page_folders(self) -> list[Path]:
        """The folders, as paths in the project, of the pages that somebody wrote and that stand in one."""
        pages = (path for path in self.sources if path.suffix == ".qmd" and path.parent != self.folder)
        return sorted({page.parent.relative_to(self.folder) for page in pages})

    @property
    def authored(self) -> list[Path]:
        """Those of the sources that somebody wrote: not a `_quarto.yml` that is still as `at` begins a project."""
        plain = _plain_settings()
        return [path for path in self.sources if path.name != _SETTINGS or path.read_bytes() != plain]

    @property
    def built(self) -> Manifest:
        """What the published site holds."""
        return Manifest.of(self.published)

    def cards(self) -> dict[str, Card]:
        """The cards of the studies that are published now, by id; a card that cannot be read is no card."""
        self._recover()
        found = {}
        for path in sorted((self.published / "studies").glob(f"*/{CARD}")):
            try:
                found[path.parent.name] = Card.from_json(path.read_bytes())
            except (TypeError, ValueError):
                continue
        return found

    def holds(self, study: str) -> bool:
        """Whether the project has the source of the study's page, from which it can be rendered anew."""
        return (self.project / beside(study) / "index.qmd").is_file()

    def _recover(self) -> None:
        """Undo swaps that died half-way, unless a build is at one just now. A project that is not the published site's is
        worth nothing."""
        if not self._at_odds:
            return
        with suppress(StudyError), building(self.folder, patience=0):
            recover(self.published)
            recover(self.project)
            if self._at_odds:
                rmtree(self.project, ignore_errors=True)

    @property
    def _at_odds(self) -> bool:
        """Whether site and project are not of one build."""
        if is_half_way(self.published) or is_half_way(self.project):
            return True
        token = self.project / TOKEN
        return self.project.is_dir() and not (token.is_file() and token.read_text() == self.built.token)

    @cached_property
    def key(self) -> str:
        """What every page depends on: code, templates, the project's tracked files, the versions in use, the engine.

        Taken once: what changes while a build runs is for the next.
        """
        templates = provenance.files_version(path for path in templates_folder().rglob("*") if path.is_file())
        sources = provenance.files_version(self.sources)
        code, versions = provenance.code_version(""), provenance.versions()
        return content_key(code, templates, sources, versions, self.engine.label, self.url)


def _plain_settings() -> bytes:
    return (templates_folder() / "site" / _SETTINGS).read_bytes()
