"""Norms that are linear but for one scale: what each makes of a vector while its scale is held as it is."""

from dataclasses import dataclass
from typing import Any

import torch

_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Norm:
    """A norm that is x ↦ gain ⊙ (x − mean of x, where it is `centred`) / scale + bias."""

    module: Any
    gain: torch.Tensor
    bias: torch.Tensor
    centred: bool

    def bare(self, stream: torch.Tensor) -> torch.Tensor:
        """What it gives before the scale divides it, [part]."""
        return self.gain * (stream - stream.mean() if self.centred else stream)

    def scale(self, stream: torch.Tensor) -> torch.Tensor:
        """The scale at this stream [part]: what fits what the norm gives best."""
        said = self.module(stream[None])[0].float() - self.bias
        scale: torch.Tensor = (said @ self.bare(stream.float())) / (said @ said)
        return scale

    def back(self, along: torch.Tensor, stream: torch.Tensor) -> torch.Tensor:
        """The direction [part] along which what is added to this stream [part] moves what the norm gives `along` a direction
        [part], the scale held."""
        before = self.gain * along.to(self.gain.device) / self.scale(stream.to(self.gain.device))
        return before - before.mean() if self.centred else before


def norm_of(module: Any, stream: torch.Tensor) -> Norm | None:
    """How a module works, by what it makes of this stream [part]; None where it is no such norm."""
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
    one = torch.ones_like(stream, dtype=torch.float32)
    shift = torch.zeros_like(one) if bias is None else bias.float()
    gains = [one] if weight is None else [weight.float(), 1 + weight.float()]  # Gemma's are kept less 1
    said = module(stream[None])[0].float()
    for centred in (False, True):
        for gain in gains:
            if gain.shape != one.shape:
                continue
            found = Norm(module, gain, shift, centred)
            again = found.bare(stream.float()) / found.scale(stream) + shift
            if (again - said).abs().max() <= tolerance(module) * said.abs().max():
                return found
    return None


def tolerance(module: Any) -> float:
    """What rounding alone can make of equal numbers in the module's arithmetic, as a part of them."""
    parameter = next(iter(module.parameters()), None)
    precision = torch.finfo(torch.float32 if parameter is None else parameter.dtype).eps
    return max(_TOLERANCE, 8 * precision)
