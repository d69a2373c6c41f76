"""The page of a study's history: how things stand, what every run found, what changed from run to run, and why.

1. The first sentence is about the latest run. Numbers that differ though no input did, and failures, are set apart.
2. Two figures show what was found over time.
3. "What changed, and why" goes from the newest run to the oldest. Runs that found the same from the same inputs are told
   in one line, and so are failures that follow one another.
4. A table holds all runs. Files of the history that could not be read are named.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reportgen import numbers
from reportgen.history.compare import LAST_DIGITS, OF_UNCERTAINTY, Comparison, Estimate, HeadChange
from reportgen.history.record import RunRecord
from reportgen.history.timeline import Run, failing, streaks, timeline
from reportgen.report import change_words
from reportgen.report.change_words import NAMES
from reportgen.report.document import Block, Callout, Document, Heading, Prose, Raw, Table
from reportgen.report.history_figures import counts_figure, courses_blocks
from reportgen.report.markup import Html, Md, join_md, md, plain_md
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.report.told import ShownChange, changes_html, run_name, shown_causes, with_code

PAGE = "history"
MOST_TOLD = 60
_QUESTION = "What did each run find, what changed from run to run, and why?"
_MOST_ROWS, _MOST_ERRORS = 12, 3
_SHORT = 12
_DAY = re.compile(r"\d{4}\\-\d\d\\-\d\d")


def history_document(
    records: Sequence[RunRecord], comparisons: Sequence[Comparison], set_aside: Sequence[str]
) -> Document:
    """The page: `records` are the study's runs, oldest first, `comparisons` those of its finished runs in the same order;
    `set_aside` holds a sentence for each file of the history that cannot be read."""
    runs = timeline(records, comparisons)
    lead = _lead(runs)
    return Document(
        title=records[-1].title if records else "History",
        question=_QUESTION,
        description=lead,
        authors=(),
        depth=2,
        blocks=(
            Prose(_with_days(lead), "lead"),
            *_set_apart(runs),
            Prose(md("This page belongs to [the study](index.html), which shows the latest run that finished.")),
            *_figures(runs),
            *_changes(runs),
            *_all_runs(runs),
            *_aside(set_aside),
            *_method(),
        ),
    )


def _lead(runs: Sequence[Run]) -> str:
    """How things stand, in a sentence or two."""
    finished = [run for run in runs if not run.record.failed]
    if not runs:
        return "No run of this study can be read."
    if not finished:
        return f"No run has finished yet: {_failures(failing(runs))}."
    if failing(runs):
        return f"The latest run, {runs[-1].name}, failed; the last that finished is of {finished[-1].name}."
    return " ".join([_latest(runs[-1], len(runs)), *_past_alarm(runs)])


def _with_days(text: str) -> Md:
    """A sentence whose days are not broken over two lines."""
    return Md(_DAY.sub(r"[\g<0>]{.run-name}", plain_md(text)))


def _failures(failed: Sequence[Run]) -> str:
    if len(failed) == 1:
        return f"the only one, {failed[0].name}, failed"
    return f"all {numbers.count(len(failed))} since {failed[0].name} failed"


def _latest(run: Run, runs: int) -> str:
    """The latest run, which finished, beside the one before it."""
    comparison = run.comparison
    assert comparison is not None, "a run that finished has a comparison"
    if comparison.before is None:
        told = "the first that finished" if runs > 1 else "the first; the next will be compared with it"
        return f"The latest run, {run.name}, is {told}." if runs > 1 else f"This run, {run.name}, is {told}."
    if comparison.kind == "alarm":
        return f"The latest run, {run.name}, gave other numbers from the same inputs."
    said = change_words.sentence(comparison)
    if comparison.kind in ("reproduced", "restored"):
        return f"The latest run, {run.name}, {said[0].lower()}{said[1:]}"
    return f"The latest run is of {run.name}. {said}"


def _past_alarm(runs: Sequence[Run]) -> list[str]:
    """A reminder of the last alarm, where a run has finished since."""
    alarms = [run for run in runs[:-1] if run.kind == "alarm"]
    return [f"On {alarms[-1].name} the same inputs had given other numbers than before." for _ in alarms[-1:]]


def _set_apart(runs: Sequence[Run]) -> Iterator[Block]:
    """What nobody must overlook: that the study fails, and that numbers differ though no input does."""
    if failed := failing(runs):
        yield Callout("warning", md("Failing since {day}", day=failed[0].name), _why_failing(failed))
    finished = [run for run in runs if run.comparison is not None]
    if finished and finished[-1].kind == "alarm" and finished[-1].comparison is not None:
        said = plain_md(change_words.sentence(finished[-1].comparison))
        text = join_md([said, Md("Nothing that a record names can explain it. [How runs are compared](#compared).")])
        yield Callout("warning", md("Alarm of {day}: same inputs, other numbers", day=finished[-1].name), text)


def _why_failing(failed: Sequence[Run]) -> Md:
    times = "" if len(failed) == 1 else f"{numbers.things(len(failed), 'run')} in a row; the last: "
    return md("{times}{error}", times=times, error=plain_md(failed[-1].record.error))


def _figures(runs: Sequence[Run]) -> tuple[Block, ...]:
    heading = Heading(2, Md("What was found over time"), "over-time")
    if all(run.record.failed for run in runs):
        return heading, Prose(Md("No run has found anything yet, so there is nothing to draw."))
    if len(runs) == 1:
        return heading, Prose(Md("One run is no course yet; figures stand here from the second on."))
    return heading, counts_figure(runs), *courses_blocks(runs)


def _changes(runs: Sequence[Run]) -> tuple[Block, ...]:
    heading = Heading(2, Md("What changed, and why"), "changes")
    if not runs:
        return heading, Prose(Md("Nothing can be told."))
    shown = Raw(changes_html([_stretch(stretch) for stretch in _told(runs)]))
    more = sum(map(len, streaks(runs)[:-MOST_TOLD]))
    older = md("{n} {are} in the table of all runs alone.", n=numbers.things(more, "earlier run"), are=_are(more))
    return (heading, shown, Prose(older, "quiet")) if more else (heading, shown)


def _told(runs: Sequence[Run]) -> list[tuple[Run, ...]]:
    """The stretches that are told, the newest first."""
    return list(reversed(streaks(runs)[-MOST_TOLD:]))


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _stretch(runs: tuple[Run, ...]) -> ShownChange:
    if runs[0].kind == "failed":
        return _failed(runs)
    return _same(runs) if len(runs) > 1 else _alone(runs[0])


def _anchor(runs: Sequence[Run]) -> str:
    """The run of a stretch whose anchor stands where it is told; those of the others stand in the table of all runs."""
    return runs[0 if runs[0].kind == "failed" else -1].anchor


def _days(runs: Sequence[Run]) -> str:
    return runs[0].name if len(runs) == 1 else f"{runs[0].name} to {runs[-1].name}"


def _failed(runs: Sequence[Run]) -> ShownChange:
    errors = list(dict.fromkeys(run.record.error for run in runs))
    lines = [with_code(error) for error in errors[:_MOST_ERRORS]]
    if len(errors) > _MOST_ERRORS:
        lines.append(Html("{}").format(f"and {len(errors) - _MOST_ERRORS} other reasons"))
    if len(runs) > 1:
        lines.insert(0, Html("{}").format(f"{len(runs)} runs in a row failed:"))
    return ShownChange(told="failed", days=_days(runs), lines=tuple(lines), anchor=_anchor(runs))


def _same(runs: Sequence[Run]) -> ShownChange:
    """Runs in a row that found the same from the same inputs."""
    comparisons = [run.comparison for run in runs if run.comparison is not None]
    anew = [comparison for comparison in comparisons if comparison.kind == "reproduced"]
    exact = all(map(change_words.is_exact, comparisons))
    how = "exactly" if exact else "but for the last digits"
    text = f"Reproduced {how} in {_times(anew)}" if anew else f"The same numbers in {_times(comparisons)}"
    stored = len(comparisons) - len(anew)
    more = f"; {numbers.count(stored)} more took scores that had been captured before" if anew and stored else ""
    return ShownChange(
        told="reproduced" if anew else "restored",
        days=_days(runs),
        lines=(Html("{}{}{}.").format(text, more, "" if anew else ", from scores that had been captured before"),),
        anchor=_anchor(runs),
    )


def _times(comparisons: Sequence[Comparison]) -> str:
    return numbers.things(len(comparisons), "run")


def _alone(run: Run) -> ShownChange:
    """A run that is told by itself, with its causes and the heads that came and went."""
    comparison = run.comparison
    assert comparison is not None, "a run that finished has a comparison"
    lines = [change_words.sentence(comparison), *change_words.turned(comparison.before, comparison.after)]
    return ShownChange(
        told=comparison.kind,
        days=run.name,
        lines=tuple(with_code(line) for line in lines),
        causes=shown_causes(comparison.causes),
        table=_heads_table(comparison),
        anchor=_anchor([run]),
    )


def _heads_table(comparison: Comparison) -> Html:
    """The heads gained and lost with what both runs say of them; folded where they are many, empty where there are none."""
    if not comparison.heads or comparison.before is None:
        return Html("")
    several = len({change.contrast for change in comparison.heads}) > 1
    columns = (
        Column("Head"),
        Column("Change"),
        *(Column(title, number=True) for title in ("Before", "p before", "Now", "p now")),
        *([Column("Contrast")] if several else []),
    )
    rows = [_head_row(change, comparison.after, several=several) for change in comparison.heads]
    html = table_html(f"Heads gained and lost, effects in points, {comparison.after.day}", columns, rows)
    return html if len(rows) <= _MOST_ROWS else folded(f"All {len(rows)} heads gained and lost", html)


def _head_row(change: HeadChange, after: RunRecord, *, several: bool) -> Row:
    return Row(
        (
            change.head,
            "gained" if change.gained else "lost",
            change_words.estimate(change.before),
            _adjusted(change.before),
            change_words.estimate(change.after),
            _adjusted(change.after),
            *([change_words.contrast_title(after, change.contrast)] if several else []),
        )
    )


def _adjusted(estimate: Estimate | None) -> str:
    return "–" if estimate is None else numbers.p_value(estimate.adjusted)


def _all_runs(runs: Sequence[Run]) -> tuple[Block, ...]:
    if not runs:
        return ()
    columns = (
        Column("Run"),
        Column("Outcome"),
        Column("Heads found", number=True),
        *(Column(title) for title in ("torch", "transformers", "Model", "Finding")),
    )
    told = {_anchor(stretch) for stretch in _told(runs)}
    rows = [replace(_run_row(run), id="" if run.anchor in told else run.anchor) for run in reversed(runs)]
    html = table_html("All runs, the latest first", columns, rows)
    heading = Heading(2, Md("All runs"), "runs")
    if len(runs) > _MOST_ROWS:
        return heading, *_clocks(runs), Raw(folded(f"All {numbers.count(len(runs))} runs, the latest first", html))
    caption = Md("The runs, the latest first. Where a study has several contrasts, the heads found in each.")
    return heading, *_clocks(runs), Table("tbl-runs", caption, html)


def _clocks(runs: Sequence[Run]) -> tuple[Block, ...]:
    """That a clock was wrong, where a run's own moments show it."""
    wrong = [run.name for run in runs if run.record.clock_was_wrong]
    if not wrong:
        return ()
    text = (
        "By their own moments, these runs ended before their scores went through the model, so a clock was wrong: {runs}. "
        "Runs stand in the order of the moments that they name, which may not be the true one."
    )
    return (Callout("note", Md("A clock went backwards"), md(text, runs=change_words.few(wrong))),)


