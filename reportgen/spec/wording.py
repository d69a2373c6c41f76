"""How an error names what was written: short, safe to print, in the words of people and not of Python."""

import datetime
import math
from collections.abc import Iterable
from typing import TypeAlias

from reportgen.errors import nearest, shown

Loc: TypeAlias = tuple[str | int, ...]
Scalar: TypeAlias = str | int | float | bool | datetime.date | None
Plain: TypeAlias = "Scalar | tuple[Plain, ...] | dict[str, Plain]"

MAX_LISTED = 20


def listed(names: Iterable[str]) -> str:
    """The names in their order, the first twenty of them."""
    every = list(names)
    more = f" and {len(every) - MAX_LISTED} more" if len(every) > MAX_LISTED else ""
    return ", ".join(map(shown, every[:MAX_LISTED])) + more


def path_of(loc: Loc) -> str:
    """`contrasts[0].a.where`: the way from the top of the spec to a value."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return shown(steps.removeprefix(".")) if loc else "the spec"


def got(value: Plain, written: str = "") -> str:
    """What stands there, and what YAML made of it where that is something else than what was written."""
    if value is None and not written:
        return "nothing stands here"
    named = _named(value)
    if isinstance(value, str | tuple | dict) or str(value).lower() == written.lower():
        return f"got {named}"
    return f"{shown(written)} is read as {named}"


def _named(value: Plain) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the truth value {str(value).lower()}"
        case float() if not math.isfinite(value):
            return "a number that is not finite"
        case int() | float():
            return f"the {'whole ' if isinstance(value, int) else ''}number {value}"
        case datetime.date():
            return f"the {'time' if isinstance(value, datetime.datetime) else 'date'} {value}"
        case str():
            return f"the text {shown(value)}" if value else "empty text"
        case _:
            return _container(value)


def _container(value: tuple[Plain, ...] | dict[str, Plain]) -> str:
    kind = "list" if isinstance(value, tuple) else "mapping"
    if not value:
        return f"an empty {kind}"
    if isinstance(value, tuple):
        return f"a list of {len(value)}"
    return f"a mapping with the keys {listed(value)}"


def in_quotes(written: str) -> str:
    """The advice for what YAML took for something else than text."""
    return f'put it in quotes to mean text: "{written}"'


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """The advice for a misspelt name; none where nothing is like it."""
    option = nearest(word, options)
    return f"did you mean {shown(option)}?" if option else ""
