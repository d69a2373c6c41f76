"""Quarto as an engine: the user's own, from the PATH or from the package `quarto-cli`.

Quarto empties the folder that it renders into, copies resources there, and writes into the project. So it never sees
ours:

1. A project is made beside the site: the pages to be rendered, each with what stands around it added to its front
   matter, and the small files that pages read (bibliographies, listings).
2. Its `_quarto.yml` is the site's, with our template and filter in it. The filter (`templates/pandoc/quarto.lua`)
   runs before Quarto's own: what it makes of floats, callouts and tabsets is then what the embedded engine makes of
   them, and the pages look the same. Listings are left to Quarto.
3. One `quarto render` for all pages. Nothing is executed, and nothing comes from the network.
4. When all pages are there, they are moved to their places, and Quarto's libraries with them.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reportgen.errors import StudyError
from reportgen.report.render import templates_folder
from reportgen.site.engines.frame import framed, front_matter
from reportgen.site.settings import SiteSettings

OLDEST = (1, 5)
"""Filters that run before Quarto's own came with 1.4; 1.5 is the oldest whose pandoc (3.2) is near to the embedded."""

_OUT, _LIBRARIES = "_out", "site_libs"
_READ_BY_PAGES = ("*.bib", "*.csl", "*.yml", "*.yaml")
_OURS = {
    "minimal": True,
    "theme": "none",
    "toc-depth": 3,
    "section-divs": True,
    "html-math-method": "mathml",
    "html-table-processing": "none",
    "highlight-style": "none",
    "embed-resources": False,
}


@dataclass(frozen=True)
class Quarto:
    """The Quarto at `path`, of this `version`."""

    path: str
    version: str

    @classmethod
    def found(cls) -> "Quarto | None":
        """The one on the PATH, else the one beside this Python; None where there is none that tells its version."""
        path = shutil.which("quarto") or shutil.which("quarto", path=str(Path(sys.executable).parent))
        version = None if path is None else _version(path)
        return None if path is None or version is None else cls(path, version)

    @property
    def label(self) -> str:
        """What it is and of which version."""
        return f"Quarto {self.version}"

    @property
    def recent(self) -> bool:
        """Whether it is recent enough for our pages."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2]) >= OLDEST

    def render(self, project: Path, pages: Iterable[Path], out: Path, settings: SiteSettings) -> None:
        """Render some `.qmd` pages of a project (paths relative to it) into the folder `out`, which keeps all else.

        Raises StudyError with Quarto's own words where it fails or leaves a page out; `out` then stays as it was.
        """
        pages = list(pages)
        if not pages:
            return
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".quarto-") as made:
            own = Path(made)
            _write_project(own, project, pages, settings)
            self._run(own)
            _require_pages(own / _OUT, pages)
            _move(own / _OUT, pages, out)

    def _run(self, own: Path) -> None:
        done = subprocess.run(
            [self.path, "render", str(own), "--to", "html", "--no-execute", "--quiet"],
            cwd=own,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StudyError(f"{self.label} cannot render the site: {_own_words(done, own)}")


def _version(path: str) -> str | None:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"^\d+\.\d+[\w.+-]*", told.stdout, re.MULTILINE)
    return found[0] if told.returncode == 0 and found else None


def _environment() -> dict[str, str]:
    """Ours, less what another Quarto project that we were called from would have said of itself."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("QUARTO_PROJECT_", "QUARTO_PROFILE"))
    }
    return {**kept, "NO_COLOR": "1"}


def _write_project(own: Path, project: Path, pages: Sequence[Path], settings: SiteSettings) -> None:
    for page in pages:
        (own / page).parent.mkdir(parents=True, exist_ok=True)
        (own / page).write_text(_with_frame(project / page, page, settings), encoding="utf-8")
    for folder in {page.parent for page in pages}:
        for pattern in _READ_BY_PAGES:
            for file in (project / folder).glob(pattern):
                shutil.copy(file, own / folder)
    (own / "_quarto.yml").write_text(own_settings(project / "_quarto.yml"), encoding="utf-8")


def _with_frame(source: Path, page: Path, settings: SiteSettings) -> str:
    text = source.read_text(encoding="utf-8")
    front = front_matter(text)
    body = text.partition("\n---\n")[2] if front else text
    top = yaml.safe_dump({**framed(page, front, settings), **front}, allow_unicode=True, sort_keys=False)
    return f"---\n{top}---\n{body}"


def own_settings(file: Path) -> str:
    """What a site's `_quarto.yml` becomes for our call: less what Quarto's own frame would add to ours."""
    settings: dict[str, Any] = (yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None) or {}
    templates = templates_folder() / "pandoc"
    html = {key: value for key, value in _html(settings).items() if key != "css"}
    filters = [{"path": str(templates / "quarto.lua"), "at": "pre-ast"}]
    website = settings.get("website") or {}
    kept = {key: website[key] for key in ("title", "description", "site-url") if key in website}
    settings["project"] = {"type": "website", "output-dir": _OUT, "lib-dir": _LIBRARIES}
    settings["website"] = {**kept, "search": False, "navbar": False}
    settings["format"] = {"html": {**html, **_OURS, "template": str(templates / "page.html"), "filters": filters}}
    return yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)


def _html(settings: dict[str, Any]) -> dict[str, Any]:
    formats = settings.get("format")
    html = formats.get("html") if isinstance(formats, dict) else None
    return html if isinstance(html, dict) else {}


def _own_words(done: subprocess.CompletedProcess[str], own: Path) -> str:
    """What Quarto said, without the place where its project stood for a moment, and without its stack."""
    said = (done.stderr.strip() or done.stdout.strip()).partition("\nStack trace:")[0].strip()
    return said.replace(f"{own}{os.sep}", "").replace(str(own), ".") or f"exit code {done.returncode}, and not a word"


def _require_pages(rendered: Path, pages: Sequence[Path]) -> None:
    missing = [str(page) for page in pages if not (rendered / page.with_suffix(".html")).is_file()]
    if missing:
        raise StudyError(f"Quarto said that all is well, but left no page for {', '.join(missing)}.")


def _move(rendered: Path, pages: Sequence[Path], out: Path) -> None:
    """Put what was rendered in its place. Files that stand there are replaced, never written into: they may be shared."""
    libraries = [file.relative_to(rendered) for file in (rendered / _LIBRARIES).rglob("*") if file.is_file()]
    for file in (*libraries, *(page.with_suffix(".html") for page in pages)):
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        (rendered / file).replace(out / file)
