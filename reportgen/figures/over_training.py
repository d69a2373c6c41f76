"""A training over its steps, on a log axis: how many heads are found, what is known, and the effects of some heads.

Step 0 stands half as far as the first other step, since a log axis has no place for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen import numbers
from reportgen.figures import theme

_TOP, _BOTTOM, _PANEL, _COURSE, _GAP = 26, 50, 120, 84, 34
_TICKS = 5

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """One row: `value` with its band from `low` to `high` at each step, what it is called, and how one point is told. `found`
    says where marks are filled, `even` where a line of no meaning lies; `head` names the head that it is of, if it is of one."""

    title: str
    value: Values
    low: Values
    high: Values
    found: npt.NDArray[np.bool_]
    texts: Sequence[str]
    even: float | None = None
    floor: float | None = None
    head: str = ""


@dataclass(frozen=True)
class Onset:
    """A line through all rows at a step, and the row (from 0) above which it is named."""

    step: int
    row: int
    text: str


def height(courses: Sequence[Course]) -> int:
    """The figure's height in pixels."""
    return _TOP + _BOTTOM + sum(map(_size, courses)) + _GAP * (len(courses) - 1)


def over_training(steps: Sequence[int], courses: Sequence[Course], onsets: Sequence[Onset]) -> go.Figure:
    """A row for each course, from top to bottom."""
    at = positions(steps)
    rows = _rows(courses)
    figure = go.Figure(layout=_layout(steps, courses, rows, onsets))
    for place, course in enumerate(courses):
        for trace in _traces(at, course, place):
            figure.add_trace(trace)
    return figure


def positions(steps: Sequence[int]) -> list[float]:
    """Where the steps stand on a log axis."""
    first = min((step for step in steps if step), default=1)
    return [float(step) if step else first / 2 for step in steps]


def _size(course: Course) -> int:
    return _COURSE if course.head else _PANEL


def _rows(courses: Sequence[Course]) -> list[tuple[float, float]]:
    """Each row's place on the paper, from the bottom."""
    inner = sum(map(_size, courses)) + _GAP * (len(courses) - 1)
    tops = np.cumsum([0, *(_size(course) + _GAP for course in courses[:-1])])
    return [
        (1 - float(top + _size(course)) / inner, 1 - float(top) / inner)
        for top, course in zip(tops, courses, strict=True)
    ]


def _traces(at: Sequence[float], course: Course, place: int) -> list[go.Scatter]:
    axes = {"xaxis": "x", "yaxis": _axis_name(place)}
    known = np.isfinite(course.value)
    x = [where for where, there in zip(at, known, strict=True) if there]
    value, low, high = (np.round(values[known], 4).tolist() for values in (course.value, course.low, course.high))
    edge = {**axes, "x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    filled = course.found[known]
    marks = {
        "size": 7,
        "symbol": ["circle" if found else "circle-open" for found in filled],
        "color": ["var(--accent)" if found else theme.INK_SOFT for found in filled],
    }
    return [
        go.Scatter(y=high, **edge),
        go.Scatter(y=low, fill="tonexty", fillcolor=theme.GRID, **edge),
        go.Scatter(
            **axes,
            x=x,
            y=value,
            mode="lines+markers",
            line={"color": theme.INK, "width": 1.5},
            marker=marks,
            text=[text for text, there in zip(course.texts, known, strict=True) if there],
            customdata=[course.head] * len(x) if course.head else None,
            hovertemplate="%{text}<extra></extra>",
        ),
    ]


def _axis_name(place: int) -> str:
    return f"y{place + 1}" if place else "y"


def _layout(
    steps: Sequence[int],
    courses: Sequence[Course],
    rows: Sequence[tuple[float, float]],
    onsets: Sequence[Onset],
) -> go.Layout:
    at = positions(steps)
    shown = _ticks(at)
    titles = [
        {
            **_NOTE,
            "text": f"<b>{course.title}</b>",
            "x": 0,
            "xanchor": "left",
            "y": top,
            "yanchor": "bottom",
            "yshift": 4,
        }
        for course, (_, top) in zip(courses, rows, strict=True)
    ]
    return theme.base_layout(
        height=height(courses),
        margin={"l": 44, "r": 14, "t": _TOP, "b": _BOTTOM},
        xaxis={
            **_AXIS,
            "type": "log",
            "range": [math.log10(at[0]) - 0.06, math.log10(at[-1]) + 0.06],
            "anchor": _axis_name(len(courses) - 1),
            "showgrid": False,
            "tickmode": "array",
            "tickvals": [at[place] for place in shown],
            "ticktext": [numbers.count(steps[place]) for place in shown],
            "tickangle": 0,
            "title": {"text": "step of the training", "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 6},
        },
        **{
            f"yaxis{place + 1 if place else ''}": {
                **_AXIS,
                "domain": list(row),
                "range": _range(course),
                "zeroline": bool(course.head),
                "zerolinecolor": theme.INK_SOFT,
                "nticks": 4,
            }
            for place, (row, course) in enumerate(zip(rows, courses, strict=True))
        },
        annotations=[*titles, *(_named(onset, rows, at) for onset in onsets)],
        shapes=[
            *(_line(onset) for onset in onsets),
            *(_even(course, place) for place, course in enumerate(courses) if course.even is not None),
        ],
    )


def _ticks(at: Sequence[float]) -> list[int]:
    """The steps that the axis names: so many at most, evenly far apart as far as there are any."""
    wanted = np.linspace(math.log10(at[0]), math.log10(at[-1]), _TICKS)
    return sorted({int(np.abs(np.log10(at) - place).argmin()) for place in wanted})


def _range(course: Course) -> list[float]:
    ends = np.concatenate([course.value, course.low, course.high, [0.0 if course.head else course.value[0]]])
    ends = ends[np.isfinite(ends)]
    low, high = (float(ends.min()), float(ends.max())) if ends.size else (0.0, 1.0)
    room = max((high - low) * 0.1, 0.5)
    return [low - room if course.floor is None else course.floor - 0.04 * (high - course.floor + 1), high + room]


def _line(onset: Onset) -> dict[str, object]:
    return {
        "type": "line",
        "layer": "below",
        "x0": onset.step,
        "x1": onset.step,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": theme.INK_SOFT, "width": 1, "dash": "dot"},
    }


def _even(course: Course, place: int) -> dict[str, object]:
    return {
        "type": "line",
        "layer": "below",
        "x0": 0,
        "x1": 1,
        "xref": "paper",
        "y0": course.even,
        "y1": course.even,
        "yref": _axis_name(place),
        "line": {"color": theme.INK_SOFT, "width": 1},
    }


def _named(onset: Onset, rows: Sequence[tuple[float, float]], at: Sequence[float]) -> dict[str, object]:
    """The name of the onset inside its row, on the side where there is room."""
    middle = (math.log10(at[0]) + math.log10(at[-1])) / 2
    left = math.log10(onset.step) > middle
    return {
        **_NOTE,
        "text": onset.text,
        "font": {"size": 11, "color": theme.INK_SOFT},
        "x": math.log10(onset.step),
        "xref": "x",
        "xanchor": "right" if left else "left",
        "xshift": -4 if left else 4,
        "y": rows[onset.row][1],
        "yanchor": "top",
    }


_NOTE: dict[str, object] = {
    "showarrow": False,
    "xref": "paper",
    "yref": "paper",
    "font": {"size": 12, "color": theme.INK},
}
_AXIS: dict[str, object] = {
    "ticks": "",
    "gridcolor": theme.GRID,
    "zeroline": False,
    "fixedrange": True,
    "tickfont": {"size": 11, "color": theme.INK_SOFT},
}
