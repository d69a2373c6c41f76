"""False twins: for each true fact, a false one that differs in the object alone.

`given` takes the author's own. `derangement` rearranges a relation's objects among its facts.
`matched_derangement` does so among objects with the same number of tokens, so that twins end at the same
position:

1. Derange inside each group of facts whose objects have the same number of tokens.
2. Pool the relation's facts that found no twin in their group and derange them among themselves.
3. Leave out, and name, those that still have none.

Every step rearranges whole sets of objects, so what remains holds each object equally often on both sides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from reportgen.facts.derange import derange
from reportgen.facts.rows import Row
from reportgen.facts.wordings import Pair
from reportgen.notices import Notice
from reportgen.spec.facts_section import FalseObjects
from reportgen.spec.template import role_of

TokenCount = Callable[[str], int]
Truths = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True)
class Twinned:
    """Rows in the order of their source, each true one with its twin, and what was left out."""

    pairs: tuple[Pair, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class _Relation:
    """The true facts of one relation: their numbers in the source's order, and all that is true of each."""

    numbers: tuple[int, ...]
    objects: Mapping[int, str]
    truths: Mapping[int, frozenset[str]]


def truths_of(rows: Iterable[Row]) -> Truths:
    """All that is true of each subject in each relation, by (relation, subject)."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row.truth:
            found.setdefault((row.relation, row.subject), set()).add(row.object)
    return {key: frozenset(objects) for key, objects in found.items()}


def make_twins(
    rows: Sequence[Row], method: FalseObjects, truths: Truths, seed: int, token_count: TokenCount
) -> Twinned:
    """Twins for the true facts among `rows`, by the spec's method."""
    if method == "given":
        return given(rows)
    if method == "derangement":
        return derangement(rows, truths, seed)
    return matched_derangement(rows, truths, seed, token_count)


def given(rows: Sequence[Row]) -> Twinned:
    """The author's own false facts: `false_object`s, or false rows of the same `pair`; others go unpaired."""
    partners = {row.pair: row for row in rows if row.pair and not row.truth}
    answered = {row.pair for row in rows if row.pair and row.truth}
    forms = _forms(rows)
    pairs = [
        Pair(
            name,
            row,
            _denied(row, row.false_object, forms)
            if row.false_object
            else partners.get(row.pair)
            if row.truth and row.pair
            else None,
        )
        for row, name in zip(rows, _pair_ids(rows), strict=True)
        if row.truth or row.pair not in answered  # a twin follows its true fact, wherever the source has it
    ]
    return Twinned(tuple(pairs), ())


def derangement(rows: Sequence[Row], truths: Truths, seed: int) -> Twinned:
    """Twins whose objects are a rearrangement of the relation's own."""
    true_rows = [row for row in rows if row.truth]
    false_objects: dict[int, str] = {}
    for name, relation in _relations(true_rows, truths).items():
        false_objects |= _deranged(relation, relation.numbers, _generator(seed, name))
    left_out = _left_out(true_rows, truths, false_objects, "no rearrangement of the relation's objects reaches it")
    return Twinned(_with_twins(true_rows, false_objects), (*left_out, *_unused(rows)))


def matched_derangement(rows: Sequence[Row], truths: Truths, seed: int, token_count: TokenCount) -> Twinned:
    """Twins whose objects are a rearrangement among those with as many tokens, as far as there are any."""
    true_rows = [row for row in rows if row.truth]
    false_objects: dict[int, str] = {}
    for name, relation in _relations(true_rows, truths).items():
        rng = _generator(seed, name)
        for group in _by_length(relation, token_count):
            false_objects |= _deranged(relation, group, rng)
        pool = tuple(number for number in relation.numbers if number not in false_objects)
        false_objects |= _deranged(relation, pool, rng)
    reason = "no false object with as many tokens, nor one among the facts that had none either"
    left_out = _left_out(true_rows, truths, false_objects, reason)
    return Twinned(_with_twins(true_rows, false_objects), (*left_out, *_unused(rows)))


