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
    for chosen, style in ((~shown.marked, theme.OPEN_POINT), (shown.marked, theme.FILLED_POINT)):
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


def _layout(x: str, y: str) -> go.Layout:
    zero = {"zeroline": True, "zerolinecolor": theme.INK_SOFT}
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 56, "r": 8, "t": 10, "b": 48},
        xaxis=theme.axis(x, **zero),
        yaxis=theme.axis(y, **zero),
    )
