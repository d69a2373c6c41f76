"""Heads changed by the attention interface, against hooks on the output projection, in every family that allows it."""

import pytest
import torch

from reportgen.errors import StudyError
from reportgen.interventions.attending import Attended, attending
from tests.families import FAMILIES, HEADS, LAYERS, OWN_WAY, SHARED

SEQUENCES = torch.tensor([[5, 17, 40, 8, 99, 23, 61], [5, 17, 3, 77, 12, 9, 30]])
PROJECTIONS = ("o_proj", "out_proj", "dense", "c_proj")
DIFFERENT = ("gpt2", "gpt_neox", "llama", "gemma2", "opt", "gpt_oss", "deepseek_v3", "cohere2")
PROJECTING = [name for name in SHARED if not FAMILIES[name].refusal("contribution")]
OWN = [name for name, family in FAMILIES.items() if family.why_hooks == OWN_WAY]


def logits(model):
    with torch.inference_mode():
        return model(SEQUENCES, use_cache=False).logits


def near(found, wanted):
    return torch.allclose(found, wanted, atol=1e-4 * float(wanted.abs().max()), rtol=0)


@pytest.mark.parametrize("name", SHARED)
def test_a_change_that_changes_nothing_leaves_the_logits_as_they_are(name):
    model = FAMILIES[name].build()
    seen = []

    def look(attended: Attended) -> torch.Tensor:
        seen.append((attended.layer, attended.output.shape[:3], attended.pattern.shape))
        return attended.output

    before = logits(model)
    with attending(model, look):
        assert near(logits(model), before)
    assert seen == [(layer, (2, 7, HEADS), (2, HEADS, 7, 7)) for layer in range(LAYERS)]
    assert torch.equal(logits(model), before)
    assert len(seen) == LAYERS


@pytest.mark.parametrize("name", SHARED)
def test_the_pattern_applied_to_the_values_again_is_what_heads_put_out(name):
    model = FAMILIES[name].build()
    before = logits(model)
    with attending(model, lambda attended: attended.through(attended.pattern)):
        assert near(logits(model), before)


@pytest.mark.parametrize("name", PROJECTING)
def test_silencing_a_head_is_silencing_its_columns_of_the_output_projection(name):
    model = FAMILIES[name].build()
    layer, head = 1, 2
    modules = {}

    def silence(attended: Attended) -> torch.Tensor:
        modules[attended.layer] = attended.module
        output = attended.output.clone()
        if attended.layer == layer:
            output[:, :, head] = 0
        return output

    before = logits(model)
    with attending(model, silence):
        found = logits(model)

    def silence_columns(_, args):
        columns = args[0].clone()
        part = columns.shape[-1] // HEADS
        columns[..., head * part : (head + 1) * part] = 0
        return (columns, *args[1:])

    projection = next(getattr(modules[layer], each) for each in PROJECTIONS if hasattr(modules[layer], each))
    hook = projection.register_forward_pre_hook(silence_columns)
    wanted = logits(model)
    hook.remove()
    assert near(found, wanted)
    assert not near(found, before)


@pytest.mark.parametrize("name", DIFFERENT)
def test_gradients_pass_through_a_change(name):
    model = FAMILIES[name].build()
    gates = torch.ones(LAYERS, HEADS, requires_grad=True)
    with attending(model, lambda attended: attended.output * gates[attended.layer][None, None, :, None]):
        model(SEQUENCES, use_cache=False).logits[:, -1, 50].sum().backward()
    step = 1e-2

    def moved(by: float) -> torch.Tensor:
        return torch.tensor([[1.0] * HEADS, [1.0, 1.0, 1.0 + by, 1.0], [1.0] * HEADS])

    ends = []
    for gate in (moved(step), moved(-step)):
        with attending(model, lambda attended, gate=gate: attended.output * gate[attended.layer][None, None, :, None]):
            ends.append(float(logits(model)[:, -1, 50].sum()))
    assert gates.grad is not None
    assert float(gates.grad[1, 2]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=0.05, abs=0.02)


@pytest.mark.parametrize("name", OWN)
def test_an_architecture_with_a_way_of_its_own_is_refused_and_left_as_it_was(name):
    model = FAMILIES[name].build()
    before = logits(model)
    with pytest.raises(StudyError, match="in its own way"), attending(model, lambda attended: attended.output):
        logits(model)
    assert torch.equal(logits(model), before)


def test_patterns_that_are_not_all_of_attention_are_refused(monkeypatch):
    from transformers.models.llama import modeling_llama

    eager = modeling_llama.eager_attention_forward

    def gated(*args, **options):
        output, pattern = eager(*args, **options)
        return output * 2, pattern

    monkeypatch.setattr(modeling_llama, "eager_attention_forward", gated)
    model = FAMILIES["llama"].build()
    with (
        pytest.raises(StudyError, match="LlamaAttention does more with its patterns"),
        attending(model, lambda attended: attended.output),
    ):
        logits(model)


def test_layers_that_have_no_number_are_refused():
    model = FAMILIES["llama"].build()
    for layer in model.model.layers:
        del layer.self_attn.layer_idx
    with pytest.raises(StudyError, match="does not number its layers"), attending(model, lambda each: each.output):
        logits(model)
