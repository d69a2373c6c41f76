"""Attention that a reader can look at: whole patterns of some statements, the query position's row of others.

Shares of attention are kept in 255 steps, so each is off by at most 1/510. A whole pattern is kept as the lower
triangle of its [query, key] square, row by row: in a causal model there is nothing above it. What was read once
is in the store; a statement's entry depends on its tokens alone (and, for a row, on the query position).

TransformerLens reads them. An architecture that it does not know is read by plain transformers with eager attention, one
statement at a time: the very reading that all others prove themselves by (`proof`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.capture.batches import plan_batches
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import AttentionShard, PatternReader
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import Store, content_key

if TYPE_CHECKING:
    import torch

    from reportgen.capture.hooks import PatternPass

STEPS = 255

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Attention:
    """Quantized attention of the statements asked for, in their order: each [layer, head, cell]; who read any of it."""

    rows: tuple[Bytes, ...]
    patterns: tuple[Bytes, ...]
    readers: frozenset[PatternReader] = frozenset()


def read_attention(
    rows: Sequence[Statement], whole: Sequence[Statement], model: ProvenModel, aggregation: Aggregation
) -> Attention:
    """The rows of some statements and the whole patterns of others, from the store or from the model.

    Raises what `capture` raises.
    """
    some, triangles = _read(rows, model, aggregation, whole=False), _read(whole, model, aggregation, whole=True)
    return Attention(
        tuple(each.cells for each in some),
        tuple(each.cells for each in triangles),
        frozenset(each.reader for each in (*some, *triangles)),
    )


@dataclass(frozen=True)
class _Kept:
    """One statement's attention, and who read it."""

    cells: Bytes
    reader: PatternReader


def _read(
    statements: Sequence[Statement], model: ProvenModel, aggregation: Aggregation, *, whole: bool
) -> tuple[_Kept, ...]:
    room = "patterns" if whole else "rows"
    store, shelf = Store(model.cache), model.shelf(room)
    keys = [content_key(s.tokens.ids, None if whole else s.query) for s in statements]
    model.sought[room].update(keys)
    known = _known(store, shelf)
    missing = {key: statement for key, statement in zip(keys, statements, strict=True) if key not in known}
    if missing:
        model.require(f"{room} of attention for {numbers.things(len(missing), 'statement')}")
        shard = _capture(missing, model, aggregation, whole=whole)
        store.put(shelf, content_key(shard.keys), shard.to_bytes())
        known = _known(store, shelf)
    return tuple(known[key] for key in keys)


def _known(store: Store, shelf: str) -> dict[str, _Kept]:
    shards = (AttentionShard.from_bytes(payload) for payload in store.entries(shelf))
    return {
        key: _Kept(cells, shard.reader) for shard in shards for key, cells in zip(shard.keys, shard.values, strict=True)
    }


def _capture(
    missing: dict[str, Statement], model: ProvenModel, aggregation: Aggregation, *, whole: bool
) -> AttentionShard:
    from reportgen.capture.hooks import hooked  # noqa: PLC0415
    from reportgen.models.load import NoAdapterError  # noqa: PLC0415

    statements = list(missing.values())
    try:
        bridge, _ = model.bridge(statements, aggregation)
    except NoAdapterError:
        return _capture_plain(missing, model, aggregation, whole=whole)
    values: dict[int, Bytes] = {}
    what = "read whole patterns" if whole else "read attention to every token"
    with model.progress.counting(what, len(statements), "statements") as advance, hooked(bridge) as passes:
        for batch in plan_batches([len(statement.tokens.ids) for statement in statements]):
            chosen = [statements[index] for index in batch]
            values |= zip(batch, (_triangles if whole else _rows)(chosen, passes), strict=True)
            advance(len(batch))
    return AttentionShard(tuple(missing), tuple(values[index] for index in range(len(statements))))


def _capture_plain(
    missing: dict[str, Statement], model: ProvenModel, aggregation: Aggregation, *, whole: bool
) -> AttentionShard:
    from reportgen.capture.proof import reference_patterns  # noqa: PLC0415

    statements, values = list(missing.values()), list[Bytes]()
    plain, cut = model.plain(statements, aggregation).model, _triangle if whole else _row
    with model.progress.counting("read attention with plain transformers", len(statements), "statements") as advance:
        for statement in statements:
            (pattern,) = reference_patterns(plain, [statement])
            values.append(cut(_quantized(pattern), statement))
            advance(1)
    return AttentionShard(tuple(missing), tuple(values), "plain")


def _row(pattern: Bytes, statement: Statement) -> Bytes:
    """The query position's cells, [layer, head, cell], of a whole pattern [layer, head, query, key]."""
    return pattern[:, :, statement.query, : statement.row_cells]


def _triangle(pattern: Bytes, statement: Statement) -> Bytes:
    queries, keys = np.tril_indices(len(statement.tokens.ids))
    return pattern[:, :, queries, keys]


def _rows(statements: Sequence[Statement], passes: "PatternPass") -> list[Bytes]:
    at, queries = np.arange(len(statements)), [statement.query for statement in statements]
    layers: list[Bytes] = []
    passes.run(_ids(statements), lambda _, pattern: layers.append(_quantized(pattern[at, :, queries, :])))
    stacked = np.stack(layers, axis=1)
    return [stacked[place, :, :, : statement.row_cells] for place, statement in enumerate(statements)]


def _triangles(statements: Sequence[Statement], passes: "PatternPass") -> list[Bytes]:
    layers: list[Bytes] = []
    passes.run(_ids(statements), lambda _, pattern: layers.append(_quantized(pattern)))
    stacked = np.stack(layers, axis=1)
    corners = (np.tril_indices(len(statement.tokens.ids)) for statement in statements)
    return [stacked[place][:, :, queries, keys] for place, (queries, keys) in enumerate(corners)]


def _ids(statements: Sequence[Statement]) -> list[tuple[int, ...]]:
    return [statement.tokens.ids for statement in statements]


def _quantized(attention: "torch.Tensor") -> Bytes:
    steps: Bytes = (attention.float() * STEPS).round().byte().cpu().numpy()
    return steps
