"""A study's runs over time: how many heads each found, and how the effects of its strongest heads went.

1. Runs stand at their dates. Each mark's shape says what the run is beside the one before it; where a run failed, or had
   not the contrast or the head, the line has a gap.
2. Heads found: a panel a contrast, the count as a step that holds until the next run; failed runs are crosses at the
   bottom. The scale spans what there is, but `_LEAST_SPAN` heads and a tenth of the largest count at least, so that a
   head more or less does not look like a landslide.
3. Effects: a row a head, all to one scale, each around its own middle; a line through each effect is its interval.
   Filled where the head is found, hollow where it is not. A bound that is open reaches the row's edge.
4. The figures are plain data, as Plotly reads them: a site's histories have hundreds, and to check one took Plotly's
   classes four times as long as all else that its page needs. The tests have them checked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from reportgen import numbers
from reportgen.figures import theme
from reportgen.history.compare import Kind

_TOP, _BOTTOM, _TITLE = 26, 34, 26
_LEFT, _LEFT_OF_NAMES = 44, 92
_PANEL, _ROW, _GAP = 130, 58, 18
_LEAST_SPAN, _FEW = 4, 30
_ALONE = timedelta(days=3)

Plain = dict[str, Any]

Mark = Kind | Literal["failed"]

_SYMBOLS: dict[Mark, str] = {
    "first": "circle",
    "reproduced": "circle",
    "restored": "circle-open",
    "unmoved": "diamond-open",
    "changed": "diamond",
    "alarm": "triangle-up",
    "failed": "x-thin-open",
}
_SIZES: dict[Mark, int] = {"changed": 10, "alarm": 12, "unmoved": 9, "failed": 8}
_SAID: dict[Mark, str] = {
    "first": "●\u00a0the first run",
    "reproduced": "●\u00a0reproduced",
    "restored": "○\u00a0from stored scores",
    "unmoved": "◇\u00a0inputs changed, findings did not",
    "changed": "◆\u00a0findings changed",
    "alarm": "▲\u00a0alarm",
    "failed": "✕\u00a0failed",
}


@dataclass(frozen=True)
class Point:
    """A run in time: when it ended (ISO 8601, UTC), what it is called, and what it is beside the one before it."""

    moment: str
    name: str
    mark: Mark

    @property
    def when(self) -> str:
        """The moment as Plotly reads it."""
        return self.moment[:19].replace("T", " ")


@dataclass(frozen=True)
class Counts:
    """How many heads each run found in one contrast; None where it failed or had no such contrast."""

    title: str
    found: tuple[int | None, ...]


@dataclass(frozen=True)
class Effect:
    """A head's effect in one run, in shares of attention, with its interval (bounds may be infinite), and whether the
    head is found."""

    effect: float
    low: float
    high: float
    found: bool


@dataclass(frozen=True)
class Course:
    """One head over the runs; None where a run tells nothing of it."""

    head: str
    effects: tuple[Effect | None, ...]


def marks_in_words(points: Sequence[Point]) -> str:
    """What the shapes mean that are drawn: "● reproduced, ▲ alarm"."""
    drawn = {point.mark for point in points}
    return ", ".join(text for mark, text in _SAID.items() if mark in drawn)


def counts_height(contrasts: int) -> int:
    """The height in pixels of the figure of heads found."""
    return _TOP + _BOTTOM + contrasts * _PANEL + (contrasts - 1) * _TITLE


def found_over_time(points: Sequence[Point], counts: Sequence[Counts]) -> Plain:
    """How many heads each run found, a panel a contrast."""
    rows = _rows(len(counts), _PANEL, _TITLE)
    limits = [_count_limits(each) for each in counts]
    layout = _layout(points, counts_height(len(counts)), rows, limits, {"nticks": 4})
    layout["annotations"] = [
        _title(f"<b>{theme.plain(each.title)}</b>, heads found", top)
        for each, (_, top) in zip(counts, rows, strict=True)
    ]
    steps = [_steps(points, each, place) for place, each in enumerate(counts)]
    crosses = [_failures(points, low + (high - low) / 16, place) for place, (low, high) in enumerate(limits)]
    return {"data": [*steps, *crosses], "layout": layout}


def courses_height(heads: int) -> int:
    """The height in pixels of the figure of effects."""
    return _TOP + _BOTTOM + heads * _ROW + (heads - 1) * _GAP


def effects_over_time(points: Sequence[Point], courses: Sequence[Course]) -> Plain:
    """The effects of some heads, a row a head."""
    rows = _rows(len(courses), _ROW, _GAP)
    limits = _effect_limits(courses)
    ticks = {"dtick": _step(limits[0][1] - limits[0][0]), "tick0": 0}
    layout = _layout(points, courses_height(len(courses)), rows, limits, ticks)
    layout["annotations"] = [
        *(_head_name(course.head, row) for course, row in zip(courses, rows, strict=True)),
        _title("effect, points", 1.0),
    ]
    layout["margin"]["l"] = _LEFT_OF_NAMES
    each = enumerate(zip(courses, limits, strict=True))
    return {"data": [_course(points, course, limit, place) for place, (course, limit) in each], "layout": layout}


def _rows(n: int, height: int, between: int) -> list[tuple[float, float]]:
    """The parts of the figure's height that the rows take, the first on top."""
    inner = n * height + (n - 1) * between
    tops = [1 - place * (height + between) / inner for place in range(n)]
    return [(max(0.0, top - height / inner), top) for top in tops]


