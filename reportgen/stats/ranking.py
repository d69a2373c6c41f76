"""How well a score tells two kinds of units apart: the area under the ROC curve (Hanley & McNeil 1982).

It is the chance that a unit of the first kind has the larger score, ties counted half: 0.5 tells nothing, 1 everything, and
below 0.5 the smaller scores belong to the first kind.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from reportgen.stats.differences import Flags, PerHead, Scores

DRAWS = 2000

Groups = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Area:
    """An area under the curve with its percentile interval."""

    estimate: float
    low: float
    high: float


def areas(scores: Scores, first: Flags) -> PerHead:
    """The area of each column of `scores` [unit, column], from Mann and Whitney's rank sum; `first` [unit] says which units
    are of the first kind. NaN where a kind has no unit."""
    size = int(first.sum())
    rest = len(first) - size
    if not size or not rest:
        return np.full(scores.shape[1], np.nan)
    ranks = stats.rankdata(np.asarray(scores, dtype=np.float64), axis=0)
    above: PerHead = ranks[first].sum(axis=0) - size * (size + 1) / 2
    return above / (size * rest)


def area(scores: PerHead, first: Flags, groups: Groups, level: float, seed: int) -> Area:
    """The area of one score [unit], with the bootstrap interval (Efron 1979) that draws whole groups [unit] again.

    Draws that leave a kind without a unit say nothing and are not counted.
    """
    rng = np.random.default_rng(seed)
    count = int(groups.max()) + 1
    weights = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)[:, groups].astype(np.float64)
    higher = np.sign(scores[first][:, np.newaxis] - scores[~first][np.newaxis]) / 2 + 0.5
    a, b = weights[:, first], weights[:, ~first]
    pairs = a.sum(axis=1) * b.sum(axis=1)
    drawn = ((a @ higher) * b).sum(axis=1)[pairs > 0] / pairs[pairs > 0]
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Area(float(areas(scores[:, np.newaxis], first)[0]), float(low), float(high))
