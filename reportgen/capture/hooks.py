"""Reading scores out of a forward pass: one number per request, layer and head, never a whole pattern.

1. Requests for the same tokens go through the model once, as one row of a batch.
2. Hooks on TransformerLens's `blocks.{layer}.attn.hook_pattern` see each pattern [statement, head, query, key] as
   it is made, and read the row at each query position that anyone asked for, once for all aggregations.
3. The last layer's hook ends the pass: the last layer's output, the final norm and the LM head are never computed.

Batches are padded on the right. In a causal model no real position can look at a pad that comes after it, and
pads are no part of any key span.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
import torch

from reportgen.capture.batches import plan_batches
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.errors import StudyError
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement

Take = Callable[[int, torch.Tensor], None]
_Key = TypeVar("_Key", bound=Hashable)


class _PassDone(Exception):  # noqa: N818
    """Ends a forward pass from inside: every row that was wanted has been read."""


class PatternPass:
    """Runs batches through a bridge and hands each layer's pattern over as it is made; see `hooked`."""

    def __init__(self, bridge: Any) -> None:
        self._bridge = bridge
        self.device = torch.device(bridge.cfg.device)
        self.layers, self.heads = int(bridge.cfg.n_layers), int(bridge.cfg.n_heads)

    def hooks(self) -> list[tuple[str, Any]]:
        """The hooks that do the reading, one a layer."""
        return [(name, self._hook(layer)) for layer, name in enumerate(pattern_names(self._bridge))]

    def run(self, statements: Sequence[Statement], take: Take) -> None:
        """One forward pass over a batch; `take` gets each layer and its pattern [statement, head, query, key].

        Raises StudyError where a hook did not fire.
        """
        self._take, self._seen = take, torch.zeros(self.layers, dtype=torch.bool)
        try:
            self._bridge(padded_tokens(statements).to(self.device), return_type=None, use_cache=False)
        except _PassDone:
            pass
        else:
            raise StudyError("the hook on the last layer's pattern never fired; this architecture hides its patterns")
        if not self._seen.all():
            silent = ", ".join(str(layer) for layer in (~self._seen).nonzero().flatten().tolist())
            raise StudyError(f"the hooks on the patterns of layers {silent} never fired")

    def _hook(self, layer: int) -> Any:
        def read(pattern: torch.Tensor, hook: Any) -> None:  # noqa: ARG001
            self._take(layer, pattern)
            self._seen[layer] = True
            if layer == self.layers - 1:
                raise _PassDone

        return read


@dataclass(frozen=True)
class _Looks:
    """What a batch of requests looks at: which rows of attention are read, and whose score comes from which.

    `sequences` are the batch's statements, one for each token sequence; `rows` and `queries` pick the attention of
    each look out of a pattern of them, and `keys` [look, 1, key] its key span. Request i takes its score from
    `aggregations[how[i]]` at look `which[i]`.
    """

    sequences: list[Statement]
    rows: torch.Tensor
    queries: torch.Tensor
    keys: torch.Tensor
    aggregations: list[Aggregation]
    how: torch.Tensor
    which: torch.Tensor

    @classmethod
    def of(cls, requests: Sequence[Request], device: torch.device) -> Self:
        sequences = {request.tokens: request.statement for request in requests}
        looks = {request.look: request.statement for request in requests}
        places, numbers = _places(sequences), _places(looks)
        aggregations = list(dict.fromkeys(request.aggregation for request in requests))
        length = max(map(len, sequences))
        return cls(
            sequences=list(sequences.values()),
            rows=torch.tensor([places[statement.tokens.ids] for statement in looks.values()], device=device),
            queries=torch.tensor([statement.query for statement in looks.values()], device=device),
            keys=_key_mask(list(looks.values()), length).to(device),
            aggregations=aggregations,
            how=torch.tensor([aggregations.index(request.aggregation) for request in requests], device=device),
            which=torch.tensor([numbers[request.look] for request in requests], device=device),
        )

    def scores(self, pattern: torch.Tensor) -> torch.Tensor:
        """Each request's score at every head of a layer, [request, head], from its `pattern` of the sequences."""
        attention = pattern[self.rows, :, self.queries, :]
        found = torch.stack([aggregate(attention, self.keys, aggregation) for aggregation in self.aggregations])
        return found[self.how, self.which]


def _places(keys: Iterable[_Key]) -> dict[_Key, int]:
    return {key: place for place, key in enumerate(keys)}


