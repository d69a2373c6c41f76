"""The list of studies: the site's first page."""

from collections.abc import Mapping, Sequence

from reportgen.report.across_site import StudyNull, across_site
from reportgen.report.document import Document, Prose, Raw
from reportgen.report.markup import Md
from reportgen.report.page import Card
from reportgen.report.render import component


def compose_index(title: str, cards: Sequence[Card], nulls: Mapping[str, StudyNull]) -> Document:
    """The first page, one card a study, and what stands over all of them (`nulls` by their titles)."""
    return Document(
        title=title,
        question="Which attention heads of a language model look at the subject when it states a fact, and do they look "
        "differently when the fact is false?",
        description="Studies of attention heads, one page each.",
        authors=(),
        depth=0,
        blocks=(
            Raw(component("components/cards", cards=cards)),
            *across_site(nulls),
            Prose(
                Md(
                    "Each page is made from a short spec by one command: the statements are run through the model, every head "
                    "is tested and corrected for the number of heads, and what is written follows from the numbers."
                ),
                "quiet",
            ),
        ),
    )
