"""Which heads stand whatever an analyst chooses: the map of their shares of universes, and the study's own heads."""

from reportgen import numbers
from reportgen.figures import specification_curve, theme
from reportgen.findings import Finding, HeadFinding
from reportgen.report.document import Block, Figure, Prose, Table
from reportgen.report.head_table import MOST_ROWS
from reportgen.report.markup import Html, Md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.robustness import NEARLY_ALWAYS, Robustness


def standing_map_figure(robustness: Robustness, finding: Finding) -> Figure:
    """The share of universes in which each head stands, beside its effect in the study."""
    firm = robustness.heads_standing(NEARLY_ALWAYS)
    alt = (
        "Two heatmaps, layer by head: the share of universes in which each head stands, and the effect in the study. "
        f"{numbers.things(len(firm), 'head')} of {robustness.standing.size} stand in at least "
        f"{numbers.level(NEARLY_ALWAYS)}. The study's heads stand in the table below with the same numbers."
    )
    stacked = specification_curve.frame(robustness).stacked
    return Figure(
        id="fig-standing",
        html=component(
            "components/plot",
            height=specification_curve.frame(robustness).height,
            map="",
            alt=alt,
            data=theme.figure_json(specification_curve.standing_map(robustness, finding.tests)),
            waiting="The map of where heads stand appears here.",
        ),
        caption=md(
            "{first}: the share of universes in which each head is found with the sign that it has in the study. {second}: its "
            "effect in the study. A ring marks the heads that the study finds. Right: how many stand in at least {level}.",
            first="Above" if stacked else "Left",
            second="Below" if stacked else "Right of it",
            level=numbers.level(NEARLY_ALWAYS),
        ),
        how_to_read=Md(
            "*How to read it:* rings on strong cells stand whatever one chooses; rings on pale cells hang on the study's "
            "choices. Strong cells without a ring are heads that most analysts would have found and this study did not."
        ),
        table=folded("The same as a table: every head that stands anywhere", _standing_table(robustness, finding)),
    )


def _standing_table(robustness: Robustness, finding: Finding) -> Html:
    columns = (
        Column("Head"),
        Column("Stands in", number=True),
        Column("Effect", number=True),
        Column("In the study it"),
    )
    places = [place for place in robustness.heads_standing(0.0) if float(robustness.standing[place]) > 0][:MOST_ROWS]
    heads = {(head.layer, head.head): head for head in finding.all_heads}
    rows = [_head_row(robustness, heads[place]) for place in places]
    return table_html("Where heads stand", columns, rows)


def _head_row(robustness: Robustness, head: HeadFinding) -> Row:
    place = head.layer, head.head
    standing = numbers.percent(float(robustness.standing[place]), 1)
    return Row((head.name, standing, numbers.points(head.effect), head.verdict), emphasis=bool(robustness.found[place]))


def standing_heads(robustness: Robustness, finding: Finding) -> Block:
    """The study's own heads with their shares of universes."""
    if not finding.recall:
        return Prose(Md("The study itself finds no head, so there is none whose standing could be listed."))
    columns = (
        Column("Head"),
        Column("Effect", number=True),
        Column("adjusted p", number=True),
        Column("Stands in", number=True),
        Column("Universes", number=True),
    )
    total = len(robustness.counted)
    standing = [(head, float(robustness.standing[head.layer, head.head])) for head in finding.recall]
    rows = [
        Row(
            (
                head.name,
                numbers.points(head.effect),
                numbers.p_value(head.adjusted),
                numbers.percent(share, 1),
                numbers.count(round(share * total)),
            ),
            sorted_by={2: head.adjusted},
        )
        for head, share in sorted(standing, key=lambda pair: -pair[1])
    ]
    return Table(
        id="tbl-standing",
        caption=md(
            "The study's {heads}, the firmest first, and the share of {total} universes in which each is found with the "
            "same sign.",
            heads=numbers.things(len(rows), "head"),
            total=numbers.count(total),
        ),
        html=table_html("The study's heads and where they stand", columns, rows),
    )
