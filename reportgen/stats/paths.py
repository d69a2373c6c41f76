"""Paths of attention through pairs of heads, of which the later one reads what the earlier one has moved.

In a chain, head g of an earlier layer looks from a token m of the middle back at the start with a_g(m → start), and head h
of a later layer from the last position at m with a_h(last → m). By way of m they can move so much of the start to the last
position, the part of attention rollout (Abnar & Zuidema 2020) that goes through these two heads and is not mixed over heads:

    strength(g, h) = Σ over the middle's tokens m of a_h(last → m) · a_g(m → start)

It is a share from 0 to 1. What moves is bounded by it; what the heads make of it is not said.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import PerHead, Scores

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Hops:
    """Both hops through each token of the chains' middles: `first` is attention from the token to the start, `second` from
    the last position to the token, [token, head]; `sizes` says how many tokens in turn belong to each chain, [chain]."""

    first: Scores
    second: Scores
    sizes: Rows

    def mean_strength(self) -> PerHead:
        """Averaged over chains, [earlier head, later head]."""
        return np.asarray(self.first.astype(np.float64).T @ self.second / len(self.sizes))

    def strength(self, earlier: Rows, later: Rows) -> PerHead:
        """Of some pairs of heads in each chain, [chain, pair]."""
        return self.by_chain(self.first[:, earlier].astype(np.float64) * self.second[:, later])

    def by_chain(self, values: Scores) -> PerHead:
        """Values of tokens [token, …] added up over each chain's middle, [chain, …]."""
        return np.asarray(np.add.reduceat(values.astype(np.float64), np.cumsum(self.sizes) - self.sizes, axis=0))


def strongest_pairs(strength: PerHead, per_layer: int, most: int) -> tuple[Rows, Rows]:
    """Of the pairs of heads whose second is in a later layer, at most so many, strongest first; `strength` is [earlier
    head, later head], heads numbered layer by layer. Ties keep the order of the model."""
    layers = np.arange(len(strength)) // per_layer
    earlier, later = np.nonzero(layers[:, np.newaxis] < layers)
    order = np.argsort(-strength[earlier, later], kind="stable")[:most]
    return earlier[order], later[order]


def count_pairs(layers: int, per_layer: int) -> int:
    """How many pairs of heads there are whose second is in a later layer."""
    return layers * (layers - 1) // 2 * per_layer**2
