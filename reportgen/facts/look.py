"""A first look at a table of facts, before any spec says what its columns hold: what they are called, and what they may be.

Columns are proposed by name, those with the usual names first; of a file that names neither subject nor object the first
two columns that are left are proposed. Nothing is decided here: whoever looks asks the author, and the spec says it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.containers import own_rows
from reportgen.facts.readers.raw import CellError, RawRow, cell_text
from reportgen.facts.rows import cell_problems, cleaned
from reportgen.facts.table import Record
from reportgen.facts.words import forbidden_character

MOST_RELATIONS = 200

_NAMES: Mapping[str, tuple[str, ...]] = {
    "subject": ("subject", "subjects", "entity", "head", "question"),
    "relation": ("relation", "relations", "predicate", "property", "relation_name"),
    "object": ("object", "objects", "answer", "target", "tail"),
    "false_object": ("false_object", "false", "distractor", "wrong", "counterfactual"),
    "truth": ("truth", "label", "is_true"),
}
"""Roles of columns with the names by which one is proposed for them, in lower case with underscores."""

_TRUTHS = frozenset({"true", "false", "1", "0"})


@dataclass(frozen=True)
class Look:
    """A file's columns in their order, its rows, and the columns proposed for `subject`, `object` and, where there may be
    one, `relation`, `false_object` and `truth` (else None)."""

    path: Path
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    subject: str
    object: str
    relation: str | None
    false_object: str | None
    truth: str | None

    def relations(self, column: str) -> tuple[str, ...]:
        """The relations that the rows name in a column, in their order. Raises InputError where they are no names, or so many
        that the column can hold none."""
        found = tuple(dict.fromkeys(record.cells[column] for record in self.records))
        for name in found:
            if not name or forbidden_character(name):
                what = "a relation that is empty" if not name else f"a relation with {forbidden_character(name)} in it"
                raise InputError(
                    Problem(
                        str(self.path),
                        f"the column {shown(column)} holds {what}",
                        "name each row's relation on one line",
                    )
                )
        if len(found) > MOST_RELATIONS:
            message = f"the column {shown(column)} holds {len(found)} different values, too many for relations"
            raise InputError(Problem(str(self.path), message, "name the column whose values are relations"))
        return found


def look_at(path: Path) -> Look:
    """What a table of facts holds. Raises InputError where it cannot be read, has fewer than two columns or no row, or where a
    cell holds what no fact may."""
    table = own_rows("auto", path, str(path))
    records = [cleaned(_record(row, table.columns)) for row in table.rows]
    problems = [*table.problems, *(problem for record in records for problem in cell_problems(record))]
    if problems:
        raise InputError(*problems)
    columns = table.columns
    if len(columns) < 2:
        remedy = "give it a column of subjects and one of objects, separated by commas"
        raise InputError(Problem(str(path), f"the facts file has one column alone, {shown(columns[0])}", remedy))
    found = {role: _named(columns, names) for role, names in _NAMES.items()}
    left = [column for column in columns if column not in found.values()]
    subject = found["subject"] or (left.pop(0) if left else next(c for c in columns if c != found["object"]))
    thing = found["object"] or (left.pop(0) if left else next(c for c in columns if c != subject))
    return Look(
        path=path,
        columns=columns,
        records=tuple(records),
        subject=subject,
        object=thing,
        relation=found["relation"] if found["relation"] not in (subject, thing) else None,
        false_object=_holding(records, found["false_object"], any),
        truth=_holding(records, found["truth"], lambda texts: {text.casefold() for text in texts} <= _TRUTHS),
    )


def _record(row: RawRow, columns: Iterable[str]) -> Record:
    try:
        return Record(row.where, {name: cell_text(row.values.get(name)) for name in columns})
    except CellError as error:
        raise InputError(Problem(row.where, f"a value {error}", "give each cell plain text")) from error


def _holding(records: Sequence[Record], column: str | None, fits: Callable[[list[str]], bool]) -> str | None:
    """The column, where what it holds fits."""
    return column if column is not None and fits([record.cells[column] for record in records]) else None


def _named(columns: Sequence[str], names: Iterable[str]) -> str | None:
    """The column with the first of the names that there is."""
    folded = {column.casefold().replace(" ", "_").replace("-", "_"): column for column in reversed(columns)}
    return next((folded[name] for name in names if name in folded), None)
