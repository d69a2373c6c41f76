"""What a spec may say, key by key, for a page of the site: read out of the spec's own classes, so that it cannot drift.

1. A section is a class of `spec.model`: its docstring becomes its words, its fields become keys, in their order.
2. A key is told by its field's description; its type, bounds and values by the words that error messages use for them
   (`spec.rules`); its default as YAML would write it.
3. Sections within sections follow the one that holds them, once each: a later key of the same class leads back there.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from reportgen.report.markup import Md, join_md, md, plain_md
from reportgen.spec.model import StudySpec
from reportgen.spec.rules import Rule

EXAMPLES: Mapping[str, str] = {
    "study": """\
study:
  id: landmarks
  title: Landmarks and their cities
  question: Do heads look at the landmark differently when its city is named rightly?
  authors: [Ada Lovelace]
  tags: [geography]
""",
    "model": """\
model:
  hub: openai-community/gpt2
  revision: 607a30d783dfa663caf39e06633721c8d4cfcd7e
""",
    "facts": """\
facts:
  relations:
    located in: {template: "The {subject} is located in the city of {object}"}
  items:
    - {subject: Colosseum, relation: located in, object: Rome}
    - {subject: Eiffel Tower, relation: located in, object: Paris}
  false_objects: derangement
""",
    "measure": """\
measure:
  query_position: last
  key_span: subject
  aggregation: sum
""",
    "contrasts": """\
contrasts:
  - id: truth
    title: True against false
    a: {name: "true", where: {truth: true}}
    b: {name: "false", where: {truth: false}}
""",
    "interactions": """\
interactions:
  - id: truth-by-continent
    title: Does the truth matter more in Europe than in Africa?
    contrast: truth
    x: {name: Europe, where: {continent: Europe}}
    y: {name: Africa, where: {continent: Africa}}
""",
    "doses": """\
doses:
  - id: margin
    title: The surer the model, the more attention?
    column: margin
""",
    "tests": """\
tests:
  headline: max_t
  alpha: 0.05
  smallest_effect: 0.01
  cluster: subject
""",
    "robustness": """\
robustness:
  aggregations: [sum, max]
  tests: [paired_t, wilcoxon]
""",
    "experiments": """\
experiments:
  checkpoints: {revision: "step{step}", range: {first: 1000, last: 143000, multiple: 1000}}
  across_models: {models: [{hub: openai-community/gpt2}]}
  object_attention: {}
  multi_hop:
    template: "The city of {object} is the capital of {subject}. As {subject} is in {continent}, {object} is in {continent}"
  knockout: {facts: 24, sizes: [1, 5, 20], ablations: [mean, zero]}
  entropy: {}
  relations: {}
  gradient: {facts: 60}
  few_shot: {shots: [0, 1, 2, 4], separator: newline}
  adversarial: {templates: ["Many people think that the answer is {other}, but they are wrong."]}
  dynamics: {}
  clustering: {by: scores, most: 8}
  attribution: {facts: 60, window: 5}
""",
    "expect": """\
expect:
  - heads: {least: 20, most: 60}
  - {head: L9H2, verdict: differs}
  - {head: L9H2, effect: 0.26, within: 0.05}
  - {head: L9H2, run: "2026-11-24", within: 0.02}
""",
    "replicates": """\
replicates:
  - claim: Twenty heads attend to the subject differently
    source: Name and Name 2026, table 2
    quantity: heads
    value: 20
    tolerance: 5
""",
    "report": """\
report:
  top_heads: 10
  examples: {continent: Europe}
