"""How what heads put out reaches the residual stream at the final norm, and back along it."""

from dataclasses import dataclass, field
from typing import Any

import torch

from reportgen.interventions.norms import Norm
from reportgen.models.linears import weight_of


@dataclass(frozen=True)
class Writer:
    """How a layer's attention writes: its output `projection`, the norm after it where there is one, and what the result is
    multiplied by until it reaches the final norm."""

    projection: Any
    norm: Norm | None
    times: float

    def written(self, output: torch.Tensor) -> torch.Tensor:
        """What reaches the final norm of what heads put out, [row, head · part] → [row, width]."""
        projected = self.projection(output)
        reached: torch.Tensor = self.times * (projected if self.norm is None else self.norm.module(projected))
        return reached

    def back(self, along: torch.Tensor, wrote: torch.Tensor | None) -> torch.Tensor:
        """The direction [head · part] in what heads put out that moves the final stream `along` a direction [part]; the scale
        of the norm is the one at what was projected, `wrote` [part]."""
        if self.norm is not None and wrote is not None:
            along = self.norm.back(along, wrote)
        weight = weight_of(self.projection).float()
        before: torch.Tensor = self.times * (along.to(weight.device) @ weight)
        return before


@dataclass
class Passed:
    """What came by in one pass, of the last token and the first row: the `stream` before the final norm, [part], and what
    attention gave to the norm after it, by layer, [part]."""

    stream: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    wrote: dict[int, torch.Tensor] = field(default_factory=dict)
