"""A fact's template filled with its words; where subject and object stand is known from the filling, never searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reportgen.spec.slots import Slots
from reportgen.spec.template import FILTERS, MARKS, ROLES, Role, Template, jinja_environment, role_of

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2 import Template as JinjaTemplate

Stretch = tuple[int, int]

_OPEN = {"subject": MARKS[0], "object": MARKS[1]}
_CLOSE = MARKS[2]
_WITHOUT_MARKS = str.maketrans("", "", MARKS)


class FillingError(ValueError):
    """Why a template cannot be filled for one fact."""


@dataclass(frozen=True)
class Filled:
    """The text, and the stretches [start, end) of its characters that are the subject and the object."""

    text: str
    subject: Stretch
    object: Stretch


def fill(template: str, words: Mapping[str, str]) -> Filled:
    """The template with the words of its slots: the subject, the object and the fact's columns, by name.

    Raises FillingError where a slot has no word, or the text does not write subject and object once each.
    """
    if _template(template).jinja:
        return _fill_jinja(template, words)
    text, stretches = "", {}
    slots = _slots(template)
    for before, name in zip(slots.before, slots.names, strict=True):
        start = len(text) + len(before)
        text += before + _word(words, name)
        if role := role_of(name):
            stretches[role] = (start, len(text))
    return Filled(text + slots.after, stretches["subject"], stretches["object"])


def slot_names(template: str) -> tuple[str, ...]:
    """The slots that a template names; one that has been filled before is not looked at again."""
    return _template(template).names


@lru_cache(maxsize=1024)
def _template(template: str) -> Template:
    return Template.of(template)


def _word(words: Mapping[str, str], name: str) -> str:
    if name not in words:
        raise FillingError(f"its template names {{{name}}}, and it has no such column")
    return words[name]


@lru_cache(maxsize=1024)
def _slots(template: str) -> Slots:
    return Slots.of(_template(template).text)


_AS_PYTHON = {"trim": str.strip}


class _Named(str):
    """The subject's or the object's words on their way through Jinja."""

    __slots__ = ("role",)
    role: Role


def _named(text: str, role: Role) -> _Named:
    named = _Named(text)
    named.role = role
    return named


def _marked(value: Any) -> Any:
    """What Jinja writes for a value: the words of a name between two marks."""
    return f"{_OPEN[value.role]}{value}{_CLOSE}" if isinstance(value, _Named) else value


def _keeping_role(plain: Any) -> Any:
    def keep(value: Any, *more: Any, **named: Any) -> Any:
        found = plain(value, *more, **named)
        return _named(str(found), value.role) if isinstance(value, _Named) else found

    return keep


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    environment = jinja_environment()
    environment.finalize = _marked
    environment.filters = {name: _keeping_role(_AS_PYTHON.get(name) or getattr(str, name)) for name in FILTERS}
    return environment


@lru_cache(maxsize=1024)
def _compiled(template: str) -> "JinjaTemplate":
    return _environment().from_string(_template(template).text)


def _fill_jinja(template: str, words: Mapping[str, str]) -> Filled:
    from jinja2 import TemplateError  # noqa: PLC0415

    clean = {name: text.translate(_WITHOUT_MARKS) for name, text in words.items()}
    given = {name: _named(text, role) if (role := role_of(name)) else text for name, text in clean.items()}
    try:
        marked = _compiled(template).render(given)
    except (TemplateError, TypeError, ValueError) as error:
        raise FillingError(f"its template cannot be filled ({error})") from error
    text, stretches = "", {}
    for role in ROLES:
        if (times := marked.count(_OPEN[role])) != 1:
            raise FillingError(f"its template writes the {role} {times} times; once is right")
    open_: tuple[Role, int] | None = None
    for character in marked:
        if character == _CLOSE and open_ is not None:
            stretches[open_[0]] = (open_[1], len(text))
        elif starts := next((role for role in ROLES if _OPEN[role] == character), None):
            open_ = (starts, len(text))
        else:
            text += character
    return Filled(text, stretches["subject"], stretches["object"])
