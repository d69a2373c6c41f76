"""Statements whose positions are their own. Knows no torch.

Two kinds of rotary positions are stretched once a sequence is longer than those that the model was first trained on:
"dynamic" ones by that sequence's length, "longrope" ones by other factors. Transformers does so for all sequences of a
pass by the longest of them, so beyond that length a score would depend on what else is read.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.capture.request import Request
from reportgen.errors import StudyError, shown


def require_own_positions(config: Any, requests: Sequence[Request]) -> None:
    """Raise StudyError where a statement is so long that a model of this configuration stretches its positions."""
    limit = _longest_unstretched(config)
    for request in requests:
        if len(request.tokens) > limit:
            raise StudyError(
                f"a statement has {len(request.tokens):,} tokens up to where it is read, and beyond {limit:,} this model's "
                f"positions would change with what is read beside it: {shown(request.statement.text)}. Leave it out or "
                "shorten it."
            )


def _longest_unstretched(config: Any) -> float:
    """In tokens; without end where positions are of another kind."""
    parameters = getattr(config, "rope_parameters", None) or {}
    by_layers = [parameters, *(each for each in parameters.values() if isinstance(each, dict))]
    return min((_unstretched(config, rope) for rope in by_layers), default=math.inf)


def _unstretched(config: Any, rope: Mapping[str, Any]) -> float:
    kind = str(rope.get("rope_type"))
    if kind == "longrope":
        return int(rope["original_max_position_embeddings"])
    return int(config.max_position_embeddings) if "dynamic" in kind else math.inf
