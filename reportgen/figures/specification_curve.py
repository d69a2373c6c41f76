"""The specification curve: how many heads each universe finds, over the choices that make it; and who stands where.

Universes stand side by side, the fewest heads first; those without any correction, which do not count, stand apart
at the right and pale. Above, how many heads each finds, and solid how many of them
the study finds too; below, one row a choice, with a tick in each universe that makes it. The study's own universe is
marked through both. After Simonsohn, Simmons & Nelson (2020), https://doi.org/10.1038/s41562-020-0912-z.
"""

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go

from reportgen.figures import heatmaps, panels, theme
from reportgen.figures.panels import Frame
from reportgen.inference import HeadTests
from reportgen.robustness import NEARLY_ALWAYS, Robustness, UniverseResult
from reportgen.universes import Choice, Dimension

_TOP, _BOTTOM, _CURVE, _BETWEEN, _ROW = 44, 26, 190, 14, 17
_LABELS = 128
_GAP, _PALE = 0.03, 0.45
_BARE: dict[str, object] = {"showgrid": False, "zeroline": False, "fixedrange": True}
_TICK = [[0.0, theme.INK_SOFT], [1.0, theme.INK_SOFT]]

Named = Callable[[Choice], str]
Titled = Callable[[Dimension], str]


def height(robustness: Robustness) -> int:
    """The figure's height in pixels."""
    return _TOP + _CURVE + _BETWEEN + _ROW * len(_rows(robustness)) + _BOTTOM


def specification_curve(robustness: Robustness, named: Named, titled: Titled) -> go.Figure:
    """The curve and its choices; `named` gives a choice's short name, `titled` that of a dimension."""
    rows, columns = _rows(robustness), _columns(robustness)
    figure = go.Figure(layout=_layout(robustness, rows, named, titled))
    texts = [_told(result, rows, named) for result in robustness.by_heads]
    figure.add_trace(_bars(columns, [result.heads for result in robustness.by_heads], theme.PAIR, texts))
    figure.add_trace(_bars(columns, [result.shared for result in robustness.by_heads], theme.INK, None))
    figure.add_trace(_ticks(columns, rows))
    return figure


def _columns(robustness: Robustness) -> list[UniverseResult | None]:
    """The universes from left to right, with empty columns between those that count and the others."""
    counted, others = robustness.by_heads[: len(robustness.counted)], robustness.by_heads[len(robustness.counted) :]
    gap = max(1, round(_GAP * len(robustness.universes))) if others else 0
    return [*counted, *(None for _ in range(gap)), *others]


def _told(result: UniverseResult, rows: Sequence[Choice | Dimension], named: Named) -> str:
    made = ", ".join(theme.plain(named(choice)) for choice in result.universe.choices if choice in rows)
    return f"{result.heads} heads, {result.shared} in the study too<br>{made}"


def _rows(robustness: Robustness) -> list[Choice | Dimension]:
    """The rows below the curve: each dimension in which there is a choice, and under it its choices."""
    rows: list[Choice | Dimension] = []
    for dimension in robustness.dimensions:
        rows += [dimension, *(summary.choice for summary in robustness.summaries(dimension))]
    return rows


def _bars(
    columns: Sequence[UniverseResult | None], counts: Sequence[int], colour: str, texts: list[str] | None
) -> go.Bar:
    results = [(place, result) for place, result in enumerate(columns) if result is not None]
    return go.Bar(
        x=[place for place, _ in results],
        y=list(counts),
        width=1,
        marker={
            "color": colour,
            "opacity": [1.0 if result.counts else _PALE for _, result in results],
            "line": {"width": 0},
        },
        customdata=texts,
        hovertemplate="%{customdata}<extra></extra>" if texts else None,
        hoverinfo=None if texts else "skip",
    )


def _ticks(columns: Sequence[UniverseResult | None], rows: Sequence[Choice | Dimension]) -> go.Heatmap:
    made = [() if result is None else result.universe.choices for result in columns]
    return go.Heatmap(
        z=[[1 if row in choices else None for choices in made] for row in rows],
        yaxis="y2",
        colorscale=_TICK,
        zmin=0,
        zmax=1,
        ygap=5,
        showscale=False,
        hoverinfo="skip",
    )


