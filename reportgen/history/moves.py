"""How far the numbers of one contrast moved between two runs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from reportgen.history.record import Column, ContrastRecord


@dataclass(frozen=True)
class Move:
    """How far one head's effect is from one run to the next."""

    contrast: str
    head: str
    difference: float
    of_uncertainty: float


def moves(before: ContrastRecord, after: ContrastRecord) -> Iterator[Move]:
    """The move of every head that has an effect in both; of equal columns the first alone, since all are zero."""
    if (before.layers, before.heads) != (after.layers, after.heads):
        return
    places = [place for place, pair in enumerate(zip(before.effect, after.effect, strict=True)) if None not in pair]
    for place in places[:1] if before.effect == after.effect else places:
        difference = abs((after.effect[place] or 0.0) - (before.effect[place] or 0.0))
        yield Move(after.id, after.head(place), difference, _part(difference, place, before, after))


def _part(difference: float, place: int, *contrasts: ContrastRecord) -> float:
    """A difference as a part of half the width of the narrower interval; NaN where there is none."""
    if difference == 0:
        return 0.0
    halves = [half for contrast in contrasts if (half := _half_width(contrast, place)) is not None]
    if not halves:
        return math.nan
    return difference / min(halves) if min(halves) else math.inf


def _half_width(contrast: ContrastRecord, place: int) -> float | None:
    """Half the width of a head's interval; of one that is open on one side, what lies on the other."""
    effect, low, high = contrast.effect[place], contrast.low[place], contrast.high[place]
    if low is not None and high is not None:
        return (high - low) / 2
    bound = low if low is not None else high
    return None if bound is None or effect is None else abs(effect - bound)


def bounds_moved(before: ContrastRecord, after: ContrastRecord) -> float:
    """The largest difference of any interval's bound."""
    return max(furthest(before.low, after.low), furthest(before.high, after.high))


def furthest(before: Column, after: Column) -> float:
    """The largest difference of two columns; infinite where one has a number that the other lacks."""
    if before == after:
        return 0.0
    if [value is None for value in before] != [value is None for value in after]:
        return math.inf
    return max(abs(x - y) for x, y in zip(before, after, strict=True) if x is not None and y is not None)
