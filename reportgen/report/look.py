"""Where the heads look: mean attention in either set, for every head, and the heads that look most."""

import numpy as np

from reportgen import numbers
from reportgen.figures import heatmaps, theme
from reportgen.findings import Finding
from reportgen.report import words
from reportgen.report.document import Block, Figure, Table
from reportgen.report.head_table import link_to_every_head
from reportgen.report.markup import Md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, table_html
from reportgen.spec.model import StudySpec

_MOST = 10


def look_blocks(finding: Finding, spec: StudySpec) -> tuple[Block, ...]:
    """The maps of mean attention, the ten heads with the most of it, and all heads on axes of the reader's choice."""
    return _attention_maps(finding, spec), _most_attentive(finding, spec), _scatter(finding)


def _attention_maps(finding: Finding, spec: StudySpec) -> Figure:
    tests = finding.tests
    a, b = tests.contrast.a.name, tests.contrast.b.name
    span = words.key_span(spec.measure)
    return Figure(
        id=f"fig-look-{tests.contrast.id}",
        html=component(
            "components/plot",
            height=heatmaps.frame(finding).height,
            map=tests.contrast.id,
            alt=f"Two heatmaps, layer by head: mean attention to {span} in {a} and in {b} statements, on one scale; beside "
            "them each layer's mean over its heads. The same numbers stand in the table below.",
            data=theme.figure_json(heatmaps.attention_heatmaps(finding)),
            waiting="The maps of mean attention appear here.",
        ),
        caption=md(
            "Mean attention to {span} of every head in [{a}]{{.set-a}} and in [{b}]{{.set-b}} statements, in points, on one "
            "scale, and each layer's mean over its heads. A ring marks the heads found to differ.",
            span=span,
            a=a,
            b=b,
        ),
        how_to_read=Md(
            "*How to read it:* strong cells are heads that look there at all; a head can look there a great deal in both sets "
            "and yet not differ. Two maps that look alike are the rule, since a head that differs does so by some points. A map "
            "that is strong all over would mean that the first tokens, where heads rest, count as what is looked at."
        ),
        table=link_to_every_head(finding),
    )


def _scatter(finding: Finding) -> Figure:
    contrast = finding.tests.contrast
    return Figure(
        id=f"fig-scatter-{contrast.id}",
        html=component("components/scatter", contrast=contrast.id),
        caption=md(
            "Every head as a point, at first its effect over its mean attention in [{a}]{{.set-a}} statements; filled points "
            "are the heads found. Choose other axes, click a point to open the head, draw around points to list them.",
            a=contrast.a.name,
        ),
        how_to_read=Md(
            "*How to read it:* filled points far from the rest, high and dark at once, are heads that look there, differ and "
            "do so surely. Effects that only grow with the mean, in a fan to both sides, are what noise looks like."
        ),
        table=link_to_every_head(finding),
    )


def _most_attentive(finding: Finding, spec: StudySpec) -> Table:
    tests = finding.tests
    contrast = tests.contrast
    order = np.argsort(-tests.heads.mean_a.to_numpy().ravel(), kind="stable")[:_MOST]
    deviation = {side: tests.heads[f"sd_{side}"].to_numpy().ravel() for side in ("a", "b")}
    found = {head.name for head in finding.recall}
    rows = []
    for place in order.tolist():
        head = finding.all_heads[place]
        rows.append(
            Row(
                (
                    head.name,
                    _spread(head.mean_a, float(deviation["a"][place])),
                    _spread(head.mean_b, float(deviation["b"][place])),
                    head.verdict,
                ),
                emphasis=head.name in found,
            )
        )
    columns = (
        Column("Head"),
        Column(f"{contrast.a.name}, mean ± sd", number=True),
        Column(f"{contrast.b.name}, mean ± sd", number=True),
        Column("Between the sets it"),
    )
    return Table(
        id=f"tbl-look-{contrast.id}",
        caption=md(
            "The {n} heads that give {span} the most attention in {a} statements, in points.",
            n=len(rows),
            span=words.key_span(spec.measure),
            a=contrast.a.name,
        ),
        html=table_html("The heads that look most", columns, rows),
    )


def _spread(mean: float, deviation: float) -> str:
    return f"{numbers.points(mean)} ± {numbers.points(deviation)}"
