"""Paths through pairs of heads: earlier heads on the left, later ones on the right, layer 0 on top, a curve for each path
that leads from the start through the middle to the last position.

Heads stand at the height of their layer, and are pushed apart where their names would lie upon each other. A curve is as
wide as its path is strong. A click on a head opens it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

HEIGHT = 460
_TOP, _BOTTOM, _NAME = 52, 30, 15
_THINNEST, _WIDEST = 1.0, 5.0
_STEPS, _ROUNDS = 24, 3

Place = tuple[int, int]
Heights = dict[Place, float]

_STATIONS = ((0.0, "start"), (0.5, "middle"), (1.0, "last position"))


@dataclass(frozen=True)
class Path:
    """A path from head to head, as (layer, head); `strength` is in points, `marked` says that it is found, and `text` what
    is said where one points at it."""

    earlier: Place
    later: Place
    strength: float
    marked: bool
    text: str


def head_paths(paths: Sequence[Path], titles: tuple[str, str]) -> go.Figure:
    """The paths, the marked ones in front; `titles` say what the earlier and the later heads look at, a line each."""
    left, right = _heights([path.earlier for path in paths], [path.later for path in paths])
    lowest, highest = _range([*left.values(), *right.values()])
    figure = go.Figure(layout=_layout(titles, lowest, highest))
    for x, name in _STATIONS:
        figure.add_trace(_station(x, name, lowest, highest))
    widest = max((path.strength for path in paths), default=0.0) or 1.0
    for path in sorted(paths, key=lambda path: path.marked):
        width = _THINNEST + (_WIDEST - _THINNEST) * path.strength / widest
        figure.add_trace(_curve(path, left[path.earlier], right[path.later], width))
    for heights, x, side in ((left, 0.0, "left"), (right, 1.0, "right")):
        marked = {place for path in paths if path.marked for place in (path.earlier, path.later)}
        figure.add_trace(_heads(heights, marked, x, side))
    return figure


def _heights(left: Sequence[Place], right: Sequence[Place]) -> tuple[Heights, Heights]:
    """Where each head stands on its side, in layers. Names pushed apart need more layers, and then more room each."""
    layers = 8.0
    for _ in range(_ROUNDS):
        gap = layers * _NAME / (HEIGHT - _TOP - _BOTTOM)
        sides = _apart(left, gap), _apart(right, gap)
        heights = [height for side in sides for height in side.values()]
        lowest, highest = _range(heights)
        layers = max(layers, highest - lowest)
    return sides


def _apart(places: Sequence[Place], gap: float) -> Heights:
    """Each head at its own layer, unless the one above is too near."""
    heights: Heights = {}
    above = -np.inf
    for layer, head in sorted(set(places)):
        above = max(float(layer), above + gap)
        heights[layer, head] = above
    return heights


def _range(heights: Sequence[float]) -> tuple[float, float]:
    return (min(heights) - 0.7, max(heights) + 0.7) if heights else (0.0, 1.0)


def _station(x: float, name: str, lowest: float, highest: float) -> go.Scatter:
    """A faint line that the paths pass, with its name at the foot."""
    return go.Scatter(
        x=[x, x],
        y=[lowest, highest],
        mode="lines+text",
        text=["", name],
        textposition="bottom center",
        textfont={"size": 12, "color": theme.INK_SOFT},
        cliponaxis=False,
        hoverinfo="skip",
        line={"width": 1, "color": theme.GRID, "dash": "dot"},
    )


def _curve(path: Path, above: float, below: float, width: float) -> go.Scatter:
    t = np.linspace(0, 1, _STEPS)
    y: npt.NDArray[np.float64] = above + (below - above) * t**2 * (3 - 2 * t)
    colour = "var(--accent)" if path.marked else theme.PAIR
    return go.Scatter(
        x=np.round(t, 3).tolist(),
        y=np.round(y, 3).tolist(),
        mode="lines",
        line={"width": round(width, 2), "color": colour},
        opacity=0.75,
        text=[path.text] * _STEPS,
        hovertemplate="%{text}<extra></extra>",
    )


def _heads(heights: Heights, marked: set[Place], x: float, side: str) -> go.Scatter:
    names = [f"L{layer}H{head}" for layer, head in heights]
    return go.Scatter(
        x=[x] * len(names),
        y=list(heights.values()),
        mode="markers+text",
        text=names,
        textposition=f"middle {side}",
        textfont={"size": 11, "color": theme.INK},
        cliponaxis=False,
        customdata=names,
        hovertemplate="<b>%{customdata}</b>: click to open<extra></extra>",
        marker={
            "size": 7,
            "color": ["var(--accent)" if place in marked else theme.PAPER for place in heights],
            "line": {"width": 1, "color": theme.INK_SOFT},
        },
    )


def _layout(titles: tuple[str, str], lowest: float, highest: float) -> go.Layout:
    bare = {"visible": False, "fixedrange": True}
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 58, "r": 58, "t": _TOP, "b": _BOTTOM},
        hovermode="closest",
        xaxis={**bare, "range": [-0.02, 1.02]},
        yaxis={**bare, "range": [highest, lowest]},
        annotations=[_title(titles[0], 0.0, "left", -52), _title(titles[1], 1.0, "right", 52)],
    )


def _title(text: str, x: float, side: str, shift: int) -> dict[str, object]:
    return {
        "text": text,
        "x": x,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": side,
        "yanchor": "bottom",
        "xshift": shift,
        "yshift": 6,
        "align": side,
        "showarrow": False,
        "font": {"size": 12, "color": theme.INK},
    }
