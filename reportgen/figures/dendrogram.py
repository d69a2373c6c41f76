"""A tree of things that are joined where they are alike: leaves down the side, distance across."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from scipy.cluster.hierarchy import dendrogram as branches

from reportgen.figures import theme

_ROW, _LONGEST, _LETTER = 30, 18, 6.6


def height(leaves: int) -> int:
    """The figure's height in pixels, for so many leaves."""
    return 60 + _ROW * leaves


def dendrogram(tree: npt.NDArray[np.float64], names: Sequence[str], title: str) -> go.Figure:
    """SciPy's linkage `tree` [step, 4] of what has these `names`; `title` says what the distance is."""
    drawn = branches(tree, no_plot=True)
    ordered = [names[leaf] for leaf in drawn["leaves"]]
    figure = go.Figure(layout=_layout(ordered, title, float(tree[:, 2].max())))
    for places, distances in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        # SciPy puts leaves at 5, 15, 25 and so on.
        rows = [(place - 5) / 10 for place in places]
        figure.add_trace(
            go.Scatter(
                x=[round(distance, 4) for distance in distances],
                y=rows,
                mode="lines",
                line={"color": theme.INK, "width": 1.5},
                hovertemplate="joined at %{x:.2f}<extra></extra>",
            )
        )
    return figure


def _layout(names: Sequence[str], title: str, top: float) -> go.Layout:
    texts = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]
    return theme.base_layout(
        height=height(len(names)),
        margin={"l": round(max(map(len, texts)) * _LETTER) + 14, "r": 12, "t": 8, "b": 46},
        xaxis={
            "range": [0, 1.08 * (top or 1.0)],
            "gridcolor": theme.GRID,
            "zeroline": False,
            "fixedrange": True,
            "ticks": "",
            "nticks": 6,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
            "title": {"text": title, "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 6},
        },
        yaxis={
            "range": [len(names) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "ticks": "",
            "tickmode": "array",
            "tickvals": list(range(len(names))),
            "ticktext": [theme.plain(text) for text in texts],
            "tickfont": {"size": 12, "color": theme.INK},
        },
    )
