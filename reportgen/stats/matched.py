"""Whether some heads differ from others in a value that also changes with the layer: each is set beside the others of its own
layer.

1. The matched difference: the mean over the marked heads of their own value minus the mean of the unmarked heads of their
   layer. Layers without a marked head, or without an unmarked one, have no part in it.
2. The null: within each layer, as many heads drawn at random as are marked. Few arrangements are all listed, the observed
   one among them, and p is exact; of many a seeded sample is drawn, and p = (b + 1)/(m + 1) (Phipson & Smyth 2010).
   Two-sided: b counts those at least as far from 0, which is their mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import comb, prod

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

_TIE = 1e-9


@dataclass(frozen=True)
class Drawn:
    """The matched difference, in the unit of the values, and its p-value among heads drawn at random; `exact` says that all
    arrangements were listed, and `arranged` how many there were."""

    estimate: float
    p_value: float
    exact: bool
    arranged: int


def weights(marked: Marks) -> Map:
    """The weights [layer, head] by which a matched difference is the sum of the values of all heads; all are 0 where no
    layer has both marked and unmarked heads."""
    inside = marked.sum(axis=1, keepdims=True)
    outside = marked.shape[1] - inside
    matched = (inside > 0) & (outside > 0)
    total = max(int(inside[matched].sum()), 1)
    shares = np.where(marked, 1.0, -inside / np.maximum(outside, 1))
    return np.where(matched, shares / total, 0.0)


def beside_their_layer(values: Map) -> Map:
    """The mean of the layer's other heads, for each head, [..., layer, head]. Raises ValueError where a layer has one head."""
    others = values.shape[-1] - 1
    if others < 1:
        raise ValueError("a layer of one head has no others")
    return np.asarray((values.sum(axis=-1, keepdims=True) - values) / others)


def among_random_heads(values: Map, marked: Marks, draws: int, seed: int) -> Drawn:
    """The matched difference of `values` [layer, head] set beside those of heads drawn at random.

    Raises ValueError where no layer has both marked and unmarked heads.
    """
    weighed = weights(marked)
    if not weighed.any():
        raise ValueError("no layer has marked and unmarked heads")
    layers = np.flatnonzero(weighed.any(axis=1))
    sizes = marked[layers].sum(axis=1).tolist()
    rows = values[layers].astype(np.float64)
    possible = prod(comb(rows.shape[1], size) for size in sizes)
    exact = possible <= draws
    chosen = _all(rows, sizes) if exact else _sample(rows, sizes, draws, np.random.default_rng(seed))
    own = float((weighed * values).sum())
    tie = _TIE * max(float(np.abs(rows).max()), 1.0)
    reached = int((np.abs(chosen) >= abs(own) - tie).sum())
    p_value = reached / possible if exact else (reached + 1) / (draws + 1)
    return Drawn(own, p_value, exact, possible if exact else draws)


def _all(rows: Map, sizes: Sequence[int]) -> Map:
    """The matched difference under every arrangement."""
    parts = []
    for row, size in zip(rows, sizes, strict=True):
        sums = np.array([row[list(heads)].sum() for heads in combinations(range(len(row)), size)])
        parts.append(_part(sums, row.sum(), len(row), size))
    return np.asarray(reduce(np.add.outer, parts).ravel() / sum(sizes))


def _sample(rows: Map, sizes: Sequence[int], draws: int, rng: np.random.Generator) -> Map:
    """The matched difference under so many random arrangements."""
    total = np.zeros(draws)
    for row, size in zip(rows, sizes, strict=True):
        order = rng.permuted(np.broadcast_to(row, (draws, len(row))), axis=1)
        total += _part(order[:, :size].sum(axis=1), row.sum(), len(row), size)
    return total / sum(sizes)


def _part(sums: Map, whole: float, heads: int, size: int) -> Map:
    """One layer's part, times all marked heads: its drawn heads' sum less as many times the mean of the others."""
    return np.asarray(sums - size * (whole - sums) / (heads - size))
