"""What was foretold of every head beside what was measured, with the line on which both are the same."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import theme
from reportgen.figures.head_scatter import HEIGHT, Axis, Map, head_scatter

__all__ = ["HEIGHT", "foretold"]


def foretold(
    measured: Axis, integrated: Axis, product: Map, marked: npt.NDArray[np.bool_], named: Sequence[tuple[int, int]]
) -> go.Figure:
    """Heads at what was measured across and foretold up, by integrated gradients as points, those `marked` filled, and by
    gradient × attention as crosses. The dotted line is where both are the same. A click opens the head."""
    figure = head_scatter(measured, integrated, marked, named)
    figure.add_trace(_crosses(measured, product))
    # Over what was measured alone, so that the line stretches no axis.
    ends = [float(np.nanmin(measured.values)), float(np.nanmax(measured.values))]
    figure.add_shape(
        type="line",
        x0=ends[0],
        y0=ends[0],
        x1=ends[1],
        y1=ends[1],
        line={"color": theme.INK_SOFT, "width": 1, "dash": "dot"},
        layer="below",
    )
    return figure


def _crosses(measured: Axis, product: Map) -> go.Scatter:
    layers, heads = np.nonzero(np.isfinite(measured.values) & np.isfinite(product))
    return go.Scatter(
        x=np.round(measured.values[layers, heads], 4),
        y=np.round(product[layers, heads], 4),
        mode="markers",
        customdata=[f"L{layer}H{head}" for layer, head in zip(layers.tolist(), heads.tolist(), strict=True)],
        hovertemplate=f"<b>%{{customdata}}</b><br>{measured.title}: %{{x}}<br>gradient × attention: %{{y}}<extra></extra>",
        marker={"size": 5, "symbol": "x-thin", "line": {"width": 1, "color": theme.INK_SOFT}},
    )
