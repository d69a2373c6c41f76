"""Many readings of the same tokens: one forward pass, and each the number that plain transformers gives."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from reportgen.capture.hooks import HookReader, PatternPass, Take
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import Shard
from reportgen.capture.request import Request, ask
from reportgen.capture.run import capture
from reportgen.capture.shared import reading_shared
from reportgen.capture.tree import Ids, leaves, tokens_computed
from reportgen.facts.fact import Fact, FactSet
from reportgen.models import load
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Silent
from reportgen.spec.model import MeasureSection, ModelSection
from reportgen.statements import render_statements
from reportgen.store import Store
from tests import small

PAIRS = 12
REDUCE = {"sum": np.sum, "mean": np.mean, "max": np.max}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> Path:
    """A small random model whose attention is far from uniform."""
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=2, num_attention_heads=4, hidden_size=32, intermediate_size=64, vocab_size=49152
    )
    model = AutoModelForCausalLM.from_config(config)
    small.sharpen(model)
    return small.save(model, tmp_path_factory.mktemp("model") / "tiny", smollm_tokenizer)


@pytest.fixture(scope="module")
def requests(tiny: Path) -> tuple[Request, ...]:
    """Each fact read from two positions, with and without a first token, by three aggregations."""
    listed = [
        Fact(
            f"a very long subject {i}" if i % 2 else f"s{i}",
            "r",
            f"object {(i + shift) % PAIRS}",
            not shift,
            f"p{i}",
            {},
            "The friend of {subject} is {object}, as they say",
        )
        for i in range(PAIRS)
        for shift in (0, 1)
    ]
    facts = FactSet(tuple(listed), (), "")
    readings = product(("last", "object_last"), ("always", "never"), REDUCE)
    return tuple(
        request
        for position, bos, aggregation in readings
        for request in ask(
            render_statements(
                facts,
                Tokenizer(tiny, bos),  # type: ignore[arg-type]
                MeasureSection(query_position=position),  # type: ignore[arg-type]
            ).statements,
            aggregation,  # type: ignore[arg-type]
        )
    )


def proven(tiny: Path, cache: Path) -> ProvenModel:
    section = ModelSection(folder=tiny.name)
    return ProvenModel(find_model(section, tiny.parent, cache), section, cache, Silent())


def eager(tiny: Path, requests: tuple[Request, ...]) -> npt.NDArray[np.float64]:
    """One statement at a time, whole patterns, plain indexing."""
    model, rows = load.open_eager(tiny, "cpu"), []
    with torch.inference_mode():
        for request in requests:
            statement, reduce = request.statement, REDUCE[request.aggregation]
            layers = model(torch.tensor([statement.tokens.ids]), output_attentions=True).attentions
            rows.append([reduce(p[0, :, statement.query, list(statement.keys)].numpy(), axis=-1) for p in layers])
    return np.array(rows)


def test_every_reading_equals_eager_attention(tiny: Path, tmp_path: Path, requests: tuple[Request, ...]) -> None:
    captured = capture(requests, proven(tiny, tmp_path))
    assert captured.values.shape == (len(requests), 2, 4)
    expected = eager(tiny, requests)
    np.testing.assert_allclose(captured.values, expected, rtol=0, atol=1e-5)
    # The readings do differ, so that one in place of another would be seen.
    by_reading = expected.reshape(12, 2 * PAIRS, 2, 4)
    gaps = [np.abs(a - b).max() for i, a in enumerate(by_reading) for b in by_reading[:i]]
    assert min(gaps) > 1e-2


def test_each_statement_goes_through_the_model_once(tiny: Path, tmp_path: Path, requests: tuple[Request, ...]) -> None:
    model = proven(tiny, tmp_path)
    # One position is a beginning of the other's, and the three aggregations have the same tokens.
    sequences = {request.statement.tokens.ids for request in requests}
    assert len(requests) == 6 * len(sequences)
    captured = capture(requests, model)
    assert captured.fresh == len(sequences) == sum(run.statements for run in captured.runs)
    assert capture(requests, model).fresh == 0


class Counting(PatternPass):
    """Counts the sequences that its forward passes take."""

    sequences = 0

    def run(self, sequences: Sequence[Ids], take: Take) -> None:
        self.sequences += len(sequences)
        super().run(sequences, take)


def test_the_hooked_passes_hold_no_sequence_twice_and_none_that_begins_another(
    tiny: Path, requests: tuple[Request, ...]
) -> None:
    bridge, told = load.open_bridge(tiny, "cpu"), []
    passes = Counting(bridge)
    with torch.inference_mode(), bridge.hooks(fwd_hooks=passes.hooks()):
        HookReader(passes).read_all(requests, 512, told.append)
    found = leaves([request.tokens for request in requests])
    assert passes.sequences == sum(told) == len(found) < len({request.tokens for request in requests})


@pytest.mark.parametrize("budget", [64, 512, 100_000])
def test_the_shared_passes_hold_no_token_twice(tiny: Path, requests: tuple[Request, ...], budget: int) -> None:
    model, rows, told = load.open_eager(tiny, "cpu"), [], []
    model.get_input_embeddings().register_forward_pre_hook(lambda _, inputs: rows.append(inputs[0].shape))
    with reading_shared(model) as reader:
        reader.read_all(requests, budget, told.append)
    found = [leaf.tokens for leaf in leaves([request.tokens for request in requests])]
    assert sum(told) == len(found)
    assert {sentences for sentences, _ in rows} == {1}
    assert max(tokens for _, tokens in rows) <= budget
    assert sum(tokens for _, tokens in rows) == tokens_computed(found, budget)
    if budget == 100_000:
        distinct = {tokens[:end] for tokens in found for end in range(1, len(tokens) + 1)}
        assert [tokens for _, tokens in rows] == [len(distinct)]


def test_readings_captured_together_and_apart_are_the_same(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...]
) -> None:
    together = capture(requests, proven(tiny, tmp_path / "together"))
    model = proven(tiny, tmp_path / "apart")
    for start in range(0, len(requests), 2 * PAIRS):
        apart = capture(requests[start : start + 2 * PAIRS], model)
        np.testing.assert_allclose(apart.values, together.values[start : start + 2 * PAIRS], rtol=0, atol=1e-6)


def test_only_the_readings_that_are_missing_are_kept_anew(
    tiny: Path, tmp_path: Path, requests: tuple[Request, ...]
) -> None:
    model = proven(tiny, tmp_path)
    first = capture(requests[: 2 * PAIRS], model)
    both = capture(requests, model)
    np.testing.assert_array_equal(both.values[: 2 * PAIRS], first.values)
    shards = [Shard.from_bytes(payload) for payload in Store(tmp_path).entries(model.shelf("scores"))]
    assert sum(len(shard.keys) for shard in shards) == len(requests)
    assert len({key for shard in shards for key in shard.keys}) == len(requests)


def test_a_request_twice_is_answered_twice(tiny: Path, tmp_path: Path, requests: tuple[Request, ...]) -> None:
    renamed = Request(replace(requests[0].statement, id="another"), requests[0].aggregation)
    captured = capture((requests[0], requests[1], renamed), proven(tiny, tmp_path))
    np.testing.assert_array_equal(captured.values[0], captured.values[2])
    assert captured.fresh == 2
