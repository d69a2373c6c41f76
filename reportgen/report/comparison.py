"""The strongest heads compared: the figure and what stands under it."""

import math

import numpy as np
import xarray as xr

from reportgen import numbers
from reportgen.figures import theme, top_heads
from reportgen.findings import Finding, HeadFinding
from reportgen.report import words
from reportgen.report.document import Figure
from reportgen.report.markup import Html, Md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.model import StudySpec


def comparison(finding: Finding, spec: StudySpec) -> Figure:
    """Both sets' means of the strongest heads with intervals, over every pair or statement."""
    tests, heads = finding.tests, [(head.layer, head.head) for head in finding.strongest]
    a, b = tests.contrast.a.name, tests.contrast.b.name
    paired = tests.design == "paired"
    each = f"each faint {'line' if paired else 'tick'} is one {_unit(finding)}"
    alt = (
        f"Mean attention to {words.key_span(spec.measure)} in {a} and in {b} statements with intervals, for the "
        f"{len(heads)} strongest heads; {each}. The table of the strongest heads holds the same numbers."
    )
    return Figure(
        id=f"fig-heads-{tests.contrast.id}",
        html=component(
            "components/plot",
            height=top_heads.height(len(heads)),
            map="",
            alt=alt,
            data=theme.figure_json(
                top_heads.compare_heads(tests, heads, words.key_span(spec.measure), _again(finding))
            ),
            waiting="The comparison of the strongest heads appears here.",
        ),
        caption=md(
            "The strongest heads, strongest on top: mean attention to {span} in [{a}]{{.set-a}} (circle, above) and in "
            "[{b}]{{.set-b}} statements (diamond, below) with {level} intervals; {each}. The open circle stands where the "
            "mean of {a} would, were the effect the cross-fitted one.",
            span=words.key_span(spec.measure),
            a=a,
            b=b,
            level=numbers.level(1 - tests.alpha),
            each=each,
        ),
        how_to_read=Md(
            "*How to read it:* faint lines that nearly all lean the same way mean that the difference holds fact by fact; lines "
            "that cross mean that a few facts carry it. The intervals are those of the two means; in a paired study the "
            "difference is surer than they look."
            if paired
            else "*How to read it:* clouds that barely overlap mean a difference that holds for most statements."
        ),
        table=_score_table(finding),
    )


def _again(finding: Finding) -> list[float]:
    """The cross-fitted effect of each of the strongest heads; NaN where there were too few units to be split."""
    if finding.selected is None:
        return [math.nan] * len(finding.strongest)
    effects = finding.selected.cross_fitted
    return [float(effects.isel(layer=head.layer, head=head.head)) for head in finding.strongest]


def _unit(finding: Finding) -> str:
    if finding.tests.settings.cluster is not None:
        return "cluster"
    return "pair" if finding.tests.design == "paired" else "statement"


def _score_table(finding: Finding) -> Html:
    """How the scores behind the comparison are spread, as a table."""
    columns = (
        Column("Head"),
        *(
            Column(f"{side}: {name}", number=True)
            for side in _names(finding)
            for name in ("mean", "sd", "min", "median", "max")
        ),
    )
    rows = [
        Row(
            (
                head.name,
                *(cell for scores in (finding.tests.units_a, finding.tests.units_b) for cell in _spread(scores, head)),
            )
        )
        for head in finding.strongest
    ]
    return folded("The same as a table: how the scores are spread", table_html("Spread of the scores", columns, rows))


def _names(finding: Finding) -> tuple[str, str]:
    return finding.tests.contrast.a.name, finding.tests.contrast.b.name


def _spread(scores: xr.DataArray, head: HeadFinding) -> tuple[str, ...]:
    values = scores.isel(layer=head.layer, head=head.head).to_numpy().astype(float)
    figures = (values.mean(), values.std(ddof=1), values.min(), float(np.median(values)), values.max())
    return tuple(numbers.points(float(figure)) for figure in figures)
