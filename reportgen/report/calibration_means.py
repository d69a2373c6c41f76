"""Heads of which only the means are equal, on the page of a calibration: what is found, why, and what helps against it.

What a rank test finds there is another difference than one of means: it is told as that, not as an error.
"""

from collections.abc import Iterable

from reportgen import numbers
from reportgen.report import rates, words
from reportgen.report.calibration_counted import VERDICTS, Counted
from reportgen.report.document import Block, Heading, Prose, Table
from reportgen.report.markup import Md, join_md, md
from reportgen.report.tables import Column, Row, table_html
from reportgen.sensitivity import unit_of
from reportgen.stats.calibration_rows import LEVEL, EqualMeansRow
from reportgen.stats.null_draws import Test

_MOST_NAMED = 4
_RANK_TESTS: tuple[Test, ...] = ("wilcoxon", "mann_whitney")


def equal_means_answer(counted: Counted) -> Md:
    """What the lead says of it: what the promise is about, and what becomes of heads that it is not about."""
    own = counted.own_means
    text = (
        "That is about heads that do not differ in any way. Of heads of which only the means are equal the same "
        "procedure found some in **{share}** {interval} of data sets"
    )
    if counted.tests.smallest_effect:
        text += ", and in **{beyond}** {bounds} with the smallest effect of {smallest} that the study asks of a finding"
    return md(
        text + "{kept}.",
        share=rates.percent(own.any.share),
        interval=rates.interval(own.any.interval),
        beyond=rates.percent(own.beyond.share),
        bounds=rates.interval(own.beyond.interval),
        smallest=_points(counted),
        kept=_kept(own),
    )


def equal_means_blocks(counted: Counted) -> tuple[Block, ...]:
    """The section on heads that differ in all but their means."""
    return (
        Heading(2, Md("If only the means were equal"), "means"),
        _table(counted),
        Prose(join_md(_reasons(counted))),
        *_remedies(counted),
    )


def equal_means_method(counted: Counted) -> Md:
    """How these data sets are made and tested."""
    settings, tests = counted.settings, counted.tests
    centred = "the mean of the differences" if tests.design == "paired" else "each set's mean"
    within = "" if tests.design == "paired" else ", each within its set,"
    return md(
        "For heads of which only the means are equal, {centred} was removed at each head and whole {unit} were drawn with "
        "replacement{within} {draws} times: the real skew and the dependence between heads stay. Each data set was tested as "
        "a study is, max-T with {resamples} arrangements of its own; heads that a draw leaves without any variation were not "
        "tested in it. Normal heads were drawn anew for each of as many data sets and treated in the same way.",
        centred=centred,
        unit=unit_of(tests),
        within=within,
        draws=numbers.count(settings.means_draws),
        resamples=numbers.count(settings.means_resamples),
    )


def _points(counted: Counted) -> str:
    return f"{numbers.points(counted.tests.smallest_effect)} points"


def _kept(own: EqualMeansRow) -> str:
    """Whether the study's rule keeps its promise there; no correction makes none, and a rank test none about means."""
    if own.test in _RANK_TESTS:
        return "; but its test asks about ranks, not about means"
    if not own.promises:
        return ""
    alpha = numbers.level(own.alpha)
    return {
        "held": f", where chance alone can explain more than {alpha}"
        if own.beyond.share > own.alpha
        else f", within {alpha}",
        "cautious": f", within {alpha}",
        "broken": f", more than {alpha}",
    }[own.verdict]


def _table(counted: Counted) -> Table:
    rows = [row for row in counted.calibration.equal_means if row.test == counted.own_test]
    asked = counted.tests.smallest_effect > 0
    columns = (
        Column("Correction"),
        Column("Found any, %", number=True),
        *((Column(f"Of {_points(counted)} or more, %", number=True),) if asked else ()),
        Column("Promise kept by the study's rule" if asked else "Promise kept"),
    )
    return Table(
        id="tbl-means",
        caption=md(
            "What the {test} finds in {draws} data sets in which heads may differ in all but their means, with {level} "
            "intervals{rule}.",
            test=words.TESTS[counted.own_test],
            draws=numbers.count(counted.own_means.any.draws),
            level=numbers.level(LEVEL),
            rule="; the study's rule asks for significance and for the smallest effect" if asked else "",
        ),
        html=table_html(
            "Findings where only the means are equal", columns, [_row(row, counted, asked=asked) for row in rows]
        ),
    )


