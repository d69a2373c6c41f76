"""A figure for a notebook: the colours that a page would look up are written into it.

A page's figures name colours as CSS variables, `var(--set-a)`. Outside a page there is nothing to look them up in, so they
are replaced by what the page's own style sheet says, for light or for dark.
"""

import re
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_RULE = re.compile(r"(--[\w-]+):\s*([^;]+);")
_DARK = "@media screen and (prefers-color-scheme: dark)"


def colours_of(css: str, *, dark: bool) -> dict[str, str]:
    """The variables of a style sheet, by name: those at its top, and over them those of its dark scheme."""
    top, _, rest = css.partition(_DARK)
    light = dict(_RULE.findall(top.partition("\n}")[0]))
    return {**light, **dict(_RULE.findall(rest.partition("\n  }")[0]))} if dark else light


def standalone(figure: go.Figure, colours: Mapping[str, str]) -> go.Figure:
    """The figure with its variables replaced, on the page's paper, and free to be zoomed.

    Raises KeyError for a variable that `colours` does not hold.
    """
    # Part by part: the figure's own dictionary would hold its arrays as encoded bytes.
    traces = [_resolved(trace.to_plotly_json(), colours) for trace in figure.data]
    made = go.Figure(traces, _resolved(figure.layout.to_plotly_json(), colours))
    made.update_layout(paper_bgcolor=colours["--paper"], plot_bgcolor=colours["--paper"], width=None)
    # A page tells what a cell of its maps holds by a script of its own.
    made.update_traces(
        hoverinfo=None, hovertemplate="L%{y}H%{x}: %{z:.3g}<extra></extra>", selector={"type": "heatmap"}
    )
    return made


def _resolved(value: Any, colours: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: colours[found[1]], value)
    if isinstance(value, Mapping):
        return {key: _resolved(one, colours) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(one, colours) for one in value]
    return value
