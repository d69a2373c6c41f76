"""What every way of making false twins has in common: the relations of the true facts and what else is true of their
subjects, the pairs that come of false objects, and what is left out."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count

import numpy as np

from reportgen.facts.rows import Row
from reportgen.facts.wordings import Pair
from reportgen.notices import Notice
from reportgen.spec.template import forms_of_object, with_forms

Truths = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True)
class Twinned:
    """Rows in the order of their source, each true one with its twin, and what was left out."""

    pairs: tuple[Pair, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Relation:
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


def relations_of(rows: Sequence[Row], truths: Truths) -> dict[str, Relation]:
    """The relations of true facts, by name; facts are numbered as they stand among `rows`."""
    numbers: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        numbers.setdefault(row.relation, []).append(number)
    return {
        name: Relation(
            tuple(members),
            {number: rows[number].object for number in members},
            {number: truths[name, rows[number].subject] for number in members},
        )
        for name, members in numbers.items()
    }


def generator(seed: int, relation: str) -> np.random.Generator:
    """A stream of its own for each relation: facts added to one leave the twins of the others alone."""
    return np.random.default_rng([seed, *relation.encode()])


def with_twins(rows: Sequence[Row], false_objects: Mapping[int, str]) -> tuple[Pair, ...]:
    """The true facts that have a false object, by number, each with its twin."""
    forms = forms_of(rows)
    return tuple(
        Pair(name, row, denied(row, false_objects[number], forms))
        for number, (row, name) in enumerate(zip(rows, pair_ids(rows), strict=True))
        if number in false_objects
    )


def forms_of(rows: Iterable[Row]) -> dict[tuple[str, str], dict[str, str]]:
    """The columns that are forms of an object, such as its accusative, by relation and object, as the first true row that
    states it has them."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        if row.truth:
            found.setdefault((row.relation, row.object), forms_of_object(row.columns))
    return found


def denied(row: Row, false_object: str, forms: Mapping[tuple[str, str], Mapping[str, str]]) -> Row:
    """The false twin of a true row; the forms of its own object are not those of the false one."""
    columns = with_forms(row.columns, forms.get((row.relation, false_object), {}))
    return replace(row, object=false_object, truth=False, false_object="", columns=columns)


def pair_ids(rows: Sequence[Row]) -> Iterator[str]:
    """The author's ids where there are any, else p001, p002, … in the order of the source."""
    taken = {row.pair for row in rows}
    numbered = (name for number in count(1) if (name := f"p{number:03d}") not in taken)
    return (row.pair or next(numbered) for row in rows)


def tell_left_out(
    rows: Sequence[Row],
    truths: Truths,
    served: Container[int],
    reason: str,
    own_reasons: Mapping[int, str] | None = None,
) -> tuple[Notice, ...]:
    """The true facts, by number, that are not `served`, each with the reason: its own where it has one."""
    choices: dict[str, set[str]] = {}
    for row in rows:
        choices.setdefault(row.relation, set()).add(row.object)

    @cache
    def hopeless(relation: str, subject: str) -> bool:
        return choices[relation] <= truths[relation, subject]

    def why(number: int, row: Row) -> str:
        return (
            "every object of its relation is true of its subject"
            if hopeless(row.relation, row.subject)
            else (own_reasons or {}).get(number, reason)
        )

    items = tuple(f"{row}: {why(number, row)}" for number, row in enumerate(rows) if number not in served)
    message = f"{len(items)} of {len(rows)} true facts are left out: no false object can be had for them."
    return (Notice("left out", message, items),) if items else ()


def tell_unused(rows: Iterable[Row]) -> tuple[Notice, ...]:
    """False facts of the author's own, which the rearrangement replaces."""
    items = tuple(
        f"{row.subject} / {row.relation} / {row.false_object or row.object}"
        for row in rows
        if row.false_object or not row.truth
    )
    message = f"{len(items)} false facts that the source gives are not used: the study asks for rearranged ones."
    return (Notice("left out", message, items),) if items else ()
