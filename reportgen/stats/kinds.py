"""Which kind each head is of, by where it looks more than it would if it looked everywhere alike.

1. A head's shares of attention by role, averaged over units, minus what an even spread over the tokens would give each role:
   its excess. A role that stands for many tokens is so not preferred for their number.
2. Its kind is the role of the largest excess, if that is `LEAST` or more; else it is of none: it spreads evenly.
3. Units are drawn again (bootstrap; Efron 1979): in each draw every head has a kind anew.
"""

import numpy as np
import numpy.typing as npt

LEAST = 0.1

Shares = npt.NDArray[np.float64]
Kinds = npt.NDArray[np.int8]


def kinds_of(excess: Shares) -> Kinds:
    """The kind of each head, by `excess` [..., role, head]: the number of its role, or that of roles where it is of none."""
    kinds: Kinds = np.where(excess.max(axis=-2) >= LEAST, excess.argmax(axis=-2), excess.shape[-2]).astype(np.int8)
    return kinds


def redrawn(units: int, draws: int, seed: int) -> Shares:
    """The weight of every unit in each draw with replacement, [draw, unit]; those of a draw add up to 1."""
    return np.asarray(np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=draws) / units)


def drawn_kinds(excess: Shares, weights: Shares) -> Kinds:
    """The kind of each head in every draw, [draw, head], from units' `excess` [unit, role, head]."""
    rows = excess.reshape(len(excess), -1)
    return kinds_of((weights @ rows).reshape(len(weights), *excess.shape[1:]))
