"""The studies of a site as a list for pages of the author's own.

A page that says `listing: {contents: studies.yml, type: grid, sort: false}` in its front matter shows them with their
pictures, as `templates/pandoc/quarto.lua` and Quarto itself draw listings. The file lies beside every such page, so that its
paths are right from there.
"""

from collections.abc import Iterable

import yaml

from reportgen.report.markup import escape_md
from reportgen.report.page import Card

FILE = "studies.yml"
_WIDEST = 1_000_000
"""No line is folded: the filter indents what it reads, and a folded text would change with that."""


def listed_studies(cards: Iterable[Card], root: str) -> bytes:
    """The list as YAML, in the order of the titles; `root` leads from the page's folder to the site's."""
    by_title = sorted(cards, key=lambda card: (card.title.casefold(), card.id))
    items = [_item(card, f"{root}studies/{card.id}") for card in by_title]
    return yaml.safe_dump(items, allow_unicode=True, sort_keys=False, width=_WIDEST).encode()


def _item(card: Card, folder: str) -> dict[str, str]:
    """What is data becomes Markdown that shows it as it is: listings read it so."""
    picture = f"A map of the heads of {card.title}"
    item = {"title": card.title, "subtitle": card.question, "description": card.finding, "image-alt": picture}
    shown = {key: str(escape_md(text)) for key, text in item.items() if text}
    return {"path": f"{folder}/index.html", "image": f"{folder}/map.png", **shown}
