"""Interactions and doses as maps: the effect at every head with its evidence, and the heads found by layer."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import heatmaps, panels, theme
from reportgen.figures.panels import Frame

Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FurtherMap:
    """What is drawn of every head, [layer, head]: an effect in `unit`, its p-value, and whether it is found."""

    title: str
    unit: str
    effect: Map
    p_value: Map
    found: npt.NDArray[np.bool_]


def further_maps(shown: FurtherMap) -> go.Figure:
    """Effect on a diverging scale, evidence in greys, rings on the heads found."""
    map_, counts = Frame(*shown.effect.shape), shown.found.sum(axis=1)
    evidence = -np.log10(np.maximum(shown.p_value, np.finfo(float).tiny))
    titles = (
        f"<b>{theme.plain(shown.title)}</b><br>{shown.unit}",
        "<b>Evidence</b><br>−log<sub>10</sub> p",
        "<b>Found</b><br>heads",
    )
    figure = go.Figure(layout=map_.layout(float(counts.max()), titles))
    limit = heatmaps.clip(shown.effect)
    figure.add_trace(map_.panel(shown.effect, 0, theme.DIVERGING, (-limit, limit), shown.unit))
    # Pale where nothing is found: a Šidák bound is what a first finding needs, about.
    first = -np.log10(-np.expm1(np.log1p(-0.05) / shown.effect.size))
    top = max(float(np.nanmax(evidence, initial=0.0)), 1.5 * float(first))
    figure.add_trace(map_.panel(evidence, 1, theme.EVIDENCE, (0.0, top), "evidence"))
    for panel in (0, 1):
        figure.add_trace(panels.rings(shown.found, panel))
    figure.add_trace(panels.totals(counts, [str(n) if n else "" for n in counts], "layer %{y}: %{x} heads"))
    return figure
