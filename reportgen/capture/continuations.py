"""Log-probabilities of continuations, in which what continuations share is run once and what cannot matter is not run.

1. A branch stands for the continuations of a query that agree in their first tokens, none of them at the beginning,
   where it has run the prefix but for its last token. Its last token is run as one row (`nodes`), which gives the
   log-probability of every next token. These are added to the branch's sum, and it parts into new branches.
2. Continuations whose tokens are used up are done. A sum can only fall, so rivals whose sum is below the bar that they
   have to reach are given up. First come all answers, which say what the bars are, then all rivals.
3. Branches wait on a stack. A pass takes those on top, whatever their query and depth, so that passes are full. As the
   newest go first, few nodes are needed at a time; those from which no branch goes on any more are written over.
4. Before that, the prefixes but for their last tokens are run: what all begin with once, then the rest of each, those of
   one length together.
5. The answers of the query that was padded most are read again, each in a whole sequence of its own. Where they differ, or
   where a model keeps no keys and values at all (one with a state beside them, say), all is read in whole sequences.

Models are plain transformers, logits in float32; sums are in float64.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch

from reportgen.capture.knowing import Ids, Query
from reportgen.capture.looks import remedy_for
from reportgen.capture.nodes import Nodes, NothingKeptError, Path
from reportgen.capture.tree import shared
from reportgen.errors import StudyError

TOKENS_PER_PASS = 512
KEYS_PER_PASS = 2**14
STEM_NODES = 2**11
TOLERANCE = {torch.float32: 2e-3, torch.float16: 0.1, torch.bfloat16: 0.5}
"""By how many nats a log-probability may differ from that of a whole sequence."""


@dataclass(frozen=True)
class _Branch:
    """Those of a query's `continuations`, by `objects`, that agree in their first `depth` tokens.

    Of the prefix and these tokens the last, `token`, is to be run after `path`, where the others are. `total` is the
    log-probability of these tokens, and a branch whose total is below `bar` is not followed.
    """

    query: int
    continuations: Mapping[str, Ids]
    objects: Sequence[str]
    path: Path
    token: int
    bar: float
    depth: int = 0
    total: float = 0.0

    @property
    def parts(self) -> dict[int, list[str]]:
        """Its objects by their next token."""
        parts: dict[int, list[str]] = {}
        for thing in self.objects:
            parts.setdefault(self.continuations[thing][self.depth], []).append(thing)
        return parts

    def grown(self, path: Path, token: int, objects: Sequence[str], likelihood: float) -> Self:
        """The branch of those objects whose next token is this one."""
        return replace(
            self, path=path, token=token, objects=objects, depth=self.depth + 1, total=self.total + likelihood
        )


def read_continuations(model: Any, queries: Sequence[Query], advance: Callable[[int], None]) -> list[dict[str, float]]:
    """The log-probabilities of each query's answers, and of the rivals that reach its bar, by object, in nats.

    `advance` is told of the facts that are done. Raises StudyError where a log-probability is not a number.
    """
    found: dict[int, dict[str, float]] = {}
    with torch.inference_mode():
        for chosen in _batches(queries):
            found |= zip(chosen, _read(model, [queries[index] for index in chosen], advance), strict=True)
    return [found[index] for index in range(len(queries))]


def _read(model: Any, queries: Sequence[Query], advance: Callable[[int], None]) -> list[dict[str, float]]:
    told = 0

    def tell(more: int) -> None:
        nonlocal told
        told += more
        advance(more)

    number = min(range(len(queries)), key=lambda number: len(queries[number].prefix))
    try:
        found = _Reading(model, queries).read(tell)
        if _agrees(model, queries[number], found[number]):
            return found
    except NothingKeptError:
        pass
    left = sum(query.bar != "" for query in queries) - told
    whole = []
    for query in queries:
        whole.append(_read_whole(model, query))
        if query.bar and left:
            left -= 1
            advance(1)
    return whole


def _agrees(model: Any, query: Query, found: Mapping[str, float]) -> bool:
    """Whether the answers are as likely in whole sequences."""
    whole = _read_whole(model, replace(query, rivals={}))
    return all(abs(found[thing] - likelihood) <= TOLERANCE[model.dtype] for thing, likelihood in whole.items())


def _read_whole(model: Any, query: Query) -> dict[str, float]:
    """The log-probabilities of a query's answers and of the rivals that reach its bar, each from a sequence of its own."""
    found = {thing: _likelihood(model, query.prefix, tokens, thing) for thing, tokens in query.answers.items()}
    rivals = {thing: _likelihood(model, query.prefix, tokens, thing) for thing, tokens in query.rivals.items()}
    return found | {thing: likelihood for thing, likelihood in rivals.items() if likelihood >= found[query.bar]}


def _likelihood(model: Any, prefix: Ids, tokens: Ids, thing: str) -> float:
    ids = torch.tensor([[*prefix, *tokens[:-1]]], device=model.device)
    logits = model(ids, use_cache=False).logits[0, len(prefix) - 1 :].float()
    wanted = torch.tensor(tokens, device=logits.device)[:, None]
    likelihood = float((logits.gather(-1, wanted)[:, 0] - logits.logsumexp(-1)).double().sum())
    _require_number(likelihood, thing, _arithmetic(model))
    return likelihood


