"""A site out of studies: gather everything, then write beside, then swap.

1. Each study gives its fresh page, or its page of last time where nothing that it depends on changed, or, where
   it failed, its page of last time with the failure on its card.
2. A whole Quarto project is written beside the present one, and rendered beside the present site; pages of last
   time are taken over as they are.
3. Both are swapped in whole. Anything that fails before that leaves the published site as it was.

A study may have several pages: its index, further ones that come with it, and ones that other commands add later
(`add_page`). A line on top of each leads to the others. An added page stays as long as the study is unchanged, and
is taken over, rendered anew, into a fresh study that says that it is still right.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Self

import yaml

from reportgen import provenance
from reportgen.errors import StudyError
from reportgen.report.across_site import FILE, StudyNull
from reportgen.report.index import compose_index
from reportgen.report.page import AddedPage, Card, StudyPage
from reportgen.report.render import qmd, templates_folder
from reportgen.site import engines
from reportgen.site.pages import link_pages, take_over, write_added, write_documents
from reportgen.site.swap import recover, swap_in
from reportgen.store import content_key, write_atomically

CARD = "card.json"
_SITE_KEY = "site-key.txt"
_SETTINGS = "_quarto.yml"


@dataclass(frozen=True)
class Site:
    """The folder of the Quarto website project: sources tracked, `_qmd` and `_site` made by builds."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The project in `folder`, begun there with a plain `_quarto.yml` where there is none.

        Raises StudyError where that cannot be written.
        """
        settings = folder / _SETTINGS
        if not settings.is_file():
            write_atomically(settings, (templates_folder() / "site" / _SETTINGS).read_bytes())
        return cls(folder)

    @property
    def title(self) -> str:
        """The site's title, as its `_quarto.yml` has it; raises StudyError where it has none."""
        try:
            settings = yaml.safe_load((self.folder / _SETTINGS).read_text(encoding="utf-8"))
            return str(settings["website"]["title"])
        except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError) as error:
            raise StudyError(f"{self.folder / _SETTINGS}: no `website: title:` can be read here.") from error

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
        """The tracked files of the project."""
        return [path for path in sorted(self.folder.iterdir()) if path.is_file() and not path.name.startswith(".")]

    def cards(self) -> dict[str, Card]:
        """The cards of the studies that are published now, by id; a card that cannot be read is no card."""
        recover(self.published)
        recover(self.project)
        found = {}
        for path in sorted((self.published / "studies").glob(f"*/{CARD}")):
            try:
                found[path.parent.name] = Card.from_json(path.read_bytes())
            except (TypeError, ValueError):
                continue
        return found

    @cached_property
    def key(self) -> str:
        """What every page depends on: code, templates, the project's tracked files, the versions in use.

        Taken once: what changes while a build runs is for the next.
        """
        templates = provenance.files_version(path for path in templates_folder().rglob("*") if path.is_file())
        sources = provenance.files_version(self.sources)
        return content_key(provenance.code_version(""), templates, sources, provenance.versions())


@dataclass(frozen=True)
class Kept:
    """A study whose page of last time is taken over, with its card as it is now."""

    card: Card


def write_site(site: Site, studies: Sequence[StudyPage | Kept]) -> None:
    """Write, render and swap in the site of these studies, unless it stands already as it would be.

    Raises StudyError where a page cannot be rendered or the disk refuses; the published site then stays.
    """
    if _stands(site, studies):
        _clear_away(site)
        return
    with _rewriting(site) as (project, out):
        pages = _write_project(site, project, out, studies)
        engines.render_project(project, pages, out, templates_folder(), site.title)
        (out / _SITE_KEY).write_text(site.key)


def add_page(site: Site, study: str, page: AddedPage) -> None:
    """Add a page to a published study, or write it anew; all else stays as it is but for the lines between pages.

    Raises StudyError where the study is not published or was by another version, where the page cannot be rendered,
    or where the disk refuses; the published site then stays.
    """
    _require_published(site, study)
    beside = Path("studies") / study
    with _rewriting(site) as (project, out):
        _copy_tree(site.project, project)
        _copy_tree(site.published, out)
        write_added(page, project / beside)
        shutil.rmtree(out / beside / page.name, ignore_errors=True)
        _copy_tree(project / beside / page.name, out / beside / page.name)
        pages = [beside / f"{name}.qmd" for name in link_pages(project / beside)]
        for written in pages:  # these are shared with the published site, which must not change before the swap
            (out / written).with_suffix(".html").unlink(missing_ok=True)
        engines.render_project(project, pages, out, templates_folder(), site.title)


