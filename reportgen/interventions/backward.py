"""Gradients by the edges of all heads at once, and the edges cut head by head: plain transformers, float32.

1. What a head puts out is its pattern times its values. So ∂F/∂pattern[query, key] is ∂F/∂output[query] · value[key], and
   one backward pass that stops at the heads' outputs gives it for all queries, keys, heads and layers, for every row of
   a batch. No weight of the model needs a gradient.
2. Rows of a pass are equally long and ask for objects of one length, so nothing is padded.
3. Where edges are changed, everything before the query position stays as it is. Its keys and values are computed once an
   object (`_Before`), and the query position and the object's own tokens alone are run, for every step or head a row.
4. A pass takes a budget of tokens. Where memory runs out, it is halved for good.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from transformers.cache_utils import Cache, DynamicLayer

from reportgen.capture.opening import ProvenModel
from reportgen.capture.thrift import is_out_of_memory, within_memory
from reportgen.errors import StudyError
from reportgen.interventions.attending import Attended, attending
from reportgen.interventions.gradients import Asked, Map, Slopes
from reportgen.models.memory import ROOM, main_memory

T = TypeVar("T")
Tensors = list[torch.Tensor]

_REMEDY = "free memory, ask a smaller model or on another device, or leave `gradient` out of `experiments`"


@contextmanager
def differentiable(model: ProvenModel) -> Iterator["Backward"]:
    """Within the context, the model with gradients, in float32 and opened afresh: a capture's own may have packed weights.

    Raises StudyError where it cannot be opened or its weights do not fit into memory.
    """
    if model.device == "cpu":
        require_room(torch.float32.itemsize * model.parameters, main_memory())
    model.progress.say(f"opening the model on {model.device} for gradients")
    yield Backward(model.afresh(model.device, torch.float32).requires_grad_(False), model.budget)


def require_room(needed: int, memory: int) -> None:
    """Raise StudyError where weights of `needed` bytes are too many for a memory of so many."""
    if needed > ROOM * memory:
        raise StudyError(
            f"gradients need the model's weights in float32, which take {needed / 1e9:.1f} GB; this machine has "
            f"{memory / 1e9:.1f} GB of memory. To go on, {_REMEDY}."
        )


@dataclass(frozen=True)
class _Intact:
    """Objects whose attention is as it is: F [row], and for each layer the edge's attention and the loss's slope with it,
    [row, head, key] with keys up to the query position, and gradient × attention of the whole pattern, [row, head]."""

    reached: torch.Tensor
    attention: Tensors
    slopes: Tensors
    everywhere: Tensors


class Backward:
    """A model whose weights need no gradients, followed backwards in passes of `budget` tokens."""

    def __init__(self, model: Any, budget: int) -> None:
        config = model.config.get_text_config()
        self.layers, self.heads = int(config.num_hidden_layers), int(config.num_attention_heads)
        self._model, self._budget = model, budget
        self._takes_positions = "position_ids" in inspect.signature(model.forward).parameters

    def slopes(self, asked: Sequence[Asked], steps: int) -> Iterator[tuple[Asked, Slopes]]:
        """What `gradients` says of each object, as they are done, in no order.

        Raises StudyError where one alone does not fit into memory, or the model gives no gradients.
        """
        for group in alike(asked):
            for some in parts(group, self._budget // len(group[0].tokens)):
                found = self._fitting(partial(self._slopes, some, steps))
                yield from zip(some, found, strict=True)

    def cuts(self, one: Asked) -> Map:
        """F with the edge of each head taken away by itself, in nats, [layer, head]; raises StudyError as `slopes` does."""
        return self._fitting(partial(self._cuts, one))

    def _fitting(self, read: Callable[[int], T]) -> T:
        """What `read` gives for the budget that memory suffices for."""

        def remembered(budget: int) -> T:
            self._budget = budget
            return read(budget)

        try:
            return within_memory(remembered, self._budget)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = str(error).partition("\n")[0]
            raise StudyError(
                f"there is no memory for the gradients of even one object ({reason}): {_REMEDY}"
            ) from error

    def _slopes(self, some: Sequence[Asked], steps: int, budget: int) -> list[Slopes]:
        split = parts(some, budget // len(some[0].tokens))
        return [slopes for part in split for slopes in self._slopes_together(part, steps, budget)]

    def _slopes_together(self, some: Sequence[Asked], steps: int, budget: int) -> list[Slopes]:
        intact = self.intact(some)
        integrated, without = self._along(some, intact.attention, steps, budget)
        product = [(edge * slope).sum(-1) for edge, slope in zip(intact.attention, intact.slopes, strict=True)]
        keys = [len(one.subject) for one in some]
        maps = np.stack(
            [
                -_stacked([slope.sum(-1) for slope in intact.slopes]) / np.array(keys)[:, np.newaxis, np.newaxis],
                _stacked([slope.abs().sum(-1) for slope in intact.slopes]) / np.array(keys)[:, np.newaxis, np.newaxis],
                _stacked(product),
                integrated,
                _stacked(intact.everywhere),
                _stacked([edge.sum(-1) for edge in intact.attention]),
            ],
            axis=1,
        )
        ends = zip(intact.reached.tolist(), without.tolist(), strict=True)
        found = [Slopes.of(rows, *end) for rows, end in zip(maps, ends, strict=True)]
        for one, slopes in zip(some, found, strict=True):
            _require_numbers(one, slopes.intact, slopes.without, slopes.product, slopes.integrated)
        return found

    def intact(self, some: Sequence[Asked]) -> _Intact:
        """One pass forward and one backward over objects that are alike, their attention left as it is.

        Slopes are those of F by the subject's tokens, 0 at all others.
        """
        seen: dict[int, tuple[Attended, torch.Tensor]] = {}

        def watch(attended: Attended) -> torch.Tensor:
            leaf = torch.zeros_like(attended.output, requires_grad=True)
            seen[attended.layer] = attended, leaf
            return attended.output + leaf

        query, mask = some[0].query, _subjects(some)
        with _following_back(), attending(self._model, watch):
            reached = self._reached(some, self._run([one.tokens[:-1] for one in some], some[0].length))
            passed = [seen[layer] for layer in sorted(seen)]
            if len(passed) != self.layers:
                raise StudyError(
                    f"attention came through transformers' interface in {len(passed)} of {self.layers} layers"
                )
            slopes = torch.autograd.grad(reached.sum(), [leaf for _, leaf in passed])
        intact = _Intact(reached.detach().double().cpu(), [], [], [])
        for (attended, _), slope in zip(passed, slopes, strict=True):
            wanted = mask.to(slope.device)[:, None]
            values = attended.values.detach()[:, :, : query + 1]
            intact.attention.append(attended.pattern.detach()[:, :, query, : query + 1] * wanted)
            intact.slopes.append(torch.einsum("rhp,rhkp->rhk", slope[:, query], values) * wanted)
            intact.everywhere.append((slope * attended.output.detach()).sum((1, 3)))
        return intact

    def _along(self, some: Sequence[Asked], edges: Tensors, steps: int, budget: int) -> tuple[Map, Map]:
        """The integrals from edges of 0 to `edges`, [row, layer, head], and F where they are 0, [row]."""
        at, weights = _gauss_legendre(steps)
        before = self._before(some)
        integrated, without = np.zeros((len(some), len(edges), edges[0].shape[1])), np.zeros(len(some))
        rows = [(row, step) for row in range(len(some)) for step in range(len(at))]
        for part in parts(rows, budget // some[0].length):
            owners, taken = (list(column) for column in zip(*part, strict=True))
            reached, added = self._step(before, owners, edges, at[taken])
            np.add.at(integrated, owners, added * weights[taken][:, np.newaxis, np.newaxis])
            for (row, step), likelihood in zip(part, reached.tolist(), strict=True):
                without[row] = likelihood if at[step] == 0 else without[row]
        return integrated, without

    def _step(self, before: "_Before", owners: Sequence[int], edges: Tensors, at: Map) -> tuple[torch.Tensor, Map]:
        """F [row] with the edges of the rows' owners at so much of what they are, and Σ edge · ∂F/∂edge there."""
        mask, query = _subjects([before.asked[owner] for owner in owners]), before.asked[0].query
        leaves: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

        def change(attended: Attended) -> torch.Tensor:
            edge = edges[attended.layer][list(owners)]
            part = torch.as_tensor(at, dtype=edge.dtype, device=edge.device)[:, None, None]
            values = attended.values[:, :, : query + 1]
            live = attended.pattern[:, :, 0, : query + 1] * mask.to(edge.device)[:, None]
            leaf = torch.zeros_like(edge, requires_grad=True)
            leaves[attended.layer] = leaf, edge
            more = torch.einsum("rhk,rhkp->rhp", part * edge - live + leaf, values)
            return torch.cat([attended.output[:, :1] + more[:, None], attended.output[:, 1:]], 1)

        with _following_back(), attending(self._model, change):
            reached = self._reached([before.asked[owner] for owner in owners], self._after(before, owners))
            changed = [leaves[layer] for layer in sorted(leaves)]
            slopes = torch.autograd.grad(reached.sum(), [leaf for leaf, _ in changed])
        added = [(slope * edge).sum(-1) for slope, (_, edge) in zip(slopes, changed, strict=True)]
        return reached.detach(), _stacked(added)

    def _cuts(self, one: Asked, budget: int) -> Map:
        places = [(layer, head) for layer in range(self.layers) for head in range(self.heads)]
        with torch.no_grad():
            before = self._before([one])
            found = [self._cut(before, part) for part in parts(places, budget // one.length)]
        values = torch.cat(found).double().cpu().numpy().reshape(self.layers, self.heads)
        _require_numbers(one, values)
        return np.asarray(values)

    def _cut(self, before: "_Before", places: Sequence[tuple[int, int]]) -> torch.Tensor:
        """F [row] of one object with the edge of another head gone in every row."""
        (one,) = before.asked

        def change(attended: Attended) -> torch.Tensor:
            rows = [row for row, (layer, _) in enumerate(places) if layer == attended.layer]
            heads, output = [places[row][1] for row in rows], attended.output.clone()
            pattern = attended.pattern[rows, heads, 0][:, list(one.subject)]
            values = attended.values[rows, heads][:, list(one.subject)]
            output[rows, 0, heads] -= torch.einsum("rk,rkp->rp", pattern, values)
            return output

        owners = [0] * len(places)
        with attending(self._model, change):
            return self._reached([one] * len(places), self._after(before, owners))

    def _before(self, some: Sequence[Asked]) -> "_Before":
        before = _Before(some)
        if not some[0].query:
            return before
        try:
            with torch.no_grad(), attending(self._model, lambda attended: attended.output):
                self._run([one.tokens[: one.query] for one in some], 1, before.cache)
        except Exception as error:  # what an architecture that keeps something else stumbles over
            if isinstance(error, StudyError) or is_out_of_memory(error):
                raise
            raise StudyError(_keeps_nothing(self._model, f" ({type(error).__name__}: {error})")) from error
        if not before.cache.layers:
            raise StudyError(_keeps_nothing(self._model))
        return before

    def _after(self, before: "_Before", owners: Sequence[int]) -> torch.Tensor:
        """Logits of the object's tokens [row, token, word], run after what stands before them."""
        before.choose(owners, self._model.device)
        tokens = [before.asked[owner].tokens[before.asked[0].query : -1] for owner in owners]
        return self._run(tokens, before.asked[0].length, before.cache)

    def _run(self, tokens: Sequence[tuple[int, ...]], last: int, cache: Cache | None = None) -> torch.Tensor:
        """Logits of what comes after each of the `last` tokens, [row, token, word]."""
        given, device = torch.tensor(tokens), self._model.device
        start = 0 if cache is None or not cache.layers else cache.get_seq_length()
        length = start + given.shape[1]
        places = {"position_ids": torch.arange(start, length, device=device).expand(len(given), -1)}
        output = self._model(
            given.to(device),
            attention_mask=torch.ones(len(given), length, dtype=torch.long, device=device),
            past_key_values=cache,
            use_cache=cache is not None,
            logits_to_keep=last,
            **(places if self._takes_positions else {}),
        )
        logits: torch.Tensor = output.logits
        return logits

    @staticmethod
    def _reached(some: Sequence[Asked], logits: torch.Tensor) -> torch.Tensor:
        """F of the rows' objects, [row], from the logits of their tokens, [row, token, word]."""
        tokens = torch.tensor([one.tokens[one.start :] for one in some], device=logits.device)
        return (logits.gather(-1, tokens[..., None])[..., 0] - logits.logsumexp(-1)).sum(-1)


class _Before:
    """The keys and values before the query position of some objects, and which of them the rows of a pass go on from."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self.asked = asked
        self.cache = Cache(layer_class_to_replicate=partial(_Layer, self))
        self.rows: torch.Tensor | None = None

    def choose(self, owners: Sequence[int], device: torch.device) -> None:
        """Let the rows of the next pass go on from these objects."""
        self.rows = torch.tensor(owners, device=device)


class _Layer(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values: kept until rows are chosen; from then on given to those rows, before their own."""

    def __init__(self, before: _Before) -> None:
        super().__init__()
        self.keys: torch.Tensor | None = None
        self.values: torch.Tensor | None = None
        self._before = before

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values [row, head, position, part], of everything up to the new positions."""
        rows = self._before.rows
        if rows is None:
            self.keys, self.values = key_states, value_states
        elif self.keys is not None and self.values is not None:
            kept = [states.index_select(0, rows.to(states.device)) for states in (self.keys, self.values)]
            return torch.cat([kept[0], key_states], 2), torch.cat([kept[1], value_states], 2)
        return key_states, value_states

    def get_seq_length(self) -> int:
        """How many positions come before the new ones."""
        return 0 if self.keys is None or self._before.rows is None else int(self.keys.shape[2])


@contextmanager
def _following_back() -> Iterator[None]:
    """Raises StudyError where the model gives no gradients; lack of memory is told as it is."""
    try:
        with torch.enable_grad():
            yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0]
        raise StudyError(
            f"this model gives no gradients ({reason}). They need plain weights: name the model as it was before it was "
            "packed or quantized, or leave `gradient` out of `experiments`."
        ) from error


def _keeps_nothing(model: Any, why: str = "") -> str:
    return f"{type(model).__name__} keeps no keys and values from which a changed edge could go on{why}"


def alike(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    """Objects of one length after prefixes of one length, short ones first."""
    shapes: dict[tuple[int, int], list[Asked]] = {}
    for one in asked:
        shapes.setdefault((one.start, one.length), []).append(one)
    return (shapes[shape] for shape in sorted(shapes))


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items, so many at a time, one at least."""
    step = max(1, size)
    return (items[start : start + step] for start in range(0, len(items), step))


def _subjects(some: Sequence[Asked]) -> torch.Tensor:
    """Which keys up to the query position are the subject's, [row, key], 0 or 1."""
    mask = torch.zeros(len(some), some[0].query + 1)
    for row, one in enumerate(some):
        mask[row, list(one.subject)] = 1
    return mask


def _gauss_legendre(steps: int) -> tuple[Map, Map]:
    """Points from 0 to 1 and their weights, exact for polynomials of a degree below 2·steps; then 0 itself, of no weight."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return np.append((points + 1) / 2, 0.0), np.append(weights / 2, 0.0)


def _stacked(layers: Tensors) -> Map:
    """Layers of [row, head] as [row, layer, head]."""
    return np.asarray(torch.stack([layer.detach().double().cpu() for layer in layers], 1).numpy())


def _require_numbers(one: Asked, *values: float | Map) -> None:
    if not all(np.isfinite(each).all() for each in values):
        raise StudyError(
            f"a log-probability or its gradient is not a number, in float32, after the tokens {one.tokens[: one.start]}. "
            "The weights may be damaged; try another device."
        )
