"""What a glossary is made of."""

import re
from dataclasses import dataclass

from reportgen.report.markup import Md


@dataclass(frozen=True)
class Term:
    """A term and what it means here; `words` may cite and may link to other terms."""

    name: str
    words: Md

    @property
    def anchor(self) -> str:
        """Where it stands on the page: "term-adjusted-p-value"."""
        return f"term-{re.sub('[^a-z0-9]+', '-', self.name.lower()).strip('-')}"


@dataclass(frozen=True)
class Group:
    """Terms that belong together, in the order in which one explains the next."""

    title: str
    anchor: str
    terms: tuple[Term, ...]
