"""Plain transformers whose attention is watched or changed, layer by layer.

1. An attention function registered with transformers calls the module's own eager attention, which gives each head's
   pattern and what the heads put out before the output projection.
2. Both are handed over, with the values; what comes back takes the place of what the heads put out. So a head can be
   silenced, its output replaced, its pattern changed, or all be left as it is and only looked at.
3. A changed pattern is applied to the values again (`Attended.through`). That this is what the architecture itself does
   with its patterns is tried at the first call, and refused where it is not.

Works under autograd as well as in inference mode.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers.masking_utils import eager_mask

from reportgen.capture.shared import attention_replaced, eager_attention
from reportgen.errors import StudyError

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Attended:
    """One layer's attention over a batch: `pattern` [row, head, query, key], `values` [row, head, key, part] with one for
    each head, and `output` [row, query, head, part], what the heads put out before it is projected."""

    layer: int
    module: Any
    pattern: torch.Tensor
    values: torch.Tensor
    output: torch.Tensor

    def through(self, pattern: torch.Tensor) -> torch.Tensor:
        """What the heads would put out if this were their pattern, [row, query, head, part]."""
        return (pattern.to(self.values.dtype) @ self.values).transpose(1, 2).contiguous()


Change = Callable[[Attended], torch.Tensor]


@contextmanager
def attending(model: Any, change: Change) -> Iterator[None]:
    """Within the context, what the heads of a causal model put out is what `change` gives; after it, all is as before.

    Raises StudyError, at the first pass, about an architecture whose attention does not come through transformers'
    interface or does something else with its patterns.
    """
    with attention_replaced(model, _Watch(change).attend, eager_mask):
        yield


class _Watch:
    """The attention function of one context, and the layers that have been tried in it."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._tried: set[int] = set()

    def attend(
        self,
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        **options: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One layer's attention, states [row, head, position, part] → [row, position, head, part]."""
        output, pattern = eager_attention(module)(module, query, key, value, attention_mask, **options)
        values = value.repeat_interleave(pattern.shape[1] // value.shape[1], dim=1)
        attended = Attended(layer_of(module), module, pattern, values, output)
        if attended.layer not in self._tried:
            self._try(attended)
        return self._change(attended), pattern

    def _try(self, attended: Attended) -> None:
        again = attended.through(attended.pattern)
        scale = attended.output.detach().abs().max().clamp_min(1e-6)
        if again.shape != attended.output.shape or ((again - attended.output).abs().max() / scale) > TOLERANCE:
            raise StudyError(
                f"{type(attended.module).__name__} does more with its patterns than weigh its values by them, so its heads "
                "cannot be knocked out one by one"
            )
        self._tried.add(attended.layer)


def layer_of(module: Any) -> int:
    """Which layer an attention module belongs to, from 0. Raises StudyError where it does not say."""
    layer = getattr(module, "layer_idx", None)
    if layer is None:
        raise StudyError(f"{type(module).__name__} does not number its layers, so its heads cannot be told apart")
    return int(layer)
