"""A site out of studies: gather everything, then write beside, then swap.

1. Each study gives its fresh page, or its page of last time where nothing that it depends on changed, or, where
   it failed, its page of last time with the failure on top of it.
2. What ran is recorded in the history, and a study whose history has grown gets its page of runs anew.
3. A whole Quarto project is written beside the present one, and its pages are rendered (`rendering`).
4. Project and site are swapped in whole. Anything that fails before that leaves the published site as it was.

A study may have several pages: its index, further ones that come with it, that of its runs, and ones that other
commands add later (`add_page`). A line on top of each leads to the others. An added page stays as long as the study is
unchanged, and is taken over, rendered anew, into a fresh study that says that it is still right.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.history.record import RunRecord
from reportgen.report.badge import FILE as BADGE
from reportgen.report.badge import badge
from reportgen.report.page import AddedPage, Card, StudyPage
from reportgen.report.render import templates_folder
from reportgen.site.histories import history_key, tell
from reportgen.site.lock import building
from reportgen.site.pages import link_pages, take_over, write_added, write_documents
from reportgen.site.project import CARD, Site, beside
from reportgen.site.rendering import Rendering
from reportgen.site.staging import Staged, clear_away, put, share, share_tree, staging

_READ = (".qmd", ".bib", ".csl", ".yml", ".yaml")
"""The endings of pages and of what pages are made from."""


@dataclass(frozen=True)
class Kept:
    """A study whose page of last time is taken over, with its card as it is now, and the record of its failure where
    it failed just now."""

    card: Card
    failure: RunRecord | None = None


def write_site(site: Site, studies: Sequence[StudyPage | Kept]) -> None:
    """Record what ran; write, render and swap in the site of these studies, unless it stands already as it would be.

    Raises StudyError where a page cannot be rendered, the disk refuses, or another build is at work here; the published
    site then stays.
    """
    with building(site.folder):
        _record(site, studies)
        if _stands(site, studies):
            clear_away(site.folder)
            return
        with staging(site.folder, site.project, site.published) as staged:
            _write_assets(site, staged)
            present = site.cards() if site.built.key == site.key else {}
            cards = (_write_study(site, staged, study, present) for study in studies)
            Rendering(site, staged, site.built).finish(cards)


def add_page(site: Site, study: str, page: AddedPage) -> None:
    """Add a page to a published study, or write it anew; all else stays as it is but for the lines between pages.

    Raises StudyError where the study is not published or was by another version, where the page cannot be rendered,
    where the disk refuses or another build is at work here; the published site then stays.
    """
    with building(site.folder):
        _require_published(site, study)
        with staging(site.folder, site.project, site.published) as staged:
            _write_assets(site, staged)
            share_tree(site.project / "studies", staged.project / "studies")
            share_tree(site.published / "studies", staged.out / "studies")
            folder = beside(study)
            write_added(page, staged.project / folder)
            shutil.rmtree(staged.out / folder / page.name, ignore_errors=True)
            share_tree(staged.project / folder / page.name, staged.out / folder / page.name)
            link_pages(staged.project / folder, site.cards()[study].failing)
            Rendering(site, staged, site.built).finish(site.cards().values())


def _require_published(site: Site, study: str) -> None:
    if study not in site.cards() or not site.holds(study):
        raise StudyError(f"the study `{study}` has no page in {site.published} yet. Run `reportgen build` first.")
    if site.built.key != site.key:
        raise StudyError(
            f"{site.published} was built by another version, or with other settings. Run `reportgen build` first."
        )


def _record(site: Site, studies: Sequence[StudyPage | Kept]) -> None:
    """Append to the history what ran."""
    for study in studies:
        if isinstance(study, Kept):
            if study.failure is not None:
                site.history.append(study.failure)
        elif study.record is not None:
            assert study.record.inputs is not None, "a run that finished knows its inputs"
            site.history.keep_facts(study.card.id, study.facts, study.record.inputs.facts)
            site.history.append(study.record)


def _stands(site: Site, studies: Sequence[StudyPage | Kept]) -> bool:
    """Whether the published site is already this one."""
    if any(isinstance(study, StudyPage) for study in studies) or not (site.published / "index.html").is_file():
        return False
    cards = {study.card.id: study.card for study in studies}
    grown = any(card.history != history_key(site.history, card.id) for card in cards.values())
    return not grown and site.built.key == site.key and site.cards() == cards


def _write_study(site: Site, staged: Staged, study: StudyPage | Kept, present: Mapping[str, Card]) -> Card:
    """Fill the study's folders, in part from its present ones; return its card as it is with its runs. `present` are the
    cards of the studies that this very version has published."""
    card, folder = study.card, beside(study.card.id)
    project, out = staged.project / folder, staged.out / folder
    if isinstance(study, StudyPage):
        _write_fresh(study, site.project / folder, project, out)
    else:
        share_tree(site.published / folder, out)
        if (site.project / folder).is_dir():
            share_tree(site.project / folder, project)
    grown = card.history != history_key(site.history, card.id)
    if isinstance(study, Kept) and not grown and present.get(card.id) == card:
        return card
    if isinstance(study, StudyPage) or grown:
        card = tell(site.history, card, project, out)
    link_pages(project, card.failing)
    put(out / CARD, card.to_json())
    put(out / BADGE, badge(card))
    return card


def _write_fresh(study: StudyPage, present: Path, project: Path, out: Path) -> None:
    for name, content in chain(study.files.items(), study.pieces()):
        put(project / name, content)
    share_tree(project, out)
    write_documents(study, project)
    for name in take_over(study.still_right, present, project):
        share_tree(project / name, out / name)


def _write_assets(site: Site, staged: Staged) -> None:
    from reportgen.report.site_pages import BIBLIOGRAPHY  # noqa: PLC0415
    from reportgen.report.twin import SCHEMA_FILE, schema_json  # noqa: PLC0415
    from reportgen.spec.schema import PUBLISHED, schema_text  # noqa: PLC0415

    for folder in (Path(), *site.page_folders):
        (staged.project / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(templates_folder() / BIBLIOGRAPHY, staged.project / folder)
    for source in site.sources:
        _copy_source(source.relative_to(site.folder), site, staged)
    shutil.copytree(templates_folder() / "assets", staged.project / "assets")
    put(staged.project / "assets" / SCHEMA_FILE, json.dumps(schema_json(), indent=1).encode())
    put(staged.project / "assets" / PUBLISHED, schema_text().encode())
    share_tree(staged.project / "assets", staged.out / "assets")


def _copy_source(source: Path, site: Site, staged: Staged) -> None:
    """A file of the project goes along; in a folder of pages, what is neither page nor read by one is published as it is."""
    put(staged.project / source, (site.folder / source).read_bytes())
    if source.parent != Path() and source.suffix not in _READ:
        (staged.out / source).parent.mkdir(parents=True, exist_ok=True)
        share(staged.project / source, staged.out / source)


def failed(card: Card, error: Exception) -> Kept:
    """Last time's page of a study that failed just now; the same failure is recorded once."""
    from reportgen.report.run_record import failed_record  # noqa: PLC0415

    record = failed_record(card.id, card.title, error)
    since = card.failing.partition(":")[0] or f"since {record.day}"
    now = replace(card, failing=f"{since}: {record.error}")
    return Kept(now, None if now == card else record)