def _count_limits(counts: Counts) -> tuple[float, float]:
    known = [count for count in counts.found if count is not None] or [0]
    span = max(max(known) - min(known), _LEAST_SPAN, 0.1 * max(known))
    middle = (max(known) + min(known)) / 2
    low = max(middle - 0.75 * span, -0.25 * span)
    return (low, low + 1.5 * span)


def _effect_limits(courses: Sequence[Course]) -> list[tuple[float, float]]:
    """Where each row begins and ends, in points: one span for all, around the middle of what the row shows."""
    shown = [[100 * value for effect in course.effects if effect for value in _finite(effect)] for course in courses]
    span = 1.1 * max((max(values) - min(values) for values in shown if values), default=0.0) or 1.0
    middles = [(max(values) + min(values)) / 2 if values else 0.0 for values in shown]
    return [(middle - span / 2, middle + span / 2) for middle in middles]


def _step(span: float) -> float:
    """The distance of the rows' ticks, so that two or three stand in each: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(span / 2))
    return next(step * power for step in (5, 2, 1) if step * power <= span / 2)


def _finite(effect: Effect) -> list[float]:
    return [value for value in (effect.low, effect.effect, effect.high) if math.isfinite(value)]


def _steps(points: Sequence[Point], counts: Counts, place: int) -> Plain:
    return {
        "type": "scatter",
        "x": [point.when for point in points],
        "y": list(counts.found),
        **_axes(place),
        "mode": "lines+markers",
        "connectgaps": False,
        "line": {"color": theme.INK_SOFT, "width": 1.5, "shape": "hv"},
        "marker": {
            "symbol": [_SYMBOLS[point.mark] for point in points],
            "size": [_SIZES.get(point.mark, 6) for point in points],
            "color": theme.INK,
            "opacity": 1,
            "line": {"color": theme.INK, "width": 1},
        },
        "text": [_found_text(point, found) for point, found in zip(points, counts.found, strict=True)],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _found_text(point: Point, found: int | None) -> str:
    return f"{point.name}: {numbers.things(found or 0, 'head')} found<br>{_SAID[point.mark]}"


def _failures(points: Sequence[Point], height: float, place: int) -> Plain:
    failed = [point for point in points if point.mark == "failed"]
    return {
        "type": "scatter",
        "x": [point.when for point in failed],
        "y": [height] * len(failed),
        **_axes(place),
        "mode": "markers",
        "marker": {"symbol": _SYMBOLS["failed"], "size": _SIZES["failed"], "color": theme.INK, "line": {"width": 2}},
        "text": [f"{point.name}: failed" for point in failed],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _course(points: Sequence[Point], course: Course, limits: tuple[float, float], place: int) -> Plain:
    known = list(zip(points, course.effects, strict=True))
    values = [None if effect is None else round(100 * effect.effect, 3) for _, effect in known]
    return {
        "type": "scatter",
        "x": [point.when for point in points],
        "y": values,
        **_axes(place),
        "mode": "lines+markers",
        "connectgaps": False,
        "line": {"color": theme.INK_SOFT, "width": 1},
        "marker": {
            "size": 6 if len(points) <= _FEW else 4,
            "symbol": ["circle" if effect is not None and effect.found else "circle-open" for _, effect in known],
            "color": theme.INK,
            "line": {"color": theme.INK, "width": 1},
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [_length(effect, limits[1], +1) for _, effect in known],
            "arrayminus": [_length(effect, limits[0], -1) for _, effect in known],
            "color": theme.PAIR,
            "thickness": 2 if len(points) <= _FEW else 1,
            "width": 0,
        },
        "text": [_effect_text(point, course.head, effect) for point, effect in known],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _length(effect: Effect | None, edge: float, side: int) -> float | None:
    """How far the interval reaches from the effect to one side, in points; to the row's edge where it is open."""
    if effect is None:
        return None
    bound = effect.high if side > 0 else effect.low
    return round(max(0.0, side * ((100 * bound if math.isfinite(bound) else edge) - 100 * effect.effect)), 3)


