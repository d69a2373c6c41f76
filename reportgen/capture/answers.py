"""Scores that fill up from shards, one after the other, until every request has its own. Knows no torch.

The scores are one array from the first shard on; of each shard only what is wanted stays, and it is forgotten. So
memory grows with the scores alone, whatever else stands on the shelf.
"""

from collections.abc import Iterable

import numpy as np

from reportgen.capture.record import CaptureRun, Scores, Shard


class Answers:
    """The scores of requests, by their keys and in their order; a key that comes twice is one question."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._places: dict[str, int] = {}
        firsts = (self._places.setdefault(key, place) for place, key in enumerate(keys))
        self._firsts = np.fromiter(firsts, np.int64)
        self._known = np.zeros(len(self._firsts), bool)
        self._values: Scores = np.empty((0, 0, 0), np.float32)
        self._runs: set[CaptureRun] = set()

    @property
    def keys(self) -> Iterable[str]:
        """Every question's, once."""
        return self._places.keys()

    def take(self, shard: Shard) -> None:
        """Keep what a shard says of questions that had no answer until now."""
        rows, places = [], []
        for row, key in enumerate(shard.keys):
            place = self._places.get(key)
            if place is not None and not self._known[place]:
                rows.append(row)
                places.append(place)
        if not places:
            return
        if not self._known.any():
            self._values = np.empty((len(self._known), *shard.values.shape[1:]), np.float32)
        self._values[places] = shard.values[rows]
        self._known[places] = True
        self._runs.add(shard.run)

    @property
    def runs(self) -> tuple[CaptureRun, ...]:
        """The runs that made the scores, oldest first."""
        return tuple(sorted(self._runs, key=lambda run: run.finished))

    def unanswered(self) -> dict[str, int]:
        """The keys that have no scores yet, and at which place each first stands."""
        return {key: place for key, place in self._places.items() if not self._known[place]}

    def values(self) -> Scores:
        """The scores [request, layer, head], once every question has its answer."""
        again = np.flatnonzero(self._firsts != np.arange(len(self._firsts)))
        self._values[again] = self._values[self._firsts[again]]
        return self._values
