"""Specs and fact files as nobody should write them: whole ones of which a few places were changed.

A spec is a tree whose leaves are YAML as it is written, so that a change can put anything there that YAML reads in its own way:
a key twice, a date, half an escape, a template of Jinja. What comes out is one text in YAML's flow style.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st

Path: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Map:
    """A mapping, its keys as they are written; a key may stand in it twice."""

    entries: "tuple[tuple[str, Node], ...]"


@dataclass(frozen=True)
class Seq:
    """A list."""

    items: "tuple[Node, ...]"


Node: TypeAlias = Map | Seq | str


def node_of(value: Any) -> Node:
    """Plain data as a tree."""
    if isinstance(value, dict):
        return Map(tuple((json.dumps(key, ensure_ascii=False), node_of(one)) for key, one in value.items()))
    if isinstance(value, list | tuple):
        return Seq(tuple(map(node_of, value)))
    return json.dumps(value, ensure_ascii=False, default=str)


def written(node: Node) -> str:
    """The tree as YAML."""
    match node:
        case Map(entries):
            return "{" + ", ".join(f"{key}: {written(value)}" for key, value in entries) + "}"
        case Seq(items):
            return "[" + ", ".join(map(written, items)) + "]"
        case str():
            return node


def places(node: Node, at: Path = ()) -> Iterator[Path]:
    """The ways to every value of a tree, by the numbers of entries."""
    yield at
    inside: Sequence[Node] = ()
    if isinstance(node, Map):
        inside = [value for _, value in node.entries]
    elif isinstance(node, Seq):
        inside = node.items
    for number, value in enumerate(inside):
        yield from places(value, (*at, number))


def value_at(node: Node, at: Path) -> Node:
    """What stands at a place."""
    for step in at:
        assert not isinstance(node, str)
        node = node.entries[step][1] if isinstance(node, Map) else node.items[step]
    return node


def changed(node: Node, at: Path, entries: Sequence[tuple[str, Node]]) -> Node:
    """The tree in which other entries stand where one stood: none, one, or several. At the top the first one's value is all."""
    if not at:
        return entries[0][1] if entries else "null"
    assert not isinstance(node, str)
    step, below = at[0], at[1:]
    held = list(node.entries) if isinstance(node, Map) else [("", item) for item in node.items]
    held[step : step + 1] = [(held[step][0], changed(held[step][1], below, entries))] if below else list(entries)
    return Map(tuple(held)) if isinstance(node, Map) else Seq(tuple(value for _, value in held))


WORDS = (
    *(
        "no",
        "~",
        "null",
        "",
        "true",
        "12:30",
        "010",
        "0o17",
        "0x1F",
        "1_000",
        "1e3",
        ".5",
        ".inf",
        ".nan",
        "-.inf",
        "=",
        "<<",
    ),
    *("2024-11-24", "2024-13-45", "2024-11-24 10:00:00", "1e999", "-1", "0", "9" * 400, "9" * 30, "-9" * 9, "1.0e-400"),
    *(
        '""',
        '" "',
        '"\\ud800"',
        '"\\u202e"',
        '"\\0"',
        '"a\\nb"',
        '"\\x1b[2J"',
        "'",
        '"<script>"',
        '"{{"',
        '"}"',
        '"🜁é"',
    ),
    *(
        '"{subject} {object}"',
        '"{{ subject }} {{ object }}"',
        '"{subject} {object} {subject.__class__}"',
        '"{subject!r} {object}"',
    ),
    *(
        '"{% for a in subject %}{{ a }}{% endfor %}{{ object }}"',
        '"{subject} {object:>1000000000}"',
        '"{{ subject[0] }} {{ object }}"',
    ),
    *(
        '"{{ subject if object else fun }}{{ object }}"',
        '"{{ (subject) }}{{ object | upper | lower }}"',
        '"{{ 1 == 1.0 }}"',
    ),
    *("&a b", "*a", "!!str a", "!!python/name:os.system a", "? a", "- a", "|", "%a", "@a", "`a`", "[", "}", "#", ": a"),
    *(
        "../../../etc/passwd",
        "/etc/passwd",
        "/dev/zero",
        "/dev/stdin",
        ".",
        "..",
        "~",
        "con",
        "NUL",
        "a/b",
        "A",
        "a" * 70,
    ),
    *(
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{a: {b: {c: []}}}",
        "{a: 1, a: 2}",
        "{1: 2}",
        "{[a]: b}",
        "[1, ~, no, 2024-01-01, x]",
    ),
    *(
        "truth",
        "subject",
        "last",
        "sum",
        "max_t",
        "L0H0",
        "L999H999",
        "recalled",
        "capital",
        "derangement",
        "given",
        "model",
    ),
    "[" * 35 + "]" * 35,
)
"""Every kind of value that YAML has, what it reads otherwise than it looks, and words that mean something in some key."""

