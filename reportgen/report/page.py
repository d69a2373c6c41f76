"""What leaves this room: a study's finished pages with their downloads, and its card for the list of studies."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Self

from reportgen.history.record import RunRecord
from reportgen.report.document import Document

MOST_RUNS = 52
"""A card's series is no longer than a year of weekly runs."""


@dataclass(frozen=True)
class Card:
    """A study in the list: what it is about, what it found, and the key of all that its page depends on.

    `spec` is the name of its spec file; `failing` says since when and why the study fails ("since 2026-11-24: why"),
    and is empty while it does not. What follows is known of the site's history alone:

    - `series`: how many heads each of the last runs found, oldest first, at most `MOST_RUNS`; None for one that failed
    - `changed`: the day of the last run whose findings were others than before; `reproduced`: the day of the last run
      that found every number again, captured anew. Both are empty where there was none
    - `expectations`: how many of the spec's are met ("3 of 3 met"); empty where it has none
    - `history`: the key of the runs that all this is known from
    - `alarm`: by how much numbers differ though no input does; empty where none do
    """

    id: str
    spec: str
    title: str
    question: str
    model: str
    finding: str
    date: str
    n: str
    key: str
    failing: str = ""
    tags: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    series: tuple[float | None, ...] = ()
    changed: str = ""
    reproduced: str = ""
    expectations: str = ""
    alarm: str = ""
    history: str = ""

    @property
    def day(self) -> str:
        """The day of its last capture: `date` may name the first and the last."""
        return self.date.split(" ")[-1]

    @property
    def as_expected(self) -> bool:
        """Whether every expectation is met; so too where there is none."""
        counted = self.expectations.split()
        return counted[:1] == counted[2:3]

    def to_json(self) -> bytes:
        """The card as it is kept beside the page."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises TypeError or ValueError where the text is not a card, or one of another version."""
        read = cls(**json.loads(text))
        return replace(read, tags=tuple(read.tags), relations=tuple(read.relations), series=tuple(read.series))


@dataclass(frozen=True)
class StudyPage:
    """A study's page, and the files beside it by name.

    `pieces` makes the many small files that the explorer loads, one after another: together they may be large.
    `further` are more pages of the study, by the name that their file gets ("robustness"); they share its files.
    `still_right` names the pages that other commands added (`AddedPage`), each with the key of what it would depend
    on now: one that was made under this key stays, and any other goes.
    `record` is what the site's history keeps of the run, with the `facts` that it used as CSV.
    """

    card: Card
    document: Document
    files: Mapping[str, bytes]
    pieces: Callable[[], Iterator[tuple[str, bytes]]]
    further: Mapping[str, Document] = field(default_factory=dict)
    still_right: Mapping[str, str] = field(default_factory=dict)
    record: RunRecord | None = None
    facts: bytes = b""


@dataclass(frozen=True)
class AddedPage:
    """A page that a command of its own adds to a study that is published already.

    `key` names all that it depends on; `files`, by name, stand in a folder that is called as the page is, so that
    its document finds `curve.csv` at `<name>/curve.csv`.
    """

    name: str
    key: str
    document: Document
    files: Mapping[str, bytes]
