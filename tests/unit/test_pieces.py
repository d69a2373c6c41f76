"""The explorer's small files: what is unpacked from them is what was packed."""

import base64
import json
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from reportgen.report.pieces import pieces
from reportgen.report.results import Results
from reportgen.report.twin import CHUNK
from tests import planted

HALF_A_STEP = 1 / 131_070 + 1e-7  # the scores themselves are exact to 1e-8 or so


@pytest.fixture(scope="module")
def results() -> Results:
    """Statements of several lengths about two things; of a third there is one pair alone."""
    made = planted.statements(
        40, length=lambda pair: 3 + pair % 4, relation=lambda pair: "lone" if pair == 39 else f"r{pair % 2}"
    )
    scores = planted.values(made, {(1, 2): -0.1}, spread=0.2)
    assert scores.min() < 0
    return planted.results(made, scores.clip(0, 1))


@pytest.fixture(scope="module")
def found(results: Results) -> dict[str, Any]:
    """Every piece by the name that its script gives it, which is that of its file."""
    unpacked = {}
    for file, content in pieces(results):
        match = re.fullmatch(
            r'\(window\.reportgenPieces \?\?= \{\}\)\["([^"]+)"\] = (\{.*\});\n', content.decode("utf-8"), re.DOTALL
        )
        assert match
        assert file == f"data/{match[1]}.js"
        unpacked[match[1]] = json.loads(match[2])
    return unpacked


def shares(packed: str) -> npt.NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(packed, validate=True), "<u2") / 65_535


def test_there_is_a_piece_for_every_head_and_run_of_statements(found: dict[str, Any]) -> None:
    heads = {f"heads/L{layer}H{head}" for layer, head in np.ndindex(planted.LAYERS, planted.HEADS)}
    assert set(found) == heads | {"statements/0", "statements/1", "statements/2"}


def test_scores_are_exact_to_half_a_step(results: Results, found: dict[str, Any]) -> None:
    values, kept = results.captured.values, list(results.shown.scores)
    assert 0 in values
    for layer, head in np.ndindex(planted.LAYERS, planted.HEADS):
        unpacked = shares(found[f"heads/L{layer}H{head}"]["scores"])
        np.testing.assert_allclose(unpacked, values[kept, layer, head], rtol=0, atol=HALF_A_STEP)
    for start in range(0, len(values), CHUNK):
        run = values[start : start + CHUNK]
        unpacked = shares(found[f"statements/{start // CHUNK}"]["scores"]).reshape(run.shape)
        np.testing.assert_allclose(unpacked, run, rtol=0, atol=HALF_A_STEP)


@pytest.mark.parametrize("kind", ["rows", "patterns"])
def test_attention_is_kept_byte_for_byte(results: Results, found: dict[str, Any], kind: str) -> None:
    every = getattr(results.attention, kind)
    assert len(every) > 1
    for layer, head in np.ndindex(planted.LAYERS, planted.HEADS):
        unpacked = base64.b64decode(found[f"heads/L{layer}H{head}"][kind], validate=True)
        assert unpacked == b"".join(cells[layer, head].tobytes() for cells in every)


def test_a_study_without_examples_has_empty_patterns() -> None:
    made = planted.statements(20)
    first = next(pieces(planted.results(made, planted.values(made, {}), examples=0)))
    assert b'"patterns":""' in first[1]


def test_effects_of_each_relation_with_enough_statements(results: Results, found: dict[str, Any]) -> None:
    made, values = results.plan.statements.statements, results.captured.values[:, 1, 2].astype(float)
    entries = found["heads/L1H2"]["relations"]["truth"]
    assert [(entry["relation"], entry["n"]) for entry in entries] == [("r0", 20), ("r1", 19)]
    for entry in entries:
        of = [statement.fact.relation == entry["relation"] for statement in made]
        difference = values[of][::2] - values[of][1::2]
        assert entry["effect"] == pytest.approx(difference.mean(), abs=1e-6)
        assert entry["low"] < entry["effect"] < entry["high"]
        half = (entry["high"] - entry["low"]) / 2
        assert half == pytest.approx(2.09 * difference.std(ddof=1) / len(difference) ** 0.5, rel=0.01)
