"""What the vocabulary allows at each place of a spec, in words.

The models say it once; here it is read back from their JSON schema, so that an error can never name a value,
a bound or a key that the models do not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from reportgen.spec.wording import Loc, Plain, listed

_BOUNDS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "above"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "below"),
)


@dataclass(frozen=True)
class Rule:
    """What may stand at one place: a node of the JSON schema, together with what its references lead to."""

    schema: Mapping[str, Any]
    definitions: Mapping[str, Any]

    @classmethod
    def of(cls, model: type[BaseModel]) -> "Rule":
        schema = _schema(model)
        return cls(schema, schema.get("$defs", {}))

    @property
    def branches(self) -> tuple["Rule", ...]:
        """The alternatives; `null` is none, since a key with nothing behind it is as good as no key."""
        options = self.schema.get("anyOf", (self.schema,))
        return tuple(self._rule(option) for option in options if option.get("type") != "null")

    @property
    def kinds(self) -> frozenset[str]:
        """The JSON types allowed: string, number, integer, boolean, array, object."""
        return frozenset(branch.schema["type"] for branch in self.branches)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._single.get("properties", ()))

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(self._single.get("required", ()))

    @property
    def choices(self) -> tuple[str, ...]:
        single = self._single
        return tuple(single.get("enum", [single["const"]] if "const" in single else ()))

    @property
    def pattern(self) -> str | None:
        return self._single.get("pattern")

    @property
    def words(self) -> str:
        """One noun phrase for all that is allowed: "a number, above 0 and below 1"."""
        if self.choices:
            return f"one of {listed(self.choices)}" if len(self.choices) > 1 else listed(self.choices)
        phrases = [_phrase(branch.schema) for branch in self.branches]
        if "a number" in phrases and "a whole number" in phrases:
            phrases.remove("a whole number")
        return ", ".join(phrases[:-1]) + ", or " + phrases[-1] if phrases[1:] else phrases[0]

    def below(self, step: str | int) -> "Rule | None":
        """The rule one step further down; None where the vocabulary knows no such step."""
        properties, single = self._single.get("properties", {}), self._single
        if step in properties:
            return self._rule(properties[step])
        rest = single.get("items") if isinstance(step, int) else single.get("additionalProperties")
        return self._rule(rest) if isinstance(rest, Mapping) else None

    def branch_for(self, value: Plain) -> "Rule":
        """The one alternative whose shape the value has; the rule itself for a scalar."""
        if not isinstance(value, tuple):
            return self
        return next((branch for branch in self.branches if branch.schema["type"] == "array"), self)

    @property
    def _single(self) -> Mapping[str, Any]:
        return self.branches[0].schema if len(self.branches) == 1 else {}

    def _rule(self, schema: Mapping[str, Any]) -> "Rule":
        if "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return Rule(schema, self.definitions)


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    """Made once: a family of studies asks for it in every cell that has an error."""
    return model.model_json_schema()


def meant(loc: Loc, data: Plain, rule: Rule) -> tuple[Loc, Rule]:
    """The loc without the names that pydantic gives to a union's branches, and the rule that it leads to.

    A branch's name can look like a key of the data (`str`): only the rule can tell whether a step is one.
    """
    kept: Loc = ()
    for step in loc:
        if len(rule.branches) > 1:
            rule = rule.branch_for(data)
            continue
        below = rule.below(step)
        if below is None:
            break
        kept, rule, data = (*kept, step), below, _inside(data, step)
    return kept, rule


def rule_at(loc: Loc, data: Plain, rule: Rule) -> Rule:
    """The rule for a value of the data; the last one known where the vocabulary knows no such value."""
    for step in loc:
        below = rule.branch_for(data).below(step)
        if below is None:
            break
        rule, data = below, _inside(data, step)
    return rule


def _inside(data: Plain, step: str | int) -> Plain:
    if isinstance(data, dict) and isinstance(step, str):
        return data.get(step)
    return data[step] if isinstance(data, tuple) and isinstance(step, int) else None


def value_at(data: Plain, loc: Loc) -> Plain:
    """The value that the loc leads to; None where it leads nowhere."""
    for step in loc:
        data = _inside(data, step)
    return data


def _phrase(schema: Mapping[str, Any]) -> str:
    match schema["type"]:
        case "string":
            return _text_phrase(schema)
        case "boolean":
            return "true or false"
        case "array":
            return _list_phrase(schema)
        case "object":
            return _mapping_phrase(schema)
        case kind:
            return ("a whole number" if kind == "integer" else "a number") + _bounds(schema)


def _text_phrase(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        return f"text of {schema['description']}"
    return "text that is not empty" if schema.get("minLength") else "text"


def _mapping_phrase(schema: Mapping[str, Any]) -> str:
    if schema.get("additionalProperties") is False and not schema.get("properties"):
        return "`{}`, a mapping without keys"
    if "properties" in schema:
        return f"a mapping with keys among {listed(schema['properties'])}"
    return "a mapping" + _not_empty(schema.get("minProperties"))


def _list_phrase(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    return f"a list of {least}" if least and least == most else "a list" + _not_empty(least)


def _not_empty(least: int | None) -> str:
    return " with at least one entry" if least else ""


def _bounds(schema: Mapping[str, Any]) -> str:
    bounds = [f"{word} {schema[key]:.7g}" for key, word in _BOUNDS if key in schema]
    return ", " + " and ".join(bounds) if bounds else ""
