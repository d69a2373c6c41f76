"""A model's last token run many times over, each time with other attention taken away from it.

1. The tokens before the last are run once; their keys and values are kept (`stems`). Nothing that is changed at the last
   token reaches them: the model is causal.
2. The last token is run in one pass, as one row, the clean one, to begin with. At the first layer of each cut a row is
   added, a copy of the clean one's state, for until then the two are the same: half of the arithmetic on average.
3. A cut puts the least number that there is in the place of some keys' logits of attention, before the softmax, so that the
   others share what is left in proportion: "attention knockout" in Geva et al. (2023),
   https://doi.org/10.18653/v1/2023.emnlp-main.751. The module's own eager attention does the rest.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer
from transformers.masking_utils import eager_mask

from reportgen.capture.shared import attention_replaced, eager_attention
from reportgen.errors import StudyError
from reportgen.interventions.attending import layer_of

Ids = tuple[int, ...]
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Cut:
    """Attention from the last token to `keys` (positions) that is taken away in the layers from `first` up to `end`, which
    is not among them: that of one `head`, or of all where it is None."""

    first: int
    end: int
    keys: tuple[int, ...]
    head: int | None = None


@dataclass(frozen=True)
class Ran:
    """The last token's states after the final norm, `clean` [part] and, one for each cut, `cut` [cut, part]; and of the
    clean row in each layer its `pattern` [head, key] and `values` [head, key, part]."""

    clean: torch.Tensor
    cut: torch.Tensor
    pattern: tuple[torch.Tensor, ...]
    values: tuple[torch.Tensor, ...]

    def through(self, keys: Sequence[int]) -> list[torch.Tensor]:
        """What each layer's heads put out that comes from some keys, before it is projected, [head, part] a layer."""
        chosen = list(keys)
        return [
            (pattern[:, None, chosen].to(values.dtype) @ values[:, chosen])[:, 0]
            for pattern, values in zip(self.pattern, self.values, strict=True)
        ]


@dataclass
class _Pass:
    """What is being run: nothing but stems, or the last token after the stem in row `stem`, with these cuts in the order
    of their first layers."""

    cuts: tuple[Cut, ...] = ()
    stem: int | None = None


