"""What the shared reader leaves behind, what it does in company, and its answers on a real model however they are batched."""

import gc
import weakref
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AttentionInterface, AttentionMaskInterface

from reportgen.capture import shared
from reportgen.capture.hooks import reading_hooks
from reportgen.capture.proof import prove_reader, refer
from reportgen.capture.record import SCORE_TOLERANCE, Scores
from reportgen.capture.request import Request, ask
from reportgen.capture.shared import reading_shared
from reportgen.capture.tree import leaves, nodes_added, pack
from reportgen.errors import StudyError
from reportgen.models import load
from reportgen.progress import Silent
from reportgen.spec.load import load_spec
from reportgen.study import plan_study
from tests import families
from tests.families import FAMILIES, Family

ROOT = Path(__file__).parents[2]


def read(model: Any, asked: tuple[Request, ...], budget: int = 64) -> Scores:
    with reading_shared(model) as reader:
        return reader.read_all(asked, budget, lambda _: None)


@pytest.fixture
def asked() -> tuple[Request, ...]:
    return families.requests()[:60]


@pytest.fixture(scope="module")
def capitals(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> tuple[Request, ...]:
    """Sixty statements of `specs/capitals.yml`: both twins of every fifth country or so."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "models").symlink_to(smollm_weights.parents[1])
    statements = plan_study(load_spec(ROOT / "specs" / "capitals.yml"), cache, None, Silent()).statements.statements
    chosen = [statement for start in range(0, 300, 10) for statement in statements[start : start + 2]]
    assert len(chosen) == 60
    return ask(chosen, "sum")


@pytest.fixture(scope="module")
def smollm_model(smollm_weights: Path) -> Any:
    return load.open_eager(smollm_weights, "cpu")


def test_no_answer_depends_on_what_is_read_beside_it(capitals: tuple[Request, ...], smollm_model: Any) -> None:
    alone = np.concatenate([read(smollm_model, (request,)) for request in capitals])
    for budget, seed in ((64, 0), (512, 1), (4096, 2)):
        order = Random(seed).sample(range(60), 60)
        together = np.empty_like(alone)
        for batch in (order[:23], order[23:24], order[24:]):
            together[batch] = read(smollm_model, tuple(capitals[place] for place in batch), budget)
        np.testing.assert_allclose(together, alone, rtol=0, atol=SCORE_TOLERANCE)
        assert np.abs(together - alone).mean() < 1e-6


def test_transformer_lens_reads_the_same(
    capitals: tuple[Request, ...], smollm_model: Any, smollm_weights: Path
) -> None:
    sample = capitals[::3]
    with reading_hooks(load.open_bridge(smollm_weights, "cpu")) as reader:
        hooked = reader.read_all(sample, 512, lambda _: None)
    np.testing.assert_allclose(read(smollm_model, sample, 512), hooked, rtol=0, atol=SCORE_TOLERANCE)


@pytest.mark.parametrize(
    ("name", "ends"), [("llama", KeyboardInterrupt), ("gemma3", RuntimeError), ("gptj", StudyError)]
)
def test_a_model_is_as_it_was_after_any_end(name: str, ends: type[BaseException], asked: tuple[Request, ...]) -> None:
    model = FAMILIES[name].build()
    before = families.patterns(model, asked[0].statement.tokens.ids)
    with pytest.raises(ends), reading_shared(model):  # which refuses the last by itself
        raise ends
    assert model.config._attn_implementation == "eager"
    np.testing.assert_array_equal(families.patterns(model, asked[0].statement.tokens.ids), before)
    for interface in (AttentionInterface(), AttentionMaskInterface()):
        assert not [known for known in interface if "reportgen" in known]


def test_a_pass_that_fails_half_way_does_not_spoil_the_next(
    asked: tuple[Request, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = FAMILIES["llama"].build()
    expected, right, calls = read(model, asked), shared.eager_attention, 0

    def fails_at_the_fifth(module: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise RuntimeError
        return right(module)

    monkeypatch.setattr(shared, "eager_attention", fails_at_the_fifth)
    with reading_shared(model) as reader:
        with pytest.raises(RuntimeError):
            reader.read_all(asked, 64, lambda _: None)
        np.testing.assert_array_equal(reader.read_all(asked, 64, lambda _: None), expected)


def test_two_models_can_be_read_in_turn(asked: tuple[Request, ...]) -> None:
    one, other = FAMILIES["llama"].build(), FAMILIES["gemma2"].build()
    expected = read(one, asked), read(other, asked)
    with reading_shared(one) as first:
        with reading_shared(other) as second:
            np.testing.assert_array_equal(first.read_all(asked, 64, lambda _: None), expected[0])
            np.testing.assert_array_equal(second.read_all(asked, 64, lambda _: None), expected[1])
        np.testing.assert_array_equal(first.read_all(asked, 64, lambda _: None), expected[0])
    np.testing.assert_array_equal(read(other, asked), expected[1])


def test_a_model_that_was_read_can_be_freed(asked: tuple[Request, ...]) -> None:
    model = FAMILIES["llama"].build()
    read(model, asked)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_a_proof_reads_its_sample_at_the_end_of_a_full_pass() -> None:
    """Where a token's place among others mattered, it would show there."""
    model, passes = FAMILIES["llama"].build(), []
    reference = refer(model, families.requests()[:8])
    model.get_input_embeddings().register_forward_pre_hook(lambda _, inputs: passes.append(inputs[0][0].tolist()))
    with reading_shared(model) as reader:
        assert prove_reader(reader, reference, 512).statements == 8
    (tokens,) = passes
    assert 0.8 * 512 < len(tokens) <= 512
    sample = [leaf.tokens for leaf in leaves([request.tokens for request in reference.requests])]
    assert tokens[-sum(nodes_added(sample)) :] == pack(sample).tokens.tolist()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_damaged_weights_are_named_by_statement_layer_and_head(number: float, asked: tuple[Request, ...]) -> None:
    model = FAMILIES["llama"].build()
    with torch.no_grad():
        model.model.layers[1].self_attn.q_proj.weight[8:16] = number
    text = asked[0].statement.text
    told = f"the attention of L1H1 is not a number in “{text}”, in float32. The weights may be damaged"
    for attempt in (lambda: read(model, asked), lambda: refer(model, asked)):
        with pytest.raises(StudyError) as raised:
            attempt()
        assert str(raised.value).startswith(told)


def test_a_model_with_attention_in_some_layers_only_is_refused(asked: tuple[Request, ...]) -> None:
    says = {**FAMILIES["llama"].says, "layer_types": ["conv", "full_attention", "conv"]}
    model = Family("lfm2", says).build()
    with pytest.raises(StudyError, match="attention interface in 1 of 3 layers"):
        read(model, asked)
    with pytest.raises(StudyError, match="has 3 layers and shows the attention of 1"):
        refer(model, asked)


def test_nothing_asked_is_nothing_read() -> None:
    assert read(FAMILIES["llama"].build(), ()).shape == (0, families.LAYERS, families.HEADS)
