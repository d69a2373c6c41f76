"""What is to be captured, and in which shards. Knows no torch.

1. The token sequences of all requests that have no scores yet make up a prefix tree; its leaves are run (`tree`), in
   the order of their token ids.
2. So many neighbours at a time are a shard, with all requests that they answer. A run that goes on where another one
   stopped, or that runs beside it, makes the same shards of what is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reportgen import numbers
from reportgen.capture.record import Route
from reportgen.capture.request import Request
from reportgen.capture.tree import Ids, Leaf, leaves, tokens_computed
from reportgen.store import content_key

SHARD_STATEMENTS = 512


@dataclass(frozen=True)
class Part:
    """What one shard answers: requests, their keys, and the token sequences that go through the model for them."""

    keys: tuple[str, ...]
    requests: tuple[Request, ...]
    sequences: tuple[Ids, ...]

    def __len__(self) -> int:
        """How many sequences go through the model."""
        return len(self.sequences)

    @property
    def key(self) -> str:
        """The shard's own, whatever order its requests came in."""
        return content_key(sorted(self.keys))

    @property
    def tokens(self) -> int:
        """How many tokens its sequences have together."""
        return sum(map(len, self.sequences))

    def computed(self, route: Route, budget: int) -> int:
        """How many tokens go through the model for it."""
        return tokens_computed(self.sequences, budget) if route.way == "shared" else self.tokens


class Plan:
    """The capture of the requests at the `missing` places, by their keys."""

    def __init__(self, requests: Sequence[Request], missing: Mapping[str, int]) -> None:
        self._requests, self._keys, self._places = requests, list(missing), list(missing.values())
        self._order = leaves([requests[place].tokens for place in self._places])

    def __len__(self) -> int:
        """How many statements go through the model."""
        return len(self._order)

    @property
    def missing(self) -> list[Request]:
        """The requests that are to be captured."""
        return [self._requests[place] for place in self._places]

    def parts(self) -> Iterator[Part]:
        """What each shard answers, one after the other."""
        for start in range(0, len(self._order), SHARD_STATEMENTS):
            yield self._part(self._order[start : start + SHARD_STATEMENTS])

    def _part(self, chosen: Sequence[Leaf]) -> Part:
        asked = [place for leaf in chosen for place in leaf.places]
        return Part(
            keys=tuple([self._keys[place] for place in asked]),
            requests=tuple([self._requests[self._places[place]] for place in asked]),
            sequences=tuple([leaf.tokens for leaf in chosen]),
        )

    @cached_property
    def stored(self) -> int:
        """How many statements have all their scores on the shelf."""
        if len(self._places) == len(self._requests):
            return 0
        return len(leaves([request.tokens for request in self._requests])) - len(self)

    def text(self, route: Route, budget: int) -> str:
        """The plan in words: "capturing 700 statements: 6,180 tokens, of which sharing saves 49 %"."""
        tokens = sum(part.tokens for part in self.parts())
        computed = sum(part.computed(route, budget) for part in self.parts())
        stored = f" ({numbers.count(self.stored)} are in the store)" if self.stored else ""
        saved = f", of which sharing saves {numbers.percent(tokens - computed, tokens)}" if computed < tokens else ""
        return f"capturing {numbers.things(len(self), 'statement')}{stored}: {numbers.things(tokens, 'token')}{saved}"

    def left_at(self, kept: int) -> str:
        """What a run leaves that is stopped after so many of its statements."""
        whole = numbers.things(self.stored + len(self), "statement")
        return f"{numbers.count(self.stored + kept)} of {whole} are kept"
