"""Whole statements: where subject and object stand in them is found again, or the statement is left out with the reason.

1. By a template: its own words must stand in the statement, those between its slots exactly once, so that there is one way
   to read it. A slot for another column holds that column's word. The first template that fits is taken.
2. By the words of two columns: the longer is looked for first, as whole words and exactly once, the other outside of it. The
   statement with the two replaced by slots is the template.

A true and a false statement about the same subject and relation are a pair where there is one of each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reportgen.errors import shown
from reportgen.facts.readers.published import UnplacedError
from reportgen.facts.table import Record
from reportgen.facts.words import clean
from reportgen.spec.slots import Slots
from reportgen.spec.template import Template, role_of


@dataclass(frozen=True)
class Wording:
    """A template by which statements are read, and the relation that it words; without one, the template names it."""

    template: str
    relation: str = ""


@dataclass(frozen=True)
class Found:
    """A statement taken apart."""

    subject: str
    object: str
    wording: Wording


def by_templates(statement: str, wordings: Sequence[Wording], words: Mapping[str, str]) -> Found:
    """Subject and object by the first template that the statement fits; `words` are those of its other columns.

    Raises UnplacedError where it fits none.
    """
    reasons = []
    for wording in wordings:
        try:
            return _by_template(statement, wording, words)
        except UnplacedError as why:
            reasons.append(str(why))
    twice = next((reason for reason in reasons if "two ways" in reason), "")
    raise UnplacedError(f"{shown(statement)} {twice or 'fits no template'}")


def by_words(statement: str, subject: str, object_: str) -> str:
    """The template of a statement in which two names stand; raises UnplacedError where they do not, once each."""
    if "{" in statement or "}" in statement:
        raise UnplacedError(f"{shown(statement)} holds braces")
    names = {"subject": subject, "object": object_}
    first, second = sorted(names, key=lambda name: len(names[name]), reverse=True)
    start = _only(statement, names[first], first)
    before, after = statement[:start], statement[start + len(names[first]) :]
    mark = "\ue000"
    rest = f"{before}{mark}{after}"
    there = _only(rest, names[second], second)
    open_ = f"{rest[:there]}{{{second}}}{rest[there + len(names[second]) :]}"
    return open_.replace(mark, f"{{{first}}}")


def relation_of(template: str) -> str:
    """The name of a relation that only a template tells: its words, with … for its slots."""
    slots = Slots.of(template)
    return clean("".join(f"{before}…" for before in slots.before) + slots.after).rstrip(".")


def paired(records: Sequence[Record]) -> list[Record]:
    """The records with pairs where one true and one false statement share subject and relation; their authors' pairs stay."""
    members: dict[tuple[str, str], list[int]] = {}
    for at, record in enumerate(records):
        if not record.cells.get("pair"):
            members.setdefault((clean(record.cells["subject"]), record.cells["relation"]), []).append(at)
    found = list(records)
    twins = [both for both in members.values() if sorted(_truth(records[at]) for at in both) == ["false", "true"]]
    for number, both in enumerate(twins, start=1):
        for at in both:
            found[at] = replace(records[at], cells={**records[at].cells, "pair": f"s{number:03d}"})
    return found


def _truth(record: Record) -> str:
    return {"1": "true", "0": "false", "yes": "true", "no": "false"}.get(
        (said := clean(record.cells.get("truth", "true")).casefold()), said
    )


def _by_template(statement: str, wording: Wording, words: Mapping[str, str]) -> Found:
    if Template.of(wording.template).jinja:
        raise UnplacedError("cannot be read by a template with conditions")
    before, first, between, second, after = _around(wording.template, words)
    if not statement.startswith(before) or not statement.endswith(after) or len(statement) < len(before) + len(after):
        raise UnplacedError("fits no template")
    middle = statement[len(before) : len(statement) - len(after)]
    ways = len(re.findall(f"(?={re.escape(between)})", middle)) if between else 2
    if ways != 1:
        raise UnplacedError("can be read in two ways" if ways else "fits no template")
    left, right = middle.split(between)
    found = {first: clean(left), second: clean(right)}
    if not all(found.values()):
        raise UnplacedError("fits no template")
    return Found(found["subject"], found["object"], wording)


def _around(template: str, words: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    """A template's text before, between and behind its two names, and which name comes first and second."""
    slots = Slots.of(template)
    texts, names = [""], []
    for before, name in zip(slots.before, slots.names, strict=True):
        texts[-1] += before
        if role := role_of(name):
            names.append(role)
            texts.append("")
        elif name in words:
            texts[-1] += words[name]
        else:
            raise UnplacedError(f"cannot be read by a template with {{{name}}}, which it has no column for")
    texts[-1] += slots.after
    return texts[0], names[0], texts[1], names[1], texts[2]


def _only(text: str, name: str, role: str) -> int:
    """Where a name stands as whole words, the only time."""
    found = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)] if name else []
    if len(found) != 1:
        times = "does not stand" if not found else f"stands {len(found)} times"
        raise UnplacedError(f"its {role} {shown(name)} {times} in {shown(text)}")
    return found[0]
