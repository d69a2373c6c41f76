"""A table in Parquet: read in batches, text columns in their dictionary encoding, so that a file that stands for far more
than it holds is refused before it is taken out."""

from pathlib import Path
from typing import Any

from reportgen.errors import InputError, Problem
from reportgen.facts.readers.arrow import Batches, require_size
from reportgen.facts.readers.plain_file import require_plain
from reportgen.facts.readers.raw import MOST_EXPANDED, RawRow, RawTable, columns_twice, reason_of
from reportgen.spec.wording import listed

_BATCH = 512


def read_parquet(path: Path, named_in: str) -> RawTable:
    """The rows of the Parquet file at `path`, numbered from 1; `named_in` is the place in the spec that names it.

    Raises InputError where it cannot be read or holds too much.
    """
    import pyarrow as pa  # noqa: PLC0415

    require_plain(path, named_in, "Parquet")
    try:
        return _table(path)
    except (pa.ArrowException, OSError, ValueError) as err:
        message = f"this is no Parquet that can be read: {reason_of(err)}"
        raise InputError(Problem(str(path), message, "write it again, or fetch it again whole")) from err


def _table(path: Path) -> RawTable:
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(path) as file:
        columns = tuple(file.schema_arrow.names)
        twice = columns_twice(str(path), columns)
        if twice:
            raise InputError(*twice)
        _require_small(path, file.metadata, len(columns))
        texts = _texts(file.metadata.schema)
    batches = Batches(str(path))
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        rows = tuple(
            RawRow(f"{path}: row {number}", values)
            for batch in file.iter_batches(batch_size=_BATCH)
            for number, values in batches.rows(batch)
        )
    if not rows:
        raise InputError(Problem(str(path), "the facts file has no row", "write one fact a row"))
    return RawTable(str(path), f"its columns are {listed(columns)}", columns, rows)


def _texts(schema: Any) -> list[str]:
    """The columns of text, those inside of others too."""
    leaves = (schema.column(index) for index in range(len(schema.names)))
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]


def _require_small(path: Path, metadata: Any, columns: int) -> None:
    require_size(str(path), metadata.num_rows, columns)
    expanded = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if expanded > MOST_EXPANDED:
        message = f"the facts file unpacks to {expanded:,} bytes, more than the {MOST_EXPANDED:,} allowed"
        raise InputError(Problem(str(path), message, "keep the facts that the study needs, or split it into studies"))
