"""Scores of all requests: from the store where they are there, else from the model.

1. Every request has a key made of what its scores depend on: token ids, query position, key span and
   aggregation. The shelf that it stands on is named by the model's identity, the device and dtype, the code of
   this room and the versions of torch, transformers and TransformerLens. The shelf's shards are read one after the
   other, and of each only what is wanted stays (`answers`).
2. Requests whose scores are not on the shelf are gathered by their tokens, so that a statement that is measured in
   many ways goes through the model once, and captured in shards (`plan`). A shard is kept as soon as it is done, so a
   run that dies loses at most one, and the next makes the same shards.
3. A shard that another run has kept meanwhile is taken from it. Two runs that read the same shard at the same moment
   both keep it; either is whole.
4. When memory runs out, the passes get smaller (`thrift`).
5. Before a run captures anything it proves itself (`proof`); its record goes into each of its shards, so that
   a page can say where each of its numbers came from.

Changing one fact captures two statements; changing a title or α captures none and imports no torch.
"""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from reportgen import numbers, provenance
from reportgen.capture.answers import Answers
from reportgen.capture.opening import ProvenModel, Reading
from reportgen.capture.plan import Part, Plan
from reportgen.capture.record import CaptureRun, Scores, Shard
from reportgen.capture.request import Request
from reportgen.capture.thrift import Thrift
from reportgen.store import Store

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Captured:
    """Raw scores [request, layer, head] in the order of the requests, the runs that made them, oldest first, and how
    many statements went through the model just now."""

    values: Scores
    runs: tuple[CaptureRun, ...]
    fresh: int


def capture_each(wanted: Mapping[_Key, Sequence[Request]], model: ProvenModel) -> dict[_Key, Captured]:
    """The scores of several lists of requests, by their keys, all captured in one go. Raises what `capture` raises."""
    together = capture([request for requests in wanted.values() for request in requests], model)
    ends = np.cumsum([len(requests) for requests in wanted.values()])[:-1]
    pieces = np.split(together.values, ends)
    return {key: replace(together, values=values) for key, values in zip(wanted, pieces, strict=True)}


def capture(requests: Sequence[Request], model: ProvenModel) -> Captured:
    """The scores of all requests. Raises StudyError where the model cannot be opened or trusted, where a statement does
    not fit into memory, a score is not a number or the disk is full; the shards kept by then stay."""
    store, shelf = Store(model.cache), model.shelf("scores")
    answers = Answers(request.key for request in requests)
    for payload in store.entries(shelf):
        answers.take(Shard.from_bytes(payload))
    model.sought["scores"].update(answers.keys)
    missing = answers.unanswered()
    fresh = _capture(Plan(requests, missing), model, shelf, answers) if missing else 0
    return Captured(answers.values(), answers.runs, fresh)


def _capture(plan: Plan, model: ProvenModel, shelf: str, answers: Answers) -> int:
    """Fill up the answers, keeping every shard that is made for them; how many statements went through the model."""
    missing = plan.missing
    model.require(f"scores of {numbers.things(len(plan), 'statement')}")
    with model.reading([request.statement for request in missing], missing[0].aggregation) as reading:
        work = _Work(model, shelf, reading, Thrift(reading.reader, model.budget, model.progress))
        model.progress.say(plan.text(reading.route, work.reader.budget))
        done = fresh = 0
        try:
            with model.progress.counting("capture", len(plan), "statements") as advance:
                for part in plan.parts():
                    shard = work.kept_meanwhile(part, advance)
                    if shard is None:
                        shard = work.make(part, advance)
                        fresh += len(part)
                    answers.take(shard)
                    done += len(part)
        except KeyboardInterrupt:
            model.progress.say(plan.left_at(done))
            raise
    return fresh


@dataclass(frozen=True)
class _Work:
    """What makes shards: a reader that has proven itself, and the shelf that they go to."""

    model: ProvenModel
    shelf: str
    reading: Reading
    reader: Thrift

    def kept_meanwhile(self, part: Part, advance: Callable[[int], None]) -> Shard | None:
        """The shard, where another run has put it on the shelf since this one looked."""
        kept = Store(self.model.cache).get(self.shelf, part.key)
        if kept is None:
            return None
        advance(len(part))
        return Shard.from_bytes(kept)

    def make(self, part: Part, advance: Callable[[int], None]) -> Shard:
        """The shard from the model; when this returns, it is on the shelf."""
        began = time.perf_counter()
        values = self.reader.read_all(part.requests, advance)
        shard = Shard(part.keys, values, self._record(part, time.perf_counter() - began))
        Store(self.model.cache).put(self.shelf, part.key, shard.to_bytes())
        return shard

    def _record(self, part: Part, seconds: float) -> CaptureRun:
        return CaptureRun(
            finished=provenance.now().isoformat(),
            device=self.model.device,
            processor=provenance.processor(),
            dtype=self.model.section.arithmetic,
            versions=provenance.versions(provenance.CAPTURE_PACKAGES),
            route=self.reading.route,
            statements=len(part),
            tokens=part.tokens,
            computed=part.computed(self.reading.route, self.reader.budget),
            seconds=round(seconds, 3),
            proof=self.reading.proof,
        )
