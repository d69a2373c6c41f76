"""Whether two effects go together over heads: their correlation, and how sure one may be of it.

The heads are all that the model has; what is a sample are the units, so it is these that are drawn again (the bootstrap of
Efron 1979, percentile intervals). Every draw gives both effects of every head anew, and the correlation over heads of the
two. Noise in the effects pulls the correlation towards 0, in the estimate as in the interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.stats.differences import PerHead, Scores

DRAWS = 2000


@dataclass(frozen=True)
class Agreement:
    """Pearson's correlation over heads of two effects, with a percentile interval; NaN where an effect does not vary."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """The same units measured in two ways, `x` and `y` [unit, head]; `sign` is 1 where their mean counts as it is, and -1
    where it is taken away, as that of set B is."""

    x: Scores
    y: Scores
    sign: int = 1


def agree(parts: Sequence[Measured], level: float, seed: int, draws: int = DRAWS) -> Agreement:
    """The correlation over heads of two effects, each the sum of its parts' means.

    Differences of pairs are one part; two independent sets are two, drawn again each by itself.
    """
    rng = np.random.default_rng(seed)
    x, y = (sum(part.sign * getattr(part, name).mean(axis=0) for part in parts) for name in ("x", "y"))
    drawn_x, drawn_y = np.zeros((draws, len(x))), np.zeros((draws, len(y)))
    for part in parts:
        units = len(part.x)
        weights = rng.multinomial(units, np.full(units, 1 / units), size=draws) / units
        drawn_x += part.sign * (weights @ part.x)
        drawn_y += part.sign * (weights @ part.y)
    drawn = _correlation(drawn_x, drawn_y)
    tail = (1 - level) / 2
    low, high = (float(np.quantile(drawn, q)) if np.isfinite(drawn).all() else np.nan for q in (tail, 1 - tail))
    return Agreement(float(_correlation(x[np.newaxis], y[np.newaxis])[0]), low, high)


def _correlation(x: PerHead, y: PerHead) -> PerHead:
    """Row by row, [row, head] → [row]."""
    first, second = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray(np.divide((first * second).sum(axis=1), spread, out=np.full(len(x), np.nan), where=spread > 0))