class _Kept(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values of stems of one length, [stem, head, position, part]; what follows is not kept."""

    def __init__(self, running: _Pass) -> None:
        super().__init__()
        self._running = running

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep the stems' states, or put them before those of every row, [row, head, position, part]."""
        stem = self._running.stem
        if stem is None:
            kept: tuple[torch.Tensor, torch.Tensor] = super().update(key_states, value_states)
            return kept
        return self._before(self.keys[stem], key_states), self._before(self.values[stem], value_states)

    @staticmethod
    def _before(stem: torch.Tensor, fresh: torch.Tensor) -> torch.Tensor:
        return torch.cat([stem.expand(len(fresh), *stem.shape), fresh], dim=-2)


class Cutter:
    """Runs last tokens with cuts; made by `cutting`."""

    def __init__(self, model: Any, layers: Sequence[Any]) -> None:
        self._model, self._layers, self._running = model.base_model, layers, _Pass()
        self._cache: Any = None
        self._patterns: list[torch.Tensor] = []
        self._values: list[torch.Tensor] = []

    def keep_stems(self, sequences: Sequence[Ids]) -> None:
        """Run all but the last tokens of some sequences of one length, which `run` then goes on from."""
        self._running.stem, self._running.cuts = None, ()
        self._cache = Cache(layer_class_to_replicate=partial(_Kept, self._running))
        self._forward([ids[:-1] for ids in sequences])
        if not self._cache.layers:
            raise StudyError(f"{type(self._model).__name__} keeps no keys and values to go on from")

    def run(self, stem: int, token: int, cuts: Sequence[Cut]) -> Ran:
        """Run the last token of the sequence that is in this place among the stems, with each of the cuts by itself."""
        order = sorted(range(len(cuts)), key=lambda place: cuts[place].first)
        self._running.stem, self._running.cuts = stem, tuple(cuts[place] for place in order)
        self._patterns, self._values = [], []
        states = self._forward([(token,)])[:, -1]
        cut = torch.empty_like(states[1:])
        cut[order] = states[1:]
        return Ran(states[0], cut, tuple(self._patterns), tuple(self._values))

    def attend(
        self,
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        **options: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One layer's attention with the cuts of each row, states [row, head, position, part] → [row, position, head, part]."""
        if self._running.stem is None:
            return eager_attention(module)(module, query, key, value, attention_mask, **options)
        layer = layer_of(module)
        rows = [None, *self._running.cuts][: len(query)]
        active = [cut if cut is not None and cut.first <= layer < cut.end else None for cut in rows]
        output, pattern = attend_cut(module, (query, key, value), attention_mask, active, options)
        self._patterns.append(pattern[0, :, -1])
        self._values.append(value[0].repeat_interleave(pattern.shape[1] // value.shape[1], dim=0))
        return output, pattern

    def _forward(self, sequences: Sequence[Ids]) -> torch.Tensor:
        device = self._model.get_input_embeddings().weight.device
        states: torch.Tensor = self._model(
            torch.tensor(sequences, device=device), past_key_values=self._cache, use_cache=True
        ).last_hidden_state
        return states

    def _grow(self, layer: int, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """Before a layer runs: the rows of the cuts that begin at it are added."""
        fresh = sum(cut.first == layer for cut in self._running.cuts)
        if self._running.stem is None or not fresh:
            return None
        if args:
            return (_with_copies(args[0], fresh), *args[1:]), options
        return args, {**options, "hidden_states": _with_copies(options["hidden_states"], fresh)}


@contextmanager
def cutting(model: Any, layers: Sequence[Any]) -> Iterator[Cutter]:
    """Within the context, a causal model of plain transformers, whose `layers` these are, runs last tokens with cuts.

    Raises StudyError about an architecture whose attention does not come through transformers' interface.
    """
    cutter = Cutter(model, layers)
    hooks = [
        layer.register_forward_pre_hook(
            lambda _, args, options, place=place: cutter._grow(place, args, options), with_kwargs=True
        )
        for place, layer in enumerate(layers)
    ]
    try:
        with torch.inference_mode(), attention_replaced(model, cutter.attend, eager_mask):
            yield cutter
    finally:
        for hook in hooks:
            hook.remove()


def require_cuts(model: Any, layers: Sequence[Any], ids: Ids) -> None:
    """Raise StudyError unless rows that are added on the way show what whole runs with the same cuts show."""
    heads = model.config.get_text_config().num_attention_heads
    cuts = (Cut(0, len(layers), (0,)), Cut(len(layers) // 2, len(layers) // 2 + 1, (0,), heads - 1))
    try:
        expected = torch.stack([_whole(model, ids, cut) for cut in cuts])
        with cutting(model, layers) as cutter:
            cutter.keep_stems([ids])
            found = cutter.run(0, ids[-1], cuts).cut
    except StudyError:
        raise
    except Exception as error:  # what an architecture whose layers take more than states stumbles over
        raise _refused(model, f"{type(error).__name__}: {error}") from error
    allowed = max(_TOLERANCE, 16 * torch.finfo(model.dtype).eps) * expected.abs().max()
    if found.shape != expected.shape or (found - expected).abs().max() > allowed:
        raise _refused(model, "it says something else when it goes on from kept keys and values")


def _whole(model: Any, ids: Ids, cut: Cut) -> torch.Tensor:
    """The last token's state after the final norm, [part], from a run over all tokens."""

    def attend(module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> Any:
        active = cut if cut.first <= layer_of(module) < cut.end else None
        return attend_cut(module, (query, key, value), mask, [active], options)

    with torch.inference_mode(), attention_replaced(model, attend, eager_mask):
        tokens = torch.tensor([ids], device=model.get_input_embeddings().weight.device)
        states: torch.Tensor = model.base_model(tokens, use_cache=False).last_hidden_state
    return states[0, -1]


def _refused(model: Any, why: str) -> StudyError:
    return StudyError(f"{type(model).__name__}: attention cannot be cut row by row in this architecture ({why})")


def attend_cut(
    module: Any,
    states: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    mask: torch.Tensor | None,
    cuts: Sequence[Cut | None],
    options: dict[str, Any],
) -> tuple[torch.Tensor, torch.Tensor]:
    """What a module's eager attention gives of queries, keys and values [row, head, position, part] where the last query's
    attention is cut, row by row; a head with no key left puts out nothing."""
    query, key, _ = states
    if not any(cuts):
        return eager_attention(module)(module, *states, mask, **options)
    shape = (len(query), query.shape[1], query.shape[2], key.shape[2])
    least = torch.finfo(query.dtype).min
    added = query.new_zeros(shape) if mask is None else mask[..., : key.shape[2]].expand(shape).clone()
    taken = _taken(cuts, shape).to(query.device)
    added[:, :, -1].masked_fill_(taken, least)
    output, pattern = eager_attention(module)(module, *states, added, **options)
    nothing_left = taken.any(-1) & (added[:, :, -1] <= least / 2).all(-1)
    if nothing_left.any():
        output = output.clone()
        output[:, -1].masked_fill_(nothing_left[..., None], 0.0)
    return output, pattern


def _taken(cuts: Sequence[Cut | None], shape: tuple[int, ...]) -> torch.Tensor:
    """What each row's cut takes of the last query's keys, [row, head, key]."""
    taken = torch.zeros((shape[0], shape[1], shape[3]), dtype=torch.bool)
    for row, cut in enumerate(cuts):
        if cut is not None:
            heads = slice(None) if cut.head is None else slice(cut.head, cut.head + 1)
            taken[row, heads, list(cut.keys)] = True
    return taken


def _with_copies(states: torch.Tensor, copies: int) -> torch.Tensor:
    """The rows and so many copies of the first, [row, position, part]."""
    return torch.cat([states, states[:1].expand(copies, *states.shape[1:])])
