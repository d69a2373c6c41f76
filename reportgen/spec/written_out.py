"""A spec that came about from several texts, written out as one: YAML that means the same by itself.

Sections stand apart, and what is short stands on one line. The lines on top say what the text came from; they name files as
the spec does, never by where they lie on a machine.
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from reportgen.errors import shown
from reportgen.spec.model import StudySpec
from reportgen.spec.overrides import in_words
from reportgen.spec.wording import Plain

_WIDTH = 118
_SHORT = 90
_ORDER = ("version", *StudySpec.model_fields)


def written_out(data: dict[str, Plain], name: str, bases: Sequence[str], overrides: Sequence[str]) -> str:
    """The data as YAML under a comment: `name` is the spec's own, with its cell; `bases` are the files that it extends."""
    sections = (_dumped(_Section({key: data[key]})) for key in _ORDER if key in data)
    return "\n".join((*_header(name, bases, overrides), "", "\n".join(sections)))


def _header(name: str, bases: Sequence[str], overrides: Sequence[str]) -> Iterator[str]:
    parts = [
        f"Written out by reportgen from {shown(name)[1:-1]}",
        "which extends " + ", ".join(shown(base)[1:-1] for base in bases) if bases else "",
        "with " + " ".join(map(in_words, overrides)) if overrides else "",
    ]
    text = ", ".join(filter(None, parts)) + "."
    yield from textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


class _Section(dict[str, Plain]):
    """A section under its name, which begins a line."""


def _dumped(data: _Section) -> str:
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH, default_flow_style=False)


class _Dumper(yaml.CSafeDumper):
    """Writes every value out where it stands, and small lists and mappings on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        within = not isinstance(mapping, _Section)
        node.flow_style = within and _fits(part for pair in node.value for part in pair)
        return node

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        node = super().represent_sequence(tag, sequence, flow_style)
        node.flow_style = _fits(node.value)
        return node


def _fits(nodes: Any) -> bool:
    """Whether the nodes are single values that fit on a line together."""
    held = list(nodes)
    return (
        all(isinstance(node, yaml.ScalarNode) for node in held) and sum(len(node.value) + 4 for node in held) <= _SHORT
    )


_Dumper.add_representer(_Section, yaml.CSafeDumper.represent_dict)
