"""What blocking attention does, window of layers by window of layers: one curve for what is asked about, one to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

HEIGHT = 340


@dataclass(frozen=True)
class Curve:
    """An estimate with its interval for each window, [window], where it is told from nothing (`found`), and its name."""

    name: str
    estimate: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    found: npt.NDArray[np.bool_]


def window_curve(curve: Curve, beside: Curve | None, windows: Sequence[str], titles: tuple[str, str]) -> go.Figure:
    """The curve as a line with points, filled where found, and `beside` it another, dashed; each has its interval as a band.
    `windows` names each place; `titles` are those of the axes."""
    figure = go.Figure(layout=_layout(*titles))
    for each, style in ((beside, _BESIDE), (curve, _MAIN)):
        if each is not None:
            for trace in _traces(each, windows, style):
                figure.add_trace(trace)
    return figure


@dataclass(frozen=True)
class _Style:
    line: dict[str, Any]
    symbol: str
    band: float


_MAIN = _Style({"color": theme.INK, "width": 2}, "circle", 0.9)
_BESIDE = _Style({"color": theme.INK_SOFT, "width": 1.5, "dash": "dot"}, "square", 0.5)


def _traces(curve: Curve, windows: Sequence[str], style: _Style) -> list[go.Scatter]:
    places = list(range(len(windows)))
    edge = {"x": places, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    hidden = ~(np.isfinite(curve.low) & np.isfinite(curve.high))
    low, high = (np.where(hidden, curve.estimate, values).round(4) for values in (curve.low, curve.high))
    return [
        go.Scatter(y=high, **edge),
        go.Scatter(y=low, fill="tonexty", fillcolor=theme.GRID, opacity=style.band, **edge),
        go.Scatter(
            x=places,
            y=curve.estimate.round(4),
            mode="lines+markers",
            line=style.line,
            marker={
                "size": 7,
                "symbol": [style.symbol if found else f"{style.symbol}-open" for found in curve.found],
                "color": style.line["color"],
            },
            text=[f"{curve.name}, {window}" for window in windows],
            hovertemplate="%{text}: %{y:.2f}<extra></extra>",
        ),
    ]


def _layout(x: str, y: str) -> go.Layout:
    axis = {
        "ticks": "",
        "gridcolor": theme.GRID,
        "fixedrange": True,
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
    }
    titles = ({"text": text, "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 6} for text in (x, y))
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 56, "r": 10, "t": 10, "b": 48},
        xaxis={**axis, "title": next(titles), "showgrid": False, "zeroline": False, "nticks": 8},
        yaxis={**axis, "title": next(titles), "zeroline": True, "zerolinecolor": "var(--line)"},
    )
