"""A CSV of facts: its header comment, its columns, and one row a record with its place.

1. Set the leading lines that start with `#` aside: the licence and source that the page has to show.
2. Read the rest strictly, and report each row whose number of values differs from the header's.

A file whose name ends in .tsv is separated by tabs, any other by commas.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.readers.arrow import require_size
from reportgen.facts.readers.plain_file import require_few, text_of
from reportgen.facts.readers.raw import RawRow, RawTable, columns_twice, require_rows
from reportgen.facts.table import Record, Table
from reportgen.facts.words import clean

EXPECTED = (
    "the first row names the columns: subject,relation,object (also false_object, truth, pair, others); what they are called "
    "else is said by `facts.columns` in a spec, and by --column on the command line"
)


@dataclass(frozen=True)
class _Line:
    """One row of the CSV: the line that it starts in, and its values or what the reader choked on."""

    number: int
    values: tuple[str, ...]
    fault: str = ""


def read_csv(path: Path, named_in: str) -> RawTable:
    """Read the CSV at `path`; `named_in` is the place in the spec that names it.

    Raises InputError where nothing in it can be read.
    """
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    text = text_of(path, named_in, "CSV")
    require_few(path, text, separator + "\n")
    require_rows(str(path), text.count("\n"))
    comment, above, body = _split_comment(text)
    lines = list(_lines(body, above, separator))
    if not lines:
        raise InputError(Problem(str(path), "the facts file is empty", EXPECTED))
    header, rows = lines[0], lines[1:]
    place = f"{path}:{header.number}"
    if header.fault:
        raise InputError(Problem(place, header.fault, _quoting(separator)))
    require_size(place, len(rows), len(header.values))
    columns = tuple(clean(name) for name in header.values)
    ragged = [problem for row in rows if (problem := _row_fault(path, row, columns, separator))]
    whole = [row for row in rows if not row.fault and len(row.values) == len(columns)]
    empty = Problem(place, "the facts file has a header and no facts", "write one fact a row under it")
    return RawTable(
        where=place,
        said=f"the header says {shown(separator.join(columns))}",
        columns=columns,
        rows=tuple(RawRow(f"{path}:{row.number}", dict(zip(columns, row.values, strict=True))) for row in whole),
        comment=comment,
        problems=(*columns_twice(place, columns), *ragged, *(() if rows else (empty,))),
    )


def read_table(path: Path, named_in: str) -> Table:
    """The CSV at `path` with its columns as they are called there, whatever they are; raises InputError as `read_csv`."""
    raw = read_csv(path, named_in)
    records = (Record(row.where, {name: str(text) for name, text in row.values.items()}) for row in raw.rows)
    return Table(raw.comment, tuple(records), raw.problems)


def _split_comment(text: str) -> tuple[str, int, str]:
    """The header comment without its marks, how many lines it takes, and the text below it."""
    stream = io.StringIO(text, newline="")
    comment: list[str] = []
    above, start = 0, 0
    for line in stream:
        if line.strip() and not line.startswith("#"):
            break
        if line.strip():
            comment.append(clean(line.lstrip("#")))
        above, start = above + 1, start + len(line)
    return "\n".join(comment), above, text[start:]


def _lines(body: str, above: int, separator: str) -> Iterator[_Line]:
    """The rows that hold anything, each with the line it starts in; the first fault ends them."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    while True:
        number = above + reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as err:
            yield _Line(number, (), f"the row that starts here is not CSV: {err}")
            return
        if values:
            yield _Line(number, tuple(values))


def _quoting(separator: str) -> str:
    what = "a comma" if separator == "," else "a tab"
    return (
        f'check the quotation marks from here on: a value that holds {what} or a " stands in "…", its " doubled; '
        "rows below this one were not read"
    )


def _row_fault(path: Path, row: _Line, columns: tuple[str, ...], separator: str) -> Problem | None:
    place = f"{path}:{row.number}"
    if row.fault:
        return Problem(place, row.fault, _quoting(separator))
    if len(row.values) == len(columns):
        return None
    count = "1 value" if len(row.values) == 1 else f"{len(row.values)} values"
    message = f"{count} where the header names {len(columns)}: {shown(separator.join(row.values))}"
    what = "a comma" if separator == "," else "a tab"
    return Problem(place, message, f'give each column a value (it may be empty); put "…" round one that holds {what}')
