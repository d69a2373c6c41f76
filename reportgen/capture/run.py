"""Scores of all statements: from the store where they are there, else from the model.

1. Every statement has a key made of what its scores depend on: token ids, query position, key span and
   aggregation. The shelf that it stands on is named by the model's identity, the device and dtype, the code of
   this room and the versions of torch, transformers and TransformerLens.
2. Statements whose scores are not on the shelf are captured, length-sorted, in shards; a shard is kept as soon
   as it is done, so a run that dies loses at most one.
3. Before a run captures anything it proves itself (`proof`); its record goes into each of its shards, so that
   a page can say where each of its numbers came from.

Changing one fact captures two statements; changing a title or α captures none and imports no torch.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen import provenance
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import CaptureRun, Proof, Scores, Shard
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import Store, content_key

SHARD_STATEMENTS = 512


@dataclass(frozen=True)
class Captured:
    """Raw scores [statement, layer, head] in the order of the statements, the runs that made them, oldest first,
    and how many statements were captured just now."""

    values: Scores
    runs: tuple[CaptureRun, ...]
    fresh: int


def capture(statements: Sequence[Statement], model: ProvenModel, aggregation: Aggregation) -> Captured:
    """The scores of all statements. Raises StudyError where the model cannot be opened or trusted."""
    store, shelf = Store(model.cache), model.shelf("scores")
    keys = [_key(statement, aggregation) for statement in statements]
    known = _read_shelf(store, shelf)
    missing = {key: statement for key, statement in zip(keys, statements, strict=True) if key not in known}
    if missing:
        stored = len(set(keys)) - len(missing)
        model.progress.say(f"capturing {len(missing):,} statements ({stored:,} are in the store)")
        _capture(missing, model, aggregation, store, shelf)
        known = _read_shelf(store, shelf)
    values = np.stack([known[key][0] for key in keys])
    runs = sorted({known[key][1] for key in keys}, key=lambda run: run.finished)
    return Captured(values, tuple(runs), len(missing))


def _key(statement: Statement, aggregation: Aggregation) -> str:
    return content_key(statement.tokens.ids, statement.query, statement.keys, aggregation)


def _read_shelf(store: Store, shelf: str) -> dict[str, tuple[Scores, CaptureRun]]:
    """Every statement's scores [layer, head] on the shelf, by its key, with the run that made them."""
    shards = (Shard.from_bytes(payload) for payload in store.entries(shelf))
    return {key: (row, shard.run) for shard in shards for key, row in zip(shard.keys, shard.values, strict=True)}


def _capture(
    missing: dict[str, Statement], model: ProvenModel, aggregation: Aggregation, store: Store, shelf: str
) -> None:
    from reportgen.capture.hooks import reading_scores  # noqa: PLC0415

    bridge, proof = model.opened(list(missing.values()), aggregation)
    order = sorted(missing, key=lambda key: (len(missing[key].tokens.ids), key))
    with (
        model.progress.counting("capture", len(order), "statements") as advance,
        reading_scores(bridge, aggregation) as reader,
    ):
        for start in range(0, len(order), SHARD_STATEMENTS):
            keys = tuple(order[start : start + SHARD_STATEMENTS])
            began = time.perf_counter()
            values = reader.read_all([missing[key] for key in keys], advance)
            run = _record(bridge, model, len(keys), time.perf_counter() - began, proof)
            store.put(shelf, content_key(keys), Shard(keys, values, run).to_bytes())


def _record(bridge: Any, model: ProvenModel, statements: int, seconds: float, proof: Proof) -> CaptureRun:
    return CaptureRun(
        finished=provenance.now().isoformat(),
        device=str(bridge.cfg.device),
        processor=provenance.processor(),
        dtype=model.section.dtype,
        versions=provenance.versions(provenance.CAPTURE_PACKAGES),
        statements=statements,
        seconds=round(seconds, 3),
        proof=proof,
    )