def _effect_text(point: Point, head: str, effect: Effect | None) -> str:
    if effect is None:
        return ""
    interval = numbers.points_interval(effect.low, effect.high)
    found = "found" if effect.found else "not found"
    return f"<b>{head}</b>, {point.name}: {numbers.points(effect.effect)} {interval}, {found}"


def _axes(place: int) -> dict[str, str]:
    return {"xaxis": "x", "yaxis": "y" if place == 0 else f"y{place + 1}"}


def _layout(
    points: Sequence[Point],
    height: int,
    rows: Sequence[tuple[float, float]],
    limits: Sequence[tuple[float, float]],
    ticks: dict[str, float],
) -> Plain:
    last = "y" if len(rows) == 1 else f"y{len(rows)}"
    return theme.plain_layout(
        height=height,
        margin={"l": _LEFT, "r": 12, "t": _TOP, "b": _BOTTOM},
        hovermode="closest",
        xaxis={
            **_AXIS,
            "type": "date",
            "range": _dates(points),
            "anchor": last,
            "showgrid": False,
            "nticks": 5,
            "tickangle": 0,
        },
        shapes=[_turn(point) for point in points if point.mark in ("changed", "alarm")],
        **{
            f"yaxis{place + 1 if place else ''}": {
                **_AXIS,
                "domain": list(row),
                "range": list(limit),
                **ticks,
                "zeroline": True,
                "zerolinecolor": theme.INK_SOFT,
            }
            for place, (row, limit) in enumerate(zip(rows, limits, strict=True))
        },
    )


_AXIS: dict[str, object] = {
    "ticks": "",
    "gridcolor": theme.GRID,
    "zeroline": False,
    "fixedrange": True,
    "tickfont": {"size": 11, "color": theme.INK_SOFT},
}


def _dates(points: Sequence[Point]) -> list[str]:
    """The first and the last day with a little room, so that a single run has room, too."""
    moments = [datetime.fromisoformat(point.when) for point in points]
    room = max((max(moments) - min(moments)) * 0.02, _ALONE)
    return [
        (moment + sign * room).isoformat(" ", "seconds") for moment, sign in ((min(moments), -1), (max(moments), 1))
    ]


def _turn(point: Point) -> dict[str, object]:
    """A line through all rows where a run found something else."""
    return {
        "type": "line",
        "layer": "below",
        "x0": point.when,
        "x1": point.when,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": theme.INK_SOFT, "width": 1, "dash": "dot"},
    }


def _title(text: str, y: float) -> dict[str, object]:
    return {
        **_NOTE,
        "text": text,
        "x": 0,
        "xanchor": "left",
        "y": y,
        "yanchor": "bottom",
        "yshift": 4,
        "font": {"size": 12, "color": theme.INK},
    }


def _head_name(head: str, row: tuple[float, float]) -> dict[str, object]:
    return {
        **_NOTE,
        "text": f"<b>{head}</b>",
        "x": 0,
        "xanchor": "right",
        "xshift": -42,
        "y": sum(row) / 2,
        "yanchor": "middle",
        "font": {"size": 12, "color": theme.INK},
    }


_NOTE: dict[str, object] = {"showarrow": False, "xref": "paper", "yref": "paper"}
