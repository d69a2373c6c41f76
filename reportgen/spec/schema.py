"""The JSON Schema (draft 2020-12) of specs, for editors: what pydantic makes of the spec's classes, put right in four ways.

1. A key says what it is for. Where its type brings a description of its form, that follows.
2. `null` is offered nowhere: a key without a value is a key that is left out.
3. Titles are the keys themselves, so that an editor heads what it shows with them; sections have no defaults of their own,
   since each of their keys has one.
4. Every key has an example, the one that `reportgen explain` shows.
5. A file that extends another, or whose matrix says the rest, may leave out what any other must have: so what sections
   require that stand once is asked for on that condition alone.

What no schema can say, such as that a model comes from exactly one place, `reportgen check` says.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reportgen.spec.model import StudySpec
from reportgen.spec.preamble import Preamble
from reportgen.spec.reference import SpecKey, every_key, sections

FILE = "schema.json"
"""The name of the schema beside specs."""

PUBLISHED = "spec.schema.json"
"""Its name among the assets of a site."""

TITLE = "A study of attention heads, as reportgen reads it"

_COMBINED = ("anyOf", "allOf", "oneOf")


def spec_schema() -> dict[str, Any]:
    """The schema as JSON has it."""
    made = _without_nulls(StudySpec.model_json_schema())
    definitions: dict[str, Any] = made.pop("$defs")
    made["properties"] = {**_without_nulls(Preamble.model_json_schema())["properties"], **made["properties"]}
    _tell_keys(made, definitions)
    for name, definition in definitions.items():
        definition["title"] = _spaced(name)
    required = _required(sections(), made.pop("required"))
    _ask_on_condition_alone(sections(), definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": TITLE,
        "if": {"anyOf": [{"required": ["extends"]}, {"required": ["matrix"]}]},
        "then": {},
        "else": required,
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(spec_schema(), indent=1, ensure_ascii=False) + "\n"


def modeline(schema: str) -> str:
    """The line at the head of a spec by which editors find its schema, a path beside the spec or an address."""
    return f"# yaml-language-server: $schema={schema}"


def is_ours(path: Path) -> bool:
    """Whether a file is this schema, maybe of another version."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("title") == TITLE


def _tell_keys(top: dict[str, Any], definitions: Mapping[str, Any]) -> None:
    """Give each key its title, its words and its example."""
    for key in every_key():
        owner = top if key.owner in (StudySpec, Preamble) else definitions[key.owner.__name__]
        said = owner["properties"][key.name]
        form = key.field.description if key.field.title is not None else None
        said["description"] = " ".join(filter(None, (key.words, form and f"{form[0].upper()}{form[1:]}.")))
        said["title"] = key.name
        if key.section is not None and not key.step:
            said.pop("default", None)
        if "examples" not in said and key.example_value is not None:
            said["examples"] = [key.example_value]


def _required(keys: Iterable[SpecKey], names: Sequence[str]) -> dict[str, Any]:
    """What is required of these keys, and of those below them that stand once."""
    below = {key.name: found for key in keys if (found := _required_in(key))}
    asked = {"required": list(names)} if names else {}
    return {**asked, "properties": below} if below else asked


def _required_in(key: SpecKey) -> dict[str, Any]:
    if key.section is None or key.step == "[]":
        return {}
    found = _required(key.keys, [one.name for one in key.keys if one.field.is_required()])
    return {"additionalProperties": found} if found and key.step else found


def _ask_on_condition_alone(keys: Iterable[SpecKey], definitions: Mapping[str, Any]) -> None:
    """Take out of the sections that stand once what `_required` asks for."""
    for key in keys:
        if key.section is not None and key.step != "[]":
            definitions[key.section.__name__].pop("required", None)
            _ask_on_condition_alone(key.keys, definitions)


def _without_nulls(node: Any) -> Any:
    """The schema without null among its types and defaults; of two choices the one that is left stands in their place."""
    if isinstance(node, list):
        return [_without_nulls(part) for part in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _without_nulls(part) for name, part in node.items() if not (name == "default" and part is None)}
    for name in _COMBINED:
        choices = [part for part in kept.get(name, ()) if part != {"type": "null"}]
        if len(choices) == 1:
            del kept[name]
            kept = {**choices[0], **kept}
        elif choices:
            kept[name] = choices
    return kept


def _spaced(name: str) -> str:
    """A class's name as words: TestsSection is "Tests section"."""
    return "".join(f" {letter.lower()}" if letter.isupper() and place else letter for place, letter in enumerate(name))
