"""Contributions against what they are by definition: each value through the output projection, head by head, and its length."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from reportgen.capture.hooks import reading_hooks
from reportgen.capture.request import Request
from reportgen.capture.shared import reading_shared
from reportgen.errors import StudyError
from reportgen.models import linears, load
from reportgen.models.linears import weight_of
from reportgen.models.tokenizer import Tokenizer
from tests import families, small
from tests.families import AGGREGATIONS, FAMILIES, HEADS, LAYERS, Family

PART = 8
Values = npt.NDArray[np.float64]

# Where each architecture makes its values, and how a head's are found in what comes out, [key, head, part].
MADE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[torch.Tensor], torch.Tensor]]] = {
    "llama": (
        lambda model: [layer.self_attn.v_proj for layer in model.model.layers],
        lambda model: [layer.self_attn.o_proj for layer in model.model.layers],
        lambda states: states.view(-1, 2, PART)[:, [0, 0, 1, 1]],
    ),
    "gpt2": (
        lambda model: [layer.attn.c_attn for layer in model.transformer.h],
        lambda model: [layer.attn.c_proj for layer in model.transformer.h],
        lambda states: states[:, 2 * HEADS * PART :].view(-1, HEADS, PART),
    ),
    "gpt_neox": (
        lambda model: [layer.attention.query_key_value for layer in model.gpt_neox.layers],
        lambda model: [layer.attention.dense for layer in model.gpt_neox.layers],
        lambda states: states.view(-1, HEADS, 3, PART)[:, :, 2],
    ),
    "opt": (
        lambda model: [layer.self_attn.v_proj for layer in model.model.decoder.layers],
        lambda model: [layer.self_attn.out_proj for layer in model.model.decoder.layers],
        lambda states: states.view(-1, HEADS, PART),
    ),
}


def written(model: Any, name: str, ids: tuple[int, ...]) -> Values:
    """The length of what each head would write for each token, [layer, head, key]: one vector after the other."""
    makers, projections, heads_of = (find(model) if number < 2 else find for number, find in enumerate(MADE[name]))
    made: list[torch.Tensor] = []
    hooks = [maker.register_forward_hook(lambda *given: made.append(heads_of(given[2][0]))) for maker in makers]
    with torch.inference_mode():
        model(torch.tensor([ids]), use_cache=False)
    for hook in hooks:
        hook.remove()
    lengths = np.zeros((LAYERS, HEADS, len(ids)))
    for layer, (values, projection) in enumerate(zip(made, projections, strict=True)):
        weight = weight_of(projection).detach().double()
        for head in range(HEADS):
            own = weight[:, head * PART : (head + 1) * PART]
            for key in range(len(ids)):
                lengths[layer, head, key] = float((own @ values[key, head].double()).norm())
    return lengths


def contributions(model: Any, name: str, asked: tuple[Request, ...]) -> Values:
    """Shares of attention times those lengths, aggregated, [request, layer, head]."""
    known = {ids: (families.patterns(model, ids), written(model, name, ids)) for ids in families.sequences()}
    scores = []
    for request in asked:
        statement = request.statement
        attention, lengths = known[statement.tokens.ids]
        keys = list(statement.keys)
        weighed = attention[:, :, statement.query, keys] * lengths[:, :, keys]
        scores.append(AGGREGATIONS[request.aggregation](weighed, axis=-1))
    return np.array(scores)


def asked() -> tuple[Request, ...]:
    return tuple(replace(request, weight="contribution") for request in families.requests())


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", MADE)
def test_contributions_are_the_lengths_of_what_heads_would_write(
    name: str, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = FAMILIES[name].build()
    expected = contributions(model, name, asked())
    if packed:
        monkeypatch.setattr(linears, "SMALLEST_WEIGHT", 1)
        linears.prepack(model)
        assert all(isinstance(projection, linears.PackedLinear) for projection in MADE[name][1](model))
    with reading_shared(model) as reader:
        read = reader.read_all(asked(), 64, lambda _: None)
    assert expected.std(axis=0).min() > 0.1
    np.testing.assert_allclose(read, expected, rtol=2e-5, atol=2e-5)


def test_attention_and_contributions_are_read_together() -> None:
    plain, weighed = families.requests(), asked()
    with reading_shared(FAMILIES["llama"].build()) as reader:
        mixed = reader.read_all(
            [each for pair in zip(plain, weighed, strict=True) for each in pair], 64, lambda _: None
        )
        np.testing.assert_array_equal(mixed[::2], reader.read_all(plain, 64, lambda _: None))
        np.testing.assert_array_equal(mixed[1::2], reader.read_all(weighed, 64, lambda _: None))


@pytest.mark.parametrize(
    ("family", "why"),
    [
        (
            Family("bitnet", FAMILIES["llama"].says),
            "BitNetAttention: what its heads put out is changed before it is projected",
        ),
        (
            Family("bert", {**FAMILIES["gpt_neox"].says, "is_decoder": True}),
            "BertSelfAttention: no output projection of 4 heads among o_proj, out_proj, dense, c_proj",
        ),
    ],
)
def test_an_architecture_whose_heads_write_otherwise_is_refused(family: Family, why: str) -> None:
    model = family.build()
    with reading_shared(model) as reader, pytest.raises(StudyError) as raised:
        reader.read_all(asked(), 64, lambda _: None)
    assert str(raised.value) == (
        f"{why}, so contributions cannot be measured in this architecture. Measure attention instead."
    )
    # Its attention can be, and whoever tried left nothing behind.
    expected = families.eager(model, families.requests())
    with reading_shared(model) as reader:
        read = reader.read_all(families.requests(), 64, lambda _: None)
    np.testing.assert_allclose(read, expected, rtol=0, atol=5e-5)


def test_hooks_refuse_contributions(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> None:
    folder = small.save(FAMILIES["bloom"].build(), tmp_path_factory.mktemp("model"), smollm_tokenizer)
    refused = pytest.raises(
        StudyError, match="contributions cannot be measured in this architecture; measure attention"
    )
    with reading_hooks(load.open_bridge(folder, "cpu")) as reader, refused:
        reader.read_all(asked(), 64, lambda _: None)
