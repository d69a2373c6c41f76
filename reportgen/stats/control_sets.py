"""Random sets of heads to hold chosen ones against, one order of heads for every control.

The first k heads of an order are its set of size k, as the first k chosen heads are theirs: so sets of all sizes come from
the same draw, larger ones hold the smaller, and what is largest over sizes can be compared between orders.

1. Matched by layer: for each chosen head in turn another one of its layer.
2. Matched by a value of every head: for each chosen head in turn one of the `NEAREST` others whose value is nearest.

A chosen head stands in a control set only where a layer, or the model, has no other left.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

NEAREST = 20

Head = tuple[int, int]
Order = tuple[Head, ...]
Map = npt.NDArray[np.float64]


def matched_by_layer(chosen: Order, heads: int, count: int, rng: np.random.Generator) -> tuple[Order, ...]:
    """Orders of other heads of the chosen ones' layers, which have so many heads each."""

    def others(head: Head, free: Sequence[Head]) -> list[Head]:
        return [other for other in free if other[0] == head[0]]

    every = [(layer, head) for layer in sorted({layer for layer, _ in chosen}) for head in range(heads)]
    return tuple(_drawn(chosen, every, others, rng) for _ in range(count))


def matched_by_value(chosen: Order, values: Map, count: int, rng: np.random.Generator) -> tuple[Order, ...]:
    """Orders of heads with like `values` [layer, head]."""

    def others(head: Head, free: Sequence[Head]) -> list[Head]:
        return sorted(free, key=lambda other: (abs(values[other] - values[head]), other))[:NEAREST]

    every: list[Head] = [(int(layer), int(head)) for layer, head in np.ndindex(*values.shape)]
    return tuple(_drawn(chosen, every, others, rng) for _ in range(count))


def _drawn(
    chosen: Order, every: Sequence[Head], others: Callable[[Head, Sequence[Head]], list[Head]], rng: np.random.Generator
) -> Order:
    order: list[Head] = []
    for head in chosen:
        free = [other for other in every if other not in order]
        choices = others(head, [other for other in free if other not in chosen]) or others(head, free)
        order.append(choices[int(rng.integers(len(choices)))])
    return tuple(order)
