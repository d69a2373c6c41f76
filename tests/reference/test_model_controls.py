"""The controls on the real model: known heads against plain transformers, and the noise floor against float64."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from reportgen.capture.controls import (
    LARGEST_IN_FLOAT64,
    SAMPLE,
    SEED,
    known_heads,
    measure_controls,
    repeated_tokens,
    repeats_for,
    spread_over_lengths,
)
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import SCORE_TOLERANCE, Scores
from reportgen.capture.request import Request, ask
from reportgen.capture.run import capture
from reportgen.controls import ModelControls, PositiveControl, Repeats
from reportgen.models import load
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.progress import Silent
from reportgen.report.results import Plan
from reportgen.spec.load import load_spec
from reportgen.spec.model import ModelSection
from reportgen.statements import Statement
from reportgen.study import plan_study
from tests import small

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Path:
    """A store with the model in it and no scores."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "models").symlink_to(smollm_weights.parents[1])
    return folder


@pytest.fixture(scope="module")
def plan(cache: Path) -> Plan:
    return plan_study(load_spec(ROOT / "specs" / "capitals.yml"), cache, None, Silent())


@pytest.fixture(scope="module")
def chosen(plan: Plan) -> tuple[Statement, ...]:
    return plan.statements.statements[:80]


def opening(plan: Plan, cache: Path) -> ProvenModel:
    return ProvenModel(plan.source, plan.file.spec.model, cache, Silent())


@pytest.fixture(scope="module")
def model(plan: Plan, cache: Path) -> ProvenModel:
    return opening(plan, cache)


