"""The straight way from what a head writes to the logits, and the proof that a model has one.

In most architectures what attention writes is added to the residual stream, which goes through a final norm into the
unembedding. So the logit difference of two tokens is a sum over everything that was written, and each summand is what its
writer adds directly, every norm's scale being what it is (Elhage et al. 2021,
https://transformer-circuits.pub/2021/framework/index.html). Found and proven on one run, not by names:

1. The child of each attention module that takes what its heads put out, unchanged, is their output projection.
2. Where a norm takes what attention gives (Gemma 2, OLMo 2), what it gives is what is written.
3. With every other part of a layer repeating what it said, and nothing written, the stream at the final norm is less by
   exactly what was written, times a number for each layer: 1, or what the architecture multiplies it by (Granite).
4. The final norm is linear but for one scale, and the logits are the unembedding of what it gives, but for a factor or a cap
   (`ending`).

An architecture in which one of these does not hold is refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from reportgen.errors import StudyError
from reportgen.interventions.attending import Attended, attending
from reportgen.interventions.ending import Apart, Ending, tail_of
from reportgen.interventions.norms import Norm, norm_of, tolerance
from reportgen.interventions.writing import Passed, Writer

_PASSIVE = (torch.nn.Dropout, torch.nn.Identity)


@dataclass(frozen=True)
class DirectPath:
    """A model's decoder `layers`, how their attention writes, and how the stream becomes logits."""

    layers: tuple[Any, ...]
    writers: tuple[Writer, ...]
    ending: Ending

    @contextmanager
    def watching(self) -> Iterator[Passed]:
        """Within the context, what came by in the last pass."""
        seen = Passed()

        def see_stream(_: Any, args: tuple[torch.Tensor, ...]) -> None:
            seen.stream = args[0][0, -1]

        def see_wrote(layer: int, given: torch.Tensor) -> None:
            seen.wrote[layer] = given[0, -1]

        hooks = [self.ending.norm.module.register_forward_pre_hook(see_stream)]
        for layer, writer in enumerate(self.writers):
            if writer.norm is not None:
                hook = writer.norm.module.register_forward_pre_hook(
                    lambda _, args, layer=layer: see_wrote(layer, args[0])
                )
                hooks.append(hook)
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()

    def towards(self, passed: Passed, apart: Apart) -> list[torch.Tensor]:
        """The direction [head · part] in what each layer's heads put out along which the logit difference rises, every scale
        being what it was in a pass."""
        along = self.ending.towards(passed.stream, apart)
        return [writer.back(along, passed.wrote.get(layer)) for layer, writer in enumerate(self.writers)]

    @staticmethod
    def contributions(outputs: Sequence[torch.Tensor], along: Sequence[torch.Tensor]) -> torch.Tensor:
        """What heads add along each layer's direction [head · part], from what they put out, [head, part] a layer:
        [layer, head]."""
        added = [
            (back.to(output.device).view(output.shape) * output.float()).sum(-1).cpu()
            for output, back in zip(outputs, along, strict=True)
        ]
        return torch.stack(added)


@dataclass
class _Heard:
    """What one run said: the modules of attention by layer, what their heads put out, and what modules took and gave."""

    attention: dict[int, Any]
    outputs: dict[int, torch.Tensor]
    given: dict[Any, Any]
    taken: dict[Any, torch.Tensor]

    @property
    def in_order(self) -> list[Any]:
        """The modules of attention, first layer first."""
        return [self.attention[layer] for layer in sorted(self.attention)]


def find_path(model: Any, tokens: Sequence[int]) -> DirectPath:
    """The direct path of a causal model of plain transformers, proven on a run over `tokens`.

    Raises StudyError where it has none.
    """
    ids = torch.tensor([list(tokens)], device=model.get_input_embeddings().weight.device)
    with torch.inference_mode():
        try:
            heard, logits = _listen(model, ids)
            layers = _decoder_layers(model, heard)
            projections = [_projection(heard, layer) for layer in sorted(heard.attention)]
            final, head = _end(model, heard, layers)
            norms = [_norm_after(heard, *pair) for pair in zip(layers, heard.in_order, strict=True)]
            times = _times(model, ids, heard, layers, norms, final)
            writers = tuple(Writer(*each) for each in zip(projections, norms, times, strict=True))
            path = DirectPath(layers, writers, _ending(model, heard, final, head, logits))
            _require_logits(model, path.ending, heard.taken[final][0, -1], logits)
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


