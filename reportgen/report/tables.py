"""Tables of the page: typed rows, rendered to HTML by one component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reportgen.report.markup import Html
from reportgen.report.render import component


@dataclass(frozen=True)
class Column:
    """A column; numbers are set flush right."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class Row:
    """A row of cells, plain text or HTML; the first names the row.

    `sorted_by` holds, by column, the exact number where the text of a cell is rounded too far to sort by.
    """

    cells: tuple[str | Html, ...]
    sorted_by: Mapping[int, float] = field(default_factory=dict)
    emphasis: bool = False
    id: str = ""


@dataclass(frozen=True)
class Grid:
    """A table's columns and rows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def table_html(label: str, columns: Sequence[Column], rows: Sequence[Row], place: str = "") -> Html:
    """The table as HTML; `label` says what it holds, for who cannot see it, and `place` is an id to link to."""
    return component("components/table", label=label, place=place, table=Grid(tuple(columns), tuple(rows)))


def folded(summary: str, html: Html, role: str = "data") -> Html:
    """Something that opens when asked for."""
    return component("components/data", summary=summary, html=html, role=role)
