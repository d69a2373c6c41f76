"""How alike each two of some maps are: a square map of correlations."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from reportgen.figures import theme
from reportgen.figures.family_dots import short
from reportgen.stats.differences import PerHead

_ROW, _TOP, _BOTTOM = 24, 10, 64
_MOST_WRITTEN = 12


def height(maps: int) -> int:
    """The figure's height in pixels for so many maps."""
    return _TOP + _BOTTOM + _ROW * max(maps, 3)


def likeness(names: Sequence[str], correlations: PerHead) -> go.Figure:
    """`correlations` [map, map] between the maps named; columns have the rows' numbers."""
    numbered = [f"{place}  {short(name)}" for place, name in enumerate(names, start=1)]
    figure = go.Figure(layout=_layout(numbered))
    figure.add_trace(
        go.Heatmap(
            z=np.round(correlations, 3),
            zmin=-1,
            zmax=1,
            colorscale=theme.DIVERGING,
            xgap=1,
            ygap=1,
            text=[
                [f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "" for value in row]
                for row in correlations
            ],
            texttemplate="%{text}" if len(names) <= _MOST_WRITTEN else None,
            customdata=[[f"{theme.plain(row)} and {theme.plain(column)}" for column in names] for row in names],
            hovertemplate="%{customdata}: r = %{text}<extra></extra>",
            colorbar={
                "orientation": "h",
                "thickness": 8,
                "outlinewidth": 0,
                "len": 0.5,
                "x": 0.5,
                "xanchor": "center",
                "y": -30 / (_ROW * max(len(names), 3)),
                "yanchor": "top",
                "tickfont": {"size": 11, "color": theme.INK_SOFT},
                "ticks": "",
                "nticks": 5,
            },
        )
    )
    return figure


def _layout(names: Sequence[str]) -> go.Layout:
    places = list(range(len(names)))
    bare = {"showgrid": False, "zeroline": False, "tickmode": "array", "tickvals": places}
    return theme.base_layout(
        height=height(len(names)),
        margin={"l": round(6.4 * max(map(len, names))) + 10, "r": 10, "t": _TOP, "b": _BOTTOM},
        xaxis=theme.axis("", **bare, ticktext=[str(place + 1) for place in places]),
        yaxis=theme.axis("", **bare, ticktext=list(names), range=[len(names) - 0.5, -0.5]),
    )
