"""Planted effects on the page of a calibration: power and errors, the intervals' coverage, and the top of the list."""

from collections.abc import Sequence

from reportgen import numbers
from reportgen.report import rates, words
from reportgen.report.calibration_counted import VERDICTS, Counted
from reportgen.report.document import Block, Heading, Prose, Raw, Table
from reportgen.report.markup import Html, Md, md
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.stats.calibration import TOP
from reportgen.stats.calibration_rows import CoverageRow, InflationRow, Mean, Rate, Size, Verdict
from reportgen.stats.corrections import Method, criterion


def planted_blocks(counted: Counted) -> tuple[Block, ...]:
    """The sections on what is found, held and overstated when some heads differ by a known effect."""
    return (
        Heading(2, Md("If some heads do"), "planted"),
        _power(counted),
        Prose(_power_reading()),
        Raw(folded("The same in full: every correction and size", _every_planted(counted))),
        Heading(2, Md("Do the intervals hold the truth?"), "coverage"),
        _coverage(counted),
        Prose(_coverage_reading(counted)),
        Heading(2, Md("How far the top of the list overstates"), "overstatement"),
        _bias(counted),
        Prose(_bias_reading(counted)),
    )


def _power(counted: Counted) -> Table:
    columns = (
        Column("Correction"),
        *(Column(_size(size), number=True) for size in counted.sizes),
        Column("Controls"),
        Column("Error, %", number=True),
        Column("Promise kept"),
    )
    return Table(
        id="tbl-power",
        caption=md(
            "What the {test} finds when a random {share} of the heads differ by so many standard errors (s.e.; for the median "
            "head {points} points), in {draws} data sets a size: the mean share of these heads that is found (power), and the "
            "error that the correction controls, at the size where it is largest.",
            points=", ".join(numbers.points(size.number * counted.typical_error) for size in counted.sizes),
            test=words.TESTS[counted.own_test],
            share=numbers.level(counted.settings.share),
            draws=numbers.count(counted.settings.planted_draws),
        ),
        html=table_html(
            "Power and errors with planted effects", columns, [_power_row(counted, m) for m in _own_methods(counted)]
        ),
    )


def _own_methods(counted: Counted) -> list[Method]:
    return list(dict.fromkeys(row.correction for row in counted.calibration.planted))


def _power_row(counted: Counted, method: Method) -> Row:
    rows = counted.planted(method)
    worst = max(rows, key=lambda row: _value(row.controlled))
    promises = method != "none"
    return Row(
        (
            words.CORRECTIONS[method],
            *(rates.percent(row.average_power.value, 0) for row in rows),
            criterion(method).controls if promises else "– (FWER)",
            rates.points(_value(worst.controlled), worst.controlled.interval),
            _kept([row.verdict for row in rows]) if promises else "–",
        ),
        emphasis=method == counted.tests.headline,
    )


def _value(rate: Rate | Mean) -> float:
    return rate.share if isinstance(rate, Rate) else rate.value


def _kept(verdicts: Sequence[Verdict]) -> str:
    """The verdict over several sizes of effect."""
    if "broken" in verdicts:
        return VERDICTS["broken"]
    return VERDICTS["cautious" if all(verdict == "cautious" for verdict in verdicts) else "held"]


def _size(size: Size) -> str:
    """A planted effect in standard errors of each head: "3.5 s.e."."""
    return f"{size.number:g} s.e."


def _power_reading() -> Md:
    return Md(
        "*How to read it:* among methods that keep their promise, the one with the most power is the best. False discovery "
        "rates allow some false heads among many true ones, so their power is higher and their single findings are less "
        "sure [@benjamini1995]."
    )


