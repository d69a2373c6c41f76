"""One row of the facts' source: what its cells may hold, and what they mean.

A row states a fact, true unless its `truth` says otherwise. It may bring its own false object.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.errors import Problem, shown
from reportgen.facts.table import Record
from reportgen.facts.words import clean, forbidden_character

_KNOWN = frozenset({"subject", "relation", "object", "false_object", "truth", "pair"})
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_LONGEST = 131_072


@dataclass(frozen=True)
class Row:
    """A fact as its source states it; `false_object` and `pair` are empty where it says nothing, and `templates` where the
    spec words its relation."""

    where: str
    subject: str
    relation: str
    object: str
    truth: bool
    false_object: str
    pair: str
    columns: Mapping[str, str]
    templates: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.subject} / {self.relation} / {self.object}"


def cleaned(record: Record) -> Record:
    """The record as this room reads it: two spellings of one name are one name."""
    return Record(record.where, {name: clean(text) for name, text in record.cells.items()}, record.templates)


def cell_problems(record: Record) -> list[Problem]:
    """Everything that keeps a cleaned record from being read as a fact."""
    cells = record.cells
    broken = [
        Problem(
            record.where,
            f"{shown(name)} holds {character} in {shown(text)}",
            "a value is one line of plain text",
        )
        for name, text in cells.items()
        if (character := forbidden_character(text))
    ]
    long = [
        Problem(record.where, f"{shown(name)} holds {len(text):,} characters", "a value is a name or a sentence")
        for name, text in cells.items()
        if len(text) > _LONGEST
    ]
    empty = [
        Problem(record.where, f"`{name}` is empty", "fill it in, or remove the fact")
        for name in ("subject", "object")
        if not cells.get(name, "?")
    ]
    truth = cells.get("truth", "true")
    if truth.casefold() in _TRUTHS:
        return [*broken, *long, *empty]
    return [
        *broken,
        *long,
        *empty,
        Problem(record.where, f"`truth` is {shown(truth)}", "write true or false, 1 or 0, yes or no"),
    ]


def as_row(record: Record, wordings: Mapping[str, tuple[str, ...]]) -> Row:
    """The record's fact, in the spec's `wordings` of its relation, else in those that came with it; only for a cleaned
    record that `cell_problems` finds nothing wrong with."""
    cells = record.cells
    return Row(
        where=record.where,
        subject=cells["subject"],
        relation=cells["relation"],
        object=cells["object"],
        truth=_TRUTHS[cells.get("truth", "true").casefold()],
        false_object=cells.get("false_object", ""),
        pair=cells.get("pair", ""),
        columns={name: text for name, text in cells.items() if name not in _KNOWN},
        templates=wordings.get(cells["relation"], record.templates),
    )
