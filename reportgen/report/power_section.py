"""What more facts would show: how the smallest detectable effect falls with the number of observations."""

from reportgen import numbers
from reportgen.figures import theme
from reportgen.figures.power_curve import HEIGHT, power_curve
from reportgen.findings import Finding
from reportgen.inference import HeadTests
from reportgen.report.document import Block, Figure, Heading, Prose
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.sensitivity import has_critical_value, level_of, observations, sizes_around, spread_of, unit_of
from reportgen.stats.corrections import criterion
from reportgen.stats.power_curve import MOST_OBSERVATIONS, Curve, curve, observations_for


def power_blocks(finding: Finding) -> tuple[Block, ...]:
    """The section "What more facts would show" of one contrast, inside "How sure may one be"."""
    tests = finding.tests
    spread, level, n = spread_of(tests), level_of(tests), observations(tests)
    shown = curve(spread, sizes_around(n, spread.fewest), level)
    wanted = observations_for(spread, level, tests.smallest_effect) if tests.smallest_effect else None
    return (
        Heading(3, Md("What more facts would show"), f"power-{tests.contrast.id}"),
        Prose(join_md([*_wanted(finding, wanted), _planned(finding)])),
        _figure(finding, shown, n),
    )


def _wanted(finding: Finding, wanted: int | None) -> list[Md]:
    """How many observations the smallest effect of interest takes; nothing where there is no such effect."""
    tests, unit = finding.tests, unit_of(finding.tests)
    if not tests.smallest_effect:
        return []
    n = observations(tests)
    effect = numbers.points(tests.smallest_effect)
    if wanted is None:
        text = "Even {most} {unit} would not show a difference of {effect} points at the median head."
        return [md(text, most=numbers.count(MOST_OBSERVATIONS), unit=unit, effect=effect)]
    return [
        md(
            "To tell a difference of {effect} points (the smallest effect of interest) from none in 80\u00a0% of cases, the "
            "median head needs {wanted} {unit}; this study has {n}. Whether its estimate then also reaches {effect} points, as a "
            "finding must, is a coin's toss; only larger effects are found reliably.",
            effect=effect,
            wanted=numbers.count(wanted),
            unit=unit,
            n=numbers.count(n),
        )
    ]


def _planned(finding: Finding) -> Md:
    """What the curve takes for granted."""
    tests = finding.tests
    return md(
        "The curve takes the heads to vary from fact to fact as they do here, and {family} to be corrected for{how}.",
        family=numbers.things(tests.family_size, "head"),
        how=_carried_over(tests),
    )


def _carried_over(tests: HeadTests) -> str:
    """What is done with max-T, whose critical value holds for one number of observations."""
    if not criterion(tests.headline).resampled:
        return ""
    if has_critical_value(tests):
        return "; the max-T critical value here is carried over as the chance of error that it leaves to one head"
    return "; max-T has no critical value with so few arrangements, so Šidák's level stands for it"


def _figure(finding: Finding, shown: Curve, n: int) -> Figure:
    tests, unit = finding.tests, unit_of(finding.tests)
    alt = (
        f"The smallest difference that is seen in 80 % of cases, in points of attention, against the number of {unit} from "
        f"{shown.sizes[0]} to {shown.sizes[-1]}: median over heads and the range of the middle 80 % of them. The same "
        "numbers stand in the table below."
    )
    return Figure(
        id=f"fig-power-{tests.contrast.id}",
        html=component(
            "components/plot",
            height=HEIGHT,
            map="",
            alt=alt,
            data=theme.figure_json(power_curve(shown, n, tests.smallest_effect, unit)),
            waiting="The curve of smallest detectable effects appears here.",
        ),
        caption=md(
            "The smallest difference that would be seen in 80\u00a0% of cases, against the number of {unit}: the median head "
            "(line) and the middle 80\u00a0% of the heads (band).{line}",
            unit=unit,
            line=" The dotted line across is the smallest effect of interest." if tests.smallest_effect else "",
        ),
        how_to_read=Md(
            "*How to read it:* where the line lies above the smallest effect of interest, a head that is not found may "
            "well have an effect that matters; to halve what can be seen takes about four times as many facts."
        ),
        table=_table(shown, unit),
    )


def _table(shown: Curve, unit: str) -> Html:
    columns = (
        Column(unit.capitalize(), number=True),
        Column("Steadiest tenth of heads", number=True),
        Column("Median head", number=True),
        Column("Most variable tenth", number=True),
    )
    rows = [
        Row((numbers.count(size), *(numbers.points(float(effect), 2) for effect in effects)))
        for size, *effects in zip(shown.sizes, shown.easy, shown.median, shown.hard, strict=True)
    ]
    summary = "The same as a table: the smallest detectable effect in points"
    return folded(summary, table_html("Smallest detectable effect by number of observations", columns, rows))
