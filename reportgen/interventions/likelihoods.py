"""How likely a model finds given continuations of given texts: from the store where they are there, else from the model.

The log-probability of a continuation is Σ log p(token | all tokens before it) over its tokens, in nats. It depends on the
token ids alone, which are its key in a shard. `capture.continuations` does the reading, with plain transformers; what texts
have in common is run once. A shard is kept as soon as it is done.
"""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.capture.knowing import Ids, Query
from reportgen.capture.opening import ProvenModel
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import Store, content_key

ROOM = "interventions/likelihoods"
SHARD = 256
SHARD_CONTINUATIONS = 2**13


@dataclass(frozen=True)
class Continuation:
    """Tokens that may come after a text's tokens; neither is empty."""

    text: Ids
    tokens: Ids

    @cached_property
    def key(self) -> str:
        """What its log-probability depends on."""
        return content_key(self.text, self.tokens)


def read_likelihoods(
    asked: Sequence[Continuation], model: ProvenModel, sample: Sequence[Statement], aggregation: Aggregation
) -> npt.NDArray[np.float64]:
    """The log-probability of each continuation, nats, in their order. The model is opened, where it has to be, with the
    study's statements as the `sample` that it proves itself on.

    Raises StudyError where the model cannot be opened, or a log-probability is not a number.
    """
    wanted = {one.key: one for one in asked}
    known = _read_shelf(model, wanted)
    missing = [one for key, one in wanted.items() if key not in known]
    if missing:
        model.require(f"likelihoods of {numbers.things(len(missing), 'continuation')}")
        known |= _ask(missing, model, sample, aggregation)
    return np.array([known[one.key] for one in asked], dtype=np.float64)


def unkept(asked: Sequence[Continuation], model: ProvenModel) -> int:
    """How many of these the model would have to be asked about now. Opens no model."""
    wanted = {one.key for one in asked}
    return len(wanted - _read_shelf(model, wanted).keys())


def count_tokens(asked: Sequence[Continuation]) -> tuple[int, int]:
    """How many texts go through a model for these, and how many tokens: a continuation's last token is not run."""
    texts = {one.text for one in asked}
    further = {one.key: len(one.tokens) - 1 for one in asked}
    return len(texts), sum(map(len, texts)) + sum(further.values())


def _read_shelf(model: ProvenModel, wanted: Container[str]) -> dict[str, float]:
    """What is known of those wanted. Results that are left elsewhere take along the shards that have any of it."""
    known: dict[str, float] = {}
    for name, payload in Store(model.cache).items(model.shelf(ROOM)):
        found = {key: value for key, value in json.loads(payload).items() if key in wanted}
        if found:
            model.sought[ROOM].add(name)
            known |= found
    return known


def _ask(
    missing: Sequence[Continuation], model: ProvenModel, sample: Sequence[Statement], aggregation: Aggregation
) -> Mapping[str, float]:
    from reportgen.capture.continuations import read_continuations  # noqa: PLC0415

    queries = list(_queries(missing))
    opened = model.plain(sample, aggregation).model
    store, shelf = Store(model.cache), model.shelf(ROOM)
    found: dict[str, float] = {}
    with model.progress.counting("likelihoods", len(queries), "texts") as advance:
        for some in _shards(queries):
            shard: dict[str, float] = {}
            for likelihoods in read_continuations(opened, some, advance):
                shard |= likelihoods
            name = content_key(sorted(shard))
            store.put(shelf, name, json.dumps(shard).encode())
            model.sought[ROOM].add(name)
            found |= shard
    return found


def _shards(queries: Sequence[Query]) -> Iterator[list[Query]]:
    """Up to `SHARD` texts at a time, with `SHARD_CONTINUATIONS` or as many as the last of them has more."""
    shard: list[Query] = []
    continuations = 0
    for query in queries:
        shard.append(query)
        continuations += len(query.answers)
        if len(shard) == SHARD or continuations >= SHARD_CONTINUATIONS:
            yield shard
            shard, continuations = [], 0
    if shard:
        yield shard


def _queries(missing: Sequence[Continuation]) -> Iterator[Query]:
    """One for each text, those that begin alike in one shard; a continuation is named by its key. Nothing is given up for
    being less likely than the first, which is the bar only so that progress counts each text."""
    texts: dict[Ids, dict[str, Ids]] = {}
    for one in missing:
        texts.setdefault(one.text, {})[one.key] = one.tokens
    for text in sorted(texts):
        yield Query(fact="", prefix=text, answers=texts[text], rivals={}, bar=next(iter(texts[text])))
