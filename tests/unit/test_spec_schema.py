"""The JSON Schema of specs: made from the classes, kept fresh beside the specs, and of one mind with the loader."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from reportgen.cli import main
from reportgen.errors import InputError
from reportgen.spec.load import load_spec
from reportgen.spec.reference import SpecKey, every_key
from reportgen.spec.schema import FILE, is_ours, modeline, schema_text, spec_schema

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "specs").rglob("*.yml"))
OF_BEFORE = sorted((ROOT / "tests" / "data" / "specs").rglob("*.yml"))
SCHEMA = spec_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
WHOLE = """
study: {id: s, title: T}
model: {hub: gpt2}
facts:
  relations: {r: {template: "{subject} is {object}"}}
  items: [{subject: A, relation: r, object: B}]
"""


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(part)


def wrong_in(text: str) -> list[str]:
    return sorted({error.json_path for error in VALIDATOR.iter_errors(yaml.safe_load(text))})


def test_it_is_a_schema_of_its_draft() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_no_null_is_offered_and_no_key_that_is_not_known() -> None:
    kinds = [node["type"] for node in nodes(SCHEMA) if isinstance(node.get("type"), str)]
    assert len(kinds) > 100
    assert "null" not in kinds
    assert not [node for node in nodes(SCHEMA) if "default" in node and node["default"] is None]
    assert all(section["additionalProperties"] is False for section in (SCHEMA, *SCHEMA["$defs"].values()))


@pytest.mark.parametrize("key", list(every_key()), ids=lambda key: key.place)
def test_every_key_has_its_title_its_words_and_an_example_that_may_stand_there(key: SpecKey) -> None:
    name = key.owner.__name__
    said = SCHEMA["$defs"].get(name, SCHEMA)["properties"][key.name]
    assert said["title"] == key.name
    assert said["description"].startswith(key.words)
    assert key.example
    for example in said["examples"]:
        valid = jsonschema.Draft202012Validator({**said, "$defs": SCHEMA["$defs"]})
        assert [error.message for error in valid.iter_errors(example)] == []


def test_a_form_stands_behind_what_a_key_is_for() -> None:
    said = SCHEMA["$defs"]["StudySection"]["properties"]["id"]
    assert said["description"].startswith("Names the study in addresses")
    assert said["description"].endswith(
        "Lower-case letters, digits and hyphens, 64 at most, not starting with a hyphen."
    )
    assert said["pattern"] == "^[a-z0-9][a-z0-9-]{0,63}$"


@pytest.mark.parametrize("path", [*SHIPPED, *OF_BEFORE], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_spec_that_is_read_is_valid(path: Path) -> None:
    assert wrong_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (WHOLE, []),
        (WHOLE + "tests: {alfa: 0.1}", ["$.tests"]),
        (WHOLE + "tests: {alpha: 5}", ["$.tests.alpha"]),
        (WHOLE + "tests: {cluster: }", ["$.tests.cluster"]),
        (WHOLE + "test: {}", ["$"]),
        (WHOLE + "contrasts: [{id: c, title: T, a: {name: x, where: {truth: true}}}]", ["$.contrasts[0]"]),
        (WHOLE.replace("title: T", "question: Q"), ["$.study"]),
        ("study: {id: s, title: T}\nmodel: {hub: gpt2}", ["$"]),
    ],
)
def test_it_finds_wrong_what_the_loader_finds_wrong(text: str, places: list[str], tmp_path: Path) -> None:
    assert wrong_in(text) == places
    (tmp_path / "s.yml").write_text(text)
    if places and "cluster: }" not in text:  # the loader lets an empty value pass; an editor may well mark it
        with pytest.raises(InputError):
            load_spec(tmp_path / "s.yml")
    else:
        load_spec(tmp_path / "s.yml")


def test_a_spec_that_extends_another_or_has_a_matrix_may_leave_out_what_others_must_have(tmp_path: Path) -> None:
    (tmp_path / "base.yml").write_text(WHOLE)
    (tmp_path / "s.yml").write_text("extends: base.yml\nstudy: {id: other}\n")
    assert load_spec(tmp_path / "s.yml").spec.study.title == "T"
    assert wrong_in((tmp_path / "s.yml").read_text()) == []
    assert wrong_in("study: {id: other}") == ["$", "$.study"]
    assert wrong_in(WHOLE.replace("model: {hub: gpt2}", "matrix: {model: {one: {hub: gpt2}, two: {hub: x}}}")) == []
    assert wrong_in("extends: base.yml\ntests: {alfa: 1}") == ["$.tests"]


def test_the_schema_beside_the_specs_is_of_today() -> None:
    fresh = (ROOT / "specs" / FILE).read_text(encoding="utf-8") == schema_text()
    assert fresh, "write it anew: reportgen schema --to specs/schema.json"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_spec_leads_editors_to_it(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix(modeline(""))
    assert first == modeline(named)
    assert (path.parent / named).resolve() == ROOT / "specs" / FILE


def test_it_is_printed_and_written(tmp_path: Path) -> None:
    printed = CliRunner().invoke(main, ["schema"])
    assert json.loads(printed.stdout) == SCHEMA
    written = CliRunner().invoke(main, ["schema", "--to", str(tmp_path / "new" / "schema.json")])
    assert written.exit_code == 0
    assert (tmp_path / "new" / "schema.json").read_text(encoding="utf-8") == printed.stdout
    assert modeline("schema.json") in written.stdout
    assert is_ours(tmp_path / "new" / "schema.json")
    assert not is_ours(tmp_path / "nothing.json")
