"""The pages that compare the studies of a family, made anew with every site from what its studies have published."""

from collections.abc import Sequence

from reportgen.report.family_member import FILE, FamilyMember
from reportgen.report.index import ListedFamily
from reportgen.report.page import Card
from reportgen.report.render import qmd
from reportgen.site.project import beside
from reportgen.site.staging import Staged, put

FOLDER = "families"


def write_families(staged: Staged, cards: Sequence[Card]) -> list[ListedFamily]:
    """Write a page into the project for each family that studies of the site say they are of; return what they are."""
    files = (staged.out / beside(card.id) / FILE for card in cards)
    read = [FamilyMember.from_json(file.read_bytes()) for file in files if file.is_file()]
    members = [member for member in read if member is not None]
    if not members:
        return []
    from reportgen.report.family_page import by_family, family_document  # noqa: PLC0415

    failing = {card.id: card.failing for card in cards}
    families = by_family(members)
    for id_, own in families.items():
        put(staged.project / FOLDER / f"{id_}.qmd", qmd(family_document(own, failing)).encode())
    return [ListedFamily(id_, own[0].family.title, len(own)) for id_, own in families.items()]
