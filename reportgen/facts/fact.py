"""The records of this room: a fact, and the set of facts of one study."""

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.notices import Notice


@dataclass(frozen=True, slots=True)
class Fact:
    """A subject, a relation and an object, true or false; facts of one `pair` differ in the object alone.

    `columns` holds whatever else the facts file says, as text, for contrasts to filter by.
    """

    subject: str
    relation: str
    object: str
    truth: bool
    pair: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class FactSet:
    """The facts of one study in the order of their source, each true fact followed by its twin.

    `templates` gives each relation's wording; `notices` says what was doubted or left out, and why;
    `source` says where the facts came from, in words for the page (a file's own header comment included).
    """

    facts: tuple[Fact, ...]
    templates: Mapping[str, str]
    notices: tuple[Notice, ...]
    source: str
