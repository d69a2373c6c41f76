"""What each head's look from the position before the object to the subject adds to the object's log-probability, by
gradients, and by taking it away. From the store where it is there, else from the model (`backward`). Knows no torch.

F is the log-probability of the object after its prefix, Σ log p(token | all tokens before it) over its tokens, in nats;
the loss is −F. The edge of a head is its attention from the position before the object to the subject's tokens: weights
A[key], which the softmax gave. Nothing is renormalized where they are changed.

1. Gradient: ∂F/∂A[key], with everything after the head responding and no other weight of an edge held.
2. Gradient × attention: Σ A[key] · ∂F/∂A[key], to first order what F loses without the edge.
3. Integrated along the attention weights (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365; for attention Hao et
   al. 2021, https://arxiv.org/abs/2004.11207): Σ A[key] · ∫ ∂F/∂A[key] at α·A dα from 0 to 1, by Gauss and Legendre's rule.
   The edges of all heads of all layers are at α·A together, where Hao et al. go layer by layer. So the heads' parts add
   up to what F loses without all edges together (completeness), what one head could take over from another is shared out
   among both, and the path costs one pass a step and not one a step and layer.
4. Cut: F with the edge of one head alone at 0, one head after the other. What F loses is the truth that 2 and 3 stand for.

An entry of the store belongs to one object after one prefix, so whoever is interrupted loses the objects in hand.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.capture.opening import ProvenModel
from reportgen.statements import Statement
from reportgen.store import Store, content_key

ROOM = "interventions/gradients"

Map = npt.NDArray[np.float64]
Ids = tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """An object asked for: all tokens up to its end, where it starts, and the subject's positions, all before it."""

    tokens: Ids
    start: int
    subject: tuple[int, ...]

    @classmethod
    def of(cls, statement: Statement) -> Self:
        """The object of a statement that names its subject before it."""
        return cls(statement.tokens.ids[: statement.object[-1] + 1], statement.object[0], statement.subject)

    @property
    def query(self) -> int:
        """The position that the object's first token is predicted from."""
        return self.start - 1

    @property
    def length(self) -> int:
        """How many tokens the object has."""
        return len(self.tokens) - self.start

    @cached_property
    def key(self) -> str:
        """The same for two exactly where a model must answer both alike."""
        return content_key(self.tokens, self.start, self.subject)


@dataclass(frozen=True)
class Slopes:
    """What gradients say of one object, in nats: maps [layer, head], and F with and without all edges together.

    `gradient` is the mean of ∂loss/∂A over the subject's tokens and `size` that of its absolute value, both for a whole
    share of attention; `product` is gradient × attention and `integrated` its integral, both of F; `everywhere` is
    gradient × attention summed over the whole pattern; `attention` is the edge's own.
    """

    gradient: Map
    size: Map
    product: Map
    integrated: Map
    everywhere: Map
    attention: Map
    intact: float
    without: float

    @classmethod
    def of(cls, maps: Map, intact: float, without: float) -> Self:
        """From the maps in this order, [map, layer, head], and the two ends."""
        gradient, size, product, integrated, everywhere, attention = maps
        return cls(gradient, size, product, integrated, everywhere, attention, intact, without)

    def to_bytes(self) -> bytes:
        """The slopes as one NumPy array, with the two ends in a map of their own."""
        maps = [self.gradient, self.size, self.product, self.integrated, self.everywhere, self.attention]
        ends = np.zeros_like(self.gradient)
        ends.flat[0], ends.flat[-1] = self.intact, self.without
        return _packed(np.stack([*maps, ends]))

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The slopes that `to_bytes` packed."""
        values = _unpacked(payload)
        return cls.of(values[:-1], float(values[-1].flat[0]), float(values[-1].flat[-1]))


@dataclass(frozen=True)
class Measured:
    """The slopes of each object asked for, and F of those whose edges were cut, head by head, [layer, head]."""

    slopes: Mapping[Asked, Slopes]
    cuts: Mapping[Asked, Map]


def measure(model: ProvenModel, asked: Sequence[Asked], cut: Sequence[Asked], steps: int) -> Measured:
    """The slopes of all that is `asked`, integrated by so many steps, and the cuts of all that is to be `cut`.

    Raises StudyError where the model cannot be opened, has no room for gradients or gives none.
    """
    shelf = _Shelf(model)
    slopes = shelf.known(asked, "slopes", steps)
    cuts = shelf.known(cut, "cuts")
    unasked, uncut = [one for one in asked if one not in slopes], [one for one in cut if one not in cuts]
    if unasked or uncut:
        model.require(f"gradients for {numbers.things(len({*unasked, *uncut}), 'object')}")
        from reportgen.interventions.backward import differentiable  # noqa: PLC0415

        with differentiable(model) as backward:
            with model.progress.counting("differentiate", len(unasked), "objects") as advance:
                for one, found in backward.slopes(unasked, steps):
                    slopes[one] = found.to_bytes()
                    shelf.keep(one, slopes[one], "slopes", steps)
                    advance(1)
            with model.progress.counting("cut each head's edge", len(uncut), "objects") as advance:
                for one in uncut:
                    cuts[one] = _packed(backward.cuts(one))
                    shelf.keep(one, cuts[one], "cuts")
                    advance(1)
    return Measured({one: Slopes.from_bytes(slopes[one]) for one in asked}, {one: _unpacked(cuts[one]) for one in cut})


@dataclass(frozen=True)
class _Shelf:
    """What the store keeps of a model's gradients."""

    model: ProvenModel

    def known(self, asked: Sequence[Asked], *kind: object) -> dict[Asked, bytes]:
        """What is there of these objects."""
        keys = {one: content_key(*kind, one.key) for one in asked}
        self.model.sought[ROOM].update(keys.values())
        store, shelf = Store(self.model.cache), self.model.shelf(ROOM)
        found = {one: store.get(shelf, key) for one, key in keys.items()}
        return {one: payload for one, payload in found.items() if payload is not None}

    def keep(self, one: Asked, payload: bytes, *kind: object) -> None:
        """Keep what was found of an object."""
        Store(self.model.cache).put(self.model.shelf(ROOM), content_key(*kind, one.key), payload)


def _packed(values: Map) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def _unpacked(payload: bytes) -> Map:
    values: Map = np.load(io.BytesIO(payload), allow_pickle=False)
    return values
