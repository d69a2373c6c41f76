"""What can be asked of every family beside its scores, against plain transformers; what cannot is refused in words."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reportgen.capture.continuations import read_continuations
from reportgen.capture.controls import _measure_noise, by_loops, scores_by
from reportgen.capture.knowing import Query
from reportgen.capture.shared import reading_shared
from reportgen.errors import StudyError
from reportgen.interventions.attending import Attended, attending
from reportgen.interventions.attribution import Answer, AnswerEffects
from reportgen.interventions.attribution_runs import attributing
from reportgen.interventions.backward import Backward
from reportgen.interventions.direct_path import find_path
from reportgen.interventions.gradients import Asked
from reportgen.interventions.knockouts import knocking_out
from reportgen.interventions.prompts import prompts_of
from reportgen.models.linears import weight_of
from reportgen.models.tokenizer import Tokenizer
from reportgen.statements import Statement, twins
from tests import families, recalling, small
from tests.families import FAMILIES, HEADS, LAYERS, Experiment

IDS = (1, 5, 9, 12, 7, 30, 22)
KEYS = (4, 5)
PROJECTIONS = ("o_proj", "out_proj", "dense", "c_proj")
SETS = ((), ((1, 2),), ((0, 0), (0, 3), (2, 1)))
PAIRS = twins(
    [
        recalling.statement(pair, pair if truth else pair + 1, truth, 1, 1)
        for pair in range(3)
        for truth in (True, False)
    ]
)
Eager = Callable[..., tuple[torch.Tensor, torch.Tensor]]


def expecting(name: str, experiment: Experiment) -> AbstractContextManager[Any]:
    """Whether a family refuses an experiment, with the words that its entry says."""
    words = FAMILIES[name].refusal(experiment)
    return pytest.raises(StudyError, match=words) if words else nullcontext()


@contextmanager
def patched(model: Any, attend: Callable[[Eager, Any, tuple[Any, ...], dict[str, Any]], Any]) -> Iterator[None]:
    """Within the context the eager attention of a model's own file is another."""
    module = importlib.import_module(type(model).__module__)
    before = module.eager_attention_forward
    module.eager_attention_forward = lambda layer, *states, **options: attend(before, layer, states, options)
    try:
        yield
    finally:
        module.eager_attention_forward = before


