"""Facts as their source states them: the spec itself, a file beside it, or a data set.

1. Read the records, each with its place (`read_source`; one reader a container and one a layout, in `readers/`).
2. Check every cell; make rows of the records that pass.
3. Check the rows against one another and against the spec's relations.
4. Report all problems at once, or hand the rows on. In a data set that others published, single records that are wrong are
   left out and named instead: nobody can mend them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from reportgen.errors import InputError, Problem
from reportgen.facts.check import agreeing, row_problems
from reportgen.facts.containers import own_rows, published_rows
from reportgen.facts.packs import read_pack
from reportgen.facts.readers import counterfact, geometry_of_truth, known_1000, lre, own_table, pararel, popqa
from reportgen.facts.readers.hub_dataset import HubTable, read_dataset
from reportgen.facts.readers.raw import RawTable
from reportgen.facts.rows import Row, as_row, cell_problems, cleaned
from reportgen.facts.source import source_path
from reportgen.facts.table import REQUIRED, Record, Table
from reportgen.notices import Notice
from reportgen.spec.facts_section import ColumnsSection, DatasetSection, FactSection, FactsSection

MOST_NAMED = 200


@dataclass(frozen=True)
class FactRows:
    """All rows of a source in its order, the source in words (the file's header comment included), and what in it is no
    fact."""

    rows: tuple[Row, ...]
    source: str
    notices: tuple[Notice, ...] = ()


def read_facts(section: FactsSection, spec_path: Path) -> FactRows:
    """The rows that `section` states or points to; a relative path starts at the spec's own folder.

    Raises InputError that lists everything wrong with them, StudyError where the source cannot be had here.
    """
    table = read_source(section, spec_path)
    wordings = {name: relation.wordings for name, relation in section.relations.items()}
    records = [cleaned(record) for record in table.records]
    complete = [record for record in records if all(name in record.cells for name in REQUIRED)]
    faults = {record.where: cell_problems(record) for record in records}
    rows = tuple(as_row(record, wordings) for record in complete if not faults[record.where])
    problems, left_out = list(table.problems), list(table.left_out)
    cells = [problem for found in faults.values() for problem in found]
    if table.layout is None:
        problems += cells
    else:
        rows, lines = agreeing(rows)
        left_out += [*(f"{problem.where}: {problem.message}" for problem in cells), *lines]
    problems += row_problems(rows, section.relations, f"{spec_path}: facts.relations")
    if problems:
        raise InputError(*problems)
    return FactRows(rows, _source(section, table), _notices(left_out, section, spec_path))


def read_source(section: FactsSection, spec_path: Path) -> Table:
    """What the source says, by the reader of its kind; raises InputError where nothing in it can be read."""
    if section.dataset is not None:
        return _from_dataset(section, section.dataset, spec_path)
    if section.file is not None:
        return _from_file(section, section.file, spec_path)
    if section.pack is not None:
        return read_pack(section.pack, spec_path)
    return _inline(section, spec_path)


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


def _from_file(section: FactsSection, file: str, spec_path: Path) -> Table:
    named_in = f"{spec_path}: facts.file"
    path = source_path(file, spec_path)
    if section.format == "pararel":
        return _published(section, spec_path) or pararel.read(path, named_in, section.relations)
    if section.format == "lre":
        return _published(section, spec_path) or lre.read(path, named_in)
    if section.format in _OWN:
        return own_table.read(own_rows(section.format, path, named_in), section, f"{spec_path}: facts")
    return _published(section, spec_path) or _laid_out(published_rows(section.format, path, named_in), section)


_OWN = ("auto", "csv", "json_lines", "parquet", "excel")


def _from_dataset(section: FactsSection, dataset: DatasetSection, spec_path: Path) -> Table:
    if section.format in ("lre", "pararel"):
        message = f"the layout `{section.format}` is one of files, and the facts are in a `dataset`"
        raise InputError(Problem(f"{spec_path}: facts.format", message, "name the `file` or folder, or another format"))
    if section.format in _OWN:
        found = read_dataset(dataset, spec_path)
        table = own_table.read(found.raw, section, f"{spec_path}: facts")
    else:
        refused = _published(section, spec_path)
        found = read_dataset(dataset, spec_path)
        table = refused or _laid_out(found.raw, section)
    return replace(table, comment=_of_hub(dataset, found))


def _of_hub(dataset: DatasetSection, found: HubTable) -> str:
    config = f", configuration {dataset.config}" if dataset.config else ""
    return f"Read from the Hugging Face hub{config}, split {dataset.split}, revision {found.commit}."


def _published(section: FactsSection, spec_path: Path) -> Table | None:
    """The problem of columns that are named for a layout which has its own, where there is one."""
    if section.columns == ColumnsSection():
        return None
    message = f"the layout `{section.format}` says itself what its columns hold"
    return Table("", (), (Problem(f"{spec_path}: facts.columns", message, "leave out `columns`, or `format`"),))


def _laid_out(raw: RawTable, section: FactsSection) -> Table:
    """Raw rows by the layout of a published data set."""
    if section.format == "counterfact":
        return counterfact.read(raw)
    if section.format == "known_1000":
        return known_1000.read(raw)
    if section.format == "popqa":
        return popqa.read(raw, section.relations)
    assert section.format == "geometry_of_truth", "every layout has its reader"
    return geometry_of_truth.read(raw, section.statements)


def _source(section: FactsSection, table: Table) -> str:
    """Words for the page: never a path of the author's machine."""
    where = _place(section)
    layout = f", in the layout of {table.layout.name} ({table.layout.citation})" if table.layout is not None else ""
    return f"The facts stand in {where}{layout}." + (f"\n{table.comment}" if table.comment else "")


def _place(section: FactsSection) -> str:
    if section.dataset is not None:
        return f"the data set {section.dataset.name}"
    if section.pack is not None:
        return f"the pack {section.pack} of reportgen"
    if section.file is None:
        return "the spec itself"
    path = Path(section.file)
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


def _notices(left_out: list[str], section: FactsSection, spec_path: Path) -> tuple[Notice, ...]:
    """What is left out, counted and named; of very much the first lines."""
    if not left_out:
        return ()
    folder = source_path(section.file, spec_path).parent if section.file is not None else spec_path.parent
    items = [line.replace(f"{folder}/", "") for line in left_out[:MOST_NAMED]]
    if len(left_out) > MOST_NAMED:
        items.append(f"and {len(left_out) - MOST_NAMED:,} more")
    one = len(left_out) == 1
    message = (
        f"{len(left_out):,} {'entry' if one else 'entries'} of {_place(section)} {'is' if one else 'are'} left out."
    )
    return (Notice("left out", message, tuple(items)),)
