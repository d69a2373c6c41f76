"""A YAML text as plain data that remembers where every key and every value stands.

1. The file is read within bounds (2 MB, UTF-8, 50,000 keys and values); whatever fails here names the file.
2. PyYAML's SafeLoader composes its node tree. Anchors, aliases, tags and deep nesting are refused on the
   way: a study needs none of them, and without them each value stands at exactly one place.
3. The tree becomes mappings, tuples and scalars, with a `Spot` for each. What is wrong with one key or one
   value is kept as a `Flaw`, so that the rest can still be checked and all is reported together.

PyYAML reads YAML 1.1, where `no`, `12:30:00` and `010` are not text. The data holds what YAML made of them,
the spots hold what was written, so that an error can show both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from reportgen.errors import InputError, Problem, shown
from reportgen.spec.places import Flaw, Place, Spot
from reportgen.spec.wording import Loc, Plain, Scalar, got, in_quotes

MAX_BYTES = 2_000_000
MAX_DEPTH = 30
MAX_NODES = 50_000
"""Keys and values: far more than any study says, and read within seconds."""
MAX_DIGITS = 300

_YAML = "tag:yaml.org,2002:"
_TEXT = (_YAML + "str", _YAML + "value", _YAML + "merge")
_IN_A_FILE = "keep the facts in a CSV file and name it under `facts`, as `file`"
_ADVICE = (
    ("mapping values are not allowed", "text that holds a colon and a space needs quotes"),
    ("cannot start any token", "put the text in quotes; indent with spaces, never with tabs"),
    ("expected <block end>", "check the indentation; a text that holds quotes needs quotes around the whole"),
    ("could not find expected ':'", "every key needs a colon and a space after it"),
    ("unexpected end of stream", "a quote or a bracket is opened and never closed"),
    ("found another document", "keep one document in the file: remove the line `---` between them"),
)


@dataclass(frozen=True)
class YamlSource:
    """What a YAML text says, where it says it, and what in it could not be read."""

    text: str
    data: dict[str, Plain]
    spots: Mapping[Loc, Spot]
    flaws: tuple[Flaw, ...]


def read_yaml(path: Path) -> YamlSource:
    """The data of the file with its places; a file that holds no mapping at all is an `InputError`."""
    text, origin = _decoded(path, _read(path)), str(path)
    root = _composed(text, origin)
    if not isinstance(root, yaml.MappingNode):
        raise InputError((root if isinstance(root, Flaw) else _no_mapping(root, origin)).problem)
    return _source(text, root, origin)


def read_value(text: str, below: tuple[str, ...], origin: str) -> YamlSource | Flaw:
    """One value as YAML, below the keys that lead to it; a flaw where it cannot be read at all."""
    root = _composed(text, origin)
    if isinstance(root, Flaw):
        return root
    start = yaml.Mark(origin, 0, 0, 0, None, 0)
    node = root or yaml.ScalarNode(_YAML + "null", "", start, start)
    for key in reversed(below[1:]):
        node = _entry(key, node, start)
    return _source(text, _entry(below[0], node, start), origin)


def _entry(key: str, value: yaml.Node, start: yaml.Mark) -> yaml.MappingNode:
    return yaml.MappingNode(_YAML + "map", [(yaml.ScalarNode(_YAML + "str", key, start, start), value)], start, start)


def _source(text: str, root: yaml.MappingNode, origin: str) -> YamlSource:
    tree = _Tree(origin)
    data = tree.mapping(root, ())
    return YamlSource(text, data, tree.spots, tuple(tree.flaws))


def _read(path: Path) -> bytes:
    if any("\ud800" <= letter <= "\udfff" for letter in str(path)):
        raise InputError(Problem(shown(str(path)), "the name of this file is no text in UTF-8", "rename it"))
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(Problem(str(path), "there is no such file")) from None
    except IsADirectoryError:
        raise InputError(Problem(str(path), "this is a folder", "name the spec file inside it")) from None
    except OSError as error:
        raise InputError(Problem(str(path), f"this file cannot be read: {error.strerror}")) from error
    if len(raw) > MAX_BYTES:
        raise InputError(Problem(str(path), "the spec is larger than 2 MB", _IN_A_FILE))
    return raw


def _decoded(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8: the byte 0x{raw[error.start]:02x} is no part of a character"
        raise InputError(Problem(f"{path}:{line}", message, "save it with the encoding UTF-8")) from error


class _RefusedError(yaml.MarkedYAMLError):
    """YAML that is in order, and more than a spec may use."""

    def __init__(self, message: str, remedy: str, mark: Any) -> None:
        super().__init__(problem=message, problem_mark=mark)
        self.message, self.remedy = message, remedy

    def flaw(self, origin: str) -> Flaw:
        return Flaw(_place(origin, self.problem_mark), (), self.message, self.remedy)


class _Composer(yaml.composer.Composer):
    """Composes nodes without anchors, aliases, tags, a depth that would exhaust the stack or more of them than a study has."""

    depth = 0
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[attr-defined]
        _refuse_extras(event)
        self.depth += 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            message = f"the spec holds more than {MAX_NODES:,} keys and values"
            raise _RefusedError(message, _IN_A_FILE, event.start_mark)
        if self.depth > MAX_DEPTH:
            message = f"the values are nested more than {MAX_DEPTH} deep, which no spec needs"
            raise _RefusedError(message, "check the indentation and the brackets", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _TreeLoader(_Composer, yaml.SafeLoader):
    """The same over PyYAML's own parser, whose errors say most."""


