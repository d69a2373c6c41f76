"""A subset of facts that is balanced as asked, and what was left out of it and why.

1. `same_tokens`: of each relation those facts are kept whose objects have the number of tokens that most of them have, so
   that all statements of one wording end at the same position after the same number of tokens.
2. `per_object`: of each object of a relation exactly so many facts are kept; objects with fewer are left out.
3. `per_relation`: of each relation exactly so many facts are kept; relations with fewer are left out. With 0 it is as many as
   the relation with the fewest has.

Facts are drawn by a seeded generator, a stream of its own for each relation; the rest keeps the order of its source.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reportgen import numbers
from reportgen.facts.rows import Row
from reportgen.notices import Notice


@dataclass(frozen=True)
class Wanted:
    """What the subset is to be like; None leaves a side as it is. `tokens` counts an object's."""

    per_relation: int | None = None
    per_object: int | None = None
    tokens: Callable[[str], int] | None = None
    seed: int = 0


@dataclass(frozen=True)
class Balanced:
    """The rows that are kept, in the order of their source, and an account of the others."""

    rows: tuple[Row, ...]
    notices: tuple[Notice, ...]


def balance(rows: Sequence[Row], wanted: Wanted) -> Balanced:
    """Rows of a source, true ones and false ones alike; rows of one pair are kept or left out together."""
    notices: list[Notice] = []
    kept = _groups(rows)
    if wanted.tokens is not None:
        kept = _of_one_length(kept, wanted.tokens, notices)
    if wanted.per_object is not None:
        kept = _drawn(kept, wanted.per_object, wanted.seed, lambda row: (row.relation, row.object), "object", notices)
    if wanted.per_relation is not None:
        most = wanted.per_relation or min(Counter(group[0].relation for group in kept).values(), default=0)
        kept = _drawn(kept, most, wanted.seed, lambda row: (row.relation, ""), "relation", notices)
    chosen = {id(row) for group in kept for row in group}
    return Balanced(tuple(row for row in rows if id(row) in chosen), tuple(notices))


def with_known(kept: Sequence[Row], asked: Sequence[Row], known: Sequence[Row]) -> tuple[Row, ...]:
    """The rows that are kept, in the source's order, and all that the source knows besides of their subjects and that was
    never asked: what is true as well must not be taken for false."""
    chosen, candidates = set(map(id, kept)), set(map(id, asked))
    subjects = {(row.relation, row.subject) for row in kept}
    return tuple(
        row
        for row in known
        if id(row) in chosen or (id(row) not in candidates and (row.relation, row.subject) in subjects)
    )


_Group = tuple[Row, ...]


def _groups(rows: Iterable[Row]) -> list[_Group]:
    """Rows of one pair together, the true one first; every other row by itself."""
    found: dict[str, list[Row]] = {}
    for number, row in enumerate(rows):
        found.setdefault(row.pair or f"\n{number}", []).append(row)
    return [tuple(sorted(group, key=lambda row: not row.truth)) for group in found.values()]


def _of_one_length(groups: list[_Group], tokens: Callable[[str], int], notices: list[Notice]) -> list[_Group]:
    lengths = [tuple(tokens(thing) for row in group for thing in _objects(row)) for group in groups]
    usual: dict[str, int] = {}
    for relation in dict.fromkeys(group[0].relation for group in groups):
        counts = Counter(
            own[0]
            for group, own in zip(groups, lengths, strict=True)
            if group[0].relation == relation and len({*own}) == 1
        )
        usual[relation] = min(counts, key=lambda length: (-counts[length], length), default=0)
    kept = [
        group
        for group, own in zip(groups, lengths, strict=True)
        if all(length == usual[group[0].relation] for length in own)
    ]
    _account(
        groups,
        kept,
        f"their objects have another number of tokens than most of their relation ({_said(usual)})",
        notices,
    )
    return kept


def _objects(row: Row) -> tuple[str, ...]:
    return (row.object, row.false_object) if row.false_object else (row.object,)


def _said(usual: Mapping[str, int]) -> str:
    return ", ".join(f"{relation}: {length}" for relation, length in usual.items())


def _drawn(
    groups: list[_Group],
    most: int,
    seed: int,
    key: Callable[[Row], tuple[str, str]],
    of: str,
    notices: list[Notice],
) -> list[_Group]:
    numbers_by_key: dict[tuple[str, str], list[int]] = {}
    for number, group in enumerate(groups):
        numbers_by_key.setdefault(key(group[0]), []).append(number)
    chosen: set[int] = set()
    for (relation, thing), own in numbers_by_key.items():
        if len(own) < most:
            continue
        rng = np.random.default_rng([seed, *f"{relation}\n{thing}".encode()])
        chosen.update(own[at] for at in rng.permutation(len(own))[:most])
    kept = [group for number, group in enumerate(groups) if number in chosen]
    _account(
        groups,
        kept,
        f"{numbers.things(most, 'fact')} of each {of} that has so many, drawn with the seed {seed}",
        notices,
    )
    return kept


def _account(before: Sequence[_Group], after: Sequence[_Group], why: str, notices: list[Notice]) -> None:
    left = set(map(id, before)) - set(map(id, after))
    items = tuple(str(group[0]) for group in before if id(group) in left)
    if items:
        notices.append(
            Notice("left out", f"{len(items)} of {numbers.things(len(before), 'fact')} left out: {why}.", items)
        )
