"""Scores out of plain transformers with eager attention, one sequence at a time: slow, and right wherever attention is shown.

For architectures whose attention goes around transformers' interface and that TransformerLens does not know either: mostly
models that bring code of their own. It is the reading that the other two prove themselves by.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from reportgen.capture.looks import Looks, require_finite
from reportgen.capture.positions import require_own_positions
from reportgen.capture.proof import shown_patterns
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.capture.tree import leaves
from reportgen.errors import StudyError


class LoneReader:
    """Answers requests from a causal model of plain transformers with eager attention."""

    def __init__(self, model: Any) -> None:
        config = model.config.get_text_config()
        self.layers, self.heads = int(config.num_hidden_layers), int(config.num_attention_heads)
        self._model = model

    def read_all(self, requests: Sequence[Request], budget: int, advance: Callable[[int], None]) -> Scores:  # noqa: ARG002
        """The scores of any number of requests, [request, layer, head], float32; a pass is one sequence, whatever the budget.

        `advance` is told of each. Raises StudyError where not every layer shows its attention, a statement is too long for its
        positions to be its own, a score is not finite or contributions are asked for.
        """
        if any(request.weight == "contribution" for request in requests):
            raise StudyError("contributions cannot be measured in this architecture; measure attention instead")
        require_own_positions(self._model.config.get_text_config(), requests)
        values = torch.full((len(requests), self.layers, self.heads), torch.nan)
        for leaf in leaves([request.tokens for request in requests]):
            patterns = shown_patterns(self._model, leaf.tokens)
            spots = [(0, len(requests[place].tokens) - 1) for place in leaf.places]
            looks = Looks.of(spots, leaf.places, requests, len(leaf.tokens), torch.device("cpu"))
            for layer, pattern in enumerate(patterns):
                values[looks.places, layer] = looks.scores(pattern[None])
            advance(1)
        require_finite(values, requests, self._model.dtype)
        scores: Scores = values.numpy()
        return scores
