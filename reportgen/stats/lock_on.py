"""When something that is followed over positions sets in: the first position at which its mean reaches a share of its highest
one, the fractional peak latency of event-related potentials (Kiesel et al. 2008).

Each head is measured by its own highest mean, so that heads that give much and heads that give little can be compared; a share
of a half is passed steeply, so that noise moves it little. The interval has percentile bounds over units drawn again (Efron
1979). A position is a whole number, so the bounds are drawn ones, never between two.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import PerHead, Scores

Places = npt.NDArray[np.intp]

DRAWS = 2000
_AT_ONCE = 100


@dataclass(frozen=True)
class Course:
    """One position: attention `values` [row, head] of the rows that reach it, and the unit that each row belongs to."""

    values: Scores
    units: Places


@dataclass(frozen=True)
class LockOn:
    """Per head, [head]: the place among the positions at which it sets in, counted from 0, with its interval."""

    place: Places
    low: Places
    high: Places


def means(courses: list[Course]) -> PerHead:
    """The mean over rows at each position, [position, head]."""
    return np.stack([np.asarray(course.values, dtype=np.float64).mean(axis=0) for course in courses])


def first_reached(followed: PerHead, share: float) -> Places:
    """The first position at which each head reaches that share of its highest value, [..., position, head] → [..., head]."""
    return np.asarray(np.argmax(followed >= share * followed.max(axis=-2, keepdims=True), axis=-2))


def lock_on(courses: list[Course], units: int, share: float, level: float, seed: int) -> LockOn:
    """Where each head sets in, with an interval of that level over `units` drawn again, whole with all their rows."""
    drawn = np.concatenate([first_reached(block, share) for block in _drawn(courses, units, seed)])
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return LockOn(first_reached(means(courses), share), low.astype(np.intp), high.astype(np.intp))


def _drawn(courses: list[Course], units: int, seed: int) -> Iterator[PerHead]:
    """The means at every position under units drawn again, [draw, position, head] at a time; a position that none of the
    drawn units reaches keeps its own mean."""
    rng = np.random.default_rng(seed)
    for _ in range(DRAWS // _AT_ONCE):
        weights = rng.multinomial(units, np.full(units, 1 / units), size=_AT_ONCE).astype(np.float64)
        yield np.stack([_mean(course, weights[:, course.units]) for course in courses], axis=1)


def _mean(course: Course, weights: PerHead) -> PerHead:
    values = np.asarray(course.values, dtype=np.float64)
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, weights @ values / np.maximum(total, 1), values.mean(axis=0)))
