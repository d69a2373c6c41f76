"""A spec as it will be used: every key that has a value, with those that the author left out marked as defaults.

What is written is a spec again, and means the same as the one that it was made from.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from reportgen.spec.model import StudySpec
from reportgen.spec.reference import flow_yaml

_INDENT = "  "
_MARK = "  # default"


def resolved_lines(spec: StudySpec) -> Iterator[str]:
    """The spec as YAML, line by line; a key without a value is left out."""
    for name in type(spec).model_fields:
        section = getattr(spec, name)
        given = name in spec.model_fields_set
        yield from _entry(name, section, "", given=given)


def _entry(name: str, value: Any, indent: str, *, given: bool) -> Iterator[str]:
    key = f"{indent}{flow_yaml(name)}:"
    if isinstance(value, BaseModel):
        yield from _headed(key, list(_keys(value, indent + _INDENT, given=given)), "{}", given=given)
    elif isinstance(value, Mapping) and any(isinstance(one, BaseModel) for one in value.values()):
        inside = (line for one, part in value.items() for line in _entry(one, part, indent + _INDENT, given=given))
        yield from _headed(key, list(inside), "{}", given=given)
    elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
        inside = (line for one in value for line in _item(one, indent + _INDENT, given=given))
        yield from _headed(key, list(inside), "[]", given=given)
    else:
        yield f"{key} {flow_yaml(_plain(value))}{'' if given else _MARK}"


def _headed(key: str, inside: list[str], empty: str, *, given: bool) -> Iterator[str]:
    if inside:
        yield key
        yield from inside
    else:
        yield f"{key} {empty}{'' if given else _MARK}"


def _keys(section: BaseModel, indent: str, *, given: bool) -> Iterator[str]:
    """The keys of a section that have values; where the section itself was left out, so were all its keys."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if value is not None:
            yield from _entry(name, value, indent, given=given and name in section.model_fields_set)


def _item(section: BaseModel, indent: str, *, given: bool) -> Iterator[str]:
    """One entry of a list: its first key stands behind the dash."""
    lines = list(_keys(section, indent + _INDENT, given=given)) or [f"{indent}{_INDENT}{{}}"]
    yield f"{indent}- {lines[0].removeprefix(indent + _INDENT)}"
    yield from lines[1:]


def _plain(value: Any) -> Any:
    """The value without tuples, which YAML does not know."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
