"""Whether a change is larger than those of control sets, at one size and over several.

1. At each size, p = (b + 1)/(m + 1), where b of the m control sets change by at least as much, in either direction
   (Phipson & Smyth 2010). A set that was drawn several times counts once: where a layer has eight other heads, there are
   eight sets of one head and p is at least 1/9.
2. Over sizes, each order of heads is taken as a whole: changes are divided by their root mean square at that size, over
   controls and the chosen set, and the largest over sizes is compared (single-step max-T, Westfall & Young 1993).

A null in which the chosen heads are no other than the controls makes every order as likely to be the largest.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

BAND = (0.05, 0.95)
_TIE = 1e-9


@dataclass(frozen=True)
class Against:
    """A change at each size beside those of controls: the controls' median and the band that holds 90 % of them, the
    p-value at each size, the same `adjusted` over sizes, and how many `different` control sets there are; all [size]."""

    change: Values
    low: Values
    median: Values
    high: Values
    p_value: Values
    adjusted: Values
    different: npt.NDArray[np.int64]


def against(change: Values, controls: Values, sets: Sequence[Sequence[Hashable]]) -> Against:
    """The change at each size [size] against those of controls [control, size]; `sets` says which sets of heads those are,
    [control][size]."""
    alone = [_at_one_size(change[k], controls[:, k], [each[k] for each in sets]) for k in range(len(change))]
    p_value = np.array([p for p, _ in alone])
    scale = np.sqrt(np.mean(np.concatenate([controls, change[np.newaxis]]) ** 2, axis=0))
    own, others = (_scaled(np.abs(values), scale) for values in (change, controls))
    largest = others.max(axis=1)
    adjusted = (1 + (largest[:, np.newaxis] >= own * (1 - _TIE)).sum(axis=0)) / (len(controls) + 1)
    low, median, high = np.quantile(controls, (BAND[0], 0.5, BAND[1]), axis=0)
    different = np.array([n for _, n in alone])
    return Against(change, low, median, high, p_value, np.maximum(adjusted, p_value), different)


def _at_one_size(change: float, controls: Values, sets: Sequence[Hashable]) -> tuple[float, int]:
    """The p-value, and how many different sets there are."""
    once = dict(zip(sets, np.abs(controls).tolist(), strict=True))
    at_least = sum(value >= abs(change) * (1 - _TIE) for value in once.values())
    return (1 + at_least) / (1 + len(once)), len(once)


def _scaled(values: Values, scale: Values) -> Values:
    return np.divide(values, scale, out=np.zeros(np.broadcast_shapes(values.shape, scale.shape)), where=scale > 0)
