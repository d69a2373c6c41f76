"""How many heads are of each kind at each step of a training, and what share of them are those of the end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

_ROW, _TOP, _BETWEEN, _BOTTOM = 24, 26, 34, 54
_LEFT = 104
_DARK = 0.55

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OverTraining:
    """Kinds down, steps across: how many heads are of each, and the share that are the same as at the end (NaN where there is
    none at either), [kind, step]."""

    kinds: Sequence[str]
    steps: Sequence[str]
    counts: Values
    same: Values


def height(kinds: int) -> int:
    """The figure's height in pixels."""
    return _TOP + _BETWEEN + _BOTTOM + 2 * _ROW * kinds


def kinds_over_training(shown: OverTraining) -> go.Figure:
    """Two maps, one under the other; numbers stand in the cells where there is room for them."""
    figure = go.Figure(layout=_layout(shown))
    most = max(float(shown.counts.max()), 1.0)
    figure.add_trace(_map(shown, shown.counts, most, 0, "%{customdata[0]}, step %{customdata[1]}: %{z} heads"))
    figure.add_trace(
        _map(
            shown,
            100 * shown.same,
            100.0,
            1,
            "%{customdata[0]}, step %{customdata[1]}: %{z:.0f} % are those of the end",
        )
    )
    return figure


def _map(shown: OverTraining, values: Values, most: float, place: int, hover: str) -> go.Heatmap:
    axes = {"xaxis": "x2" if place else "x", "yaxis": "y2" if place else "y"}
    return go.Heatmap(
        z=np.round(values, 1),
        **axes,
        customdata=[[[kind, step] for step in shown.steps] for kind in shown.kinds],
        colorscale=theme.EVIDENCE,
        zmin=0,
        zmax=most,
        xgap=1,
        ygap=1,
        showscale=False,
        hovertemplate=f"{hover}<extra></extra>",
    )


def _layout(shown: OverTraining) -> go.Layout:
    inner = 2 * _ROW * len(shown.kinds) + _BETWEEN
    share = _ROW * len(shown.kinds) / inner
    bare = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "tickmode": "array",
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
    }
    # By their places: a step's own number would be taken for one.
    across = {
        **bare,
        "range": [-0.5, len(shown.steps) - 0.5],
        "tickvals": list(range(len(shown.steps))),
        "ticktext": list(shown.steps),
    }
    up = {
        **bare,
        "range": [len(shown.kinds) - 0.5, -0.5],
        "tickvals": list(range(len(shown.kinds))),
        "ticktext": list(shown.kinds),
    }
    return theme.base_layout(
        height=height(len(shown.kinds)),
        margin={"l": _LEFT, "r": 8, "t": _TOP, "b": _BOTTOM},
        xaxis={**across, "showticklabels": False, "anchor": "y"},
        xaxis2={
            **across,
            "anchor": "y2",
            "tickangle": -45 if len(shown.steps) > 6 else 0,
            "title": {"text": "step", "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 4},
        },
        yaxis={**up, "domain": [1 - share, 1]},
        yaxis2={**up, "domain": [0, share]},
        annotations=[
            _title("<b>How many heads</b>", 1.0),
            _title("<b>The same heads as at the end</b>, share", share),
            *_texts(shown),
        ],
    )


def _texts(shown: OverTraining) -> list[dict[str, object]]:
    """The numbers in the cells, in the paper's colour where the cell is dark."""
    most = max(float(shown.counts.max()), 1.0)
    texts = []
    for place, (values, top) in enumerate(((shown.counts, most), (100 * shown.same, 100.0))):
        for row, column in np.argwhere(np.isfinite(values) & ((values > 0) | bool(place))).tolist():
            value = float(values[row, column])
            texts.append(_text(f"{value:.0f}", (row, column), place, dark=value / top > _DARK))
    return texts


def _text(text: str, at: tuple[int, int], place: int, *, dark: bool) -> dict[str, object]:
    return {
        "text": text,
        "x": at[1],
        "y": at[0],
        "xref": "x2" if place else "x",
        "yref": "y2" if place else "y",
        "showarrow": False,
        "font": {"size": 10, "color": theme.PAPER if dark else theme.INK},
    }


def _title(text: str, y: float) -> dict[str, object]:
    return {
        "text": text,
        "x": 0,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
        "font": {"size": 12, "color": theme.INK},
    }
