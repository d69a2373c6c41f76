"""Facts as they are named on the command line: a study's spec, a pack of the catalogue, or a file of facts by itself.

A file by itself has no spec that words its relations. Each then has a plain wording, subject before object, unless the file
is of a data set that brings its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reportgen.catalogue import find_pack, pack_names
from reportgen.errors import InputError, Problem, shown
from reportgen.facts.choosing import choose
from reportgen.facts.packs import asked_of
from reportgen.facts.read import read_source
from reportgen.facts.rows import Row
from reportgen.facts.table import Table
from reportgen.facts.words import clean
from reportgen.spec.facts_section import ColumnsSection, FactsFormat, FactsSection, RelationSection
from reportgen.spec.load import load_spec
from reportgen.spec.model_section import ModelSection
from reportgen.spec.wording import did_you_mean

PLAIN = "{subject}: {object}"
_SPECS = (".yml", ".yaml")
_PUBLISHED = ("counterfact", "known_1000", "lre", "pararel", "geometry_of_truth", "popqa")


@dataclass(frozen=True)
class Named:
    """The facts section that says where the facts are, the file that errors name and relative paths start beside, and the
    model of a spec. `worded` is whether the wordings are somebody's own."""

    section: FactsSection
    path: Path
    model: ModelSection | None = None
    worded: bool = True

    def header(self, source: str) -> str:
        """What the source says of itself; where it lies is told only of data sets that others published."""
        where, _, said = source.partition("\n")
        published = self.section.dataset is not None or self.section.format in _PUBLISHED
        return f"{where}\n{said}".rstrip() if published else said

    def unworded(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The rows without wordings that nobody chose."""
        return tuple(rows) if self.worded else tuple(replace(row, templates=()) for row in rows)


def asked_rows(named: Named, rows: Sequence[Row]) -> tuple[Row, ...]:
    """Those of the source's rows that a study of these facts asks of; raises InputError where there are none."""
    return choose(rows, asked_of(named.section, named.path), f"{named.path}: facts.only")


def name_facts(target: str, layout: FactsFormat = "auto", columns: Mapping[str, str] | None = None) -> Named:
    """What `target` names; raises InputError where that is nothing, or a spec or file that cannot be read."""
    path = Path(target)
    if path.suffix.lower() in _SPECS:
        spec = load_spec(path)
        return Named(spec.spec.facts, path, spec.spec.model)
    if path.exists():
        return _of_file(path, layout, ColumnsSection(**(columns or {})))
    if target in pack_names() or not path.suffix:
        pack = find_pack(target, "PACK")
        return Named(FactsSection(pack=pack.name), pack.path)
    near = did_you_mean(target, pack_names())
    raise InputError(
        Problem(target, "there is no such file, nor a pack of this name", near or "see `reportgen facts list`")
    )


def _of_file(path: Path, layout: FactsFormat, columns: ColumnsSection) -> Named:
    # A table without a column of relations has one, which may be called by what it is about.
    alone = {columns.object or "fact": RelationSection(template=PLAIN)}
    bare = FactsSection.model_construct(file=str(path.absolute()), format=layout, columns=columns, relations=alone)
    if bare.brings_wordings or columns.statement is not None:
        return Named(
            bare.model_copy(update={"false_objects": "given" if _has_false(bare, path) else "derangement"}), path
        )
    table = read_source(bare, path)
    if table.problems:
        raise InputError(*table.problems)
    relations = dict.fromkeys(clean(record.cells["relation"]) for record in table.records)
    plain = {name: RelationSection(template=PLAIN) for name in relations if name}
    return Named(
        FactsSection(
            file=str(path.absolute()),
            format=layout,
            columns=columns,
            relations=plain or {"fact": RelationSection(template=PLAIN)},
            false_objects="given" if _says_false(table) else "derangement",
        ),
        path,
        worded=False,
    )


def _has_false(section: FactsSection, path: Path) -> bool:
    return _says_false(read_source(section, path))


def _says_false(table: Table) -> bool:
    """Whether any record is false, or brings a false object."""
    return any(
        record.cells.get("false_object", "").strip() or clean(record.cells.get("truth", "true")).casefold() == "false"
        for record in table.records
    )


def matched(named: Named) -> Named:
    """The same with false objects of as many tokens as the true ones, where no spec says how they come about and the facts
    bring none."""
    if named.model is not None or named.section.false_objects == "given":
        return named
    return replace(named, section=named.section.model_copy(update={"false_objects": "matched_derangement"}))


def require_suffix(path: Path, known: tuple[str, ...]) -> str:
    """The ending of a file to be written, in lower case; raises InputError for any but the known ones."""
    if path.suffix.lower() in known:
        return path.suffix.lower()
    message = f"facts are not written as {shown(path.suffix) if path.suffix else 'a file without an ending'}"
    raise InputError(Problem(str(path), message, f"end the name with {', '.join(known[:-1])} or {known[-1]}"))
