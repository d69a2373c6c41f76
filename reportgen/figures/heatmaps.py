"""The significance heatmaps: effect and evidence of every head, layer by head, and each layer's total.

Three panels on one layer axis, layer 0 on top: the effect on a diverging scale symmetric about zero whose ends
are the colours of the two sets; −log10 p on a grey scale; how many recall heads each layer holds.
"""

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from markupsafe import escape

from reportgen import numbers
from reportgen.figures import theme
from reportgen.findings import Finding, HeadFinding
from reportgen.inference import HeadTests
from reportgen.stats.corrections import criterion

TOP, BOTTOM = 46, 80
_PANELS = {"effect": (0.0, 0.40), "evidence": (0.46, 0.86), "total": (0.90, 1.0)}
_BAR_BELOW = 44


def height(layers: int) -> int:
    """The figure's height in pixels: cells of 16 pixels, less in deep models so that they fit a screen."""
    return TOP + BOTTOM + layers * _cell(layers)


def _cell(layers: int) -> int:
    return 16 if layers <= 36 else 11


def clip(effect: npt.NDArray[np.float64]) -> float:
    """The effect, in points, at which the diverging scale ends: the largest there is, unless one or two heads
    stand so far out that all others would look alike; then the 98th percentile of the heads' effects."""
    sizes = np.abs(effect[np.isfinite(effect)])
    largest, usual = float(sizes.max(initial=0.0)), float(np.quantile(sizes, 0.98)) if sizes.size else 0.0
    return (usual if usual > 0 and largest > 1.5 * usual else largest) or 1.0


def significance_heatmaps(finding: Finding) -> go.Figure:
    """Effect, evidence and layer totals of one contrast; hover tells both means, interval, p and adjusted p."""
    tests = finding.tests
    heads = tests.heads
    effect = heads.effect.to_numpy() * 100
    evidence = -np.log10(np.maximum(heads.p_value.to_numpy(), np.finfo(float).tiny))
    layers, per_layer = effect.shape
    texts = [_hover(head, tests) for head in finding.all_heads]
    hover = [texts[start : start + per_layer] for start in range(0, len(texts), per_layer)]
    marked = tests.recall_heads().to_numpy()
    figure = go.Figure(layout=_layout(tests, layers, per_layer, int(marked.sum(axis=1).max())))
    limit = clip(effect)
    figure.add_trace(_panel(effect, hover, "x", theme.DIVERGING, (-limit, limit), "effect"))
    # Where nothing is found the map must look pale, however its largest value compares with the others.
    first = criterion(tests.headline).strictest(tests.alpha, max(tests.family_size, 1))
    top = max(float(np.nanmax(evidence, initial=0.0)), -1.5 * np.log10(first))
    figure.add_trace(_panel(evidence, hover, "x2", theme.EVIDENCE, (0.0, top), "evidence"))
    figure.add_trace(_marks(marked, "x"))
    figure.add_trace(_marks(marked, "x2"))
    figure.add_trace(_totals(marked))
    return figure


def _panel(
    values: npt.NDArray[np.float64],
    hover: list[list[str]],
    axis: str,
    scale: list[list[object]],
    limits: tuple[float, float],
    name: str,
) -> go.Heatmap:
    left, right = _PANELS[name]
    return go.Heatmap(
        z=np.round(values, 3),
        text=hover,
        xaxis=axis,
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=True,
        colorscale=scale,
        zmin=limits[0],
        zmax=limits[1],
        xgap=1,
        ygap=1,
        colorbar={
            "orientation": "h",
            "x": (left + right) / 2,
            "xanchor": "center",
            "y": -_BAR_BELOW / (len(values) * _cell(len(values))),
            "yanchor": "top",
            "len": right - left,
            "thickness": 8,
            "outlinewidth": 0,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
            "ticks": "",
            "nticks": 5,
        },
    )


def _marks(marked: npt.NDArray[np.bool_], axis: str) -> go.Scatter:
    rows, columns = np.nonzero(marked)
    return go.Scatter(
        x=columns,
        y=rows,
        xaxis=axis,
        mode="markers",
        hoverinfo="skip",
        marker={"size": 5, "color": theme.PAPER, "line": {"color": theme.INK, "width": 1}},
    )


def _totals(marked: npt.NDArray[np.bool_]) -> go.Bar:
    totals = marked.sum(axis=1)
    return go.Bar(
        x=totals,
        y=np.arange(len(totals)),
        xaxis="x3",
        orientation="h",
        marker={"color": theme.INK_SOFT},
        text=[str(total) if total else "" for total in totals],
        textposition="outside",
        textfont={"size": 10, "color": theme.INK_SOFT},
        cliponaxis=False,
        hovertemplate="layer %{y}: %{x} recall heads<extra></extra>",
    )


def _layout(tests: HeadTests, layers: int, per_layer: int, most_in_a_layer: int) -> go.Layout:
    a, b = tests.contrast.a.name, tests.contrast.b.name
    heads_axis = {
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": theme.INK_SOFT},
        "dtick": 1 if per_layer <= 12 else 5,
        "range": [-0.5, per_layer - 0.5],
        "fixedrange": True,
        "title": {"text": "head", "font": {"size": 11, "color": theme.INK_SOFT}, "standoff": 2},
    }
    return theme.base_layout(
        height=height(layers),
        margin={"l": 34, "r": 6, "t": TOP, "b": BOTTOM},
        xaxis={**heads_axis, "domain": _PANELS["effect"]},
        xaxis2={**heads_axis, "domain": _PANELS["evidence"]},
        xaxis3={
            "domain": _PANELS["total"],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "range": [0, 1.5 * max(1, most_in_a_layer)],
            "showticklabels": False,
        },
        yaxis={
            "range": [layers - 0.5, -0.5],
            "dtick": 5,
            "ticks": "",
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"size": 11, "color": theme.INK_SOFT},
            "title": {"text": "layer", "font": {"size": 11, "color": theme.INK_SOFT}, "standoff": 4},
        },
        bargap=0.35,
        annotations=[
            _title("effect", f"<b>Effect</b><br>{escape(a)} − {escape(b)}, points"),
            _title("evidence", "<b>Evidence</b><br>−log<sub>10</sub> p"),
            {**_title("total", "<b>Found</b><br>heads"), "x": 1, "xanchor": "right", "align": "right"},
        ],
    )


def _title(panel: str, text: str) -> dict[str, object]:
    return {
        "text": text,
        "x": _PANELS[panel][0],
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 6,
        "align": "left",
        "showarrow": False,
        "font": {"size": 12, "color": theme.INK},
    }


def _hover(head: HeadFinding, tests: HeadTests) -> str:
    a, b = escape(tests.contrast.a.name), escape(tests.contrast.b.name)
    means = f"<b>{head.name}</b><br>{a}: {numbers.points(head.mean_a)}<br>{b}: {numbers.points(head.mean_b)}"
    if head.reason:
        return f"{means}<br>not tested: {escape(head.reason)}"
    return (
        f"{means}<br>effect {numbers.points(head.effect)} {numbers.points_interval(head.effect_low, head.effect_high)}"
        f"<br>{numbers.p_equals(head.p_value)}, adjusted {numbers.p_equals(head.adjusted)}"
    )
