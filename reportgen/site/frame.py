"""The pages of the site itself, around its studies, and the files that machines read: feed, site map, search index."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from reportgen.report.across_site import FILE as NULL
from reportgen.report.across_site import StudyNull
from reportgen.report.calibration_page import PAGE as CALIBRATION
from reportgen.report.change_entry import ChangeEntry
from reportgen.report.changes_page import changes_document, newest_first
from reportgen.report.document import Document
from reportgen.report.index import compose_index, compose_studies
from reportgen.report.markup import Md
from reportgen.report.page import Card
from reportgen.report.render import qmd
from reportgen.report.replications_page import replications_document
from reportgen.report.site_pages import Calibrated, site_pages
from reportgen.site.families import write_families
from reportgen.site.feed import FILE as FEED
from reportgen.site.feed import atom
from reportgen.site.histories import StudyHistory
from reportgen.site.listed import FILE as LISTED
from reportgen.site.listed import listed_studies
from reportgen.site.project import Site, beside
from reportgen.site.search import write_search_index
from reportgen.site.sitemap import FILE as SITEMAP
from reportgen.site.sitemap import ROBOTS, robots, sitemap
from reportgen.site.staging import Staged, put


def write_frame(site: Site, staged: Staged, cards: Sequence[Card]) -> None:
    """Write the site's own pages into the project. A page that stands in the site's folder is the author's, and stays."""
    own = {path.stem for path in site.sources if path.suffix == ".qmd" and path.parent == site.folder}
    histories = {card.id: StudyHistory.of(staged.out / beside(card.id), card.title) for card in cards}
    changes = _newest(histories.values())
    families = write_families(staged, cards)
    documents: dict[str, Document] = {
        "index": compose_index(
            site.settings.title, cards, [(entry.day, entry.study, entry.headline) for entry in changes]
        ),
        "studies": compose_studies(site.settings.title, cards, _nulls(staged.out, cards), families),
        "changes": changes_document(changes),
        "replications": replications_document(
            {study: (one.title, one.replications) for study, one in histories.items()}
        ),
    }
    texts = {name: qmd(document) for name, document in documents.items()}
    texts |= site_pages(site.settings, cards, tuple(_calibrated(staged.project, cards)))
    for name, text in texts.items():
        if name not in own:
            put(staged.project / f"{name}.qmd", text.encode())
    for folder in (Path(), *site.page_folders):
        if site.folder / folder / LISTED not in site.sources:
            put(staged.project / folder / LISTED, listed_studies(cards, "../" * len(folder.parts)))


def write_for_machines(site: Site, staged: Staged, cards: Sequence[Card], pages: Sequence[str]) -> None:
    """Write what search engines, feed readers and the search box read, once all pages are rendered."""
    changes = _newest(StudyHistory.of(staged.out / beside(card.id), card.title) for card in cards)
    put(staged.out / FEED, atom(changes, site.settings.title, site.settings.site_url))
    if site.settings.site_url is not None:
        put(staged.out / SITEMAP, sitemap(pages, site.settings.site_url, _days(cards)))
        told = robots(site.settings.site_url)
        if told is not None:
            put(staged.out / ROBOTS, told)
    write_search_index(staged.out)


def _days(cards: Sequence[Card]) -> dict[str, str]:
    """The day on which each study's page last said something else."""
    return {f"studies/{card.id}/index.html": card.changed or card.day for card in cards}


def _newest(histories: Iterable[StudyHistory]) -> list[ChangeEntry]:
    everything = [entry for one in histories for entry in one.entries]
    return newest_first(everything)


def _nulls(out: Path, cards: Sequence[Card]) -> dict[str, StudyNull]:
    """The max-T nulls that the studies publish, by their titles."""
    files = {card.title: out / beside(card.id) / NULL for card in cards}
    found = {title: StudyNull.from_json(file.read_bytes()) for title, file in files.items() if file.is_file()}
    return {title: null for title, null in found.items() if null is not None}


def _calibrated(project: Path, cards: Sequence[Card]) -> Iterator[Calibrated]:
    """The studies whose procedure was calibrated, with what came out."""
    for card in cards:
        page = project / beside(card.id) / f"{CALIBRATION}.qmd"
        if page.is_file():
            front = page.read_text(encoding="utf-8").split("---\n", 2)[1]
            yield Calibrated(card.id, card.title, Md(yaml.safe_load(front).get("description", "")))
