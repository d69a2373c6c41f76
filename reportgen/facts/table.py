"""A CSV of facts as text: its header comment, its columns, and one record a row with its place.

1. Refuse what is no plain file, holds more than 100 MB, or is not UTF-8: nothing in it can be read.
2. Set the leading lines that start with `#` aside: the licence and source that the page has to show.
3. Read the rest strictly, and report each row whose number of values differs from the header's.

Values are left as they stand; `rows.py` decides what a value may be.
"""

import codecs
import csv
import io
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from reportgen.errors import InputError, Problem, nearest, shown
from reportgen.facts.words import clean, forbidden_character

MOST_BYTES = 100_000_000
REQUIRED = ("subject", "relation", "object")


@dataclass(frozen=True)
class Record:
    """The cells of one fact as their author wrote them, by column, where they stand, and the templates that come with it;
    without any, the spec's words for its relation hold."""

    where: str
    cells: Mapping[str, str]
    templates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What a facts file says; `problems` holds everything wrong with its form."""

    comment: str
    records: tuple[Record, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Line:
    """One row of the CSV: the line that it starts in, and its values or what the reader choked on."""

    number: int
    values: tuple[str, ...]
    fault: str = ""


def read_table(path: Path, named_in: str) -> Table:
    """Read the CSV at `path`; `named_in` is the place in the spec that names it."""
    comment, above, body = _split_comment(_text(path, named_in))
    lines = list(_lines(body, above))
    if not lines:
        raise InputError(Problem(str(path), "the facts file is empty", _expected_header()))
    header, rows = lines[0], lines[1:]
    place = f"{path}:{header.number}"
    if header.fault:
        raise InputError(Problem(place, header.fault, _QUOTING))
    columns = tuple(clean(name) for name in header.values)
    ragged = [problem for row in rows if (problem := _row_fault(path, row, columns))]
    whole = [row for row in rows if not row.fault and len(row.values) == len(columns)]
    records = tuple(Record(f"{path}:{row.number}", dict(zip(columns, row.values, strict=True))) for row in whole)
    problems = [*_header_faults(place, columns), *ragged]
    if not rows:
        problems.append(Problem(place, "the facts file has a header and no facts", "write one fact a row under it"))
    return Table(comment, records, tuple(problems))


def _text(path: Path, named_in: str) -> str:
    """The file's text without its byte order mark."""
    try:
        _refuse_other_than_file(path, named_in)
        data = path.read_bytes()
    except (OSError, ValueError) as err:
        raise InputError(Problem(named_in, f"{path} cannot be read: {err}")) from err
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    try:
        return data[mark:].decode("utf-8")
    except UnicodeDecodeError as err:
        at = err.start + mark
        line = data.count(b"\n", 0, at) + 1
        message = f"not UTF-8: byte {at} of the file is 0x{data[at]:02x}"
        raise InputError(Problem(f"{path}:{line}", message, "save the file as CSV in UTF-8")) from err


def _refuse_other_than_file(path: Path, named_in: str) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as err:
        raise InputError(Problem(named_in, f"no facts file at {path}", _neighbour(path))) from err
    if stat.S_ISDIR(found.st_mode):
        raise InputError(Problem(named_in, f"{path} is a folder", "name the CSV file inside it"))
    if not stat.S_ISREG(found.st_mode):
        raise InputError(Problem(named_in, f"{path} is not a plain file", "copy the facts into a CSV file"))
    if found.st_size > MOST_BYTES:
        message = f"the facts file holds {found.st_size:,} bytes, more than the {MOST_BYTES:,} allowed"
        raise InputError(Problem(str(path), message, "keep the facts that the study needs, or split it into studies"))


def _neighbour(path: Path) -> str:
    """A remedy that names the most similar file nearby, where there is one."""
    names = sorted(found.name for found in path.parent.iterdir()) if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=1)
    advice = "the path in `file` starts at the spec's own folder"
    return f"did you mean {shown(near[0])}? {advice}" if near else advice


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


def _lines(body: str, above: int) -> Iterator[_Line]:
    """The rows that hold anything, each with the line it starts in; the first fault ends them."""
    reader = csv.reader(io.StringIO(body, newline=""), strict=True)
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


_QUOTING = (
    'check the quotation marks from here on: a value that holds a comma or a " stands in "…", its " doubled; '
    "rows below this one were not read"
)


def _row_fault(path: Path, row: _Line, columns: tuple[str, ...]) -> Problem | None:
    place = f"{path}:{row.number}"
    if row.fault:
        return Problem(place, row.fault, _QUOTING)
    if len(row.values) == len(columns):
        return None
    message = f"{_count(row.values)} where the header names {len(columns)}: {shown(','.join(row.values))}"
    return Problem(place, message, 'give each column a value (it may be empty); put "…" round one that holds a comma')


def _count(values: tuple[str, ...]) -> str:
    return "1 value" if len(values) == 1 else f"{len(values)} values"


def _header_faults(place: str, columns: tuple[str, ...]) -> list[Problem]:
    header = shown(",".join(columns))
    missing = [
        Problem(place, f"the column `{name}` is missing; the header says {header}", _column_remedy(name, columns))
        for name in REQUIRED
        if name not in columns
    ]
    twice = [
        Problem(place, f"{count} columns are called {shown(name)}", "give each column a name of its own")
        for name, count in Counter(columns).items()
        if count > 1
    ]
    odd = [
        Problem(place, f"the column {shown(name)} holds {character}", "a name is one line of plain text")
        for name in columns
        if (character := forbidden_character(name))
    ]
    unnamed = [Problem(place, "a column has no name", "name it or remove it")] if "" in columns else []
    return [*missing, *twice, *odd, *unnamed]


def _column_remedy(name: str, columns: tuple[str, ...]) -> str:
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        return "separate the columns with commas"
    others = tuple(column for column in columns if column not in REQUIRED)
    near = nearest(name, others)
    return f"did you mean `{name}` by {shown(near)}? rename it" if near else _expected_header()


def _expected_header() -> str:
    return "the first row names the columns: subject,relation,object (also false_object, truth, pair, others)"
