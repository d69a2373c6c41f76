"""The site's first page, and the list of all studies with what stands over them.

A card shows a study's map, question and finding, how it stands, and how its headline went over the last runs. The
list can be filtered by a script (`explorer/src/cards.ts`), which reads the cards' `data-` attributes; without it
all cards are shown and no filter is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reportgen import numbers
from reportgen.report.across_site import StudyNull, across_site
from reportgen.report.document import Block, Document, Heading, Prose, Raw
from reportgen.report.markup import Html, Md, join_md, md, plain_md
from reportgen.report.page import MOST_RUNS, Card
from reportgen.report.render import component
from reportgen.report.sparkline import sparkline
from reportgen.report.status import NAMES, Status, statuses

NEWEST = 6
"""How many studies the first page shows, and how many changes."""
LATEST = 5

Change = tuple[str, str, str]
"""A day, a study's id, and a sentence on what changed."""


@dataclass(frozen=True)
class Entry:
    """A card with what is drawn from it."""

    card: Card
    statuses: tuple[Status, ...]
    sparkline: Html

    @property
    def states(self) -> str:
        """The states as the filter reads them."""
        return "\n".join(status.state for status in self.statuses)


@dataclass(frozen=True)
class Filter:
    """One menu above the list: its name in the address, its label, and (value, text) of each choice."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ListedFamily:
    """A family of studies as the list names it: its id and title, and how many studies it has."""

    id: str
    title: str
    studies: int


def compose_index(title: str, cards: Sequence[Card], changes: Sequence[Change]) -> Document:
    """The first page: the newest studies, and the latest of `changes`, which begin with the newest."""
    return Document(
        title=title,
        question="Which attention heads of a language model look at the subject when it states a fact, and do they look "
        "differently when the fact is false?",
        description="Studies of attention heads, one page each.",
        authors=(),
        depth=0,
        blocks=(
            *_newest(cards),
            *_latest(changes, {card.id: card.title for card in cards}),
            Prose(
                Md(
                    "Each page is made from a short spec by one command: the statements are run through the model, every head "
                    "is tested and corrected for the number of heads, and what is written follows from the numbers. "
                    "[How it is done](methods.html)."
                ),
                "quiet",
            ),
        ),
    )


def compose_studies(
    title: str, cards: Sequence[Card], nulls: Mapping[str, StudyNull], families: Sequence[ListedFamily] = ()
) -> Document:
    """The list of all studies, one card each, the families among them, and what stands over all (`nulls` by their titles)."""
    return Document(
        title="Studies",
        question="",
        description=f"{title}: all studies, with what each found and how it stands.",
        authors=(),
        depth=0,
        blocks=(*_families(families), Raw(_listing(cards)), *across_site(nulls)),
    )


def _families(families: Sequence[ListedFamily]) -> tuple[Block, ...]:
    """The pages on which studies are compared."""
    lines = (
        md(
            "[{title}](families/{id}.html) ({n})",
            title=one.title,
            id=Md(one.id),
            n=numbers.things(one.studies, "study", "studies"),
        )
        for one in families
    )
    return (Prose(md("Families, whose studies are compared: {all}", all=join_md(lines, ", "))),) if families else ()


def _newest(cards: Sequence[Card]) -> tuple[Block, ...]:
    newest = sorted(cards, key=lambda card: card.day, reverse=True)[:NEWEST]
    heading = Heading(2, Md("Newest studies" if len(cards) > NEWEST else "Studies"), "studies")
    if not newest:
        return heading, Prose(Md("There is no study yet."))
    shown = component("components/cards", entries=_entries(newest), level=3)
    every = numbers.things(len(cards), "study", "studies")
    link = md("[{text}](studies.html)", text=f"All {every}" if len(cards) > NEWEST else "The list of studies")
    return heading, Raw(shown), Prose(link)


def _latest(changes: Sequence[Change], titles: Mapping[str, str]) -> tuple[Block, ...]:
    heading = Heading(2, Md("Latest changes"), "changes")
    if not changes:
        return heading, Prose(Md("No run has changed a finding yet. [All runs](changes.html)."))
    lines = (
        md(
            "- {day}, [{study}](studies/{id}/history.html): {sentence}",
            day=day,
            study=titles.get(study, study),
            id=Md(study),
            sentence=plain_md(sentence),
        )
        for day, study, sentence in changes[:LATEST]
    )
    return heading, Prose(join_md(lines, "\n")), Prose(Md("[All changes](changes.html)"))


def _listing(cards: Sequence[Card]) -> Html:
    """The menus, the count, and the cards in the order of their titles."""
    by_title = sorted(cards, key=lambda card: (card.title.casefold(), card.id))
    entries = _entries(by_title)
    return component(
        "components/listing", filters=_filters(entries), cards=component("components/cards", entries=entries, level=2)
    )


def _entries(cards: Iterable[Card]) -> list[Entry]:
    return [Entry(card, statuses(card), sparkline(card.series[-MOST_RUNS:])) for card in cards]


def _filters(entries: Sequence[Entry]) -> list[Filter]:
    """The menus that tell cards apart: one with a single choice would not."""
    cards = [entry.card for entry in entries]
    present = {status.state for entry in entries for status in entry.statuses}
    menus = (
        Filter("model", "Model", _named(card.model for card in cards)),
        Filter("relation", "Relation", _named(name for card in cards for name in card.relations)),
        Filter("tag", "Tag", _named(tag for card in cards for tag in card.tags)),
        Filter("status", "Status", tuple((state, name) for state, name in NAMES.items() if state in present)),
    )
    return [menu for menu in menus if len(menu.choices) > 1]


def _named(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Choices that are called as they are."""
    return tuple((value, value) for value in sorted(set(values), key=lambda value: (value.casefold(), value)))
