"""How a study stands, in a word and a sentence: what its card shows, and what its badge says."""

import re
from dataclasses import dataclass
from typing import Literal

from reportgen.report.page import Card

State = Literal["failing", "alarm", "unexpected", "changed", "fresh"]

NAMES: dict[State, str] = {
    "failing": "Failing",
    "alarm": "Alarm",
    "unexpected": "Expectations not met",
    "changed": "Changed",
    "fresh": "Fresh",
}
"""The states, the gravest first, as a reader chooses among them."""

_FEW_WORDS = 110
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True)
class Status:
    """One thing that is to be said of a study: the page gives each state a mark of its own shape."""

    state: State
    text: str

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text cut at its days, every second piece a day, which must not be broken over two lines."""
        return tuple(_DAY.split(self.text))


def statuses(card: Card) -> tuple[Status, ...]:
    """All that is to be said of a study, the gravest first; that it is fresh where there is nothing else."""
    said = (
        Status("failing", f"failing {few_words(card.failing)}") if card.failing else None,
        Status("alarm", few_words(f"alarm: {card.alarm}")) if card.alarm else None,
        None if card.as_expected else Status("unexpected", f"expectations: {card.expectations}"),
        Status("changed", f"changed on {card.changed}") if _just_changed(card) else None,
    )
    return tuple(status for status in said if status is not None) or (Status("fresh", _fresh(card)),)


def few_words(reason: str) -> str:
    """The beginning of a reason, up to the end of its first sentence or of a word; what it sets as code is plain."""
    first = reason.replace("`", "").split(". ")[0].removesuffix(".")
    return first if len(first) <= _FEW_WORDS else f"{first[:_FEW_WORDS].rsplit(' ', 1)[0]} …"


def _just_changed(card: Card) -> bool:
    """Whether no run since the change has found the same again."""
    return card.changed != "" and card.changed >= card.reproduced


def _fresh(card: Card) -> str:
    return f"fresh, reproduced exactly on {card.reproduced}" if card.reproduced else "fresh"
