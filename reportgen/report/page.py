"""What leaves this room: a study's finished pages with their downloads, and its card for the list of studies."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

from reportgen.report.document import Document


@dataclass(frozen=True)
class Card:
    """A study in the list: what it is about, what it found, and the key of all that its page depends on.

    `spec` is the name of its spec file; `failing` says since when and why the study fails,
    and is empty while it does not.
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

    def to_json(self) -> bytes:
        """The card as it is kept beside the page."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises TypeError or ValueError where the text is not a card."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class StudyPage:
    """A study's page, and the files beside it by name.

    `pieces` makes the many small files that the explorer loads, one after another: together they may be large.
    `further` are more pages of the study, by the name that their file gets ("robustness"); they share its files.
    `still_right` names the pages that other commands added (`AddedPage`), each with the key of what it would depend
    on now: one that was made under this key stays, and any other goes.
    """

    card: Card
    document: Document
    files: Mapping[str, bytes]
    pieces: Callable[[], Iterator[tuple[str, bytes]]]
    further: Mapping[str, Document] = field(default_factory=dict)
    still_right: Mapping[str, str] = field(default_factory=dict)


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