def _layout(robustness: Robustness, rows: Sequence[Choice | Dimension], named: Named, titled: Titled) -> go.Layout:
    inner = _CURVE + _BETWEEN + _ROW * len(rows)
    columns = [None if result is None else result.universe for result in _columns(robustness)]
    own = columns.index(robustness.own)
    mine = set(robustness.own.choices)
    return theme.base_layout(
        height=height(robustness),
        margin={"l": _LABELS, "r": 8, "t": _TOP, "b": _BOTTOM},
        barmode="overlay",
        hovermode="closest",
        bargap=0,
        xaxis={
            **_BARE,
            "range": [-0.5, len(columns) - 0.5],
            "anchor": "y2",
            "showticklabels": False,
            "ticks": "",
            "title": {
                "text": f"{len(robustness.counted):,} universes, fewest heads first",
                "font": {"size": 11, "color": theme.INK_SOFT},
                "standoff": 4,
            },
        },
        yaxis={
            "domain": [1 - _CURVE / inner, 1.0],
            "rangemode": "tozero",
            "ticks": "",
            "nticks": 5,
            "gridcolor": theme.GRID,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
        },
        yaxis2={
            **_BARE,
            "domain": [0.0, _ROW * len(rows) / inner],
            "range": [len(rows) - 0.5, -0.5],
            "ticks": "",
            "tickmode": "array",
            "tickvals": list(range(len(rows))),
            "ticktext": [_row_label(row, row in mine, named, titled) for row in rows],
            "tickfont": {"size": 11, "color": theme.INK},
        },
        shapes=[_mark(own)],
        annotations=[
            _note("<b>Heads found</b>, solid: in the study too", 0, "left", -_LABELS, 24, theme.INK),
            _mark_note(own, len(columns)),
            *(
                [_note(f"{robustness.uncorrected:,} uncorrected", 1, "right", 0, 24, theme.INK_SOFT)]
                if None in columns
                else []
            ),
        ],
    )


def _row_label(row: Choice | Dimension, own: bool, named: Named, titled: Titled) -> str:
    if isinstance(row, Choice):
        return f"{theme.plain(named(row))} {'●' if own else '○'}"
    return f"<b>{theme.plain(titled(row))}</b>   "


def _mark(own: int) -> dict[str, object]:
    """A line through the study's own universe."""
    return {
        "type": "line",
        "x0": own,
        "x1": own,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": theme.INK, "width": 1.5, "dash": "dot"},
    }


def _mark_note(own: int, universes: int) -> dict[str, object]:
    side = "right" if own > universes / 2 else "left"
    note = _note("● the study's own", own, side, 0, 4, theme.INK)
    return {**note, "xref": "x"}


def _note(text: str, x: float, anchor: str, shift: int, up: int, colour: str) -> dict[str, object]:
    return {
        "text": text,
        "x": x,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": anchor,
        "yanchor": "bottom",
        "xshift": shift,
        "yshift": up,
        "showarrow": False,
        "font": {"size": 12, "color": colour},
    }


def frame(robustness: Robustness) -> Frame:
    """The frame of the map of standing."""
    return Frame(int(robustness.standing.sizes["layer"]), int(robustness.standing.sizes["head"]))


def standing_map(robustness: Robustness, tests: HeadTests) -> go.Figure:
    """The share of what counts in which each head stands, beside the study's effect; per layer, who nearly always does."""
    map_, standing = frame(robustness), robustness.standing.to_numpy() * 100
    effect = tests.heads.effect.to_numpy() * 100
    firm = (standing >= 100 * NEARLY_ALWAYS).sum(axis=1)
    titles = (
        "<b>Stands in</b><br>% of universes",
        f"<b>Effect</b><br>{theme.plain(tests.contrast.a.name)} − {theme.plain(tests.contrast.b.name)}, points",
        f"<b>≥ {NEARLY_ALWAYS:.0%}</b><br>heads",
    )
    figure = go.Figure(layout=map_.layout(float(firm.max()), titles))
    limit = heatmaps.clip(effect)
    figure.add_trace(map_.panel(standing, 0, theme.EVIDENCE, (0.0, 100.0), "% of universes"))
    figure.add_trace(map_.panel(effect, 1, theme.DIVERGING, (-limit, limit), "effect"))
    for panel in (0, 1):
        figure.add_trace(panels.rings(np.asarray(robustness.found.to_numpy(), dtype=bool), panel))
    texts = [str(count) if count else "" for count in firm]
    figure.add_trace(panels.totals(firm, texts, "layer %{y}: %{x} heads"))
    return figure
