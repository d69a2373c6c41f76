"""Pairs of statements as a model is asked about their objects: which tokens are run, and what part each plays.

1. A statement is run up to its object's last token but one; each of the object's tokens is predicted at the token before
   it, so that their log-probabilities add up to the object's.
2. What twins share is one: everything before the object. What stands before the subject is one for all pairs of a relation
   that have it. Every other token is a place of its own, so that a place never belongs to two subjects.
3. Tokens that play the same part in statements of one relation have one role: the n-th before the subject, part of the
   subject, the subject's last, the n-th after the subject, part of the object. Means are taken over a role.

Knows no torch.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reportgen.knowledge import is_asked
from reportgen.statements import Statement
from reportgen.store import content_key

Ids = tuple[int, ...]
Pair = tuple[Statement, Statement]
Role = tuple[str, str, int]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """One statement of a pair: the places that are run, first to last, and the tokens of its object. The first is predicted
    at the place `first` of the path, each other at the next."""

    path: Ids
    object: Ids
    first: int

    @property
    def predicting(self) -> Ids:
        """The places at which the object's tokens are predicted."""
        return self.path[self.first :]


@dataclass(frozen=True)
class Prompts:
    """Pairs, the true statement of each first, and all places: their tokens and roles, [place].

    The first `evaluated` pairs are asked about; the others only add to the means.
    """

    pairs: tuple[tuple[Asked, Asked], ...]
    tokens: Integers
    roles: tuple[Role, ...]
    shapes: tuple[Hashable, ...]
    evaluated: int

    @cached_property
    def key(self) -> str:
        """What decides every answer about these pairs."""
        asked = [[(side.path, side.object) for side in pair] for pair in self.pairs]
        return content_key(asked, self.tokens.tolist(), self.roles, self.evaluated)

    @cached_property
    def kept(self) -> int:
        """How many places, the first of all, belong to the pairs that are asked about."""
        return 1 + max(place for pair in self.pairs[: self.evaluated] for side in pair for place in side.path)

    @cached_property
    def weights(self) -> Integers:
        """How many statements each place stands in, [place]."""
        counted = Counter(place for pair in self.pairs for side in pair for place in side.path)
        return np.array([counted[place] for place in range(len(self.tokens))])

    @cached_property
    def numbered_roles(self) -> Integers:
        """The number of each place's role, in the order of their first places, [place]."""
        numbers = {role: number for number, role in enumerate(dict.fromkeys(self.roles))}
        return np.array([numbers[role] for role in self.roles])

    def donors(self, rng: np.random.Generator) -> tuple[Integers, int]:
        """For each kept place the place that stands in for it when outputs are exchanged: that of another pair asked about,
        drawn among those of its shape (relation, tokens before the subject, of the subject and after it); −1 where there is
        none, in its pair or for that token of the object. And how many pairs have none.

        What stands before the subject stands in for itself.
        """
        found = np.full(self.kept, -1)
        lonely = 0
        for number, pair in enumerate(self.pairs[: self.evaluated]):
            alike = [other for other in range(self.evaluated) if self._may_give(other, number)]
            if not alike:
                lonely += 1
                continue
            donor = self.pairs[alike[int(rng.integers(len(alike)))]]
            for own, others in zip(pair, donor, strict=True):
                found[list(own.path[: len(others.path)])] = others.path[: len(own.path)]
        before = [place for place in range(self.kept) if self.roles[place][1] == "before"]
        found[before] = before
        return found, lonely

    def _may_give(self, other: int, number: int) -> bool:
        return other != number and self.shapes[other] == self.shapes[number]


@dataclass
class _Places:
    """The places so far, each under what makes it one."""

    numbers: dict[Hashable, int]
    tokens: list[int]
    roles: list[Role]

    def of(self, key: Hashable, token: int, role: Role) -> int:
        if key not in self.numbers:
            self.numbers[key] = len(self.tokens)
            self.tokens.append(token)
            self.roles.append(role)
        return self.numbers[key]


def can_be_asked(pair: Pair) -> bool:
    """Whether the subject is read before the object, and the twins are the same tokens up to it."""
    true, false = pair
    start = true.object[0]
    return (
        is_asked(true)
        and is_asked(false)
        and start == false.object[0]
        and true.tokens.ids[:start] == false.tokens.ids[:start]
    )


def prompts_of(pairs: Sequence[Pair], evaluated: int) -> Prompts:
    """Pairs that `can_be_asked`, of which the first so many are asked about."""
    places = _Places({}, [], [])
    asked = tuple(
        (_asked(number, 0, true, places), _asked(number, 1, false, places))
        for number, (true, false) in enumerate(pairs)
    )
    shapes = tuple((true.fact.relation, true.subject[0], true.subject[-1], true.object[0]) for true, _ in pairs)
    return Prompts(asked, np.array(places.tokens, np.int64), tuple(places.roles), shapes, evaluated)


def _asked(pair: int, side: int, statement: Statement, places: _Places) -> Asked:
    start, end = statement.object[0], statement.object[-1]
    ids = statement.tokens.ids
    path = tuple(
        places.of(_identity(pair, side, position, statement), ids[position], role)
        for position, role in enumerate(_roles(statement))
    )
    return Asked(path, ids[start : end + 1], start - 1)


def _identity(pair: int, side: int, position: int, statement: Statement) -> Hashable:
    if position < statement.subject[0]:
        return statement.fact.relation, statement.tokens.ids[: position + 1]
    return pair, side if position >= statement.object[0] else -1, position


def _roles(statement: Statement) -> Iterator[Role]:
    """The role of each token that is run."""
    relation, subject = statement.fact.relation, statement.subject
    for position in range(statement.object[-1]):
        if position < subject[0]:
            yield relation, "before", position
        elif position < subject[-1]:
            yield relation, "subject", 0
        elif position == subject[-1]:
            yield relation, "subject", -1
        elif position < statement.object[0]:
            yield relation, "after", position - subject[-1]
        else:
            yield relation, "object", 0
