"""Maps of all heads: the difference between the sets with its evidence, and the attention in each set."""

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from reportgen.figures import panels, theme
from reportgen.figures.panels import Frame
from reportgen.findings import Finding
from reportgen.stats.corrections import criterion


def frame(finding: Finding) -> Frame:
    """The frame of a finding's maps."""
    sizes = finding.tests.heads.sizes
    return Frame(int(sizes["layer"]), int(sizes["head"]))


def clip(effect: npt.NDArray[np.float64]) -> float:
    """The effect, in points, at which the diverging scale ends: the largest there is, unless one or two heads
    stand so far out that all others would look alike; then the 98th percentile of the heads' effects."""
    sizes = np.abs(effect[np.isfinite(effect)])
    largest, usual = float(sizes.max(initial=0.0)), float(np.quantile(sizes, 0.98)) if sizes.size else 0.0
    return (usual if usual > 0 and largest > 1.5 * usual else largest) or 1.0


def significance_heatmaps(finding: Finding) -> go.Figure:
    """Effect, on a diverging scale whose ends are the sets' colours; −log10 p, in greys; recall heads by layer.

    The page adds to each cell what it tells when pointed at.
    """
    tests, map_ = finding.tests, frame(finding)
    effect = tests.heads.effect.to_numpy() * 100
    evidence = -np.log10(np.maximum(tests.heads.p_value.to_numpy(), np.finfo(float).tiny))
    marked = tests.recall_heads().to_numpy()
    counts = marked.sum(axis=1)
    a, b = theme.plain(tests.contrast.a.name), theme.plain(tests.contrast.b.name)
    titles = (f"<b>Effect</b><br>{a} − {b}, points", "<b>Evidence</b><br>−log<sub>10</sub> p", "<b>Found</b><br>heads")
    figure = go.Figure(layout=map_.layout(float(counts.max()), titles))
    limit = clip(effect)
    figure.add_trace(map_.panel(effect, 0, theme.DIVERGING, (-limit, limit), "effect"))
    # Where nothing is found the map must look pale, however its largest value compares with the others.
    rule = criterion("sidak" if criterion(tests.headline).resampled else tests.headline)
    first = rule.strictest(tests.alpha, max(tests.family_size, 1))
    top = max(float(np.nanmax(evidence, initial=0.0)), -1.5 * np.log10(first))
    figure.add_trace(map_.panel(evidence, 1, theme.EVIDENCE, (0.0, top), "evidence"))
    for panel in (0, 1):
        figure.add_trace(panels.rings(marked, panel))
        figure.add_trace(panels.stars([(head.layer, head.head) for head in finding.strongest], panel))
    texts = [str(count) if count else "" for count in counts]
    figure.add_trace(panels.totals(counts, texts, "layer %{y}: %{x} recall heads"))
    return figure


def attention_heatmaps(finding: Finding) -> go.Figure:
    """Mean attention of every head in A and in B on one scale, and each layer's mean over heads and both sets."""
    tests, map_ = finding.tests, frame(finding)
    sets = (tests.contrast.a.name, tests.contrast.b.name)
    means = [tests.heads[name].to_numpy() * 100 for name in ("mean_a", "mean_b")]
    by_layer = np.mean(means, axis=(0, 2))
    titles = (*(f"<b>{theme.plain(name)}</b><br>mean, points" for name in sets), "<b>Layer</b><br>mean")
    figure = go.Figure(layout=map_.layout(float(by_layer.max()), titles))
    top = max(float(np.max(means)), 1e-9)
    for panel, (values, name) in enumerate(zip(means, sets, strict=True)):
        figure.add_trace(map_.panel(values, panel, theme.EVIDENCE, (0.0, top), theme.plain(name)))
        figure.add_trace(panels.rings(tests.recall_heads().to_numpy(), panel))
    figure.add_trace(panels.totals(by_layer, [f"{value:.1f}" for value in by_layer], "layer %{y}: %{x:.1f} points"))
    return figure
