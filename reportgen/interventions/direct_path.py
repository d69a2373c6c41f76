"""The straight way from what a head writes to the logits, and the proof that a model has one.

In most architectures what attention writes is added to the residual stream, which goes through a final norm into the
unembedding. So the logit difference of two tokens is a sum over everything that was written, and each summand is what its
writer adds directly, the norm's scale being what it is (Elhage et al. 2021,
https://transformer-circuits.pub/2021/framework/index.html). Found and proven on one run, not by names:

1. The child of each attention module that takes what its heads put out, unchanged, is their output projection.
2. With every other part of a layer repeating what it said, and all attention taken away, the stream at the final norm
   is less by exactly what attention wrote: nothing scales or normalizes it on the way.
3. The final norm is linear but for one scale, and the logits are the unembedding of what it gives.

An architecture in which one of these does not hold is refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from reportgen.errors import StudyError
from reportgen.interventions.attending import Attended, attending
from reportgen.models.linears import weight_of

_TOLERANCE = 1e-4
_PASSIVE = (torch.nn.Dropout, torch.nn.Identity)


@dataclass(frozen=True)
class _FinalNorm:
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
        scale: torch.Tensor = (said @ self.bare(stream)) / (said @ said)
        return scale


@dataclass(frozen=True)
class Apart:
    """The row of the unembedding of one token less that of another, [part], and the same of its biases."""

    direction: torch.Tensor
    bias: float

    def difference(self, states: torch.Tensor) -> torch.Tensor:
        """By how much the one's logit is above the other's after states of the final norm [row, part], [row]."""
        return states.float() @ self.direction.to(states.device) + self.bias


@dataclass(frozen=True)
class DirectPath:
    """A model's decoder `layers`, its attention's output `projections`, and how the stream becomes logits."""

    layers: tuple[Any, ...]
    projections: tuple[Any, ...]
    norm: Any
    head: Any
    _final: _FinalNorm

    def apart(self, true: int, false: int) -> Apart:
        """What tells the two tokens apart in the unembedding."""
        rows, bias = weight_of(self.head)[[true, false]].float(), getattr(self.head, "bias", None)
        return Apart(rows[0] - rows[1], 0.0 if bias is None else float(bias[true] - bias[false]))

    def towards(self, stream: torch.Tensor, apart: Apart) -> torch.Tensor:
        """The direction [part] along which what is added to the stream raises the logit difference; the scale is that of
        this stream [part]."""
        along = self._final.gain * apart.direction.to(stream.device) / self._final.scale(stream.float())
        return along - along.mean() if self._final.centred else along

    def constant(self, apart: Apart) -> float:
        """What the logit difference has beside the stream's: from the biases of the norm and the unembedding."""
        return float(apart.direction @ self._final.bias.to(apart.direction.device)) + apart.bias

    @contextmanager
    def watching(self) -> Iterator[list[torch.Tensor]]:
        """Within the context, the last token's stream before the final norm at each pass, its first row alone, [part]."""
        seen: list[torch.Tensor] = []
        hook = self.norm.register_forward_pre_hook(lambda _, args: seen.append(args[0][0, -1]))
        try:
            yield seen
        finally:
            hook.remove()

    def contributions(self, outputs: Sequence[torch.Tensor], along: torch.Tensor) -> torch.Tensor:
        """What heads add along directions [row, part], from what each layer's heads put out, [row, head, part] a layer:
        [row, layer, head]."""
        added = []
        for output, projection in zip(outputs, self.projections, strict=True):
            weight = weight_of(projection).float()
            back = (along.to(weight.device) @ weight).view(*output.shape)
            added.append((back * output.float()).sum(-1).cpu())
        return torch.stack(added, dim=1)


@dataclass
class _Heard:
    """What one run said: the modules of attention by layer, what their heads put out, and what modules took and gave."""

    attention: dict[int, Any]
    outputs: dict[int, torch.Tensor]
    given: dict[Any, Any]
    taken: dict[Any, torch.Tensor]


def find_path(model: Any, tokens: Sequence[int]) -> DirectPath:
    """The direct path of a causal model of plain transformers, proven on a run over `tokens`.

    Raises StudyError where it has none.
    """
    ids = torch.tensor([list(tokens)], device=model.get_input_embeddings().weight.device)
    with torch.inference_mode():
        try:
            heard, logits = _listen(model, ids)
            layers = _decoder_layers(model, heard)
            projections = tuple(_projection(heard, layer) for layer in sorted(heard.attention))
            norm, head = _end(model, heard, layers)
            _require_added(model, ids, heard, layers, norm)
            path = DirectPath(layers, projections, norm, head, _final_norm(norm, heard.taken[norm][0, -1]))
            _require_logits(model, path, heard.taken[norm][0, -1], logits)
        except StudyError:
            raise
        except Exception as error:  # what an architecture that is built in another way stumbles over
            raise _refused(model, f"its parts do not fit together as expected ({type(error).__name__})") from error
    return path


def _listen(model: Any, ids: torch.Tensor) -> tuple[_Heard, torch.Tensor]:
    """One run in which all is heard, and the logits after the last token, [token]."""
    heard = _Heard({}, {}, {}, {})

    def attend(attended: Attended) -> torch.Tensor:
        heard.attention[attended.layer], heard.outputs[attended.layer] = attended.module, attended.output
        return attended.output

    def hear(module: Any, args: tuple[Any, ...], given: Any) -> None:
        heard.given[module] = given
        if args and isinstance(args[0], torch.Tensor):
            heard.taken[module] = args[0]

    hooks = [module.register_forward_hook(hear) for module in model.modules()]
    try:
        with attending(model, attend):
            logits = model(ids, use_cache=False).logits[0, -1]
    finally:
        for hook in hooks:
            hook.remove()
    return heard, logits


