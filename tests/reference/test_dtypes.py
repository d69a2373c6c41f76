"""Which device and arithmetic a model runs in, and that coarse ones are measured against float32 and held to what they can."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import BloomConfig, BloomForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from reportgen.capture import looks
from reportgen.capture.controls import measure_controls, spread_over_lengths
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import PATTERN_TOLERANCE, SCORE_TOLERANCE
from reportgen.capture.request import ask
from reportgen.capture.run import capture
from reportgen.capture.tolerances import BFLOAT16_SCORE_TOLERANCE, FLOAT16_SCORE_TOLERANCE, TOLERANCES
from reportgen.errors import StudyError
from reportgen.models import load, memory
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Silent
from reportgen.spec.load import load_spec
from reportgen.spec.model import ModelSection
from reportgen.statements import Statement
from reportgen.study import plan_study
from tests import small

ROOT = Path(__file__).parents[2]
GB = 10**9
Dtype = Any


@pytest.mark.parametrize(
    ("wanted", "cuda", "mps", "chosen"),
    [
        ("auto", 0, False, "cpu"),
        ("auto", 0, True, "mps"),
        ("auto", 1, True, "cuda"),
        ("auto", 4, False, "cuda"),
        ("cpu", 2, True, "cpu"),
        ("mps", 1, True, "mps"),
        ("cuda", 1, False, "cuda"),
        ("cuda:0", 1, False, "cuda:0"),
        ("cuda:3", 4, False, "cuda:3"),
    ],
)
def test_auto_is_the_fastest_device_and_any_other_is_taken_as_it_is(
    wanted: str, cuda: int, mps: bool, chosen: str
) -> None:
    assert load.choose_device(wanted, cuda, mps) == chosen


@pytest.mark.parametrize(
    ("wanted", "cuda", "mps", "there"),
    [
        ("cuda", 0, True, "`mps`, `cpu`"),
        ("cuda:0", 0, False, "`cpu`"),
        ("mps", 1, False, "`cuda`, `cpu`, `cuda:0`"),
        ("cuda:2", 2, False, "`cuda`, `cpu`, `cuda:0`, `cuda:1`"),
    ],
)
def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are(
    wanted: str, cuda: int, mps: bool, there: str
) -> None:
    with pytest.raises(StudyError) as caught:
        load.choose_device(wanted, cuda, mps)
    assert str(caught.value) == f"model.device: `{wanted}` is not available here. Use `auto`, or one of {there}."


@pytest.mark.parametrize(
    ("needed", "free", "place"),
    [
        (70, {"cuda:0": 80}, "cuda:0"),
        (72, {"cuda:0": 80}, "cuda:0"),
        (70, {"cuda:0": 10, "cuda:1": 80, "cuda:2": 80}, "cuda:1"),
        (70, {"cuda:3": 80}, "cuda:3"),
        (73, {"cuda:0": 80, "cuda:1": 80}, "auto"),
        (144, {"cuda:0": 80, "cuda:1": 80}, "auto"),
    ],
)
def test_weights_go_to_the_first_device_with_room_or_are_spread(
    needed: int, free: Mapping[str, int], place: str
) -> None:
    assert load.choose_placement(needed * GB, {name: room * GB for name, room in free.items()}) == place


@pytest.mark.parametrize("free", [{"cuda:0": 80 * GB}, {"cuda:0": 40 * GB, "cuda:1": 40 * GB}])
def test_weights_without_room_are_an_error_with_a_remedy(free: dict[str, int]) -> None:
    with pytest.raises(
        StudyError, match=r"weights take 73\.0 GB, and `cuda:0` has .*\.0 GB free.*`model\.device: cpu`"
    ):
        load.choose_placement(73 * GB, free)


def saved(model: Any, folder: Path, tokenizer: Tokenizer) -> Path:
    """A random model whose attention is far from uniform."""
    small.sharpen(model)
    return small.save(model, folder, tokenizer)


@pytest.fixture
def llama(tmp_path: Path, smollm_tokenizer: Tokenizer) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        hidden_size=64,
        intermediate_size=64,
        vocab_size=49152,
        max_position_embeddings=128,
    )
    return saved(LlamaForCausalLM(config), tmp_path / "tiny", smollm_tokenizer)


@pytest.fixture
def bloom(tmp_path: Path, smollm_tokenizer: Tokenizer) -> Path:
    """A family whose attention goes around transformers' interface."""
    torch.manual_seed(0)
    config = BloomConfig(n_layer=2, n_head=4, hidden_size=64, vocab_size=49152)
    return saved(BloomForCausalLM(config), tmp_path / "tiny", smollm_tokenizer)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_weights_are_counted_without_loading_them(llama: Path, dtype: torch.dtype) -> None:
    opened = load.open_eager(llama, "cpu", dtype)
    assert {parameter.dtype for parameter in opened.parameters()} == {dtype}
    assert load.count_parameters(llama) == sum(parameter.numel() for parameter in opened.parameters())


