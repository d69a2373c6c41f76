"""Reading the statements: what a head looks at, word by word. The explorer fills it; without scripts it says so."""

from reportgen import numbers
from reportgen.report.document import Block, Heading, Prose, Raw
from reportgen.report.markup import Md, md
from reportgen.report.render import component
from reportgen.report.results import Results


def reading_blocks(results: Results) -> tuple[Block, ...]:
    """The section "Read the statements"."""
    shown, statements = results.shown, results.plan.statements.statements
    return (
        Heading(2, Md("Read the statements"), "read"),
        Prose(
            md(
                "The text is shaded by the attention of the chosen head. Whole patterns are kept of {examples}, {rule}; "
                "the attention of the query position of {rows}; scores of {scores}. Shares of attention are kept in 255 steps, "
                "each exact to 0.2 points.",
                examples=numbers.things(len(shown.examples), "example statement"),
                rule=shown.rule,
                rows=_of_all(len(shown.rows), len(statements)),
                scores=_of_all(len(shown.scores), len(statements)),
            ),
            "quiet",
        ),
        Raw(component("components/reader")),
    )


def _of_all(n: int, of: int) -> str:
    return f"all {numbers.count(of)} statements" if n == of else f"{numbers.count(n)} of {numbers.count(of)} statements"