def _decoder_layers(model: Any, heard: _Heard) -> tuple[Any, ...]:
    """The module that each attention module is a child of, first layer first."""
    parents = {child: parent for parent in model.modules() for child in parent.children()}
    return tuple(parents[heard.attention[layer]] for layer in sorted(heard.attention))


def _projection(heard: _Heard, layer: int) -> Any:
    """The child of an attention module that takes what its heads put out, and gives what the module gives."""
    module, output = heard.attention[layer], heard.outputs[layer].flatten()
    for child in module.children():
        taken = heard.taken.get(child)
        if taken is None or not torch.equal(taken.flatten(), output):
            continue
        if torch.equal(_first(heard.given[child]), _first(heard.given[module])):
            return child
    raise _refused(module, "what its heads put out is changed before or after it is projected")


def _end(model: Any, heard: _Heard, layers: Sequence[Any]) -> tuple[Any, Any]:
    """The final norm and the unembedding, which takes what it gives."""
    head = model.get_output_embeddings()
    inside = {module for layer in layers for module in layer.modules()}
    last = heard.taken[head][0, -1]
    for module, given in heard.given.items():
        if module in inside or module is head or list(module.children()) or not isinstance(given, torch.Tensor):
            continue
        if given.dim() == 3 and given.shape[-1] == last.shape[-1] and torch.equal(given[0, -1], last):
            return module, head
    raise _refused(model, "its unembedding does not take what a final norm gives")


def _require_added(model: Any, ids: torch.Tensor, heard: _Heard, layers: Sequence[Any], norm: Any) -> None:
    """Raise StudyError unless what attention writes is added to the stream as it is."""
    attention = [heard.attention[layer] for layer in sorted(heard.attention)]
    others = [
        child
        for layer in layers
        for child in layer.children()
        if child not in attention and child in heard.given and not isinstance(child, _PASSIVE)
    ]
    without: list[torch.Tensor] = []
    hooks = [
        *(other.register_forward_hook(lambda module, *_: heard.given[module]) for other in others),
        *(module.register_forward_hook(lambda _, __, given: _silenced(given)) for module in attention),
        norm.register_forward_pre_hook(lambda _, args: without.append(args[0][0, -1].float())),
    ]
    try:
        model.base_model(ids, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    written = torch.stack([_first(heard.given[module])[0, -1].float().to(without[0].device) for module in attention])
    stream = heard.taken[norm][0, -1].float()
    missed = (without[0] + written.sum(0) - stream).abs().max()
    rounding = 16 * torch.finfo(model.dtype).eps * stream.abs().max()
    if missed > _tolerance(model) * written.abs().sum(0).max() + rounding:
        raise _refused(model, "what attention writes is normalized or scaled before it is added to the residual stream")


def _final_norm(norm: Any, stream: torch.Tensor) -> _FinalNorm:
    """How the norm works, by what it makes of this stream [part]. Raises StudyError where it works in another way."""
    weight, bias = getattr(norm, "weight", None), getattr(norm, "bias", None)
    one = torch.ones_like(stream, dtype=torch.float32)
    shift = torch.zeros_like(one) if bias is None else bias.float()
    gains = [one] if weight is None else [weight.float(), 1 + weight.float()]  # Gemma's are kept less 1
    said = norm(stream[None])[0].float()
    for centred in (False, True):
        for gain in gains:
            found = _FinalNorm(norm, gain, shift, centred)
            scale = found.scale(stream)
            again = found.bare(stream.float()) / scale + shift
            if (again - said).abs().max() <= _tolerance(norm) * said.abs().max():
                return found
    raise _refused(norm, "it is no norm that is linear but for one scale")


def _require_logits(model: Any, path: DirectPath, stream: torch.Tensor, logits: torch.Tensor) -> None:
    """Raise StudyError unless the two ends of the vocabulary differ by what the stream says."""
    high, low = int(logits.argmax()), int(logits.argmin())
    two = path.apart(high, low)
    said = float(path.towards(stream, two) @ stream.float()) + path.constant(two)
    apart = float(logits[high] - logits[low])
    if abs(said - apart) > _tolerance(model) * max(1.0, abs(apart)):
        raise _refused(model, "its logits are scaled or capped after the unembedding")


def _silenced(given: Any) -> Any:
    """What an attention module gives, with nothing written."""
    if isinstance(given, torch.Tensor):
        return torch.zeros_like(given)
    return (torch.zeros_like(given[0]), *given[1:])


def _first(given: Any) -> torch.Tensor:
    """The states among what a module gives."""
    states: torch.Tensor = given if isinstance(given, torch.Tensor) else given[0]
    return states


def _tolerance(module: Any) -> float:
    """What rounding alone can make of equal numbers in the module's arithmetic."""
    parameter = next(iter(module.parameters()), None)
    precision = torch.finfo(torch.float32 if parameter is None else parameter.dtype).eps
    return max(_TOLERANCE, 8 * precision)


def _refused(module: Any, why: str) -> StudyError:
    return StudyError(
        f"{type(module).__name__}: {why}, so that no head's direct contribution to the logits can be told"
    )
