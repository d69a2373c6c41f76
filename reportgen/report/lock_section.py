"""Whether a study keeps to what was locked before its results, as a chip and as a section."""

from collections.abc import Sequence

from reportgen import numbers
from reportgen.locking import Deviation, Lock
from reportgen.report.document import Block, Callout, Heading, Prose
from reportgen.report.markup import Md, join_md, md, plain_md


def state_text(lock: Lock | None, deviations: Sequence[Deviation]) -> str:
    """The state in a few words: "exploratory", "as locked on 2026-11-24", "deviates from its lock"."""
    if lock is None:
        return "exploratory"
    if deviations:
        return "deviates from its lock"
    return f"locked on {lock.day}, after results" if lock.after_results else f"as locked on {lock.day}"


def lock_blocks(lock: Lock | None, deviations: Sequence[Deviation]) -> tuple[Block, ...]:
    """The section "Confirmatory or exploratory", one level below the methods."""
    heading = Heading(3, Md("Confirmatory or exploratory"), "lock")
    if lock is None:
        return heading, Prose(_UNLOCKED)
    return heading, Prose(join_md([_locked(lock), *_again(lock), *_kept(deviations)])), *_deviations(deviations)


_UNLOCKED = Md(
    "Exploratory: what is tested here was not locked before results existed, so it may have been chosen with results in "
    "view. [reportgen lock]{.code} writes down what decides the hypotheses (facts, model, measure, contrasts, tests), "
    "and the page then says whether the study keeps to it."
)


def _locked(lock: Lock) -> Md:
    when = (
        "when results of this study existed already, so it cannot count as confirmatory"
        if lock.after_results
        else "before this study had results"
    )
    return md(
        "What decides the hypotheses (facts, model, measure, contrasts, tests) was locked on {day} with reportgen "
        "{version}, {when}.",
        day=lock.day,
        version=lock.reportgen,
        when=when,
    )


def _again(lock: Lock) -> list[Md]:
    """The locks before this one, which a reader has to know of."""
    if not lock.history:
        return []
    days = [f"{one.date[:10]}{' (after results)' if one.after_results else ''}" for one in lock.history]
    return [md("It was locked again on {day}; earlier locks were of {days}.", day=lock.day, days=", ".join(days))]


def _kept(deviations: Sequence[Deviation]) -> list[Md]:
    return [] if deviations else [Md("Nothing of it has changed since.")]


def _deviations(deviations: Sequence[Deviation]) -> tuple[Block, ...]:
    if not deviations:
        return ()
    title = f"{numbers.things(len(deviations), 'deviation')} from the lock"
    listed = join_md((md("- {what}", what=plain_md(str(deviation))) for deviation in deviations), "\n")
    return (Callout("warning", Md(title), listed),)
