"""What tiny random models of every family are asked, and what plain transformers say to it."""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from reportgen.capture.request import Request
from reportgen.facts.fact import Fact
from reportgen.models.tokenizer import Tokens
from reportgen.statements import Statement
from tests.family import BOS, EXPERIMENTS, HEADS, LAYERS, OWN_WAY, VOCABULARY, WINDOW, Experiment, Family, Refused
from tests.family_data import FAMILIES, REFUSED

__all__ = [
    "AGGREGATIONS",
    "BOS",
    "EXPERIMENTS",
    "FAMILIES",
    "HEADS",
    "LAYERS",
    "OWN_WAY",
    "REFUSED",
    "SHARED",
    "VOCABULARY",
    "WINDOW",
    "Experiment",
    "Family",
    "Refused",
]

Values = npt.NDArray[np.float64]

AGGREGATIONS = {"sum": np.sum, "mean": np.mean, "max": np.max}
SHARED = [name for name, family in FAMILIES.items() if not family.why_hooks]


def statement(ids: Sequence[int], query: int, keys: Sequence[int]) -> Statement:
    """Tokens, read from `query` to `keys`; their text lists them."""
    fact, text = Fact("s", "r", "o", True, "p", {}, "{subject} {object}"), " ".join(map(str, ids))
    tokens = Tokens(tuple(ids), ((0, 1),) * len(ids), ("t",) * len(ids))
    return Statement("p-true", fact, text, tokens, (0, 1), (0, 1), (0,), (0,), query, tuple(keys))


@cache
def sequences() -> tuple[tuple[int, ...], ...]:
    """Token sequences of 1 to 19 tokens: with shared beginnings of many lengths, some with a first token before them
    all, some that begin others and some that are there twice."""
    random = Random(0)
    made: list[tuple[int, ...]] = []
    for _ in range(2):
        opening = _drawn(random, 12)
        made += [opening[:cut] + _drawn(random, more) for cut in (0, 1, 3, 6, 9, 12) for more in (1, 2, 7)]
        made += [opening, opening, opening[:5], opening[:1], (BOS, *opening), (BOS, *opening[:5], *_drawn(random, 3))]
    return tuple(made)


@cache
def requests() -> tuple[Request, ...]:
    """Every sequence read from its last, its middle and its first position, to several key spans, by every
    aggregation, in no order."""
    random, asked = Random(1), []
    for ids in sequences():
        for query in {len(ids) - 1, len(ids) // 2, 0}:
            some = tuple(sorted({random.randint(0, query) for _ in range(3)}))
            for keys in {some, (0,), (query,)}:
                asked += [Request(statement(ids, query, keys), how) for how in AGGREGATIONS]  # type: ignore[arg-type]
    random.shuffle(asked)
    return tuple(asked)


def patterns(model: Any, ids: Sequence[int]) -> npt.NDArray[np.float32]:
    """The patterns [layer, head, query, key] of plain transformers for one sequence, alone and unpadded."""
    with torch.inference_mode():
        shown = model(torch.tensor([list(ids)]), output_attentions=True, use_cache=False).attentions
    return torch.stack([layer[0].float() for layer in shown]).numpy()


def eager(model: Any, asked: Sequence[Request]) -> Values:
    """The scores of requests, [request, layer, head], one statement at a time, by plain indexing."""
    known = {ids: patterns(model, ids) for ids in {request.statement.tokens.ids for request in asked}}
    scores = []
    for request in asked:
        read = known[request.statement.tokens.ids][:, :, request.statement.query, list(request.statement.keys)]
        scores.append(AGGREGATIONS[request.aggregation](read, axis=-1))
    return np.array(scores)


def _drawn(random: Random, count: int) -> tuple[int, ...]:
    return tuple(random.randrange(3, VOCABULARY) for _ in range(count))
