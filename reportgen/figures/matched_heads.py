"""Heads of one model and those of others that they are matched with: where in depth both stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme
from reportgen.figures.over_depth import short

_TOP, _BOTTOM, _PANEL, _GAP = 26, 48, 260, 76

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Matches:
    """The matches of the study's heads with those of one other model, [match]: the depth of each, their names, how similar they
    are, and whether more than by chance."""

    model: str
    depth: Values
    its_depth: Values
    heads: Sequence[str]
    its_heads: Sequence[str]
    similarity: Values
    like: npt.NDArray[np.bool_]


def height(models: int) -> int:
    """The figure's height in pixels."""
    return _TOP + _BOTTOM + _PANEL * models + _GAP * (models - 1)


def matched_heads(shown: Sequence[Matches], own: str) -> go.Figure:
    """A panel for each other model, the study's model across. A click opens the study's head."""
    figure = go.Figure(layout=_layout(shown, own))
    for place, matches in enumerate(shown):
        for chosen, style in ((~matches.like, _OPEN), (matches.like, _FILLED)):
            figure.add_trace(_points(matches, np.flatnonzero(chosen), place, style))
    return figure


_OPEN = {"size": 5, "symbol": "circle-open", "color": theme.INK_SOFT}
_FILLED = {"size": 6, "symbol": "circle", "color": "var(--accent)"}


def _points(matches: Matches, chosen: npt.NDArray[np.intp], place: int, style: dict[str, object]) -> go.Scatter:
    number = str(place + 1) if place else ""
    return go.Scatter(
        x=np.round(matches.depth[chosen], 4).tolist(),
        y=np.round(matches.its_depth[chosen], 4).tolist(),
        xaxis=f"x{number}",
        yaxis=f"y{number}",
        mode="markers",
        marker=style,
        customdata=[matches.heads[at] for at in chosen],
        text=[f"its {matches.its_heads[at]}, r = {matches.similarity[at]:.2f}" for at in chosen],
        hovertemplate="<b>%{customdata}</b> and %{text}<extra></extra>",
    )


def _layout(shown: Sequence[Matches], own: str) -> go.Layout:
    inner = height(len(shown)) - _TOP - _BOTTOM
    axis = {
        "ticks": "",
        "range": [-0.03, 1.03],
        "zeroline": False,
        "gridcolor": theme.GRID,
        "fixedrange": True,
        "tickvals": [0, 0.5, 1],
        "ticktext": ["first", "½", "last"],
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
    }
    layout: dict[str, object] = {}
    for place, matches in enumerate(shown):
        number, top = str(place + 1) if place else "", 1 - place * (_PANEL + _GAP) / inner
        layout[f"xaxis{number}"] = {**axis, "anchor": f"y{number}", "title": _title(f"depth in {short(own)}", 4)}
        layout[f"yaxis{number}"] = {
            **axis,
            "anchor": f"x{number}",
            "domain": [max(0.0, top - _PANEL / inner), top],
            "title": _title(f"in {short(matches.model)}", 6),
        }
    return theme.base_layout(height=height(len(shown)), margin={"l": 58, "r": 14, "t": _TOP, "b": _BOTTOM}, **layout)


def _title(text: str, standoff: int) -> dict[str, object]:
    return {"text": theme.plain(text), "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": standoff}
