"""Studies down: how many heads each finds, and beside it the largest effect with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from reportgen.figures import theme

_ROW, _TOP, _BOTTOM = 26, 10, 48
_LONGEST = 34
_FEW = 4
_FOUND, _EFFECT = (0.0, 0.3), (0.38, 1.0)


@dataclass(frozen=True)
class Dot:
    """One study: how many heads it finds; its strongest head with the effect and interval in points (NaN where there is
    none), filled where that head is found."""

    name: str
    found: int
    head: str
    effect: float
    low: float
    high: float
    filled: bool


def height(studies: int) -> int:
    """The figure's height in pixels for so many studies."""
    return _TOP + _BOTTOM + _ROW * studies


def short(name: str) -> str:
    """A study's name as it stands at an axis."""
    return theme.plain(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")


def family_dots(dots: Sequence[Dot]) -> go.Figure:
    """The studies in order, the first on top."""
    figure = go.Figure(layout=_layout(dots))
    rows = list(range(len(dots)))
    figure.add_trace(
        go.Scatter(
            x=[dot.found for dot in dots],
            y=rows,
            mode="markers",
            marker=theme.FILLED_POINT,
            text=[theme.plain(dot.name) for dot in dots],
            hovertemplate="<b>%{text}</b><br>%{x} heads found<extra></extra>",
        )
    )
    for filled, style in ((False, theme.OPEN_POINT), (True, theme.FILLED_POINT)):
        shown = [(row, dot) for row, dot in enumerate(dots) if dot.filled is filled and math.isfinite(dot.effect)]
        figure.add_trace(_effects(shown, style))
    return figure


def _effects(shown: Sequence[tuple[int, Dot]], style: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=[round(dot.effect, 2) for _, dot in shown],
        y=[row for row, _ in shown],
        xaxis="x2",
        mode="markers",
        marker=style,
        error_x={
            "type": "data",
            "array": [round(dot.high - dot.effect, 2) for _, dot in shown],
            "arrayminus": [round(dot.effect - dot.low, 2) for _, dot in shown],
            "color": theme.INK_SOFT,
            "thickness": 1.5,
            "width": 0,
        },
        text=[f"{theme.plain(dot.name)}<br>{dot.head}" for _, dot in shown],
        hovertemplate="<b>%{text}</b>: %{x} points<extra></extra>",
    )


def _layout(dots: Sequence[Dot]) -> go.Layout:
    names = [short(dot.name) for dot in dots]
    most = max(dot.found for dot in dots)
    return theme.base_layout(
        height=height(len(dots)),
        margin={
            "l": round(6.4 * min(_LONGEST, max(len(dot.name) for dot in dots))) + 16,
            "r": 10,
            "t": _TOP,
            "b": _BOTTOM,
        },
        xaxis=theme.axis(
            "heads",
            domain=list(_FOUND),
            range=[-0.06 * (most or 1), 1.1 * (most or 1)],
            nticks=3,
            tickangle=0,
            dtick=1 if most <= _FEW else None,
        ),
        xaxis2=theme.axis(
            "largest effect",
            domain=list(_EFFECT),
            anchor="y",
            nticks=4,
            tickangle=0,
            zeroline=True,
            zerolinecolor=theme.INK_SOFT,
        ),
        yaxis=theme.axis(
            "",
            range=[len(dots) - 0.5, -0.5],
            tickmode="array",
            tickvals=list(range(len(dots))),
            ticktext=names,
            zeroline=False,
        ),
    )
