"""Forward passes over trees of tokens in which what heads put out is changed, begun at any layer.

1. As in `capture.shared`, tokens that sequences share are one node, run once; attention gathers each sequence's whole path
   and calls the model's own eager attention.
2. What the heads of a layer put out, [node, head, part], is handed to `change` before it is projected.
3. A pass may begin at a layer for which the states that enter it are known: the layers below it are left out. Where it
   begins behind the last, the final norm and the head alone are run.

That the logits are those of the plain model, and those of a pass that begins later the same, is proven by whoever opens one
(`knockouts`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers.masking_utils import sdpa_mask

from reportgen.capture.shared import attention_replaced, eager_attention
from reportgen.capture.tree import Group, Pack, pack
from reportgen.errors import StudyError
from reportgen.interventions.attending import layer_of

LOGITS_AT_ONCE = 16  # rows that stay in a processor's cache

Change = Callable[[int, torch.Tensor], torch.Tensor]
"""From a layer and what its heads put out, [node, head, part], to what they put out instead."""


@dataclass(frozen=True)
class Begun:
    """Where a pass begins: the layer, and the states [node, width] that enter it."""

    layer: int
    states: torch.Tensor


class _Sequences:
    """A group of sequences on a device: what is gathered of the nodes' states."""

    def __init__(self, group: Group, device: torch.device) -> None:
        self._leaves, self.length = group.keys.shape
        self._positions = torch.as_tensor(group.positions, device=device)
        self.queries = torch.as_tensor(group.queries, device=device).flatten()
        self.keys = torch.as_tensor(group.keys, device=device).flatten()
        self.real = torch.as_tensor(group.real, device=device).flatten().nonzero().flatten()
        self._added: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def gather(self, states: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """States [1, head, node, part] of the group's `queries` or `keys`, [sequence, head, position, part]."""
        found = states[0].index_select(1, nodes)
        return found.view(found.shape[0], self._leaves, -1, found.shape[-1]).transpose(0, 1)

    def added(self, mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """What is added to the logits of attention, [sequence, 1, query, key]: 0 where a query may look."""
        if id(mask) not in self._added:
            hidden = ~mask[0, 0][self._positions][:, None, :, : self.length]
            added = torch.zeros_like(hidden, dtype=dtype).masked_fill_(hidden, torch.finfo(dtype).min)
            self._added[id(mask)] = mask, added
        return self._added[id(mask)][1]


class _Pass:
    """One pass: its groups on each device, what is changed, and the layers whose attention has come by."""

    def __init__(self, packed: Pack, change: Change | None) -> None:
        self.packed, self.change, self.seen = packed, change, set[int]()
        self._there: dict[torch.device, tuple[list[_Sequences], torch.Tensor]] = {}

    def on(self, device: torch.device) -> tuple[list[_Sequences], torch.Tensor]:
        """The groups on a device, and where each node stands in what they put out together, [node]."""
        if device not in self._there:
            groups = [_Sequences(group, device) for group in self.packed.groups]
            self._there[device] = groups, torch.cat([each.queries[each.real] for each in groups]).argsort()
        return self._there[device]


class PackedModel:
    """A causal model of plain transformers that runs packs; made by `running_packed`. `blocks` are its layers,
    `modules` their attention and `devices` where that is computed."""

    def __init__(self, model: Any) -> None:
        config = model.config.get_text_config()
        self.layers, self.heads = int(config.num_hidden_layers), int(config.num_attention_heads)
        self.model = model
        self.modules: dict[int, Any] = {}
        self.devices: dict[int, torch.device] = {}
        self.blocks: list[Any] = []
        self._tuples: dict[int, int] = {}
        self._pass: _Pass

    @property
    def device(self) -> torch.device:
        """Where tokens go in."""
        device: torch.device = self.model.get_input_embeddings().weight.device
        return device

    def learn(self) -> None:
        """Find the layers by running one token. Raises StudyError where the model's layers cannot be told apart."""
        self.logits(pack([(0,)]), torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
        lists = [found for found in self.model.modules() if isinstance(found, nn.ModuleList)]
        fitting = [found for found in lists if len(found) == self.layers and self._holds(found)]
        if len(fitting) != 1:
            raise StudyError(f"{type(self.model).__name__} does not list its layers in a way that is known here")
        self.blocks = list(fitting[0])

    def _holds(self, blocks: nn.ModuleList) -> bool:
        """Whether every layer's attention is in the block of its number."""
        return all(self.modules[layer] in set(block.modules()) for layer, block in enumerate(blocks))

    def logits(
        self,
        packed: Pack,
        tokens: torch.Tensor,
        kept: torch.Tensor,
        change: Change | None = None,
        begun: Begun | None = None,
    ) -> torch.Tensor:
        """The logits of what comes next after some nodes, [kept, token], from `tokens` [node].

        Raises StudyError where attention does not come through transformers' interface.
        """
        self._pass = _Pass(packed, change)
        ids = tokens.to(self.device)[None]
        depths = torch.as_tensor(packed.depths, device=self.device)[None]
        with self._begun(begun):
            # Without a mask, transformers would take falling positions for sequences that are packed side by side.
            output = self.model(
                ids,
                attention_mask=torch.ones_like(ids),
                position_ids=depths,
                use_cache=False,
                logits_to_keep=kept,
            )
        first = 0 if begun is None else begun.layer
        if self._pass.seen != set(range(first, self.layers)):
            raise StudyError(
                f"attention came through transformers' attention interface in {len(self._pass.seen)} of "
                f"{self.layers - first} layers"
            )
        logits: torch.Tensor = output.logits[0]
        return logits

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
            output, _ = eager_attention(module)(
                module,
                group.gather(query, group.queries),
                group.gather(key, group.keys),
                group.gather(value, group.keys),
                group.added(attention_mask, query.dtype),
                **options,
            )
            outputs.append(output.flatten(0, 1).index_select(0, group.real))
        attended = torch.cat(outputs).index_select(0, order)
        layer = layer_of(module)
        self.modules[layer], self.devices[layer] = module, query.device
        self._pass.seen.add(layer)
        if self._pass.change is not None:
            attended = self._pass.change(layer, attended)
        return attended[None], None

    def mask(self, *, mask_function: Callable[..., Any], use_vmap: bool = False, device: Any, **_: Any) -> torch.Tensor:
        """Which keys a query sees in one ordinary sequence, as long as the pack gathers any, [1, 1, query, key]."""
        size = self._pass.packed.width
        seen: torch.Tensor = sdpa_mask(
            1, size, size, mask_function=mask_function, allow_is_causal_skip=False, use_vmap=use_vmap, device=device
        )
        return seen

    @contextmanager
    def _begun(self, begun: Begun | None) -> Iterator[None]:
        """Within the context the layers below where a pass begins are left out."""
        left_out = self.blocks[: begun.layer] if begun is not None else []
        before = [block.__dict__.get("forward") for block in left_out]
        try:
            for layer, block in enumerate(left_out):
                block.forward = self._passing(layer, begun.states if begun and layer == begun.layer - 1 else None)
            yield
        finally:
            for block, forward in zip(left_out, before, strict=True):
                if forward is None:
                    del block.forward
                else:
                    block.forward = forward

    def _passing(self, layer: int, states: torch.Tensor | None) -> Callable[..., Any]:
        """A layer that does nothing, or puts out these states, in the form in which its block does."""
        parts = self._tuples.get(layer, 0)

        def forward(*inputs: Any, **named: Any) -> Any:
            entering = inputs[0] if inputs else named["hidden_states"]
            leaving = entering if states is None else states.to(entering)[None]
            return (leaving, *[None] * (parts - 1)) if parts else leaving

        return forward

    @contextmanager
    def recording(self, entered: Callable[[int, torch.Tensor], None]) -> Iterator[None]:
        """Within the context `entered` is given the states [node, width] that enter each layer, and those that leave the
        last under the number behind it. Raises StudyError where layers take more than one stream of states."""

        def enter(layer: int) -> Callable[..., None]:
            def note(block: Any, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
                states = inputs[0] if inputs else named["hidden_states"]
                if states.dim() != 3:
                    raise StudyError(f"{type(block).__name__} takes more than one stream of states")
                entered(layer, states[0])

            return note

        def leave(layer: int) -> Callable[..., None]:
            def note(_: Any, __: Any, output: Any) -> None:
                self._tuples[layer] = len(output) if isinstance(output, tuple) else 0
                if layer == self.layers - 1:
                    entered(self.layers, first_of(output)[0])

            return note

        hooks = [block.register_forward_pre_hook(enter(i), with_kwargs=True) for i, block in enumerate(self.blocks)]
        hooks += [block.register_forward_hook(leave(i)) for i, block in enumerate(self.blocks)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def first_of(output: Any) -> torch.Tensor:
    """The tensor that a module puts out, or the first of several."""
    found: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return found


@contextmanager
def running_packed(model: Any) -> Iterator[PackedModel]:
    """Within the context, a causal model of plain transformers runs packs; after it, it attends as before.

    Raises StudyError about an architecture that does not allow this.
    """
    packed = PackedModel(model)
    with attention_replaced(model, packed.attend, packed.mask), torch.inference_mode():
        packed.learn()
        yield packed


def log_probabilities(logits: torch.Tensor, rows: Sequence[int], tokens: Sequence[int]) -> list[float]:
    """The log-probability, in nats, of each token after the row of logits [row, token] beside it; in float32."""
    norms = torch.cat([some.float().logsumexp(-1) for some in torch.split(logits, LOGITS_AT_ONCE)])
    found: list[float] = (logits[rows, tokens].float() - norms[rows]).tolist()
    return found