def logits_of(model: Any, ids: Sequence[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(torch.tensor([list(ids)]), use_cache=False).logits[0].double()


def cut_off(model: Any, layer: int, head: int, keys: Sequence[int]) -> torch.Tensor:
    """The last token's logits where a head's attention from there to some keys is −∞ before the softmax."""

    def attend(eager: Eager, module: Any, states: tuple[Any, ...], options: dict[str, Any]) -> Any:
        query, key, value, mask, *rest = states
        if module.layer_idx == layer:
            mask = mask.expand(1, query.shape[1], *mask.shape[2:]).clone()
            mask[:, head, -1, list(keys)] = torch.finfo(mask.dtype).min
        return eager(module, query, key, value, mask, *rest, **options)

    with patched(model, attend):
        return logits_of(model, IDS)[-1]


def silenced(model: Any, ids: Sequence[int], heads: Sequence[tuple[int, int]]) -> torch.Tensor:
    """The logits [position, token] where some heads put out nothing at any position."""

    def attend(eager: Eager, module: Any, states: tuple[Any, ...], options: dict[str, Any]) -> Any:
        output, pattern = eager(module, *states, **options)
        output = output.clone()
        for layer, head in heads:
            if module.layer_idx == layer:
                output[:, :, head] = 0
        return output, pattern

    with patched(model, attend):
        return logits_of(model, ids)


def without_edge(model: Any, asked: Asked, layer: int, head: int) -> float:
    """How likely an object is where what a head takes from the subject at the position before it is taken away."""

    def attend(eager: Eager, module: Any, states: tuple[Any, ...], options: dict[str, Any]) -> Any:
        output, pattern = eager(module, *states, **options)
        if module.layer_idx == layer:
            values = states[2].repeat_interleave(HEADS // states[2].shape[1], dim=1)
            keys, output = list(asked.subject), output.clone()
            output[0, asked.query, head] -= pattern[0, head, asked.query, keys] @ values[0, head, keys]
        return output, pattern

    with patched(model, attend):
        return likelihood(logits_of(model, asked.tokens), asked.tokens, asked.start)


def likelihood(logits: torch.Tensor, ids: Sequence[int], start: int) -> float:
    likely = logits.log_softmax(-1)
    return float(sum(likely[place - 1, ids[place]] for place in range(start, len(ids))))


def every_head(of: Callable[[int, int], float]) -> np.ndarray:
    return np.array([[of(layer, head) for head in range(HEADS)] for layer in range(LAYERS)])


@pytest.mark.parametrize("name", FAMILIES)
def test_attribution(name: str) -> None:
    answer = Answer(IDS, subject=KEYS, true=40, false=41, others=(), window=2)
    model, found = FAMILIES[name].build(), dict[Any, Any]()
    with expecting(name, "attribution"), attributing(model, IDS) as run:
        run([answer], lambda asked, record: found.update({asked: record}))
    if not found:
        return
    effects: AnswerEffects = found[answer]
    clean = logits_of(model, IDS)[-1]

    def change(layer: int, head: int) -> float:
        moved = cut_off(model, layer, head, KEYS) - clean
        return float(moved[40] - moved[41])

    assert effects.difference == pytest.approx(float(clean[40] - clean[41]), abs=1e-3)
    np.testing.assert_allclose(effects.cut, every_head(change), atol=1e-3, rtol=1e-3)
    assert np.abs(effects.cut).max() > 0.01
    assert np.abs(effects.direct).max() > 0.01


@pytest.mark.parametrize("name", FAMILIES)
def test_the_way_from_the_final_stream_to_the_logits(name: str) -> None:
    """Through norms, factors and caps, all held; what attention adds to that stream is proven by whoever finds the path."""
    model, streams = FAMILIES[name].build(), list[torch.Tensor]()
    with expecting(name, "direct"):
        path = find_path(model, IDS)
    if FAMILIES[name].refusal("direct"):
        return
    hook = path.ending.norm.module.register_forward_pre_hook(lambda _, args: streams.append(args[0][0, -1]))
    logits = logits_of(model, IDS)[-1]
    hook.remove()
    with torch.inference_mode():
        for true, false in ((40, 41), (7, 99)):
            apart = path.ending.apart(true, false)
            said = float(path.ending.towards(streams[-1], apart) @ streams[-1]) + path.ending.constant(
                streams[-1], apart
            )
            assert said == pytest.approx(float(logits[true] - logits[false]), abs=1e-3)


@pytest.mark.parametrize("name", FAMILIES)
def test_knock_outs(name: str) -> None:
    model, prompts = FAMILIES[name].build(), prompts_of(PAIRS, len(PAIRS))
    with expecting(name, "knockout"), knocking_out(model, prompts, 64) as knockouts:
        nothing = knockouts.replacing("zero", np.random.default_rng(0))[0]
        found, direct, why = knockouts.total(SETS, nothing), knockouts.direct(SETS, nothing), knockouts.no_direct
    if FAMILIES[name].refusal("knockout"):
        return

    def known(statement: Statement, heads: Sequence[tuple[int, int]]) -> float:
        ids = statement.tokens.ids[: statement.object[-1] + 1]
        return likelihood(silenced(model, ids, heads), ids, statement.object[0])

    wanted = np.array([[[known(side, heads) for side in pair] for pair in PAIRS] for heads in SETS])
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    assert np.abs(wanted[1:] - wanted[0]).max() > 0.01
    assert FAMILIES[name].refusal("direct") in why
    assert np.isnan(direct).all() == bool(FAMILIES[name].refusal("direct"))
    if not why:
        np.testing.assert_allclose(direct[0], wanted[0], atol=2e-3)
        assert np.abs(direct[1:] - direct[0]).max() > 0.01


@pytest.mark.parametrize("name", FAMILIES)
def test_gradients(name: str) -> None:
    model, asked = FAMILIES[name].build().requires_grad_(False), Asked((5, 17, 40, 9, 77, 23, 64, 31), 6, KEYS)
    with expecting(name, "gradient"):
        [(_, slopes)] = Backward(model, 512).slopes([asked], 4)
        cuts = Backward(model, 512).cuts(asked)
    if FAMILIES[name].refusal("gradient"):
        return
    plain = every_head(lambda layer, head: without_edge(model, asked, layer, head))
    intact = likelihood(logits_of(model, asked.tokens), asked.tokens, asked.start)
    assert slopes.intact == pytest.approx(intact, abs=2e-3)
    np.testing.assert_allclose(cuts, plain, atol=2e-3)
    assert np.abs(cuts - intact).max() > 0.01
    assert np.count_nonzero(slopes.integrated) == LAYERS * HEADS


@pytest.mark.parametrize("name", FAMILIES)
def test_contributions(name: str) -> None:
    model = FAMILIES[name].build()
    asked = [replace(each, weight="contribution") for each in families.requests()[:24]]
    if FAMILIES[name].why_hooks:
        assert FAMILIES[name].refusal("contribution"), "whoever reads by hooks reads no contributions"
        return
    with expecting(name, "contribution"), reading_shared(model) as reader:
        found = reader.read_all(asked, 64, lambda _: None)
    if FAMILIES[name].refusal("contribution"):
        return
    np.testing.assert_allclose(found, [contribution(model, each) for each in asked], rtol=1e-3, atol=1e-4)


def contribution(model: Any, asked: Any) -> np.ndarray:
    """Shares of attention times the lengths of values through the output projection, head by head, [layer, head]."""
    scores = np.zeros((LAYERS, HEADS))

    def look(attended: Attended) -> torch.Tensor:
        layer = attended.layer
        weight = weight_of(
            next(getattr(attended.module, each) for each in PROJECTIONS if hasattr(attended.module, each))
        )
        part = attended.values.shape[-1]
        for head in range(HEADS):
            written = attended.values[0, head] @ weight[:, head * part : (head + 1) * part].T.to(attended.values.dtype)
            weighed = attended.pattern[0, head, asked.statement.query] * written.norm(dim=-1)
            chosen = weighed[list(asked.statement.keys)].numpy()
            scores[layer, head] = families.AGGREGATIONS[asked.aggregation](chosen)
        return attended.output

    with torch.inference_mode(), attending(model, look):
        model(torch.tensor([asked.statement.tokens.ids]), use_cache=False)
    return scores


@pytest.mark.parametrize("name", FAMILIES)
def test_what_a_model_knows_is_what_whole_sequences_say(name: str) -> None:
    model, answers = FAMILIES[name].build(), {"two": (30, 22), "one": (40,), "three": (7, 8, 9)}
    rivals = {f"rival {token}": (token,) for token in range(50, 70)}
    queries = [Query(str(cut), IDS[:cut], answers, rivals, "one") for cut in (3, 5, 7)]
    for query, read in zip(queries, read_continuations(model, queries, lambda _: None), strict=True):
        plain = {thing: known(model, query.prefix, ids) for thing, ids in {**answers, **rivals}.items()}
        wanted = {thing: value for thing, value in plain.items() if thing in answers or value > plain["one"]}
        assert read == pytest.approx(wanted, abs=2e-3)


def known(model: Any, prefix: Sequence[int], ids: Sequence[int]) -> float:
    return likelihood(logits_of(model, (*prefix, *ids)), (*prefix, *ids), len(prefix))


@pytest.mark.parametrize("name", sorted({*FAMILIES} - {"xglm"}))
def test_every_model_can_be_read_in_float64_for_the_noise_floor(name: str) -> None:
    model, asked = FAMILIES[name].build(), [each.statement for each in families.requests()[:4]]
    single = scores_by(model, asked, "sum")
    np.testing.assert_allclose(scores_by(by_loops(model.double()), asked, "sum"), single, atol=1e-4)


def test_a_model_whose_code_knows_no_float64_has_a_noise_floor_without(
    tmp_path: Path, smollm_tokenizer: Tokenizer
) -> None:
    heard, asked = small.Heard(), families.requests()[:4]
    folder = small.save(FAMILIES["xglm"].build(), tmp_path / "tiny", smollm_tokenizer)
    opened = small.proven(folder, tmp_path / "cache", heard)
    statements = [each.statement for each in asked]
    captured = families.eager(FAMILIES["xglm"].build(), [replace(each, aggregation="sum") for each in asked])
    floor = _measure_noise(statements, captured.astype(np.float32), opened, "sum")
    assert floor.rounding is None
    assert floor.batching.max() < 5e-5
    assert any("cannot be read in float64" in line for line in heard.said)
