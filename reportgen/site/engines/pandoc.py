"""The embedded engine: pandoc, what Quarto itself is built on, carried in a wheel.

Of Quarto's syntax it renders what `templates/pandoc/quarto.lua` gives it, and that is all:

- `::: {#fig-x} … caption :::` and `::: {#tbl-x} … caption :::`, an image alone in its paragraph with `{#fig-x}`, and a
  table whose caption ends in `{#tbl-x}`: numbered floats. `@fig-x` and `@tbl-x`: "Figure 1", "Table 1", linked.
- `::: {.callout-note}`, `-tip`, `-important`, `-caution`, `-warning`: titled by `title=`, else by a heading that begins
  it, else by its kind. With `collapse=true` it is folded, with `collapse=false` it can be.
- `::: {.panel-tabset}`: a tab for each heading of the first level in it, the first one open, or that of class `active`.
  No script: the tabs are radio buttons, walked with the arrow keys; print shows all. `group` is left out.
- `listing:` in the front matter, one or several: `contents` is a YAML file beside the page or items written there
  (`path`, `title`, `subtitle`, `description`, `date`, `author`, `image`, `image-alt`), in their order (say `sort: false`,
  so that Quarto keeps it too); `type` is `default`, `grid` or `table`. It stands in the div that has its `id`, else at
  the end. Contents that are a folder or a pattern fail the page.
- Links to `other.qmd` lead to `other.html`. A code block with `filename=` has the name on top of it.
- pandoc's own: citations from `bibliography`, footnotes, definition lists, mathematics as MathML.

Not rendered: executable cells, shortcodes (`{{< … >}}`), layouts in columns, conditional content.

1. What stands around the page is written as metadata (`frame`); the page's own front matter goes before it.
2. One pandoc a page, as many side by side as there are cores: of what a page takes, starting pandoc is a tenth. A
   warning (a citation without its work, a formula that cannot be read) is an error.
3. Citations are looked for in pages alone that may have some: reading the style of their references takes longer than
   the rest of a page does that has none.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.provenance import cores
from reportgen.report.render import templates_folder
from reportgen.site.engines.frame import framed, front_matter
from reportgen.site.settings import SiteSettings

# Garbage is collected for a page, not for a book: a fifth less time than with pandoc's own settings, and a quarter less
# memory.
_MEMORY = ("+RTS", "-H1m", "-A2m", "-O16m", "-RTS")

_READER = "markdown+raw_attribute+fenced_divs+bracketed_spans-implicit_figures"


@dataclass(frozen=True)
class Pandoc:
    """The pandoc at `path`, of this `version`."""

    path: str
    version: str

    @classmethod
    def embedded(cls) -> "Pandoc":
        """The one that the wheel carries."""
        path = _embedded()
        return cls(path, _version(path))

    @property
    def label(self) -> str:
        """What it is and of which version."""
        return f"pandoc {self.version}"

    def render(self, project: Path, pages: Iterable[Path], out: Path, settings: SiteSettings) -> None:
        """Render some `.qmd` pages of a project (paths relative to it) into the folder `out`, each as soon as it comes.

        Raises StudyError with pandoc's own words where it refuses a page or warns of something unresolved.
        """
        with tempfile.TemporaryDirectory(prefix="reportgen-") as made, ThreadPoolExecutor(cores()) as pool:
            numbered = ((page, Path(made) / f"{number}.json") for number, page in enumerate(pages))
            try:
                list(pool.map(lambda each: self._render_page(project, each[0], out, settings, each[1]), numbered))
            finally:
                pool.shutdown(cancel_futures=True)

    def _render_page(self, project: Path, page: Path, out: Path, settings: SiteSettings, frame: Path) -> None:
        source, target = project / page, (out / page).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        front = front_matter(text)
        frame.write_text(json.dumps(framed(page, front, settings)), encoding="utf-8")
        citing = ["--citeproc"] if "@" in text or "bibliography" in front else []
        done = subprocess.run(
            [self.path, *_MEMORY, source.name, *_options(frame), *citing, f"--output={target.resolve()}"],
            cwd=source.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StudyError(f"{page}: pandoc cannot render this page: {done.stderr.strip()}")


def _options(frame: Path) -> list[str]:
    templates = templates_folder() / "pandoc"
    return [
        f"--from={_READER}",
        "--to=html5",
        f"--template={templates / 'page.html'}",
        f"--lua-filter={templates / 'quarto.lua'}",
        f"--metadata-file={frame}",
        "--mathml",
        "--wrap=none",
        "--section-divs",
        "--syntax-highlighting=none",
        "--toc",
        "--toc-depth=3",
        "--fail-if-warnings",
    ]


@cache
def _embedded() -> str:
    import pypandoc  # noqa: PLC0415

    return str(pypandoc.get_pandoc_path())


@cache
def _version(path: str) -> str:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[1]
