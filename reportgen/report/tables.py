"""Tables of the page: typed rows, rendered to HTML by one component."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.report.markup import Html
from reportgen.report.render import component


@dataclass(frozen=True)
class Column:
    """A column; numbers are set flush right."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class Row:
    """A row of cells, plain text or HTML; the first names the row."""

    cells: tuple[str | Html, ...]
    emphasis: bool = False
    id: str = ""


@dataclass(frozen=True)
class Grid:
    """A table's columns and rows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def table_html(label: str, columns: Sequence[Column], rows: Sequence[Row]) -> Html:
    """The table as HTML; `label` says what it holds, for who cannot see it."""
    return component("components/table", label=label, table=Grid(tuple(columns), tuple(rows)))


def folded(summary: str, html: Html, role: str = "data") -> Html:
    """Something that opens when asked for."""
    return component("components/data", summary=summary, html=html, role=role)