def _norm_after(heard: _Heard, layer: Any, attention: Any) -> Norm | None:
    """The norm of a layer that takes what its attention gives, or None where nothing stands between it and the stream."""
    given = _first(heard.given[attention])
    for child in layer.children():
        taken = heard.taken.get(child)
        if child is attention or isinstance(child, _PASSIVE) or taken is None or not torch.equal(taken, given):
            continue
        norm = norm_of(child, given[0, -1])
        if norm is None:
            raise _refused(child, "it changes what attention writes, and is no norm that is linear but for one scale")
        return norm
    return None


def _times(
    model: Any, ids: torch.Tensor, heard: _Heard, layers: Sequence[Any], norms: Sequence[Norm | None], final: Any
) -> list[float]:
    """What each layer's writing is multiplied by until it reaches the final norm.

    Raises StudyError unless that is all that becomes of it, at every token.
    """
    writing = [given if norm is None else norm.module for norm, given in zip(norms, heard.in_order, strict=True)]
    stream = heard.taken[final][0].double()
    less = stream - _without(model, ids, heard, layers, writing, final).double()
    written = torch.stack([_first(heard.given[module])[0].double().to(less.device) for module in writing])
    rounding = 16 * torch.finfo(model.dtype).eps * stream.abs().max()
    for times in (torch.ones(len(written), dtype=less.dtype, device=less.device), _fitting(written, less)):
        reached = times[:, None, None] * written
        allowed = tolerance(model) * reached.abs().sum(0).max() + rounding
        if (reached.sum(0) - less).abs().max() <= allowed:
            found: list[float] = times.tolist()
            return found
    raise _refused(
        model, "what attention writes is changed, by more than a norm or a factor, on its way to the final norm"
    )


def _fitting(written: torch.Tensor, less: torch.Tensor) -> torch.Tensor:
    """The factors [layer] of what was written [layer, token, part] that come nearest to what the stream lost [token, part]."""
    factors: torch.Tensor = torch.linalg.lstsq(written.flatten(1).T.cpu(), less.flatten()[:, None].cpu()).solution[:, 0]
    return factors.to(less.device)


def _without(
    model: Any, ids: torch.Tensor, heard: _Heard, layers: Sequence[Any], writing: Sequence[Any], final: Any
) -> torch.Tensor:
    """The stream at the final norm [token, part] when nothing is written and every other part of a layer says what it said."""
    silent = {*heard.attention.values(), *writing}
    others = [
        child
        for layer in layers
        for child in layer.children()
        if child not in silent and child in heard.given and not isinstance(child, _PASSIVE)
    ]
    found: list[torch.Tensor] = []
    hooks = [
        *(other.register_forward_hook(lambda module, *_: heard.given[module]) for other in others),
        *(module.register_forward_hook(lambda _, __, given: _silenced(given)) for module in silent),
        final.register_forward_pre_hook(lambda _, args: found.append(args[0][0])),
    ]
    try:
        model.base_model(ids, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return found[-1]  # a norm that is used twice is the final one at last


def _ending(model: Any, heard: _Heard, final: Any, head: Any, logits: torch.Tensor) -> Ending:
    norm = norm_of(final, heard.taken[final][0, -1])
    if norm is None:
        raise _refused(final, "it is no norm that is linear but for one scale")
    tail = tail_of(model, _first(heard.given[head])[0, -1], logits)
    if tail is None:
        raise _refused(model, "its logits are changed, by more than a factor or a cap, after the unembedding")
    return Ending(norm, head, tail)


def _require_logits(model: Any, ending: Ending, stream: torch.Tensor, logits: torch.Tensor) -> None:
    """Raise StudyError unless the two ends of the vocabulary differ by what the stream says."""
    high, low = int(logits.argmax()), int(logits.argmin())
    two = ending.apart(high, low)
    said = float(ending.towards(stream, two) @ stream.float()) + ending.constant(stream, two)
    apart = float(logits[high] - logits[low])
    if abs(said - apart) > tolerance(model) * max(1.0, abs(apart)):
        raise _refused(model, "its logits are not what the final norm and the unembedding say")


def _silenced(given: Any) -> Any:
    """What a module gives, with nothing written."""
    if isinstance(given, torch.Tensor):
        return torch.zeros_like(given)
    return (torch.zeros_like(given[0]), *given[1:])


def _first(given: Any) -> torch.Tensor:
    """The states among what a module gives."""
    states: torch.Tensor = given if isinstance(given, torch.Tensor) else given[0]
    return states


def _refused(module: Any, why: str) -> StudyError:
    return StudyError(
        f"{type(module).__name__}: {why}, so that no head's direct contribution to the logits can be told"
    )
