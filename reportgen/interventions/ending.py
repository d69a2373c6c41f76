"""From the residual stream behind the last layer to logits: a final norm, the unembedding, and what comes after it.

What comes after it is nothing, a factor (Cohere, Granite) or a cap c·tanh(logit/c) (Gemma). A factor is linear. A cap is held
as a norm's scale is: the part of each logit that it leaves stays what it is, so that summands still add up to the whole.
"""

from dataclasses import dataclass
from typing import Any

import torch

from reportgen.interventions.norms import Norm, tolerance
from reportgen.models.linears import weight_of

_NOTHING = 1e-6


@dataclass(frozen=True)
class Tail:
    """What becomes of a logit after the unembedding: `factor` times it, and then capped where there is a cap."""

    factor: float = 1.0
    cap: float | None = None

    def of(self, raw: torch.Tensor) -> torch.Tensor:
        """Logits, from what the unembedding gives."""
        scaled = raw * self.factor
        return scaled if self.cap is None else self.cap * torch.tanh(scaled / self.cap)

    def left(self, raw: torch.Tensor) -> torch.Tensor:
        """The part of each logit that is left, as it is."""
        small = raw.abs() < _NOTHING
        safe = torch.where(small, torch.ones_like(raw), raw)
        return torch.where(small, torch.full_like(raw, self.factor), self.of(safe) / safe)


@dataclass(frozen=True)
class Apart:
    """What tells two tokens apart: their `rows` of the unembedding, [2, part], their biases [2], and what comes after."""

    rows: torch.Tensor
    bias: torch.Tensor
    tail: Tail

    def raw(self, states: torch.Tensor) -> torch.Tensor:
        """What the unembedding gives of the two after states of the final norm [row, part], [row, 2]."""
        return states.float() @ self.rows.T.to(states.device) + self.bias.to(states.device)

    def difference(self, states: torch.Tensor) -> torch.Tensor:
        """By how much the one's logit is above the other's after states of the final norm [row, part], [row]."""
        logits = self.tail.of(self.raw(states))
        return logits[:, 0] - logits[:, 1]

    def direction(self, state: torch.Tensor) -> torch.Tensor:
        """The direction [part] along which a state of the final norm raises the difference; what is left of each logit is
        what is left of it after this state [part]."""
        left = self.tail.left(self.raw(state[None])[0]).to(self.rows.device)
        return left[0] * self.rows[0] - left[1] * self.rows[1]

    def constant(self, state: torch.Tensor) -> float:
        """What the difference has from the biases of the unembedding, as far as they are left after this state [part]."""
        left = self.tail.left(self.raw(state[None])[0]).to(self.bias.device) * self.bias
        return float(left[0] - left[1])


@dataclass(frozen=True)
class Ending:
    """The final norm, the unembedding `head`, and what comes after it."""

    norm: Norm
    head: Any
    tail: Tail

    def apart(self, true: int, false: int) -> Apart:
        """What tells the two tokens apart."""
        rows, bias = weight_of(self.head)[[true, false]].float(), getattr(self.head, "bias", None)
        return Apart(rows, torch.zeros(2) if bias is None else bias[[true, false]].float(), self.tail)

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """The logits after states of the final norm, [row, token]."""
        return self.tail.of(self.head(states).float())

    def towards(self, stream: torch.Tensor, apart: Apart) -> torch.Tensor:
        """The direction [part] along which what is added to the stream raises the logit difference; all scales are those of
        this stream [part]."""
        return self.norm.back(apart.direction(self._state(stream)), stream)

    def constant(self, stream: torch.Tensor, apart: Apart) -> float:
        """What the logit difference has beside the stream's: from the biases of the norm and the unembedding."""
        state = self._state(stream)
        along = apart.direction(state)
        return float(along @ self.norm.bias.to(along.device)) + apart.constant(state)

    def _state(self, stream: torch.Tensor) -> torch.Tensor:
        state: torch.Tensor = self.norm.module(stream[None])[0]
        return state


def tail_of(model: Any, raw: torch.Tensor, logits: torch.Tensor) -> Tail | None:
    """What makes these logits of what the unembedding gives, both [token]; None where it is nothing that is known."""
    raw, logits = raw.float(), logits.float()
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    tried = [Tail(), Tail(float((raw @ logits) / (raw @ raw))), *([] if cap is None else [Tail(cap=float(cap))])]
    near = tolerance(model) * logits.abs().max()
    return next((tail for tail in tried if (tail.of(raw) - logits).abs().max() <= near), None)
