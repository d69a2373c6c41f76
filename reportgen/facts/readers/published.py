"""What the layouts of published data sets have in common.

Each layout is a function from a raw row to a record. A row that does not fit, such as one without its object, is left out
and named with the reason; where none fits, the file is another than the spec says, which is an error.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from reportgen.errors import Problem, shown
from reportgen.facts.readers.raw import RawRow, RawTable, Value, cell_text
from reportgen.facts.table import Layout, Record, Table
from reportgen.facts.words import clean
from reportgen.spec.section import MisfitError
from reportgen.spec.template import Template


class UnplacedError(Exception):
    """Why a row of a data set is no fact."""


def name_in(row: RawRow, key: str) -> str:
    """The name or number under a key, without outer white space; raises UnplacedError where there is none."""
    return name_of(row.values.get(key), key)


def name_of(value: Value, key: str) -> str:
    """A value as a name; raises UnplacedError where it is none."""
    if isinstance(value, str):
        if text := clean(value):
            return text
        raise UnplacedError(f"{shown(key)} is empty")
    what = {type(None): "missing", bool: "a truth value", list: "a list", dict: "an object"}[type(value)]
    raise UnplacedError(f"{shown(key)} is {what}")


def open_template(prompt: str, end: str = "") -> str:
    """The template of a prompt that has `{}` where the subject stands and ends where the object begins."""
    before, slot, after = prompt.partition("{}")
    if not slot or any(brace in before + after for brace in "{}"):
        raise UnplacedError(f"{shown(prompt)} does not have {{}} exactly once, where the subject stands")
    return f"{before}{{subject}}{after.rstrip()} {{object}}{end}"


@lru_cache(maxsize=4096)
def _checked(template: str) -> Template:
    return Template.of(template)


def place_all(raw: RawTable, layout: Layout, record_of: Callable[[RawRow], Record]) -> Table:
    """Every row as a record; what fits the layout in no row is a problem of the file."""
    records: list[Record] = []
    left_out: list[str] = [*raw.left_out, *(f"{problem.where}: {problem.message}" for problem in raw.problems)]
    reasons: list[str] = []
    for row in raw.rows:
        try:
            record = record_of(row)
            for template in record.templates:
                _checked(template)
        except UnplacedError as why:
            reasons.append(f"{row.where}: {why}")
        except MisfitError as why:
            reasons.append(f"{row.where}: its wording is no template: {why}")
        else:
            records.append(record)
    return Table(
        raw.comment,
        tuple(records),
        () if records else tuple(_other_layout(raw, layout, reasons)),
        (*left_out, *reasons),
        layout,
    )


def columns_of(row: RawRow, names: dict[str, str]) -> dict[str, str]:
    """Some of a row's values as columns of ours, by their names there; those that it lacks are empty."""
    return {ours: cell_text(row.values.get(theirs)) for theirs, ours in names.items()}


def _other_layout(raw: RawTable, layout: Layout, reasons: list[str]) -> Iterator[Problem]:
    yield from raw.problems
    first = f"; the first says: {reasons[0]}" if reasons else ""
    yield Problem(
        raw.where,
        f"none of its {len(raw.rows)} rows is laid out as in {layout.name}{first}",
        f"{raw.said}. Is `facts.format` right?",
    )
