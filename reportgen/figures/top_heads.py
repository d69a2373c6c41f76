"""The strongest heads compared: each head a row, both sets' means with intervals, every pair a faint line.

In a row the first set stands above the second. In a paired design a faint line joins each pair's two scores;
in an independent one every statement is a faint point.
"""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from reportgen import numbers
from reportgen.figures import theme
from reportgen.inference import HeadTests

ROW, TOP, BOTTOM, HALF = 54, 30, 46, 0.24


def height(heads: int) -> int:
    """The figure's height in pixels for so many heads."""
    return TOP + BOTTOM + heads * ROW


def compare_heads(tests: HeadTests, heads: list[tuple[int, int]], looked_at: str, again: Sequence[float]) -> go.Figure:
    """The comparison of some heads, given as (layer, head), strongest on top; `looked_at` names the key span.

    `again` holds each head's effect on units that did not choose it (a share of attention, NaN where unknown).
    """
    figure = go.Figure(layout=_layout(tests, heads, looked_at))
    for row, (layer, head) in enumerate(heads):
        a = tests.units_a.isel(layer=layer, head=head).to_numpy() * 100
        b = tests.units_b.isel(layer=layer, head=head).to_numpy() * 100
        figure.add_traces(_pairs(a, b, row) if tests.design == "paired" else _points(a, b, row))
    for side, colour in (("a", theme.SET_A), ("b", theme.SET_B)):
        figure.add_trace(_means(tests, heads, side, colour))
    figure.add_trace(_cross_fitted(tests, heads, again))
    return figure


def _pairs(a: np.ndarray, b: np.ndarray, row: int) -> list[go.Scatter]:
    gap = np.full(len(a), None, dtype=object)
    x = np.column_stack([np.round(a, 2), np.round(b, 2), gap]).ravel()
    y = np.tile(np.array([row - HALF, row + HALF, None], dtype=object), len(a))
    return [_faint(x, y, "lines", {"line": {"color": theme.PAIR, "width": 1}, "opacity": min(1.0, 45 / len(a))})]


def _points(a: np.ndarray, b: np.ndarray, row: int) -> list[go.Scatter]:
    marker = {"size": 4, "symbol": "line-ns-open"}
    return [
        _faint(
            np.round(values, 2),
            np.full(len(values), row + offset),
            "markers",
            {"marker": {**marker, "color": colour}},
        )
        for values, offset, colour in (
            (a, -HALF, "var(--set-a-faint)"),
            (b, HALF, "var(--set-b-faint)"),
        )
    ]


def _faint(x: np.ndarray, y: np.ndarray, mode: str, style: dict[str, object]) -> go.Scatter:
    return go.Scatter(x=x.tolist(), y=y.tolist(), mode=mode, hoverinfo="skip", connectgaps=False, **style)


def _means(tests: HeadTests, heads: list[tuple[int, int]], side: str, colour: str) -> go.Scatter:
    name = (tests.contrast.a if side == "a" else tests.contrast.b).name
    cells = [tests.heads.isel(layer=layer, head=head) for layer, head in heads]
    mean, low, high = (
        np.array([float(cell[f"mean_{side}{end}"]) for cell in cells]) * 100 for end in ("", "_low", "_high")
    )
    offset = -HALF if side == "a" else HALF
    return go.Scatter(
        x=mean,
        y=np.arange(len(heads)) + offset,
        mode="markers",
        marker={"size": 10, "color": colour, "symbol": "circle" if side == "a" else "diamond"},
        error_x={
            "type": "data",
            "array": high - mean,
            "arrayminus": mean - low,
            "color": colour,
            "thickness": 2.5,
            "width": 0,
        },
        text=[
            f"<b>L{layer}H{head}</b>, {theme.plain(name)}: "
            f"{numbers.points(m / 100)} {numbers.points_interval(lo / 100, hi / 100)}"
            for (layer, head), m, lo, hi in zip(heads, mean, low, high, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _cross_fitted(tests: HeadTests, heads: list[tuple[int, int]], again: Sequence[float]) -> go.Scatter:
    """Where the first set's mean would lie, were the effect the cross-fitted one."""
    known = [row for row, effect in enumerate(again) if not math.isnan(effect)]
    places = [tests.heads.mean_b.isel(layer=heads[row][0], head=heads[row][1]) for row in known]
    return go.Scatter(
        x=[(float(mean) + again[row]) * 100 for mean, row in zip(places, known, strict=True)],
        y=[row - HALF for row in known],
        mode="markers",
        marker={"size": 13, "color": theme.SET_A, "symbol": "circle-open", "line": {"width": 2}},
        text=[
            f"<b>L{heads[row][0]}H{heads[row][1]}</b>, effect cross-fitted: {numbers.points(again[row])}"
            for row in known
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _layout(tests: HeadTests, heads: list[tuple[int, int]], looked_at: str) -> go.Layout:
    a, b = tests.contrast.a.name, tests.contrast.b.name
    return theme.base_layout(
        height=height(len(heads)),
        margin={"l": 58, "r": 10, "t": TOP, "b": BOTTOM},
        xaxis={
            "title": {
                "text": f"attention to {looked_at}, points",
                "font": {"size": 12, "color": theme.INK_SOFT},
            },
            "rangemode": "tozero",
            "ticks": "",
            "gridcolor": theme.GRID,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
        },
        yaxis={
            "range": [len(heads) - 0.45, -0.55],
            "tickmode": "array",
            "tickvals": list(range(len(heads))),
            "ticks": "",
            "ticktext": [f"L{layer}H{head}" for layer, head in heads],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        annotations=[
            _legend(f"● {theme.plain(a)}", theme.SET_A, 0),
            _legend(f"◆ {theme.plain(b)}", theme.SET_B, 14 + 8 * len(a) + 24),
        ],
    )


def _legend(text: str, colour: str, shift: int) -> dict[str, object]:
    return {
        "text": text,
        "x": 0,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "xshift": shift,
        "yshift": 4,
        "showarrow": False,
        "font": {"size": 13, "color": colour},
    }
