"""Gradients against plain transformers whose patterns are changed one number at a time: whole sequences, alone, eager."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, LlamaConfig

from reportgen.analyses.gradient import choose_pairs, needs
from reportgen.analyses.running import ask_all, carry_out
from reportgen.capture.controls import by_loops
from reportgen.errors import StudyError
from reportgen.interventions import backward
from reportgen.interventions.backward import Backward, require_room
from reportgen.interventions.gradients import ROOM, Asked, measure
from reportgen.models.linears import prepack
from reportgen.models.tokenizer import Tokenizer
from reportgen.report.experiment import Told
from reportgen.spec.experiments import ExperimentsSection, GradientSection, ObjectAttentionSection
from reportgen.statements import StatementSet
from reportgen.store import Store
from tests import planted, small
from tests.families import FAMILIES, HEADS, LAYERS, SHARED

STEP = 1e-5
ASKED = Asked((5, 17, 40, 9, 77, 23, 64, 31), 6, (1, 2))
ALONE = Asked((5, 9, 60, 4, 8, 12, 99), 6, (2,))
TRIED = [name for name in SHARED if not FAMILIES[name].refusal("gradient")]

Patterns = Callable[[int, torch.Tensor], torch.Tensor]


def log_probability(model: Any, asked: Asked, change: Patterns = lambda _, pattern: pattern) -> float:
    """F, where `change` has the pattern [row, head, query, key] of each layer before it meets the values: every eager
    attention of transformers passes it through dropout, which does nothing here."""
    seen = [0]
    before = nn.functional.dropout

    def dropout(given: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        if given.dim() != 4:
            return given
        seen[0] += 1
        return change(seen[0] - 1, given.clone())

    nn.functional.dropout = dropout
    try:
        with torch.no_grad():
            likely = model(torch.tensor([asked.tokens]), use_cache=False).logits[0].log_softmax(-1)
    finally:
        nn.functional.dropout = before
    assert seen[0] == model.config.num_hidden_layers
    return sum(float(likely[place - 1, asked.tokens[place]]) for place in range(asked.start, len(asked.tokens)))


def edge(asked: Asked, layer: int, head: int, alter: Callable[[torch.Tensor], torch.Tensor]) -> Patterns:
    """The edge of one head altered."""

    def change(number: int, pattern: torch.Tensor) -> torch.Tensor:
        if number == layer:
            pattern[0, head, asked.query, list(asked.subject)] = alter(
                pattern[0, head, asked.query, list(asked.subject)]
            )
        return pattern

    return change


def slope(model: Any, asked: Asked, change: Callable[[float], Patterns]) -> float:
    """The derivative of F where `change` is told how far to go."""
    up, down = (log_probability(model, asked, change(by)) for by in (STEP, -STEP))
    return (up - down) / (2 * STEP)


def every_head(of: Callable[[int, int], float]) -> np.ndarray:
    return np.array([[of(layer, head) for head in range(HEADS)] for layer in range(LAYERS)])


@contextmanager
def family(name: str) -> Iterator[Any]:
    """A model in float64 throughout: what its code casts to float32 for norms and softmax is not, or small differences
    would be lost in rounding."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch, "float32", torch.float64)
        patched.setattr(torch, "float", torch.float64)
        patched.setattr(torch.Tensor, "float", torch.Tensor.double)
        yield by_loops(FAMILIES[name].build().double().requires_grad_(False))


def found_by(model: Any, asked: Asked, steps: int = 4, budget: int = 512):
    [(_, slopes)] = Backward(model, budget).slopes([asked], steps)
    return slopes


