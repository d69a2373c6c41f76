"""One contrast on the page: the finding, the maps, the strongest heads, and how sure one may be."""

import numpy as np

from reportgen import numbers
from reportgen.figures import heatmaps, theme
from reportgen.findings import Finding
from reportgen.report import finding_text, words
from reportgen.report.certainty import certainty_blocks
from reportgen.report.comparison import comparison
from reportgen.report.controls_section import controls_blocks
from reportgen.report.document import Block, Columns, Figure, Heading, Prose, Raw
from reportgen.report.head_panel import head_panel
from reportgen.report.head_table import every_head, strongest_heads
from reportgen.report.look import look_blocks
from reportgen.report.markup import Md, md
from reportgen.report.power_section import power_blocks
from reportgen.report.render import component
from reportgen.report.replication import replication_blocks
from reportgen.report.results import Results
from reportgen.report.robustness_page import robustness_summary
from reportgen.spec.model import StudySpec


def contrast_blocks(finding: Finding, results: Results) -> tuple[Block, ...]:
    """All sections of one contrast; ids carry the contrast's own id, so that several stand on one page."""
    spec, contrast = results.plan.file.spec, finding.tests.contrast
    title = Md("The finding") if len(results.findings) == 1 else md("{title}", title=contrast.title)
    return (
        Heading(2, title, f"finding-{contrast.id}"),
        Prose(finding_text.lead(finding, spec), "lead"),
        Columns(_maps(finding, spec), Raw(head_panel(finding))),
        Heading(2, Md("The strongest heads compared"), f"heads-{contrast.id}"),
        strongest_heads(finding),
        comparison(finding, spec),
        Heading(2, md("Where the heads look"), f"look-{contrast.id}"),
        *look_blocks(finding, spec),
        Heading(2, Md("How sure may one be"), f"sure-{contrast.id}"),
        *certainty_blocks(finding),
        *_controls(finding, results),
        *replication_blocks(finding),
        *power_blocks(finding),
    )


def _controls(finding: Finding, results: Results) -> tuple[Block, ...]:
    """Other choices and controls: they are those of the first contrast, and much the same for the others."""
    if finding is not results.findings[0]:
        return ()
    return (
        Heading(3, Md("Under other choices"), f"choices-{finding.tests.contrast.id}"),
        *robustness_summary(results.robustness),
        *controls_blocks(results.controls, finding, results.plan.file.spec),
    )


def _maps(finding: Finding, spec: StudySpec) -> Figure:
    tests = finding.tests
    a, b = tests.contrast.a.name, tests.contrast.b.name
    alt = (
        f"Two heatmaps, layer by head: the difference in attention to {words.key_span(spec.measure)} between {a} and {b} "
        f"statements, and its evidence as −log10 p. {len(finding.recall)} of {tests.family_size} heads are marked. "
        "The same numbers stand in the table below."
    )
    return Figure(
        id=f"fig-maps-{tests.contrast.id}",
        html=component(
            "components/plot",
            height=heatmaps.frame(finding).height,
            map=tests.contrast.id,
            alt=alt,
            data=theme.figure_json(heatmaps.significance_heatmaps(finding)),
            waiting="The maps of effect and evidence appear here.",
        ),
        caption=md(
            "Every head, layer 0 on top. {first}: the effect, in points of attention, [blue]{{.set-a}} where {a} statements get "
            "more of {span}, [orange]{{.set-b}} where {b} ones do; the scale is symmetric and {clipped}. {second}: the "
            "evidence for a difference, uncorrected. {rings} Right: how many "
            "are found in each layer.",
            a=a,
            b=b,
            span=f"the attention to {words.key_span(spec.measure)}",
            first="Above" if heatmaps.frame(finding).stacked else "Left",
            second="Below" if heatmaps.frame(finding).stacked else "Middle",
            rings=_rings(finding),
            clipped=_clipping(finding),
        ),
        how_to_read=Md(
            "*How to read it:* rings that gather in neighbouring layers, dark on both maps, speak for a mechanism; rings strewn "
            "evenly over pale cells would speak for noise. A dark cell on the left without a ring is a large difference that "
            "varies too much from statement to statement to be sure of."
        ),
        table=every_head(finding),
    )


def _rings(finding: Finding) -> str:
    if not finding.recall:
        return "No head is found under the headline correction; stars mark those that come nearest."
    found = numbers.things(len(finding.recall), "head")
    return f"A ring marks the {found} found under the headline correction, a star the strongest ones."


def _clipping(finding: Finding) -> str:
    effect = finding.tests.heads.effect.to_numpy() * 100
    limit = heatmaps.clip(effect)
    beyond = int((np.abs(effect) > limit).sum())
    return f"ends at ±{limit:.1f} points, which {numbers.things(beyond, 'head')} exceed" if beyond else "not clipped"
