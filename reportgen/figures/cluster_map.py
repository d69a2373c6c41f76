"""Heads on the two axes along which they differ most: clusters by symbol and number, heads found filled. A click opens a head."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen import numbers
from reportgen.figures import theme

HEIGHT = 460
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "pentagon", "hexagon", "star")


@dataclass(frozen=True)
class Placed:
    """Heads by name, [head]: where they stand [head, 2], their cluster from 0, and whether they are found; `explained` is each
    axis's share of what heads differ in."""

    names: Sequence[str]
    places: npt.NDArray[np.float64]
    cluster: npt.NDArray[np.intp]
    found: npt.NDArray[np.bool_]
    explained: tuple[float, float]


def cluster_map(heads: Placed) -> go.Figure:
    """The map, with each cluster's number at its middle."""
    figure = go.Figure(layout=_layout(heads.explained))
    clusters = range(int(heads.cluster.max()) + 1)
    for cluster in clusters:
        for found in (False, True):
            figure.add_trace(_points(heads, cluster, found=found))
    for cluster in clusters:
        x, y = np.median(heads.places[heads.cluster == cluster], axis=0)
        figure.add_annotation(
            x=float(x),
            y=float(y),
            text=f"<b>{cluster + 1}</b>",
            showarrow=False,
            bgcolor=theme.PAPER,
            bordercolor=theme.INK_SOFT,
            borderpad=2,
            opacity=0.9,
            font={"size": 13, "color": theme.INK},
        )
    return figure


def _points(heads: Placed, cluster: int, *, found: bool) -> go.Scatter:
    symbol = _SYMBOLS[cluster % len(_SYMBOLS)]
    chosen = np.flatnonzero((heads.cluster == cluster) & (heads.found == found)).tolist()
    return go.Scatter(
        x=np.round(heads.places[chosen, 0], 4),
        y=np.round(heads.places[chosen, 1], 4),
        mode="markers",
        customdata=[heads.names[place] for place in chosen],
        hovertemplate=f"<b>%{{customdata}}</b><br>cluster {cluster + 1}{'<br>recall head' if found else ''}<extra></extra>",
        marker={"size": 8, "symbol": symbol, "color": "var(--accent)"}
        if found
        else {"size": 7, "symbol": f"{symbol}-open", "color": theme.INK_SOFT},
    )


def _layout(explained: tuple[float, float]) -> go.Layout:
    axis = {
        "ticks": "",
        "showticklabels": False,
        "zeroline": False,
        "gridcolor": theme.GRID,
        "fixedrange": True,
    }
    titles = (
        {
            "text": f"axis {place}: {numbers.percent(share, 1)} of the differences",
            "font": {"size": 12, "color": theme.INK_SOFT},
            "standoff": 6,
        }
        for place, share in enumerate(explained, 1)
    )
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 28, "r": 8, "t": 10, "b": 32},
        xaxis={**axis, "title": next(titles)},
        yaxis={**axis, "title": next(titles)},
    )
