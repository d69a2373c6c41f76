"""What becomes of a study's answers when heads are knocked out: from the store, else from the model (`knockouts`).

Sets of heads are asked about in pieces of a few, those of like lowest layer together. Each piece is an entry of the store,
kept as soon as it is done, so that an experiment that is interrupted goes on where it was. Knows no torch.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.capture.opening import INTERVENTIONS, ProvenModel
from reportgen.interventions.prompts import Prompts
from reportgen.spec.experiments import Ablation
from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import Store, content_key

ROOM = f"{INTERVENTIONS}knockout"
SETS_A_PIECE = 16

HeadSet = tuple[tuple[int, int], ...]
Effect = Literal["total", "direct"]
LogProbabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Removal:
    """Heads that are knocked out, in which way, and whether all that follows counts or what they write themselves alone.

    No heads at all stand for the clean run.
    """

    heads: HeadSet
    ablation: Ablation = "zero"
    effect: Effect = "total"


@dataclass(frozen=True)
class _Answer:
    """The log-probabilities of objects, [set, pair, side], for how many pairs an exchange had to take the mean, and why there
    are no direct effects (or nothing)."""

    values: LogProbabilities
    lonely: int
    why: str

    def to_bytes(self) -> bytes:
        """The record as NumPy keeps it."""
        kept = io.BytesIO()
        np.savez(kept, values=self.values, lonely=np.array(self.lonely), why=np.array(self.why))
        return kept.getvalue()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The record that `to_bytes` packed."""
        with np.load(io.BytesIO(payload), allow_pickle=False) as kept:
            return cls(kept["values"], int(kept["lonely"]), str(kept["why"]))


@dataclass(frozen=True)
class Removed:
    """The log-probabilities of the objects, [pair, side] with the true one first, by what was removed. `lonely` is, by
    ablation, in how many pairs an exchange had to take the mean; `no_direct` says why there are no direct effects."""

    by_removal: Mapping[Removal, LogProbabilities]
    lonely: Mapping[Ablation, int]
    no_direct: str

    @property
    def clean(self) -> LogProbabilities:
        """With nothing removed."""
        return self.by_removal[Removal(())]

    def of(self, removals: Sequence[Removal]) -> LogProbabilities:
        """With each of these removed, [removal, pair, side]."""
        return np.stack([self.by_removal[removal] for removal in removals])


@dataclass(frozen=True)
class _Piece:
    """Sets that are removed alike and together."""

    removals: tuple[Removal, ...]

    @property
    def ablation(self) -> Ablation:
        return self.removals[0].ablation

    @property
    def effect(self) -> Effect:
        return self.removals[0].effect

    @property
    def sets(self) -> tuple[HeadSet, ...]:
        return tuple(removal.heads for removal in self.removals)

    def key(self, prompts: Prompts, seed: int) -> str:
        """What decides the answer. Only an exchange draws anything."""
        return content_key(
            prompts.key, self.ablation, self.effect, self.sets, seed if self.ablation == "resample" else 0
        )


def remove(
    removals: Sequence[Removal],
    prompts: Prompts,
    model: ProvenModel,
    statements: Sequence[Statement],
    aggregation: Aggregation,
    seed: int,
) -> Removed:
    """The answers for each removal, and the clean ones. `statements` are the study's, of which some prove the model when it
    is opened.

    Raises StudyError where the model cannot be opened, or its heads not be knocked out.
    """
    store, shelf = Store(model.cache), model.shelf(ROOM)
    pieces = list(_pieces((Removal(()), *removals)))
    keys = [piece.key(prompts, seed) for piece in pieces]
    model.sought[ROOM].update(keys)
    found = {key: _Answer.from_bytes(payload) for key in keys if (payload := store.get(shelf, key)) is not None}
    lacking = [(key, piece) for key, piece in zip(keys, pieces, strict=True) if key not in found]
    if lacking:
        sets = sum(len(piece.removals) for _, piece in lacking)
        model.require(f"answers with {numbers.things(sets, 'set')} of heads knocked out")
        for key, answer in _ask(lacking, prompts, model, statements, aggregation, seed):
            store.put(shelf, key, answer.to_bytes())
            found[key] = answer
    return _together([(piece, found[key]) for key, piece in zip(keys, pieces, strict=True)])


def _pieces(removals: Sequence[Removal]) -> Iterator[_Piece]:
    """Each removal once."""
    alike: dict[tuple[Ablation, Effect], list[Removal]] = {}
    for removal in dict.fromkeys(removals):
        alike.setdefault((removal.ablation, removal.effect), []).append(removal)
    for some in alike.values():
        some.sort(key=lambda removal: min(removal.heads, default=(-1, -1))[0])
        for start in range(0, len(some), SETS_A_PIECE):
            yield _Piece(tuple(some[start : start + SETS_A_PIECE]))


def _ask(
    lacking: Sequence[tuple[str, _Piece]],
    prompts: Prompts,
    model: ProvenModel,
    statements: Sequence[Statement],
    aggregation: Aggregation,
    seed: int,
) -> Iterator[tuple[str, _Answer]]:
    """The answers, piece by piece."""
    from reportgen.interventions.knockouts import knocking_out  # noqa: PLC0415

    opened = model.plain(statements, aggregation).model
    total = sum(len(piece.removals) for _, piece in lacking)
    model.progress.say(f"knocking out {numbers.things(total, 'set')} of heads")
    with (
        knocking_out(opened, prompts, model.budget) as knockouts,
        model.progress.counting("knock out", total, "head sets") as advance,
    ):
        for key, piece in lacking:
            replacing, lonely = knockouts.replacing(piece.ablation, np.random.default_rng([seed, 5]))
            run = knockouts.total if piece.effect == "total" else knockouts.direct
            yield key, _Answer(run(piece.sets, replacing), lonely, knockouts.no_direct)
            advance(len(piece.removals))


def _together(answered: Sequence[tuple[_Piece, _Answer]]) -> Removed:
    return Removed(
        by_removal={
            removal: values
            for piece, answer in answered
            for removal, values in zip(piece.removals, answer.values, strict=True)
        },
        lonely={piece.ablation: answer.lonely for piece, answer in answered},
        no_direct=answered[0][1].why,
    )
