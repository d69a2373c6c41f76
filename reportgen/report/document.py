"""What a page is made of, as frozen blocks in reading order: complete before any template sees them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reportgen.report.markup import Html, Md


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or 3 with an id to link to."""

    level: int
    text: Md
    id: str


@dataclass(frozen=True)
class Prose:
    """One paragraph, or a list, in Markdown. `role` names its look ("lead", "chips", …), empty for plain text."""

    text: Md
    role: str = ""


@dataclass(frozen=True)
class Raw:
    """A piece of HTML that a component template rendered, with autoescape on."""

    html: Html


@dataclass(frozen=True)
class Figure:
    """A figure: its HTML (drawn by Plotly from the data inside it), caption, and the same data as a table.

    `how_to_read` is a line under the caption: what to look for, and what good and bad look like.
    """

    id: str
    html: Html
    caption: Md
    how_to_read: Md
    table: Html


@dataclass(frozen=True)
class Table:
    """A captioned table, its rows already rendered to HTML."""

    id: str
    caption: Md
    html: Html


@dataclass(frozen=True)
class Callout:
    """A remark set apart: `kind` is one of Quarto's (note, warning, important, tip, caution)."""

    kind: str
    title: Md
    text: Md


@dataclass(frozen=True)
class Columns:
    """Two blocks side by side where the page is wide, one under the other where it is not."""

    left: "Figure"
    right: "Raw"


Block = Columns | Heading | Prose | Raw | Figure | Table | Callout


def texts(blocks: Iterable[Block]) -> Iterator[Md]:
    """All that blocks say in Markdown, where citations can stand."""
    for block in blocks:
        match block:
            case Prose(text=text) | Heading(text=text) | Callout(text=text) | Table(caption=text):
                yield text
            case Figure(caption=caption, how_to_read=line):
                yield from (caption, line)
            case Columns(left=figure):
                yield from texts([figure])
            case Raw():
                pass


@dataclass(frozen=True)
class Document:
    """A page: what its front matter says, and its blocks.

    `depth` is the number of folders above it in the site; `bibliography` is the file beside it that holds the works
    `cited`; `scripts` are data of its own that it loads; `image` is the file beside it that stands for it where it is
    linked to from elsewhere, or empty.
    """

    title: str
    question: str
    description: str
    authors: tuple[str, ...]
    depth: int
    blocks: tuple[Block, ...]
    cited: tuple[str, ...] = ()
    bibliography: str = "references.bib"
    scripts: tuple[str, ...] = ()
    image: str = ""

    @property
    def draws(self) -> bool:
        """Whether the page draws: figures of its own, or those that its scripts' data ask for."""
        return bool(self.scripts) or any(isinstance(block, Figure | Columns) for block in self.blocks)
