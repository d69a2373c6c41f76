"""The runs of one study in their order, each with what it is beside the one before it and a name to call it by.

A run is called by its day; where several ended on one day, by day and time. Its anchor, by which pages link to it, is
made of the digits of its moment.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from reportgen.history.compare import Comparison, Kind
from reportgen.history.record import RunRecord


@dataclass(frozen=True)
class Run:
    """A run in its place; one that failed has no comparison."""

    record: RunRecord
    comparison: Comparison | None
    name: str
    anchor: str

    @property
    def kind(self) -> Kind | Literal["failed"]:
        """What it is beside the finished run before it."""
        return "failed" if self.comparison is None else self.comparison.kind


def timeline(records: Sequence[RunRecord], comparisons: Sequence[Comparison]) -> tuple[Run, ...]:
    """The runs in the order of the records; `comparisons` are those of the finished ones, in the same order.

    Raises ValueError where the two do not fit.
    """
    if [one.after.finished for one in comparisons] != [one.finished for one in records if not one.failed]:
        raise ValueError("there is one comparison for each finished run, in the order of the runs")
    ahead = iter(comparisons)
    days, before = Counter(record.day for record in records), Counter[str]()
    runs = []
    for record in records:
        before[record.finished] += 1
        runs.append(
            Run(
                record=record,
                comparison=None if record.failed else next(ahead),
                name=record.day if days[record.day] == 1 else moment_text(record),
                anchor=_anchor(record, before[record.finished]),
            )
        )
    return tuple(runs)


def moment_text(record: RunRecord) -> str:
    """When a run ended, to the minute: "2026-11-24 19:55"."""
    return record.finished[:16].replace("T", " ")


def name_beside(record: RunRecord, other: RunRecord) -> str:
    """The day of a run, or day and time where the other ended on the same day."""
    return record.day if record.day != other.day else moment_text(record)


def _anchor(record: RunRecord, occurrence: int) -> str:
    """The id of a run on the page of its study's history: "run-20261124195548", the second of that moment with "-2"."""
    digits = re.sub(r"\D", "", record.finished.removesuffix("+00:00"))
    return f"run-{digits}" if occurrence == 1 else f"run-{digits}-{occurrence}"


def failing(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs at the end of the timeline that failed, oldest first; nothing where the latest finished."""
    return streaks(runs)[-1] if runs and runs[-1].kind == "failed" else ()


def streaks(runs: Sequence[Run]) -> tuple[tuple[Run, ...], ...]:
    """The runs in stretches that are told in one line: failures, and runs that found the same from the same inputs; any
    other run is a stretch of its own."""
    stretches: list[tuple[Run, ...]] = []
    for kind, alike in groupby(runs, key=_stretch):
        stretch = tuple(alike)
        stretches += [(run,) for run in stretch] if kind == "alone" else [stretch]
    return tuple(stretches)


def _stretch(run: Run) -> str:
    if run.kind == "failed":
        return "failed"
    return "same" if run.kind in ("reproduced", "restored") and not has_turned(run.comparison) else "alone"


def has_turned(comparison: Comparison | None) -> bool:
    """Whether an expectation that both runs state is met in one of them alone."""
    if comparison is None or comparison.before is None:
        return False
    before = {verdict.text: verdict.met for verdict in comparison.before.expectations}
    return any(before.get(verdict.text, verdict.met) != verdict.met for verdict in comparison.after.expectations)
