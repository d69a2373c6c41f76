"""How alike maps of the same heads are: the correlation of their effects, and how far they find the same heads."""

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import PerHead


def correlations(maps: PerHead) -> PerHead:
    """Pearson's correlation over heads of each two maps [map, head] → [map, map], over the heads that both have a number for.

    NaN where a map has fewer than three such heads, or does not vary over them.
    """
    result = np.full((len(maps), len(maps)), np.nan)
    for first in range(len(maps)):
        for second in range(first, len(maps)):
            both = np.isfinite(maps[first]) & np.isfinite(maps[second])
            result[first, second] = result[second, first] = _correlation(maps[first, both], maps[second, both])
    return result


def _correlation(x: PerHead, y: PerHead) -> float:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    x, y = x - x.mean(), y - y.mean()
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1, 1))


def shared(found: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """Of sets of heads [map, head]: how many heads each two have in common, and how many are in either, both [map, map]."""
    counts = found.astype(int)
    both = counts @ counts.T
    sizes = counts.sum(axis=1)
    return both, sizes[:, np.newaxis] + sizes - both
