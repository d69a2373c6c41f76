"""What a spec may say, key by key, for a page of the site: the words of `spec.reference` as Markdown, with an anchor each.

Sections within sections follow the one that holds them, once each: a later key of the same class leads back there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from reportgen.report.markup import Md, join_md, md, plain_md
from reportgen.spec import reference
from reportgen.spec.reference import SpecKey, required_sections
from reportgen.spec.written import EXAMPLES

__all__ = ["EXAMPLES", "KeyReference", "SectionReference", "preamble_reference", "required_sections", "spec_reference"]

_Told = dict[type[BaseModel], str]
"""The sections told so far, each with its anchor."""

_LIST_ITEM = "- "


@dataclass(frozen=True)
class KeyReference:
    """One key: `words` say what it is for, `kind` what may stand there, `default` what holds where it is left out."""

    name: str
    anchor: str
    words: Md
    kind: Md
    default: Md


@dataclass(frozen=True)
class SectionReference:
    """One section: its place in the spec (`contrasts[].a`), and `within` the sections that its keys lead to.

    `summary` is one line, empty for a section within another; `words` are paragraphs or lists; `example` is YAML, empty
    where there is none; `many` says that it is a list of such sections.
    """

    place: str
    anchor: str
    summary: Md
    words: tuple[Md, ...]
    many: bool
    example: str
    keys: tuple[KeyReference, ...]
    within: tuple["SectionReference", ...]


def spec_reference() -> tuple[SectionReference, ...]:
    """Every section of a spec, in the order of the model."""
    told: _Told = {}
    return tuple(_section(key, told) for key in reference.sections())


def preamble_reference() -> tuple[KeyReference, ...]:
    """What a file may say beside the sections, in order."""
    return tuple(_key(key, {}) for key in reference.preamble())


def _section(key: SpecKey, told: _Told) -> SectionReference:
    assert key.section is not None, "every key of a spec leads to a section"
    told[key.section] = f"key-{_slug(key.place)}"
    within = tuple(_within(key, told))
    return SectionReference(
        place=key.place,
        anchor=told[key.section],
        summary=plain_md(key.words),
        words=_words(key),
        many=bool(key.step),
        example=EXAMPLES.get(key.place, ""),
        keys=_keys(key, told),
        within=within,
    )


def _within(key: SpecKey, told: _Told) -> Iterator[SectionReference]:
    """The sections that the keys of a section lead to and that were not told yet."""
    for below in key.keys:
        if below.section is None or below.section in told:
            continue
        place = f"{below.place}{below.step}"
        told[below.section] = f"section-{_slug(place)}"
        yield SectionReference(
            place=place,
            anchor=told[below.section],
            summary=Md(""),
            words=_words(below),
            many=False,
            example="",
            within=tuple(_within(below, told)),
            keys=_keys(below, told),
        )


def _keys(key: SpecKey, told: _Told) -> tuple[KeyReference, ...]:
    return tuple(_key(below, told) for below in key.keys)


def _key(key: SpecKey, told: _Told) -> KeyReference:
    words, default = plain_md(key.words), key.default
    if key.section is not None:
        words = md("{words} Its keys stand [here](#{anchor}).", words=words, anchor=Md(told[key.section]))
    return KeyReference(
        name=key.name,
        anchor=f"key-{_slug(key.place)}",
        words=words,
        kind=plain_md(key.kind),
        default=md("default: [{value}]{{.code}}", value=default.value) if default.value else Md(default.words),
    )


def _words(key: SpecKey) -> tuple[Md, ...]:
    """What a section is: paragraphs, and the lists in them."""
    return tuple(map(_paragraph, key.paragraphs))


def _paragraph(text: str) -> Md:
    if not text.startswith(_LIST_ITEM):
        return plain_md(text)
    items = re.split(rf"\n(?={_LIST_ITEM})", text)
    return join_md((md("- {item}", item=plain_md(item.removeprefix(_LIST_ITEM))) for item in items), "\n")


def _slug(place: str) -> str:
    """`facts.items[].subject` as part of an address: facts-items-subject."""
    return re.sub(r"\[\]|\.<name>", "", place).replace(".", "-").replace("_", "-")