def _row(row: EqualMeansRow, counted: Counted, *, asked: bool) -> Row:
    return Row(
        (
            words.CORRECTIONS[row.correction],
            rates.points(row.any.share, row.any.interval),
            *((rates.points(row.beyond.share, row.beyond.interval),) if asked else ()),
            VERDICTS[row.verdict] if row.promises else "–",
        ),
        emphasis=row == counted.own_means,
    )


def _reasons(counted: Counted) -> Iterable[Md]:
    """Why it differs from the section before."""
    yield _rank_reason(counted) if counted.own_test in _RANK_TESTS else _mean_reason(counted)
    yield from _skewed(counted)
    yield _yardstick(counted)


def _mean_reason(counted: Counted) -> Md:
    if counted.tests.design == "paired":
        return Md(
            "*Why it differs:* sign flips take each head's differences to be symmetric about 0, and t-tests their mean to be "
            "normal. A head that falls a little in most pairs and rises far in a few is neither, though its mean is 0."
        )
    return Md(
        "*Why it differs:* shuffled labels take both sets of a head to be alike in all, and t-tests their means to be "
        "normal. A head with a few scores far from the others, or with another spread in each set, is neither, though "
        "the means are equal."
    )


def _rank_reason(counted: Counted) -> Md:
    asks = (
        "whether differences lie evenly about 0"
        if counted.own_test == "wilcoxon"
        else "whether the scores of one set tend to be the larger ones"
    )
    return md(
        "*Why it differs:* ranks ask another question, {asks}. Skewed heads with equal means differ in that, so that most "
        "of what is found here is no false alarm, but no difference of means either: read it as one of ranks.",
        asks=asks,
    )


def _skewed(counted: Counted) -> Iterable[Md]:
    """How many heads are strongly skewed, which, and what is found without them."""
    skewed, own = counted.calibration.skewed, counted.own_means
    limit = f"{counted.settings.strong_skew:g}"
    if not skewed:
        yield md("No head is strongly skewed here (beyond {limit}).", limit=limit)
        return
    named = ", ".join(
        f"{_name(head.place, counted)} ({numbers.decimal(head.skewness, 1)})" for head in skewed[:_MOST_NAMED]
    )
    yield md(
        "{heads} of {all} heads {are} strongly skewed (beyond {limit} in either direction){most}: {named}. A head outside "
        "these was found in {share} {interval}.",
        heads=numbers.count(len(skewed)),
        all=numbers.count(counted.calibration.heads),
        are="is" if len(skewed) == 1 else "are",
        limit=limit,
        most=", most of all" if len(skewed) > _MOST_NAMED else "",
        named=named,
        share=rates.percent(own.unskewed.share),
        interval=rates.interval(own.unskewed.interval),
    )


def _yardstick(counted: Counted) -> Md:
    """What the count itself adds."""
    normal = counted.own_normal
    return md(
        "Normal heads of the same spread and dependence, counted in the same way, came to {share} {interval}: so much is owed "
        "to the way of counting, the rest to the shape of the scores.",
        share=rates.percent(normal.any.share),
        interval=rates.interval(normal.any.interval),
    )


def _name(place: int, counted: Counted) -> str:
    per_layer = counted.tests.heads.sizes["head"]
    return f"L{place // per_layer}H{place % per_layer}"


def _remedies(counted: Counted) -> tuple[Prose, ...]:
    """What to do about it; nothing for ranks, of which it is no error."""
    if counted.own_test in _RANK_TESTS:
        return ()
    asked = counted.tests.smallest_effect > 0
    advice = md(
        "*What to do:* {keep} smallest effect of interest{worth}, and look at the scores of a skewed head before trusting it.",
        keep="keep to the" if asked else "name a",
        worth=", whose worth the table shows" if asked else "",
    )
    facts = Md("More facts bring means closer to normal, and with them the error to its promise.")
    return (Prose(join_md([advice, facts, _other_question(counted)])),)


def _other_question(counted: Counted) -> Md:
    """Why a rank test is no way out."""
    test: Test = "wilcoxon" if counted.tests.design == "paired" else "mann_whitney"
    row = counted.equal_means(test, counted.tests.headline)
    return md(
        "The {test} is no way out: it does not ask about means, and found some in {share} {interval}.",
        test=words.TESTS[test],
        share=rates.percent(row.any.share),
        interval=rates.interval(row.any.interval),
    )
