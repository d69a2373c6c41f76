"""What any source of facts is read into: one record a fact with its place, what is wrong with it, and what had no place.

Values are left as they stand; `rows.py` decides what a value may be.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.errors import Problem

REQUIRED = ("subject", "relation", "object")


@dataclass(frozen=True)
class Record:
    """The cells of one fact as their author wrote them, by column, where they stand, and the templates that come with it;
    without any, the spec's words for its relation hold."""

    where: str
    cells: Mapping[str, str]
    templates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a data set is laid out as it was published: its name, and the work to cite."""

    name: str
    citation: str


@dataclass(frozen=True)
class Table:
    """What a source of facts says; `problems` holds everything wrong with its form.

    `comment` is the source's own account of itself. `left_out` has a line, with its place and reason, for all that the
    source holds and that could not be read as a fact. `layout` is there for data sets that others published: what single
    records of theirs break is left out and named, where an author's own file would have to be mended.
    """

    comment: str
    records: tuple[Record, ...]
    problems: tuple[Problem, ...]
    left_out: tuple[str, ...] = ()
    layout: Layout | None = None
