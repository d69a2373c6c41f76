"""Heads knocked out as the product does it, against one prompt and one head at a time.

Two heads of every layer are knocked out, one at a time, in pairs of the capitals. Both ways find the log-probabilities of
the same objects, and are held to each other before a clock starts. The clean run, of which ours needs one for any number of
heads, is part of what is timed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from benchmarks import contest
from benchmarks.capture import study
from benchmarks.contest import Benchmark, Contestant
from reportgen.facts.wordings import TEMPLATE
from reportgen.interventions.knockouts import TOLERANCE, knocking_out
from reportgen.interventions.prompts import Prompts, can_be_asked, prompts_of
from reportgen.models.load import open_eager
from reportgen.statements import twins

NAME = "knockout-vs-naive"
PAIRS, NAIVE_PAIRS, NAIVE_LAYERS = 24, 2, 6


@dataclass
class Counted:
    """Forward passes and knock-outs (a statement without a head) of one way, at its last run."""

    passes: int = 0
    knockouts: int = 0


OURS, NAIVE = Counted(), Counted()


@cache
def prompts() -> Prompts:
    plain = [statement for statement in study().statements if statement.fact.columns[TEMPLATE] == "1"]
    return prompts_of([pair for pair in twins(plain) if can_be_asked(pair)][:PAIRS], PAIRS)


def sets(model: Any) -> list[tuple[tuple[int, int], ...]]:
    """The layers' heads by turns, two a layer."""
    layers, heads = model.config.num_hidden_layers, model.config.num_attention_heads
    return [((layer, (layer + more) % heads),) for more in (0, heads // 2) for layer in range(layers)]


def few(model: Any) -> list[tuple[tuple[int, int], ...]]:
    """The sets that the naive way is tried on, from all depths."""
    layers = model.config.num_hidden_layers
    return sets(model)[: layers : layers // NAIVE_LAYERS]


def ours(model: Any) -> np.ndarray:
    """[set, pair, side]"""
    with knocking_out(model, prompts(), study().model.budget) as knockouts:
        replacing, _ = knockouts.replacing("zero", np.random.default_rng(0))
        found = knockouts.total(sets(model), replacing)
        OURS.passes, OURS.knockouts = knockouts.passes, found.size
    return found


@torch.inference_mode()
def naive(model: Any) -> np.ndarray:
    """[set, pair, side], of a few layers and the first pairs."""
    part, NAIVE.passes = model.config.head_dim, 0

    def silence(head: int) -> Callable[..., Any]:
        def before(_: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
            heads = inputs[0].clone()
            heads[..., head * part : (head + 1) * part] = 0
            return (heads,)

        return before

    found = []
    for ((layer, head),) in few(model):
        for pair in prompts().pairs[:NAIVE_PAIRS]:
            for asked in pair:
                hook = model.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(silence(head))
                tokens = torch.as_tensor(prompts().tokens[list(asked.path)])[None]
                likely = model(tokens).logits[0, asked.first :].log_softmax(-1)
                hook.remove()
                found.append(float(likely[range(len(asked.object)), list(asked.object)].sum()))
                NAIVE.passes += 1
    NAIVE.knockouts = len(found)
    return np.array(found).reshape(-1, NAIVE_PAIRS, 2)


def prepare() -> tuple[Contestant, Contestant]:
    model = study().model.plain(study().statements, "sum").model
    plain = open_eager(study().model.folder, "cpu")
    places = [sets(model).index(each) for each in few(model)]
    deviation = np.abs(ours(model)[places, :NAIVE_PAIRS] - naive(plain)).max()
    if not deviation <= TOLERANCE[torch.float32]:
        raise SystemExit(f"the log-probabilities differ by {deviation:.1e}")
    return Contestant(lambda: ours(model), OURS.knockouts), Contestant(lambda: naive(plain), NAIVE.knockouts)


BENCHMARK = Benchmark(NAME, 10.0, "plain transformers, one prompt and one head at a time", "knock-outs", prepare)


def run() -> str:
    """The line to print, with both ways' passes and times."""
    result = contest.run(BENCHMARK)
    ways = ((OURS, result.ours), (NAIVE, result.baseline))
    mine, theirs = (
        f"{counted.knockouts:,} knock-outs in {counted.passes:,} passes, {counted.knockouts / rate:.1f} s"
        for counted, rate in ways
    )
    return f"{result}\n    {mine}; naive: {theirs}"