@pytest.fixture(scope="module")
def measured(plan: Plan, model: ProvenModel, chosen: tuple[Statement, ...]) -> tuple[Scores, ModelControls]:
    """The captured scores and the controls of one run.

    On two threads: with one, some processors give a statement alone the very bits that it has among others.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        values = capture(ask(chosen, "sum"), model).values
        return values, measure_controls(chosen, values, model, "sum", plan.tokenizer)
    finally:
        torch.set_num_threads(threads)


class Planted:
    """A reader whose attention is known: `pattern` [sequence, head, query, key] of one layer.

    Sequences are told apart by their first token, which is their place.
    """

    def __init__(self, pattern: torch.Tensor) -> None:
        self._pattern = pattern

    def read_all(self, requests: Sequence[Request], _: int, __: Callable[[int], None]) -> Scores:
        rows = [
            self._pattern[each.tokens[0], :, each.statement.query, list(each.statement.keys)].sum(-1)
            for each in requests
        ]
        return torch.stack(rows)[:, None].float().numpy()


def planted_heads(pattern: torch.Tensor, repeats: Repeats, like: Statement) -> PositiveControl:
    said = [replace(like, tokens=Tokens((place,) * pattern.shape[-1], (), ())) for place in range(len(pattern))]
    return known_heads(Planted(pattern), 512, repeats, said)


def test_the_score_of_a_planted_pattern_is_exact(chosen: tuple[Statement, ...]) -> None:
    """Heads that look one token back, at what followed, at itself, and half and half."""
    repeats = Repeats(sequences=2, before=1, period=3)
    pattern = torch.zeros(2, 4, 7, 7)
    for query in range(7):
        pattern[:, 0, query, max(query - 1, 0)] = 1
        pattern[:, 1, query, query - 2 if query >= 4 else 0] = 1
        pattern[:, 2, query, query] = 1
        pattern[:, 3, query, max(query - 1, 0)] += 0.5
        pattern[:, 3, query, query - 2 if query >= 4 else 0] += 0.5
    pattern[1, 0] = 0
    found = planted_heads(pattern, repeats, chosen[0])
    assert found.previous.tolist() == [[0.5, 0.0, 0.0, 0.5]]
    assert found.induction.tolist() == [[0.0, 1.0, 0.0, 0.5]]


def test_uniform_attention_scores_what_the_steps_say_it_does(chosen: tuple[Statement, ...]) -> None:
    repeats = Repeats(sequences=1, before=0, period=5)
    pattern = torch.ones(1, 1, 10, 10).tril()
    pattern /= pattern.sum(-1, keepdim=True)
    found = planted_heads(pattern, repeats, chosen[0])
    for kind, scores in zip(found.kinds, (found.previous, found.induction), strict=True):
        assert scores[0, 0] == pytest.approx(kind.uniform, abs=1e-7)


def test_known_heads_of_smollm_are_found_where_plain_transformers_has_them(
    measured: tuple[Scores, ModelControls], smollm_weights: Path, smollm_tokenizer: Tokenizer
) -> None:
    positive = measured[1].positive
    sequences = repeated_tokens(
        positive.repeats, smollm_tokenizer.ordinary, smollm_tokenizer.bos, np.random.default_rng(SEED)
    )
    opened = load.open_eager(smollm_weights, "cpu")
    with torch.inference_mode():
        layers = opened(torch.tensor(sequences), output_attentions=True, use_cache=False).attentions
    patterns = torch.stack(layers, dim=1).numpy()
    assert patterns.shape == (8, 30, 9, 64, 64)
    previous = np.mean([patterns[..., t, t - 1] for t in range(1, 64)], axis=(0, 1))
    induction = np.mean([patterns[..., t, t - 31] for t in range(32, 64)], axis=(0, 1))
    np.testing.assert_allclose(positive.previous, previous, rtol=0, atol=1e-5)
    np.testing.assert_allclose(positive.induction, induction, rtol=0, atol=1e-5)
    assert positive.passes
    assert measured[1].notices == ()
    for kind in positive.kinds:
        (best, *_) = kind.best(1)
        assert kind.scores[best] > 0.7 > 10 * kind.uniform
        assert 1 <= kind.heads < 60


def test_known_heads_need_no_transformerlens(model: ProvenModel, measured: tuple[Scores, ModelControls]) -> None:
    assert measured[1].positive.passes
    assert model._plain is not None
    assert model._bridge is None


def test_the_noise_floor_is_that_of_float32_and_no_more(
    measured: tuple[Scores, ModelControls], chosen: tuple[Statement, ...], smollm_weights: Path
) -> None:
    values, noise = measured[0], measured[1].noise
    assert noise.statements == SAMPLE
    assert noise.rounding is not None
    assert noise.noise.shape == (30, 9)
    # Some processors sum products alike in whatever company a statement is; none of them rounds to nothing.
    assert noise.batching.max() < SCORE_TOLERANCE
    assert 1e-7 < noise.rounding.max() < SCORE_TOLERANCE
    alone = eager_alone([chosen[place] for place in spread_over_lengths(chosen)], smollm_weights)
    change = np.abs(values[spread_over_lengths(chosen)] - alone).max(axis=0)
    assert change.max() < 2 * noise.noise.max()
    assert noise.below_noise(np.full((30, 9), 1e-9)).mean() > 0.9
    assert not noise.below_noise(np.full((30, 9), 1e-3)).any()


def eager_alone(statements: list[Statement], weights: Path) -> npt.NDArray[np.float64]:
    model = load.open_eager(weights, "cpu")
    scores = []
    with torch.inference_mode():
        for s in statements:
            layers = model(torch.tensor([s.tokens.ids]), output_attentions=True, use_cache=False).attentions
            scores.append([layer[0, :, s.query, list(s.keys)].sum(-1).tolist() for layer in layers])
    return np.array(scores)


def test_controls_in_the_store_open_no_model(
    plan: Plan, cache: Path, chosen: tuple[Statement, ...], measured: tuple[Scores, ModelControls]
) -> None:
    model = opening(plan, cache)
    again = measure_controls(chosen, measured[0], model, "sum", plan.tokenizer)
    assert model._plain is model._bridge is model._route is None
    np.testing.assert_array_equal(again.positive.induction, measured[1].positive.induction)
    np.testing.assert_array_equal(again.noise.noise, measured[1].noise.noise)
    assert again.noise.statements == SAMPLE


@pytest.mark.parametrize("aggregation", ["mean", "max"])
def test_the_noise_is_that_of_the_aggregation_asked_for(
    plan: Plan, model: ProvenModel, chosen: tuple[Statement, ...], aggregation: str
) -> None:
    """Were another aggregation read, scores would differ by shares of attention and not by rounding."""
    some = [statement for statement in chosen if len(statement.keys) > 1][:6]
    values = capture(ask(some, aggregation), model).values  # type: ignore[arg-type]
    noise = measure_controls(some, values, model, aggregation, plan.tokenizer).noise  # type: ignore[arg-type]
    assert noise.statements == len(some)
    assert noise.noise.max() < SCORE_TOLERANCE


def test_an_untrained_model_has_no_known_heads_and_says_so(
    tmp_path: Path,
    chosen: tuple[Statement, ...],
    smollm_tokenizer: Tokenizer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    untrained = GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=4, n_embd=32, vocab_size=49152, n_positions=40))
    folder = small.save(untrained, tmp_path / "tiny", smollm_tokenizer)
    section = ModelSection(folder="tiny")
    model = ProvenModel(find_model(section, tmp_path, tmp_path / "cache"), section, tmp_path / "cache", Silent())
    monkeypatch.setattr("reportgen.capture.controls.LARGEST_IN_FLOAT64", 1000)
    assert LARGEST_IN_FLOAT64 > 1000
    values = capture(ask(chosen[:10], "sum"), model).values
    controls = measure_controls(chosen[:10], values, model, "sum", Tokenizer(folder))
    assert controls.positive.repeats == Repeats(sequences=8, before=0, period=20)
    assert not controls.positive.passes
    assert "no previous-token or induction head is found" in controls.notices[0].message
    assert controls.noise.rounding is None
    assert controls.noise.noise.max() < SCORE_TOLERANCE


def test_random_tokens_are_ordinary_ones_said_twice(smollm_tokenizer: Tokenizer) -> None:
    ordinary, repeats = smollm_tokenizer.ordinary, repeats_for(smollm_tokenizer)
    assert repeats == Repeats(sequences=8, before=0, period=32)
    special = smollm_tokenizer.encode("<|im_start|>").ids
    assert len(special) == 1
    assert special[0] not in ordinary
    sequences = repeated_tokens(repeats, ordinary, smollm_tokenizer.bos, np.random.default_rng(SEED))
    for sequence in sequences:
        assert sequence[:32] == sequence[32:]
        assert len(set(sequence)) == 32
        assert set(sequence) <= set(ordinary)
    assert len(set(sequences)) == 8
