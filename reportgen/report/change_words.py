"""What became of a run beside the one before it, in words: the same on a study's history, among all changes, in the feed
and in the summary of a regeneration.

All of it is plain text, to be escaped where it is shown; what stands between backticks is code.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from reportgen import numbers
from reportgen.history.compare import Comparison, Estimate, HeadChange, Kind, Shift
from reportgen.history.record import RunRecord
from reportgen.history.timeline import name_beside

Told = Kind | Literal["failed", "recovered"]
"""What is told of a run: what it is beside the one before it, that it failed, or that it is the first to finish since."""

NAMES: dict[Told, str] = {
    "first": "First run",
    "reproduced": "Reproduced",
    "restored": "From stored scores",
    "unmoved": "Inputs changed, findings did not",
    "changed": "Changed",
    "alarm": "Alarm",
    "failed": "Failed",
    "recovered": "Recovered",
}
_MOST_NAMED = 6


def sentence(comparison: Comparison) -> str:
    """How a finished run stands beside the one before it."""
    if comparison.before is None:
        return f"The first run: {comparison.after.finding}" if comparison.after.finding else "The first run."
    before = name_beside(comparison.before, comparison.after)
    return {
        "first": "The first run.",
        "reproduced": f"{_again('Reproduced', comparison.shift, before)}.",
        "restored": f"{_again('Took the captured scores of an earlier run and gave', comparison.shift, before)}.",
        "unmoved": f"Inputs changed since {before} and no finding did{_moved(comparison.shift)}.",
        "changed": f"Against {before}: {_found(comparison)}.",
        "alarm": f"The same inputs gave other numbers than on {before}{_moved(comparison.shift)}{_and_found(comparison)}.",
    }[comparison.kind]


def is_exact(comparison: Comparison) -> bool:
    """Whether a run has the numbers of the one before it to the last digit that records hold."""
    return comparison.shift is None or comparison.shift.exact


def _again(verb: str, shift: Shift | None, before: str) -> str:
    if shift is None or shift.exact:
        return f"{verb} every number of {before}" + (" exactly" if verb == "Reproduced" else " again")
    return f"{verb} the numbers of {before} but for the last digits{_moved(shift)}"


def _moved(shift: Shift | None) -> str:
    """How far effects moved, to go on after a sentence; nothing where none did."""
    if shift is None or shift.difference == 0:
        return ""
    return f": effects moved by up to {_points(shift.difference)} points ({shift.head}{_of_interval(shift.of_uncertainty)})"


def _points(difference: float) -> str:
    return numbers.points(difference) if difference >= 0.001 else numbers.significant(difference * 100)


def _of_interval(part: float) -> str:
    """A move beside half the width of the head's interval; nothing where it has none."""
    if not math.isfinite(part):
        return ""
    if part >= 1:
        return f"; {numbers.decimal(part, 1)} times half the width of its interval"
    size = numbers.percent(part, 1, 0 if part >= 0.1 else 1) if part >= 0.001 else f"less than {numbers.level(0.001)}"
    return f"; {size} of half the width of its interval"


def _and_found(comparison: Comparison) -> str:
    return f". {_found(comparison)}" if comparison.heads else ", and the same heads are found"


def _found(comparison: Comparison) -> str:
    """How many heads each contrast finds now and found before, and which came and went."""
    contrasts = list(dict.fromkeys(change.contrast for change in comparison.heads))
    if not contrasts:
        return "the contrasts are others"
    return "; ".join(_found_in(contrast, comparison) for contrast in contrasts)


def _found_in(contrast: str, comparison: Comparison) -> str:
    gained, lost = (_named(contrast, changes) for changes in (comparison.gained, comparison.lost))
    moved = "; ".join([*([f"gained {gained}"] if gained else []), *([f"lost {lost}"] if lost else [])])
    where = f" in “{contrast_title(comparison.after, contrast)}”" if len(comparison.after.contrasts) > 1 else ""
    now, before = (_count(record, contrast) for record in (comparison.after, comparison.before))
    return f"{numbers.things(now, 'head')} found{where}, {numbers.count(before)} before ({moved})"


def _count(record: RunRecord | None, contrast: str) -> int:
    found = None if record is None else record.contrast(contrast)
    return 0 if found is None else len(found.found)


def contrast_title(record: RunRecord, contrast: str) -> str:
    """What a contrast is called in a run; its id where the run lacks it."""
    found = record.contrast(contrast)
    return contrast if found is None else found.title


def _named(contrast: str, changes: Sequence[HeadChange]) -> str:
    return few([change.head for change in changes if change.contrast == contrast])


def few(names: Sequence[str]) -> str:
    """The first of some names and how many more there are: "L9H1, L3H4 and 12 more"."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {numbers.count(more)} more" if more > 0 else "")


def moved_heads(comparison: Comparison) -> Iterator[str]:
    """A sentence with what both runs say of the first heads that were gained or lost, where any were."""
    if comparison.heads:
        told = [f"{head.head} {estimate(head.before)} → {estimate(head.after)}" for head in comparison.heads]
        yield f"In points of attention, before and now: {few(told)}."


def estimate(found: Estimate | None) -> str:
    """An effect with its interval, in points: "13.9 [12.1, 15.8]"."""
    if found is None:
        return "not tested"
    return f"{numbers.points(found.effect)} {numbers.points_interval(found.low, found.high)}"


def turned(before: RunRecord | None, after: RunRecord) -> Iterator[str]:
    """A sentence for each expectation that both runs state and one of them alone meets."""
    met = {} if before is None else {verdict.text: verdict.met for verdict in before.expectations}
    for verdict in after.expectations:
        if met.get(verdict.text, verdict.met) != verdict.met:
            change = "is met again" if verdict.met else "is no longer met"
            yield f"The expectation “{verdict.text}” {change}: {verdict.got}."
