"""What makes HTML of a project's pages: the user's Quarto, or the pandoc that we carry. Both take the same `.qmd`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol

from reportgen.errors import StudyError
from reportgen.site.engines.pandoc import Pandoc
from reportgen.site.engines.quarto import OLDEST, Quarto
from reportgen.site.settings import SiteSettings

_NEEDED = ".".join(map(str, OLDEST))
_REMEDY = (
    f"Install Quarto {_NEEDED} or newer (`pip install 'reportgen[quarto]'`, or from quarto.org), "
    "or use --engine pandoc, which needs nothing."
)


class Engine(Protocol):
    """Renders pages of a project into a folder."""

    @property
    def label(self) -> str:
        """What it is and of which version: pages that another engine made are not taken over."""
        ...

    def render(self, project: Path, pages: Iterable[Path], out: Path, settings: SiteSettings) -> None:
        """Render some `.qmd` pages of a project (paths relative to it) into the folder `out`, which keeps all else.

        Each page is there when the iteration comes to it, and is not touched from then on: further ones may be written
        while it is rendered. Raises StudyError with the engine's own words where a page cannot be rendered.
        """
        ...


def choose_engine(name: Literal["auto", "quarto", "pandoc"] = "auto") -> Engine:
    """The engine asked for; `auto` is Quarto where a recent enough one is found, else the embedded pandoc.

    Raises StudyError where Quarto is asked for and there is none, or one too old.
    """
    if name == "pandoc":
        return Pandoc.embedded()
    quarto = Quarto.found()
    if quarto is not None and quarto.recent:
        return quarto
    if name == "auto":
        return Pandoc.embedded()
    if quarto is None:
        raise StudyError(f"--engine quarto: there is no Quarto on the PATH. {_REMEDY}")
    raise StudyError(f"--engine quarto: {quarto.path} is version {quarto.version}, which is too old. {_REMEDY}")
