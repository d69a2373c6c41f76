"""Documents to HTML by pandoc, the embedded engine: what Quarto itself is built on, carried in a wheel.

One Lua filter gives pandoc the little that our documents ask of Quarto (numbered floats, references to them,
titled callouts). The same `.qmd` files and `_quarto.yml` make a Quarto website project as they stand.
"""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.provenance import cores

_READER = "markdown+raw_attribute+fenced_divs+bracketed_spans-implicit_figures"


def render_project(project: Path, pages: list[Path], out: Path, templates: Path, site_title: str) -> None:
    """Render some `.qmd` pages of a project (paths relative to it) into the folder `out`, side by side.

    Raises StudyError with pandoc's own words where it refuses a page or warns of something unresolved.
    """
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(lambda page: _render_page(project, page, out, templates, site_title), pages))


def _render_page(project: Path, page: Path, out: Path, templates: Path, site_title: str) -> None:
    source, target = project / page, (out / page).with_suffix(".html")
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [
        _pandoc(),
        source.name,
        f"--from={_READER}",
        "--to=html5",
        f"--template={templates / 'pandoc' / 'page.html'}",
        f"--lua-filter={templates / 'pandoc' / 'quarto.lua'}",
        "--citeproc",
        "--mathml",
        "--wrap=none",
        "--section-divs",
        "--fail-if-warnings",
        f"--variable=site-title={site_title}",
        *(["--toc", "--toc-depth=3"] if len(page.parts) > 1 else []),
        f"--output={target.resolve()}",
    ]
    done = subprocess.run(command, cwd=source.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StudyError(f"{page}: pandoc cannot render this page: {done.stderr.strip()}")


@cache
def _pandoc() -> str:
    import pypandoc  # noqa: PLC0415

    return str(pypandoc.get_pandoc_path())