def _every_planted(counted: Counted) -> Html:
    columns = (
        Column("Effect"),
        Column("Correction"),
        Column("Power, %", number=True),
        Column("False discovery rate, %", number=True),
        Column("Family-wise error, %", number=True),
        Column("Promise kept"),
    )
    rows = [
        Row(
            (
                _size(row.size),
                words.CORRECTIONS[row.correction],
                rates.points(row.average_power.value, row.average_power.interval),
                rates.points(row.false_discoveries.value, row.false_discoveries.interval),
                rates.points(row.family_wise.share, row.family_wise.interval),
                "–" if row.correction == "none" else VERDICTS[row.verdict],
            ),
            emphasis=row.correction == counted.tests.headline,
        )
        for row in counted.calibration.planted
    ]
    return table_html("Planted effects of every size under every correction", columns, rows)


_INTERVALS = {
    "t": ("Each head's own t interval", "the true effect of a head"),
    "max_t": ("Simultaneous interval (max-T)", "those of all heads at once"),
    "fcr": ("Interval of heads found (false coverage rate)", "the true effect of a head found"),
}


def _coverage(counted: Counted) -> Table:
    columns = (
        Column("Interval"),
        Column("Should hold"),
        *(Column(f"{_size(size)}, %", number=True) for size in counted.sizes),
        Column("Promise kept"),
    )
    kinds = dict.fromkeys(row.interval for row in counted.calibration.coverage)
    rows = [_coverage_row(kind, [r for r in counted.calibration.coverage if r.interval == kind]) for kind in kinds]
    return Table(
        id="tbl-coverage",
        caption=md(
            "How often intervals of {level} hold the effects that were planted, by the size of these.",
            level=numbers.level(1 - counted.tests.alpha),
        ),
        html=table_html("Coverage of the intervals", columns, rows),
    )


def _coverage_row(kind: str, rows: Sequence[CoverageRow]) -> Row:
    name, of = _INTERVALS[kind]
    held = (rates.points(row.coverage.value, row.coverage.interval) for row in rows)
    return Row((name, of, *held, _kept([row.verdict for row in rows])))


def _coverage_reading(counted: Counted) -> Md:
    return md(
        "*How to read it:* a promise is kept where the interval holds the truth in at least {level} of cases. Intervals of "
        "heads that were chosen because they were found need to be wider, which is what the last row's allow for "
        "[@benjamini2005].",
        level=numbers.level(1 - counted.tests.alpha),
    )


def _bias(counted: Counted) -> Table:
    columns = (
        Column("Estimate"),
        *(Column(_size(size), number=True) for size in counted.sizes),
    )
    names = {"naive": "the effect itself", "cross_fitted": "cross-fitted"}
    rows = [
        Row((text, *(_bias_cell(row) for row in counted.calibration.inflation if row.estimator == estimator)))
        for estimator, text in names.items()
    ]
    return Table(
        id="tbl-bias",
        caption=md(
            "How far the effects of the {n} strongest heads exceed the true ones on average, in points of attention.",
            n=min(TOP, counted.calibration.heads),
        ),
        html=table_html("Overstatement of the strongest heads", columns, rows),
    )


def _bias_cell(row: InflationRow) -> str:
    mean = row.inflation
    return f"{numbers.points(mean.value, 2)} {numbers.points_interval(*mean.interval, 2)}" if mean.draws else "–"


def _bias_reading(counted: Counted) -> Md:
    return md(
        "*How to read it:* 0 is honest. Heads on top of a list are there partly by luck, so their effects overstate theirs "
        "[@gelman2014]. Cross-fitting chooses on one half and estimates on the other{taken}; what is left comes from the many "
        "splits sharing their facts. New facts alone are free of it.",
        taken=_taken_away(counted),
    )


def _taken_away(counted: Counted) -> str:
    """How much of the overstatement cross-fitting takes away, over all sizes; nothing where there is none."""
    naive, fitted = (
        sum(row.inflation.value for row in counted.calibration.inflation if row.estimator == estimator)
        for estimator in ("naive", "cross_fitted")
    )
    return f", which takes away {rates.percent(1 - fitted / naive, 0)} of it" if naive > fitted > 0 else ""
