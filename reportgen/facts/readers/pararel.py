"""ParaRel, as its repository lays it out: a relation's facts in trex_lms_vocab/P36.jsonl, its paraphrases beside them, in
pattern_data/graphs_json/P36.jsonl.

`file` names the facts of one relation, or a folder: the repository's `data`, or trex_lms_vocab itself, for all relations.
A pattern has [X] where the subject stands and [Y] where the object does; runs of white space in it are one space, and none
stands before its full stop. The relation is its Wikidata property, from the file's name. A relation whose patterns are not
there has to be worded in the spec.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.readers.json_lines import read_json
from reportgen.facts.readers.plain_file import files_below
from reportgen.facts.readers.published import UnplacedError, name_in, place_all
from reportgen.facts.readers.raw import RawRow, RawTable
from reportgen.facts.table import Layout, Record, Table
from reportgen.spec.facts_section import RelationSection

LAYOUT = Layout(
    "ParaRel", "Elazar et al. 2021, Measuring and Improving Consistency in Pretrained Language Models, arXiv:2102.01017"
)

_FACTS, _PATTERNS = "trex_lms_vocab", "pattern_data/graphs_json"


@dataclass(frozen=True)
class _Relation:
    """A relation's wordings and its rows, and the patterns that are no wording."""

    templates: tuple[str, ...]
    rows: tuple[RawRow, ...]
    problems: tuple[Problem, ...]
    left_out: tuple[str, ...]


def files(path: Path, named_in: str) -> tuple[Path, ...]:
    """The files with facts, each followed by the file with its patterns where there is one."""
    return tuple(
        file
        for facts in _facts(path, named_in)
        for file in ((facts, _beside(facts)) if _beside(facts).is_file() else (facts,))
    )


def read(path: Path, named_in: str, relations: Mapping[str, RelationSection]) -> Table:
    """The facts of one relation, or of all in a folder, in their relation's patterns.

    Raises InputError where a relation has neither patterns nor a wording in the spec.
    """
    found = {facts.stem: _relation(facts, named_in, relations) for facts in _facts(path, named_in)}

    def record(row: RawRow) -> Record:
        relation = name_in(row, "relation")
        cells = {"subject": name_in(row, "sub_label"), "relation": relation, "object": name_in(row, "obj_label")}
        return Record(row.where, cells, found[relation].templates)

    raw = RawTable(
        str(path),
        "a fact has `sub_label` and `obj_label`",
        (),
        tuple(
            RawRow(row.where, {**row.values, "relation": name})
            for name, relation in found.items()
            for row in relation.rows
        ),
        problems=tuple(problem for relation in found.values() for problem in relation.problems),
        left_out=tuple(line for relation in found.values() for line in relation.left_out),
    )
    return place_all(raw, LAYOUT, record)


def _facts(path: Path, named_in: str) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    return files_below(path / _FACTS if (path / _FACTS).is_dir() else path, "P*.jsonl", named_in)


def _beside(facts: Path) -> Path:
    return facts.parent.parent / _PATTERNS / facts.name


def _relation(facts: Path, named_in: str, relations: Mapping[str, RelationSection]) -> _Relation:
    raw = read_json(facts, named_in)
    patterns = _beside(facts)
    if not patterns.is_file():
        if facts.stem not in relations:
            remedy = f"lay the patterns where the data set has them, at {patterns}, or word {facts.stem} under facts.relations"
            raise InputError(Problem(str(facts), f"the relation {shown(facts.stem)} has no patterns beside it", remedy))
        return _Relation((), raw.rows, raw.problems, ())
    wordings = read_json(patterns, named_in)
    templates: dict[str, None] = {}
    odd: list[str] = []
    for row in wordings.rows:
        try:
            templates[_template(name_in(row, "pattern"))] = None
        except UnplacedError as why:
            odd.append(f"{row.where}: {why}")
    if not templates and facts.stem not in relations:
        raise InputError(Problem(str(patterns), "no line of it is a pattern with [X] and [Y]", "fetch the file again"))
    return _Relation(tuple(templates), raw.rows, (*raw.problems, *wordings.problems), tuple(odd))


def _template(pattern: str) -> str:
    text = re.sub(r"\s+", " ", pattern).replace(" .", ".")
    if text.count("[X]") != 1 or text.count("[Y]") != 1 or "{" in text or "}" in text:
        raise UnplacedError(f"the pattern {shown(pattern)} does not have [X] and [Y] once each")
    return text.replace("[X]", "{subject}").replace("[Y]", "{object}")
