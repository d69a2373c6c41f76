"""From the spec's `facts` section to the facts of a study.

1. Read every row of the source.
2. Keep the first `limit` true facts, for a quick look.
3. Give each its false twin. All rows, the ones cut off too, say what is true of a subject.
4. Say what the facts themselves make doubtful.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reportgen.errors import InputError, Problem
from reportgen.facts.fact import FactSet
from reportgen.facts.guards import doubts
from reportgen.facts.read import read_facts
from reportgen.facts.rows import Row
from reportgen.facts.twins import TokenCount, Twinned, make_twins, truths_of
from reportgen.spec.model import FactsSection


def load_facts(section: FactsSection, spec_path: Path, token_count: TokenCount, limit: int | None = None) -> FactSet:
    """The study's facts; `token_count` says how many tokens an object takes in its statement."""
    read = read_facts(section, spec_path)
    rows = read.rows if limit is None else tuple(_first(read.rows, limit))
    twinned = make_twins(rows, section.false_objects, truths_of(read.rows), section.seed, token_count)
    if not twinned.facts:
        raise InputError(_nothing_left(twinned, spec_path))
    templates = {name: relation.template for name, relation in section.relations.items()}
    return FactSet(twinned.facts, templates, (*twinned.notices, *doubts(twinned.facts)), read.source)


def _first(rows: Sequence[Row], limit: int) -> Iterator[Row]:
    """The first `limit` true rows, the false ones paired with them, and as many of those without a pair."""
    true_pairs = {row.pair for row in rows if row.truth and row.pair}
    kept: set[str] = set()
    true, alone = 0, 0
    for row in rows:
        if row.truth and true < limit:
            true += 1
            kept |= {row.pair} - {""}
            yield row
        elif not row.truth and row.pair not in true_pairs and alone < limit:
            alone += 1
            yield row
    # `given` puts a twin behind its true fact wherever it stands here.
    yield from (row for row in rows if not row.truth and row.pair in kept)


def _nothing_left(twinned: Twinned, spec_path: Path) -> Problem:
    items = [item for notice in twinned.notices for item in notice.items]
    message = "no fact is left to study" + (f"; the first to go was {items[0]}" if items else "")
    return Problem(
        f"{spec_path}: facts",
        message,
        "a relation needs true facts about two subjects or more, with different objects",
    )
