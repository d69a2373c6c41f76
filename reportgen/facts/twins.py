"""False twins: for each true fact, a false one that differs in the object alone.

`given` takes the author's own. `derangement` rearranges a relation's objects among its facts; `matched_log_probability` and
`nearest` do so by what the model finds likely (`likely_twins`). `matched_derangement` rearranges among objects with the same
number of tokens, so that twins end at the same position:

1. Derange inside each group of facts whose objects have the same number of tokens.
2. Pool the relation's facts that found no twin in their group and derange them among themselves.
3. Leave out, and name, those that still have none.

Every step rearranges whole sets of objects, so what remains holds each object equally often on both sides.
"""

from collections.abc import Callable, Sequence

import numpy as np

from reportgen.facts.derange import derange
from reportgen.facts.likely_twins import Likely, likely_twins
from reportgen.facts.pairing import (
    Relation,
    Truths,
    Twinned,
    denied,
    forms_of,
    generator,
    pair_ids,
    relations_of,
    tell_left_out,
    tell_unused,
    with_twins,
)
from reportgen.facts.rows import Row
from reportgen.facts.wordings import Pair
from reportgen.spec.facts_section import FalseObjects

TokenCount = Callable[[str], int]


def make_twins(
    rows: Sequence[Row], method: FalseObjects, truths: Truths, seed: int, token_count: TokenCount, likely: Likely
) -> Twinned:
    """Twins for the true facts among `rows`, by the spec's method; `likely` says how likely the model finds objects, and is
    called by the methods alone that go by it."""
    match method:
        case "given":
            return given(rows)
        case "derangement":
            return derangement(rows, truths, seed)
        case "matched_derangement":
            return matched_derangement(rows, truths, seed, token_count)
        case "matched_log_probability" | "nearest":
            return likely_twins(rows, method, truths, seed, token_count, likely)


def given(rows: Sequence[Row]) -> Twinned:
    """The author's own false facts: `false_object`s, or false rows of the same `pair`; others go unpaired."""
    partners = {row.pair: row for row in rows if row.pair and not row.truth}
    answered = {row.pair for row in rows if row.pair and row.truth}
    forms = forms_of(rows)
    pairs = [
        Pair(
            name,
            row,
            denied(row, row.false_object, forms)
            if row.false_object
            else partners.get(row.pair)
            if row.truth and row.pair
            else None,
        )
        for row, name in zip(rows, pair_ids(rows), strict=True)
        if row.truth or row.pair not in answered  # a twin follows its true fact, wherever the source has it
    ]
    return Twinned(tuple(pairs), ())


def derangement(rows: Sequence[Row], truths: Truths, seed: int) -> Twinned:
    """Twins whose objects are a rearrangement of the relation's own."""
    true_rows = [row for row in rows if row.truth]
    false_objects: dict[int, str] = {}
    for name, relation in relations_of(true_rows, truths).items():
        false_objects |= _deranged(relation, relation.numbers, generator(seed, name))
    left_out = tell_left_out(true_rows, truths, false_objects, "no rearrangement of the relation's objects reaches it")
    return Twinned(with_twins(true_rows, false_objects), (*left_out, *tell_unused(rows)))


def matched_derangement(rows: Sequence[Row], truths: Truths, seed: int, token_count: TokenCount) -> Twinned:
    """Twins whose objects are a rearrangement among those with as many tokens, as far as there are any."""
    true_rows = [row for row in rows if row.truth]
    false_objects: dict[int, str] = {}
    for name, relation in relations_of(true_rows, truths).items():
        rng = generator(seed, name)
        for group in _by_length(relation, token_count):
            false_objects |= _deranged(relation, group, rng)
        pool = tuple(number for number in relation.numbers if number not in false_objects)
        false_objects |= _deranged(relation, pool, rng)
    reason = "no false object with as many tokens, nor one among the facts that had none either"
    left_out = tell_left_out(true_rows, truths, false_objects, reason)
    return Twinned(with_twins(true_rows, false_objects), (*left_out, *tell_unused(rows)))


def _deranged(relation: Relation, numbers: Sequence[int], rng: np.random.Generator) -> dict[int, str]:
    objects = [relation.objects[number] for number in numbers]
    found = derange(objects, [relation.truths[number] for number in numbers], rng)
    return {number: thing for number, thing in zip(numbers, found, strict=True) if thing is not None}


def _by_length(relation: Relation, token_count: TokenCount) -> list[tuple[int, ...]]:
    """The facts' numbers, grouped by their object's number of tokens, the shortest first."""
    lengths = {thing: token_count(thing) for thing in dict.fromkeys(relation.objects.values())}
    groups: dict[int, list[int]] = {}
    for number in relation.numbers:
        groups.setdefault(lengths[relation.objects[number]], []).append(number)
    return [tuple(groups[length]) for length in sorted(groups)]