@pytest.mark.parametrize("name", TRIED)
def test_gradients_are_finite_differences_in_every_family(name: str) -> None:
    with family(name) as model:
        slopes = found_by(model, ASKED)
        assert slopes.intact == pytest.approx(log_probability(model, ASKED), abs=1e-9)

        def by_key(layer: int, head: int) -> list[float]:
            return [
                slope(
                    model,
                    ASKED,
                    lambda by, k=key: edge(ASKED, layer, head, lambda old: old + by * torch.eye(2, dtype=old.dtype)[k]),
                )
                for key in range(2)
            ]

        keys = np.array([[by_key(layer, head) for head in range(HEADS)] for layer in range(LAYERS)])
        scale = np.abs(keys).max()
        assert slopes.gradient == pytest.approx(-keys.mean(-1), abs=1e-5 * scale)
        assert slopes.size == pytest.approx(np.abs(keys).mean(-1), abs=1e-5 * scale)
        product = every_head(
            lambda layer, head: slope(model, ASKED, lambda by: edge(ASKED, layer, head, lambda old: old * (1 + by)))
        )
        assert slopes.product == pytest.approx(product, abs=1e-5 * scale)
        assert np.abs(product).max() > 1e-3


@pytest.mark.parametrize("name", ["llama", "gpt2", "mistral"])
def test_a_cut_edge_and_all_edges_cut_are_what_plain_transformers_say(name: str) -> None:
    with family(name) as model:
        plain = every_head(
            lambda layer, head: log_probability(model, ASKED, edge(ASKED, layer, head, torch.zeros_like))
        )
        assert Backward(model, 512).cuts(ASKED) == pytest.approx(plain, abs=1e-9)
        assert Backward(model, 3).cuts(ASKED) == pytest.approx(plain, abs=1e-9)

        def without(_: int, pattern: torch.Tensor) -> torch.Tensor:
            pattern[0, :, ASKED.query, list(ASKED.subject)] = 0
            return pattern

        assert found_by(model, ASKED).without == pytest.approx(log_probability(model, ASKED, without), abs=1e-9)


def test_integrated_gradients_follow_the_path_of_attention_weights_that_they_name() -> None:
    with family("llama") as model:
        kept: dict[int, torch.Tensor] = {}

        def keep(layer: int, pattern: torch.Tensor) -> torch.Tensor:
            kept[layer] = pattern[0, :, ASKED.query, list(ASKED.subject)]
            return pattern

        log_probability(model, ASKED, keep)

        def along(at: float, layer: int, head: int, by: float) -> Patterns:
            """All edges at a part of what they are, one head's a little beyond."""

            def change(number: int, pattern: torch.Tensor) -> torch.Tensor:
                part = torch.full((HEADS, 1), at, dtype=pattern.dtype)
                if number == layer:
                    part[head] += by
                pattern[0, :, ASKED.query, list(ASKED.subject)] = part * kept[number]
                return pattern

            return change

        points, weights = np.polynomial.legendre.leggauss(3)
        plain = every_head(
            lambda layer, head: sum(
                weight / 2 * slope(model, ASKED, lambda by, x=point: along((x + 1) / 2, layer, head, by))
                for point, weight in zip(points, weights, strict=True)
            )
        )
        assert found_by(model, ASKED, steps=3).integrated == pytest.approx(plain, abs=1e-6)


def test_gradient_times_attention_of_the_whole_pattern_is_the_slope_by_its_scale() -> None:
    with family("gpt2") as model:

        def scaled(layer: int, head: int) -> Callable[[float], Patterns]:
            def by(much: float) -> Patterns:
                def change(number: int, pattern: torch.Tensor) -> torch.Tensor:
                    if number == layer:
                        pattern[0, head] *= 1 + much
                    return pattern

                return change

            return by

        # What the object's last token looks at decides nothing, and is not run.
        plain = every_head(lambda layer, head: slope(model, ASKED, scaled(layer, head)))
        assert found_by(model, ASKED).everywhere == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "gemma", "cohere2"])
def test_what_heads_are_given_adds_up_to_what_is_lost_and_more_steps_bring_it_nearer(name: str) -> None:
    with family(name) as model:
        coarse, fine = (found_by(model, ASKED, steps) for steps in (2, 32))
        lost = fine.intact - fine.without
        assert abs(lost) > 1e-3
        off = [abs(slopes.integrated.sum() - lost) for slopes in (coarse, fine)]
        assert off[1] < 1e-4 * max(1.0, abs(lost))
        assert off[1] < off[0]