def test_weights_at_two_places_are_counted_once(tmp_path: Path) -> None:
    tied = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=16, vocab_size=100, n_positions=20))
    tied.save_pretrained(tmp_path)
    outside = sum(p.numel() for name, p in tied.named_parameters() if "wte" not in name and "lm_head" not in name)
    assert load.count_parameters(tmp_path) == outside + 100 * 16


@pytest.fixture(scope="module")
def statements(model_cache: Path) -> tuple[Statement, ...]:
    plan = plan_study(load_spec(ROOT / "specs" / "capitals.yml"), model_cache, None, Silent())
    return plan.statements.statements[:40]


def proven(folder: Path, dtype: Dtype, cache: Path) -> ProvenModel:
    section = ModelSection(folder=folder.name, device="cpu", dtype=dtype)
    return ProvenModel(find_model(section, folder.parent, cache), section, cache, Silent())


def eager(model: Any, statements: tuple[Statement, ...]) -> npt.NDArray[np.float64]:
    scores = []
    with torch.inference_mode():
        for s in statements:
            layers = model(torch.tensor([s.tokens.ids]), output_attentions=True, use_cache=False).attentions
            scores.append([layer[0, :, s.query, list(s.keys)].double().sum(-1).tolist() for layer in layers])
    return np.array(scores)


def test_auto_and_float32_share_their_scores_and_bfloat16_has_its_own(
    llama: Path, statements: tuple[Statement, ...], tmp_path: Path
) -> None:
    auto, float32, bfloat16 = (proven(llama, dtype, tmp_path / "cache") for dtype in ("auto", "float32", "bfloat16"))
    first = capture(ask(statements, "sum"), auto)
    assert capture(ask(statements, "sum"), float32).fresh == 0
    coarse = capture(ask(statements, "sum"), bfloat16)
    assert coarse.fresh == first.fresh
    assert 1e-4 < np.abs(coarse.values - first.values).max() < BFLOAT16_SCORE_TOLERANCE
    assert [run.dtype for run in (first.runs[0], coarse.runs[0])] == ["float32", "bfloat16"]
    assert (first.runs[0].proof.score_tolerance, first.runs[0].proof.pattern_tolerance) == (
        SCORE_TOLERANCE,
        PATTERN_TOLERANCE,
    )


@pytest.mark.parametrize("coarse_one", ["bfloat16", "float16"])
def test_scores_in_coarse_arithmetic_are_those_of_plain_transformers_in_it(
    llama: Path, statements: tuple[Statement, ...], tmp_path: Path, coarse_one: str
) -> None:
    """In one arithmetic both differ less than either from float32, or at most as much where products are summed in
    another order."""
    captured = capture(ask(statements, "sum"), proven(llama, coarse_one, tmp_path / "cache"))
    run = captured.runs[0]
    assert run.route.way == "shared"
    assert run.dtype == coarse_one
    assert run.proof.holds
    assert (run.proof.score_tolerance, run.proof.pattern_tolerance) == TOLERANCES[coarse_one]
    coarse = eager(load.open_eager(llama, "cpu", getattr(torch, coarse_one)), statements)
    exact = eager(load.open_eager(llama, "cpu"), statements)
    moved = np.abs(coarse - exact).mean()
    assert moved > 1e-5
    assert np.abs(captured.values - coarse).mean() < 1.5 * moved


