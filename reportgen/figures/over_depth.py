"""Several models from their first layer to their last: what share of each layer's heads is found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

_TOP, _BOTTOM, _PANEL, _GAP = 26, 50, 110, 34
_CENTRE = -8.0

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InDepth:
    """One model: the share of each layer's heads that is found, in percent, with its band, [layer]; the depth of all heads found
    with its interval, NaN where there is none; and what each layer is told by."""

    name: str
    share: Values
    low: Values
    high: Values
    depth: tuple[float, float, float]
    texts: Sequence[str]


def height(models: int) -> int:
    """The figure's height in pixels."""
    return _TOP + _BOTTOM + _PANEL * models + _GAP * (models - 1)


def over_depth(models: Sequence[InDepth]) -> go.Figure:
    """A row for each model; below its line a diamond at the depth of the heads found, with its interval."""
    figure = go.Figure(layout=_layout(models))
    for place, model in enumerate(models):
        for trace in _traces(model, place):
            figure.add_trace(trace)
    return figure


def _traces(model: InDepth, place: int) -> list[go.Scatter]:
    axes = {"xaxis": "x", "yaxis": _axis_name(place)}
    depths = (np.arange(len(model.share)) / max(len(model.share) - 1, 1)).round(4).tolist()
    share, low, high = (np.round(values, 2).tolist() for values in (model.share, model.low, model.high))
    edge = {**axes, "x": depths, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    found = model.share > 0
    traces = [
        go.Scatter(y=high, **edge),
        go.Scatter(y=low, fill="tonexty", fillcolor=theme.GRID, **edge),
        go.Scatter(
            **axes,
            x=depths,
            y=share,
            mode="lines+markers",
            line={"color": theme.INK, "width": 1.5},
            marker={
                "size": 6,
                "symbol": ["circle" if there else "circle-open" for there in found],
                "color": ["var(--accent)" if there else theme.INK_SOFT for there in found],
            },
            text=list(model.texts),
            hovertemplate="%{text}<extra></extra>",
        ),
    ]
    value, least, most = model.depth
    if np.isfinite(value):
        bounds = [max(0.0, end) if np.isfinite(end) else 0.0 for end in (most - value, value - least)]
        traces.append(
            go.Scatter(
                **axes,
                x=[round(value, 4)],
                y=[_CENTRE],
                mode="markers",
                marker={"symbol": "diamond", "size": 9, "color": theme.INK},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [bounds[0]],
                    "arrayminus": [bounds[1]],
                    "color": theme.INK,
                    "thickness": 2,
                    "width": 0,
                },
                hovertemplate="depth of the heads found: %{x:.2f}<extra></extra>",
            )
        )
    return traces


def _axis_name(place: int) -> str:
    return f"y{place + 1}" if place else "y"


def _layout(models: Sequence[InDepth]) -> go.Layout:
    inner = height(len(models)) - _TOP - _BOTTOM
    tops = [1 - place * (_PANEL + _GAP) / inner for place in range(len(models))]
    axis = {
        "ticks": "",
        "gridcolor": theme.GRID,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
    }
    return theme.base_layout(
        height=height(len(models)),
        margin={"l": 40, "r": 14, "t": _TOP, "b": _BOTTOM},
        xaxis={
            **axis,
            "range": [-0.03, 1.03],
            "anchor": _axis_name(len(models) - 1),
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "ticktext": ["first layer", "¼", "½", "¾", "last"],
            "title": {"text": "depth", "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 4},
        },
        **{
            f"yaxis{place + 1 if place else ''}": {
                **axis,
                "domain": [tops[place] - _PANEL / inner, tops[place]],
                "range": [-16, 108],
                "tickvals": [0, 50, 100],
            }
            for place in range(len(models))
        },
        annotations=[
            {
                "text": f"<b>{theme.plain(short(model.name))}</b>, % found",
                "x": 0,
                "y": tops[place],
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "yshift": 4,
                "showarrow": False,
                "font": {"size": 12, "color": theme.INK},
            }
            for place, model in enumerate(models)
        ],
    )


def short(name: str, longest: int = 30) -> str:
    """The name, cut in its middle where it is long: the ends of models' names tell them apart."""
    return name if len(name) <= longest else f"{name[: longest - 11]}…{name[-10:]}"
