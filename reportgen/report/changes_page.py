"""The page of what changed in all studies of a site: the newest first, month by month."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from reportgen import numbers
from reportgen.report.change_entry import ChangeEntry
from reportgen.report.document import Block, Document, Heading, Prose, Raw
from reportgen.report.markup import Md, md
from reportgen.report.told import ShownCause, ShownChange, changes_html, shown_causes, with_code

MOST_ENTRIES = 200
_MOST_ITEMS = 4
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def newest_first(entries: Sequence[ChangeEntry]) -> list[ChangeEntry]:
    """Entries of several studies in one order, which is always the same."""
    return sorted(sorted(entries, key=lambda entry: entry.study), key=lambda entry: entry.moment[:19], reverse=True)


def changes_document(entries: Sequence[ChangeEntry]) -> Document:
    """The page; `entries` are those of all studies that have a page, to whose histories they lead, in any order."""
    shown = newest_first(entries)[:MOST_ENTRIES]
    return Document(
        title="Changes",
        question="What did new runs change, and why?",
        description="What new runs of the studies found that earlier ones had not, and which input changed.",
        authors=(),
        depth=0,
        blocks=(
            Prose(
                Md(
                    "Studies are run again as time goes by. Here stands what came of it, the newest first: findings that "
                    "changed, with the input that changed before them, runs that failed, and runs in which nothing moved. "
                    "The same comes as a [feed](changes.xml), without what did not move."
                )
            ),
            *_months(shown),
            *_left_out(len(entries) - len(shown)),
        ),
    )


def _months(entries: Sequence[ChangeEntry]) -> Iterator[Block]:
    if not entries:
        yield Prose(Md("No study has been run yet."))
    for month, group in groupby(entries, key=lambda entry: entry.moment[:7]):
        yield Heading(2, md("{month}", month=_month(month)), f"month-{month}")
        yield Raw(changes_html([_shown(entry) for entry in group]))


def _month(month: str) -> str:
    """2026-11 as "November 2026"."""
    year, _, number = month.partition("-")
    return f"{_MONTHS[int(number) - 1]} {year}"


def _shown(entry: ChangeEntry) -> ShownChange:
    return ShownChange(
        told=entry.kind,
        days=entry.day,
        lines=tuple(with_code(line) for line in (entry.headline, *entry.details)),
        causes=tuple(map(_few, shown_causes(entry.causes))),
        href=f"studies/{entry.study}/history.html" + (f"#{entry.anchor}" if entry.anchor else ""),
        title=entry.title,
    )


def _few(cause: ShownCause) -> ShownCause:
    """A cause with the first of its items: all of them stand on the page of the study's history."""
    more = len(cause.items) - _MOST_ITEMS
    if more <= 0:
        return cause
    return ShownCause(cause.text, (*cause.items[: _MOST_ITEMS - 1], f"and {numbers.count(more + 1)} more"))


def _left_out(n: int) -> tuple[Block, ...]:
    if n <= 0:
        return ()
    earlier = numbers.things(n, "earlier entry", "earlier entries")
    text = "{earlier} {are} left out here and can be found on the pages of the studies."
    return (Prose(md(text, earlier=earlier, are="is" if n == 1 else "are"), "quiet"),)
