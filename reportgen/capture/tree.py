"""Token sequences as the prefix tree that they are: what several begin with goes through the model once.

1. Sorted by token ids, a sequence that is the beginning of another stands right before one that it begins. Only the
   others, the leaves, are run; a leaf also answers what is asked of its beginnings.
2. Neighbours in that order share the most. Each adds to a pack the tokens after what it shares with the one before
   it: the nodes of the tree. A pack is full when one more leaf would take it over its budget of nodes.
3. A node belongs to the leaf that added it. In attention only a leaf's own nodes are queries; its keys are the
   whole path from the first token, which is an ordinary sequence, so that positions, windows and biases keep their
   meaning.
4. Leaves that add about as many nodes, up to the same power of two, attend together in one group, padded to its
   largest. Those that add few are one group: more of them would cost more calls than they save padding.

Sharing goes by token ids, never by text, so a tokenizer that merges across the border between prefix and object cannot
break it. Knows no torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

SMALLEST_GROUP = 4
SHORTEST_ROW = 16  # over fewer keys PyTorch's softmax goes one by one, and takes ten times as long

Ids = tuple[int, ...]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Leaf:
    """A token sequence that is not the beginning of another one, and the places of all that it answers."""

    tokens: Ids
    places: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Leaves of a pack that attend together.

    `queries` [leaf, own] are the nodes that each adds, and `positions` [leaf, own] where in its sequence they stand; a
    leaf with fewer than the others repeats its last, and `real` [leaf, own] says where it does not. `keys`
    [leaf, position] are the nodes of its path, again with the last repeated.
    """

    queries: Integers
    positions: Integers
    real: npt.NDArray[np.bool_]
    keys: Integers


@dataclass(frozen=True)
class Pack:
    """Leaves that one forward pass takes: the token and the depth of each node, [node], and the groups that attend.

    `paths` are each leaf's nodes from its first token to its last.
    """

    tokens: Integers
    depths: Integers
    paths: tuple[Integers, ...]
    groups: tuple[Group, ...]

    @property
    def width(self) -> int:
        """The most keys that any of its groups gathers for a leaf."""
        return max(int(group.keys.shape[1]) for group in self.groups)

    def homes(self) -> list[tuple[int, int, int]]:
        """For each node, the group in which it is a query, and its row and column there."""
        homes = [(0, 0, 0)] * len(self.tokens)
        for number, group in enumerate(self.groups):
            for row, column in np.argwhere(group.real).tolist():
                homes[group.queries[row, column]] = number, row, column
        return homes


def leaves(sequences: Sequence[Ids]) -> list[Leaf]:
    """The leaves of the tree of these sequences, in the order of their token ids."""
    places: dict[Ids, list[int]] = {}
    for place, tokens in enumerate(sequences):
        places.setdefault(tokens, []).append(place)
    found: list[Leaf] = []
    begun: list[int] = []
    ordered = sorted(places)
    for tokens, following in zip(ordered, [*ordered, ()][1:], strict=True):
        begun += places[tokens]
        if following[: len(tokens)] != tokens:
            found.append(Leaf(tokens, tuple(begun)))
            begun = []
    return found


def nodes_added(sequences: Sequence[Ids]) -> list[int]:
    """How many tokens each of these sorted sequences adds to the tree of those before it."""
    return [len(tokens) - shared(before, tokens) for before, tokens in pairwise([(), *sequences])]


def shared(one: Ids, other: Ids) -> int:
    """How many tokens two sequences begin with alike."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next(place for place in range(length) if one[place] != other[place])


def plan_packs(sequences: Sequence[Ids], budget: int) -> Iterator[range]:
    """Places of neighbouring sorted sequences that make up packs of at most `budget` nodes.

    A sequence that is longer than the budget is a pack of its own.
    """
    start, nodes = 0, 0
    for place, added in enumerate(nodes_added(sequences)):
        if nodes and nodes + added > budget:
            yield range(start, place)
            start, nodes = place, 0
        nodes += added if nodes else len(sequences[place])
    if nodes:
        yield range(start, len(sequences))


def tokens_computed(sequences: Sequence[Ids], budget: int) -> int:
    """How many tokens the packs of sorted sequences have together, each shared one counted once a pack."""
    return sum(sum(nodes_added(sequences[places.start : places.stop])) for places in plan_packs(sequences, budget))


def pack(sequences: Sequence[Ids]) -> Pack:
    """Sorted sequences as one pack."""
    added = nodes_added(sequences)
    paths: list[Integers] = []
    before, nodes = np.zeros(0, np.int64), 0
    for tokens, own in zip(sequences, added, strict=True):
        before = np.concatenate([before[: len(tokens) - own], np.arange(nodes, nodes + own)])
        paths.append(before)
        nodes += own
    grown = list(zip(sequences, added, strict=True))
    return Pack(
        tokens=np.array([token for tokens, own in grown for token in tokens[len(tokens) - own :]], np.int64),
        depths=np.concatenate([np.arange(len(tokens) - own, len(tokens)) for tokens, own in grown]),
        paths=tuple(paths),
        groups=tuple(_groups(paths, np.array(added))),
    )


def _groups(paths: Sequence[Integers], added: Integers) -> Iterator[Group]:
    sizes = np.ceil(np.log2(np.maximum(added, SMALLEST_GROUP)))
    for size in np.unique(sizes):
        members = np.flatnonzero(sizes == size)
        yield _group([paths[member] for member in members.tolist()], added[members])


def _group(paths: Sequence[Integers], own: Integers) -> Group:
    lengths = np.array([len(path) for path in paths])
    width = max(SHORTEST_ROW, int(lengths.max()))
    keys = np.stack([np.pad(path, (0, width - len(path)), mode="edge") for path in paths])
    real = np.arange(own.max()) < own[:, None]
    positions = np.where(real, (lengths - own)[:, None] + np.arange(own.max()), lengths[:, None] - 1)
    return Group(np.take_along_axis(keys, positions, axis=1), positions, real, keys)
