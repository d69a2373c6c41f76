"""Rearrange objects over facts so that no fact receives an object that is true of its subject.

Both sides then hold every object equally often, so a head that reacts to one object's name cannot pass for
one that reacts to truth. A plain derangement is not enough: a subject may have several true objects.

1. Shuffle the objects over the facts.
2. For each fact whose object is true of its subject, look for facts with which it can swap so that both end
   well, and swap with one of them at random.
3. Give each fact that found no partner its own object back, and pass the object it held to whoever held
   that one, until everyone holds an allowed object or their own.
4. If some still hold their own: solve the assignment problem (Jonker-Volgenant, SciPy) in which an own
   object costs one and another true object is out of question. Its optimum is the largest number of facts
   that any balanced rearrangement can serve. Above `EXACT_UP_TO` facts it is solved over the unserved facts
   and a sample of the others, for the matrix grows with the square.
5. Who still holds their own object receives none. Since it is their own, the rest stays balanced.

Where each subject has one true object, step 2 alone is optimal: facts without a partner then all hold one
and the same object, and every other fact either states that object or received it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO = 3000

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Game:
    """Facts by number: the object each one states, and what its subject may not receive.

    `kind[fact]` numbers the distinct sets of true objects; `bans[kind]` are the objects in such a set and
    `banned_by[object]` the kinds that hold it. Facts by objects would be a matrix too large to keep.
    """

    own: Codes
    kind: Codes
    bans: tuple[Codes, ...]
    banned_by: tuple[Codes, ...]

    def open_objects(self, fact: int) -> Mask:
        """Which objects `fact` may receive, `[object]`."""
        mask = np.ones(len(self.banned_by), dtype=np.bool_)
        mask[self.bans[self.kind[fact]]] = False
        return mask

    def takers(self, thing: int) -> Mask:
        """Which facts may receive the object `thing`, `[fact]`."""
        mask = np.ones(len(self.bans), dtype=np.bool_)
        mask[self.banned_by[thing]] = False
        taken: Mask = mask[self.kind]
        return taken


def derange(
    objects: Sequence[str], true_objects: Sequence[frozenset[str]], rng: np.random.Generator
) -> list[str | None]:
    """A false object for each fact, or None where no balanced rearrangement has one for it.

    `objects[i]` is what fact i states; `true_objects[i]`, which holds it, is all that is true of its subject.
    """
    if not objects:
        return []
    names = list(dict.fromkeys(objects))
    game = _encode(objects, true_objects, {name: code for code, name in enumerate(names)})
    if all(len(banned) == len(names) for banned in game.bans):
        return [None] * len(objects)  # every object is true of every subject
    given = game.own[rng.permutation(len(objects))]
    _swap(game, given, rng)
    _take_own_back(game, given)
    if (given == game.own).any():
        _assign(game, given, rng)
    return [None if code == own else names[code] for code, own in zip(given, game.own, strict=True)]


def _encode(objects: Sequence[str], true_objects: Sequence[frozenset[str]], code: dict[str, int]) -> _Game:
    kinds = {held: number for number, held in enumerate(dict.fromkeys(true_objects))}
    # The order inside a frozenset changes with the process; sorted codes do not.
    bans = [sorted(code[name] for name in held if name in code) for held in kinds]
    banned_by: list[list[int]] = [[] for _ in code]
    for number, banned in enumerate(bans):
        for thing in banned:
            banned_by[thing].append(number)
    return _Game(
        own=np.array([code[name] for name in objects], dtype=np.int64),
        kind=np.array([kinds[held] for held in true_objects], dtype=np.int64),
        bans=tuple(np.array(banned, dtype=np.int64) for banned in bans),
        banned_by=tuple(np.array(numbers, dtype=np.int64) for numbers in banned_by),
    )


def _misplaced(game: _Game, given: Codes) -> Codes:
    """The facts that hold an object which is true of their subject."""
    width = len(game.banned_by)
    banned = np.concatenate([number * width + things for number, things in enumerate(game.bans)])
    return np.flatnonzero(np.isin(game.kind * width + given, banned))


def _swap(game: _Game, given: Codes, rng: np.random.Generator) -> None:
    """Step 2, in place."""
    for fact in _misplaced(game, given):
        open_objects = game.open_objects(fact)
        if open_objects[given[fact]]:
            continue  # an earlier fact has swapped with this one
        partners = np.flatnonzero(open_objects[given] & game.takers(given[fact]))
        if len(partners):
            partner = partners[rng.integers(len(partners))]
            given[[fact, partner]] = given[[partner, fact]]


def _take_own_back(game: _Game, given: Codes) -> None:
    """Step 3, in place: each turn settles one fact for good, so that it ends."""
    for start in _misplaced(game, given):
        fact = int(start)
        while given[fact] != game.own[fact] and not game.open_objects(fact)[given[fact]]:
            holders = np.flatnonzero((given == game.own[fact]) & (game.own != game.own[fact]))
            holder = int(holders[0])
            given[[fact, holder]] = given[[holder, fact]]
            fact = holder


def _assign(game: _Game, given: Codes, rng: np.random.Generator) -> None:
    """Step 4, in place. The present state is one solution, so the optimum never costs more."""
    # SciPy costs start-up time, and few studies come this far.
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    order = rng.permutation(len(given))
    unserved = given[order] == game.own[order]
    room = EXACT_UP_TO if len(given) <= EXACT_UP_TO else EXACT_UP_TO // 2
    facts = np.concatenate([order[unserved][:room], order[~unserved]])[:EXACT_UP_TO]
    out_of_question = float(len(facts) + 1)
    cost = np.stack([np.where(game.open_objects(fact)[given[facts]], 0.0, out_of_question) for fact in facts])
    cost[game.own[facts][:, None] == given[facts][None, :]] = 1.0
    _, taken = linear_sum_assignment(cost)
    given[facts] = given[facts][taken]
