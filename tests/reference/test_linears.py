"""Products from packed weights against float64's and against plain transformers; and what a failing operator leaves."""

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig
from transformers.pytorch_utils import Conv1D

from reportgen.models.linears import (
    ONEDNN,
    TOLERANCE,
    PackedLinear,
    Prepacking,
    compare_products,
    prepack,
    quicken,
    weight_of,
)

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch comes without oneDNN")

LINEARS = {
    "with bias": lambda: nn.Linear(160, 320),
    "without bias": lambda: nn.Linear(160, 320, bias=False),
    "odd sizes": lambda: nn.Linear(167, 331),
    "Conv1D": lambda: Conv1D(320, 160),
}
INPUTS: dict[str, Callable[[int], Tensor]] = {
    "one row": lambda width: torch.randn(1, width),
    "7 rows": lambda width: torch.randn(7, width),
    "513 rows": lambda width: torch.randn(513, width),
    "batches of rows": lambda width: torch.randn(3, 7, width),
    "swapped dimensions": lambda width: torch.randn(7, 3, width).transpose(0, 1),
    "every second column": lambda width: torch.randn(9, 2 * width)[:, ::2],
    "no row": lambda width: torch.randn(0, width),
}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(1)


def holding(linear: nn.Module) -> nn.Module:
    if getattr(linear, "bias", None) is not None:
        nn.init.normal_(linear.bias)
    return nn.Sequential(linear).eval()


def distance(found: Tensor, expected: Tensor) -> float:
    return float((found.double() - expected).norm() / expected.norm())


@pytest.mark.parametrize("make", LINEARS.values(), ids=LINEARS)
@pytest.mark.parametrize("draw", INPUTS.values(), ids=INPUTS)
@torch.inference_mode()
def test_a_packed_linear_equals_float64_as_float32_does(
    make: Callable[[], nn.Module], draw: Callable[[int], Tensor]
) -> None:
    model = holding(make())
    rows = draw(weight_of(model[0]).shape[1])
    expected = nn.functional.linear(
        rows.double(), weight_of(model[0]).double(), None if model[0].bias is None else model[0].bias.double()
    )
    prepack(model)
    assert isinstance(model[0], PackedLinear)
    found = model(rows)
    assert found.shape == expected.shape
    assert found.dtype == torch.float32
    assert found.numel() == 0 or distance(found, expected) <= TOLERANCE


@pytest.mark.parametrize("make", LINEARS.values(), ids=LINEARS)
def test_a_weight_reads_the_same_before_and_after_packing(make: Callable[[], nn.Module]) -> None:
    model = holding(make())
    before = weight_of(model[0]).detach().clone()
    prepack(model)
    assert torch.equal(weight_of(model[0]), before)
    assert (model[0].out_features, model[0].in_features) == before.shape


def test_packing_frees_the_plain_weight() -> None:
    model = holding(nn.Linear(160, 320))
    plain = weakref.ref(model[0].weight)
    prepack(model)
    assert plain() is None


MODELS = {
    "llama": LlamaConfig(
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        vocab_size=300,
        tie_word_embeddings=True,
    ),
    "gpt2": GPT2Config(n_layer=2, n_head=4, n_embd=128, vocab_size=300, n_positions=64),
}
PACKED = {"llama": 2 * 7, "gpt2": 2 * 4}


@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_a_packed_model_predicts_what_the_plain_one_does(name: str) -> None:
    model = AutoModelForCausalLM.from_config(MODELS[name]).eval()
    tokens = torch.arange(44).view(4, 11)
    expected = model(tokens).logits.double()
    prepack(model)
    assert sum(isinstance(module, PackedLinear) for module in model.modules()) == PACKED[name]
    assert distance(model(tokens).logits, expected) <= 1e-5


def test_an_output_projection_tied_to_the_embedding_stays() -> None:
    model = AutoModelForCausalLM.from_config(MODELS["llama"]).eval()
    prepack(model)
    assert model.lm_head.weight is model.model.embed_tokens.weight


def hooked() -> nn.Module:
    linear = nn.Linear(160, 320)
    linear.register_forward_hook(lambda *_: None)
    return linear


