"""Reading scores out of a forward pass: one number per statement, layer and head, never a whole pattern.

Hooks on TransformerLens's `blocks.{layer}.attn.hook_pattern` see each pattern [statement, head, query, key] as
it is made, read the one row at the statement's query position and sum it up over the key span. The last
layer's hook ends the pass: the last layer's output, the final norm and the LM head are never computed.

Batches are padded on the right. In a causal model no real position can look at a pad that comes after it, and
pads are no part of any key span.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from reportgen.capture.batches import plan_batches
from reportgen.capture.record import Scores
from reportgen.errors import StudyError
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement

Take = Callable[[int, torch.Tensor], None]


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


class ScoreReader:
    """Reads the scores of batches; made by `reading_scores`."""

    def __init__(self, passes: PatternPass, aggregation: Aggregation) -> None:
        self._passes = passes
        self._aggregation = aggregation

    def read(self, statements: Sequence[Statement]) -> torch.Tensor:
        """The scores of one batch, [statement, layer, head], float32 on the CPU.

        Raises StudyError where a hook did not fire or a score is not finite.
        """
        passes, keys = self._passes, _key_mask(statements).to(self._passes.device)
        rows, queries = query_rows(statements, passes.device)
        scores = torch.empty(len(statements), passes.layers, passes.heads, device=passes.device)

        def take(layer: int, pattern: torch.Tensor) -> None:
            scores[:, layer, :] = aggregate(pattern[rows, :, queries, :], keys, self._aggregation)

        passes.run(statements, take)
        found = scores.cpu()
        _require_finite(found, statements)
        return found

    def read_all(self, statements: Sequence[Statement], advance: Callable[[int], None]) -> Scores:
        """The scores of any number of statements, [statement, layer, head], in batches of like length.

        `advance` is told of each batch's statements as they are done. Raises what `read` raises.
        """
        values = np.empty((len(statements), self._passes.layers, self._passes.heads), np.float32)
        for batch in plan_batches([len(statement.tokens.ids) for statement in statements]):
            values[batch] = self.read([statements[index] for index in batch]).numpy()
            advance(len(batch))
        return values


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
def reading_scores(bridge: Any, aggregation: Aggregation) -> Iterator[ScoreReader]:
    """`hooked`, to read scores."""
    with hooked(bridge) as passes:
        yield ScoreReader(passes, aggregation)


def _key_mask(statements: Sequence[Statement]) -> torch.Tensor:
    """Which positions are in each statement's key span, [statement, 1, key]."""
    keys = torch.zeros(padded_tokens(statements).shape, dtype=torch.bool)
    for row, statement in enumerate(statements):
        keys[row, list(statement.keys)] = True
    return keys[:, None, :]


def _require_finite(scores: torch.Tensor, statements: Sequence[Statement]) -> None:
    if torch.isfinite(scores).all():
        return
    row, layer, head = (~torch.isfinite(scores)).nonzero()[0].tolist()
    raise StudyError(
        f"the attention of L{layer}H{head} is not a number in “{statements[row].text}”, in float32. "
        "The weights may be damaged, or the model's numbers too large for this kernel; try another device."
    )
