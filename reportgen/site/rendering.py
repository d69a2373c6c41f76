"""The pages of a site in the making become HTML, each study's while those of the next are written.

Of all pages those are rendered whose source is not what the published page was rendered from; the others are taken over
as they are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reportgen.report.page import Card
from reportgen.site.families import FOLDER as FAMILIES
from reportgen.site.manifest import FILE, TOKEN, Manifest, page_sources
from reportgen.site.project import Site, beside
from reportgen.site.staging import Staged, put, share, share_tree

_LIBRARIES = "site_libs"


@dataclass
class Rendering:
    """What there is so far: the cards of the studies that are written, and the sources of their pages as hashes."""

    site: Site
    staged: Staged
    before: Manifest
    cards: list[Card] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    def finish(self, cards: Iterable[Card]) -> None:
        """Render the studies' pages, then those of the site itself, and write what needs all of them. When a study's card
        comes, its folders are filled."""
        from reportgen.site.frame import write_for_machines  # noqa: PLC0415

        published, out = self.site.published, self.staged.out
        if (published / _LIBRARIES).is_dir():  # Quarto's, which the pages that are taken over need
            share_tree(published / _LIBRARIES, out / _LIBRARIES)
        self.site.engine.render(self.staged.project, self._pages(cards), out, self.site.settings)
        pages = [Path(page).with_suffix(".html").as_posix() for page in sorted(self.sources)]
        write_for_machines(self.site, self.staged, self.cards, pages)
        now = Manifest(self.site.key, self.sources)
        put(out / FILE, now.to_json())
        put(self.staged.project / TOKEN, now.token.encode())

    def _pages(self, cards: Iterable[Card]) -> Iterator[Path]:
        """The pages to be rendered. Studies stand in the order of their ids, whichever command writes the site."""
        from reportgen.site.frame import write_frame  # noqa: PLC0415

        for card in cards:
            self.cards.append(card)
            yield from self._new(beside(card.id))
        self.cards.sort(key=lambda card: card.id)
        write_frame(self.site, self.staged, self.cards)
        for folder in (Path(FAMILIES), *self.site.page_folders):
            yield from self._new(folder)
        yield from self._new(Path())

    def _new(self, folder: Path) -> Iterator[Path]:
        """The pages of a folder that are to be rendered; the others are taken over."""
        project = self.staged.project
        pages = sorted(page.relative_to(project) for page in (project / folder).glob("*.qmd"))
        sources = page_sources(project, pages, self.site.project, self.before)
        self.sources.update(sources)
        for page in pages:
            if not self._taken_over(page, sources[page.as_posix()]):
                yield page

    def _taken_over(self, page: Path, source: str) -> bool:
        """Whether the page's HTML is that of the published site; where it is not, nothing stands in its place yet."""
        published, here = (folder / page.with_suffix(".html") for folder in (self.site.published, self.staged.out))
        same = self.before.key == self.site.key and self.before.pages.get(page.as_posix()) == source
        if not (same and published.is_file()):
            here.unlink(missing_ok=True)
            return False
        if not here.exists():
            here.parent.mkdir(parents=True, exist_ok=True)
            share(published, here)
        return True
