"""Heads down, groups of facts across: the effect in each, on the scale that A and B share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import heatmaps, theme
from reportgen.figures.panels import Frame

_ROW, _BOTTOM = 20, 62
_LONGEST, _MOST_LEVEL = 14, 4
_LEVEL, _SLANTED = 28, 66


@dataclass(frozen=True)
class ByGroup:
    """Effects in points [head, group] of the heads and groups named, and where they are found."""

    heads: Sequence[str]
    groups: Sequence[str]
    effect: npt.NDArray[np.float64]
    found: npt.NDArray[np.bool_]


def height(heads: int, groups: int) -> int:
    """The figure's height in pixels, for so many heads and groups."""
    return _top(groups) + _BOTTOM + _ROW * heads


def _top(groups: int) -> int:
    return _LEVEL if groups <= _MOST_LEVEL else _SLANTED


def effects_by_group(shown: ByGroup) -> go.Figure:
    """The effects as a map, with rings where a head is found. A click on a cell opens its head."""
    limit = heatmaps.clip(shown.effect)
    figure = go.Figure(layout=_layout(shown))
    map_ = Frame(*shown.effect.shape).panel(shown.effect, 0, theme.DIVERGING, (-limit, limit), "points")
    map_.update(
        customdata=[[head] * len(shown.groups) for head in shown.heads],
        hovertemplate="<b>%{customdata}</b><br>%{z} points<extra></extra>",
        colorbar={"x": 0.5, "len": 0.7, "y": -16 / (_ROW * len(shown.heads)), "title": {"text": "effect, points"}},
    )
    figure.add_trace(map_)
    rows, columns = np.nonzero(shown.found)
    figure.add_trace(
        go.Scatter(
            x=columns.tolist(),
            y=rows.tolist(),
            mode="markers",
            hoverinfo="skip",
            marker={
                "size": 6,
                "symbol": "circle",
                "color": theme.PAPER,
                "line": {"color": theme.INK, "width": 1},
            },
        )
    )
    return figure


def _layout(shown: ByGroup) -> go.Layout:
    bare = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "", "tickmode": "array"}
    short = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in shown.groups]
    return theme.base_layout(
        height=height(len(shown.heads), len(short)),
        margin={"l": 58, "r": 8 if len(shown.groups) <= _MOST_LEVEL else 30, "t": _top(len(short)), "b": _BOTTOM},
        xaxis={
            **bare,
            "side": "top",
            "range": [-0.5, len(short) - 0.5],
            "tickvals": list(range(len(short))),
            "ticktext": [theme.plain(name) for name in short],
            "tickfont": {"size": 12, "color": theme.INK},
            "tickangle": 0 if len(short) <= _MOST_LEVEL else -35,
        },
        yaxis={
            **bare,
            "range": [len(shown.heads) - 0.5, -0.5],
            "tickvals": list(range(len(shown.heads))),
            "ticktext": list(shown.heads),
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
        },
    )
