"""An author's own table, from whatever container: its columns by the names that the spec gives them.

1. Columns named under `facts.columns` get our names; a column of the file that has that name already is set aside.
2. Where statements are whole, subject and object are found in them (`sentences`).
3. Else `subject` and `object` must be there, and `relation`, unless the spec words one relation alone: then all facts are its.
"""

from collections.abc import Iterator, Mapping

from reportgen.errors import Problem, nearest, shown
from reportgen.facts.readers.csv_table import EXPECTED
from reportgen.facts.readers.published import UnplacedError
from reportgen.facts.readers.raw import CellError, RawRow, RawTable, cell_text
from reportgen.facts.readers.sentences import Wording, by_templates, by_words, paired, relation_of
from reportgen.facts.table import REQUIRED, Record, Table
from reportgen.facts.words import clean, forbidden_character
from reportgen.spec.facts_section import ColumnsSection, FactsSection
from reportgen.spec.wording import did_you_mean, listed

_OURS = tuple(ColumnsSection.model_fields)


def read(raw: RawTable, section: FactsSection, place: str) -> Table:
    """The table's records; `place` is that of `facts` in the spec."""
    given = {ours: theirs for ours in _OURS if (theirs := getattr(section.columns, ours)) is not None}
    unknown = list(_unknown(raw, given, f"{place}.columns"))
    if unknown:
        return Table(raw.comment, (), (*unknown, *raw.problems), raw.left_out)
    named, aside = _named(raw, given)
    table = _of_statements(named, section) if _whole(section) else _of_names(named, section)
    faults = (*table.problems, *raw.problems, *_odd_names(named))
    return Table(raw.comment, table.records, faults, (*raw.left_out, *aside, *table.left_out))


def _whole(section: FactsSection) -> bool:
    return bool(section.statements) or section.columns.statement is not None


def _unknown(raw: RawTable, given: Mapping[str, str], place: str) -> Iterator[Problem]:
    for ours, theirs in given.items():
        if theirs not in raw.columns:
            remedy = did_you_mean(theirs, raw.columns) or f"there are {listed(raw.columns)}"
            yield Problem(f"{place}.{ours}", f"the facts have no column {shown(theirs)}", remedy)
    for theirs in {theirs for theirs in given.values() if list(given.values()).count(theirs) > 1}:
        yield Problem(place, f"the column {shown(theirs)} is named twice", "a column holds one thing")


def _named(raw: RawTable, given: Mapping[str, str]) -> tuple[RawTable, tuple[str, ...]]:
    """The table with our names for its columns, and a line for each column that had to give way."""
    ours = {theirs: name for name, theirs in given.items()}
    aside = [name for name in raw.columns if name in given and name not in ours]
    kept = {name: ours.get(name, name) for name in raw.columns if name not in aside}
    rows = tuple(RawRow(row.where, {name: row.values.get(theirs) for theirs, name in kept.items()}) for row in raw.rows)
    lines = (
        f"{raw.where}: the column {shown(name)} is not read, since {shown(given[name])} is named in its place"
        for name in aside
    )
    return RawTable(raw.where, raw.said, tuple(kept.values()), rows), tuple(lines)


def _of_names(raw: RawTable, section: FactsSection) -> Table:
    only = next(iter(section.relations)) if len(section.relations) == 1 and "relation" not in raw.columns else None
    missing = [
        Problem(raw.where, f"the column `{name}` is missing; {raw.said}", _remedy(name, raw.columns))
        for name in REQUIRED
        if name not in raw.columns and (name != "relation" or only is None)
    ]
    records, problems = [], list(missing)
    for row in raw.rows:
        cells = _cells(row)
        if isinstance(cells, Problem):
            problems.append(cells)
        else:
            records.append(Record(row.where, cells if only is None else {**cells, "relation": only}))
    return Table("", tuple(records), tuple(problems))


def _cells(row: RawRow) -> dict[str, str] | Problem:
    cells = {}
    for name, value in row.values.items():
        if name in _OURS and isinstance(value, list | dict):
            kind = "a list" if isinstance(value, list) else "an object"
            return Problem(row.where, f"{shown(name)} is {kind}, {shown(cell_text(value))}", "it is one name")
        try:
            cells[name] = cell_text(value)
        except CellError as err:
            return Problem(row.where, f"{shown(name)} {err}", "leave it out")
    return cells


def _of_statements(raw: RawTable, section: FactsSection) -> Table:
    if "statement" not in raw.columns:
        return Table("", (), (Problem(raw.where, f"the column `statement` is missing; {raw.said}", _NAME_IT),))
    wordings = tuple(_wordings(section))
    records, problems, left_out = [], [], []
    for row in raw.rows:
        cells = _cells(row)
        if isinstance(cells, Problem):
            problems.append(cells)
            continue
        try:
            records.append(_taken_apart(row.where, cells, wordings, section))
        except UnplacedError as why:
            left_out.append(f"{row.where}: {why}")
    if not records and not problems and left_out:
        message = (
            f"subject and object are found in none of the {len(left_out)} statements; the first says: {left_out[0]}"
        )
        problems.append(Problem(raw.where, message, "write their template under `facts.statements`"))
    return Table("", tuple(paired(records)), tuple(problems), tuple(left_out))


_NAME_IT = "name the column with whole statements as `facts.columns.statement`"


def _wordings(section: FactsSection) -> Iterator[Wording]:
    """The spec's templates: those for statements, by the relation that has the same, then those of the relations."""
    own = {template: name for name, relation in section.relations.items() for template in relation.wordings}
    alone = next(iter(section.relations)) if len(section.relations) == 1 else ""
    for template in section.statements:
        yield Wording(template, own.get(template, alone))
    for template, name in own.items():
        yield Wording(template, name)


def _taken_apart(where: str, cells: Mapping[str, str], wordings: tuple[Wording, ...], section: FactsSection) -> Record:
    statement = clean(cells["statement"])
    if not statement:
        raise UnplacedError("`statement` is empty")
    kept = {name: text for name, text in cells.items() if name not in ("statement", "subject", "object")}
    if {"subject", "object"} <= cells.keys() and not section.statements:
        subject, object_ = clean(cells["subject"]), clean(cells["object"])
        found = Wording(by_words(statement, subject, object_))
    else:
        apart = by_templates(statement, wordings, kept)
        subject, object_, found = apart.subject, apart.object, apart.wording
    alone = next(iter(section.relations)) if len(section.relations) == 1 else ""
    relation = clean(kept.get("relation", "")) or found.relation or alone or relation_of(found.template)
    return Record(where, {**kept, "subject": subject, "relation": relation, "object": object_}, (found.template,))


def _odd_names(raw: RawTable) -> Iterator[Problem]:
    for name in raw.columns:
        if character := forbidden_character(name):
            yield Problem(raw.where, f"the column {shown(name)} holds {character}", "a name is one line of plain text")
    if "" in raw.columns:
        yield Problem(raw.where, "a column has no name", "name it or remove it")


def _remedy(name: str, columns: tuple[str, ...]) -> str:
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        return "separate the columns with commas"
    others = tuple(column for column in columns if column not in REQUIRED)
    near = nearest(name, others)
    return f"did you mean `{name}` by {shown(near)}? rename it, or say so under `facts.columns`" if near else EXPECTED
