"""Shares of a whole as bars cut in pieces: one bar a group, the pieces in one order, told apart by lightness and by name."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

_ROW = 34
_LEAST_NAMED = 0.1
_STRONG, _FAINT = (0.92, 0.68), (0.32, 0.08)


def height(groups: int) -> int:
    """The figure's height in pixels, for so many groups."""
    return 52 + _ROW * groups


def stacked_shares(
    shares: npt.NDArray[np.float64], groups: Sequence[str], parts: Sequence[str], short: Sequence[str]
) -> go.Figure:
    """`shares` [group, part] sum to 1 in each group. Pieces grow fainter from the first part to the last, and those wide enough
    carry the part's `short` name."""
    figure = go.Figure(layout=_layout(groups))
    for place, opacity in enumerate(_opacities(len(parts))):
        wide = shares[:, place] >= _LEAST_NAMED
        figure.add_trace(
            go.Bar(
                x=np.round(shares[:, place] * 100, 2),
                y=list(range(len(groups))),
                orientation="h",
                marker={
                    "color": theme.INK,
                    "opacity": opacity,
                    "line": {"color": theme.PAPER, "width": 1.5},
                },
                text=[short[place] if named else "" for named in wide],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="none",
                textfont={"size": 11, "color": theme.PAPER if opacity >= _STRONG[1] else theme.INK},
                hovertemplate=f"{parts[place]}: %{{x:.1f}} %<extra></extra>",
            )
        )
    return figure


def _opacities(parts: int) -> list[float]:
    """From strong to faint, with nothing between on which no text could be read."""
    half = parts // 2
    return [*np.linspace(*_STRONG, half).tolist(), *np.linspace(*_FAINT, parts - half).tolist()]


def _layout(groups: Sequence[str]) -> go.Layout:
    bare = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    longest = max(map(len, groups))
    return theme.base_layout(
        height=height(len(groups)),
        margin={"l": round(longest * 6.6) + 12, "r": 18, "t": 6, "b": 44},
        barmode="stack",
        bargap=0.28,
        xaxis={
            **bare,
            "range": [0, 100],
            "tickmode": "array",
            "tickvals": [0, 25, 50, 75, 100],
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
            "title": {"text": "share of attention, %", "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 6},
        },
        yaxis={
            **bare,
            "range": [len(groups) - 0.5, -0.5],
            "tickmode": "array",
            "tickvals": list(range(len(groups))),
            "ticktext": list(groups),
            "tickfont": {"size": 12, "color": theme.INK},
        },
    )
