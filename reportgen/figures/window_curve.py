"""What blocking attention does, window of layers by window of layers: one curve for what is asked about, one to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

HEIGHT = 340

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """An estimate with its interval for each window, [window], where it is told from nothing (`found`), and its name."""

    name: str
    estimate: Values
    low: Values
    high: Values
    found: npt.NDArray[np.bool_]


def window_curve(curve: Curve, beside: Curve | None, windows: Sequence[str], titles: tuple[str, str]) -> go.Figure:
    """The curve as a line with points, filled where found, its intervals as a band; `beside` it another, dotted, with theirs
    as bars. `windows` names each place; `titles` are those of the axes."""
    figure = go.Figure(layout=_layout(*titles))
    for edge in _band(curve):
        figure.add_trace(edge)
    if beside is not None:
        figure.add_trace(_line(beside, windows, _BESIDE, bars=True))
    figure.add_trace(_line(curve, windows, _MAIN, bars=False))
    return figure


@dataclass(frozen=True)
class _Style:
    line: dict[str, Any]
    symbol: str


_MAIN = _Style({"color": theme.INK, "width": 2}, "circle")
_BESIDE = _Style({"color": theme.INK_SOFT, "width": 1.5, "dash": "dot"}, "square")


def _bounds(curve: Curve) -> tuple[Values, Values]:
    """Both ends of the intervals; the estimate itself where there is none."""
    known = np.isfinite(curve.low) & np.isfinite(curve.high)
    low, high = (np.where(known, bound, curve.estimate).round(4) for bound in (curve.low, curve.high))
    return low, high


def _band(curve: Curve) -> list[go.Scatter]:
    low, high = _bounds(curve)
    edge = {"x": list(range(len(low))), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    return [go.Scatter(y=high, **edge), go.Scatter(y=low, fill="tonexty", fillcolor=theme.GRID, **edge)]


def _line(curve: Curve, windows: Sequence[str], style: _Style, *, bars: bool) -> go.Scatter:
    low, high = _bounds(curve)
    estimate = curve.estimate.round(4)
    return go.Scatter(
        x=list(range(len(windows))),
        y=estimate,
        mode="lines+markers",
        line=style.line,
        marker={
            "size": 7,
            "symbol": [style.symbol if found else f"{style.symbol}-open" for found in curve.found],
            "color": style.line["color"],
        },
        error_y={
            "type": "data",
            "visible": bars,
            "symmetric": False,
            "array": high - estimate,
            "arrayminus": estimate - low,
            "color": theme.PAIR,
            "thickness": 1.5,
            "width": 0,
        },
        text=[f"{curve.name}, {window}" for window in windows],
        hovertemplate="%{text}: %{y:.2f}<extra></extra>",
    )


def _layout(x: str, y: str) -> go.Layout:
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 56, "r": 10, "t": 10, "b": 48},
        xaxis=theme.axis(x, showgrid=False, zeroline=False, nticks=8),
        yaxis=theme.axis(y, zeroline=True, zerolinecolor="var(--line)"),
    )
