"""What heads do to a pair's answer, through what they read from the subject: from the store, else from the model.

1. An answer is asked for after the tokens that both twins share: the first token in which their objects differ comes
   next, and the logit of the true one minus that of the false one is the logit difference, in nats.
2. For every head: what it adds to that difference directly, through what it reads from the subject there
   (`direct_path`), and how the difference changes when its attention from there to the subject is taken away (`edges`).
3. For every window of layers: how the log-probability of the true token changes when all heads' attention from there to
   the subject is taken away, and to as many other tokens.
4. For every head and look (the query position and keys that a statement's attention is measured at): the
   Kullback–Leibler divergence of the next token's distribution from what it becomes when that attention is taken away.

Every answer and every look is an entry of its own, kept as soon as it is done. Knows no torch: what does is
`attribution_runs`.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.capture.opening import INTERVENTIONS, ProvenModel
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import Store, content_key

ROOM = f"{INTERVENTIONS}attribution"
_STEMS = 16

Ids = tuple[int, ...]
Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """Where a pair's answer is asked for: after `tokens`, of which some are the subject's; the token that is true comes
    next, or the one that is false. `others` are as many positions beside the subject's, none where there are too few;
    a window is so many layers."""

    tokens: Ids
    subject: tuple[int, ...]
    true: int
    false: int
    others: tuple[int, ...]
    window: int

    @property
    def key(self) -> str:
        """What decides the effects."""
        return content_key("answer", self.tokens, self.subject, self.true, self.false, self.others, self.window)


@dataclass(frozen=True)
class Look:
    """Attention that a study measures: from the last of these tokens to `keys`."""

    tokens: Ids
    keys: tuple[int, ...]

    @property
    def key(self) -> str:
        """What decides the divergences."""
        return content_key("look", self.tokens, self.keys)


@dataclass(frozen=True)
class AnswerEffects:
    """What is found of one answer: the logit difference as it is, `direct` contributions to it and changes of it by a `cut`
    edge, [layer, head]; changes of the true token's log-probability, [window], with the subject and with other tokens
    blocked (NaN where there are too few). All in nats."""

    difference: float
    direct: Map
    cut: Map
    windows: Map
    control: Map

    def to_bytes(self) -> bytes:
        """The record as NumPy keeps it."""
        return _packed(
            difference=np.array(self.difference),
            direct=self.direct,
            cut=self.cut,
            windows=self.windows,
            control=self.control,
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The record that `to_bytes` packed."""
        kept = _unpacked(payload)
        return cls(float(kept["difference"]), kept["direct"], kept["cut"], kept["windows"], kept["control"])


@dataclass(frozen=True)
class Divergences:
    """How far the next token's distribution moves when one head's look is taken away, [layer, head], in nats."""

    values: Map

    def to_bytes(self) -> bytes:
        """The record as NumPy keeps it."""
        return _packed(values=self.values)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The record that `to_bytes` packed."""
        return cls(_unpacked(payload)["values"])


Asked = Answer | Look
Record = AnswerEffects | Divergences
_R = TypeVar("_R", AnswerEffects, Divergences)


def attribute(
    answers: Sequence[Answer],
    looks: Sequence[Look],
    model: ProvenModel,
    statements: Sequence[Statement],
    aggregation: Aggregation,
) -> tuple[list[AnswerEffects], list[Divergences]]:
    """The effects of all answers and the divergences of all looks, in their order.

    Raises StudyError where the model cannot be opened, has no direct path or does not let its attention be cut.
    """
    store, shelf = Store(model.cache), model.shelf(ROOM)
    asked: list[Asked] = [*answers, *looks]
    model.sought[ROOM].update(one.key for one in asked)
    missing = [one for one in dict.fromkeys(asked) if store.get(shelf, one.key) is None]
    if missing:
        model.require(f"attribution of {numbers.things(len(missing), 'token sequence')}")
        _run(missing, store, shelf, model, statements, aggregation)
    return (
        [_read(store, shelf, answer.key, AnswerEffects) for answer in answers],
        [_read(store, shelf, look.key, Divergences) for look in looks],
    )


def _run(
    missing: Sequence[Asked],
    store: Store,
    shelf: str,
    model: ProvenModel,
    statements: Sequence[Statement],
    aggregation: Aggregation,
) -> None:
    from reportgen.interventions.attribution_runs import attributing  # noqa: PLC0415

    opened = model.plain(statements, aggregation).model
    model.progress.say("following what heads read from the subject to the answer")
    with (
        attributing(opened, missing[0].tokens) as run,
        model.progress.counting("attribute", len(missing), "sequences") as advance,
    ):
        for some in _alike(missing):
            run(some, _keeping(store, shelf, advance))


def _keeping(store: Store, shelf: str, advance: Callable[[int], None]) -> Callable[[Asked, Record], None]:
    def keep(asked: Asked, record: Record) -> None:
        store.put(shelf, asked.key, record.to_bytes())
        advance(1)

    return keep


def _alike(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    """A few at a time with equally many tokens, short ones first."""
    lengths: dict[int, list[Asked]] = {}
    for one in asked:
        lengths.setdefault(len(one.tokens), []).append(one)
    for length in sorted(lengths):
        for start in range(0, len(lengths[length]), _STEMS):
            yield lengths[length][start : start + _STEMS]


def _read(store: Store, shelf: str, key: str, kind: type[_R]) -> _R:
    payload = store.get(shelf, key)
    assert payload is not None, "it was there or has just been put there"
    return kind.from_bytes(payload)


def _packed(**arrays: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def _unpacked(payload: bytes) -> Mapping[str, npt.NDArray[Any]]:
    with np.load(io.BytesIO(payload), allow_pickle=False) as kept:
        return dict(kept)
