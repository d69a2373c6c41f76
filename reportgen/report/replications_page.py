"""The page that sets the studies' figures beside published ones, and how a study's own page does so."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from reportgen import numbers
from reportgen.history.record import Replicated
from reportgen.report.document import Block, Document, Prose, Raw, Table
from reportgen.report.markup import Html, Md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, table_html

EXAMPLE = """\
replicates:
  - claim: L9H1 attends less to the subject of false statements
    source: Doe & Roe (2025), Table 2
    url: https://doi.org/10.1000/182
    quantity: effect
    head: L9H1
    value: 0.141
    interval: [0.120, 0.162]
"""


def replications_document(by_study: Mapping[str, tuple[str, Sequence[Replicated]]]) -> Document:
    """The page; `by_study` holds, by study, its title and its replications."""
    rows = [
        (Html('<a href="studies/{}/index.html">{}</a>').format(study, title), one)
        for study, (title, replications) in by_study.items()
        for one in replications
    ]
    return Document(
        title="Replications",
        question="Do the studies find what others have published?",
        description="Published figures beside those of the studies, with a verdict on each.",
        authors=(),
        depth=0,
        blocks=_all(rows) if rows else _none(),
    )


def replications_table(replications: Sequence[Replicated]) -> Html:
    """The published figures of one study beside its own."""
    return table_html("Published figures beside this study's", _columns(""), [_row(one, ()) for one in replications])


def _all(rows: Sequence[tuple[Html, Replicated]]) -> tuple[Block, ...]:
    return (
        Prose(_counted([one for _, one in rows]), "lead"),
        Table(
            "tbl-replications",
            Md(
                "Published figures beside the studies' own, effects and means in points of attention. PASS and DIVERGENT "
                "follow from the rule in the last column alone: a figure may diverge because the model, the facts or the "
                "measure are others."
            ),
            table_html(
                "Published figures beside the studies'", _columns("Study"), [_row(one, (s,)) for s, one in rows]
            ),
        ),
        Prose(md("A spec states such figures under {key}; [what it may say](spec-reference.html).", key=_KEY)),
    )


_KEY = Md("[replicates]{.code}")


def _counted(replications: Sequence[Replicated]) -> Md:
    passed = sum(one.passes for one in replications)
    return md(
        "Of {all}, {passed} {agree} with the study's own and {divergent} {diverge}.",
        all=numbers.things(len(replications), "published figure"),
        passed=numbers.count(passed),
        agree="agrees" if passed == 1 else "agree",
        divergent=numbers.count(len(replications) - passed),
        diverge="diverges" if len(replications) - passed == 1 else "diverge",
    )


def _none() -> tuple[Block, ...]:
    return (
        Prose(
            md(
                "No study of this site compares its figures with published ones yet. A spec states them under {key}, and this "
                "page then says PASS or DIVERGENT, with both numbers and the study's interval:",
                key=_KEY,
            )
        ),
        Raw(component("components/code", text=EXAMPLE)),
        Prose(
            Md(
                "Effects and means are shares of attention: 0.141 is 14.1 points. The two agree where the published value lies "
                "in the study's own interval, or within [tolerance]{.code} of the study's figure where the spec states one. "
                "[All that a spec may say](spec-reference.html)."
            )
        ),
    )


def _columns(study: str) -> tuple[Column, ...]:
    titles = ("Claim", "Source", "Published", "Ours", "Verdict", "Rule")
    numeric = ("Published", "Ours")
    return tuple(Column(title, number=title in numeric) for title in ((study, *titles) if study else titles))


def _row(one: Replicated, before: tuple[Html, ...]) -> Row:
    verdict = Html('<span class="verdict verdict-{}">{}</span>').format(*_VERDICTS[one.passes])
    return Row((*before, one.claim, _source(one), one.published, one.ours, verdict, one.rule))


_VERDICTS = {True: ("pass", "PASS"), False: ("divergent", "DIVERGENT")}


def _source(one: Replicated) -> str | Html:
    """The source, linked to its address where that is one of the web."""
    if urlsplit(one.url).scheme not in ("http", "https"):
        return one.source
    return Html('<a href="{}">{}</a>').format(one.url, one.source)
