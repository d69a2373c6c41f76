"""Tables of heads: every head, and the short table of the strongest beside the map."""

from reportgen import numbers
from reportgen.findings import Finding, HeadFinding
from reportgen.report.document import Table
from reportgen.report.markup import Html, md
from reportgen.report.tables import Column, Row, folded, table_html

# Of the columns of the table of all heads, those that the short table beside the map has room for.
_BRIEF = (0, 1, 2, 3, 4, 7)


def every_head(finding: Finding) -> Html:
    """Every head's numbers, folded away; those found are set off."""
    found = {head.name for head in finding.recall}
    rows = [_head_row(head, finding, emphasis=head.name in found) for head in finding.all_heads]
    return folded("The same as a table: every head", table_html("Every head", _head_columns(finding), rows))


def strongest_heads(finding: Finding) -> Table:
    """The strongest heads with means, effect, interval and adjusted p."""
    contrast = finding.tests.contrast
    columns = [column for place, column in enumerate(_head_columns(finding)) if place in _BRIEF]
    rows = [_brief(_head_row(head, finding)) for head in finding.strongest]
    return Table(
        id=f"tbl-heads-{contrast.id}",
        caption=md(
            "The {n} strongest heads{which}: mean attention in {a} and in {b} statements and their difference, in points.",
            n=len(finding.strongest),
            which=_which(finding),
            a=contrast.a.name,
            b=contrast.b.name,
        ),
        html=table_html("The strongest heads", columns, rows),
    )


def _brief(row: Row) -> Row:
    return Row(tuple(cell for place, cell in enumerate(row.cells) if place in _BRIEF))


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
        Column(f"{numbers.level(1 - finding.tests.alpha)} interval", number=True),
        Column("d_z" if finding.tests.design == "paired" else "g", number=True),
        Column("p", number=True),
        Column("adjusted p", number=True),
    )


def _head_row(head: HeadFinding, finding: Finding, *, emphasis: bool = False) -> Row:
    contrast = finding.tests.contrast
    means = (numbers.points(head.mean_a), numbers.points(head.mean_b))
    if head.reason:
        return Row((head.name, *means, numbers.points(head.effect), "–", "–", head.verdict, "–"))
    return Row(
        (
            head.name,
            *means,
            numbers.points(head.effect),
            numbers.points_interval(head.effect_low, head.effect_high),
            numbers.decimal(head.standardized),
            numbers.p_value(head.p_value),
            numbers.p_value(head.adjusted),
        ),
        emphasis=emphasis,
        id=f"head-{contrast.id}-{head.name}" if emphasis else "",
    )
