"""What all figures share: type, spacing, and colours named as CSS variables.

A figure is data: its colours are `var(--name)`, looked up by the page when it draws, so one figure serves the
light page, the dark page and print.
"""

from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup, escape
from plotly.io import to_json

SET_A, SET_B = "var(--set-a)", "var(--set-b)"
INK, INK_SOFT, PAPER, GRID, PAIR = (
    "var(--ink)",
    "var(--ink-soft)",
    "var(--paper)",
    "var(--grid)",
    "var(--pair)",
)
DIVERGING = [[0.0, SET_B], [0.5, "var(--zero)"], [1.0, SET_A]]
EVIDENCE = [[0.0, "var(--evidence-low)"], [1.0, "var(--evidence-high)"]]


def base_layout(**more: Any) -> go.Layout:
    """The layout that every figure starts from."""
    return go.Layout({**plain_layout(**more), "template": "none"})


def plain_layout(**more: Any) -> dict[str, Any]:
    """The same, as Plotly reads it."""
    return {
        "template": {"data": {"scatter": [{"type": "scatter"}]}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "var(--sans)", "size": 12, "color": INK},
        "hoverlabel": {
            "bgcolor": PAPER,
            "bordercolor": INK_SOFT,
            "font": {"family": "var(--sans)", "size": 13, "color": INK},
            "align": "left",
        },
        "showlegend": False,
        "dragmode": False,
        **more,
    }


OPEN_POINT = {"size": 7, "symbol": "circle-open", "color": INK_SOFT}
FILLED_POINT = {"size": 8, "symbol": "circle", "color": "var(--accent)"}


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of a plot of points: a quiet grid, the title in Plotly's markup beside it, and what `more` says otherwise."""
    return {
        "title": {"text": title, "font": {"size": 12, "color": INK_SOFT}, "standoff": 6},
        "ticks": "",
        "gridcolor": GRID,
        "fixedrange": True,
        "tickfont": {"size": 11, "color": INK_SOFT},
        **more,
    }


def plain(text: str) -> str:
    """Text of the data as Plotly shows it literally: what it would take for markup or mathematics is escaped."""
    return str(escape(text)).replace("$", "&#36;")


def figure_json(figure: go.Figure | dict[str, Any]) -> Markup:
    """The figure as JSON that can stand in a page's script element, whatever text it holds."""
    text = str(to_json(figure, validate=False))
    for character in "<>&`":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
