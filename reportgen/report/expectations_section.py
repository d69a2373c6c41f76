"""What the spec expects of the findings and which published figures it states, on the study's own page."""

from collections.abc import Sequence

from reportgen import numbers
from reportgen.history.record import Replicated, Verdict
from reportgen.report.document import Block, Heading, Prose, Raw
from reportgen.report.markup import Md, join_md, md, plain_md
from reportgen.report.replications_page import replications_table


def expectation_blocks(verdicts: Sequence[Verdict], replications: Sequence[Replicated]) -> tuple[Block, ...]:
    """The sections "Expectations" and "Published figures"; nothing of what the spec does not state."""
    return (*_expectations(verdicts), *_published(replications))


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many expectations are met, in a few words: "2 of 3 met"; empty where there are none."""
    met = sum(verdict.met for verdict in verdicts)
    return f"{numbers.count(met)} of {numbers.count(len(verdicts))} met" if verdicts else ""


def _expectations(verdicts: Sequence[Verdict]) -> tuple[Block, ...]:
    if not verdicts:
        return ()
    lead = md("What the spec expects of these findings: {counted}.", counted=counted(verdicts))
    ordered = sorted(verdicts, key=lambda verdict: verdict.met)
    return (
        Heading(2, Md("Expectations"), "expectations"),
        Prose(lead),
        Prose(join_md(map(_line, ordered), "\n"), "verdicts"),
    )


def _line(verdict: Verdict) -> Md:
    return md(
        "- **{met}**: {text}. Found: {got}.",
        met="Met" if verdict.met else "Not met",
        text=plain_md(verdict.text),
        got=plain_md(verdict.got),
    )


def _published(replications: Sequence[Replicated]) -> tuple[Block, ...]:
    if not replications:
        return ()
    return (
        Heading(2, Md("Published figures"), "published-figures"),
        Prose(
            Md(
                "Figures that others have published, beside this study's own, effects and means in points of attention "
                "([of all studies](../../replications.html))."
            )
        ),
        Raw(replications_table(replications)),
    )
