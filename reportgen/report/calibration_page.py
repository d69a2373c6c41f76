"""Calibration → a page that `reportgen calibrate` adds to a study: does the procedure hold its error rate on this data?

1. The lead says how often the study's own procedure finds something where there is nothing, and what others would.
2. A figure and a table show every test with every correction against its promise.
3. A table shows what is found where only the means are equal, which arrangements do not promise anything about.
4. Planted effects show power, false discoveries, the intervals' coverage, and how far the top list overstates.
5. The key names all that the page depends on but the number of draws, which was chosen at the command line: a rebuild
   that changes none of it keeps the page.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace

from reportgen import numbers, provenance
from reportgen.figures import calibration_rates, theme
from reportgen.report import choice_words, rates, words
from reportgen.report.calibration_counted import VERDICTS, Counted
from reportgen.report.calibration_files import calibration_files
from reportgen.report.calibration_means import equal_means_answer, equal_means_blocks
from reportgen.report.calibration_method import method_blocks
from reportgen.report.calibration_planted import planted_blocks
from reportgen.report.document import Block, Document, Figure, Heading, Prose, Raw, texts
from reportgen.report.downloads import Download
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.methods import cited_keys
from reportgen.report.page import AddedPage
from reportgen.report.render import component
from reportgen.report.results import Plan
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.stats.calibration_rows import LEVEL, SURE, NullRow
from reportgen.stats.corrections import Method, criterion
from reportgen.stats.null_draws import Test
from reportgen.store import content_key
from reportgen.universes import Choice

PAGE = "calibration"
_QUESTION = "Does the procedure hold its error rate on this very data?"
_CODE = (
    *("stats", "inference.py", "compared.py", "contrasts.py", "clusters.py"),
    *("report/calibration_page.py", "report/calibration_counted.py", "report/calibration_planted.py"),
    *("report/calibration_means.py", "report/calibration_files.py", "report/rates.py", "figures/calibration_rates.py"),
    "report/calibration_method.py",
)
_MOST_NAMED = 6
_MARKS: dict[calibration_rates.Mark, str] = {
    "held": "a filled dot keeps its promise",
    "cautious": "a hollow one is more cautious than it promises",
    "broken": "a diamond breaks its promise",
    "none": "a square promises nothing about the family",
}


def calibration_key(plan: Plan) -> str:
    """The key of the page: the facts, the model, the measure, the first contrast, what its tests go by, what is shown of
    the study, and the code that counts and writes."""
    spec = plan.file.spec
    tests = spec.tests.model_dump(
        mode="json",
        include={
            *("test", "alternative", "cluster", "headline", "family", "alpha", "smallest_effect", "resamples", "seed"),
        },
    )
    return content_key(
        [
            (statement.tokens.ids, statement.query, statement.keys, asdict(statement.fact))
            for statement in plan.statements.statements
        ],
        (plan.source.name, plan.source.identity, spec.model.model_dump(mode="json")),
        spec.measure.model_dump(mode="json"),
        spec.contrasts[0].model_dump(mode="json"),
        tests,
        (spec.study.title, spec.study.authors),
        provenance.code_version(*_CODE),
    )


def calibration_page(counted: Counted, plan: Plan) -> AddedPage:
    """The page with its files."""
    blocks = _blocks(counted)
    cited = cited_keys([*texts(blocks)])
    files = calibration_files(counted, cited)
    study = plan.file.spec.study
    document = Document(
        title=study.title,
        question=_QUESTION,
        description=f"{_QUESTION} {_summary(counted)}",
        authors=study.authors,
        depth=2,
        blocks=(*blocks, *_closing(files)),
        cited=cited,
        bibliography=f"{PAGE}/references.bib",
    )
    return AddedPage(PAGE, calibration_key(plan), document, {file.name: file.content for file in files})


def _blocks(counted: Counted) -> tuple[Block, ...]:
    return (
        Prose(_answer(counted), "lead"),
        Prose(md("This page belongs to [the study](index.html), where its finding stands whole.")),
        Heading(2, Md("If no head differed"), "nothing"),
        _rates(counted),
        Prose(_promises(counted)),
        *equal_means_blocks(counted),
        *planted_blocks(counted),
        Heading(2, Md("How this was done"), "methods"),
        *method_blocks(counted),
    )


def _closing(files: Sequence[Download]) -> tuple[Block, ...]:
    linked = [replace(file, name=f"{PAGE}/{file.name}") for file in files]
    return (
        Heading(2, Md("Downloads"), "downloads"),
        Raw(component("components/downloads", files=linked)),
        Heading(2, Md("References"), "references"),
        Prose(Md("::: {#refs}\n:::")),
    )


def _answer(counted: Counted) -> Md:
    return join_md(
        [_own_answer(counted), equal_means_answer(counted), *_plain_answer(counted), _others_answer(counted)]
    )


def _summary(counted: Counted) -> str:
    own, means = counted.own, counted.own_means
    beyond = f", {rates.percent(means.beyond.share)} with the smallest effect" if counted.tests.smallest_effect else ""
    return (
        f"In {numbers.count(own.any.draws)} data sets in which no head differs, the study's procedure found some in "
        f"{rates.percent(own.any.share)}; where only the means are equal, in {rates.percent(means.any.share)}{beyond}."
    )


def _own_answer(counted: Counted) -> Md:
    own = counted.own
    return md(
        "In {draws} data sets made from this study's own scores in which no head differs, {procedure} found one or more "
        "heads in **{share}** {interval}, {verdict}.",
        draws=numbers.count(own.any.draws),
        procedure=_procedure(own),
        share=rates.percent(own.any.share),
        interval=rates.interval(own.any.interval),
        verdict=_promise_kept(own),
    )


def _procedure(row: NullRow) -> str:
    """The test and its correction: "a paired t-test with max-T"."""
    correction = "without correction" if row.correction == "none" else f"with {words.CORRECTIONS[row.correction]}"
    return f"the {words.TESTS[row.test]} {correction}".replace("the Student", "Student").replace("the Welch", "Welch")


def _promise_kept(row: NullRow) -> str:
    alpha = numbers.level(row.alpha)
    if row.correction == "none":
        each = f"{rates.percent(row.each)} {rates.interval(row.each_interval)}"
        return f"and {numbers.decimal(row.mean_count.value, 1)} on average: it promises {alpha} for each head alone ({each})"
    beyond = f"which chance alone can explain: it promises at most {alpha}"
    return {
        "held": beyond if row.any.share > row.alpha else f"which keeps its promise of at most {alpha}",
        "cautious": f"fewer than the {alpha} that it allows itself",
        "broken": f"more than the {alpha} that it promises",
    }[row.verdict]


def _plain_answer(counted: Counted) -> tuple[Md, ...]:
    """What comes of the choice that many notebooks make; nothing where the study makes it, too."""
    plain = counted.null("student", "none")
    if plain == counted.own:
        return ()
    return (
        md(
            "The usual notebook's choice, an uncorrected t-test of two independent sets, found some in **{share}** {interval}, "
            "{heads} on average.",
            share=rates.percent(plain.any.share),
            interval=rates.interval(plain.any.interval),
            heads=_heads(plain),
        ),
    )


def _heads(row: NullRow) -> str:
    mean = numbers.decimal(row.mean_count.value, 1)
    return f"{mean} {'head' if mean == '1.0' else 'heads'}"


def _others_answer(counted: Counted) -> Md:
    """How many of all corrected combinations break their promise, and which."""
    corrected = [row for row in counted.calibration.nulls if row.correction != "none"]
    broken = [row for row in corrected if row.verdict == "broken"]
    text = "Of the {all} combinations of test and correction that promise a rate for all heads together, "
    if not broken:
        return md(text + "none breaks its promise.", all=len(corrected))
    named = "; ".join(f"{words.TESTS[row.test]}, {words.CORRECTIONS[row.correction]}" for row in broken[:_MOST_NAMED])
    more = f" and {len(broken) - _MOST_NAMED} more" if len(broken) > _MOST_NAMED else ""
    return md(
        text + "{n} {break_} the promise: {named}{more}.",
        all=len(corrected),
        n=len(broken),
        break_="breaks" if len(broken) == 1 else "break",
        named=named,
        more=more,
    )


def _rates(counted: Counted) -> Figure:
    nulls, own = counted.calibration.nulls, counted.own
    marks = "; ".join(
        text for name, text in _MARKS.items() if any(calibration_rates.mark(row) == name for row in nulls)
    )
    broken = sum(row.verdict == "broken" for row in nulls)
    alt = (
        f"For {len(nulls)} combinations of test and correction, the share of data sets without any difference in which "
        f"some head is found, on a log axis with a line at {100 * own.alpha:g} %. {broken} of them break their promise; "
        f"the study's own finds some in {100 * own.any.share:.1f} %. The same numbers stand in the table below."
    )
    return Figure(
        id="fig-calibration-rates",
        html=component(
            "components/plot",
            height=calibration_rates.height(nulls),
            map="",
            alt=alt,
            data=theme.figure_json(calibration_rates.calibration_rates(nulls, own, _test, _correction)),
            waiting="The error rates of every test with every correction appear here.",
        ),
        caption=md(
            "The share of {draws} data sets in which a test with a correction finds some head though none differs, with "
            "{level} intervals. The frame marks the study's own procedure; {marks}.",
            draws=numbers.count(own.any.draws),
            level=numbers.level(LEVEL),
            marks=marks,
        ),
        how_to_read=Md(
            "*How to read it:* marks left of the line find something by chance no more often than they promise. Far left of it "
            "a method is safe and blind: it will also miss what is there. Squares, far right, are what comes of testing many "
            "heads without correction."
        ),
        table=folded("The same as a table: every test with every correction", _every_rate(counted)),
    )


def _test(test: Test) -> str:
    return choice_words.choice(Choice("test", test))


def _correction(method: Method) -> str:
    return choice_words.choice(Choice("correction", method))


def _every_rate(counted: Counted) -> Html:
    columns = (
        Column("Test"),
        Column("Correction"),
        Column("Controls"),
        Column("Found any, %", number=True),
        Column("Heads, mean", number=True),
        Column("Promise kept"),
    )
    rows = [
        Row(
            (
                words.TESTS[row.test],
                words.CORRECTIONS[row.correction],
                criterion(row.correction).controls,
                rates.points(row.any.share, row.any.interval),
                numbers.decimal(row.mean_count.value),
                VERDICTS[row.verdict],
            ),
            sorted_by={3: row.any.share},
            emphasis=row == counted.own,
        )
        for row in counted.calibration.nulls
    ]
    return table_html("False alarms of every test with every correction", columns, rows)


def _promises(counted: Counted) -> Md:
    """What each kind of correction promises, and when a promise is called broken."""
    own, plain = counted.own, counted.null(counted.own_test, "none")
    return md(
        "A correction that controls the family-wise error (FWER) promises a finding in at most {alpha} of such data sets. One "
        "that controls the false discovery rate (FDR) promises the same here, since without any difference every finding is "
        "false. Uncorrected tests promise {alpha} for each head alone: with the {test} a head was found in {each} {interval}. A "
        "promise is called broken, or kept with room to spare, only where a {sure} interval lies on one side of it "
        "altogether, so that among so many rows chance alone seldom condemns one.",
        alpha=numbers.level(own.alpha),
        test=words.TESTS[counted.own_test],
        each=rates.percent(plain.each),
        interval=rates.interval(plain.each_interval),
        sure=numbers.level(SURE),
    )
