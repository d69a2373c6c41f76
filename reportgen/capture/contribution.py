"""How much a head would write for each token: the length of its value through the head's part of the output projection.

‖v W‖² = v (W Wᵀ) vᵀ, and W Wᵀ is small and made once for every layer, so the vectors that are written, as wide as the
model, are never computed. After Kobayashi et al. (2020), https://doi.org/10.18653/v1/2020.emnlp-main.574; the
projection's bias belongs to no head and is left out.
"""

from typing import Any

import torch

from reportgen.errors import StudyError
from reportgen.models.linears import weight_of

_PROJECTIONS = ("o_proj", "out_proj", "dense", "c_proj")


class WrittenLengths:
    """The lengths for every attention module of one model; what each needs is made when it is first asked."""

    def __init__(self) -> None:
        self._grams: dict[int, torch.Tensor] = {}

    def of(self, module: Any, value: torch.Tensor, heads: int) -> torch.Tensor:
        """The length for each head and key, [leaf, head, key], from a layer's `value` [leaf, key head, key, part].

        Raises StudyError where the module's output projection is not found.
        """
        if module.layer_idx not in self._grams:
            self._grams[module.layer_idx] = _gram(module, heads, value.shape[-1])
        values = value.repeat_interleave(heads // value.shape[1], dim=1).float()
        squared = ((values @ self._grams[module.layer_idx]) * values).sum(-1)
        return squared.clamp_min(0.0).sqrt()


def _gram(module: Any, heads: int, part: int) -> torch.Tensor:
    """W Wᵀ of every head, [head, part, part]."""
    projection = next((getattr(module, name) for name in _PROJECTIONS if hasattr(module, name)), None)
    if projection is None or weight_of(projection).shape[1] != heads * part:
        raise StudyError(
            f"{type(module).__name__}: no output projection of {heads} heads is found among {', '.join(_PROJECTIONS)}, "
            "so contributions cannot be measured in this architecture. Measure attention instead."
        )
    weight = weight_of(projection).float().T.reshape(heads, part, -1)
    gram: torch.Tensor = weight @ weight.transpose(-1, -2)
    return gram
