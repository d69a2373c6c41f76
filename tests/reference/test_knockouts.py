"""Heads knocked out many sets at once, against hooks on plain models, one statement and one set at a time."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from reportgen.errors import StudyError
from reportgen.interventions.knockouts import knocking_out
from reportgen.interventions.packed import PackedModel
from reportgen.interventions.prompts import Prompts, prompts_of
from reportgen.statements import Statement, twins
from tests import recalling
from tests.families import FAMILIES, HEADS

PROJECTIONS = ("o_proj", "out_proj", "dense", "c_proj")
SETS = ((), ((1, 2),), ((0, 0), (0, 3), (2, 1)), ((2, 0), (2, 3)))
DIFFERENT = ("gpt2", "gpt_neox", "llama", "mistral", "gemma2", "opt", "gpt_oss", "cohere2", "deepseek_v3")
NORMS = {
    "gpt2": lambda model: model.transformer.ln_f,
    "gpt_neox": lambda model: model.gpt_neox.final_layer_norm,
    "llama": lambda model: model.model.norm,
    "opt": lambda model: model.model.decoder.final_layer_norm,
    **{name: lambda model: model.model.norm for name in ("gemma2", "olmo2", "granite", "cohere")},
}
AFTER = {name: lambda model, layer: model.model.layers[layer].post_attention_layernorm for name in ("gemma2", "olmo2")}
TAILS = {  # what becomes of the unembedding's logits
    "gemma2": lambda raw: 5.0 * torch.tanh(raw / 5.0),
    "granite": lambda raw: raw / 4.0,
    "cohere": lambda raw: raw * 0.0625,
}


def pairs(count: int = 7) -> list[tuple[Statement, Statement]]:
    """Pairs with subjects of one or two tokens, and objects of one or two."""
    made = []
    for pair in range(count):
        sizes = 1 + pair % 2, 1 + pair // 2 % 2
        made += [recalling.statement(pair, pair if truth else pair + 1, truth, *sizes) for truth in (True, False)]
    return twins(made)


PAIRS = pairs()
PROMPTS = prompts_of(PAIRS, 5)


def projections(model):
    """Every layer's output projection, in order."""
    attention = [module for module in model.modules() if getattr(module, "layer_idx", None) is not None]
    owners = [module for module in attention if any(hasattr(module, name) for name in PROJECTIONS)]
    owners = [module for module in owners if "ttention" in type(module).__name__]
    return [next(getattr(module, name) for name in PROJECTIONS if hasattr(module, name)) for module in owners]