""",
}
"""A piece of YAML for each section, which shows the way it is written more than everything that it can say."""

_Told = dict[type[BaseModel], str]
"""The sections told so far, each with its anchor."""

_LIST_ITEM = "- "
_STEPS: Mapping[object, str] = {tuple: "[]", dict: ".<name>"}


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
    top = Rule.of(StudySpec)
    return tuple(_section(name, field, _below(top, name), told) for name, field in StudySpec.model_fields.items())


def required_sections() -> tuple[str, ...]:
    """The sections without which a spec is none."""
    return Rule.of(StudySpec).required


@dataclass(frozen=True)
class _Leads:
    """The class that a field's values are made of, and how the place of one is written: `[]` in a list, `.<name>` among
    named ones, nothing where there is one alone."""

    section: type[BaseModel]
    step: str


def _section(name: str, field: FieldInfo, rule: Rule, told: _Told) -> SectionReference:
    leads = _leads_to(field)
    assert leads is not None, "every key of a spec leads to a section"
    place, own = f"{name}{leads.step}", _inside(rule)
    told[leads.section] = f"key-{_slug(name)}"
    within = tuple(_within(place, leads.section, own, told))
    return SectionReference(
        place=name,
        anchor=f"key-{_slug(name)}",
        summary=_words(field, name),
        words=_docstring(leads.section),
        many=bool(leads.step),
        example=EXAMPLES.get(name, ""),
        keys=_keys(place, leads.section, own, told),
        within=within,
    )


def _within(place: str, section: type[BaseModel], rule: Rule, told: _Told) -> Iterator[SectionReference]:
    """The sections that the keys of a section lead to and that were not told yet."""
    for name, field in section.model_fields.items():
        leads = _leads_to(field)
        if leads is None or leads.section in told:
            continue
        below, own = f"{place}.{name}{leads.step}", _inside(_below(rule, name))
        told[leads.section] = f"section-{_slug(below)}"
        yield SectionReference(
            place=below,
            anchor=told[leads.section],
            summary=Md(""),
            words=_docstring(leads.section),
            many=False,
            example="",
            within=tuple(_within(below, leads.section, own, told)),
            keys=_keys(below, leads.section, own, told),
        )


def _leads_to(field: FieldInfo) -> _Leads | None:
    """What the annotation of a field is made of: `tuple[ContrastSection, ...]` leads to contrasts in a list."""
    for part in _parts(field.annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return _Leads(part, _STEPS.get(get_origin(field.annotation), ""))
    return None


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


def _below(rule: Rule, name: str) -> Rule:
    below = rule.below(name)
    assert below is not None, "the schema and the model name the same keys"
    return below


def _keys(place: str, section: type[BaseModel], rule: Rule, told: _Told) -> tuple[KeyReference, ...]:
    return tuple(
        _key(f"{place}.{name}", field, _below(rule, name), told) for name, field in section.model_fields.items()
    )


def _key(place: str, field: FieldInfo, rule: Rule, told: _Told) -> KeyReference:
    words, leads = _words(field, place), _leads_to(field)
    if leads is not None:
        words = md("{words} Its keys stand [here](#{anchor}).", words=words, anchor=Md(told[leads.section]))
    return KeyReference(
        name=place.rpartition(".")[2],
        anchor=f"key-{_slug(place)}",
        words=words,
        kind=plain_md(_kind(rule)),
        default=_default(field, rule),
    )


def _words(field: FieldInfo, place: str) -> Md:
    """What a field is for: its title where it has one of its own, since its description may be that of its type."""
    words = field.title or field.description
    assert words, f"{place} has no description in spec.model"
    return plain_md(words)


def _docstring(section: type[BaseModel]) -> tuple[Md, ...]:
    """The paragraphs of a class's docstring, and the lists in it."""
    return tuple(_paragraph(text) for text in inspect.cleandoc(section.__doc__ or "").split("\n\n"))


def _paragraph(text: str) -> Md:
    if not text.startswith(_LIST_ITEM):
        return plain_md(text)
    items = re.split(rf"\n(?={_LIST_ITEM})", text)
    return join_md((md("- {item}", item=plain_md(item.removeprefix(_LIST_ITEM))) for item in items), "\n")


def _kind(rule: Rule) -> str:
    """What may stand there: "a number, above 0 and below 1", "a list, each entry one of `a`, `b`"."""
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


def _list(schema: Mapping[str, Any], rule: Rule) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    return f"a list of exactly {least}" if least is not None and least == most else rule.words


def _default(field: FieldInfo, rule: Rule) -> Md:
    """What holds where the key is left out, as YAML."""
    if field.is_required():
        return Md("required")
    value = field.default
    assert value is not PydanticUndefined, "defaults are values, not factories"
    if value is None or isinstance(value, BaseModel):
        return Md("optional")
    if value in ((), ""):
        return Md("default: empty")
    entry = rule.below(0)
    if isinstance(value, tuple) and entry is not None and value == entry.choices:
        return Md("default: all of them")
    return md("default: [{value}]{{.code}}", value=_as_yaml(value))


def _as_yaml(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return (
        yaml.safe_dump(plain, default_flow_style=True, width=10_000, allow_unicode=True).removesuffix("...\n").strip()
    )


def _slug(place: str) -> str:
    """`facts.items[].subject` as part of an address: facts-items-subject."""
    return re.sub(r"\[\]|\.<name>", "", place).replace(".", "-").replace("_", "-")
