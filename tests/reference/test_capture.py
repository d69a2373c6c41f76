"""Captured scores against plain transformers with eager attention, statement by statement and head by head."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats
from transformers import AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig

from reportgen.capture import proof
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import SCORE_TOLERANCE
from reportgen.capture.request import Request, ask
from reportgen.capture.run import capture
from reportgen.capture.shared import reading_shared
from reportgen.errors import StudyError
from reportgen.inference import test_heads as run_tests
from reportgen.models import load
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Silent
from reportgen.scores import label_scores
from reportgen.spec.load import load_spec
from reportgen.spec.model import MeasureSection, ModelSection, TestsSection
from reportgen.statements import Statement
from reportgen.study import plan_study
from tests import small

ROOT = Path(__file__).parents[2]
Values = npt.NDArray[np.float64]


def eager_scores(model: Any, statements: tuple[Statement, ...]) -> Values:
    """The notebook's definition, spelled out: one statement at a time, whole patterns, plain indexing."""
    rows = []
    with torch.inference_mode():
        for statement in statements:
            tokens = torch.tensor([statement.tokens.ids])
            attentions = model(tokens, output_attentions=True, logits_to_keep=1).attentions
            rows.append([layer[0, :, statement.query, list(statement.keys)].sum(-1).tolist() for layer in attentions])
    return np.array(rows)


