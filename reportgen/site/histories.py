"""What a study's history says: its page of runs, and the little that the site's other pages need of it.

Records are read for one study after the other, and only where some have come since the page was written, so that the
memory of a build does not grow with the number of studies, nor its time with that of runs.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from reportgen.history.compare import Comparison, compared
from reportgen.history.folder import History
from reportgen.history.record import Replicated, RunRecord
from reportgen.report.change_entry import ChangeEntry, entries
from reportgen.report.page import MOST_RUNS, Card
from reportgen.report.render import qmd
from reportgen.site.staging import put
from reportgen.store import content_key

FILE = "history.json"
PAGE = "history"


class StudyHistory(BaseModel):
    """What the site's own pages say of one study: what changed, and how its figures stand to published ones."""

    model_config = ConfigDict(frozen=True)

    title: str
    entries: tuple[ChangeEntry, ...] = ()
    replications: tuple[Replicated, ...] = ()

    @classmethod
    def of(cls, folder: Path, title: str) -> Self:
        """That of a study's folder in the rendered site; an empty one where there is none."""
        try:
            return cls.model_validate_json((folder / FILE).read_bytes())
        except (OSError, ValidationError):
            return cls(title=title)


def history_key(history: History, study: str) -> str:
    """Changes when the study's records do; empty where there are none."""
    names = history.names(study)
    return content_key(names) if names else ""


def tell(history: History, card: Card, project: Path, out: Path) -> Card:
    """Write the page of a study's runs and what is told elsewhere of them, where there are runs; return its card as it
    is with them."""
    from reportgen.report.history_page import history_document  # noqa: PLC0415

    runs = history.runs(card.id)
    if not runs.records:
        return card
    comparisons = compared(runs.records, partial(history.facts, card.id))
    document = history_document(runs.records, comparisons, runs.set_aside)
    put(project / f"{PAGE}.qmd", qmd(document).encode())
    told = StudyHistory(
        title=card.title,
        entries=entries(comparisons, runs.records),
        replications=tuple(shown for record in runs.finished[-1:] for shown in record.replications),
    )
    put(out / FILE, told.model_dump_json().encode())
    return _with_runs(card, runs.records, comparisons, history_key(history, card.id))


def _with_runs(card: Card, records: Sequence[RunRecord], comparisons: Sequence[Comparison], key: str) -> Card:
    last = comparisons[-1] if comparisons else None
    changed = [comparison.after.day for comparison in comparisons if comparison.kind == "changed"]
    verdicts = last.after.expectations if last is not None else ()
    met = sum(verdict.met for verdict in verdicts)
    return replace(
        card,
        history=key,
        series=tuple(_found(record) for record in records[-MOST_RUNS:]),
        changed=changed[-1] if changed else "",
        reproduced=last.after.day if last is not None and last.kind == "reproduced" else "",
        alarm=_alarm(last),
        expectations=f"{met} of {len(verdicts)} met" if verdicts else "",
    )


def _found(record: RunRecord) -> float | None:
    return None if record.failed or not record.contrasts else float(len(record.contrasts[0].found))


def _alarm(last: Comparison | None) -> str:
    if last is None or last.kind != "alarm":
        return ""
    return f"on {last.after.day} the same inputs gave other numbers than on {last.before.day if last.before else '?'}"
