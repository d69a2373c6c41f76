"""Whether a built site is fit to be published: what speaks against it, one sentence each.

A failing site has no first page, a study that failed, a link that leads nowhere or a file that the remote would refuse.
A dirty one was built by another version or with other settings than are here now, or from specs that are not committed
as they are, so that nobody could make it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen import numbers
from reportgen.errors import shown
from reportgen.report.page import Card
from reportgen.site.git import Git
from reportgen.site.links import check_links
from reportgen.site.manifest import Manifest
from reportgen.site.weight import Weight

_MOST_NAMED = 5


@dataclass(frozen=True)
class BuiltSite:
    """A site that has been built.

    `folder` holds the rendered pages; `key` is what a site that is built now would depend on (the key of its manifest);
    `sources` are the files and folders that it was made from: the specs, their facts, the project's own pages.
    """

    folder: Path
    key: str
    sources: tuple[Path, ...] = ()


def objections(site: BuiltSite, weight: Weight, git: Git) -> list[str]:
    """What speaks against publishing the site, seen from the repository of `git`; nothing where all is well."""
    return [*_failing(site.folder), *weight.refused(), *_of_another_version(site), *_uncommitted(site, git)]


def _failing(folder: Path) -> Iterator[str]:
    if not (folder / "index.html").is_file():
        yield f"{folder} has no first page (index.html)"
    for card in sorted((folder / "studies").glob("*/card.json")):
        yield from _failing_study(card)
    broken = check_links(folder)
    if broken:
        yield f"{numbers.things(len(broken), 'link')} {'leads' if len(broken) == 1 else 'lead'} nowhere"
    yield from (str(one) for one in broken[:_MOST_NAMED])


def _failing_study(file: Path) -> Iterator[str]:
    try:
        card = Card.from_json(file.read_bytes())
    except (TypeError, ValueError):
        yield f"the card of the study {shown(file.parent.name)} cannot be read"
        return
    if card.failing:
        yield f"the study {shown(card.id)} fails {card.failing}"


def _of_another_version(site: BuiltSite) -> Iterator[str]:
    if Manifest.of(site.folder).key != site.key:
        yield "the site was built by another version of reportgen, or with other settings; `reportgen build` builds it anew"


def _uncommitted(site: BuiltSite, git: Git) -> Iterator[str]:
    """The sources of this repository that are not committed as they are; what lies elsewhere is not asked after."""
    ours = [str(path) for path in map(Path.resolve, site.sources) if path.is_relative_to(git.folder)]
    if not ours:
        return
    told = git.raw("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *ours)
    changed = [entry[3:].decode(errors="replace") for entry in told.split(b"\0") if entry]
    if changed:
        more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
        yield f"not committed as they are now: {', '.join(map(shown, changed[:_MOST_NAMED]))}{more}"
