"""What a study's facts are like, counted before any model reads them: tables that a terminal or a page can draw.

1. Facts, subjects and objects of every relation; the objects that stand in most facts, true and false beside one another.
2. How long subjects and objects are, in characters and, where a tokenizer is given, in tokens.
3. Pairs whose objects differ in their number of tokens: their statements end at different positions.
4. Subjects of which several objects are true.
5. How a tokenizer cuts some of the statements.

Facts that are worded several times are counted once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from reportgen import numbers
from reportgen.facts.fact import Fact, FactSet
from reportgen.facts.wordings import TEMPLATE
from reportgen.models.tokenizer import Tokenizer

MOST_OBJECTS, MOST_SUBJECTS, MOST_CUT = 10, 10, 6
PIECES = "·"


@dataclass(frozen=True)
class Table:
    """A table of text. Where `bars` names columns, their numbers are drawn as bars, to one scale."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""
    bars: tuple[str, ...] = ()


class Count(Protocol):
    """How long a text is, in some unit."""

    def __call__(self, text: str, /) -> int: ...


def describe(facts: FactSet, tokenizer: Tokenizer | None) -> tuple[Table, ...]:
    """The tables, in their order; those that say nothing are left out."""
    first = tuple(fact for fact in facts.facts if fact.columns.get(TEMPLATE, "1") == "1")
    tables = [_relations(first, facts.templates), _objects(first), _lengths(first, "characters", len)]
    if tokenizer is not None:
        count = _counted(first, tokenizer)
        tables += [_lengths(first, "tokens", count), _differing(first, count), _pieces(first, tokenizer, count)]
    return tuple(table for table in [*tables, _several(first)] if table.rows)


def _relations(facts: Sequence[Fact], templates: Mapping[str, tuple[str, ...]]) -> Table:
    rows = []
    for relation, own in _by_relation(facts):
        pairs = Counter(fact.pair for fact in own)
        rows.append(
            (
                relation,
                numbers.count(sum(fact.truth for fact in own)),
                numbers.count(sum(not fact.truth for fact in own)),
                numbers.count(sum(size == 2 for size in pairs.values())),
                numbers.count(len({fact.subject for fact in own})),
                numbers.count(len({fact.object for fact in own})),
                str(len(templates.get(relation, ()))),
            )
        )
    columns = ("relation", "true", "false", "pairs", "subjects", "objects", "wordings")
    return Table("Facts", columns, tuple(rows), bars=("true", "false"))


def _objects(facts: Sequence[Fact]) -> Table:
    rows: list[tuple[str, ...]] = []
    unequal = every = 0
    for relation, own in _by_relation(facts):
        true, false = (Counter(fact.object for fact in own if fact.truth is truth) for truth in (True, False))
        total = true + false
        every += len(total)
        unequal += sum(true[thing] != false[thing] for thing in total)
        most = sorted(total, key=lambda thing: (-total[thing], thing))[:MOST_OBJECTS]
        rows += [(relation, thing, str(true[thing]), str(false[thing])) for thing in most]
    remark = (
        f"Up to {MOST_OBJECTS} of each relation, those in most facts. "
        f"{unequal} of {numbers.things(every, 'object')} in true and false facts unequally often."
        if any(not fact.truth for fact in facts)
        else f"Up to {MOST_OBJECTS} of each relation, those in most facts. There are no false facts."
    )
    return Table("Objects", ("relation", "object", "true", "false"), tuple(rows), remark, ("true", "false"))


def _lengths(facts: Sequence[Fact], unit: str, count: Count) -> Table:
    rows = []
    for relation, own in _by_relation(facts):
        parts = (
            ("subjects", {fact.subject for fact in own}),
            ("objects of true facts", [fact.object for fact in own if fact.truth]),
            ("objects of false facts", [fact.object for fact in own if not fact.truth]),
        )
        for what, texts in parts:
            if lengths := sorted(count(text) for text in texts):
                low, mid, high = lengths[0], median(lengths), lengths[-1]
                rows.append((relation, what, str(low), f"{mid:g}", str(high)))
    columns = ("relation", "of", "shortest", "median", "longest")
    return Table(f"Lengths in {unit}", columns, tuple(rows), bars=("median",))


def _counted(facts: Iterable[Fact], tokenizer: Tokenizer) -> Count:
    """The number of tokens of each subject and object, each counted once."""
    texts = dict.fromkeys(text for fact in facts for text in (fact.subject, fact.object))
    known = {text: tokenizer.count(text) for text in texts}
    return known.__getitem__


def _differing(facts: Sequence[Fact], count: Count) -> Table:
    pairs: dict[str, dict[bool, Fact]] = {}
    for fact in facts:
        pairs.setdefault(fact.pair, {})[fact.truth] = fact
    differences = Counter(
        count(both[False].object) - count(both[True].object) for both in pairs.values() if len(both) == 2
    )
    total = differences.total()
    differing = total - differences[0]
    rows = tuple((f"{by:+d}" if by else "none", str(differences[by])) for by in sorted(differences))
    share = f" ({numbers.percent(differing, total)})" if total else ""
    remark = f"{differing} of {numbers.things(total, 'pair')}{share} end at different positions."
    return Table("Tokens that the false object has more than the true one", ("more", "pairs"), rows, remark, ("pairs",))


def _pieces(facts: Sequence[Fact], tokenizer: Tokenizer, count: Count) -> Table:
    """Statements whose subject or object takes most tokens, and as many of the shortest."""
    true = [fact for fact in facts if fact.truth] or list(facts)
    ordered = sorted(true, key=lambda fact: -count(fact.subject) - count(fact.object))
    half = MOST_CUT // 2
    chosen = ordered if len(ordered) <= MOST_CUT else [*ordered[:half], *ordered[-half:]]
    texts = [fact.worded().text for fact in chosen]
    rows = tuple((PIECES.join(tokens.texts), str(len(tokens.ids))) for tokens in tokenizer.encode_all(texts))
    return Table("How statements are cut", ("statement", "tokens"), rows, "Those with the most and the fewest tokens.")


def _several(facts: Sequence[Fact]) -> Table:
    objects: dict[tuple[str, str], dict[str, None]] = {}
    for fact in facts:
        if fact.truth:
            objects.setdefault((fact.relation, fact.subject), {})[fact.object] = None
    several = {key: tuple(own) for key, own in objects.items() if len(own) > 1}
    rows = tuple((*key, ", ".join(own)) for key, own in list(several.items())[:MOST_SUBJECTS])
    remark = f"{numbers.things(len(several), 'subject')} of {numbers.count(len(objects))}."
    return Table("Subjects of which several objects are true", ("relation", "subject", "objects"), rows, remark)


def _by_relation(facts: Sequence[Fact]) -> Iterator[tuple[str, list[Fact]]]:
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.relation, []).append(fact)
    yield from found.items()
