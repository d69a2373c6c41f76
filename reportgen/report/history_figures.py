"""The two figures of a study's history with their tables: heads found over time, and the effects of some heads."""

import math
from collections.abc import Iterator, Sequence

from reportgen import numbers
from reportgen.figures import over_time, theme
from reportgen.figures.over_time import Counts, Course, Effect, Point
from reportgen.history.record import ContrastRecord, RunRecord
from reportgen.history.timeline import Run
from reportgen.report.change_words import NAMES
from reportgen.report.document import Block, Figure, Heading
from reportgen.report.markup import Html, Md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.report.told import run_name

MOST_DRAWN = 104
"""Two years of weekly runs: older ones stand in the table of all runs."""

MOST_HEADS = 8
_STRONGEST = 4
_MOST_CONTRASTS = 6


def counts_figure(runs: Sequence[Run]) -> Figure:
    """Heads found over time, a panel a contrast of the last finished run; one run at least finished."""
    drawn = runs[-MOST_DRAWN:]
    latest = _latest(runs)
    points, counts = _points(drawn), [_counts(contrast, drawn) for contrast in latest.contrasts[:_MOST_CONTRASTS]]
    alt = (
        f"How many heads each of {numbers.things(len(drawn), 'run')} from {drawn[0].name} to {drawn[-1].name} found: "
        f"{'; '.join(_spread(each) for each in counts)}. The same numbers stand in the table below."
    )
    return Figure(
        id="fig-found-over-time",
        html=component(
            "components/plot",
            height=over_time.counts_height(len(counts)),
            map="",
            alt=alt,
            data=theme.figure_json(over_time.found_over_time(points, counts)),
            waiting="The number of heads found in each run appears here.",
        ),
        caption=md(
            "Heads found in each run.{part} {marks}.",
            part=_part(drawn, runs),
            marks=_sentence(over_time.marks_in_words(points)),
        ),
        how_to_read=Md(
            "*How to read it:* a step at a diamond has a cause, told below; a step at a triangle has none that is known. "
            "A level line is what one hopes for."
        ),
        table=_counts_table(drawn, counts),
    )


def courses_blocks(runs: Sequence[Run]) -> tuple[Block, ...]:
    """The effects of each contrast's heads over time; nothing of one that has no heads to show."""
    latest, drawn = _latest(runs), runs[-MOST_DRAWN:]
    shown = [
        (contrast, courses)
        for contrast in latest.contrasts[:_MOST_CONTRASTS]
        if (courses := [_course(contrast.id, head, drawn) for head in _heads(contrast, runs)])
    ]
    blocks: list[Block] = []
    for place, (contrast, courses) in enumerate(shown, start=1):
        if len(shown) > 1:
            blocks.append(Heading(3, md("{title}", title=contrast.title), f"effects-{place}"))
        blocks.append(_courses_figure(place, courses, drawn, runs))
    return tuple(blocks)


def _courses_figure(place: int, courses: Sequence[Course], drawn: Sequence[Run], runs: Sequence[Run]) -> Figure:
    names = ", ".join(course.head for course in courses)
    alt = (
        f"The effects of {names} in each of {numbers.things(len(drawn), 'run')} from {drawn[0].name} to "
        f"{drawn[-1].name}, in points of attention with their intervals, a row a head. The same numbers stand in the "
        "table below."
    )
    return Figure(
        id=f"fig-effects-over-time-{place}",
        html=component(
            "components/plot",
            height=over_time.courses_height(len(courses)),
            map="",
            alt=alt,
            data=theme.figure_json(over_time.effects_over_time(_points(drawn), courses)),
            waiting="The effects of the strongest heads in each run appear here.",
        ),
        caption=md(
            "Effects with their simultaneous intervals, in points of attention: the strongest heads of the latest run, and "
            "heads that were gained or lost.{part} Filled: found; hollow: not found. The rows have one scale, each around "
            "its own middle; dotted lines mark runs whose findings changed, or an alarm.",
            part=_part(drawn, runs),
        ),
        how_to_read=Md(
            "*How to read it:* a course that stays inside its own intervals has not moved by more than the sample's "
            "uncertainty; a head that turns hollow with its interval hardly moved was near the edge before."
        ),
        table=_courses_table(drawn, courses),
    )