def on_meta() -> nn.Module:
    with torch.device("meta"):
        return nn.Linear(160, 320)


class Doubling(nn.Linear):
    def forward(self, rows: Tensor) -> Tensor:
        return 2 * super().forward(rows)


LEFT_ALONE = {
    "float64": lambda: nn.Linear(160, 320, dtype=torch.float64),
    "bfloat16": lambda: nn.Linear(160, 320, dtype=torch.bfloat16),
    "on meta": on_meta,
    "hooked": hooked,
    "small": lambda: nn.Linear(8, 8),
    "of a subclass": lambda: Doubling(160, 320),
    "not a linear": lambda: nn.LayerNorm(160),
}


@pytest.mark.parametrize("make", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_cannot_be_packed_is_left_alone(make: Callable[[], nn.Module]) -> None:
    module = make()
    model = nn.Sequential(module)
    prepack(model)
    assert model[0] is module
    assert compare_products(model, 8).kernel == "plain"


class Remembering:
    """oneDNN's product, which remembers what it was asked before: equal and faster than any other, on any machine."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int], tuple[Any, ...]] = {}

    def __call__(self, rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
        key = id(rows), id(packed)
        if key not in self.known:
            self.known[key] = rows, packed, ONEDNN.product(rows, packed, bias)
        result: Tensor = self.known[key][2]
        return result


def tardy(rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    for _ in range(3):
        ONEDNN.product(rows, packed, bias)
    return ONEDNN.product(rows, packed, bias)


def test_a_clearly_faster_product_is_taken() -> None:
    model = holding(nn.Linear(160, 320))
    found = quicken(model, 64, replace(ONEDNN, product=Remembering()))
    assert found.kernel == "prepacked"
    assert found.ratio is not None
    assert found.ratio >= 1.2
    assert isinstance(model[0], PackedLinear)


def test_a_slower_product_leaves_the_model_as_it_was() -> None:
    model = holding(nn.Linear(160, 320))
    linear = model[0]
    found = quicken(model, 64, replace(ONEDNN, product=tardy))
    assert found.kernel == "plain"
    assert found.ratio is not None
    assert found.ratio < 1
    assert model[0] is linear


def one_cell_off(rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    result = ONEDNN.product(rows, packed, bias)
    result[-1, -1] += 0.1
    return result


def not_a_number(rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    return ONEDNN.product(rows, packed, bias) * float("nan")


def in_bfloat16(rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    half = None if bias is None else bias.bfloat16()
    return nn.functional.linear(rows.bfloat16(), packed.to_dense().bfloat16(), half).float()


def without_bias(rows: Tensor, packed: Tensor, _: Tensor | None) -> Tensor:
    return ONEDNN.product(rows, packed, None)


@pytest.mark.parametrize("product", [one_cell_off, not_a_number, in_bfloat16, without_bias])
def test_a_wrong_product_is_not_taken(product: Callable[..., Tensor]) -> None:
    model = holding(nn.Linear(160, 320))
    linear = model[0]
    found = quicken(model, 64, replace(ONEDNN, product=product))
    assert found.kernel == "plain"
    assert "not equal" in found.why
    assert model[0] is linear


def test_a_product_that_is_wrong_at_one_shape_alone_is_not_taken() -> None:
    def wrong_when_wide(rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
        result = ONEDNN.product(rows, packed, bias)
        return result + 1 if rows.shape[1] == 320 else result

    model = nn.Sequential(nn.Linear(160, 640), nn.Linear(320, 160))
    assert "not equal" in compare_products(model, 64, replace(ONEDNN, product=wrong_when_wide)).why


def test_a_missing_operator_leaves_the_model_as_it_was() -> None:
    model = holding(nn.Linear(160, 320))
    linear = model[0]
    found = quicken(model, 64, Prepacking(lambda weight: torch.ops.mkldnn._no_such_operator(weight), ONEDNN.product))
    assert found.kernel == "plain"
    assert "_no_such_operator" in found.why
    assert (found.plain, found.prepacked, found.ratio) == (None, None, None)
    assert model[0] is linear


def test_comparing_leaves_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert compare_products(holding(nn.Linear(160, 320)), 64).ratio is not None
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
