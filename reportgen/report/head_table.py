"""Tables of heads: every head, and the strongest."""

import math

from reportgen import numbers
from reportgen.findings import Finding, HeadFinding
from reportgen.report import words
from reportgen.report.document import Table
from reportgen.report.markup import Html, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.stats.corrections import criterion

MOST_ROWS = 600


def every_head(finding: Finding) -> Html:
    """Every head's numbers, folded away; those found are set off. Stands once on the page: others link to it."""
    found = {head.name for head in finding.recall}
    heads = finding.all_heads
    if len(heads) > MOST_ROWS:
        strongest = set(finding.tests.strongest(MOST_ROWS))
        heads = tuple(head for head in heads if (head.layer, head.head) in strongest)
    rows = [_head_row(head, finding, emphasis=head.name in found) for head in heads]
    table = table_html("Every head", _head_columns(finding), rows, _place(finding))
    return folded(f"The same as a table: {_which_heads(finding)}", table)


def _which_heads(finding: Finding) -> str:
    total = len(finding.all_heads)
    if total <= MOST_ROWS:
        return "every head"
    file = f"heads-{finding.tests.contrast.id}.csv"
    return f"the {numbers.count(MOST_ROWS)} strongest of {numbers.count(total)} heads; all are in {file}"


def link_to_every_head(finding: Finding) -> Html:
    """What stands under a figure whose numbers are in that table."""
    return component("components/same_table", place=_place(finding))


def _place(finding: Finding) -> str:
    return f"every-head-{finding.tests.contrast.id}"


def strongest_heads(finding: Finding) -> Table:
    """The strongest heads with means, effect, interval, standardized effect, p and adjusted p."""
    contrast = finding.tests.contrast
    columns = (*_head_columns(finding)[:5], *_AGAIN, *_head_columns(finding)[5:8])
    rows = [_strongest_row(head, finding) for head in finding.strongest]
    return Table(
        id=f"tbl-heads-{contrast.id}",
        caption=md(
            "The {n} strongest heads{which}: mean attention in {a} and in {b} statements and their difference, in points, with "
            "an interval {whose}. Beside it the effect on the halves of the data that did not choose the head (cross-fitted; – "
            "where fewer than one half in ten chose it), and in how many bootstrap resamples it is among the {n} strongest.",
            whose=_whose(finding),
            n=len(finding.strongest),
            which=_which(finding),
            a=contrast.a.name,
            b=contrast.b.name,
        ),
        html=table_html("The strongest heads", columns, rows),
    )


def _which(finding: Finding) -> str:
    found = min(len(finding.recall), len(finding.strongest))
    if found == len(finding.strongest):
        return ", all found under the headline correction"
    return f", {found or 'none'} of them found under the headline correction"


def _head_columns(finding: Finding) -> tuple[Column, ...]:
    contrast = finding.tests.contrast
    return (
        Column("Head"),
        Column(contrast.a.name, number=True),
        Column(contrast.b.name, number=True),
        Column("Effect", number=True),
        Column(f"{numbers.level(1 - finding.tests.alpha)} interval {_whose(finding)}", number=True),
        Column("d_z" if finding.tests.design == "paired" else "g", number=True),
        Column("p", number=True),
        Column("adjusted p", number=True),
        Column("Verdict"),
    )


_AGAIN = (Column("cross-fitted", number=True), Column("in the top", number=True))


def _strongest_row(head: HeadFinding, finding: Finding) -> Row:
    """A head's row with what units that did not choose it say of it, and without its verdict."""
    row = _head_row(head, finding)
    again = ("–", "–")
    if finding.selected is not None:
        place = {"layer": head.layer, "head": head.head}
        effect, share = (
            float(values.isel(place)) for values in (finding.selected.cross_fitted, finding.selected.stability)
        )
        again = (numbers.points(effect), "–" if math.isnan(share) else numbers.percent(share, 1))
    sorted_by = {column + len(_AGAIN): exact for column, exact in row.sorted_by.items()}
    return Row((*row.cells[:5], *again, *row.cells[5:8]), sorted_by)


def _whose(finding: Finding) -> str:
    """For which heads together the interval holds its level."""
    return words.INTERVALS[criterion(finding.tests.headline).controls]


def _head_row(head: HeadFinding, finding: Finding, *, emphasis: bool = False) -> Row:
    contrast = finding.tests.contrast
    means = (numbers.points(head.mean_a), numbers.points(head.mean_b))
    if head.reason:
        return Row((head.name, *means, numbers.points(head.effect), "–", "–", "–", "–", head.verdict))
    return Row(
        (
            head.name,
            *means,
            numbers.points(head.effect),
            numbers.points_interval(head.simultaneous_low, head.simultaneous_high),
            numbers.decimal(head.standardized),
            numbers.p_value(head.p_value),
            numbers.p_value(head.adjusted),
            head.verdict,
        ),
        sorted_by={6: head.p_value, 7: head.adjusted},
        emphasis=emphasis,
        id=f"head-{contrast.id}-{head.name}" if emphasis else "",
    )
