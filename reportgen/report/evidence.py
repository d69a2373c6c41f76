"""All kinds of evidence about the same heads, side by side, and one verdict a head.

1. The kinds are those of the study itself (the effect on attention, how often the head stays among the strongest, in how
   many universes it stands) and those that its experiments hand over.
2. The heads of interest are those that the study finds, strongest first, and then those that move the answer by most
   kinds of evidence.
3. A head looks where its attention is found to differ; it moves the answer where any evidence of that kind speaks. From
   the two follows its verdict; what speaks and what is silent are its reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from reportgen.report.experiment import Evidence, Experiment, Kind
from reportgen.report.head_links import head_name
from reportgen.report.results import Results
from reportgen.robustness import NEARLY_ALWAYS

MOST_HEADS = 30
_MOST_FOUND = 20
_OFTEN = 0.5
_ORDER: tuple[Kind, ...] = ("moves", "looks", "holds")

Verdict = Literal["looks and moves", "looks alone", "looks, not asked further", "moves alone"]


@dataclass(frozen=True)
class Column:
    """A kind of evidence, and the address of what lies behind it; `{head}` in it stands for the head's name."""

    evidence: Evidence
    address: str


@dataclass(frozen=True)
class Case:
    """One head: its verdict, what speaks for it, and what was asked and is silent."""

    layer: int
    head: int
    verdict: Verdict
    speaking: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def name(self) -> str:
        """Layer and head: L9H1."""
        return head_name(self.layer, self.head)


@dataclass(frozen=True)
class Matrix:
    """The kinds of evidence and the heads of interest. `found` heads look at the subject differently, `both` of them move
    the answer too, and `moving` heads move it without being found to look differently."""

    columns: tuple[Column, ...]
    cases: tuple[Case, ...]
    found: int
    both: int
    moving: int

    @property
    def asks_further(self) -> bool:
        """Whether any evidence is about what heads do to the answer."""
        return any(column.evidence.kind == "moves" for column in self.columns)


def evidence_matrix(results: Results) -> Matrix | None:
    """The matrix of a study; None where no experiment has evidence about single heads."""
    further = tuple(column for experiment in results.experiments for column in _columns(experiment))
    if not further:
        return None
    effect, *others = (*_own(results), *further)
    columns = (effect, *sorted(others, key=lambda column: _ORDER.index(column.evidence.kind)))
    looks = columns[0].evidence.speaks
    moves = _any_speaks(columns, looks.shape)
    return Matrix(
        columns=columns,
        cases=tuple(_case(layer, head, columns) for layer, head in _of_interest(results, columns, moves)),
        found=int(looks.sum()),
        both=int((looks & moves).sum()),
        moving=int((moves & ~looks).sum()),
    )


def _columns(experiment: Experiment) -> list[Column]:
    told = experiment.told
    return [] if told is None else [Column(one, f"experiments.html#{experiment.anchor}") for one in told.evidence]


def _own(results: Results) -> list[Column]:
    """The study's own kinds of evidence, the effect on attention first."""
    finding, robustness = results.findings[0], results.robustness
    heads = finding.tests.heads
    low, high = (heads[name].to_numpy() * 100 for name in ("simultaneous_low", "simultaneous_high"))
    effect = Evidence(
        "attention effect", "points", heads.effect.to_numpy() * 100, low, high, finding.tests.recall_heads().to_numpy()
    )
    columns = [Column(effect, "index.html#head={head}")]
    if finding.selected is not None:
        stable = _shares(f"among the {finding.selected.k} strongest", finding.selected.stability, _OFTEN)
        columns.append(Column(stable, f"index.html#heads-{finding.tests.contrast.id}"))
    columns.append(
        Column(_shares("stands in universes", robustness.standing, NEARLY_ALWAYS), "robustness.html#standing")
    )
    return columns


def _shares(what: str, shares: xr.DataArray, least: float) -> Evidence:
    """A share that speaks where it is at least so large; it has no interval."""
    values = shares.to_numpy()
    none = np.full(values.shape, np.nan)
    return Evidence(what, "%", values * 100, none, none, np.nan_to_num(values) >= least, "holds", 0)


def _any_speaks(columns: Sequence[Column], shape: tuple[int, ...]) -> np.ndarray:
    speaking = [column.evidence.speaks for column in columns if column.evidence.kind == "moves"]
    return np.asarray(np.logical_or.reduce([np.zeros(shape, dtype=bool), *speaking]))


def _of_interest(results: Results, columns: Sequence[Column], moves: np.ndarray) -> list[tuple[int, int]]:
    found = [(head.layer, head.head) for head in results.findings[0].recall][:_MOST_FOUND]
    kinds = [column.evidence for column in columns if column.evidence.kind == "moves"]
    counted = np.where(moves, sum(one.speaks.astype(int) for one in kinds), 0)
    # Of heads with as many kinds, those whose effect is the largest beside its own uncertainty come first.
    largest = np.max([np.zeros(moves.shape), *map(_size, kinds)], axis=0)
    order = np.lexsort((-largest.ravel(), -counted.ravel()))
    ranked = [(int(place) // moves.shape[1], int(place) % moves.shape[1]) for place in order]
    further = [place for place in ranked if counted[place] and place not in found]
    return [*found, *further][:MOST_HEADS]


def _size(one: Evidence) -> np.ndarray:
    """Each head's estimate in half-widths of its interval where it speaks, else 0, [layer, head]."""
    reach = (one.high - one.low) / 2
    known = one.speaks & np.isfinite(one.estimate) & (reach > 0)
    return np.divide(np.abs(one.estimate), reach, out=np.zeros(reach.shape), where=known)


def _case(layer: int, head: int, columns: Sequence[Column]) -> Case:
    asked = [column.evidence for column in columns if np.isfinite(column.evidence.estimate[layer, head])]
    speaking = [one for one in asked if one.speaks[layer, head]]
    return Case(
        layer,
        head,
        _verdict(layer, head, columns),
        tuple(one.what for one in speaking),
        tuple(one.what for one in asked if not one.speaks[layer, head]),
    )


def _verdict(layer: int, head: int, columns: Sequence[Column]) -> Verdict:
    moving = [column.evidence for column in columns if column.evidence.kind == "moves"]
    looks, moves = (
        bool(columns[0].evidence.speaks[layer, head]),
        any(one.speaks[layer, head] for one in moving),
    )
    if moves:
        return "looks and moves" if looks else "moves alone"
    asked = any(np.isfinite(one.estimate[layer, head]) for one in moving)
    return "looks alone" if asked else "looks, not asked further"
