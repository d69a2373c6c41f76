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

import io
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reportgen import provenance
from reportgen.models.convert import weights_folder
from reportgen.models.source import ModelSource
from reportgen.progress import Progress
from reportgen.spec.model import Aggregation, ModelSection
from reportgen.statements import Statement
from reportgen.store import Store, content_key

SHARD_STATEMENTS = 512


@dataclass(frozen=True)
class CaptureRun:
    """The record of one run over a model: when, where, with what, and how well it proved itself.

    `seconds` counts the forward passes alone. Deviations are in shares of attention.
    """

    finished: str
    device: str
    processor: str
    dtype: str
    versions: tuple[tuple[str, str], ...]
    statements: int
    seconds: float
    proof_statements: int
    proof_row_sum: float
    proof_pattern: float
    proof_score: float
    score_tolerance: float
    pattern_tolerance: float


@dataclass(frozen=True)
class Captured:
    """Raw scores [statement, layer, head] in the order of the statements, and the runs that made them."""

    values: npt.NDArray[np.float32]
    runs: tuple[CaptureRun, ...]
    fresh: int


def capture(
    statements: Sequence[Statement],
    source: ModelSource,
    model: ModelSection,
    aggregation: Aggregation,
    cache: Path,
    progress: Progress,
) -> Captured:
    """The scores of all statements. Raises StudyError where the model cannot be opened or trusted."""
    store, shelf = Store(cache), _shelf(source, model)
    keys = [_key(statement, aggregation) for statement in statements]
    known = _read_shelf(store, shelf)
    missing = {key: statement for key, statement in zip(keys, statements, strict=True) if key not in known}
    if missing:
        progress.say(f"capturing {len(missing):,} statements ({len(set(keys)) - len(missing):,} are in the store)")
        _capture_missing(missing, source, model, aggregation, store, shelf, progress)
        known = _read_shelf(store, shelf)
    values = np.stack([known[key][0] for key in keys])
    runs = sorted({known[key][1] for key in keys}, key=lambda run: run.finished)
    return Captured(values, tuple(runs), len(missing))


def _shelf(source: ModelSource, model: ModelSection) -> str:
    versions = provenance.versions(provenance.CAPTURE_PACKAGES)
    code = provenance.code_version("capture", "models/load.py")
    return f"scores/{content_key(source.identity, model.device, model.dtype, versions, code)[:32]}"


def _key(statement: Statement, aggregation: Aggregation) -> str:
    return content_key(statement.tokens.ids, statement.query, statement.keys, aggregation)


def _capture_missing(
    missing: dict[str, Statement],
    source: ModelSource,
    model: ModelSection,
    aggregation: Aggregation,
    store: Store,
    shelf: str,
    progress: Progress,
) -> None:
    from reportgen.capture import batches, hooks, proof  # noqa: PLC0415
    from reportgen.models import load  # noqa: PLC0415

    folder, device = weights_folder(source, store.root, progress), load.pick_device(model.device)
    progress.say(f"opening {source.name} on {device} and proving the capture on a sample")
    sample = proof.sample_of(list(missing.values()))
    reference = proof.reference_patterns(load.open_eager(folder, device), sample)
    bridge = load.open_bridge(folder, device)
    proven = proof.prove(bridge, sample, reference, aggregation)

    order = sorted(missing, key=lambda key: (len(missing[key].tokens.ids), key))
    shards = [order[start : start + SHARD_STATEMENTS] for start in range(0, len(order), SHARD_STATEMENTS)]
    with progress.counting("capture", len(order), "statements") as advance:
        for shard in shards:
            statements = [missing[key] for key in shard]
            values, began = None, time.perf_counter()
            with hooks.reading_scores(bridge, aggregation) as reader:
                for batch in batches.plan_batches([len(statement.tokens.ids) for statement in statements]):
                    scores = reader.read([statements[index] for index in batch]).numpy()
                    values = np.empty((len(shard), *scores.shape[1:]), np.float32) if values is None else values
                    values[batch] = scores
                    advance(len(batch))
            assert values is not None, "a shard holds statements"
            run = CaptureRun(
                finished=provenance.now().isoformat(),
                device=device,
                processor=provenance.processor(),
                dtype=model.dtype,
                versions=provenance.versions(provenance.CAPTURE_PACKAGES),
                statements=len(shard),
                seconds=round(time.perf_counter() - began, 3),
                proof_statements=proven.statements,
                proof_row_sum=proven.row_sum,
                proof_pattern=proven.pattern,
                proof_score=proven.score,
                score_tolerance=proof.SCORE_TOLERANCE,
                pattern_tolerance=proof.PATTERN_TOLERANCE,
            )
            store.put(shelf, content_key(shard), _pack(shard, values, run))


def _pack(keys: Sequence[str], values: npt.NDArray[np.float32], run: CaptureRun) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, keys=np.array(keys), values=values, run=np.array(json.dumps(asdict(run))))
    return packed.getvalue()


def _unpack(payload: bytes) -> tuple[list[str], npt.NDArray[np.float32], CaptureRun]:
    with np.load(io.BytesIO(payload), allow_pickle=False) as shard:
        record = json.loads(str(shard["run"]))
        record["versions"] = tuple((name, version) for name, version in record["versions"])
        return shard["keys"].tolist(), shard["values"], CaptureRun(**record)


def _read_shelf(store: Store, shelf: str) -> dict[str, tuple[npt.NDArray[np.float32], CaptureRun]]:
    known = {}
    for payload in store.entries(shelf):
        keys, values, run = _unpack(payload)
        known.update({key: (row, run) for key, row in zip(keys, values, strict=True)})
    return known
