"""The list of studies: the site's first page."""

from collections.abc import Sequence

from reportgen.report.document import Document, Prose, Raw
from reportgen.report.markup import Md
from reportgen.report.page import Card
from reportgen.report.render import component


def compose_index(title: str, cards: Sequence[Card]) -> Document:
    """The first page, one card a study."""
    return Document(
        title=title,
        question="Which attention heads of a language model look at the subject when it states a fact, and do they look "
        "differently when the fact is false?",
        description="Studies of attention heads, one page each.",
        authors=(),
        depth=0,
        blocks=(
            Raw(component("components/cards", cards=cards)),
            Prose(
                Md(
                    "Each page is made from a short spec by one command: the statements are run through the model, every head "
                    "is tested and corrected for the number of heads, and what is written follows from the numbers."
                ),
                "quiet",
            ),
        ),
    )