class _QuickLoader(_Composer, yaml.CSafeLoader):
    """The same over libyaml's parser, which is some ten times as fast."""

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        _Composer.__init__(self)


def _refuse_extras(event: yaml.Event) -> None:
    anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
    if anchor is not None:
        sign, kind = ("*", "alias") if isinstance(event, yaml.AliasEvent) else ("&", "anchor")
        message = f"{shown(sign + anchor)} is an {kind}, which a spec cannot use"
        raise _RefusedError(message, "write the value out wherever it is needed", event.start_mark)
    if tag is not None:
        message = f"{shown(tag)} is a tag, which a spec cannot use"
        raise _RefusedError(message, "remove it; put a value in quotes to mean text", event.start_mark)


def _composed(text: str, origin: str) -> yaml.Node | Flaw | None:
    """The node tree. Nearly every spec is in order: what is not is read again, by the parser that tells it best."""
    try:
        return _QuickLoader(text).get_single_node()
    except _RefusedError as error:
        return error.flaw(origin)
    except (yaml.YAMLError, ValueError, OverflowError):
        return _composed_slowly(text, origin)


def _composed_slowly(text: str, origin: str) -> yaml.Node | Flaw | None:
    try:
        loader = _TreeLoader(text)
    except ReaderError as error:
        return _unprintable(error, text, origin)
    try:
        return loader.get_single_node()
    except _RefusedError as error:
        return error.flaw(origin)
    except yaml.MarkedYAMLError as error:
        return _invalid(error, _place(origin, error.problem_mark or loader.get_mark()))
    except (ValueError, OverflowError):
        remedy = "check the numbers after `\\x`, `\\u`, `\\U` or `%YAML`"
        message = "this is not valid YAML: a number is out of range"
        return Flaw(_place(origin, loader.get_mark()), (), message, remedy)


def _unprintable(error: ReaderError, text: str, origin: str) -> Flaw:
    before = text[: error.position]
    place = Place(origin, before.count("\n") + 1, len(before) - before.rfind("\n"))
    message = f"the character U+{ord(text[error.position]):04X} cannot stand in YAML"
    return Flaw(place, (), message, "remove it, or write it as an escape between double quotes")


def _invalid(error: yaml.MarkedYAMLError, place: Place) -> Flaw:
    begun = error.context_mark
    since = f" ({error.context} from line {begun.line + 1}, column {begun.column + 1})" if begun else ""
    remedy = next((advice for sign, advice in _ADVICE if sign in str(error.problem)), "")
    return Flaw(place, (), f"this is not valid YAML: {error.problem}{since}", remedy)


