"""How evenly heads spread their attention: layers down, spread across, each head a dot, in two panels of one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

_TOP, _BOTTOM, _GAP = 28, 48, 0.06

Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SpreadPanel:
    """One panel: every head's spread [layer, head], in hundredths of the most, and a title."""

    title: str
    spread: Map


def height(layers: int) -> int:
    """The figure's height in pixels, for so many layers."""
    return _TOP + _BOTTOM + layers * (15 if layers <= 36 else 11)


def spread_by_layer(panels: Sequence[SpreadPanel], marked: npt.NDArray[np.bool_]) -> go.Figure:
    """The heads `marked` [layer, head] filled, the others open, and a tick at the mean of the others of each layer.

    A click on a dot opens its head.
    """
    layers = len(marked)
    figure = go.Figure(layout=_layout(panels, layers))
    for place, panel in enumerate(panels):
        figure.add_trace(_means(panel.spread, marked, place))
        for chosen, style in ((~marked, _OPEN), (marked, _FILLED)):
            figure.add_trace(_dots(panel.spread, chosen, style, place))
    return figure


_OPEN = {"size": 6, "symbol": "circle-open", "color": theme.INK_SOFT, "opacity": 0.75}
_FILLED = {"size": 7, "symbol": "circle", "color": "var(--accent)"}


def _dots(spread: Map, chosen: npt.NDArray[np.bool_], style: dict[str, object], place: int) -> go.Scatter:
    layers, heads = np.nonzero(chosen)
    return go.Scatter(
        x=np.round(spread[layers, heads], 1),
        y=layers,
        **_axes(place),
        mode="markers",
        customdata=[f"L{layer}H{head}" for layer, head in zip(layers.tolist(), heads.tolist(), strict=True)],
        hovertemplate="<b>%{customdata}</b>: %{x}<extra></extra>",
        marker=style,
    )


def _means(spread: Map, marked: npt.NDArray[np.bool_], place: int) -> go.Scatter:
    """The mean of the unmarked heads, in the layers that have any marked ones to compare with."""
    rows = np.flatnonzero(marked.any(axis=1) & ~marked.all(axis=1))
    return go.Scatter(
        x=[round(float(spread[row, ~marked[row]].mean()), 1) for row in rows],
        y=rows,
        **_axes(place),
        mode="markers",
        hovertemplate="the other heads of layer %{y}: %{x}<extra></extra>",
        marker={"size": 13, "symbol": "line-ns", "line": {"width": 2, "color": theme.INK}},
    )


def _axes(place: int) -> dict[str, str]:
    return {"xaxis": ("x", "x2")[place], "yaxis": "y"}


def _layout(panels: Sequence[SpreadPanel], layers: int) -> go.Layout:
    across = ((0.0, 0.5 - _GAP / 2), (0.5 + _GAP / 2, 1.0))
    axis = {
        "range": [-3, 103],
        "tickvals": [0, 50, 100],
        "ticks": "",
        "zeroline": False,
        "gridcolor": theme.GRID,
        "fixedrange": True,
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
        "title": {"text": "spread, of 100", "font": {"size": 11, "color": theme.INK_SOFT}, "standoff": 4},
    }
    return theme.base_layout(
        height=height(layers),
        margin={"l": 34, "r": 6, "t": _TOP, "b": _BOTTOM},
        xaxis={**axis, "domain": across[0]},
        xaxis2={**axis, "domain": across[1], "anchor": "y"},
        yaxis={
            "range": [layers - 0.4, -0.6],
            "dtick": 5 if layers <= 48 else 10,
            "ticks": "",
            "zeroline": False,
            "showgrid": False,
            "fixedrange": True,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
            "title": {"text": "layer", "font": {"size": 11, "color": theme.INK_SOFT}, "standoff": 2},
        },
        annotations=[
            {
                "text": f"<b>{theme.plain(panel.title)}</b>",
                "x": left,
                "y": 1,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "yshift": 4,
                "showarrow": False,
                "font": {"size": 12, "color": theme.INK},
            }
            for panel, (left, _) in zip(panels, across, strict=True)
        ],
    )
