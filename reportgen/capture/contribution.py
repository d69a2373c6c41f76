"""How much a head would write for each token: the length of its value through the head's part of the output projection.

‖v W‖² = v (W Wᵀ) vᵀ, and W Wᵀ is small and made once for every layer, so the vectors that are written, as wide as the
model, are never computed. After Kobayashi et al. (2020), https://doi.org/10.18653/v1/2020.emnlp-main.574; the
projection's bias belongs to no head and is left out. So is a norm that an architecture puts after the projection
(Gemma 2 and 3, OLMo 2). A gate or norm before the projection would make the lengths wrong, and is refused.
"""

from typing import Any

import torch

from reportgen.errors import StudyError
from reportgen.models.linears import weight_of

_PROJECTIONS = ("o_proj", "out_proj", "dense", "c_proj")


class WrittenLengths:
    """The lengths for every attention module of one model; what each needs is made when it is first asked."""

    def __init__(self) -> None:
        self._grams: dict[Any, torch.Tensor] = {}
        self._untried: set[Any] = set()

    def of(self, module: Any, value: torch.Tensor, heads: int) -> torch.Tensor:
        """The length for each head and key, [leaf, head, key], from a layer's `value` [leaf, key head, key, part].

        Raises StudyError where the module's output projection is not found.
        """
        if module not in self._grams:
            self._grams[module] = _gram(module, heads, value.shape[-1])
            self._untried.add(module)
        values = value.repeat_interleave(heads // value.shape[1], dim=1).float()
        squared = ((values @ self._grams[module]) * values).sum(-1)
        return squared.clamp_min(0.0).sqrt()

    def require_projected(self, module: Any, attended: torch.Tensor) -> None:
        """Have the module raise StudyError, when it goes on, unless it projects what its heads put out,
        `attended` [1, node, head, part], as it is; tried once for each module that `of` was asked about."""
        if module not in self._untried:
            return
        self._untried.remove(module)

        def compare(_: Any, inputs: tuple[torch.Tensor, ...]) -> None:
            trial.remove()
            if not torch.equal(inputs[0].flatten(), attended.flatten()):
                raise StudyError(_refusal(module, "what its heads put out is changed before it is projected"))

        trial = _projection(module).register_forward_pre_hook(compare)


def _projection(module: Any) -> Any:
    return next((getattr(module, name) for name in _PROJECTIONS if hasattr(module, name)), None)


def _gram(module: Any, heads: int, part: int) -> torch.Tensor:
    """W Wᵀ of every head, [head, part, part]."""
    projection = _projection(module)
    if projection is None or weight_of(projection).shape[1] != heads * part:
        raise StudyError(_refusal(module, f"no output projection of {heads} heads among {', '.join(_PROJECTIONS)}"))
    weight = weight_of(projection).float().T.reshape(heads, part, -1)
    gram: torch.Tensor = weight @ weight.transpose(-1, -2)
    return gram


def _refusal(module: Any, why: str) -> str:
    return (
        f"{type(module).__name__}: {why}, so contributions cannot be measured in this architecture. "
        "Measure attention instead."
    )
