"""Pairs of rows become facts, in each of their wordings.

1. A pair is put into words by every template of its relation. With one template everywhere, a pair is one pair of facts
   and keeps its name.
2. Where any relation has several, every fact gets two columns: `fact`, the name of the pair that it is a wording of, and
   `template`, the number of its wording from 1. The pairs are then named `p001-1`, `p001-2`, …
3. A pair whose template cannot be filled with its own words is left out and named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportgen.facts.fact import Fact
from reportgen.facts.filling import FillingError
from reportgen.facts.rows import Row
from reportgen.notices import Notice

FACT, TEMPLATE = "fact", "template"


@dataclass(frozen=True)
class Pair:
    """A row and its twin, by the name of the pair; `false` is None where it has none."""

    name: str
    row: Row
    false: Row | None


@dataclass(frozen=True)
class Worded:
    """Facts in the order of their pairs, wording after wording, and what was left out."""

    facts: tuple[Fact, ...]
    notices: tuple[Notice, ...]


def in_words(pairs: Sequence[Pair]) -> Worded:
    """All pairs in all their wordings."""
    several = any(len(pair.row.templates) > 1 for pair in pairs)
    facts: list[Fact] = []
    left_out: list[str] = []
    for pair in pairs:
        for number, template in enumerate(pair.row.templates, start=1):
            own = tuple(_facts(pair, template, number if several else None))
            try:
                for fact in own:
                    fact.worded()
            except FillingError as error:
                left_out.append(f"{pair.row}: {error}")
            else:
                facts += own
    message = f"{len(left_out)} pairs are left out: their template cannot be filled with their words."
    return Worded(tuple(facts), (Notice("left out", message, tuple(left_out)),) if left_out else ())


def _facts(pair: Pair, template: str, number: int | None) -> Iterator[Fact]:
    name = pair.name if number is None else f"{pair.name}-{number}"
    more = {} if number is None else {FACT: pair.name, TEMPLATE: str(number)}
    for row in (pair.row, pair.false):
        if row is not None:
            columns = {**row.columns, **more} if more else row.columns
            yield Fact(row.subject, row.relation, row.object, row.truth, name, columns, template)


def by_fact(facts: Sequence[Fact]) -> str | None:
    """The column by which statements of one fact belong together; None where every fact has one wording."""
    return FACT if any(FACT in fact.columns and TEMPLATE in fact.columns for fact in facts) else None
