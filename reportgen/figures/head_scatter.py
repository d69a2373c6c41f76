"""Every head as a point on two axes. A click opens the head: each point carries its name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

HEIGHT = 420
_NAMED = 12

Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """What one axis shows of every head, [layer, head], and its title."""

    title: str
    values: Map


def head_scatter(x: Axis, y: Axis, marked: npt.NDArray[np.bool_], named: Sequence[tuple[int, int]]) -> go.Figure:
    """Heads at `x` and `y`, those `marked` filled, the first dozen of those `named` (as layer and head) with their names."""
    figure = go.Figure(layout=_layout(x.title, y.title))
    for chosen, style in ((~marked, theme.OPEN_POINT), (marked, theme.FILLED_POINT)):
        layers, heads = np.nonzero(chosen & np.isfinite(x.values) & np.isfinite(y.values))
        names = [f"L{layer}H{head}" for layer, head in zip(layers.tolist(), heads.tolist(), strict=True)]
        figure.add_trace(
            go.Scatter(
                x=np.round(x.values[layers, heads], 4),
                y=np.round(y.values[layers, heads], 4),
                mode="markers",
                customdata=names,
                hovertemplate=f"<b>%{{customdata}}</b><br>{x.title}: %{{x}}<br>{y.title}: %{{y}}<extra></extra>",
                marker=style,
            )
        )
    shown = [place for place in named if np.isfinite(x.values[place]) and np.isfinite(y.values[place])][:_NAMED]
    figure.add_trace(
        go.Scatter(
            x=[float(x.values[place]) for place in shown],
            y=[float(y.values[place]) for place in shown],
            mode="text",
            text=[f"L{layer}H{head}" for layer, head in shown],
            textposition="top center",
            textfont={"size": 10, "color": theme.INK_SOFT},
            hoverinfo="skip",
        )
    )
    return figure


def _layout(x: str, y: str) -> go.Layout:
    zero = {"zeroline": True, "zerolinecolor": "var(--line)"}
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 56, "r": 8, "t": 10, "b": 48},
        xaxis=theme.axis(x, **zero),
        yaxis=theme.axis(y, **zero),
    )
