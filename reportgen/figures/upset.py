"""Which sets share how many members: a bar for each combination of sets, and dots that say which they are.

An UpSet plot, after Lex et al. (2014), https://doi.org/10.1109/TVCG.2014.2346248: unlike circles that overlap it stays
legible with more than three sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme

MOST_SETS, MOST_COMBINATIONS = 6, 12
_ROW, _BARS, _LONGEST, _LETTER = 26, 170, 18, 6.6

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Combination:
    """Sets that share `size` members which no other set holds: `sets` are positions among those shown."""

    sets: tuple[int, ...]
    size: int


def combinations(members: Flags) -> tuple[Combination, ...]:
    """All combinations of sets that have members, of `members` [set, thing], the largest first."""
    kinds, sizes = np.unique(members[:, members.any(axis=0)], axis=1, return_counts=True)
    found = [
        Combination(tuple(np.flatnonzero(kind).tolist()), int(size)) for kind, size in zip(kinds.T, sizes, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-one.size, len(one.sets), one.sets)))


def height(sets: int) -> int:
    """The figure's height in pixels, for so many sets."""
    return _BARS + 40 + _ROW * sets


def upset(names: Sequence[str], shown: Sequence[Combination]) -> go.Figure:
    """Bars for the combinations `shown`, over dots in the rows of the sets with these `names`."""
    figure = go.Figure(layout=_layout(names, len(shown)))
    figure.add_trace(
        go.Bar(
            x=list(range(len(shown))),
            y=[one.size for one in shown],
            width=0.62,
            marker={"color": "var(--accent)"},
            text=[str(one.size) for one in shown],
            textposition="outside",
            textfont={"size": 11, "color": theme.INK_SOFT},
            cliponaxis=False,
            customdata=[_said(names, one) for one in shown],
            hovertemplate="%{y} heads in %{customdata}<extra></extra>",
        )
    )
    figure.add_trace(_dots(shown, names, held=False))
    for place, one in enumerate(shown):
        figure.add_trace(
            go.Scatter(
                x=[place, place],
                y=[min(one.sets), max(one.sets)],
                yaxis="y2",
                mode="lines",
                line={"color": theme.INK, "width": 2},
                hoverinfo="skip",
            )
        )
    figure.add_trace(_dots(shown, names, held=True))
    return figure


def _said(names: Sequence[str], one: Combination) -> str:
    most = [theme.plain(names[place]) for place in one.sets]
    return f"{most[0]} alone" if len(most) == 1 else f"{', '.join(most[:-1])} and {most[-1]} alone"


def _dots(shown: Sequence[Combination], names: Sequence[str], *, held: bool) -> go.Scatter:
    places = [
        (column, row) for column, one in enumerate(shown) for row in range(len(names)) if (row in one.sets) == held
    ]
    return go.Scatter(
        x=[column for column, _ in places],
        y=[row for _, row in places],
        yaxis="y2",
        mode="markers",
        marker={"size": 10, "color": theme.INK if held else "var(--line)"},
        hoverinfo="skip",
    )


def _layout(names: Sequence[str], columns: int) -> go.Layout:
    bare = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    rows = len(names)
    below = _ROW * rows / (height(rows) - 28)
    texts = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]
    return theme.base_layout(
        height=height(rows),
        margin={"l": round(max(map(len, texts)) * _LETTER) + 14, "r": 8, "t": 20, "b": 8},
        bargap=0.3,
        # A few wide bars would look like a wall.
        xaxis={**bare, "range": [-0.6, max(columns, 5) - 0.4], "showticklabels": False, "anchor": "y2"},
        yaxis={
            **bare,
            "domain": [below + 0.04, 1.0],
            "rangemode": "tozero",
            "showticklabels": False,
            "title": {"text": "heads", "font": {"size": 12, "color": theme.INK_SOFT}},
        },
        yaxis2={
            **bare,
            "domain": [0.0, below],
            "range": [rows - 0.5, -0.5],
            "tickmode": "array",
            "tickvals": list(range(rows)),
            "ticktext": [theme.plain(text) for text in texts],
            "tickfont": {"size": 12, "color": theme.INK},
        },
    )
