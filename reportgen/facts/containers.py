"""Which container a file of facts is: by the spec's `format`, else by its ending."""

from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.readers.csv_table import read_csv
from reportgen.facts.readers.excel import read_excel
from reportgen.facts.readers.json_lines import read_json
from reportgen.facts.readers.parquet import read_parquet
from reportgen.facts.readers.plain_file import require_plain
from reportgen.facts.readers.raw import RawTable
from reportgen.spec.facts_section import FactsFormat

_ENDINGS = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_json,
    ".ndjson": read_json,
    ".json": read_json,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
}
_FORMATS = {
    "csv": read_csv,
    "json_lines": read_json,
    "parquet": read_parquet,
    "excel": read_excel,
    "counterfact": read_json,
    "known_1000": read_json,
    "geometry_of_truth": read_csv,
    "popqa": read_csv,
}
"""The container of a format; that of a layout is what it is distributed as."""


def own_rows(kind: FactsFormat, path: Path, named_in: str) -> RawTable:
    """The rows of an author's own file; raises InputError where its kind is not known, or it cannot be read."""
    read = _FORMATS.get(kind) or _ENDINGS.get(path.suffix.lower())
    if read is not None:
        return read(path, named_in)
    require_plain(path, named_in, "CSV")
    ending = f"the ending {shown(path.suffix)}" if path.suffix else "no ending"
    message = f"{path} has {ending}, which does not say what kind of file it is"
    raise InputError(Problem(named_in, message, f"known are {', '.join(_ENDINGS)}; any other needs `facts.format`"))


def published_rows(kind: FactsFormat, path: Path, named_in: str) -> RawTable:
    """The rows of a data set's file: by its ending, else as it is distributed; raises InputError where it cannot be read."""
    return (_ENDINGS.get(path.suffix.lower()) or _FORMATS[kind])(path, named_in)
