"""A key of a spec explained at a terminal: what it is for, what may stand there, what holds without it, how it is written,
and which keys are below it."""

import textwrap
from collections.abc import Iterator, Sequence

from reportgen.spec.reference import SpecKey, find_key, preamble, sections

_INDENT = "  "
_NARROWEST = 20


def explain_sections(width: int) -> Iterator[str]:
    """The sections of a spec, a line each, in lines of `width` characters."""
    yield "The sections of a spec; `reportgen explain SECTION` says more of one."
    yield ""
    yield from _listed([(key.place, _brief(key)) for key in sections()], width)
    yield ""
    yield "Beside them a file may say"
    yield ""
    yield from _listed([(key.place, _brief(key)) for key in preamble()], width)


def explain_key(place: str, width: int) -> Iterator[str]:
    """Everything about the key at a place, in lines of `width` characters; raises InputError where there is none."""
    key = find_key(place)
    yield key.place
    for text in dict.fromkeys((key.words, *key.paragraphs)):
        yield from _wrapped(text, width)
        yield ""
    yield from _listed([("may be", key.kind), ("default", _default(key))], width)
    if key.example:
        yield ""
        yield f"{_INDENT}example"
        yield from textwrap.indent(key.example.rstrip("\n"), _INDENT * 2).splitlines()
    if key.keys:
        yield ""
        yield f"{_INDENT}keys of {'each entry' if key.step else key.name}"
        yield from _listed([(below.name, _brief(below)) for below in key.keys], width, _INDENT * 2)


def _default(key: SpecKey) -> str:
    """What holds without it: "max_t", "none: the key is required"."""
    told = key.default
    if told.words == "required":
        return "none: the key is required"
    if told.words == "optional":
        return "its keys' own defaults" if key.field.default is not None else "none: the key may be left out"
    return told.value or told.words.removeprefix("default: ")


def _brief(key: SpecKey) -> str:
    """The words of a key in a list, and whether it must be there."""
    return f"{key.words} Required." if key.default.words == "required" else key.words


def _wrapped(text: str, width: int) -> Iterator[str]:
    for line in text.splitlines() if text.startswith("- ") else (" ".join(text.split()),):
        hanging = _INDENT + ("  " if text.startswith("- ") else "")
        yield from textwrap.wrap(line, width, initial_indent=_INDENT, subsequent_indent=hanging)


def _listed(pairs: Sequence[tuple[str, str]], width: int, indent: str = _INDENT) -> Iterator[str]:
    """Names in one column, words in the next."""
    column = max(len(name) for name, _ in pairs) + 2
    room = max(width - len(indent) - column, _NARROWEST)
    for name, words in pairs:
        lines = textwrap.wrap(words, room, break_long_words=False) or [""]
        yield f"{indent}{name:<{column}}{lines[0]}".rstrip()
        yield from (f"{indent}{'':<{column}}{line}" for line in lines[1:])
