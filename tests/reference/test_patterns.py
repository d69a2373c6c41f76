"""Rows and whole patterns that a reader looks at, against plain transformers with eager attention."""

from pathlib import Path

import numpy as np
import pytest

from reportgen.capture.opening import ProvenModel
from reportgen.capture.patterns import STEPS, Attention, read_attention
from reportgen.capture.proof import reference_patterns
from reportgen.capture.record import AttentionShard
from reportgen.models import load
from reportgen.progress import Silent
from reportgen.report.results import Plan
from reportgen.spec.load import load_spec
from reportgen.statements import Statement
from reportgen.study import plan_study

ROOT = Path(__file__).parents[2]
LARGEST_ERROR = 1 / (2 * STEPS) + 1e-4


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Path:
    """A store with the model in it and no attention."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "models").symlink_to(smollm_weights.parents[1])
    return folder


@pytest.fixture(scope="module")
def plan(cache: Path) -> Plan:
    return plan_study(load_spec(ROOT / "specs" / "capitals.yml"), cache, None, Silent())


@pytest.fixture(scope="module")
def chosen(plan: Plan) -> list[Statement]:
    """Statements of several lengths, spread over the study."""
    every = plan.statements.statements
    chosen = list(every[:: len(every) // 8][:8])
    assert len({len(statement.tokens.ids) for statement in chosen}) > 2
    return chosen


def opening(plan: Plan, cache: Path) -> ProvenModel:
    return ProvenModel(plan.source, plan.file.spec.model, cache, Silent())


@pytest.fixture(scope="module")
def read(plan: Plan, cache: Path, chosen: list[Statement]) -> Attention:
    model = opening(plan, cache)
    attention = read_attention(chosen, chosen[:5], model, "sum")
    assert model._bridge is not None
    return attention


def test_rows_and_patterns_equal_eager_attention(
    read: Attention, chosen: list[Statement], smollm_weights: Path
) -> None:
    expected = [pattern.numpy() for pattern in reference_patterns(load.open_eager(smollm_weights, "cpu"), chosen)]
    assert (len(read.rows), len(read.patterns)) == (8, 5)
    for statement, row, pattern in zip(chosen, read.rows, expected, strict=True):
        assert row.shape == (*pattern.shape[:2], statement.row_cells)
        error = abs(row / STEPS - pattern[:, :, statement.query, : statement.query + 1])
        assert error.max() <= LARGEST_ERROR
    for kept, pattern in zip(read.patterns, expected[:5], strict=True):
        unpacked = np.zeros(pattern.shape)
        queries, keys = np.tril_indices(pattern.shape[-1])
        unpacked[:, :, queries, keys] = kept / STEPS
        assert abs(unpacked - pattern).max() <= LARGEST_ERROR


def test_a_second_reading_opens_no_model(plan: Plan, cache: Path, read: Attention, chosen: list[Statement]) -> None:
    model = opening(plan, cache)
    again = read_attention(chosen[::-1], chosen[3:0:-1], model, "sum")
    assert model._bridge is None
    for one, other in zip((*again.rows[::-1], *again.patterns[::-1]), (*read.rows, *read.patterns[1:4]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("read")
def test_whole_patterns_are_kept_apart_from_rows(plan: Plan, cache: Path, chosen: list[Statement]) -> None:
    """A statement whose row is in the store has no whole pattern there yet."""
    model = opening(plan, cache)
    model._open = _never  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="opened"):
        read_attention(chosen, chosen[5:6], model, "sum")


def _never(*_: object) -> None:
    raise AssertionError("the model would be opened")


def test_nothing_asked_for_is_nothing_read(plan: Plan, cache: Path) -> None:
    model = opening(plan, cache)
    assert read_attention([], [], model, "sum") == Attention((), ())
    assert model._bridge is None


def test_a_shard_comes_back_as_it_was() -> None:
    values = tuple(np.arange(6 * cells, dtype=np.uint8).reshape(2, 3, cells) for cells in (4, 1, 7))
    shard = AttentionShard(("a", "b", "c"), values)
    again = AttentionShard.from_bytes(shard.to_bytes())
    assert again.keys == shard.keys
    for one, other in zip(again.values, values, strict=True):
        np.testing.assert_array_equal(one, other)
