"""What a pack of facts is, and the CSV that it becomes.

Lines that start with # come first: what the facts are, where they are from and under which licence, what was left out;
then the wordings (`template RELATION: …`) and which facts a study asks of unless it says otherwise (`only COLUMN: VALUE`).
What a study does not ask is still known to be true, so that it is never taken for false.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

OWN = ("subject", "relation", "object")


@dataclass(frozen=True)
class Fact:
    """A true fact and what else is said of it, by column."""

    subject: str
    relation: str
    object: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pack:
    """Facts with their header: a title, its lines (source, licence, what was left out), and the wordings by relation."""

    name: str
    title: str
    lines: tuple[str, ...]
    templates: Mapping[str, tuple[str, ...]]
    facts: tuple[Fact, ...]
    only: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The CSV."""
        return "".join(f"# {line}\n" for line in self._header()) + self._rows()

    def _header(self) -> Iterable[str]:
        yield self.title
        yield from self.lines
        for relation, templates in self.templates.items():
            yield from (f"template {relation}: {template}" for template in templates)
        yield from (f"only {name}: {value}" for name, value in self.only.items())

    def _rows(self) -> str:
        columns = tuple(dict.fromkeys(name for fact in self.facts for name in fact.columns))
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow((*OWN, *columns))
        for fact in self.facts:
            writer.writerow(
                (fact.subject, fact.relation, fact.object, *(fact.columns.get(name, "") for name in columns))
            )
        return stream.getvalue()


def counted(facts: Iterable[Fact]) -> str:
    """How many facts and subjects there are, for a header."""
    every = list(facts)
    return f"{len(every)} facts about {len({fact.subject for fact in every})} subjects"
