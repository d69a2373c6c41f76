"""How rows of attention become scores: which rows are read, which of their keys count, how these become one number."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import torch

from reportgen.capture.request import Reduction, Request, Weight
from reportgen.errors import StudyError

Spot = tuple[int, int]
_Key = TypeVar("_Key", bound=Hashable)


class NotFiniteError(StudyError):
    """A score is not a finite number, which another way of reading would not mend."""


@dataclass(frozen=True)
class Looks:
    """Which scores are read out of a piece of attention [row, head, column, key].

    Each look is one row of attention and a key span: `rows` and `columns` [look] pick the first, `keys` [look, 1, key]
    is the second. The request at `places[i]` takes its score at look `which[i]`, made in `ways[how[i]]`.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    keys: torch.Tensor
    ways: tuple[tuple[Reduction, Weight], ...]
    how: torch.Tensor
    which: torch.Tensor
    places: torch.Tensor

    @classmethod
    def of(
        cls,
        spots: Sequence[Spot],
        places: Sequence[int],
        requests: Sequence[Request],
        length: int,
        device: torch.device,
    ) -> Self:
        """The looks of the requests at some `places`, each answered at its spot (row, column) over `length` keys."""
        asked = [requests[place] for place in places]
        looks = _numbered((*spot, request.statement.keys) for spot, request in zip(spots, asked, strict=True))
        ways = _numbered((request.aggregation, request.weight) for request in asked)
        which = [looks[*spot, request.statement.keys] for spot, request in zip(spots, asked, strict=True)]
        return cls(
            rows=torch.tensor([row for row, _, _ in looks], device=device),
            columns=torch.tensor([column for _, column, _ in looks], device=device),
            keys=key_mask([keys for _, _, keys in looks], length).to(device),
            ways=tuple(ways),
            how=torch.tensor([ways[request.aggregation, request.weight] for request in asked], device=device),
            which=torch.tensor(which, device=device),
            places=torch.tensor(places, device=device),
        )

    @property
    def weighs(self) -> bool:
        """Whether any score is a contribution, for which `scores` needs lengths."""
        return any(weight == "contribution" for _, weight in self.ways)

    def scores(self, attention: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Each request's score at every head, [request, head], from `attention` [row, head, column, key].

        `lengths` [row, head, key] are those of what each head would write.
        """
        shares = attention[self.rows, :, self.columns].float()
        weighted = shares if lengths is None else shares * lengths[self.rows]
        found = [aggregate(shares if way[1] == "attention" else weighted, self.keys, way[0]) for way in self.ways]
        return torch.stack(found)[self.how, self.which]


def _numbered(keys: Iterable[_Key]) -> dict[_Key, int]:
    return {key: number for number, key in enumerate(dict.fromkeys(keys))}


def key_mask(spans: Sequence[Sequence[int]], length: int) -> torch.Tensor:
    """Which of `length` positions are in each key span, [look, 1, key]."""
    keys = torch.zeros(len(spans), 1, length, dtype=torch.bool)
    for row, span in enumerate(spans):
        keys[row, 0, list(span)] = True
    return keys


def aggregate(row: torch.Tensor, keys: torch.Tensor, aggregation: Reduction) -> torch.Tensor:
    """Attention `row` [look, head, key] over the key span `keys` [look, 1, key] → [look, head]."""
    inside = row.masked_fill(~keys, 0.0)
    if aggregation == "max":
        return inside.amax(dim=-1)
    total = inside.sum(dim=-1)
    if aggregation == "entropy":
        return _evenness(inside / total.clamp_min(torch.finfo(total.dtype).tiny)[..., None], keys.sum(dim=-1))
    return total if aggregation == "sum" else total / keys.sum(dim=-1)


def _evenness(shares: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """The entropy of `shares` [look, head, key] as a part of the most that so many `tokens` [look, 1] allow."""
    entropy: torch.Tensor = torch.special.entr(shares).sum(dim=-1)
    return entropy / tokens.clamp_min(2).log()


def require_finite(scores: torch.Tensor, requests: Sequence[Request], dtype: torch.dtype) -> None:
    """Raise NotFiniteError where a score [request, layer, head] is not a finite number."""
    if torch.isfinite(scores).all():
        return
    row, layer, head = (~torch.isfinite(scores)).nonzero()[0].tolist()
    name = str(dtype).removeprefix("torch.")
    raise NotFiniteError(
        f"the attention of L{layer}H{head} is not a number in “{requests[row].statement.text}”, in {name}. "
        + remedy_for(name)
    )


def remedy_for(arithmetic: str) -> str:
    """What to do where a model gives something that is no number."""
    if arithmetic == "float16":
        return (
            "float16 holds no number beyond 65,504, which this model may need: `model.dtype: bfloat16` has the range of float32, "
            "and float32 does away with the question."
        )
    if arithmetic == "bfloat16":
        return "`model.dtype: float32` tells whether the arithmetic is to blame, or the weights are damaged."
    return "The weights may be damaged, or the model's numbers too large for this kernel; try another device."