def _run_row(run: Run) -> Row:
    record = run.record
    if record.inputs is None or record.failed:
        return Row((run_name(run.name), NAMES["failed"], "–", "–", "–", "–", with_code(record.error)))
    versions, model = record.inputs.versions, record.inputs.model
    return Row(
        (
            run_name(run.name),
            NAMES[run.kind],
            " / ".join(numbers.count(len(contrast.found)) for contrast in record.contrasts),
            *(versions.get(package, "–") for package in ("torch", "transformers")),
            f"{model.name} {_short(model.identity)}",
            record.finding,
        )
    )


def _short(identity: str) -> str:
    """The beginning of a model's identity: "sha256:607a30d783df"."""
    kind, colon, digits = identity.rpartition(":")
    return f"{kind}{colon}{digits[:_SHORT]}"


def _aside(set_aside: Sequence[str]) -> tuple[Block, ...]:
    if not set_aside:
        return ()
    listed = join_md((md("- {why}", why=plain_md(why)) for why in set_aside), "\n")
    n = numbers.things(len(set_aside), "file")
    return (
        Heading(2, Md("Set aside"), "set-aside"),
        Prose(md("{n} of the history {cannot} be read as a run, and the rest is told without:", n=n, cannot="cannot")),
        Prose(listed),
    )


def _method() -> tuple[Block, ...]:
    return (
        Heading(2, Md("How runs are compared"), "compared"),
        Prose(
            md(
                "Each run that finished is set beside the one that finished before it. *Reproduced*: the same inputs, the "
                "statements put through the model anew, and the same numbers for every head. *From stored scores*: the same "
                "inputs and numbers, but the scores were there already, so nothing was proven. *Changed* and *inputs "
                "changed, findings did not*: facts, model, spec, code, a package, the device or the arithmetic is another, "
                "and heads came or went, or did not. *Alarm*: the same inputs and other numbers.",
            )
        ),
        Prose(
            md(
                "Numbers count as the same to six significant digits. Sums of floating-point numbers depend on their order in "
                "the last digits, so after a new capture, or on another processor, an effect may also move by less than "
                "{points} points and less than {part} of half the width of its interval, as long as the same heads are found; "
                "the page then says “but for the last digits”.",
                points=numbers.significant(LAST_DIGITS * 100),
                part=numbers.level(OF_UNCERTAINTY),
            )
        ),
    )


__all__ = ["PAGE", "history_document"]
