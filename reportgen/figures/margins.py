"""Each fact as a point: by how much the model prefers the true object, in one reading across and in another upwards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from reportgen.figures import theme
from reportgen.stats.differences import Flags, PerHead

HEIGHT = 420


@dataclass(frozen=True)
class Compared:
    """Margins of the facts named, nats, [fact], in two readings, and which of them are marked."""

    names: Sequence[str]
    x: PerHead
    y: PerHead
    marked: Flags


def margins(shown: Compared, x: str, y: str) -> go.Figure:
    """The facts, those marked filled; a broken line where both readings have the same margin."""
    figure = go.Figure(layout=_layout(x, y))
    ends = [float(min(shown.x.min(), shown.y.min(), 0)), float(max(shown.x.max(), shown.y.max(), 0))]
    figure.add_trace(
        go.Scatter(
            x=ends, y=ends, mode="lines", hoverinfo="skip", line={"color": theme.INK_SOFT, "width": 1, "dash": "dot"}
        )
    )
    for chosen, style in ((~shown.marked, _OPEN), (shown.marked, _FILLED)):
        figure.add_trace(
            go.Scatter(
                x=np.round(shown.x[chosen], 3),
                y=np.round(shown.y[chosen], 3),
                mode="markers",
                text=[theme.plain(shown.names[place]) for place in np.flatnonzero(chosen).tolist()],
                hovertemplate=f"<b>%{{text}}</b><br>{x}: %{{x}}<br>{y}: %{{y}}<extra></extra>",
                marker=style,
            )
        )
    return figure


_OPEN = {"size": 7, "symbol": "circle-open", "color": theme.INK_SOFT}
_FILLED = {"size": 8, "symbol": "circle", "color": "var(--accent)"}


def _layout(x: str, y: str) -> go.Layout:
    axis = {
        "ticks": "",
        "zeroline": True,
        "zerolinecolor": theme.INK_SOFT,
        "gridcolor": theme.GRID,
        "fixedrange": True,
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
    }
    titles = ({"text": text, "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 6} for text in (x, y))
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 56, "r": 8, "t": 10, "b": 48},
        xaxis={**axis, "title": next(titles)},
        yaxis={**axis, "title": next(titles)},
    )