def test_a_fault_too_small_for_bfloat16_to_show_is_found_in_float32(
    llama: Path, statements: tuple[Statement, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that is off by one in a hundred is within bfloat16's tolerance."""
    right = looks.aggregate
    monkeypatch.setattr(looks, "aggregate", lambda *given: right(*given) * 1.01)
    run = capture(ask(statements, "sum"), proven(llama, "bfloat16", tmp_path / "cache")).runs[0]
    assert run.route.way == "hooks"
    assert "does not prove itself" in run.route.why
    assert f"at most {PATTERN_TOLERANCE:.0e}" in run.route.why


def test_a_model_that_only_hooks_can_read_runs_in_bfloat16_too(
    bloom: Path, statements: tuple[Statement, ...], tmp_path: Path
) -> None:
    captured = capture(ask(statements, "sum"), proven(bloom, "bfloat16", tmp_path / "cache"))
    assert captured.runs[0].route.way == "hooks"
    assert captured.runs[0].proof.score_tolerance == BFLOAT16_SCORE_TOLERANCE
    coarse = eager(load.open_eager(bloom, "cpu", torch.bfloat16), statements)
    exact = eager(load.open_eager(bloom, "cpu"), statements)
    assert np.abs(captured.values - coarse).mean() < 1.5 * np.abs(coarse - exact).mean()


def test_the_noise_floor_of_bfloat16_is_its_distance_from_float32(
    smollm_weights: Path, statements: tuple[Statement, ...], smollm_tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """On the real model: points where float32 moves millionths of a point."""
    model, some = proven(smollm_weights, "bfloat16", tmp_path / "cache"), statements[:12]
    values = capture(ask(some, "sum"), model).values
    controls = measure_controls(some, values, model, "sum", smollm_tokenizer)
    noise = controls.noise
    assert (noise.statements, noise.dtype, noise.finer) == (12, "bfloat16", "float32")
    assert sorted(spread_over_lengths(some)) == list(range(12))
    exact = eager(load.open_eager(smollm_weights, "cpu"), some)
    coarse = eager(load.open_eager(smollm_weights, "cpu", torch.bfloat16), some)
    assert noise.rounding is not None
    assert noise.rounding.shape == (30, 9)
    assert 0.005 < noise.rounding.max() < 0.15
    expected = np.abs(coarse - exact).max(axis=0)
    assert np.median(noise.rounding) == pytest.approx(np.median(expected), rel=0.5)
    assert np.abs(values - exact).max() <= noise.rounding.max() + noise.batching.max() + 1e-4
    assert controls.positive.passes
    (notice,) = controls.notices
    assert "ran in bfloat16" in notice.message


def test_bfloat16_is_refused_where_float32_has_no_room_to_measure_it(
    llama: Path, statements: tuple[Statement, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "working_memory", lambda *_: 0)
    need = memory.needed(load.count_parameters(llama), memory.read_configuration(llama), "float32")
    for module in (load, memory):
        monkeypatch.setattr(module, "main_memory", lambda: round(need.total / memory.ROOM) + 1)
    assert np.isfinite(capture(ask(statements, "sum"), proven(llama, "auto", tmp_path / "cache")).values).all()
    model = proven(llama, "bfloat16", tmp_path / "cache")
    with pytest.raises(StudyError, match=r"`bfloat16` has to be measured against float32.*a smaller model"):
        capture(ask(statements, "sum"), model)
    assert model._plain is None


def test_a_model_fits_memory_up_to_a_tenth_of_it() -> None:
    load.require_float32("bfloat16", 225_000_000, GB)
    with pytest.raises(StudyError, match=r"`bfloat16` has .* takes 0\.9 GB; this machine has 1\.0 GB"):
        load.require_float32("bfloat16", 226_000_000, GB)
    with pytest.raises(StudyError, match=r"`float16` has .* takes 0\.8 GB, beside the 0\.4 GB that it takes itself"):
        load.require_float32("float16", 200_000_000, GB, 400_000_000)
    assert load.main_memory() > 10**8


def test_numbers_beyond_float16_are_an_error_that_names_it_and_the_way_out(
    llama: Path, statements: tuple[Statement, ...], tmp_path: Path
) -> None:
    """bfloat16 has the range of float32, and runs the same weights."""
    big = load.open_eager(llama, "cpu")
    with torch.no_grad():
        big.model.layers[0].mlp.down_proj.weight.mul_(1e6)
    folder = small.save(big, tmp_path / "big", Tokenizer(llama))
    with pytest.raises(
        StudyError, match=r"not a number .*in float16\. float16 holds no number beyond 65,504.*`model\.dtype: bf"
    ):
        capture(ask(statements, "sum"), proven(folder, "float16", tmp_path / "cache"))
    for dtype in ("bfloat16", "float32"):
        assert np.isfinite(capture(ask(statements, "sum"), proven(folder, dtype, tmp_path / "cache")).values).all()


def test_float16_moves_scores_less_than_bfloat16_and_both_are_told(
    llama: Path, statements: tuple[Statement, ...], tmp_path: Path, smollm_tokenizer: Tokenizer
) -> None:
    exact, moved, some = eager(load.open_eager(llama, "cpu"), statements), {}, statements[:12]
    for dtype in ("bfloat16", "float16"):
        model = proven(llama, dtype, tmp_path / "cache")
        values = capture(ask(statements, "sum"), model).values
        moved[dtype] = float(np.abs(values - exact).max())
        controls = measure_controls(some, values[:12], model, "sum", smollm_tokenizer)
        assert (controls.noise.dtype, controls.noise.finer) == (dtype, "float32")
        assert any(f"ran in {dtype}" in notice.message for notice in controls.notices)
    assert 0 < moved["float16"] < moved["bfloat16"] / 2
    assert moved["float16"] < FLOAT16_SCORE_TOLERANCE
