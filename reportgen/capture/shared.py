"""Scores out of plain transformers, the tokens that statements share computed once.

1. The model's forward pass runs over the nodes of a pack (`tree`), one row of tokens whose positions are their depths:
   embeddings, norms and linear layers see each node once.
2. Attention is ours, by transformers' attention interface. For each group of leaves it gathers ordinary sequences, the
   leaf's own nodes as queries and its whole path as keys, and calls the very function that the model calls under eager
   attention: soft caps, sinks, scalings and grouped queries are the model's own. Windows and chunks come with the
   mask, which the mask interface builds over one ordinary sequence.
3. That function returns the rows of attention. The wanted ones become scores at once (`looks`); no pattern is kept.
4. The last layer's attention ends the pass: the last layer's output, the final norm and the LM head are never computed.

An architecture whose attention goes around the interface is refused, or is found out when what is read does not equal
eager attention (`proof`). Statements so long that they would change others' positions (`positions`) are refused.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

from reportgen.capture.contribution import WrittenLengths
from reportgen.capture.looks import Looks, Spot, require_finite
from reportgen.capture.positions import require_own_positions
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.capture.tree import Group, Leaf, Pack, leaves, pack, plan_packs
from reportgen.errors import StudyError


class _PassDone(Exception):  # noqa: N818
    """Ends a forward pass from inside: every row that was wanted has been read."""


class _Sequences:
    """A group of leaves on a device: what is gathered of the nodes' states, and which scores are read from it."""

    def __init__(
        self,
        group: Group,
        spots: Sequence[Spot],
        places: Sequence[int],
        requests: Sequence[Request],
        device: torch.device,
    ) -> None:
        self._leaves, length = group.keys.shape
        self._positions = torch.as_tensor(group.positions, device=device)
        self.queries = torch.as_tensor(group.queries, device=device).flatten()
        self.keys = torch.as_tensor(group.keys, device=device).flatten()
        self.real = torch.as_tensor(group.real, device=device).flatten().nonzero().flatten()
        self.looks = Looks.of(spots, places, requests, length, device) if places else None
        self._added: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def gather(self, states: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """States [1, head, node, part] of the group's `queries` or `keys`, [leaf, head, position, part]."""
        found = states[0].index_select(1, nodes)
        return found.view(found.shape[0], self._leaves, -1, found.shape[-1]).transpose(0, 1)

    def added(self, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """What is added to the logits, [leaf, 1, query, key]: 0 where the `mask` [1, 1, query, key] lets a query look."""
        if id(mask) not in self._added:
            hidden = ~mask[0, 0][self._positions][:, None, :, : len(self.keys) // self._leaves]
            self._added[id(mask)] = (
                mask,
                torch.zeros_like(hidden, dtype=dtype).masked_fill_(hidden, torch.finfo(dtype).min),
            )
        return self._added[id(mask)][1]


class _Pass:
    """One forward pass: its pack, the requests that its leaves answer, and how many layers have been read."""

    def __init__(self, packed: Pack, chosen: Sequence[Leaf], requests: Sequence[Request]) -> None:
        self.layer = 0
        self._packed, self._chosen, self._requests = packed, chosen, requests
        self._there: dict[torch.device, tuple[list[_Sequences], torch.Tensor]] = {}

    @property
    def width(self) -> int:
        return self._packed.width

    def on(self, device: torch.device) -> tuple[list[_Sequences], torch.Tensor]:
        """The groups on a device, and where each node stands in what they put out together, [node]."""
        if device not in self._there:
            self._there[device] = self._place(device)
        return self._there[device]

    def _place(self, device: torch.device) -> tuple[list[_Sequences], torch.Tensor]:
        homes = self._packed.homes()
        spots: list[list[Spot]] = [[] for _ in self._packed.groups]
        places: list[list[int]] = [[] for _ in self._packed.groups]
        for path, leaf in zip(self._packed.paths, self._chosen, strict=True):
            for place in leaf.places:
                group, row, column = homes[path[len(self._requests[place].tokens) - 1]]
                spots[group].append((row, column))
                places[group].append(place)
        placed = [
            _Sequences(group, spot, place, self._requests, device)
            for group, spot, place in zip(self._packed.groups, spots, places, strict=True)
        ]
        return placed, torch.cat([each.queries[each.real] for each in placed]).argsort()


class SharedReader:
    """Answers requests from a model that runs each shared token once; made by `reading_shared`."""

    def __init__(self, model: Any) -> None:
        config = model.config.get_text_config()
        self.layers, self.heads = int(config.num_hidden_layers), int(config.num_attention_heads)
        self._model, self._lengths = model.base_model, WrittenLengths()
        self._pass: _Pass
        self._values: torch.Tensor

    def read_all(self, requests: Sequence[Request], budget: int, advance: Callable[[int], None]) -> Scores:
        """The scores of any number of requests, [request, layer, head], float32, from passes of `budget` nodes.

        `advance` is told of the leaves of each pack as they are done. Raises StudyError where the attention does not
        come through the interface, a statement is too long for its positions to be its own or a score is not finite.
        """
        require_own_positions(self._model.config.get_text_config(), requests)
        device = self._model.get_input_embeddings().weight.device
        self._values = torch.full((len(requests), self.layers, self.heads), torch.nan, device=device)
        found = leaves([request.tokens for request in requests])
        with torch.inference_mode():
            for places in plan_packs([leaf.tokens for leaf in found], budget):
                self._run([found[place] for place in places], requests)
                advance(len(places))
            scores = self._values.cpu()
        require_finite(scores, requests, self._model.dtype)
        values: Scores = scores.numpy()
        return values

    def _run(self, chosen: Sequence[Leaf], requests: Sequence[Request]) -> None:
        packed = pack([leaf.tokens for leaf in chosen])
        self._pass = _Pass(packed, chosen, requests)
        tokens = torch.as_tensor(packed.tokens, device=self._values.device)[None]
        depths = torch.as_tensor(packed.depths, device=self._values.device)[None]
        try:
            # Without a mask, transformers would take falling positions for sequences that are packed side by side.
            self._model(tokens, attention_mask=torch.ones_like(tokens), position_ids=depths, use_cache=False)
        except _PassDone:
            return
        raise StudyError(
            f"attention came through transformers' attention interface in {self._pass.layer} of {self.layers} layers"
        )

    def attend(
        self,
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        **options: Any,
    ) -> tuple[torch.Tensor, None]:
        """The attention of one layer over a pack's nodes, states [1, head, node, part] → [1, node, head, part]."""
        if attention_mask is None or attention_mask.shape[:2] != (1, 1) or options.get("position_bias") is not None:
            raise StudyError(f"the attention of {type(module).__name__} takes more than one causal mask")
        groups, order = self._pass.on(query.device)
        outputs = []
        for group in groups:
            values = group.gather(value, group.keys)
            output, rows = eager_attention(module)(
                module,
                group.gather(query, group.queries),
                group.gather(key, group.keys),
                values,
                group.added(attention_mask, query.dtype),
                **options,
            )
            outputs.append(output.flatten(0, 1).index_select(0, group.real))
            if group.looks is not None:
                self._take(group.looks, rows, module, values)
        self._pass.layer += 1
        if self._pass.layer == self.layers:
            raise _PassDone
        attended = torch.cat(outputs).index_select(0, order)[None]
        self._lengths.require_projected(module, attended)
        return attended, None

    def _take(self, looks: Looks, rows: torch.Tensor, module: Any, values: torch.Tensor) -> None:
        lengths = self._lengths.of(module, values, rows.shape[1]) if looks.weighs else None
        self._values[looks.places, self._pass.layer] = looks.scores(rows, lengths).to(self._values.device)

    def mask(self, *, mask_function: Callable[..., Any], use_vmap: bool = False, device: Any, **_: Any) -> torch.Tensor:
        """Which keys a query sees in one ordinary sequence, as long as the pack gathers any, [1, 1, query, key]."""
        size = self._pass.width
        seen: torch.Tensor = sdpa_mask(
            1, size, size, mask_function=mask_function, allow_is_causal_skip=False, use_vmap=use_vmap, device=device
        )
        return seen


def eager_attention(module: Any) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
    """The function that this module's own file calls under eager attention; raises StudyError where it has none."""
    found = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
    if found is None:
        raise StudyError(f"{type(module).__name__} comes with no eager attention function")
    attention: Callable[..., tuple[torch.Tensor, torch.Tensor]] = found
    return attention


@contextmanager
def attention_replaced(model: Any, attend: Callable[..., Any], mask: Callable[..., Any]) -> Iterator[None]:
    """Within the context, a causal model of plain transformers attends by these two functions, as transformers' attention
    and mask interfaces call them; after it, as before.

    Raises StudyError about an architecture whose attention does not come through the interface.
    """
    before, name = model.config._attn_implementation, f"reportgen_attention_{id(attend)}"
    AttentionInterface.register(name, attend)
    AttentionMaskInterface.register(name, mask)
    try:
        model.set_attn_implementation(name)
        if model.config._attn_implementation != name:
            raise StudyError(
                "this architecture computes attention in its own way, not through transformers' attention interface"
            )
        yield
    finally:
        model.set_attn_implementation(before)
        # The interfaces have no public way back, and what stays registered keeps the model in memory.
        AttentionInterface._global_mapping.pop(name)
        AttentionMaskInterface._global_mapping.pop(name)


@contextmanager
def reading_shared(model: Any) -> Iterator[SharedReader]:
    """Within the context, a causal model of plain transformers answers requests; after it, it attends as before.

    Raises StudyError, or whatever transformers does, about an architecture that does not allow this.
    """
    reader = SharedReader(model)
    with attention_replaced(model, reader.attend, reader.mask):
        yield reader
