"""Patterns out of TransformerLens's hooks, and scores where the shared way (`shared`) does not apply to a model.

1. Hooks on `blocks.{layer}.attn.hook_pattern` see each pattern [sequence, head, query, key] as it is made.
2. The last layer's hook ends the pass: the last layer's output, the final norm and the LM head are never computed.
3. Sequences of like length go together in a batch (`batches`), padded on the right: in a causal model no real position
   can look at a pad that comes after it, and pads are no part of any key span.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from reportgen.capture.batches import plan_batches
from reportgen.capture.looks import Looks, require_finite
from reportgen.capture.positions import require_own_positions
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.capture.tree import Ids, Leaf, leaves
from reportgen.errors import StudyError

Take = Callable[[int, torch.Tensor], None]


class _PassDone(Exception):  # noqa: N818
    """Ends a forward pass from inside: every row that was wanted has been read."""


class PatternPass:
    """Runs batches through a bridge and hands each layer's pattern over as it is made; see `hooked`."""

    def __init__(self, bridge: Any) -> None:
        self._bridge = bridge
        self.device, self.dtype = torch.device(bridge.cfg.device), bridge.cfg.dtype
        self.config = bridge.original_model.config.get_text_config()
        self.layers, self.heads = int(bridge.cfg.n_layers), int(bridge.cfg.n_heads)

    def hooks(self) -> list[tuple[str, Any]]:
        """The hooks that do the reading, one a layer."""
        return [(name, self._hook(layer)) for layer, name in enumerate(pattern_names(self._bridge))]

    def run(self, sequences: Sequence[Ids], take: Take) -> None:
        """One forward pass over a batch; `take` gets each layer and its pattern [sequence, head, query, key].

        Raises StudyError where a hook did not fire.
        """
        self._take, self._seen = take, torch.zeros(self.layers, dtype=torch.bool)
        try:
            self._bridge(padded_tokens(sequences).to(self.device), return_type=None, use_cache=False)
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


class HookReader:
    """Answers requests from a bridge, whatever its architecture; made by `reading_hooks`."""

    def __init__(self, passes: PatternPass) -> None:
        self._passes = passes

    def read_all(self, requests: Sequence[Request], budget: int, advance: Callable[[int], None]) -> Scores:
        """The scores of any number of requests, [request, layer, head], float32, from batches of `budget` tokens.

        `advance` is told of the leaves of each batch as they are done. Raises StudyError where a hook did not fire, a
        statement is too long for its positions to be its own, a score is not finite or contributions are asked for.
        """
        if any(request.weight == "contribution" for request in requests):
            raise StudyError("contributions cannot be measured in this architecture; measure attention instead")
        require_own_positions(self._passes.config, requests)
        values = torch.full((len(requests), self._passes.layers, self._passes.heads), torch.nan)
        found = leaves([request.tokens for request in requests])
        for batch in plan_batches([len(leaf.tokens) for leaf in found], budget):
            self._run([found[index] for index in batch], requests, values)
            advance(len(batch))
        require_finite(values, requests, self._passes.dtype)
        scores: Scores = values.numpy()
        return scores

    def _run(self, chosen: Sequence[Leaf], requests: Sequence[Request], values: torch.Tensor) -> None:
        answered = [(row, place) for row, leaf in enumerate(chosen) for place in leaf.places]
        spots = [(row, len(requests[place].tokens) - 1) for row, place in answered]
        places, longest = [place for _, place in answered], max(len(leaf.tokens) for leaf in chosen)
        looks = Looks.of(spots, places, requests, longest, self._passes.device)

        def take(layer: int, pattern: torch.Tensor) -> None:
            values[places, layer] = looks.scores(pattern).cpu()

        self._passes.run([leaf.tokens for leaf in chosen], take)


def pattern_names(bridge: Any) -> list[str]:
    """The hook points at which the bridge shows each layer's patterns, first layer first."""
    return [f"blocks.{layer}.attn.hook_pattern" for layer in range(int(bridge.cfg.n_layers))]


def padded_tokens(sequences: Sequence[Ids]) -> torch.Tensor:
    """The token ids of a batch, [sequence, position], padded on the right."""
    tokens = torch.zeros(len(sequences), max(map(len, sequences)), dtype=torch.long)
    for row, ids in enumerate(sequences):
        tokens[row, : len(ids)] = torch.tensor(ids)
    return tokens


@contextmanager
def hooked(bridge: Any) -> Iterator[PatternPass]:
    """Within the context the bridge's patterns are hooked; the hooks are gone after it."""
    passes = PatternPass(bridge)
    with torch.inference_mode(), bridge.hooks(fwd_hooks=passes.hooks()):
        yield passes


@contextmanager
def reading_hooks(bridge: Any) -> Iterator[HookReader]:
    """`hooked`, to read scores."""
    with hooked(bridge) as passes:
        yield HookReader(passes)