def _relations(rows: Sequence[Row], truths: Truths) -> dict[str, _Relation]:
    numbers: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        numbers.setdefault(row.relation, []).append(number)
    return {
        name: _Relation(
            tuple(members),
            {number: rows[number].object for number in members},
            {number: truths[name, rows[number].subject] for number in members},
        )
        for name, members in numbers.items()
    }


def _generator(seed: int, relation: str) -> np.random.Generator:
    """A stream of its own for each relation: facts added to one leave the twins of the others alone."""
    return np.random.default_rng([seed, *relation.encode()])


def _deranged(relation: _Relation, numbers: Sequence[int], rng: np.random.Generator) -> dict[int, str]:
    objects = [relation.objects[number] for number in numbers]
    found = derange(objects, [relation.truths[number] for number in numbers], rng)
    return {number: thing for number, thing in zip(numbers, found, strict=True) if thing is not None}


def _by_length(relation: _Relation, token_count: TokenCount) -> list[tuple[int, ...]]:
    """The facts' numbers, grouped by their object's number of tokens, the shortest first."""
    lengths = {thing: token_count(thing) for thing in dict.fromkeys(relation.objects.values())}
    groups: dict[int, list[int]] = {}
    for number in relation.numbers:
        groups.setdefault(lengths[relation.objects[number]], []).append(number)
    return [tuple(groups[length]) for length in sorted(groups)]


def _with_twins(rows: Sequence[Row], false_objects: Mapping[int, str]) -> tuple[Pair, ...]:
    forms = _forms(rows)
    return tuple(
        Pair(name, row, _denied(row, false_objects[number], forms))
        for number, (row, name) in enumerate(zip(rows, _pair_ids(rows), strict=True))
        if number in false_objects
    )


def _forms(rows: Iterable[Row]) -> dict[tuple[str, str], dict[str, str]]:
    """The columns that are forms of an object, such as its accusative, by relation and object, as the first true row that
    states it has them."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        if row.truth:
            own = {name: text for name, text in row.columns.items() if role_of(name) == "object"}
            found.setdefault((row.relation, row.object), own)
    return found


def _denied(row: Row, false_object: str, forms: Mapping[tuple[str, str], Mapping[str, str]]) -> Row:
    """The false twin of a true row; the forms of its own object are not those of the false one."""
    kept = {name: text for name, text in row.columns.items() if role_of(name) != "object"}
    columns = {**kept, **forms.get((row.relation, false_object), {})}
    return replace(row, object=false_object, truth=False, false_object="", columns=columns)


def _pair_ids(rows: Sequence[Row]) -> Iterator[str]:
    """The author's ids where there are any, else p001, p002, … in the order of the source."""
    taken = {row.pair for row in rows}
    numbered = (name for number in count(1) if (name := f"p{number:03d}") not in taken)
    return (row.pair or next(numbered) for row in rows)


def _left_out(rows: Sequence[Row], truths: Truths, false_objects: Mapping[int, str], reason: str) -> tuple[Notice, ...]:
    choices: dict[str, set[str]] = {}
    for row in rows:
        choices.setdefault(row.relation, set()).add(row.object)

    def why(row: Row) -> str:
        hopeless = choices[row.relation] <= truths[row.relation, row.subject]
        return "every object of its relation is true of its subject" if hopeless else reason

    items = tuple(f"{row}: {why(row)}" for number, row in enumerate(rows) if number not in false_objects)
    message = f"{len(items)} of {len(rows)} true facts are left out: no false object can be had for them."
    return (Notice("left out", message, items),) if items else ()


def _unused(rows: Iterable[Row]) -> tuple[Notice, ...]:
    """False facts of the author's own, which the rearrangement replaces."""
    items = tuple(
        f"{row.subject} / {row.relation} / {row.false_object or row.object}"
        for row in rows
        if row.false_object or not row.truth
    )
    message = f"{len(items)} false facts that the source gives are not used: the study asks for rearranged ones."
    return (Notice("left out", message, items),) if items else ()