class Plain:
    """A plain model, one sequence at a time; what heads put out is read and replaced before it is projected."""

    def __init__(self, model) -> None:
        self.model, self.projections = model, projections(model)

    def run(self, ids: Sequence[int], change: Callable[[int, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """The logits [position, token], with what enters each projection changed, [position, head, part]."""

        def hook(layer: int):
            def before(_, args):
                heads = args[0].reshape(args[0].shape[-2], HEADS, -1)
                return (change(layer, heads).reshape(args[0].shape), *args[1:])

            return before

        hooks = [each.register_forward_pre_hook(hook(layer)) for layer, each in enumerate(self.projections)]
        try:
            with torch.inference_mode():
                return self.model(torch.tensor([list(ids)]), use_cache=False).logits[0]
        finally:
            for each in hooks:
                each.remove()

    def outputs(self, ids: Sequence[int]) -> torch.Tensor:
        """What heads put out, [layer, position, head, part]."""
        seen = {}

        def note(layer, heads):
            seen[layer] = heads.clone()
            return heads

        self.run(ids, note)
        return torch.stack([seen[layer] for layer in sorted(seen)])


def role(statement: Statement, position: int) -> tuple[str, int]:
    first, last, start = statement.subject[0], statement.subject[-1], statement.object[0]
    if position < first:
        return "before", position
    if position <= last:
        return "subject", int(position == last)
    return ("after", position - last) if position < start else ("object", 0)


def read(statement: Statement) -> tuple[int, ...]:
    """The tokens that are run."""
    return statement.tokens.ids[: statement.object[-1]]


def means(plain: Plain) -> dict[tuple[str, int], torch.Tensor]:
    found = defaultdict(list)
    for statement in [one for pair in PAIRS for one in pair]:
        outputs = plain.outputs(read(statement))
        for position in range(outputs.shape[1]):
            found[role(statement, position)].append(outputs[:, position])
    return {name: torch.stack(some).mean(0) for name, some in found.items()}


def likelihood(logits: torch.Tensor, statement: Statement) -> float:
    start = statement.object[0]
    likely = logits.double().log_softmax(-1)
    return float(
        sum(likely[place - 1, statement.tokens.ids[place]] for place in range(start, statement.object[-1] + 1))
    )


def knocked(plain: Plain, statement: Statement, heads, instead: torch.Tensor) -> float:
    """One statement with some heads knocked out; `instead` [layer, position, head, part]."""

    def change(layer, output):
        changed = output.clone()
        for _, head in [each for each in heads if each[0] == layer]:
            changed[:, head] = instead[layer, :, head]
        return changed

    return likelihood(plain.run(read(statement), change), statement)


def expected(plain: Plain, instead: Callable[[Statement], torch.Tensor]) -> np.ndarray:
    return np.array(
        [[[knocked(plain, one, heads, instead(one)) for one in pair] for pair in PAIRS[:5]] for heads in SETS]
    )


@pytest.mark.parametrize("name", DIFFERENT)
def test_heads_that_put_out_nothing(name):
    model = FAMILIES[name].build()
    plain = Plain(model)
    wanted = expected(plain, lambda statement: torch.zeros_like(plain.outputs(read(statement))))
    with knocking_out(model, PROMPTS, 64) as knockouts:
        found = knockouts.total(SETS, knockouts.replacing("zero", np.random.default_rng(0))[0])
    assert np.allclose(found, wanted, atol=1e-3)
    assert np.abs(wanted[1:] - wanted[0]).max() > 0.02


@pytest.mark.parametrize("name", DIFFERENT)
def test_heads_that_put_out_the_mean_of_their_role(name):
    model = FAMILIES[name].build()
    plain = Plain(model)
    by_role = means(plain)
    wanted = expected(
        plain, lambda one: torch.stack([by_role[role(one, place)] for place in range(one.object[-1])], dim=1)
    )
    with knocking_out(model, PROMPTS, 64) as knockouts:
        found = knockouts.total(SETS, knockouts.replacing("mean", np.random.default_rng(0))[0])
    assert np.allclose(found, wanted, atol=1e-3)
    assert np.abs(wanted[1:] - wanted[0]).max() > 0.02


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_heads_that_exchange_their_output_with_the_one_other_pair_of_their_shape(name):
    """Of five pairs, the last has a shape of its own, and of the others each has one partner at most."""
    model = FAMILIES[name].build()
    plain = Plain(model)
    by_role = means(plain)
    partner = {0: 2, 2: 0, 1: 3, 3: 1}
    prompts = prompts_of(PAIRS[:4], 4)
    by_role = defaultdict(list)
    for statement in [one for pair in PAIRS[:4] for one in pair]:
        outputs = plain.outputs(read(statement))
        for position in range(outputs.shape[1]):
            by_role[role(statement, position)].append(outputs[:, position])

    def instead(number: int, side: int) -> torch.Tensor:
        own, donor = PAIRS[number][side], PAIRS[partner[number]][side]
        given = plain.outputs(read(donor))
        rows = [
            given[:, place] if place < given.shape[1] else torch.stack(by_role[role(own, place)]).mean(0)
            for place in range(own.object[-1])
        ]
        return torch.stack(rows, dim=1)

    wanted = np.array(
        [
            [[knocked(plain, PAIRS[n][side], heads, instead(n, side)) for side in range(2)] for n in range(4)]
            for heads in SETS
        ]
    )
    with knocking_out(model, prompts, 64) as knockouts:
        replacing, lonely = knockouts.replacing("resample", np.random.default_rng(0))
        found = knockouts.total(SETS, replacing)
    assert lonely == 0
    assert np.allclose(found, wanted, atol=1e-3)


@pytest.mark.parametrize("name", list(NORMS))
def test_the_direct_effect_is_what_heads_write_taken_from_the_final_stream(name):
    model = FAMILIES[name].build()
    plain = Plain(model)
    norm, head, tail = NORMS[name](model), model.get_output_embeddings(), TAILS.get(name, lambda raw: raw)
    streams = []

    def write(layer, output):
        """What reaches the stream, one head taken away after the other."""
        projected = plain.projections[layer](output.flatten(1))
        after = AFTER[name](model, layer) if name in AFTER else lambda states: states
        return after(projected) * (0.5 if name == "granite" else 1.0)

    wanted = np.zeros((len(SETS), 5, 2))
    for number, pair in enumerate(PAIRS[:5]):
        for side, statement in enumerate(pair):
            hook = norm.register_forward_pre_hook(lambda _, args: streams.append(args[0][0]))
            outputs = plain.outputs(read(statement))
            hook.remove()
            for place, heads in enumerate(SETS):
                stream = streams[-1].clone()
                for layer, one in heads:
                    silent = outputs[layer].clone()
                    silent[:, [other for at, other in heads if at == layer and other <= one]] = 0
                    before = outputs[layer].clone()
                    before[:, [other for at, other in heads if at == layer and other < one]] = 0
                    with torch.inference_mode():
                        stream -= write(layer, before) - write(layer, silent)
                with torch.inference_mode():
                    wanted[place, number, side] = likelihood(tail(head(norm(stream))), statement)
    with knocking_out(model, PROMPTS, 64) as knockouts:
        assert knockouts.no_direct == ""
        found = knockouts.direct(SETS, knockouts.replacing("zero", np.random.default_rng(0))[0])
    assert np.allclose(found, wanted, atol=1e-3)
    assert np.abs(wanted[1:] - wanted[0]).max() > 0.02


def test_direct_effects_are_refused_where_what_heads_put_out_is_changed():
    model = FAMILIES["bitnet"].build()
    with knocking_out(model, PROMPTS, 64) as knockouts:
        assert "changed before or after it is projected" in knockouts.no_direct
        assert np.isnan(knockouts.direct(SETS, knockouts.replacing("zero", np.random.default_rng(0))[0])).all()


def test_the_size_of_a_pass_changes_nothing_and_the_model_is_left_as_it_was():
    model = FAMILIES["llama"].build()
    plain = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        before = model(plain).logits
    answers = []
    for budget in (1, 24, 10_000):
        with knocking_out(model, PROMPTS, budget) as knockouts:
            answers.append(knockouts.total(SETS, knockouts.replacing("mean", np.random.default_rng(0))[0]))
    assert np.allclose(answers[0], answers[1], atol=1e-4)
    assert np.allclose(answers[0], answers[2], atol=1e-4)
    with torch.inference_mode():
        assert torch.equal(model(plain).logits, before)


def test_passes_get_smaller_where_memory_runs_out(monkeypatch):
    model, logits = FAMILIES["llama"].build(), PackedModel.logits

    def tight(self, packed, tokens, *rest, **named):
        if len(tokens) > 40:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return logits(self, packed, tokens, *rest, **named)

    with knocking_out(model, PROMPTS, 512) as roomy:
        wanted = roomy.total(SETS, roomy.replacing("zero", np.random.default_rng(0))[0])
    monkeypatch.setattr(PackedModel, "logits", tight)
    with knocking_out(model, PROMPTS, 512) as knockouts:
        found = knockouts.total(SETS, knockouts.replacing("zero", np.random.default_rng(0))[0])
        assert knockouts.budget == 32
    assert np.allclose(found, wanted, atol=1e-4)


def test_a_statement_that_does_not_fit_alone_is_said(monkeypatch):
    def full(*_, **__):
        raise MemoryError("no room")

    model = FAMILIES["llama"].build()
    learn = PackedModel.learn

    def learn_then_fill(self):
        learn(self)
        monkeypatch.setattr(PackedModel, "logits", full)

    monkeypatch.setattr(PackedModel, "learn", learn_then_fill)
    with pytest.raises(StudyError, match="does not fit into memory, even alone"), knocking_out(model, PROMPTS, 8):
        pass


@pytest.mark.parametrize("name", ["gptj", "bloom", "falcon"])
def test_an_architecture_with_a_way_of_its_own_is_refused(name):
    with pytest.raises(StudyError, match="in its own way"), knocking_out(FAMILIES[name].build(), PROMPTS, 64):
        pass


def test_a_model_that_does_not_prove_itself_is_refused(monkeypatch):
    def shifted(self, *arguments, **named):
        return logits(self, *arguments, **named) * 1.05

    logits = PackedModel.logits
    monkeypatch.setattr(PackedModel, "logits", shifted)
    with (
        pytest.raises(StudyError, match="does not prove itself: log-probabilities are off by"),
        knocking_out(FAMILIES["llama"].build(), PROMPTS, 64),
    ):
        pass


def test_layers_below_the_first_head_are_not_run():
    model = FAMILIES["llama"].build()
    ran = []
    hooks = [
        layer.mlp.register_forward_hook(lambda *_, number=number: ran.append(number))
        for number, layer in enumerate(model.model.layers)
    ]
    with knocking_out(model, PROMPTS, 10_000) as knockouts:
        replacing, _ = knockouts.replacing("mean", np.random.default_rng(0))
        ran.clear()
        knockouts.total([((1, 0),), ((2, 1),)], replacing)
        assert ran == [1, 2]
        ran.clear()
        knockouts.total([((2, 1),)], replacing)
        assert ran == [2]
    for hook in hooks:
        hook.remove()


def accuracy(found: np.ndarray) -> np.ndarray:
    return (found[..., 0] > found[..., 1]).mean(axis=1)


def test_without_the_one_head_that_carries_the_answer_the_model_guesses():
    made = twins(recalling.statements())
    carrier = (recalling.CARRIER,)
    others = [((0, 2),), ((1, 3), (1, 7)), tuple((1, head) for head in range(24) if head != 2)]
    with knocking_out(recalling.model(), prompts_of(made, len(made)), 512) as knockouts:
        clean = knockouts.clean.found
        for ablation in ("mean", "zero", "resample"):
            replacing, _ = knockouts.replacing(ablation, np.random.default_rng(0))
            shares = accuracy(knockouts.total([carrier, *others], replacing))
            assert accuracy(clean[np.newaxis])[0] == 1
            assert shares[0] < 0.75
            assert (shares[1:] == 1).all()
        zero, _ = knockouts.replacing("zero", np.random.default_rng(0))
        total, direct = (run([carrier], zero)[0, :, 0].mean() for run in (knockouts.total, knockouts.direct))
        # Nothing comes after it that could take over or be led astray: all of its effect is direct.
        assert total == pytest.approx(direct, abs=1e-3)


def test_a_head_that_writes_nothing_changes_nothing():
    made = twins(recalling.statements())
    with knocking_out(recalling.model(carries=False), prompts_of(made, len(made)), 512) as knockouts:
        replacing, _ = knockouts.replacing("mean", np.random.default_rng(0))
        for run in (knockouts.total, knockouts.direct):
            assert np.allclose(run([(recalling.CARRIER,)], replacing)[0], knockouts.clean.found, atol=1e-5)


def test_prompts_know_what_twins_share():
    prompts: Prompts = PROMPTS
    assert prompts.kept < len(prompts.tokens)
    first, second = prompts.pairs[0], prompts.pairs[1]
    assert first[0].path[:3] == second[0].path[:3]
    assert not set(first[0].path[3:]) & set(second[0].path)
    assert first[0].path[: first[0].first + 1] == first[1].path[: first[1].first + 1]
    assert int(prompts.weights[first[0].path[0]]) == 2 * len(PAIRS)
