"""Two hops as maps of heads side by side, on one scale: how much each gains or loses, and which differ."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import heatmaps, panels, theme
from reportgen.figures.panels import Frame


@dataclass(frozen=True)
class HopMap:
    """One hop: what is looked at and from where, the difference in points at every head, [layer, head], and where it is found."""

    title: str
    origin: str
    effect: npt.NDArray[np.float64]
    found: npt.NDArray[np.bool_]


def hop_maps(hops: tuple[HopMap, HopMap]) -> go.Figure:
    """Both hops, rings on the heads that differ, and how many differ in either by layer. A click opens a head."""
    frame = Frame(*hops[0].effect.shape)
    either = (hops[0].found | hops[1].found).sum(axis=1)
    titles = (
        *(f"<b>{theme.plain(hop.title)}</b><br>{theme.plain(hop.origin)}" for hop in hops),
        "<b>Found</b><br>heads",
    )
    figure = go.Figure(layout=frame.layout(float(either.max()), titles))
    limit = heatmaps.clip(np.stack([hop.effect for hop in hops]))
    names = [[f"L{layer}H{head}" for head in range(frame.per_layer)] for layer in range(frame.layers)]
    for panel, hop in enumerate(hops):
        map_ = frame.panel(hop.effect, panel, theme.DIVERGING, (-limit, limit), hop.title)
        figure.add_trace(map_.update(customdata=names, hovertemplate="%{customdata}: %{z} points<extra></extra>"))
        figure.add_trace(panels.rings(hop.found, panel))
    figure.add_trace(panels.totals(either, [str(n) if n else "" for n in either], "layer %{y}: %{x} heads"))
    return figure
