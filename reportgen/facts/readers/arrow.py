"""Rows out of Arrow tables, as Parquet and the hub's library hold them, a batch at a time.

A batch is refused before it becomes Python where it would take more memory than a file of facts may: a few bytes of
Parquet can stand for gigabytes of one word.
"""

import datetime
import decimal
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.readers.raw import MOST_COLUMNS, MOST_EXPANDED, MOST_VALUES, CellError, Number, Value, require_rows

LONGEST_CELL = 131_072
"""Characters; the same as Python's CSV reader takes."""
_EACH = 50
"""The bytes of an empty string in Python."""


def plain_value(value: Any) -> Value:
    """What a typed value is in this room: numbers, dates and times as text, a number that is none (NaN) as an empty cell.

    Raises CellError for bytes that are no text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value
    if isinstance(value, int | decimal.Decimal):
        return Number(value)
    if isinstance(value, float):
        return None if math.isnan(value) else Number(repr(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as err:
            raise CellError("holds bytes that are no text in UTF-8") from err
    if isinstance(value, Mapping):
        return {str(name): plain_value(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [plain_value(one) for one in value]
    return str(value)


def require_size(where: str, rows: int, columns: int) -> None:
    """Raises InputError where a table has more cells than may be read, or more columns than anything is known by."""
    require_rows(where, rows)
    if columns > MOST_COLUMNS:
        message = f"the facts have {columns:,} columns, more than the {MOST_COLUMNS:,} allowed"
        raise InputError(Problem(where, message, "keep the columns that the study needs"))
    if rows * columns > MOST_VALUES:
        message = f"the facts have {rows:,} rows of {columns:,} columns, more than the {MOST_VALUES:,} cells allowed"
        raise InputError(Problem(where, message, "keep the facts that the study needs, or split it into studies"))


class Batches:
    """Batches of one table made rows, with the characters that they have taken so far."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.taken = 0
        self.number = 0

    def rows(self, batch: Any) -> Iterator[tuple[int, dict[str, Value]]]:
        """The rows of a RecordBatch with their numbers from 1. Raises InputError where they are too much or no text."""
        names = tuple(batch.schema.names)
        for name, column in zip(names, batch.columns, strict=True):
            self._weigh(name, column)
        columns = [column.to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            self.number += 1
            yield self.number, {name: self._value(name, value) for name, value in zip(names, values, strict=True)}

    def _value(self, name: str, value: Any) -> Value:
        try:
            return plain_value(value)
        except CellError as err:
            place = f"{self.where}: row {self.number}"
            raise InputError(Problem(place, f"{shown(name)} {err}", "store it as text")) from err

    def _weigh(self, name: str, column: Any) -> None:
        """Add what a column's texts take when each of them is a Python string; nested ones are looked into."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        if pa.types.is_nested(column.type):
            for part in _parts(column):
                self._weigh(name, part)
            return
        packed = pa.types.is_dictionary(column.type)
        words = column.dictionary if packed else column
        if not _is_text(words.type):
            self.taken += column.nbytes
            self._require()
            return
        lengths = pc.binary_length(words)
        if (longest := pc.max(lengths).as_py() or 0) > LONGEST_CELL:
            message = f"{shown(name)} holds a value of {longest:,} bytes, more than the {LONGEST_CELL:,} allowed"
            raise InputError(Problem(self.where, message, "a value is a name or a sentence"))
        each = pc.cast(pc.take(lengths, column.indices) if packed else lengths, pa.int64())
        self.taken += _EACH * len(column) + (pc.sum(each).as_py() or 0)
        self._require()

    def _require(self) -> None:
        if self.taken > MOST_EXPANDED:
            message = f"the facts take more than {MOST_EXPANDED:,} bytes when they are read"
            raise InputError(Problem(self.where, message, "keep the facts that the study needs"))


def _parts(column: Any) -> list[Any]:
    """The columns inside a nested one."""
    import pyarrow.types as pt  # noqa: PLC0415

    if pt.is_map(column.type):
        return [column.keys, column.items]
    parts = column.flatten()
    return list(parts) if pt.is_struct(column.type) else [parts]


def _is_text(kind: Any) -> bool:
    import pyarrow.types as pt  # noqa: PLC0415

    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_binary(kind) or pt.is_large_binary(kind))