PLAIN = st.one_of(
    st.text(max_size=12).map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.text(max_size=12).map(json.dumps),
    st.integers().map(str),
    st.floats().map(repr),
    st.dates().map(str),
    st.booleans().map(str),
)
VALUES = (
    st.sampled_from(WORDS)
    | PLAIN
    | st.recursive(
        st.sampled_from(WORDS),
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda items: Seq(tuple(items)))
            | st.lists(st.tuples(st.sampled_from(WORDS), inner), max_size=3).map(lambda pairs: Map(tuple(pairs)))
        ),
        max_leaves=6,
    )
)
"""A value to stand anywhere."""


JSON_WORDS = (
    *(
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1e999",
        "-1",
        "9" * 400,
        "1.50",
        '""',
        '" "',
        '"\\ud800"',
        '"\\u202e"',
        '"\\u0000"',
    ),
    *(
        '"a\\nb"',
        '"\\u2028"',
        '"{}"',
        '"{} {}"',
        '"{subject}"',
        '"{{ {} }}"',
        '"{% if {} %}"',
        '"[X] [Y]"',
        '"[X]"',
        '"\ue000"',
    ),
    *(
        "[]",
        "{}",
        "[[]]",
        '[{"a": null}]',
        '{"a": {"b": []}}',
        '{"a": 1, "a": 2}',
        "NaN",
        "Infinity",
        "nul",
        "'a'",
        "",
        "[",
    ),
    *(
        '"Peru"',
        '"Lima"',
        '"capital"',
        '"P36"',
        '"1"',
        '"0"',
        '"yes"',
        '"é"',
        '"e\u0301"',
        '"\u200b"',
        '"<b>"',
        '"="',
        '"-"',
    ),
    *(
        "[" * 60 + "]" * 60,
        '"' + "x" * 2000 + '"',
        '"The capital of {} is"',
        '"{subject} {object}"',
        '"statement"',
        '"#"',
    ),
)
JSON_VALUES = st.sampled_from(JSON_WORDS) | st.text(max_size=9).map(json.dumps)
"""What may stand anywhere in a JSON file."""


def mutations(
    bases: Sequence[Node], values: st.SearchStrategy[Node], more_keys: Sequence[str] = ()
) -> st.SearchStrategy[Node]:
    """One of the trees with one or two changes: values replaced, keys renamed, repeated, added and removed, parts moved."""
    named: dict[str, list[Node]] = {}
    for base in bases:
        for place in places(base):
            named.setdefault(_name(base, place), []).append(value_at(base, place))
    return _mutations(bases, named, values, (*named, *more_keys))


@st.composite
def _mutations(
    draw: st.DrawFn,
    bases: Sequence[Node],
    named: Mapping[str, list[Node]],
    values: st.SearchStrategy[Node],
    keys: Sequence[str],
) -> Node:
    tree = draw(st.sampled_from(bases))
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        at = draw(st.sampled_from(list(places(tree))))
        key, value, name = draw(st.sampled_from(keys)), value_at(tree, at), _name(tree, at)
        replaced = draw(values | st.sampled_from(named[name]) if name in named else values)
        ways: list[list[tuple[str, Node]]] = [
            *(
                [(name, replaced)],
                [(key, value)],
                [],
                [(name, value), (name, replaced)],
                [(name, value), (key, replaced)],
            ),
            *([(name, Seq((value,)))], [(name, Map(((key, value),)))]),
        ]
        tree = changed(tree, at, draw(st.sampled_from(ways)))
    return tree


def _name(tree: Node, at: Path) -> str:
    """The key of a value; of one in a list, nothing."""
    holding = value_at(tree, at[:-1]) if at else ""
    return holding.entries[at[-1]][0] if isinstance(holding, Map) else ""