def _require_published(site: Site, study: str) -> None:
    if study not in site.cards() or not (site.project / "studies" / study / "index.qmd").is_file():
        raise StudyError(f"the study `{study}` has no page in {site.published} yet. Run `reportgen build` first.")
    key = site.published / _SITE_KEY
    if not key.is_file() or key.read_text() != site.key:
        raise StudyError(
            f"{site.published} was built by another version, or with other settings. Run `reportgen build` first."
        )


def _stands(site: Site, studies: Sequence[StudyPage | Kept]) -> bool:
    """Whether the published site is already this one."""
    if any(isinstance(study, StudyPage) for study in studies) or not (site.published / "index.html").is_file():
        return False
    key = site.published / _SITE_KEY
    same_key = key.is_file() and key.read_text() == site.key
    return same_key and site.cards() == {study.card.id: study.card for study in studies}


def _write_project(site: Site, project: Path, out: Path, studies: Sequence[StudyPage | Kept]) -> list[Path]:
    """Fill the project and what needs no rendering; return the pages that do."""
    _write_assets(site, project, out)
    pages = [Path("index.qmd")]
    for study in studies:
        beside = Path("studies") / study.card.id
        if isinstance(study, StudyPage):
            names = _write_study(study, site.project / beside, project / beside, out / beside)
            pages += (beside / f"{name}.qmd" for name in names)
        else:
            _copy_tree(site.published / beside, out / beside)
            (out / beside / CARD).unlink(missing_ok=True)
            if (site.project / beside).is_dir():
                _copy_tree(site.project / beside, project / beside)
        (out / beside / CARD).write_bytes(study.card.to_json())
    index = compose_index(site.title, [study.card for study in studies], _nulls(out, studies))
    (project / "index.qmd").write_text(qmd(index), encoding="utf-8")
    return pages


def _nulls(out: Path, studies: Sequence[StudyPage | Kept]) -> dict[str, StudyNull]:
    """The max-T nulls that the studies publish, by their titles."""
    files = {study.card.title: out / "studies" / study.card.id / FILE for study in studies}
    found = {title: StudyNull.from_json(file.read_bytes()) for title, file in files.items() if file.is_file()}
    return {title: null for title, null in found.items() if null is not None}


def _write_study(study: StudyPage, present: Path, project: Path, out: Path) -> list[str]:
    """Fill the study's folders, in part from its `present` one in the project; return the names of its pages."""
    for name, content in chain(study.files.items(), study.pieces()):
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    _copy_tree(project, out)
    write_documents(study, project)
    for name in take_over(study.still_right, present, project):
        _copy_tree(project / name, out / name)
    return link_pages(project)


def _copy_tree(folder: Path, copy: Path) -> None:
    """A study's many small files are written once: the copy shares them where the disk can."""
    shutil.copytree(folder, copy, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _write_assets(site: Site, project: Path, out: Path) -> None:
    from reportgen.report.twin import SCHEMA_FILE, schema_json  # noqa: PLC0415

    project.mkdir(parents=True)
    for source in site.sources:
        shutil.copy(source, project / source.name)
    shutil.copytree(templates_folder() / "assets", project / "assets")
    (project / "assets" / SCHEMA_FILE).write_text(json.dumps(schema_json(), indent=1), encoding="utf-8")
    shutil.copytree(project / "assets", out / "assets")


@contextmanager
def _rewriting(site: Site) -> Iterator[tuple[Path, Path]]:
    """A project and a site to be filled, which take the place of the present ones when the block ends well."""
    try:
        with _staging(site) as staging:
            project, out = staging / "qmd", staging / "site"
            yield project, out
            swap_in(project, site.project)
            swap_in(out, site.published)
    except OSError as error:
        raise StudyError(
            f"{site.folder}: the site cannot be written ({_reason(error)}). It stays as it was."
        ) from error


def _reason(error: OSError) -> str:
    """Why, in the system's words; an error over a whole tree says it of its first file."""
    return str(error.args[0][0][2]) if isinstance(error, shutil.Error) else error.strerror or str(error)


def _clear_away(site: Site) -> None:
    """Drop what a build that was killed has left half-written."""
    for left in site.folder.glob(".build-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _staging(site: Site) -> Iterator[Path]:
    _clear_away(site)
    staging = Path(tempfile.mkdtemp(dir=site.folder, prefix=".build-"))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def failed(card: Card, why: str) -> Kept:
    """Last time's page of a study that failed just now."""
    since = card.failing or f"since {provenance.now().date().isoformat()}: {why}"
    return Kept(replace(card, failing=since))