def _no_mapping(root: yaml.Node | None, origin: str) -> Flaw:
    remedy = "it begins with the keys `study`, `model` and `facts`"
    if root is None:
        return Flaw(Place(origin, 1, 1), (), "the spec is empty", remedy)
    kind = "a list" if isinstance(root, yaml.SequenceNode) else shown(str(root.value))
    return Flaw(_place(origin, root.start_mark), (), f"a spec is a mapping of keys to values; got {kind}", remedy)


def _place(origin: str, mark: Any) -> Place:
    """PyYAML's two kinds of marks share no type, and its stubs call some of them optional."""
    return Place(origin, mark.line + 1, mark.column + 1)


class _Tree:
    """Turns nodes into plain data and gathers spots and flaws on the way."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self.spots: dict[Loc, Spot] = {}
        self.flaws: list[Flaw] = []
        self._constructor = yaml.constructor.SafeConstructor()

    def mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Plain]:
        self.spots.setdefault(loc, Spot(self._place(node.start_mark), self._place(node.start_mark)))
        data: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            key, place = self._key(key_node, loc), self._place(key_node.start_mark)
            if key in data:
                self._repeated(key, place, loc)
            elif key is not None:
                data[key] = self._value(value_node, (*loc, key), place)
        return data

    def _key(self, node: yaml.Node, loc: Loc) -> str | None:
        """The key as it was written, even where it is no text: the rest of its entry can still be checked."""
        if not isinstance(node, yaml.ScalarNode):
            place = self._place(node.start_mark)
            self.flaws.append(Flaw(place, loc, "a key is text; this one is a list or a mapping"))
            return None
        loc = (*loc, node.value)
        if node.tag == _YAML + "merge":
            self._blame(node, loc, "`<<` merges mappings, which a spec cannot use", "write the keys out")
        elif node.tag not in _TEXT:
            value = self._scalar(node, loc)
            self._blame(node, loc, f"a key is text; {got(value, node.value)}", in_quotes(node.value))
        return self._characters(node, loc)

    def _repeated(self, key: str, place: Place, loc: Loc) -> None:
        first = self.spots[(*loc, key)].key
        message = f"the key {shown(key)} stands here twice, first at line {first.line}, column {first.column}"
        self.flaws.append(Flaw(place, (*loc, key), message, "remove one of the two"))

    def _value(self, node: yaml.Node, loc: Loc, key: Place) -> Plain:
        place = self._place(node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            self.spots[loc] = Spot(place, key, node.value, plain=node.style is None)
            return self._scalar(node, loc)
        self.spots[loc] = Spot(place, key)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, loc)
        return tuple(
            self._value(item, (*loc, index), self._place(item.start_mark)) for index, item in enumerate(node.value)
        )

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> Scalar:
        if node.tag in _TEXT:
            return self._characters(node, loc)
        if len(node.value) > MAX_DIGITS:
            self._blame(node, loc, f"the number {shown(node.value)} is too long", in_quotes("…"))
            return self._characters(node, loc)
        try:
            value: Scalar = self._constructor.construct_object(node)
        except (ValueError, OverflowError):
            message = f"{shown(node.value)} looks like a date or a number and is none"
            self._blame(node, loc, message, in_quotes(node.value))
            return self._characters(node, loc)
        return value

    def _characters(self, node: yaml.ScalarNode, loc: Loc) -> str:
        """The text itself; half a surrogate pair, which YAML's escapes allow, fits into no file."""
        whole = str(node.value).encode("utf-8", "replace").decode()
        if whole != node.value:
            remedy = "write the character itself, or one escape with `\\U` and eight digits"
            self._blame(node, loc, f"{shown(whole)} holds half of a character as an escape", remedy)
        return whole

    def _blame(self, node: yaml.ScalarNode, loc: Loc, message: str, remedy: str) -> None:
        self.flaws.append(Flaw(self._place(node.start_mark), loc, message, remedy))

    def _place(self, mark: Any) -> Place:
        return _place(self._origin, mark)
