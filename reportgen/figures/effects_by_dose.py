"""Small panels, one a head: its effect, with an interval, at each of some doses, all on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

_ACROSS = 2
_ROW, _TOP, _BOTTOM, _GAP = 116, 26, 44, 56


@dataclass(frozen=True)
class Curve:
    """One head's effect at each dose with its interval, in points, [dose]; `marked` where the effect is found to change, and
    `note` says by how much."""

    head: str
    effect: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    marked: bool
    note: str


def height(curves: int) -> int:
    """The figure's height in pixels for so many heads."""
    return _TOP + _BOTTOM + _inner(_rows(curves))


def effects_by_dose(curves: Sequence[Curve], doses: Sequence[int], dose: str) -> go.Figure:
    """The curves, two beside each other; a click on a point opens its head."""
    figure = go.Figure(layout=_layout(curves, doses, dose))
    for place, curve in enumerate(curves):
        colour = "var(--accent)" if curve.marked else theme.INK_SOFT
        figure.add_trace(
            go.Scatter(
                x=list(doses),
                y=np.round(curve.effect, 2),
                xaxis=f"x{place + 1}",
                yaxis=f"y{place + 1}",
                mode="lines+markers",
                line={"color": colour, "width": 1.5},
                marker={"size": 7, "color": colour, "symbol": "circle" if curve.marked else "circle-open"},
                error_y={
                    "type": "data",
                    "array": np.round(curve.high - curve.effect, 2),
                    "arrayminus": np.round(curve.effect - curve.low, 2),
                    "color": colour,
                    "thickness": 1.5,
                    "width": 0,
                },
                customdata=[curve.head] * len(doses),
                hovertemplate=f"<b>%{{customdata}}</b><br>%{{x}} {dose}: %{{y}} points<extra></extra>",
            )
        )
    return figure


def _rows(curves: int) -> int:
    return -(-curves // _ACROSS)


def _inner(rows: int) -> int:
    return rows * _ROW + (rows - 1) * _GAP


def _layout(curves: Sequence[Curve], doses: Sequence[int], dose: str) -> go.Layout:
    rows, inner = _rows(len(curves)), _inner(_rows(len(curves)))
    axes: dict[str, object] = {}
    annotations = []
    for place, curve in enumerate(curves):
        row, column = divmod(place, _ACROSS)
        left = column * 0.53
        top = 1 - row * (_ROW + _GAP) / inner
        lowest = row == rows - 1 or place + _ACROSS >= len(curves)
        axes[f"xaxis{place + 1}"] = {
            **_bare(),
            "domain": [left, left + 0.47],
            "anchor": f"y{place + 1}",
            "tickvals": list(doses),
            "showgrid": False,
            "title": {"text": dose if lowest else "", "font": {"size": 11, "color": theme.INK_SOFT}, "standoff": 4},
        }
        axes[f"yaxis{place + 1}"] = {
            **_bare(),
            "domain": [max(0.0, top - _ROW / inner), top],
            "anchor": f"x{place + 1}",
            "range": _span(curves),
            "nticks": 4,
            "gridcolor": theme.GRID,
            "zeroline": True,
            "zerolinecolor": "var(--line)",
            "showticklabels": column == 0,
        }
        annotations.append(_title(curve, left, top))
    return theme.base_layout(
        height=_TOP + _BOTTOM + inner,
        margin={"l": 34, "r": 8, "t": _TOP, "b": _BOTTOM},
        annotations=annotations,
        **axes,
    )


def _span(curves: Sequence[Curve]) -> list[float]:
    """One scale for all: from the lowest end of an interval to the highest, 0 among them."""
    ends = np.concatenate([np.concatenate([curve.effect, curve.low, curve.high]) for curve in curves])
    finite = ends[np.isfinite(ends)]
    low, high = float(min(finite.min(initial=0.0), 0.0)), float(max(finite.max(initial=0.0), 0.0))
    room = 0.06 * (high - low or 1.0)
    return [low - room, high + room]


def _bare() -> dict[str, object]:
    return {"ticks": "", "fixedrange": True, "tickfont": {"size": 11, "color": theme.INK_SOFT}, "zeroline": False}


def _title(curve: Curve, left: float, top: float) -> dict[str, object]:
    return {
        "text": f"<b>{curve.head}</b> {curve.note}",
        "x": left,
        "y": top,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 3,
        "showarrow": False,
        "font": {"size": 12, "color": theme.INK},
    }
