"""Doubts that the facts raise by themselves, before any model reads them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from reportgen.facts.fact import Fact
from reportgen.notices import Notice

FEW = 8


def doubts(facts: Sequence[Fact]) -> tuple[Notice, ...]:
    """A notice for each guard that finds something; each one names what it is about."""
    found = (
        _without_twin(facts),
        _few(facts),
        _unbalanced_objects(facts),
        _given_away(facts),
        _stated_twice(facts),
        _shared_subjects(facts),
    )
    return tuple(notice for notice in found if notice is not None)


def _named(fact: Fact) -> str:
    return f"{fact.subject} / {fact.relation} / {fact.object}"


def _counted(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number} {many}"


def _without_twin(facts: Sequence[Fact]) -> Notice | None:
    members = Counter(fact.pair for fact in facts)
    alone = tuple(fact for fact in facts if members[fact.pair] == 1)
    true = sum(fact.truth for fact in alone)
    message = f"{true} true and {len(alone) - true} false facts have no twin: they cannot be compared in pairs."
    return Notice("warning", message, tuple(_named(fact) for fact in alone)) if alone else None


def _few(facts: Sequence[Fact]) -> Notice | None:
    members = Counter(fact.pair for fact in facts)
    pairs = sum(size == 2 for size in members.values())
    if pairs >= FEW or (pairs == 0 and len(facts) >= 2 * FEW):
        return None
    what = _counted(pairs, "pair", "pairs") if pairs else f"{_counted(len(facts), 'fact', 'facts')} and no pair"
    return Notice("warning", f"The study rests on {what}; under {FEW} pairs no test can say much.")


def _unbalanced_objects(facts: Sequence[Fact]) -> Notice | None:
    """Objects more frequent on one side: a head that reacts to such a name looks as if it reacts to truth."""
    true = Counter((fact.relation, fact.object) for fact in facts if fact.truth)
    false = Counter((fact.relation, fact.object) for fact in facts if not fact.truth)
    everywhere = dict.fromkeys([*true, *false])
    items = tuple(
        f"{relation} / {thing}: {true[relation, thing]} true, {false[relation, thing]} false"
        for relation, thing in everywhere
        if true[relation, thing] != false[relation, thing]
    )
    message = (
        f"{len(items)} of {len(everywhere)} objects stand in true and false facts unequally often: "
        "a head that reacts to the object's name can look like one that reacts to truth."
    )
    return Notice("warning", message, items) if items and false else None


def _given_away(facts: Iterable[Fact]) -> Notice | None:
    items = tuple(
        _named(fact) for fact in facts if _stands_in(fact.object, fact.subject) or _stands_in(fact.subject, fact.object)
    )
    verb = "gives" if len(items) == 1 else "give"
    message = (
        f"{_counted(len(items), 'fact', 'facts')} {verb} the answer away: "
        "the object's words stand in the subject, or the subject's in the object."
    )
    return Notice("warning", message, items) if items else None


def _stands_in(inner: str, outer: str) -> bool:
    """Whether `inner` stands in `outer` as whole words, whatever the case."""
    inner, outer = inner.casefold(), outer.casefold()
    # The plain search spares ten thousand facts a pattern each.
    return inner in outer and re.search(rf"(?<!\w){re.escape(inner)}(?!\w)", outer) is not None


def _stated_twice(facts: Iterable[Fact]) -> Notice | None:
    counts = Counter(_named(fact) for fact in facts if not fact.truth)
    items = tuple(f"{name}: {times} times" for name, times in counts.items() if times > 1)
    verb = "stands" if len(items) == 1 else "stand"
    message = f"{_counted(len(items), 'false fact', 'false facts')} {verb} in the study more than once."
    return Notice("warning", message, items) if items else None


def _shared_subjects(facts: Sequence[Fact]) -> Notice | None:
    counts = Counter(fact.subject for fact in facts if fact.truth)
    items = tuple(f"{subject}: {times} true facts" for subject, times in counts.items() if times > 1)
    shared = sum(times for times in counts.values() if times > 1)
    verb = "stands" if len(items) == 1 else "stand"
    message = (
        f"{_counted(len(items), 'subject', 'subjects')} {verb} in several facts "
        f"({shared} of {counts.total()} true ones): facts about one subject are not independent observations."
    )
    return Notice("warning", message, items) if items else None
