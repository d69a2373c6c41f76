"""A table in an Excel workbook (.xlsx): its first sheet, row by row.

1. The workbook is a ZIP archive: one that unpacks to more than is allowed is refused by its directory, unopened, and so is one
   with a tag or a text longer than any that Excel writes: XML readers of some age read such a one again and again.
2. The first sheet that holds cells is read; the others are named as left out.
3. Rows above the column names whose only cell starts with # are the comment that the page shows, as in a CSV.
4. A cell is the value that stands in it, not how Excel shows it; formulas are not evaluated: of one there is the value that
   was saved with it, or an empty cell where none was.
"""

import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reportgen.errors import InputError, Problem, StudyError, shown
from reportgen.facts.readers.arrow import LONGEST_CELL, plain_value
from reportgen.facts.readers.csv_table import EXPECTED
from reportgen.facts.readers.plain_file import require_plain
from reportgen.facts.readers.raw import (
    MOST_EXPANDED,
    MOST_VALUES,
    RawRow,
    RawTable,
    Value,
    cell_text,
    columns_twice,
    reason_of,
    require_rows,
)
from reportgen.facts.words import clean

_Row = tuple[int, list[Value]]
_CHUNK = 1_000_000


def read_excel(path: Path, named_in: str) -> RawTable:
    """The rows of the workbook at `path`, each by its number in the sheet; `named_in` is the place in the spec that names it.

    Raises InputError where it cannot be read or holds too much, StudyError where openpyxl is not installed.
    """
    require_plain(path, named_in, "Excel")
    if find_spec("openpyxl") is None:
        raise StudyError(f'{named_in}: an Excel workbook needs openpyxl: pip install "reportgen[excel]"')
    _require_small(path)
    from openpyxl import load_workbook  # noqa: PLC0415

    try:
        _require_short_pieces(path)
        with path.open("rb") as opened:  # a path has to have the right ending, an open file has not
            return _first_sheet(path, load_workbook(opened, read_only=True, data_only=True, keep_links=False))
    except InputError:
        raise
    except Exception as err:  # whatever openpyxl makes of a file that only looks like a workbook
        message = f"this is no Excel workbook that can be read: {type(err).__name__}: {reason_of(err)}"
        raise InputError(Problem(str(path), message, _SAVE)) from err


_SAVE = "save it again as .xlsx without a password, or as CSV in UTF-8"


def _require_small(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as err:
        raise InputError(Problem(str(path), f"this is no Excel workbook (.xlsx): {reason_of(err)}", _SAVE)) from err
    if unpacked > MOST_EXPANDED:
        message = f"the workbook unpacks to {unpacked:,} bytes, more than the {MOST_EXPANDED:,} allowed"
        raise InputError(Problem(str(path), message, "keep the facts that the study needs, or split it into studies"))


def _require_short_pieces(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name.lower().endswith((".xml", ".rels"))]
        if long := next((name for name in parts if _has_long_piece(archive, name)), None):
            message = f"the part {shown(long)} of the workbook holds {_CHUNK:,} bytes or more without the end of a tag"
            raise InputError(Problem(str(path), message, "a value is a name or a sentence"))


def _has_long_piece(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether some `_CHUNK` bytes of XML, counted from the beginning, hold no end of a tag."""
    with archive.open(part) as opened:
        while chunk := opened.read(_CHUNK):
            if len(chunk) == _CHUNK and b">" not in chunk:
                return True
    return False


def _first_sheet(path: Path, book: Any) -> RawTable:
    sheets = list(book.worksheets)
    rows: list[_Row] = []
    while sheets and not rows:
        sheet = sheets.pop(0)
        rows = list(_rows(path, sheet))
    if not rows:
        raise InputError(Problem(str(path), "the workbook has no cells", EXPECTED))
    others = tuple(f"{path}: sheet {shown(other.title)}: only the first sheet is read" for other in sheets)
    comment, (header, names), below = _split(rows)
    columns = tuple(clean(cell_text(name)) for name in names)
    place = f"{path}:{header}"
    wide = [Problem(f"{path}:{number}", _wide(cells, columns), "name each column") for number, cells in below]
    wide = [problem for problem, (_, cells) in zip(wide, below, strict=True) if len(cells) > len(columns)]
    empty = Problem(place, "the sheet has a header and no facts", "write one fact a row under it")
    return RawTable(
        where=place,
        said=f"the header says {shown(','.join(columns))}",
        columns=columns,
        rows=tuple(
            RawRow(f"{path}:{number}", dict(zip(columns, [*cells, *[None] * len(columns)], strict=False)))
            for number, cells in below
        ),
        comment=comment,
        problems=(*columns_twice(place, columns), *wide, *(() if below else (empty,))),
        left_out=others,
    )


def _rows(path: Path, sheet: Any) -> Iterator[_Row]:
    """The rows that hold anything, without the empty cells at their end."""
    sheet.reset_dimensions()  # they may claim a million rows of sixteen thousand empty cells
    taken = found = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        taken += len(row) or 1
        if taken > MOST_VALUES:
            message = f"the sheet has more than the {MOST_VALUES:,} cells allowed"
            raise InputError(Problem(str(path), message, "delete what is not needed, empty rows and columns too"))
        cells = [_cell(f"{path}:{number}", cell) for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            found += 1
            require_rows(str(path), found)
            yield number, cells


def _cell(where: str, cell: Any) -> Value:
    value = plain_value(cell.value)
    if getattr(cell, "data_type", "") == "e":
        raise InputError(
            Problem(where, f"a cell holds Excel's error {shown(cell_text(value))}", "mend it, or empty it")
        )
    if isinstance(value, str) and len(value) > LONGEST_CELL:
        raise InputError(Problem(where, f"a cell holds {len(value):,} characters", "a value is a name or a sentence"))
    return value if value != "" else None


def _split(rows: list[_Row]) -> tuple[str, _Row, list[_Row]]:
    """The comment, the row of column names, and what stands below it."""
    comment: list[str] = []
    for at, (number, cells) in enumerate(rows):
        text = cell_text(cells[0])
        if len(cells) > 1 or not text.startswith("#"):
            return "\n".join(comment), (number, cells), rows[at + 1 :]
        comment.append(clean(text.lstrip("#")))
    return "\n".join(comment), rows[-1], []


def _wide(cells: list[Value], columns: tuple[str, ...]) -> str:
    return f"{len(cells)} cells where the header names {len(columns)}"
