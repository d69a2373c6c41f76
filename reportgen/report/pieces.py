"""The small files that the explorer loads when somebody asks for a head or a statement.

Each is a script that hands its data to the page, because a page opened from a file may load scripts from beside
it and nothing else. Scores are packed in 16 bits, attention in 8, both as base64.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.findings import Finding
from reportgen.report.results import Results
from reportgen.report.twin import CHUNK, column
from reportgen.stats.differences import paired_difference, welch_difference
from reportgen.stats.effects import t_interval

FOLDER = "data"
_SCORE_STEPS = 65_535


def script(name: str, json_text: str) -> bytes:
    """A piece under its name, as the script that hands it over."""
    return f"(window.reportgenPieces ??= {{}})[{json.dumps(name)}] = {json_text};\n".encode()


def pieces(results: Results) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of every head's piece and of every run of statements."""
    _, layers, heads = results.captured.values.shape
    scores, relations = _packed_scores(results), [_Relations(finding) for finding in results.findings]
    kept = list(results.shown.scores)
    rows = np.concatenate([*results.attention.rows, _none(layers, heads)], axis=-1)
    patterns = np.concatenate([*results.attention.patterns, _none(layers, heads)], axis=-1)
    for layer, head in np.ndindex(layers, heads):
        name = f"heads/L{layer}H{head}"
        piece = {
            "scores": _base64(scores[kept, layer, head]),
            "rows": _base64(rows[layer, head]),
            "patterns": _base64(patterns[layer, head]),
            "relations": {each.contrast: each.of(layer, head) for each in relations},
        }
        yield _file(name, piece)
    for start in range(0, len(scores), CHUNK):
        yield _file(f"statements/{start // CHUNK}", {"scores": _base64(scores[start : start + CHUNK])})


def _file(name: str, piece: dict[str, Any]) -> tuple[str, bytes]:
    return f"{FOLDER}/{name}.js", script(name, json.dumps(piece, ensure_ascii=False, separators=(",", ":")))


def _none(layers: int, heads: int) -> npt.NDArray[np.uint8]:
    return np.empty((layers, heads, 0), np.uint8)


def _packed_scores(results: Results) -> npt.NDArray[np.uint16]:
    return np.round(np.clip(results.captured.values, 0, 1) * _SCORE_STEPS).astype("<u2")


def _base64(values: npt.NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


class _Relations:
    """A contrast's effect within each relation, for every head: paired as the contrast is, t intervals of 1 − α."""

    def __init__(self, finding: Finding) -> None:
        tests = finding.tests
        self.contrast = tests.contrast.id
        self._found: list[tuple[str, int, npt.NDArray[np.float64]]] = []
        of_a, of_b = tests.a.relation.to_numpy(), tests.b.relation.to_numpy()
        difference = paired_difference if tests.partners else welch_difference
        for relation in sorted({*of_a.tolist(), *of_b.tolist()}):
            a, b = tests.a.to_numpy()[of_a == relation], tests.b.to_numpy()[of_b == relation]
            if len(a) < 2 or len(b) < 2:
                continue
            flat = difference(a.reshape(len(a), -1), b.reshape(len(b), -1))
            interval = t_interval(flat, 1 - tests.alpha)
            values = np.stack([flat.estimate, interval.low, interval.high]).reshape(3, *a.shape[1:])
            self._found.append((relation, len(a) if tests.partners else len(a) + len(b), values))

    def of(self, layer: int, head: int) -> list[dict[str, Any]]:
        """What one head's piece says of each relation that has at least two statements in both sets."""
        return [
            {"relation": name, "n": n, **dict(zip(("effect", "low", "high"), column(v[:, layer, head]), strict=True))}
            for name, n, v in self._found
        ]
