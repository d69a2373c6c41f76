"""Facts as their author states them, from the spec itself or from a CSV beside it.

1. Read the records, each with its place.
2. Check every cell; make rows of the records that pass.
3. Check the rows against one another and against the spec's relations.
4. Report all problems at once, or hand the rows on.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.check import row_problems
from reportgen.facts.rows import Row, as_row, cell_problems, cleaned
from reportgen.facts.table import REQUIRED, Record, Table, read_table
from reportgen.notices import Notice
from reportgen.spec.facts_section import FactSection, FactsSection


@dataclass(frozen=True)
class FactRows:
    """All rows of a source in its order, the source in words (the file's header comment included), and what in it is no
    fact."""

    rows: tuple[Row, ...]
    source: str
    notices: tuple[Notice, ...] = ()


def read_facts(section: FactsSection, spec_path: Path) -> FactRows:
    """The rows that `section` states or points to; a relative path starts at the spec's own folder."""
    table = _inline(section, spec_path) if section.file is None else _from_file(section.file, spec_path)
    wordings = {name: relation.wordings for name, relation in section.relations.items()}
    records = [cleaned(record) for record in table.records]
    complete = [record for record in records if all(name in record.cells for name in REQUIRED)]
    faults = {record.where: cell_problems(record) for record in records}
    rows = tuple(as_row(record, wordings) for record in complete if not faults[record.where])
    cells = [problem for found in faults.values() for problem in found]
    problems = [*table.problems, *cells, *row_problems(rows, section.relations, f"{spec_path}: facts.relations")]
    if problems:
        raise InputError(*problems)
    return FactRows(rows, _source(section, table.comment))


def _inline(section: FactsSection, spec_path: Path) -> Table:
    records = (Record(f"{spec_path}: facts.items[{index}]", _cells(item)) for index, item in enumerate(section.items))
    return Table("", tuple(records), ())


def _cells(item: FactSection) -> dict[str, str]:
    return {
        "subject": item.subject,
        "relation": item.relation,
        "object": item.object,
        "false_object": item.false_object or "",
    }


def _from_file(file: str, spec_path: Path) -> Table:
    named_in = f"{spec_path}: facts.file"
    try:
        path = Path(os.path.realpath(spec_path.parent / file))
    except (OSError, ValueError) as err:
        raise InputError(Problem(named_in, f"{shown(file)} is no path: {err}")) from err
    return read_table(path, named_in)


def _source(section: FactsSection, comment: str) -> str:
    """Words for the page: never a path of the author's machine."""
    if section.file is None:
        return "The facts stand in the spec itself."
    path = Path(section.file)
    name = path.name if path.is_absolute() or ".." in path.parts else path.as_posix()
    return f"The facts stand in {name}." + (f"\n{comment}" if comment else "")