def _batches(queries: Sequence[Query]) -> Iterator[list[int]]:
    """Indices of queries with like prefixes, of no more than `STEM_NODES` tokens beside what all begin with.

    A prefix that is longer is a batch of its own.
    """
    batch: list[int] = []
    opening: Ids = ()
    tokens = 0
    for index in sorted(range(len(queries)), key=lambda index: queries[index].prefix):
        prefix = queries[index].prefix
        begun = opening[: shared(opening, prefix)] if batch else prefix
        if batch and tokens + len(prefix) - len(begun) * (len(batch) + 1) > STEM_NODES:
            yield batch
            batch, begun, tokens = [], prefix, 0
        batch.append(index)
        opening, tokens = begun, tokens + len(prefix)
    if batch:
        yield batch


class _Reading:
    """The reading of some queries. `found` is what is known so far, by query and object."""

    def __init__(self, model: Any, queries: Sequence[Query]) -> None:
        self._nodes, self._queries = Nodes(model), queries
        self._arithmetic = _arithmetic(model)
        self.found: list[dict[str, float]] = [{} for _ in queries]
        self._stems = self._run_stems()

    def read(self, advance: Callable[[int], None]) -> list[dict[str, float]]:
        """The log-probabilities of all answers, and of the rivals that reach their bar."""
        numbered = list(enumerate(self._queries))
        self._follow([self._begun(number, query.answers, -math.inf) for number, query in numbered], lambda _: None)
        advance(sum(query.bar != "" and not query.rivals for query in self._queries))
        ranked = [
            self._begun(number, query.rivals, self.found[number][query.bar])
            for number, query in numbered
            if query.rivals
        ]
        self._follow(ranked, advance)
        return self.found

    def _run_stems(self) -> dict[Ids, Path]:
        """Run all prefixes but for their last tokens; the path of each."""
        stems = sorted({query.prefix[:-1] for query in self._queries})
        opening = stems[0][: shared(stems[0], stems[-1])]
        begun = self._nodes.run([()], [opening])[0][0] if opening else ()
        paths = {opening: begun}
        for stem in _alike(stems, len(opening)):
            longer, _ = self._nodes.run([begun] * len(stem), [tokens[len(opening) :] for tokens in stem])
            paths |= zip(stem, longer, strict=True)
        return paths

    def _begun(self, number: int, continuations: Mapping[str, Ids], bar: float) -> _Branch:
        *stem, token = self._queries[number].prefix
        return _Branch(number, continuations, tuple(continuations), self._stems[tuple(stem)], token, bar)

    def _follow(self, begun: Sequence[_Branch], advance: Callable[[int], None]) -> None:
        """Follow every continuation to its end or below its bar; `advance` is told of the queries that are done."""
        stack = [branch for branch in begun if branch.objects]
        left = len(stack)
        while stack:
            rows = _rows(1, max(len(branch.path) for branch in stack) + 1)
            needed = {id(branch.path): branch.path for branch in stack}  # branches of one origin share the object
            self._nodes.keep([*self._stems.values(), *needed.values()])
            stack, taken = stack[:-rows], stack[-rows:]
            stack += self._part(taken)
            before, left = left, len({branch.query for branch in stack})
            advance(before - left)

    def _part(self, branches: Sequence[_Branch]) -> Iterator[_Branch]:
        """What these branches part into; continuations that are done are written down."""
        paths, following = self._nodes.run(
            [branch.path for branch in branches], [(branch.token,) for branch in branches]
        )
        parts = [(row, *part) for row, branch in enumerate(branches) for part in branch.parts.items()]
        likelihoods = following.of([row for row, _, _ in parts], [token for _, token, _ in parts])
        for (row, token, objects), likelihood in zip(parts, likelihoods, strict=True):
            _require_number(likelihood, objects[0], self._arithmetic)
            grown = branches[row].grown(paths[row], token, objects, likelihood)
            if grown.total >= grown.bar:
                done = [thing for thing in objects if len(grown.continuations[thing]) == grown.depth]
                self.found[grown.query].update(dict.fromkeys(done, grown.total))
                if len(done) < len(objects):
                    yield replace(grown, objects=[thing for thing in objects if thing not in done])


def _alike(stems: Sequence[Ids], run: int) -> Iterator[list[Ids]]:
    """Stems of one length, as many as a pass takes, that have more than the first `run` tokens to run."""
    lengths: dict[int, list[Ids]] = {}
    for stem in stems:
        if len(stem) > run:
            lengths.setdefault(len(stem), []).append(stem)
    for length, some in lengths.items():
        rows = _rows(length - run, length)
        for start in range(0, len(some), rows):
            yield some[start : start + rows]


def _rows(new: int, length: int) -> int:
    """How many rows of so many new tokens a pass takes where the longest path has so many tokens."""
    return max(1, min(TOKENS_PER_PASS // new, KEYS_PER_PASS // length))


def _arithmetic(model: Any) -> str:
    return str(model.dtype).removeprefix("torch.")


def _require_number(likelihood: float, thing: str, arithmetic: str) -> None:
    if math.isnan(likelihood):
        raise StudyError(f"the log-probability of “{thing}” is not a number, in {arithmetic}. {remedy_for(arithmetic)}")
