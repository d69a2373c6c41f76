"""What a spec may say, key by key, in plain words: read out of the spec's own classes, so that it cannot drift.

1. A section is a class of `spec.model`: its docstring is its words, its fields are keys, in their order.
2. A key is told by its field's title where it has one, else its description; its type, bounds and values by the words
   that error messages use for them (`rules`); its default as YAML would write it.
3. A place is written as the way to it from the top: `tests.alpha`, `contrasts[].a`, `facts.relations.<name>.template`.

The site's spec reference, `reportgen explain` and the JSON schema are all made from this.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from reportgen.errors import InputError, Problem, nearest, shown
from reportgen.spec.model import StudySpec
from reportgen.spec.preamble import Preamble
from reportgen.spec.rules import Rule
from reportgen.spec.wording import listed
from reportgen.spec.written import EXAMPLES, KEY_EXAMPLES

ANY_NAME = "<name>"

_STEPS: Mapping[object, str] = {tuple: "[]", dict: f".{ANY_NAME}"}
_STEP = re.compile(r"\[\d*\]|[^.\[\]]+")


@dataclass(frozen=True)
class Default:
    """What holds where a key is left out: `words` ("required", "optional", "default: empty"), and the `value` as YAML where
    it is one that can be written, else empty."""

    words: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.words}: {self.value}" if self.value else self.words


@dataclass(frozen=True)
class SpecKey:
    """One key at its place in a spec; `owner` is the class that has it as a field."""

    place: str
    owner: type[BaseModel]
    field: FieldInfo
    rule: Rule

    @property
    def name(self) -> str:
        """The key itself."""
        return self.place.rpartition(".")[2]

    @property
    def words(self) -> str:
        """What it is for: its field's title where it has one of its own, since its description may be that of its type."""
        words = self.field.title or self.field.description
        assert words, f"{self.place} has no description in spec.model"
        return words

    @property
    def kind(self) -> str:
        """What may stand there: "a number, above 0 and below 1", "a list, each entry one of `a`, `b`"."""
        rule = self.rule
        if len(rule.branches) > 1 or rule.branches[0].schema["type"] not in ("array", "object"):
            return rule.words
        if rule.keys:
            return "a mapping"
        single, entry = rule.branches[0].schema, rule.below(0) or rule.below("any name")
        if entry is None:
            return rule.words
        if single["type"] == "object":
            return f"{rule.words}, from names to {'mappings' if entry.keys else entry.words}"
        return f"{_list(single, rule)}, each {'a mapping' if entry.keys else entry.words}"

    @property
    def default(self) -> Default:
        """What holds where it is left out."""
        if self.field.is_required():
            return Default("required")
        value = self.field.default
        assert value is not PydanticUndefined, "defaults are values, not factories"
        if value is None or isinstance(value, BaseModel):
            return Default("optional")
        if value in ((), "", {}):
            return Default("default: empty")
        entry = self.rule.below(0)
        if isinstance(value, tuple) and entry is not None and value == entry.choices:
            return Default("default: all of them")
        if isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
            value = tuple(one.model_dump(mode="json") for one in value)
        return Default("default", flow_yaml(value))

    @cached_property
    def section(self) -> type[BaseModel] | None:
        """The class that its values are made of, where they are sections: `tuple[ContrastSection, ...]` leads to contrasts."""
        found = (
            part for part in _parts(self.field.annotation) if isinstance(part, type) and issubclass(part, BaseModel)
        )
        return next(found, None)

    @property
    def step(self) -> str:
        """How the place of one section in it is written: `[]` in a list, `.<name>` among named ones, else nothing."""
        return _STEPS.get(get_origin(self.field.annotation), "") if self.section is not None else ""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """What its section is: the paragraphs of the class's docstring, and the lists in it."""
        return () if self.section is None else tuple(inspect.cleandoc(self.section.__doc__ or "").split("\n\n"))

    @cached_property
    def keys(self) -> tuple["SpecKey", ...]:
        """The keys of its section, in order."""
        if self.section is None:
            return ()
        inside = _inside(self.rule) if self.step else _mapping_in(self.rule)
        return tuple(
            SpecKey(f"{self.place}{self.step}.{name}", self.section, field, _below(inside, name))
            for name, field in self.section.model_fields.items()
        )

    @property
    def example(self) -> str:
        """A piece of YAML from the top of the spec down to this key; empty where there is none."""
        if self.place in EXAMPLES:
            return EXAMPLES[self.place]
        found = self.example_value
        if found is None:
            return ""
        for step in reversed(_STEP.findall(self.place)):
            found = [found] if step == "[]" else {"your-name" if step == ANY_NAME else step: found}
        return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, default_flow_style=None, width=10_000)

    @property
    def example_value(self) -> Any:
        """A value from an example of this key, of its field or of its section; else another one of its choices, or its
        default; None where there is none."""
        own = f"{self.owner.__name__}.{self.name}"
        if own in KEY_EXAMPLES:
            return yaml.safe_load(KEY_EXAMPLES[own])
        if self.field.examples:
            return self.field.examples[0]
        top = self.place.split(".")[0].removesuffix("[]")
        found = _dig(yaml.safe_load(EXAMPLES.get(top, "{}")), _STEP.findall(self.place))
        if found is not None:
            return found
        others = [choice for choice in self.rule.choices if choice != self.field.default]
        return others[0] if others else yaml.safe_load(self.default.value) if self.default.value else None


