"""Rows as a container holds them, before any layout says what they mean, and the bounds that all containers keep.

A number is the text that was written, an empty cell is None, and what is nested stays nested until it becomes a cell:
then it is JSON text.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reportgen.errors import InputError, Problem, shown

MOST_BYTES = 100_000_000
"""A file of facts, as it lies on the disk."""
MOST_EXPANDED = 400_000_000
"""The same when it is taken out of its compression."""
MOST_VALUES = 5_000_000
"""The cells of a table, or the values of a JSON file."""
MOST_ROWS, MOST_COLUMNS = 500_000, 10_000
MOST_NESTED = 50
LONGEST_REASON = 300

Value: TypeAlias = "str | bool | list[Value] | dict[str, Value] | None"


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class CellError(ValueError):
    """Why a value cannot be a cell."""


@dataclass(frozen=True)
class RawRow:
    """One row, or one object: where it stands and what it holds, by the container's own names."""

    where: str
    values: Mapping[str, Value]


@dataclass(frozen=True)
class RawTable:
    """A container's rows; `where` is the place of its column names and `said` how they stand there, for errors."""

    where: str
    said: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    comment: str = ""
    problems: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()


def cell_text(value: Value, depth: int = 0) -> str:
    """A value as the text of a cell; lists and objects as JSON. Raises CellError where they are nested too deeply."""
    if value is None:
        return "null" if depth else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return str(value) if not depth or isinstance(value, Number) else json.dumps(value, ensure_ascii=False)
    if depth > MOST_NESTED:
        raise CellError(f"is nested more than {MOST_NESTED} levels deep")
    if isinstance(value, list):
        return f"[{', '.join(cell_text(one, depth + 1) for one in value)}]"
    pairs = (f"{json.dumps(name, ensure_ascii=False)}: {cell_text(one, depth + 1)}" for name, one in value.items())
    return f"{{{', '.join(pairs)}}}"


def require_rows(where: str, rows: int) -> None:
    """Raises InputError where a table has more rows than may be read."""
    if rows > MOST_ROWS:
        message = f"the facts have {rows:,} rows, more than the {MOST_ROWS:,} allowed"
        raise InputError(Problem(where, message, "keep the facts that the study needs, or split it into studies"))


def reason_of(error: Exception) -> str:
    """What a library says is wrong, in one printable line of a bearable length."""
    text = " ".join(str(error).split())[:LONGEST_REASON].rstrip(". ")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def columns_twice(place: str, columns: Iterable[str]) -> tuple[Problem, ...]:
    """A problem for each name that several columns have."""
    return tuple(
        Problem(place, f"{count} columns are called {shown(name)}", "give each column a name of its own")
        for name, count in Counter(columns).items()
        if count > 1
    )
