"""How deep in a model some heads lie, and how sure one may be of it.

1. A head's depth is its layer over the number of layers before the last: 0 in the first layer, 1 in the last. So models of
   different numbers of layers can be compared.
2. The depth of several heads is the mean of theirs, each weighted by the size of its effect: a head that hardly counts hardly
   matters.
3. Units are drawn again (bootstrap; Efron 1979, percentile intervals), with the same draws in every model that saw them: effects
   and depth are had anew, of the heads that were found, and so is the difference between models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import Flags, Scores

Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number with its percentile interval; NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Depth:
    """The depth of some heads: the estimate, and what it is in every draw, [draw]."""

    value: float
    drawn: Map

    def estimate(self, level: float) -> Estimate:
        """The depth with its interval."""
        return _estimate(self.value, self.drawn, level)

    def minus(self, other: "Depth", level: float) -> Estimate:
        """How much deeper than other heads, those of another model that saw the same draws."""
        return _estimate(self.value - other.value, self.drawn - other.drawn, level)


def relative_depths(layers: int, per_layer: int) -> Map:
    """The depth of every head, [head of any layer]; 0 where there is one layer alone."""
    return np.repeat(np.arange(layers) / max(layers - 1, 1), per_layer)


def depth_of(units: Sequence[tuple[Scores, Map]], found: Flags, depths: Map) -> Depth:
    """The depth of the heads `found` [head]. Effects are the sum over parts of `units`: rows [unit, head] and their weights in
    every draw [draw, unit], negative where they are taken away."""
    effect = np.sum([np.sign(weights.sum()) * rows.mean(axis=0) for rows, weights in units], axis=0)
    drawn = np.sum([weights @ rows for rows, weights in units], axis=0)
    return Depth(float(_centre(effect[np.newaxis], found, depths)[0]), _centre(drawn, found, depths))


def _centre(effects: Map, found: Flags, depths: Map) -> Map:
    """[draw, head] → [draw]."""
    sizes = np.abs(effects[:, found])
    total = sizes.sum(axis=1)
    return np.asarray(np.divide(sizes @ depths[found], total, out=np.full(len(sizes), np.nan), where=total > 0))


def _estimate(value: float, drawn: Map, level: float) -> Estimate:
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail)) if np.isfinite(drawn).all() else (np.nan, np.nan)
    return Estimate(value, float(low), float(high))
