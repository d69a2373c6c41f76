"""The negative control as maps: every head's effect as it is, and with the labels shuffled, on one scale."""

import numpy as np
import plotly.graph_objects as go

from reportgen.controls import Controls, Map, Marks
from reportgen.figures import heatmaps, panels, theme
from reportgen.findings import Finding


def control_maps(finding: Finding, controls: Controls) -> go.Figure:
    """The real effects, those of one shuffle, and each layer's mean size of both.

    Heads found are ringed in both; a cell whose effect is no larger than twice its head's numerical noise is left empty.
    """
    tests, map_ = finding.tests, heatmaps.frame(finding)
    real, noise = tests.heads.effect.to_numpy(), controls.model.noise
    sides: tuple[tuple[Map, Marks], ...] = (
        (real, tests.recall_heads().to_numpy()),
        (controls.negative.effect, controls.negative.found),
    )
    sizes = [np.mean(np.abs(effect), axis=1) * 100 for effect, _ in sides]
    titles = ("<b>Labels as they are</b><br>effect, points", "<b>Labels shuffled</b><br>effect, points", _SIZES)
    figure = go.Figure(layout=map_.layout(float(np.max(sizes)), titles))
    limit = heatmaps.clip(real * 100)
    for panel, ((effect, found), name) in enumerate(zip(sides, ("labels as they are", "labels shuffled"), strict=True)):
        shown = np.where(noise.below_noise(effect), np.nan, effect * 100)
        figure.add_trace(map_.panel(shown, panel, theme.DIVERGING, (-limit, limit), name))
        figure.add_trace(panels.rings(found, panel))
    figure.add_trace(_sizes(sizes[0], "as they are", theme.INK_SOFT))
    figure.add_trace(_sizes(sizes[1], "shuffled", theme.PAIR))
    return figure


_SIZES = "<b>Mean size</b><br>by layer"


def _sizes(sizes: Map, name: str, colour: str) -> go.Bar:
    """A bar a layer beside the maps; its text would not fit between two of them."""
    bars = panels.totals(sizes, [""] * len(sizes), f"layer %{{y}}, labels {name}: %{{x:.2f}} points")
    return bars.update(marker={"color": colour})
