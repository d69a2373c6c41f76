"""Two versions of a study's facts side by side: which were added, dropped or altered.

1. A fact is known by its subject and relation, a false twin by those of its true fact. Rows that are alike on both sides
   are set against each other and fall away; pairs are numbered anew with every fact, so they do not count.
2. What is left on both sides under one subject and relation was altered, and each value that differs is told; what is
   left on one side was added or dropped.
3. True facts come first: where one changes, the false twins of others change with it, since their objects are handed
   round.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reportgen import numbers

MOST_NAMED = 20
_KEY = ("subject", "relation", "truth")
_Fact = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FactChanges:
    """How many facts were added, dropped and altered, counted without the false twins, and each of all in words."""

    counted: Mapping[str, int]
    twins: int
    named: tuple[str, ...]

    @property
    def text(self) -> str:
        """The change in a sentence."""
        parts = [f"{numbers.count(n)} {what}" for what, n in self.counted.items() if n]
        if self.twins:
            parts.append(f"{numbers.things(self.twins, 'false twin')} changed")
        return (
            f"The facts changed: {', '.join(parts)}." if parts else "The facts changed in their order or pairs alone."
        )

    @property
    def items(self) -> tuple[str, ...]:
        """The changes one by one; of many the first, and how many more there are."""
        more = len(self.named) - MOST_NAMED
        return self.named if more <= 0 else (*self.named[:MOST_NAMED], f"and {numbers.count(more)} more")


@dataclass(frozen=True)
class _Change:
    kind: str
    truth: bool
    text: str


def fact_changes(before: bytes, after: bytes) -> FactChanges:
    """What changed from one CSV of facts to the next; both as `facts_csv` wrote them."""
    old, new = _by_key(before), _by_key(after)
    changes = [change for key in dict.fromkeys((*old, *new)) for change in _of_one(key, old[key], new[key])]
    changes.sort(key=lambda change: not change.truth)
    kinds = Counter(change.kind for change in changes if change.truth)
    return FactChanges(
        counted={kind: kinds[kind] for kind in ("added", "dropped", "altered")},
        twins=sum(not change.truth for change in changes),
        named=tuple(change.text for change in changes),
    )


def _by_key(text: bytes) -> defaultdict[tuple[str, ...], list[_Fact]]:
    """The facts' other values by subject, relation and truth."""
    facts: defaultdict[tuple[str, ...], list[_Fact]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text.decode("utf-8", "replace"), newline="")):
        key = tuple(row.get(name) or "" for name in _KEY)
        facts[key].append(tuple((name, str(value or "")) for name, value in row.items() if name not in (*_KEY, "pair")))
    return facts


def _of_one(key: tuple[str, ...], before: list[_Fact], after: list[_Fact]) -> Iterator[_Change]:
    """What changed about one subject in one relation."""
    old, new = list((Counter(before) - Counter(after)).elements()), list((Counter(after) - Counter(before)).elements())
    subject, relation, truth = key
    name = f"{subject}, {relation}" if truth == "true" else f"{subject}, {relation}, false twin"
    for was, becomes in zip(old, new, strict=False):
        yield _Change("altered", truth == "true", _altered(name, dict(was), dict(becomes)))
    for kind, left in (("dropped", old[len(new) :]), ("added", new[len(old) :])):
        for fact in left:
            yield _Change(kind, truth == "true", f"{kind}: {name}: {dict(fact).get('object', '')}")


def _altered(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """France, capital: Paris → Lyon; continent: Asia → Europe."""
    changed = [key for key in dict.fromkeys((*before, *after)) if before.get(key, "") != after.get(key, "")]
    told = (f"{before.get(key) or 'none'} → {after.get(key) or 'none'}" for key in changed)
    return f"{name}: " + "; ".join(
        text if key == "object" else f"{key}: {text}" for key, text in zip(changed, told, strict=True)
    )
