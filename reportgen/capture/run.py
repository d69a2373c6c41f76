"""Scores of all requests: from the store where they are there, else from the model.

1. Every request has a key made of what its scores depend on: token ids, query position, key span and
   aggregation. The shelf that it stands on is named by the model's identity, the device and dtype, the code of
   this room and the versions of torch, transformers and TransformerLens.
2. Requests whose scores are not on the shelf are gathered by their tokens, so that a statement that is measured in
   many ways goes through the model once. The token sequences are captured in the order of their token ids, in shards; a
   shard is kept as soon as it is done, so a run that dies loses at most one, and the next makes the same shards.
3. Before a run captures anything it proves itself (`proof`); its record goes into each of its shards, so that
   a page can say where each of its numbers came from.

Changing one fact captures two statements; changing a title or α captures none and imports no torch.
"""

import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from reportgen import provenance
from reportgen.capture.opening import ProvenModel, Reading
from reportgen.capture.record import CaptureRun, Scores, Shard
from reportgen.capture.request import Request
from reportgen.capture.tree import Ids, leaves, tokens_computed
from reportgen.store import Store, content_key

SHARD_STATEMENTS = 512

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Captured:
    """Raw scores [request, layer, head] in the order of the requests, the runs that made them, oldest first, and how
    many statements went through the model just now."""

    values: Scores
    runs: tuple[CaptureRun, ...]
    fresh: int


def capture_each(wanted: Mapping[_Key, Sequence[Request]], model: ProvenModel) -> dict[_Key, Captured]:
    """The scores of several lists of requests, by their keys, all captured in one go. Raises what `capture` raises."""
    together = capture([request for requests in wanted.values() for request in requests], model)
    ends = np.cumsum([len(requests) for requests in wanted.values()])[:-1]
    pieces = np.split(together.values, ends)
    return {key: replace(together, values=values) for key, values in zip(wanted, pieces, strict=True)}


def capture(requests: Sequence[Request], model: ProvenModel) -> Captured:
    """The scores of all requests. Raises StudyError where the model cannot be opened or trusted."""
    store, shelf = Store(model.cache), model.shelf("scores")
    keys = [request.key for request in requests]
    known = _read_shelf(store, shelf)
    missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
    fresh = len(leaves([request.tokens for request in missing.values()]))
    if missing:
        stored = len(leaves([request.tokens for request in requests])) - fresh
        model.progress.say(f"capturing {fresh:,} statements ({stored:,} are in the store)")
        _capture(list(missing.values()), model, store, shelf)
        known = _read_shelf(store, shelf)
    values = np.stack([known[key][0] for key in keys])
    runs = sorted({known[key][1] for key in keys}, key=lambda run: run.finished)
    return Captured(values, tuple(runs), fresh)


def _read_shelf(store: Store, shelf: str) -> dict[str, tuple[Scores, CaptureRun]]:
    """Every request's scores [layer, head] on the shelf, by its key, with the run that made them."""
    shards = (Shard.from_bytes(payload) for payload in store.entries(shelf))
    return {key: (row, shard.run) for shard in shards for key, row in zip(shard.keys, shard.values, strict=True)}


def _capture(missing: Sequence[Request], model: ProvenModel, store: Store, shelf: str) -> None:
    order = leaves([request.tokens for request in missing])
    statements, aggregation = [request.statement for request in missing], missing[0].aggregation
    with (
        model.reading(statements, aggregation) as reading,
        model.progress.counting("capture", len(order), "statements") as advance,
    ):
        for start in range(0, len(order), SHARD_STATEMENTS):
            chosen = order[start : start + SHARD_STATEMENTS]
            requests = [missing[place] for leaf in chosen for place in leaf.places]
            began = time.perf_counter()
            values = reading.reader.read_all(requests, model.budget, advance)
            run = _record(model, reading, [leaf.tokens for leaf in chosen], time.perf_counter() - began)
            keys = tuple(request.key for request in requests)
            store.put(shelf, content_key(keys), Shard(keys, values, run).to_bytes())


def _record(model: ProvenModel, reading: Reading, sequences: Sequence[Ids], seconds: float) -> CaptureRun:
    tokens = sum(map(len, sequences))
    return CaptureRun(
        finished=provenance.now().isoformat(),
        device=model.device,
        processor=provenance.processor(),
        dtype=model.section.dtype,
        versions=provenance.versions(provenance.CAPTURE_PACKAGES),
        route=reading.route,
        statements=len(sequences),
        tokens=tokens,
        computed=tokens_computed(sequences, model.budget) if reading.route.way == "shared" else tokens,
        seconds=round(seconds, 3),
        proof=reading.proof,
    )
