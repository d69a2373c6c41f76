"""What is kept of a capture: shards of scores, each with the record of the run that made it. Knows no torch."""

import io
import json
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

SCORE_TOLERANCE = 5e-5
PATTERN_TOLERANCE = 1e-3

Scores = npt.NDArray[np.float32]
PatternReader = Literal["bridge", "plain"]
"""Who reads what is shown whole: TransformerLens, or plain transformers where that does not know the architecture."""


@dataclass(frozen=True)
class Proof:
    """The greatest deviations from plain transformers on a sample of statements, in shares of attention, and what is
    tolerated: of a row's sum, of a single share, of a score."""

    statements: int
    row_sum: float
    pattern: float
    score: float
    score_tolerance: float = SCORE_TOLERANCE
    pattern_tolerance: float = PATTERN_TOLERANCE

    @property
    def holds(self) -> bool:
        """Whether every deviation is within its tolerance; one that is not a number is not."""
        exact = self.row_sum <= self.score_tolerance and self.score <= self.score_tolerance
        return exact and self.pattern <= self.pattern_tolerance


@dataclass(frozen=True)
class Route:
    """How scores were read: out of plain transformers, shared tokens once, or by TransformerLens's hooks, or out of plain
    transformers, each statement alone; with which kernel for the linear layers; and why not the first, where it was not."""

    way: Literal["shared", "hooks", "alone"]
    kernel: Literal["plain", "prepacked"] = "plain"
    why: str = ""


@dataclass(frozen=True)
class CaptureRun:
    """When, where, with what and how a shard was captured, and how well its run proved itself.

    Its `statements`, each token sequence counted once, have so many `tokens`, of which the model ran `computed`;
    `seconds` counts these forward passes alone.
    """

    finished: str
    device: str
    processor: str
    dtype: str
    versions: tuple[tuple[str, str], ...]
    route: Route
    statements: int
    tokens: int
    computed: int
    seconds: float
    proof: Proof


@dataclass(frozen=True)
class Shard:
    """Scores [request, layer, head] under their requests' keys, and the run that made them."""

    keys: tuple[str, ...]
    values: Scores
    run: CaptureRun

    def only(self, keys: Container[str]) -> Self:
        """What it holds under some keys; it may be nothing."""
        rows = [row for row, key in enumerate(self.keys) if key in keys]
        return replace(self, keys=tuple(self.keys[row] for row in rows), values=self.values[rows])

    def to_bytes(self) -> bytes:
        """The shard as one NumPy archive."""
        packed, record = io.BytesIO(), json.dumps(asdict(self.run))
        # As bytes: NumPy keeps four of them for each letter of a text.
        np.savez(packed, keys=np.array(self.keys, np.bytes_), values=self.values, run=np.array(record))
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The shard that `to_bytes` packed."""
        with np.load(io.BytesIO(payload), allow_pickle=False) as packed:
            record = json.loads(str(packed["run"]))
            versions: Sequence[tuple[str, str]] = [(name, version) for name, version in record.pop("versions")]
            proof, route = Proof(**record.pop("proof")), Route(**record.pop("route"))
            run = CaptureRun(versions=tuple(versions), proof=proof, route=route, **record)
            return cls(tuple(packed["keys"].astype(np.str_).tolist()), packed["values"], run)


@dataclass(frozen=True)
class AttentionShard:
    """Quantized attention of statements under their keys, each [layer, head, cell]; who read it."""

    keys: tuple[str, ...]
    values: tuple[npt.NDArray[np.uint8], ...]
    reader: PatternReader = "bridge"

    def only(self, keys: Container[str]) -> Self:
        """What it holds under some keys; it may be nothing."""
        kept = [(key, value) for key, value in zip(self.keys, self.values, strict=True) if key in keys]
        return replace(self, keys=tuple(key for key, _ in kept), values=tuple(value for _, value in kept))

    def to_bytes(self) -> bytes:
        """The shard as one NumPy archive: all cells in a row, and how many each statement has."""
        packed = io.BytesIO()
        cells = np.array([value.shape[-1] for value in self.values])
        told, cut = np.array(self.reader), np.concatenate(self.values, axis=-1)
        np.savez_compressed(packed, keys=np.array(self.keys), cells=cells, values=cut, reader=told)
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The shard that `to_bytes` packed."""
        with np.load(io.BytesIO(payload), allow_pickle=False) as packed:
            ends = np.cumsum(packed["cells"])[:-1]
            reader: PatternReader = "plain" if packed.get("reader") == "plain" else "bridge"
            return cls(tuple(packed["keys"].tolist()), tuple(np.split(packed["values"], ends, axis=-1)), reader)