class ScoreReader:
    """Answers requests, in batches; made by `reading_scores`."""

    def __init__(self, passes: PatternPass) -> None:
        self._passes = passes

    def read(self, requests: Sequence[Request]) -> torch.Tensor:
        """The scores of one batch, [request, layer, head], float32 on the CPU, from one forward pass.

        Raises StudyError where a hook did not fire or a score is not finite.
        """
        passes = self._passes
        looks = _Looks.of(requests, passes.device)
        scores = torch.empty(len(requests), passes.layers, passes.heads, device=passes.device)

        def take(layer: int, pattern: torch.Tensor) -> None:
            scores[:, layer, :] = looks.scores(pattern)

        passes.run(looks.sequences, take)
        found = scores.cpu()
        _require_finite(found, requests)
        return found

    def read_all(self, requests: Sequence[Request], advance: Callable[[int], None]) -> Scores:
        """The scores of any number of requests, [request, layer, head], in batches of like length.

        `advance` is told of each batch's token sequences as they are done. Raises what `read` raises.
        """
        values = np.empty((len(requests), self._passes.layers, self._passes.heads), np.float32)
        sequences = places_by_tokens(requests)
        places = list(sequences.values())
        for batch in plan_batches([len(tokens) for tokens in sequences]):
            chosen = [place for index in batch for place in places[index]]
            values[chosen] = self.read([requests[place] for place in chosen]).numpy()
            advance(len(batch))
        return values


def places_by_tokens(requests: Sequence[Request]) -> dict[tuple[int, ...], list[int]]:
    """Where the requests for each token sequence stand."""
    places: dict[tuple[int, ...], list[int]] = {}
    for place, request in enumerate(requests):
        places.setdefault(request.tokens, []).append(place)
    return places


def pattern_names(bridge: Any) -> list[str]:
    """The hook points at which the bridge shows each layer's patterns, first layer first."""
    return [f"blocks.{layer}.attn.hook_pattern" for layer in range(int(bridge.cfg.n_layers))]


def padded_tokens(statements: Sequence[Statement]) -> torch.Tensor:
    """The token ids of a batch, [statement, position], padded on the right."""
    tokens = torch.zeros(len(statements), max(len(statement.tokens.ids) for statement in statements), dtype=torch.long)
    for row, statement in enumerate(statements):
        tokens[row, : len(statement.tokens.ids)] = torch.tensor(statement.tokens.ids)
    return tokens


def query_rows(statements: Sequence[Statement], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The indices that pick each statement's row out of a pattern: `pattern[rows, :, queries, :]`."""
    queries = [statement.query for statement in statements]
    return torch.arange(len(statements), device=device), torch.tensor(queries, device=device)


def aggregate(row: torch.Tensor, keys: torch.Tensor, aggregation: Aggregation) -> torch.Tensor:
    """Attention `row` [statement, head, key] over the key span `keys` [statement, 1, key] → [statement, head]."""
    inside = row.masked_fill(~keys, 0.0)
    if aggregation == "max":
        return inside.amax(dim=-1)
    total = inside.sum(dim=-1)
    return total if aggregation == "sum" else total / keys.sum(dim=-1)


@contextmanager
def hooked(bridge: Any) -> Iterator[PatternPass]:
    """Within the context the bridge's patterns are hooked; the hooks are gone after it."""
    passes = PatternPass(bridge)
    with torch.inference_mode(), bridge.hooks(fwd_hooks=passes.hooks()):
        yield passes


@contextmanager
def reading_scores(bridge: Any) -> Iterator[ScoreReader]:
    """`hooked`, to read scores."""
    with hooked(bridge) as passes:
        yield ScoreReader(passes)


def _key_mask(statements: Sequence[Statement], length: int) -> torch.Tensor:
    """Which of `length` positions are in each statement's key span, [statement, 1, key]."""
    keys = torch.zeros(len(statements), length, dtype=torch.bool)
    for row, statement in enumerate(statements):
        keys[row, list(statement.keys)] = True
    return keys[:, None, :]


def _require_finite(scores: torch.Tensor, requests: Sequence[Request]) -> None:
    if torch.isfinite(scores).all():
        return
    row, layer, head = (~torch.isfinite(scores)).nonzero()[0].tolist()
    raise StudyError(
        f"the attention of L{layer}H{head} is not a number in “{requests[row].statement.text}”, in float32. "
        "The weights may be damaged, or the model's numbers too large for this kernel; try another device."
    )
