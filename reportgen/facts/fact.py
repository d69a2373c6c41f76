"""The records of this room: a fact, and the set of facts of one study."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reportgen.facts.filling import Filled, fill
from reportgen.notices import Notice
from reportgen.spec.template import forms_of_object, with_forms


@dataclass(frozen=True, slots=True)
class Fact:
    """A subject, a relation and an object, true or false, and the template that words it; facts of one `pair` differ in
    the object alone.

    `columns` holds whatever else the facts file says, as text, for templates to write and contrasts to filter by. A
    column named `object_…` is a form of the object and goes with it.
    """

    subject: str
    relation: str
    object: str
    truth: bool
    pair: str
    columns: Mapping[str, str]
    template: str

    def worded(self) -> Filled:
        """The fact as text; raises FillingError where its template cannot be filled."""
        return fill(self.template, {**self.columns, "subject": self.subject, "object": self.object})

    def about(self, other: "Fact") -> "Fact":
        """The same with the object of another fact, in all its forms."""
        forms = forms_of_object(other.columns)
        return replace(self, object=other.object, columns=with_forms(self.columns, forms) if forms else self.columns)


@dataclass(frozen=True)
class FactSet:
    """The facts of one study in the order of their source, each true fact followed by its twin, and each pair in one
    wording after the other.

    `notices` says what was doubted or left out, and why; `source` says where the facts came from, in words for the
    page (a file's own header comment included).
    """

    facts: tuple[Fact, ...]
    notices: tuple[Notice, ...]
    source: str

    @property
    def templates(self) -> dict[str, tuple[str, ...]]:
        """Each relation's templates, in the order of the facts."""
        found: dict[str, dict[str, None]] = {}
        for fact in self.facts:
            found.setdefault(fact.relation, {})[fact.template] = None
        return {relation: tuple(own) for relation, own in found.items()}
