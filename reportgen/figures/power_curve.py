"""What more facts would show: the smallest detectable effect against the number of observations, on log axes."""

import math

import plotly.graph_objects as go

from reportgen import numbers
from reportgen.figures import theme
from reportgen.stats.power_curve import Curve

HEIGHT = 340

_POINTS = [step * 10.0**power for power in range(-3, 3) for step in (1, 2, 5)]


def power_curve(curve: Curve, n: int, smallest_effect: float, unit: str) -> go.Figure:
    """The median over heads as a line, their middle 80 % as a band; this study's `n` and the smallest effect of
    interest (a share) as lines. `unit` names what is counted, in the plural."""
    sizes = list(curve.sizes)
    easy, median, hard = (
        [round(float(share) * 100, 4) for share in shares] for shares in (curve.easy, curve.median, curve.hard)
    )
    figure = go.Figure(layout=_layout(curve, n, smallest_effect, unit))
    edge = {"x": sizes, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_trace(go.Scatter(y=hard, **edge))
    figure.add_trace(go.Scatter(y=easy, fill="tonexty", fillcolor=theme.GRID, **edge))
    figure.add_trace(
        go.Scatter(
            x=sizes,
            y=median,
            mode="lines+markers",
            line={"color": theme.INK, "width": 2},
            marker={"size": 5, "color": theme.INK},
            text=[numbers.count(size) for size in sizes],
            hovertemplate=f"%{{text}} {unit}: %{{y:.2f}} points<extra></extra>",
        )
    )
    return figure


def ticks(n: int, fewest: int) -> list[int]:
    """The sizes that the axis names: a quarter of this study, half of it, itself, twice and four times it."""
    return sorted({max(round(n * factor), fewest) for factor in (0.25, 0.5, 1, 2, 4)})


def _layout(curve: Curve, n: int, smallest_effect: float, unit: str) -> go.Layout:
    named = ticks(n, curve.sizes[0])
    return theme.base_layout(
        height=HEIGHT,
        margin={"l": 52, "r": 14, "t": 34, "b": 52},
        xaxis={
            **_axis(f"{unit} (log scale)"),
            "type": "log",
            "tickmode": "array",
            "tickvals": named,
            "ticktext": [numbers.count(size) for size in named],
            "showgrid": False,
        },
        yaxis={
            **_axis("smallest detectable effect, points"),
            "type": "log",
            "tickmode": "array",
            "tickvals": _POINTS,
            "ticktext": [f"{points:g}" for points in _POINTS],
        },
        shapes=[_line("x", n), *([_line("y", smallest_effect * 100)] if smallest_effect else [])],
        annotations=[_this_study(n), *([_of_interest(smallest_effect)] if smallest_effect else [])],
    )


def _axis(title: str) -> dict[str, object]:
    return {
        "title": {"text": title, "font": {"size": 12, "color": theme.INK_SOFT}, "standoff": 8},
        "ticks": "",
        "gridcolor": theme.GRID,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
    }


def _line(axis: str, at: float) -> dict[str, object]:
    """Across the whole figure, where the axis has this value."""
    other = "y" if axis == "x" else "x"
    return {
        "type": "line",
        f"{axis}ref": axis,
        f"{other}ref": "paper",
        f"{axis}0": at,
        f"{axis}1": at,
        f"{other}0": 0,
        f"{other}1": 1,
        "line": {"color": theme.INK_SOFT, "width": 1, "dash": "dot"},
    }


def _this_study(n: int) -> dict[str, object]:
    return {**_NOTE, "text": "this study", "x": _log10(n), "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom"}


def _of_interest(effect: float) -> dict[str, object]:
    text = f"of interest: {numbers.points(effect)}"
    return {
        **_NOTE,
        "text": text,
        "x": 1,
        "xref": "paper",
        "xanchor": "right",
        "y": _log10(effect * 100),
        "yanchor": "bottom",
    }


def _log10(at: float) -> float:
    """Plotly places notes on a log axis by the exponent, and lines by the number itself."""
    return math.log10(at)


_NOTE: dict[str, object] = {"showarrow": False, "font": {"size": 11, "color": theme.INK_SOFT}}
