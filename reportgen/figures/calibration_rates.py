"""How often each test with each correction finds something where there is nothing, against what it promises.

One row a combination, grouped by test: the share of null data sets with a false finding, on a log axis, with its
interval. A line stands at α, and what lies beyond it is shaded. The mark says what became of the promise.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from reportgen import numbers
from reportgen.figures import theme
from reportgen.stats.calibration_rows import NullRow
from reportgen.stats.corrections import Method
from reportgen.stats.null_draws import Test

_TOP, _BOTTOM, _ROW = 26, 46, 17
_LABELS = 150
_TICKS = (0.001, 0.01, 0.1, 1.0)

Mark = Literal["held", "cautious", "broken", "none"]

_SYMBOLS: dict[Mark, str] = {
    "held": "circle",
    "cautious": "circle-open",
    "broken": "diamond",
    "none": "square-open",
}
_SIZES: dict[Mark, int] = {"broken": 11}


def height(nulls: Sequence[NullRow]) -> int:
    """The figure's height in pixels."""
    return _TOP + _ROW * len(_rows(nulls)) + _BOTTOM


def mark(row: NullRow) -> Mark:
    """What became of the promise about the family; no correction makes none, and is judged by each head's rate."""
    return "none" if row.correction == "none" and row.verdict != "broken" else row.verdict


def calibration_rates(
    nulls: Sequence[NullRow], own: NullRow, titled: Callable[[Test], str], named: Callable[[Method], str]
) -> go.Figure:
    """The rates, in percent; `own` is the study's choice, `titled` names a test and `named` a correction, in short."""
    rows = _rows(nulls)
    figure = go.Figure(layout=_layout(rows, own, titled, named))
    for wanted in dict.fromkeys(mark(row) for row in nulls):
        places = [place for place, row in enumerate(rows) if isinstance(row, NullRow) and mark(row) == wanted]
        figure.add_trace(_points(wanted, [row for row in nulls if mark(row) == wanted], places, titled, named))
    return figure


def _rows(nulls: Sequence[NullRow]) -> list[NullRow | Test]:
    """From top to bottom: each test, and under it its corrections."""
    rows: list[NullRow | Test] = []
    for test, group in groupby(nulls, key=lambda row: row.test):
        rows += [test, *group]
    return rows


def _floor(row: NullRow) -> float:
    """Where a share of zero stands on an axis that has none: at half a data set."""
    return 0.5 / row.any.draws


def _points(
    wanted: Mark,
    nulls: Sequence[NullRow],
    places: Sequence[int],
    titled: Callable[[Test], str],
    named: Callable[[Method], str],
) -> go.Scatter:
    colour = theme.INK if wanted in ("broken", "none") else theme.INK_SOFT
    shares = np.array([max(row.any.share, _floor(row)) for row in nulls])
    low, high = np.array([row.any.interval for row in nulls]).T
    low = np.maximum(low, [_floor(row) for row in nulls])
    return go.Scatter(
        x=_percent(shares),
        y=list(places),
        mode="markers",
        marker={
            "symbol": _SYMBOLS[wanted],
            "size": _SIZES.get(wanted, 8),
            "color": colour,
            "line": {"color": colour, "width": 1.5},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": _percent(high - shares),
            "arrayminus": _percent(np.maximum(shares - low, 0)),
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        text=[
            f"{theme.plain(titled(row.test))}, {theme.plain(named(row.correction))}<br>{_told(row)}" for row in nulls
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _told(row: NullRow) -> str:
    low, high = (100 * bound for bound in row.any.interval)
    share = numbers.percent(row.any.share, 1, 1)
    return (
        f"some found in {share} [{low:.1f}, {high:.1f}] of data sets<br>"
        f"{numbers.decimal(row.mean_count.value)} heads on average"
    )


def _percent(shares: Sequence[float] | np.ndarray) -> list[float]:
    return [round(100 * float(share), 4) for share in shares]


def _layout(
    rows: Sequence[NullRow | Test], own: NullRow, titled: Callable[[Test], str], named: Callable[[Method], str]
) -> go.Layout:
    floor, alpha = _floor(own), own.alpha
    ticks = [floor, *(tick for tick in _TICKS if tick > 2 * floor)]
    return theme.base_layout(
        height=_TOP + _ROW * len(rows) + _BOTTOM,
        margin={"l": _LABELS, "r": 14, "t": _TOP, "b": _BOTTOM},
        hovermode="closest",
        xaxis={
            "type": "log",
            "range": [float(np.log10(100 * floor / 1.5)), float(np.log10(130))],
            "tickmode": "array",
            "tickvals": _percent(ticks),
            "ticktext": ["0", *(f"{100 * tick:g}" for tick in ticks[1:])],
            "ticks": "",
            "gridcolor": theme.GRID,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
            "title": {
                "text": "% of data sets, log scale",
                "font": {"size": 11, "color": theme.INK_SOFT},
                "standoff": 6,
            },
        },
        yaxis={
            "range": [len(rows) - 0.5, -0.5],
            "tickmode": "array",
            "tickvals": list(range(len(rows))),
            "ticktext": [_label(row, row == own, titled, named) for row in rows],
            "ticks": "",
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"size": 11, "color": theme.INK},
        },
        shapes=[_beyond(alpha), _line(alpha), _band(rows.index(own))],
        annotations=[_named(alpha)],
    )


def _label(row: NullRow | Test, own: bool, titled: Callable[[Test], str], named: Callable[[Method], str]) -> str:
    if not isinstance(row, NullRow):
        return f"<b>{theme.plain(titled(row))}</b>  "
    return f"<b>▸ {theme.plain(named(row.correction))}</b>  " if own else f"{theme.plain(named(row.correction))}  "


def _beyond(alpha: float) -> dict[str, object]:
    """What is more than α."""
    return {
        "type": "rect",
        "x0": 100 * alpha,
        "x1": 130,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "layer": "below",
        "fillcolor": theme.GRID,
        "opacity": 0.5,
        "line": {"width": 0},
    }


def _line(alpha: float) -> dict[str, object]:
    return {
        "type": "line",
        "x0": 100 * alpha,
        "x1": 100 * alpha,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": theme.INK, "width": 1, "dash": "dot"},
    }


def _band(place: int) -> dict[str, object]:
    """A frame around the study's own row."""
    return {
        "type": "rect",
        "x0": 0,
        "x1": 1,
        "xref": "paper",
        "y0": place - 0.5,
        "y1": place + 0.5,
        "fillcolor": "rgba(0,0,0,0)",
        "line": {"color": theme.INK_SOFT, "width": 1},
    }


def _named(alpha: float) -> dict[str, object]:
    """The name of the line; Plotly places notes on a log axis by the exponent."""
    return {
        "text": f"α = {100 * alpha:g} %",
        "x": float(np.log10(100 * alpha)),
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 3,
        "showarrow": False,
        "font": {"size": 11, "color": theme.INK},
    }
