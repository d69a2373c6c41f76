"""Gradients by the attention of all heads as the product computes them, against one prompt and one head at a time.

Both give, for a prompt of specs/capitals.yml and a head, the gradient of the object's log-probability by the head's attention
to the subject. That they are equal is checked before a clock starts; the model is open by then.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from benchmarks.contest import Benchmark, Contestant
from benchmarks.made_up import SPEC, model_cache
from reportgen.capture.opening import ProvenModel
from reportgen.interventions.attending import Attended, attending
from reportgen.interventions.backward import Backward, alike, differentiable, parts
from reportgen.interventions.gradients import Asked
from reportgen.knowledge import is_asked
from reportgen.models.load import open_eager
from reportgen.progress import Silent
from reportgen.spec.load import load_spec
from reportgen.study import plan_study

PROMPTS = 64
NAIVE_PROMPTS, NAIVE_HEADS = 2, 15
TOLERANCE = 1e-3

Place = tuple[int, int]
Gradients = dict[Asked, np.ndarray]


@cache
def prompts() -> tuple[ProvenModel, list[Asked]]:
    """The model, not yet opened, and the objects that it is asked for."""
    plan = plan_study(load_spec(SPEC), model_cache(), None, Silent())
    true = [one for one in plan.statements.statements if one.fact.truth and is_asked(one)][:PROMPTS]
    model = ProvenModel(plan.source, plan.file.spec.model, model_cache(), Silent())
    return model, [Asked.of(statement) for statement in true]


def together(backward: Backward, asked: Sequence[Asked], budget: int) -> Gradients:
    """By each subject's tokens summed, [layer, head], in passes of so many tokens."""
    found: Gradients = {}
    for group in alike(asked):
        for some in parts(group, budget // len(group[0].tokens)):
            slopes = torch.stack([layer.sum(-1) for layer in backward.intact(some).slopes], 1).cpu().numpy()
            found |= dict(zip(some, slopes, strict=True))
    return found


def one_by_one(model: Any, asked: Sequence[Asked], heads: Sequence[Place]) -> np.ndarray:
    """The same, [object, head]: the pattern of one head is the leaf of one backward pass."""
    return np.array([[_alone(model, one, *place) for place in heads] for one in asked])


def _alone(model: Any, one: Asked, layer: int, head: int) -> float:
    more: list[torch.Tensor] = []

    def watch(attended: Attended) -> torch.Tensor:
        if attended.layer != layer:
            return attended.output
        more.append(torch.zeros_like(attended.pattern[0, head], requires_grad=True))
        pattern = attended.pattern.clone()
        pattern[0, head] = pattern[0, head] + more[0]
        return attended.through(pattern)

    with torch.enable_grad(), attending(model, watch):
        likely = model(torch.tensor([one.tokens], device=model.device), use_cache=False).logits[0].log_softmax(-1)
        reached = sum(likely[place - 1, one.tokens[place]] for place in range(one.start, len(one.tokens)))
        (slope,) = torch.autograd.grad(reached, more)
    return float(slope[one.query, list(one.subject)].sum())


def against_naive() -> tuple[Contestant, Contestant]:
    """All heads of all prompts by us, some heads of some prompts one at a time."""
    model, asked = prompts()
    plain = open_eager(model.folder, model.device).requires_grad_(False)
    with differentiable(model) as backward:
        places = [(layer, head) for layer in range(backward.layers) for head in range(backward.heads)]
        few, heads = asked[:NAIVE_PROMPTS], places[:: len(places) // NAIVE_HEADS]
        ours, naive = together(backward, asked, model.budget), one_by_one(plain, few, heads)
        deviation = max(
            abs(ours[one][place] - naive[row, column])
            for row, one in enumerate(few)
            for column, place in enumerate(heads)
        )
        if not deviation <= TOLERANCE * np.abs(naive).max():
            raise SystemExit(f"the gradients differ by {deviation:.1e}, more than rounding explains")
        return (
            Contestant(lambda: together(backward, asked, model.budget), len(asked) * len(places)),
            Contestant(lambda: one_by_one(plain, few, heads), len(few) * len(heads)),
        )


BENCHMARK = Benchmark("gradient-vs-naive", 10.0, "one prompt and one head at a time", "gradients", against_naive)
