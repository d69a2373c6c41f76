"""What is worth telling of a study's runs, on the page of all changes and in the feed.

1. Told are the first run, runs that found something else, alarms, the first of several failures, and the first run that
   finished after them. A run that several of these are true of is told once, by the gravest.
2. Told quietly, on the page alone, are runs whose inputs changed and whose findings did not, and the latest run that
   reproduced its numbers. A run is not quiet where an expectation is met no longer, or again.
3. Nothing is told of a run that took stored scores and gave the same.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from reportgen import numbers
from reportgen.history.compare import Cause, Comparison
from reportgen.history.record import RunRecord
from reportgen.history.timeline import Run, has_turned, streaks, timeline
from reportgen.report import change_words
from reportgen.report.change_words import NAMES, Told

_QUIET: tuple[Told, ...] = ("reproduced", "unmoved")


@dataclass(frozen=True)
class ChangeEntry:
    """One thing to tell of a study: the `moment` (ISO 8601, UTC) and the `day` of the run, what it is (`kind`), the
    `headline` and further `details`, a sentence each as plain text, and the causes. `anchor` is where the page of the
    study's history tells it."""

    study: str
    title: str
    day: str
    moment: str
    kind: Told
    headline: str
    details: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    quiet: bool = False
    anchor: str = ""

    @property
    def id(self) -> str:
        """A tag URI (RFC 4151) that stays the same wherever the site stands."""
        return f"tag:reportgen,2026:{self.study}/{self.moment}"

    def to_json(self) -> dict[str, Any]:
        """The entry as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Raises KeyError or TypeError where this is no entry, or one of another version."""
        causes = tuple(Cause(cause["input"], cause["text"], tuple(cause["items"])) for cause in kept["causes"])
        entry = cls(**{**kept, "details": tuple(kept["details"]), "causes": causes})
        if not all(isinstance(value, str) for value in (entry.study, entry.moment, entry.headline)):
            raise TypeError("an entry's study, moment and headline are text")
        if entry.kind not in NAMES:
            raise TypeError(f"there is no entry of the kind {entry.kind}")
        return entry


def to_bytes(entries: Sequence[ChangeEntry]) -> bytes:
    """Entries as they are kept beside a study's page."""
    return json.dumps([entry.to_json() for entry in entries], ensure_ascii=False, indent=1).encode() + b"\n"


def from_bytes(text: bytes) -> tuple[ChangeEntry, ...]:
    """Raises TypeError, KeyError or ValueError where the text is none of this version."""
    kept = json.loads(text)
    if not isinstance(kept, list) or not all(isinstance(entry, dict) for entry in kept):
        raise TypeError("entries are a list")
    return tuple(ChangeEntry.from_json(entry) for entry in kept)


def entries(comparisons: Sequence[Comparison], records: Sequence[RunRecord]) -> tuple[ChangeEntry, ...]:
    """What is worth telling of one study, the newest first; `records` are its runs, oldest first, and `comparisons` those
    of its finished runs in the same order."""
    told = list(_told(streaks(timeline(records, comparisons))))
    reproduced = [entry for entry in told if entry.kind == "reproduced" and entry.quiet]
    return tuple(entry for entry in reversed(told) if entry not in reproduced[:-1])


def _told(stretches: Sequence[tuple[Run, ...]]) -> Iterator[ChangeEntry]:
    """Entries from the oldest to the newest, those of every stretch that reproduced its numbers among them."""
    failed: tuple[Run, ...] = ()
    for stretch in stretches:
        if stretch[0].kind == "failed":
            failed = stretch
            yield _failed(stretch)
            continue
        if failed and stretch[0].kind != "first":
            yield _recovered(stretch[0], failed)
            stretch = stretch[1:]
        failed = ()
        yield from _finished(stretch)


def _failed(runs: Sequence[Run]) -> ChangeEntry:
    more = (f"{numbers.things(len(runs), 'run')} failed in a row, up to {runs[-1].record.day}.",)
    entry = _entry(runs[0], "failed", runs[0].record.error or "The run failed.")
    return replace(entry, details=more) if len(runs) > 1 else entry


def _recovered(run: Run, failed: Sequence[Run]) -> ChangeEntry:
    """The run that finished after others had failed: told by its own kind where that is graver."""
    entry = _of(run)
    since = f"{numbers.things(len(failed), 'run')} had failed before it, since {failed[0].record.day}."
    if entry.kind in ("changed", "alarm"):
        return replace(entry, details=(since, *entry.details))
    return replace(entry, kind="recovered", quiet=False, details=(since, *entry.details))


def _finished(stretch: Sequence[Run]) -> Iterator[ChangeEntry]:
    anew = [run for run in stretch if run.kind != "restored" or has_turned(run.comparison)]
    yield from (_of(run) for run in anew[-1:])


def _of(run: Run) -> ChangeEntry:
    comparison = run.comparison
    assert comparison is not None, "a run that finished has a comparison"
    details = (*change_words.moved_heads(comparison), *change_words.turned(comparison.before, comparison.after))
    return replace(
        _entry(run, comparison.kind, change_words.sentence(comparison)),
        details=details,
        causes=comparison.causes,
        quiet=comparison.kind in _QUIET and not details,
    )


def _entry(run: Run, kind: Told, headline: str) -> ChangeEntry:
    record = run.record
    return ChangeEntry(
        study=record.study,
        title=record.title,
        day=record.day,
        moment=record.finished,
        kind=kind,
        headline=headline,
        anchor=run.anchor,
    )
