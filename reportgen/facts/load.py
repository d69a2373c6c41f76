"""From the spec's `facts` section to the facts of a study.

1. Read every row of the source.
2. Keep those that the study is about (`only`), and of these the first `limit` true ones, for a quick look.
3. Give each its false twin. All rows, the ones cut off too, say what is true of a subject.
4. Word each pair by every template of its own.
5. Say what the facts themselves make doubtful.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reportgen.errors import InputError, Problem
from reportgen.facts.choosing import choose
from reportgen.facts.fact import FactSet
from reportgen.facts.guards import doubts
from reportgen.facts.likely_twins import Likely, nobody_asked
from reportgen.facts.packs import asked_of
from reportgen.facts.pairing import truths_of
from reportgen.facts.read import read_facts
from reportgen.facts.rows import Row
from reportgen.facts.twins import TokenCount, make_twins
from reportgen.facts.wordings import TEMPLATE, in_words
from reportgen.notices import Notice
from reportgen.spec.facts_section import FactsSection


def load_facts(
    section: FactsSection,
    spec_path: Path,
    token_count: TokenCount,
    limit: int | None = None,
    likely: Likely = nobody_asked,
) -> FactSet:
    """The study's facts; `token_count` says how many tokens an object takes in its statement, and `likely` how likely the
    model finds objects, where false ones go by that."""
    read = read_facts(section, spec_path)
    chosen = choose(read.rows, asked_of(section, spec_path), f"{spec_path}: facts.only")
    rows = chosen if limit is None else tuple(_first(chosen, limit))
    twinned = make_twins(rows, section.false_objects, truths_of(read.rows), section.seed, token_count, likely)
    worded = in_words(twinned.pairs)
    notices = (*read.notices, *twinned.notices, *worded.notices)
    if not worded.facts:
        raise InputError(_nothing_left(notices, spec_path))
    first = [fact for fact in worded.facts if fact.columns.get(TEMPLATE, "1") == "1"]
    return FactSet(worded.facts, (*notices, *doubts(first)), read.source)


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


def _nothing_left(notices: Iterable[Notice], spec_path: Path) -> Problem:
    items = [item for notice in notices for item in notice.items]
    message = "no fact is left to study" + (f"; the first to go was {items[0]}" if items else "")
    return Problem(
        f"{spec_path}: facts",
        message,
        "a relation needs true facts about two subjects or more, with different objects",
    )