def _latest(runs: Sequence[Run]) -> RunRecord:
    return next(run.record for run in reversed(runs) if not run.record.failed)


def _points(runs: Sequence[Run]) -> list[Point]:
    return [Point(run.record.finished, run.name, run.kind) for run in runs]


def _counts(contrast: ContrastRecord, runs: Sequence[Run]) -> Counts:
    found = (run.record.contrast(contrast.id) for run in runs)
    return Counts(contrast.title, tuple(None if one is None else len(one.found) for one in found))


def _spread(counts: Counts) -> str:
    known = [count for count in counts.found if count is not None]
    return f"{counts.title}, {min(known)} to {max(known)}, at last {known[-1]}" if known else counts.title


def _part(drawn: Sequence[Run], runs: Sequence[Run]) -> str:
    """Which runs are drawn, where they are not all."""
    if len(drawn) == len(runs):
        return ""
    return f" The last {numbers.count(len(drawn))} of {numbers.things(len(runs), 'run')}."


def _sentence(text: str) -> str:
    """Marks in words as the end of a caption."""
    return f"Marks: {text}"


def _heads(contrast: ContrastRecord, runs: Sequence[Run]) -> list[str]:
    """The strongest heads of the latest run and those gained or lost most recently, strongest first."""
    moved = list(dict.fromkeys(_moved_heads(contrast.id, runs)))
    strongest = contrast.found[: max(_STRONGEST, MOST_HEADS - len(moved))]
    others = [head for head in moved if head not in strongest][: MOST_HEADS - len(strongest)]
    return sorted([*strongest, *others], key=lambda head: -abs(_effect_now(contrast, head)))


def _moved_heads(contrast: str, runs: Sequence[Run]) -> Iterator[str]:
    """The heads that came or went in a contrast, the most recent first."""
    for run in reversed(runs):
        if run.comparison is not None:
            yield from (change.head for change in run.comparison.heads if change.contrast == contrast)


def _effect_now(contrast: ContrastRecord, head: str) -> float:
    effect = _effect(contrast, head)
    return 0.0 if effect is None else effect.effect


def _course(contrast: str, head: str, runs: Sequence[Run]) -> Course:
    found = (run.record.contrast(contrast) for run in runs)
    return Course(head, tuple(None if one is None else _effect(one, head) for one in found))


def _effect(contrast: ContrastRecord, head: str) -> Effect | None:
    """What a run tells of a head; None where its model has no such head or it was not tested."""
    try:
        place = contrast.place(head)
    except ValueError:
        return None
    effect, low, high = contrast.effect[place], contrast.low[place], contrast.high[place]
    if effect is None:
        return None
    return Effect(effect, -math.inf if low is None else low, math.inf if high is None else high, head in contrast.found)


def _counts_table(runs: Sequence[Run], counts: Sequence[Counts]) -> Html:
    columns = (Column("Run"), Column("Outcome"), *(Column(each.title, number=True) for each in counts))
    rows = [
        Row((run_name(run.name), NAMES[run.kind], *(_count(each.found[place]) for each in counts)))
        for place, run in reversed(list(enumerate(runs)))
    ]
    return folded("The same as a table: heads found in each run", table_html("Heads found by run", columns, rows))


def _count(found: int | None) -> str:
    return "–" if found is None else numbers.count(found)


def _courses_table(runs: Sequence[Run], courses: Sequence[Course]) -> Html:
    columns = (Column("Run"), *(Column(course.head, number=True) for course in courses))
    rows = [
        Row((run_name(run.name), *(_cell(course.effects[place]) for course in courses)))
        for place, run in reversed(list(enumerate(runs)))
    ]
    return folded("The same as a table: effects in points", table_html("Effects by run and head", columns, rows))


def _cell(effect: Effect | None) -> str:
    if effect is None:
        return "–"
    return f"{numbers.points(effect.effect)} {numbers.points_interval(effect.low, effect.high)}"