@pytest.fixture(scope="module")
def capitals(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> tuple[Any, Values]:
    """The statements of `specs/capitals.yml`, and their scores as the product captures them."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "models").symlink_to(smollm_weights.parents[1])
    plan = plan_study(load_spec(ROOT / "specs" / "capitals.yml"), cache, None, Silent())
    spec = plan.file.spec
    captured = capture(ask(plan.statements.statements, "sum"), ProvenModel(plan.source, spec.model, cache, Silent()))
    assert captured.fresh == len(plan.statements.statements)
    return plan, captured.values


def test_every_score_of_every_third_statement_of_capitals_equals_eager_attention(
    capitals: tuple[Any, Values], smollm_weights: Path
) -> None:
    plan, every = capitals
    statements, values = plan.statements.statements[::3], every[::3]
    expected = eager_scores(load.open_eager(smollm_weights, "cpu"), statements)
    assert values.shape == (len(statements), 30, 9)
    assert len(statements) >= 100
    np.testing.assert_allclose(values, expected, rtol=0, atol=SCORE_TOLERANCE)
    assert np.abs(values - expected).mean() < 1e-6


def test_p_values_of_capitals_equal_scipys(capitals: tuple[Any, Values]) -> None:
    plan, values = capitals
    spec = plan.file.spec
    tests = run_tests(label_scores(values, plan.statements.statements), spec.contrasts[0], spec.tests)
    assert tests.test == "paired_t"
    truth = np.array([statement.fact.truth for statement in plan.statements.statements])
    a, b = values[truth].astype(np.float64), values[~truth].astype(np.float64)
    expected = [[stats.ttest_rel(a[:, layer, h], b[:, layer, h]).pvalue for h in range(9)] for layer in range(30)]
    np.testing.assert_allclose(tests.heads.p_value, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("test", ["wilcoxon", "student", "welch", "mann_whitney"])
def test_other_tests_on_capitals_equal_scipys(capitals: tuple[Any, Values], test: str) -> None:
    plan, values = capitals
    tests = run_tests(
        label_scores(values, plan.statements.statements),
        plan.file.spec.contrasts[0],
        TestsSection(test=test),  # type: ignore[arg-type]
    )
    truth = np.array([statement.fact.truth for statement in plan.statements.statements])
    a, b = values[truth].astype(np.float64), values[~truth].astype(np.float64)
    by_scipy = {
        "wilcoxon": lambda x, y: stats.wilcoxon(x, y),
        "student": lambda x, y: stats.ttest_ind(x, y),
        "welch": lambda x, y: stats.ttest_ind(x, y, equal_var=False),
        "mann_whitney": lambda x, y: stats.mannwhitneyu(x, y),
    }[test]
    for layer, head in [(0, 0), (9, 2), (17, 5), (29, 8)]:
        expected = by_scipy(a[:, layer, head], b[:, layer, head]).pvalue
        np.testing.assert_allclose(tests.heads.p_value[layer, head], expected, rtol=1e-10, atol=1e-10)


TINY = {
    "gpt2": GPT2Config(n_layer=2, n_head=4, n_embd=32, vocab_size=49152, n_positions=64),
    "llama": LlamaConfig(
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        hidden_size=32,
        intermediate_size=64,
        vocab_size=49152,
        max_position_embeddings=64,
    ),
    "gpt_neox": GPTNeoXConfig(
        num_hidden_layers=2,
        num_attention_heads=4,
        hidden_size=32,
        intermediate_size=64,
        vocab_size=49152,
        max_position_embeddings=64,
    ),
}


@pytest.fixture
def tiny(request: pytest.FixtureRequest, tmp_path: Path, smollm_tokenizer: Tokenizer) -> Path:
    """A random model of a family, with weights large enough that attention is far from uniform."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(TINY[request.param])
    small.sharpen(model)
    return small.save(model, tmp_path / "tiny", smollm_tokenizer)


@pytest.mark.parametrize("tiny", list(TINY), indirect=True)
def test_scores_of_other_families_equal_eager_attention(
    tiny: Path, tmp_path: Path, capitals: tuple[Any, Values]
) -> None:
    statements = capitals[0].statements.statements[:40]
    section = ModelSection(folder=tiny.name)
    source = find_model(section, tiny.parent, tmp_path / "cache")
    captured = capture(ask(statements, "sum"), ProvenModel(source, section, tmp_path / "cache", Silent()))
    expected = eager_scores(load.open_eager(tiny, "cpu"), statements)
    assert expected.std(axis=0).min() > 1e-3
    np.testing.assert_allclose(captured.values, expected, rtol=0, atol=1e-5)


def evenness(rows: Values, axis: int) -> Values:
    """The entropy of the shares of each row, as a part of the largest that it could be; 0 for one token."""
    tokens = rows.shape[axis]
    return np.zeros(rows.shape[:-1]) if tokens == 1 else stats.entropy(rows, axis=axis) / np.log(tokens)


@pytest.mark.parametrize(("aggregation", "reduce"), [("mean", np.mean), ("max", np.max), ("entropy", evenness)])
@pytest.mark.parametrize("tiny", ["llama"], indirect=True)
def test_aggregations_are_what_they_say(
    tiny: Path, tmp_path: Path, capitals: tuple[Any, Values], aggregation: Any, reduce: Any
) -> None:
    statements = capitals[0].statements.statements[:24]
    section = ModelSection(folder=tiny.name)
    source = find_model(section, tiny.parent, tmp_path / "cache")
    captured = capture(ask(statements, aggregation), ProvenModel(source, section, tmp_path / "cache", Silent()))
    model = load.open_eager(tiny, "cpu")
    assert max(len(statement.keys) for statement in statements) > 1
    for statement, values in zip(statements, captured.values, strict=True):
        attentions = model(torch.tensor([statement.tokens.ids]), output_attentions=True).attentions
        rows = torch.stack([layer[0, :, statement.query, list(statement.keys)] for layer in attentions])
        np.testing.assert_allclose(values, reduce(rows.detach().numpy(), axis=-1), rtol=0, atol=1e-5)


@pytest.mark.parametrize("tiny", ["llama"], indirect=True)
def test_a_capture_that_is_not_the_models_attention_is_refused(tiny: Path, capitals: tuple[Any, Values]) -> None:
    sample = ask(capitals[0].statements.statements[:4], "sum")
    model, bridge = load.open_eager(tiny, "cpu"), load.open_bridge(tiny, "cpu")
    reference = proof.refer(model, sample)
    shifted = replace(reference, patterns=tuple(pattern.roll(1, dims=1) for pattern in reference.patterns))
    assert proof.prove_bridge(bridge, reference).holds
    with pytest.raises(StudyError, match="does not prove itself on 4 statements"):
        proof.prove_bridge(bridge, shifted)
    with reading_shared(model) as reader:
        assert proof.prove_reader(reader, reference, 512).holds
        with pytest.raises(StudyError, match="does not prove itself on 4 statements"):
            proof.prove_reader(reader, shifted, 512)


@pytest.mark.parametrize(("by", "name"), [(1e-4, "score"), (2e-3, "pattern")])
def test_a_proof_tells_of_the_greatest_deviation(
    smollm_weights: Path, capitals: tuple[Any, Values], by: float, name: str
) -> None:
    """One share of one head of one statement, beside the key span or in it."""
    sample = ask(capitals[0].statements.statements[:4], "sum")
    model = load.open_eager(smollm_weights, "cpu")
    reference = proof.refer(model, sample)
    statement, moved = sample[2].statement, [pattern.clone() for pattern in reference.patterns]
    key = statement.keys[0] if name == "score" else statement.query
    assert key in statement.keys or name == "pattern"
    moved[2][7, 3, statement.query, key] += by
    with reading_shared(model) as reader, pytest.raises(StudyError) as raised:
        proof.prove_reader(reader, replace(reference, patterns=tuple(moved)), 512)
    assert f"{by:.1e}" in str(raised.value)


@pytest.mark.parametrize("tiny", ["gpt2"], indirect=True)
def test_a_second_run_captures_only_what_is_new(tiny: Path, tmp_path: Path, capitals: tuple[Any, Values]) -> None:
    statements = capitals[0].statements.statements[:30]
    section, cache = ModelSection(folder=tiny.name), tmp_path / "cache"
    source = find_model(section, tiny.parent, cache)
    first = capture(ask(statements[:20], "sum"), ProvenModel(source, section, cache, Silent()))
    both = capture(ask(statements, "sum"), ProvenModel(source, section, cache, Silent()))
    again = capture(ask(statements[::-1], "sum"), ProvenModel(source, section, cache, Silent()))
    assert (first.fresh, both.fresh, again.fresh) == (20, 10, 0)
    np.testing.assert_array_equal(both.values[:20], first.values)
    np.testing.assert_array_equal(again.values[::-1], both.values)
    assert len(both.runs) == 2


def test_measures_do_not_share_scores(capitals: tuple[Any, Values]) -> None:
    """A statement measured elsewhere is another entry of the store."""
    from reportgen.statements import render_statements

    plan = capitals[0]
    other = render_statements(plan.facts, plan.tokenizer, MeasureSection(key_span="first"))
    mine, theirs = plan.statements.statements[0], other.statements[0]
    assert len({Request(mine, "sum").key, Request(mine, "mean").key, Request(theirs, "sum").key}) == 3