@cache
def sections() -> tuple[SpecKey, ...]:
    """The top sections of a spec, in the order of the model."""
    top = Rule.of(StudySpec)
    return tuple(SpecKey(name, StudySpec, field, _below(top, name)) for name, field in StudySpec.model_fields.items())


@cache
def preamble() -> tuple[SpecKey, ...]:
    """The keys of a spec file beside the sections of a study, in their order."""
    top = Rule.of(Preamble)
    return tuple(SpecKey(name, Preamble, field, _below(top, name)) for name, field in Preamble.model_fields.items())


def required_sections() -> tuple[str, ...]:
    """The sections without which a spec is none."""
    return Rule.of(StudySpec).required


def every_key(among: tuple[SpecKey, ...] | None = None) -> Iterator[SpecKey]:
    """Every key of a spec file, each before the keys below it."""
    for key in (*preamble(), *sections()) if among is None else among:
        yield key
        yield from every_key(key.keys)


def find_key(place: str) -> SpecKey:
    """The key at a place, as an author may write it: `contrasts[0].a`, `contrasts.a`, `facts.relations.capital.template`.

    Raises InputError where a spec has no such key, with the names that are near.
    """
    steps = [step for step in _STEP.findall(place.strip()) if not step.startswith("[")]
    key, owner, among = None, "a spec", (*preamble(), *sections())
    if not steps:
        raise _unknown(place, place, owner, among)
    while steps:
        name = steps.pop(0)
        found = next((one for one in among if one.name == name), None)
        if found is None and key is not None and key.step.startswith(".") and _names_an_entry(name, steps, among):
            continue
        if found is None:
            raise _unknown(place, name, owner, among)
        key, owner, among = found, shown(found.place), found.keys
    assert key is not None, "there is a first step"
    return key


def _names_an_entry(name: str, steps: list[str], keys: tuple[SpecKey, ...]) -> bool:
    """Whether a step is a name that the author chose: one that more steps follow, or that is like none of the keys."""
    return name == ANY_NAME or bool(steps) or nearest(name, [key.name for key in keys]) is None


def _unknown(place: str, name: str, owner: str, among: tuple[SpecKey, ...]) -> InputError:
    names = [key.name for key in among]
    has = f"its keys are {listed(names)}" if names else "it has no keys"
    near = nearest(name, names)
    options = [key.place for key in among if key.name == near]
    options += [key.place for key in every_key() if key.name == name]
    remedy = f"did you mean {' or '.join(map(shown, dict.fromkeys(options)))}?" if options else ""
    return InputError(Problem(shown(place), f"{owner} has no key {shown(name)}; {has}", remedy))


def _parts(annotation: object) -> Iterator[object]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _parts(argument)


def _inside(rule: Rule) -> Rule:
    """The rule of one entry where the rule is of a list or of named entries, else the rule itself."""
    for step in (0, "any name"):
        below = rule.below(step)
        if below is not None and not rule.keys:
            return below
    return rule


def _mapping_in(rule: Rule) -> Rule:
    """The one alternative that has keys."""
    return next((branch for branch in rule.branches if branch.keys), rule)


def _below(rule: Rule, name: str) -> Rule:
    below = rule.below(name)
    assert below is not None, "the schema and the model name the same keys"
    return below


def _list(schema: Mapping[str, Any], rule: Rule) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    return f"a list of exactly {least}" if least is not None and least == most else rule.words


class _OneLine(yaml.SafeDumper):
    """Writes text that would break the line in double quotes, where it is escaped."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_OneLine.add_representer(str, _text)


def flow_yaml(value: object) -> str:
    """A value as YAML writes it on one line."""
    plain = list(value) if isinstance(value, tuple) else value
    options: dict[str, Any] = {"default_flow_style": True, "allow_unicode": True, "sort_keys": False}
    return str(yaml.dump(plain, Dumper=_OneLine, width=10_000_000, **options)).removesuffix("...\n").strip()


def _dig(value: Any, steps: list[str]) -> Any:
    """What stands at a place of an example; the first entry of a list, and of named entries, that has it; None for nothing."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if step == "[]" and isinstance(value, list):
        inside = value
    elif step == ANY_NAME and isinstance(value, dict):
        inside = list(value.values())
    else:
        inside = [value[step]] if isinstance(value, dict) and step in value else []
    return next((found for one in inside if (found := _dig(one, rest)) is not None), None)