def test_objects_in_a_batch_are_told_as_they_are_alone_whatever_the_budget() -> None:
    with family("llama") as model:
        asked = [ASKED, replace(ASKED, tokens=ASKED.tokens[::-1]), replace(ASKED, subject=(0, 3, 4)), ALONE]
        together = dict(Backward(model, 512).slopes(asked, 3))
        small_passes = dict(Backward(model, 1).slopes(asked, 3))
        for one in asked:
            alone = found_by(model, one, 3)
            for slopes in (together[one], small_passes[one]):
                assert slopes.integrated == pytest.approx(alone.integrated, abs=1e-9)
                assert slopes.product == pytest.approx(alone.product, abs=1e-9)
                assert slopes.without == pytest.approx(alone.without, abs=1e-9)


def test_a_head_that_writes_nothing_is_given_exactly_nothing() -> None:
    with family("llama") as model:
        model.model.layers[1].self_attn.o_proj.weight[:, 8:16] = 0
        slopes = found_by(model, ASKED)
        for name in ("gradient", "size", "product", "integrated", "everywhere"):
            values = getattr(slopes, name)
            assert values[1, 1] == 0
            assert np.count_nonzero(values) == LAYERS * HEADS - 1
        assert Backward(model, 512).cuts(ASKED)[1, 1] == pytest.approx(slopes.intact, abs=1e-12)


