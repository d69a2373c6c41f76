"""Log-probabilities of continuations, in which what continuations share is run once and what cannot matter is not run.

1. Prefixes of one length are run as one batch. That gives the log-probability of every next token, and a cache of keys
   and values to go on from.
2. All continuations take one step: the log-probability of their next token is added to their sum. Those whose tokens
   are used up are done. A sum can only fall, so a rival whose sum is below the bar that it has to reach is given up.
3. The tokens that the others have just read are run, one token a row, once for all continuations that agree up to
   there; each row starts from a copy of its parent's row of the cache. Then back to 2.

No row of any batch is longer than another, so nothing is padded. Models are plain transformers, in float32; sums are
in float64.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from reportgen.capture.batches import plan_batches
from reportgen.capture.knowing import Ids, Query
from reportgen.errors import StudyError

ROWS_PER_PASS = 256


@dataclass(frozen=True)
class _Walk:
    """How far the reading of one continuation has come.

    `row` is where the tokens read so far stand in the present pass, `total` the sum of their log-probabilities, and
    `bar` what a rival's sum has to reach to be read on.
    """

    query: int
    object: str
    tokens: Ids
    row: int
    bar: float
    steps: int = 0
    total: float = 0.0

    @property
    def next(self) -> int:
        """The token to be read next."""
        return self.tokens[self.steps]

    @property
    def is_done(self) -> bool:
        """Whether all tokens have been read."""
        return self.steps == len(self.tokens)


class _Pass:
    """Sequences of one length that have been run: what comes next after each, [row, token], and where to go on from."""

    def __init__(self, model: Any, sequences: Sequence[Sequence[int]], cache: Any = None) -> None:
        tokens = torch.tensor(sequences, device=model.device)
        output = model(tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
        self._model, self._cache = model, output.past_key_values
        self._next = output.logits[:, -1].float().log_softmax(-1)

    def likelihoods(self, walks: Sequence[_Walk]) -> npt.NDArray[np.float64]:
        """The log-probability of each walk's next token, [walk]. Raises StudyError where one is not a number."""
        values = self._next[[walk.row for walk in walks], [walk.next for walk in walks]].cpu().double()
        if values.isnan().any():
            raise StudyError(
                f"the log-probability of “{walks[int(values.isnan().nonzero()[0])].object}” is not a number, in float32. "
                "The weights may be damaged, or the model's numbers too large for this kernel; try another device."
            )
        found: npt.NDArray[np.float64] = values.numpy()
        return found

    def extended(self, steps: Sequence[tuple[int, int]]) -> Self:
        """Some of these sequences, each with one more token; `steps` gives their rows and the tokens."""
        cache = copy.deepcopy(self._cache)
        cache.batch_select_indices(torch.tensor([row for row, _ in steps], device=self._model.device))
        return type(self)(self._model, [(token,) for _, token in steps], cache)


def read_continuations(model: Any, queries: Sequence[Query], advance: Callable[[int], None]) -> list[dict[str, float]]:
    """The log-probabilities of each query's answers, and of the rivals that reach its bar, by object, in nats.

    `advance` is told of the facts that are done, a batch at a time. Raises StudyError where a log-probability is not
    a number.
    """
    found: dict[int, dict[str, float]] = {}
    with torch.inference_mode():
        for batch in _batches(queries):
            chosen = [queries[index] for index in batch]
            found |= zip(batch, _read(model, chosen), strict=True)
            advance(sum(query.bar != "" for query in chosen))
    return [found[index] for index in range(len(queries))]


def _batches(queries: Sequence[Query]) -> Iterator[list[int]]:
    """Indices of queries whose prefixes have the same number of tokens, the shortest first."""
    alike: dict[int, list[int]] = {}
    for index, query in enumerate(queries):
        alike.setdefault(len(query.prefix), []).append(index)
    for length in sorted(alike):
        for batch in plan_batches([length] * len(alike[length])):
            yield [alike[length][place] for place in batch]


def _read(model: Any, queries: Sequence[Query]) -> list[dict[str, float]]:
    prefixes = _Pass(model, [query.prefix for query in queries])
    found: list[dict[str, float]] = [{} for _ in queries]
    answers = [walk for row, query in enumerate(queries) for walk in _begun(row, query.answers, -np.inf)]
    for walk in _follow(prefixes, answers):
        found[walk.query][walk.object] = walk.total
    rivals = [
        walk for row, query in enumerate(queries) for walk in _begun(row, query.rivals, found[row].get(query.bar))
    ]
    for walk in _follow(prefixes, rivals):
        found[walk.query][walk.object] = walk.total
    return found


def _begun(row: int, continuations: Mapping[str, Ids], bar: float | None) -> Iterator[_Walk]:
    for thing, tokens in continuations.items():
        assert bar is not None, "a query with rivals has their bar among its answers"
        yield _Walk(row, thing, tokens, row, bar)


def _follow(passed: _Pass, walks: Sequence[_Walk]) -> Iterator[_Walk]:
    """Walk on to the end of every continuation that does not fall to its bar before; walks come out as they are done."""
    if not walks:
        return
    stepped = [
        replace(walk, steps=walk.steps + 1, total=walk.total + float(likelihood))
        for walk, likelihood in zip(walks, passed.likelihoods(walks), strict=True)
    ]
    standing = [walk for walk in stepped if walk.total >= walk.bar]
    yield from (walk for walk in standing if walk.is_done)
    branches: dict[tuple[int, int], list[_Walk]] = {}
    for walk in standing:
        if not walk.is_done:
            branches.setdefault((walk.row, walk.tokens[walk.steps - 1]), []).append(walk)
    for start in range(0, len(branches), ROWS_PER_PASS):
        steps = list(branches)[start : start + ROWS_PER_PASS]
        onward = [replace(walk, row=row) for row, step in enumerate(steps) for walk in branches[step]]
        yield from _follow(passed.extended(steps), onward)
