"""What becomes of the answers as more heads are knocked out: two panels over one axis of sizes, with bands of control sets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

HEIGHT = 560
_ACROSS = ((0.55, 1.0), (0.0, 0.45))

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """Between what values most control sets are, [size] each."""

    low: Values
    high: Values


@dataclass(frozen=True)
class Panel:
    """One quantity: with the chosen heads knocked out [size], its interval, both bands of control sets, and by direct effects
    alone, where that can be said."""

    title: str
    chosen: Values
    interval: Band
    by_layer: Band
    by_attention: Band
    direct: Values | None = None
    digits: int = 2


def knockout_curve(sizes: Sequence[int], panels: tuple[Panel, Panel]) -> go.Figure:
    """The panels one under the other; sizes are equally far apart."""
    figure = go.Figure(layout=_layout(sizes, panels))
    for place, panel in enumerate(panels):
        for trace in _traces(panel, list(range(len(sizes))), [str(size) for size in sizes]):
            figure.add_trace(trace.update(xaxis="x", yaxis=("y", "y2")[place]))
    return figure


def _traces(panel: Panel, x: list[int], sizes: list[str]) -> Iterator[go.Scatter]:
    shaded = panel.by_layer
    yield go.Scatter(
        x=[*x, *x[::-1]],
        y=_rounded(np.concatenate([shaded.high, shaded.low[::-1]]), panel),
        mode="lines",
        fill="toself",
        fillcolor="var(--grid)",
        line={"width": 0},
        hoverinfo="skip",
    )
    for edge in (panel.by_attention.low, panel.by_attention.high):
        yield go.Scatter(
            x=x,
            y=_rounded(edge, panel),
            mode="lines",
            line={"color": theme.INK_SOFT, "width": 1, "dash": "dash"},
            hoverinfo="skip",
        )
    if panel.direct is not None:
        yield go.Scatter(
            x=x,
            y=_rounded(panel.direct, panel),
            mode="lines+markers",
            line={"color": theme.INK, "width": 1, "dash": "dot"},
            marker={"size": 6, "symbol": "diamond-open", "color": theme.INK},
            text=sizes,
            hovertemplate="%{text} heads, direct effect: %{y}<extra></extra>",
        )
    yield go.Scatter(
        x=x,
        y=_rounded(panel.chosen, panel),
        mode="lines+markers",
        line={"color": "var(--accent)", "width": 2},
        marker={"size": 8, "color": "var(--accent)"},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": _rounded(panel.interval.high - panel.chosen, panel),
            "arrayminus": _rounded(panel.chosen - panel.interval.low, panel),
            "color": "var(--accent)",
            "thickness": 1,
            "width": 0,
        },
        text=sizes,
        hovertemplate="%{text} strongest heads: %{y}<extra></extra>",
    )


def _rounded(values: Values, panel: Panel) -> list[float]:
    return [round(float(value), panel.digits + 1) for value in values]


def _layout(sizes: Sequence[int], panels: tuple[Panel, Panel]) -> go.Layout:
    axis = {"ticks": "", "fixedrange": True, "tickfont": {"size": 11, "color": theme.INK_SOFT}}
    up = {**axis, "gridcolor": theme.GRID, "zeroline": True, "zerolinecolor": "var(--line)"}
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 48, "r": 10, "t": 26, "b": 46},
        xaxis={
            **axis,
            "anchor": "y2",
            "showgrid": False,
            "zeroline": False,
            "tickvals": list(range(len(sizes))),
            "ticktext": [str(size) for size in sizes],
            "range": [-0.4, len(sizes) - 0.6],
            "title": {"text": "heads knocked out", "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 6},
        },
        yaxis={**up, "domain": list(_ACROSS[0])},
        yaxis2={**up, "domain": list(_ACROSS[1])},
        annotations=[
            {
                "text": f"<b>{theme.plain(panel.title)}</b>",
                "x": 0,
                "y": top,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "yshift": 4,
                "showarrow": False,
                "font": {"size": 12, "color": theme.INK},
            }
            for panel, (_, top) in zip(panels, _ACROSS, strict=True)
        ],
    )