def test_a_head_made_to_carry_the_answer_comes_out_first() -> None:
    with family("llama") as model:
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight *= 0.05
            layer.mlp.down_proj.weight *= 0.05
        head = int(found_by(model, ALONE).attention[2].argmax())  # one that looks at the subject
        values: list[torch.Tensor] = []
        attention = model.model.layers[2].self_attn
        hook = attention.v_proj.register_forward_hook(lambda *given: values.append(given[2][0]))
        log_probability(model, ALONE)
        hook.remove()
        # Two heads share values of 8 parts. It writes the answer's own direction for what the subject's value says.
        value = values[0][ALONE.subject[0], 8 * (head // 2) : 8 * (head // 2 + 1)]
        answer = model.lm_head.weight[ALONE.tokens[ALONE.start]]
        attention.o_proj.weight[:, 8 * head : 8 * (head + 1)] = torch.outer(
            answer / answer.norm(), value / value.norm()
        )
        slopes, cuts = found_by(model, ALONE, steps=12), Backward(model, 512).cuts(ALONE)
        for what in (slopes.integrated, slopes.product, slopes.intact - cuts):
            assert np.unravel_index(what.argmax(), what.shape) == (2, head)
            assert what[2, head] > 3 * np.sort(what, axis=None)[-2]


@pytest.mark.parametrize("name", ["gptj", "falcon_h1"])
def test_an_architecture_that_does_not_allow_it_is_refused(name: str) -> None:
    with pytest.raises(StudyError, match=r"in its own way|interface|keys and values|patterns|gradients"):
        found_by(FAMILIES[name].build().requires_grad_(False), ASKED)


def test_packed_weights_give_no_gradients_and_the_error_says_what_to_do() -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=1, num_attention_heads=2, hidden_size=128, intermediate_size=128, vocab_size=128
    )
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().requires_grad_(False)
    prepack(model)
    with pytest.raises(StudyError, match=r"gives no gradients.*quantized, or leave `gradient` out"):
        found_by(model, ASKED)


def test_weights_without_room_are_refused_before_they_are_opened() -> None:
    require_room(9, 10)
    with pytest.raises(StudyError, match=r"take 80\.0 GB; this machine has 16\.0 GB.*smaller model"):
        require_room(80_000_000_000, 16_000_000_000)


@contextmanager
def memory_for(rows: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Memory for so many rows a pass; yields the rows of all passes."""
    seen, before = [], Backward._run

    def run(self: Backward, tokens: Any, *rest: Any) -> torch.Tensor:
        seen.append(len(tokens))
        if len(tokens) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return before(self, tokens, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Backward, "_run", run)
        yield seen


def test_passes_are_halved_where_memory_runs_out_and_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with family("gpt2") as model:
        asked = [ASKED, replace(ASKED, tokens=ASKED.tokens[::-1]), replace(ASKED, subject=(3,))]
        plain, cuts = dict(Backward(model, 512).slopes(asked, 5)), Backward(model, 512).cuts(ASKED)
        with memory_for(2, monkeypatch) as seen:
            thrifty = Backward(model, 512)
            found = dict(thrifty.slopes(asked, 5))
            assert thrifty.cuts(ASKED) == pytest.approx(cuts, abs=1e-9)
        assert max(seen[-5:]) <= 2
        for one in asked:
            assert found[one].integrated == pytest.approx(plain[one].integrated, abs=1e-9)
        with (
            memory_for(0, monkeypatch),
            pytest.raises(StudyError, match="no memory for the gradients of even one object"),
        ):
            found_by(model, ASKED)


def test_where_memory_does_not_suffice_the_other_experiments_come_out(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = planted.statements(20)
    values = planted.values(made, {})
    sections = ExperimentsSection(object_attention=ObjectAttentionSection(), gradient=GradientSection())
    study = replace(planted.study(made, values, experiments=sections), model=small.proven(small_model, tmp_path))
    scores = {"object_attention": np.concatenate([values, values]), "gradient": values[:0]}
    with memory_for(0, monkeypatch):
        other, gradients = carry_out(ask_all(study.plan), study, scores)
    assert isinstance(other.outcome, Told)
    assert isinstance(gradients.outcome, str)
    assert "no memory for the gradients" in gradients.outcome
    assert "leave `gradient` out" in gradients.outcome


class Impatient(small.Heard):
    """Interrupts after so many objects."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def count(self, n: int) -> None:
        """One object more."""
        super().count(n)
        if self.counted == self.after:
            raise KeyboardInterrupt


def test_what_is_done_is_kept_through_an_interrupt_and_never_done_again(small_model: Path, tmp_path: Path) -> None:
    asked = [Asked.of(statement) for statement in small.statements(small_model)[:6]]
    with pytest.raises(KeyboardInterrupt):
        measure(small.proven(small_model, tmp_path, Impatient(3)), asked, asked[:2], 2)
    progress = small.Heard()
    model = small.proven(small_model, tmp_path, progress)
    first = measure(model, asked, asked[:2], 2)
    assert progress.counted == 3 + 2
    assert len(model.sought[ROOM]) == 8
    kept = dict(Store(tmp_path).items(model.shelf(ROOM)))
    assert set(kept) == model.sought[ROOM]

    class Closed(type(model)):
        def require(self, lacking: str) -> None:
            raise AssertionError(lacking)

    closed = Closed(model.source, model.section, model.cache, small.Heard())
    again = measure(closed, asked, asked[:2], 2)
    assert all((again.slopes[one].integrated == first.slopes[one].integrated).all() for one in asked)
    assert all((again.cuts[one] == first.cuts[one]).all() for one in asked[:2])


def test_the_passes_that_were_announced_are_those_that_are_made(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements, section = small.statements(small_model), GradientSection(facts=3, steps=2, checked=2)
    plan = planted.study(planted.statements(10), planted.values(planted.statements(10), {})).plan
    plan = replace(plan, statements=StatementSet(statements, ()), tokenizer=Tokenizer(small_model))
    made = {"forward": 0, "backward": 0, "tokens": 0}
    before = Backward._run

    def run(self: Backward, tokens: Any, *rest: Any) -> torch.Tensor:
        followed = torch.is_grad_enabled()
        made["forward"] += len(tokens)
        made["backward"] += followed * len(tokens)
        made["tokens"] += (1 + followed) * sum(map(len, tokens))
        return before(self, tokens, *rest)

    monkeypatch.setattr(backward.Backward, "_run", run)
    pairs = choose_pairs(statements, section, 0)
    asked, cut = [Asked.of(one) for one in pairs.statements], [Asked.of(true) for true, _ in pairs.checked]
    measure(small.proven(small_model, tmp_path), asked, cut, section.steps)
    passes = needs(plan, section).passes
    assert made == {"forward": passes.forward, "backward": passes.backward, "tokens": passes.tokens}
