"""Attention rollout and attention flow: how much of a token reaches a position over all layers, whatever the heads.

Abnar & Zuidema (2020), "Quantifying Attention Flow in Transformers", https://arxiv.org/abs/2005.00928:

1. A layer's attention is averaged over its heads, and half of what stands at a position is taken to be what stood there
   before: A = (W + I) / 2. Rows add up to 1.
2. Rollout multiplies the layers' matrices: a token's part in a position, if every layer mixed what it attends to.
3. Flow takes them for pipes from each position to those of the layer before: the most that can flow from the position at
   the top to some tokens at the bottom, no pipe above its capacity. To several tokens it is one flow into all of them.

Both are shares from 0 to 1.
"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

Patterns = npt.NDArray[np.float64]

_UNITS = 1_000_000


def with_residual(patterns: Patterns) -> Patterns:
    """Attention averaged over heads, [layer, query, key], mixed half and half with staying where it was."""
    return np.asarray((patterns + np.eye(patterns.shape[-1])) / 2)


def rollout(patterns: Patterns, query: int) -> npt.NDArray[np.float64]:
    """Each token's part in what stands at `query` at the top, [token], of patterns averaged over heads."""
    row = np.eye(patterns.shape[-1])[query]
    for layer in with_residual(patterns)[::-1]:
        row = row @ layer
    return np.asarray(row)


def flow(patterns: Patterns, query: int, tokens: tuple[int, ...]) -> float:
    """The most that flows from `query` at the top into some tokens at the bottom; capacities are whole millionths."""
    layers, length, _ = patterns.shape
    sink = (layers + 1) * length
    layer, upper, lower = np.nonzero(patterns + np.eye(length) > 0)
    capacity = np.rint(with_residual(patterns)[layer, upper, lower] * _UNITS)
    # Nodes are numbered from the bottom: the inputs of layer 0 first, what the last layer gives last.
    pipes = (
        np.concatenate([(layer + 1) * length + upper, tokens]),
        np.concatenate([layer * length + lower, np.full(len(tokens), sink)]),
    )
    capacities = np.concatenate([capacity, np.full(len(tokens), 2 * _UNITS)]).astype(np.int32)
    graph = coo_array((capacities, pipes), shape=(sink + 1, sink + 1)).tocsr()
    return float(maximum_flow(graph, layers * length + query, sink).flow_value) / _UNITS
