"""Attribution against plain models: −∞ put before the softmax, vectors followed by hand, and a head whose work was planted."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from reportgen.analyses.attribution import conclude
from reportgen.analyses.attribution_asked import choose_asked
from reportgen.errors import StudyError
from reportgen.interventions.attending import Attended, attending
from reportgen.interventions.attribution import Answer, Asked, Look, attribute
from reportgen.interventions.attribution_runs import attributing
from reportgen.interventions.direct_path import find_path
from reportgen.models import linears
from reportgen.models.tokenizer import Tokens
from reportgen.progress import Silent
from reportgen.spec.experiments import AttributionSection
from reportgen.statements import Statement
from tests import planted, small
from tests.families import FAMILIES, HEADS, LAYERS

IDS = (1, 5, 9, 12, 7, 30, 22)
ANSWER = Answer(IDS, subject=(2, 3), true=40, false=41, others=(1, 4), window=2)
LOOK = Look(IDS, (2, 3))
EXACT = (
    "llama",
    "gpt2",
    "gpt_neox",
    "mistral",
    "gemma",
    "phi",
    "gpt_oss",
    "opt",
    "gemma2",
    "olmo2",
    "granite",
    "cohere",
)


def run(model: Any, asked: Sequence[Asked]) -> dict[Asked, Any]:
    """The record of each."""
    found: dict[Asked, Any] = {}
    with attributing(model, asked[0].tokens) as runs:
        for length in {len(one.tokens) for one in asked}:
            runs([one for one in asked if len(one.tokens) == length], lambda one, record: found.update({one: record}))
    return found


@contextmanager
def blocked(model: Any, layers: Sequence[int], keys: Sequence[int], head: int | None) -> Iterator[None]:
    """Within the context the last token's logits of attention to `keys` are −∞ before the softmax."""
    module = importlib.import_module(type(model).__module__)
    before = module.eager_attention_forward

    def attend(layer: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> Any:
        if layer.layer_idx in layers:
            mask = mask.expand(1, query.shape[1], *mask.shape[2:]).clone()
            mask[:, slice(None) if head is None else head, -1, list(keys)] = torch.finfo(mask.dtype).min
        return before(layer, query, key, value, mask, **options)

    module.eager_attention_forward = attend
    try:
        yield
    finally:
        module.eager_attention_forward = before


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(torch.tensor([IDS]), use_cache=False).logits[0, -1].double()


def blocked_logits(model: Any, layers: Sequence[int], keys: Sequence[int], head: int | None) -> torch.Tensor:
    with blocked(model, layers, keys, head):
        return logits(model)


def by_head(of: Callable[[int, int], Any]) -> np.ndarray:
    return np.array([[float(of(layer, head)) for head in range(HEADS)] for layer in range(LAYERS)])


@pytest.mark.parametrize("name", EXACT)
def test_what_is_cut_is_what_minus_infinity_before_the_softmax_cuts(name: str) -> None:
    model = FAMILIES[name].build()
    found = run(model, [ANSWER, LOOK])
    clean = logits(model)
    cut = {
        (layer, head): blocked_logits(model, [layer], (2, 3), head) for layer in range(LAYERS) for head in range(HEADS)
    }

    def change(layer: int, head: int) -> torch.Tensor:
        return (cut[layer, head] - clean)[40] - (cut[layer, head] - clean)[41]

    def divergence(layer: int, head: int) -> torch.Tensor:
        said, other = clean.log_softmax(-1), cut[layer, head].log_softmax(-1)
        return (said.exp() * (said - other)).sum()

    answer = found[ANSWER]
    assert answer.difference == pytest.approx(float(clean[40] - clean[41]), abs=1e-4)
    np.testing.assert_allclose(answer.cut, by_head(change), atol=2e-4, rtol=1e-3)
    np.testing.assert_allclose(found[LOOK].values, by_head(divergence), atol=2e-5, rtol=1e-3)
    assert np.abs(answer.cut).max() > 0.05
    for keys, windows in (((2, 3), answer.windows), ((1, 4), answer.control)):
        expected = [
            float((blocked_logits(model, [first, first + 1], keys, None).log_softmax(-1) - clean.log_softmax(-1))[40])
            for first in range(LAYERS - 1)
        ]
        np.testing.assert_allclose(windows, expected, atol=2e-4, rtol=1e-3)


def test_a_head_with_no_key_left_puts_out_nothing() -> None:
    """All that a window lets the last token see is taken away."""
    model = FAMILIES["mistral"].build()
    found = run(model, [replace(ANSWER, subject=(3, 4, 5, 6), others=())])
    clean = logits(model)

    def silenced(layer: int, head: int) -> torch.Tensor:
        def silence(_: Any, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
            states = args[0].clone()
            states[0, -1, head * 8 : (head + 1) * 8] = 0
            return (states,)

        hook = model.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(silence)
        change = logits(model) - clean
        hook.remove()
        return change[40] - change[41]

    [answer] = found.values()
    np.testing.assert_allclose(answer.cut, by_head(silenced), atol=2e-4, rtol=1e-3)
    assert np.isnan(answer.control).all()


@dataclass(frozen=True)
class Parts:
    """What was written to the stream of the last token, [part]: by the embedding, and by every MLP; the values of every key
    [layer, key, head, part], the patterns of the last token [layer, head, key], and the stream at the final norm."""

    embedded: torch.Tensor
    mlp: list[torch.Tensor]
    values: list[torch.Tensor]
    patterns: list[torch.Tensor]
    stream: torch.Tensor


def parts_of_llama(model: Any) -> Parts:
    seen: dict[Any, torch.Tensor] = {}
    layers = model.model.layers
    modules = [model.model.embed_tokens, *(m for layer in layers for m in (layer.mlp, layer.self_attn.v_proj))]
    hooks = [module.register_forward_hook(lambda m, _, out: seen.__setitem__(m, out[0].double())) for module in modules]
    hooks.append(
        model.model.norm.register_forward_pre_hook(lambda m, args: seen.__setitem__(m, args[0][0, -1].double()))
    )
    with torch.inference_mode():
        output = model(torch.tensor([IDS]), use_cache=False, output_attentions=True)
    for hook in hooks:
        hook.remove()
    return Parts(
        seen[model.model.embed_tokens][-1],
        [seen[layer.mlp][-1] for layer in layers],
        [seen[layer.self_attn.v_proj].view(len(IDS), 2, 8)[:, [0, 0, 1, 1]] for layer in layers],
        [pattern[0, :, -1].double() for pattern in output.attentions],
        seen[model.model.norm],
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_heads_contribution_is_what_its_vector_takes_away_under_a_held_norm(
    packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = FAMILIES["llama"].build()
    parts = parts_of_llama(model)
    weights = [layer.self_attn.o_proj.weight.detach().double() for layer in model.model.layers]
    gain, head_weight = model.model.norm.weight.detach().double(), model.lm_head.weight.detach().double()
    scale = (parts.stream.square().mean() + model.model.norm.variance_epsilon).sqrt()
    if packed:
        monkeypatch.setattr(linears, "SMALLEST_WEIGHT", 1)
        linears.prepack(model)

    def difference(stream: torch.Tensor) -> torch.Tensor:
        said = (gain * stream / scale) @ head_weight[[40, 41]].T
        return said[0] - said[1]

    def written(layer: int, head: int, keys: Sequence[int]) -> torch.Tensor:
        mixed = parts.patterns[layer][head, list(keys)] @ parts.values[layer][list(keys), head]
        return weights[layer][:, head * 8 : (head + 1) * 8] @ mixed

    whole = difference(parts.stream)
    everywhere = replace(ANSWER, subject=tuple(range(len(IDS))), others=())
    found = run(model, [ANSWER, everywhere])
    taken = by_head(lambda layer, head: whole - difference(parts.stream - written(layer, head, (2, 3))))
    np.testing.assert_allclose(found[ANSWER].direct, taken, atol=1e-5)
    assert np.abs(taken).max() > 0.05
    # All heads over all keys, the MLPs and the embedding make up the whole.
    rest = difference(parts.embedded) + sum(difference(mlp) for mlp in parts.mlp)
    assert found[everywhere].direct.sum() + float(rest) == pytest.approx(float(whole), abs=1e-4)
    assert found[ANSWER].difference == pytest.approx(float(whole), abs=1e-4)


# What stands between attention or an MLP and the stream, and what is multiplied there.
AFTER_ATTENTION = {
    "gemma2": lambda layer: layer.post_attention_layernorm,
    "gemma3": lambda layer: layer.post_attention_layernorm,
    "olmo2": lambda layer: layer.post_attention_layernorm,
    "glm4": lambda layer: layer.post_self_attn_layernorm,
}
AFTER_MLP = {
    **{name: lambda layer: layer.post_feedforward_layernorm for name in ("gemma2", "gemma3", "olmo2")},
    "glm4": lambda layer: layer.post_mlp_layernorm,
}
TIMES = {"granite": FAMILIES["granite"].says["residual_multiplier"]}
BETWEEN = (*AFTER_ATTENTION, "granite", "cohere", "cohere2")


def held(norm: Any, stream: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
    """What a norm makes of a vector, at the scale that it has at the stream, but for its bias; each kind by its formula."""
    gain = norm.weight.detach().double()
    epsilon = norm.eps if hasattr(norm, "eps") else norm.variance_epsilon
    if isinstance(norm, torch.nn.LayerNorm) or "Cohere" in type(norm).__name__:
        return gain * (vector - vector.mean()) / (stream.var(correction=0) + epsilon).sqrt()
    if "Gemma" in type(norm).__name__:
        gain = 1 + gain
    return gain * vector / (stream.square().mean() + epsilon).sqrt()


def jolted(name: str) -> Any:
    """A model whose norms have gains and biases, too."""
    model = FAMILIES[name].build()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


@dataclass(frozen=True)
class Jolted:
    """A jolted model, one run of it, and what it says of a direction in the stream at the last token."""

    name: str
    model: Any
    patterns: dict[int, torch.Tensor]
    values: dict[int, torch.Tensor]
    taken: dict[Any, torch.Tensor]
    given: dict[Any, torch.Tensor]
    logits: torch.Tensor
    path: Any

    @property
    def final(self) -> Any:
        return self.path.ending.norm.module

    def difference(self, vector: torch.Tensor) -> float:
        """What a part of the final stream adds to logit 40 over logit 41: what is left of each raw logit held as it is."""
        rows = self.path.ending.head.weight.detach().double()[[40, 41]]
        raw = self.given[self.path.ending.head][[40, 41]]
        left = self.logits[[40, 41]] / raw
        return float((rows @ held(self.final, self.taken[self.final], vector)) @ (left * torch.tensor([1.0, -1.0])))

    def constant(self) -> float:
        """What the biases of the norm and the unembedding add."""
        head, bias = self.path.ending.head, getattr(self.final, "bias", None)
        left = self.logits[[40, 41]] / self.given[head][[40, 41]] * torch.tensor([1.0, -1.0])
        from_norm = 0.0 if bias is None else head.weight.detach().double()[[40, 41]] @ bias.detach().double()
        from_head = 0.0 if head.bias is None else head.bias.detach().double()[[40, 41]]
        return float(((from_norm + from_head) * left).sum())

    def added(self, layer: int, head: int, keys: Sequence[int]) -> float:
        """What a head adds through some keys."""
        mixed = sum(self.patterns[layer][head, key] * self.values[layer][head, key] for key in keys)
        columns = slice(head * len(mixed), (head + 1) * len(mixed))
        weight = linears.weight_of(self.path.writers[layer].projection).detach().double()
        vector = weight[:, columns] @ mixed
        if self.name in AFTER_ATTENTION:
            norm = AFTER_ATTENTION[self.name](self.path.layers[layer])
            vector = held(norm, self.taken[norm], vector)
        return self.difference(vector * TIMES.get(self.name, 1.0))


def run_jolted(name: str) -> Jolted:
    model = jolted(name)
    path, patterns, values = find_path(model, IDS), {}, {}
    taken: dict[Any, torch.Tensor] = {}
    given: dict[Any, torch.Tensor] = {}

    def look(attended: Attended) -> torch.Tensor:
        patterns[attended.layer] = attended.pattern[0, :, -1].double()
        values[attended.layer] = attended.values[0].double()
        return attended.output

    def note(module: Any, args: tuple[Any, ...], out: Any) -> None:
        if args and isinstance(args[0], torch.Tensor) and args[0].dim() == 3:
            taken[module] = args[0][0, -1].double()
        if isinstance(out, torch.Tensor) and out.dim() == 3:
            given[module] = out[0, -1].double()

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    with torch.inference_mode(), attending(model, look):
        clean = model(torch.tensor([IDS]), use_cache=False).logits[0, -1].double()
    for hook in hooks:
        hook.remove()
    return Jolted(name, model, patterns, values, taken, given, clean, path)


@pytest.mark.parametrize("name", sorted({*EXACT, "stablelm", "mixtral", *BETWEEN}))
def test_contributions_and_the_whole_stream_go_through_norms_of_every_kind(name: str) -> None:
    ran = run_jolted(name)
    found = run(ran.model, [ANSWER])[ANSWER]
    wanted = by_head(lambda layer, head: ran.added(layer, head, ANSWER.subject))
    np.testing.assert_allclose(found.direct, wanted, atol=1e-4, rtol=1e-3)
    assert np.abs(wanted).max() > 1e-2
    whole = ran.difference(ran.taken[ran.final]) + ran.constant()
    assert whole == pytest.approx(float(ran.logits[40] - ran.logits[41]), abs=1e-3)
    assert found.difference == pytest.approx(whole, abs=1e-3)


@pytest.mark.parametrize("name", BETWEEN)
def test_what_all_parts_add_makes_up_the_difference_whatever_stands_between(name: str) -> None:
    """Heads over all keys, MLPs and the embedding: nothing is counted twice or left out, capped logits or not."""
    ran = run_jolted(name)
    found = run(ran.model, [replace(ANSWER, subject=tuple(range(len(IDS))), others=())])
    [answer] = found.values()
    layers = ran.path.layers
    mlps = [AFTER_MLP[name](layer) if name in AFTER_MLP else layer.mlp for layer in layers]
    others = sum(ran.difference(ran.given[mlp] * TIMES.get(name, 1.0)) for mlp in mlps)
    first = layers[0].input_layernorm if hasattr(layers[0], "input_layernorm") else layers[0].self_attn.q_proj
    embedded = ran.difference(ran.taken[first])
    assert answer.direct.sum() + others + embedded + ran.constant() == pytest.approx(answer.difference, abs=1e-3)
    assert answer.difference == pytest.approx(float(ran.logits[40] - ran.logits[41]), abs=1e-3)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gemma3n", "what attention writes is changed, by more than a norm or a factor, on its way to the final norm"),
        ("minicpm3", "its unembedding does not take what a final norm gives"),
        ("bitnet", "what its heads put out is changed before or after it is projected"),
        ("gptj", "computes attention in its own way"),
    ],
)
def test_an_architecture_without_a_direct_path_is_refused(name: str, why: str) -> None:
    model = FAMILIES[name].build()
    with pytest.raises(StudyError, match=why):
        run(model, [ANSWER])
    assert model.config._attn_implementation == "eager"
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


SUBJECTS, WIDTH, PART = 12, 64, 32
START, THE, IS = 0, 1, 2
COPIES = (1, 0)


def copier() -> GPT2LMHeadModel:
    """A model in which L1H0 alone copies the subject's object to where the answer is; L0H1 looks as much and writes nothing.

    Some objects are copied more strongly than others. Dimensions: subjects, their objects, what marks a subject and the
    answer's place, and the rest.
    """
    config = GPT2Config(
        n_layer=2,
        n_head=2,
        n_embd=WIDTH,
        n_positions=16,
        vocab_size=3 + 2 * SUBJECTS,
        n_inner=4,
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    model = GPT2LMHeadModel._from_config(config, attn_implementation="eager").eval()
    marks_subject, marks_answer = 2 * SUBJECTS, 2 * SUBJECTS + 1
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.zero_() if "ln_" not in name else None
        for subject in range(SUBJECTS):
            model.transformer.wte.weight[3 + subject, subject] = 3.0
            model.transformer.wte.weight[3 + subject, marks_subject] = 3.0
            model.lm_head.weight[3 + SUBJECTS + subject, SUBJECTS + subject] = 1.0
        model.transformer.wte.weight[START, marks_answer + 1] = 3.0
        model.transformer.wte.weight[THE, marks_answer + 2] = 3.0
        model.transformer.wte.weight[IS, marks_answer] = 3.0
        for layer, head in ((0, 1), COPIES):
            attention, at = model.transformer.h[layer].attn, head * PART
            attention.c_attn.weight[marks_answer, at] = 4.0
            attention.c_attn.weight[marks_subject, WIDTH + at] = 1.0
            for subject in range(SUBJECTS):
                attention.c_attn.weight[subject, 2 * WIDTH + at + subject] = 1.0
                if (layer, head) == COPIES:
                    attention.c_proj.weight[at + subject, SUBJECTS + subject] = 1.0 + subject / SUBJECTS
    return model


def pairs_for_copier() -> list[Statement]:
    """Every subject with its object, and with the next one's."""
    made = []
    for place, one in enumerate(planted.statements(SUBJECTS)):
        subject = place // 2
        thing = subject if one.fact.truth else (subject + 1) % SUBJECTS
        ids = (START, THE, 3 + subject, THE, IS, 3 + SUBJECTS + thing)
        tokens = Tokens(ids, ((0, 1),) * len(ids), ("t",) * len(ids))
        made.append(replace(one, tokens=tokens, subject=(2,), object=(5,), query=5, keys=(2,)))
    return made


def attributed(made: list[Statement]) -> Any:
    values = planted.values(made, {})[:, :2, :2]
    study = planted.study(made, planted.values(made, {}))
    section = AttributionSection(window=1)
    asked = choose_asked(study.statements, section, 0)
    records = run(copier(), [*asked.answers, *asked.looks])
    study = replace(study, scores=study.scores[:, :2, :2], findings=(planted.finding(made, values),))
    return conclude(
        study, section, asked, values, [records[one] for one in asked.answers], [records[one] for one in asked.looks]
    )


def test_the_head_that_copies_is_found_and_no_other() -> None:
    found = attributed(pairs_for_copier())
    for tests, sign in ((found.direct, 1), (found.cut, -1)):
        effect = tests.heads.effect.to_numpy()
        others = np.ones((2, 2), dtype=bool)
        others[COPIES] = False
        assert sign * effect[COPIES] > 0.3
        np.testing.assert_allclose(effect[others], 0, atol=1e-6)
    windows = found.windows.subject.heads.effect.to_numpy()[:, 0]
    assert windows[1] < -0.2
    assert abs(windows[0]) < 1e-6
    np.testing.assert_allclose(found.windows.others.heads.effect.to_numpy(), 0, atol=0.05)


def test_where_truth_is_handed_out_in_turn_no_head_is_found() -> None:
    """Every other pair calls the object that is copied the false one."""
    made = pairs_for_copier()
    in_turn = [replace(one, tokens=made[place ^ 1].tokens) if place // 2 % 2 else one for place, one in enumerate(made)]
    found = attributed(in_turn)
    assert found.direct.tested == found.cut.tested == 1
    assert not any(tests.recall_heads().any() for tests in (found.direct, found.cut, found.windows.subject))


class Interrupted(Silent):
    """Someone stops the work after so many sequences."""

    def __init__(self, after: int) -> None:
        self._left = after

    @contextmanager
    def counting(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        yield self._count

    def _count(self, n: int) -> None:
        self._left -= n
        if self._left == 0:
            raise KeyboardInterrupt


def test_what_was_done_before_an_interrupt_is_kept_and_nothing_is_asked_twice(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = small.statements(small_model)
    asked = choose_asked(statements, AttributionSection(facts=4, window=2), 0)
    given = (asked.answers, asked.looks)
    with pytest.raises(KeyboardInterrupt):
        attribute(*given, small.proven(small_model, tmp_path, Interrupted(after=5)), statements, "sum")
    heard = small.Heard()
    effects, divergences = attribute(*given, small.proven(small_model, tmp_path, heard), statements, "sum")
    assert heard.counted == 4 + 8 - 5
    assert [effect.direct.shape for effect in effects] == [(small.LAYERS, small.HEADS)] * 4
    assert len(divergences) == 8
    again = small.proven(small_model, tmp_path)
    monkeypatch.setattr(again, "require", lambda lacking: pytest.fail(f"asked for {lacking}"))
    for old, new in zip(effects, attribute(*given, again, statements, "sum")[0], strict=True):
        np.testing.assert_array_equal(old.cut, new.cut)
    assert len(again.sought["interventions/attribution"]) == 12
