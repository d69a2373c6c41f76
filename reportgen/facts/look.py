"""A first look at a CSV of facts, before any spec says what its columns hold: what they are called, and what they may be.

Columns are proposed by name, those with the usual names first; of a file that names neither subject nor object the first
two columns that are left are proposed. Nothing is decided here: whoever looks asks the author, and the spec says it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.table import Record, read_table
from reportgen.facts.words import clean, forbidden_character

MOST_RELATIONS = 200

_NAMES: Mapping[str, tuple[str, ...]] = {
    "subject": ("subject", "subjects", "entity", "head", "question", "name", "country", "person", "place", "item"),
    "relation": ("relation", "relations", "predicate", "property", "relation_name"),
    "object": ("object", "objects", "answer", "target", "tail", "value", "capital", "city"),
    "false_object": ("false_object", "false", "distractor", "wrong", "counterfactual"),
    "truth": ("truth", "label", "is_true"),
}
"""Roles of columns with the names by which one is proposed for them, in lower case with underscores."""


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
        found = tuple(dict.fromkeys(clean(record.cells[column]) for record in self.records))
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
    """What a CSV of facts holds. Raises InputError where it cannot be read, or has fewer than two columns or no row."""
    table = read_table(path, str(path))
    if not table.records:
        raise InputError(*table.problems)
    columns = tuple(table.records[0].cells)
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
        records=table.records,
        subject=subject,
        object=thing,
        relation=found["relation"] if found["relation"] not in (subject, thing) else None,
        false_object=found["false_object"],
        truth=found["truth"],
    )


def _named(columns: Sequence[str], names: Iterable[str]) -> str | None:
    """The column with the first of the names that there is."""
    folded = {column.casefold().replace(" ", "_").replace("-", "_"): column for column in reversed(columns)}
    return next((folded[name] for name in names if name in folded), None)
