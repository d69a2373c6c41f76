"""Attention by layer and position: two alignments side by side, the mean over a layer's heads above, its strongest head below."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

_TOP, _TICKS, _BAR = 46, 40, 46
_MOST_TICKS = 7
_DOMAINS = ((0.0, 0.48), (0.52, 1.0))

Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """Attention in points [position, layer, head] at `offsets` from something, which `title` names."""

    title: str
    offsets: Sequence[int]
    attention: Map


def height(layers: int) -> int:
    """The figure's height in pixels, for so many layers."""
    return 2 * (_TOP + _TICKS + _BAR + _panel(layers))


def _panel(layers: int) -> int:
    return layers * (10 if layers <= 36 else 7)


def position_maps(alignments: Sequence[Alignment]) -> go.Figure:
    """Four maps; each row has a scale of its own, which ends at the most that is given from after what the first alignment
    counts from. A click in the lower ones opens the layer's strongest head there."""
    layers = alignments[0].attention.shape[1]
    figure = go.Figure(layout=_layout(alignments, layers))
    for row, summary in enumerate(("mean", "max")):
        values = [getattr(one.attention, summary)(axis=2).T for one in alignments]
        top = float(values[0][:, np.array(alignments[0].offsets) > 0].max(initial=0.0)) or 1.0
        for column, (one, value) in enumerate(zip(alignments, values, strict=True)):
            trace = _map(value, one, top, row, column, layers)
            if row:
                strongest = one.attention.argmax(axis=2).T
                names = [[f"L{layer}H{head}" for head in heads] for layer, heads in enumerate(strongest.tolist())]
                trace.update(customdata=names, hovertemplate="%{customdata} at %{x}: %{z} points<extra></extra>")
            figure.add_trace(trace)
    return figure


def _map(values: Map, shown: Alignment, top: float, row: int, column: int, layers: int) -> go.Heatmap:
    number = 2 * row + column + 1
    axis = "" if number == 1 else str(number)
    return go.Heatmap(
        z=np.round(values, 1),
        x=list(shown.offsets),
        y=list(range(layers)),
        xaxis=f"x{axis}",
        yaxis=f"y{axis}",
        colorscale=theme.EVIDENCE,
        zmin=0,
        zmax=top,
        xgap=1,
        ygap=1 if layers <= 36 else 0,
        hovertemplate="layer %{y} at %{x}: %{z} points<extra></extra>",
        showscale=column == 0,
        colorbar={
            "orientation": "h",
            "x": 0.5,
            "xanchor": "center",
            "y": _rows(layers)[row][0] - _TICKS / _inner(layers),
            "yanchor": "top",
            "len": 0.6,
            "thickness": 8,
            "outlinewidth": 0,
            "ticks": "",
            "nticks": 5,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
        },
    )


def _inner(layers: int) -> int:
    """The height between the margins, in pixels."""
    return height(layers) - _TOP - _TICKS - _BAR


def _rows(layers: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the two rows of maps stand, from below, as shares of the height between the margins."""
    share = _panel(layers) / _inner(layers)
    return (1 - share, 1.0), (0.0, share)


def _layout(alignments: Sequence[Alignment], layers: int) -> go.Layout:
    axes = {}
    rows = _rows(layers)
    for row in (0, 1):
        for column, one in enumerate(alignments):
            number = 2 * row + column + 1
            axis = "" if number == 1 else str(number)
            axes[f"xaxis{axis}"] = {**_BARE, **_ticks(one.offsets), "domain": _DOMAINS[column], "anchor": f"y{axis}"}
            axes[f"yaxis{axis}"] = {
                **_BARE,
                "domain": rows[row],
                "anchor": f"x{axis}",
                "range": [layers - 0.5, -0.5],
                "dtick": 5 if layers <= 48 else 10,
                "showticklabels": not column,
                **({} if column else {"title": {"text": "layer", "font": _SMALL, "standoff": 2}}),
            }
    return theme.base_layout(
        height=height(layers),
        margin={"l": 34, "r": 6, "t": _TOP, "b": _TICKS + _BAR},
        annotations=[
            _title(f"{text}<br>{theme.plain(one.title)}", left, rows[row][1])
            for row, text in enumerate(("<b>Mean over heads</b>", "<b>Strongest head</b>"))
            for one, (left, _) in zip(alignments, _DOMAINS, strict=True)
        ],
        **axes,
    )


_SMALL = {"size": 11, "color": theme.INK_SOFT}
_BARE: dict[str, object] = {
    "showgrid": False,
    "zeroline": False,
    "fixedrange": True,
    "ticks": "",
    "tickfont": _SMALL,
}


def _ticks(offsets: Sequence[int]) -> dict[str, object]:
    step = -(-len(offsets) // _MOST_TICKS)
    shown = [offset for offset in offsets if offset % step == 0]
    return {
        "range": [min(offsets) - 0.5, max(offsets) + 0.5],
        "tickmode": "array",
        "tickvals": shown,
        "ticktext": [signed(offset) for offset in shown],
    }


def signed(offset: int) -> str:
    """A position counted from something: 0, +1, −2."""
    return f"+{offset}" if offset > 0 else f"−{-offset}" if offset else "0"


def _title(text: str, x: float, y: float) -> dict[str, object]:
    return {
        "text": text,
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "align": "left",
        "showarrow": False,
        "font": {"size": 12, "color": theme.INK},
    }
