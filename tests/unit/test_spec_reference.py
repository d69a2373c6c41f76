"""The spec reference says every key of a spec, in its order, with what the model says of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reportgen.report.spec_reference import KeyReference, SectionReference, required_sections, spec_reference
from reportgen.spec.model import StudySpec
from reportgen.spec.rules import Rule

SCHEMA = StudySpec.model_json_schema()
SCHEMAS: dict[str, Any] = {**SCHEMA["$defs"], "StudySpec": SCHEMA}


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for inner in model.__subclasses__():
        yield inner
        yield from models(inner)


MODELS = {model.__name__: model for model in models(BaseModel) if model.__name__ in SCHEMAS}
FIELDS = [(name, key, field) for name, model in MODELS.items() for key, field in model.model_fields.items()]


def sections(among: tuple[SectionReference, ...]) -> Iterator[SectionReference]:
    for section in among:
        yield section
        yield from sections(section.within)


EVERY = tuple(sections(spec_reference()))
KEYS = {key.anchor: key for section in EVERY for key in section.keys}


def key(anchor: str) -> KeyReference:
    return KEYS[f"key-{anchor}"]


def forms() -> set[str]:
    """The descriptions that types bring along: of a pattern, as error messages quote it."""
    found = [part for schema in SCHEMAS.values() for part in schema["properties"].values()]
    branches = [branch for part in found for branch in part.get("anyOf", [part])]
    return {branch["description"] for branch in branches if "pattern" in branch}


@pytest.mark.parametrize(("section", "name", "field"), FIELDS, ids=[f"{model}.{name}" for model, name, _ in FIELDS])
def test_every_key_says_what_it_is_for(section: str, name: str, field: FieldInfo) -> None:
    words = field.title or field.description
    assert words, f"{section}.{name} has no description in reportgen/spec/model.py"
    assert words not in forms(), f"{section}.{name} says its form alone: give it a title that says what it is for"
    assert words[0].isupper() or words[0] == "`"
    assert words.endswith(".")
    assert words.count("`") % 2 == 0


def test_every_section_and_every_key_is_told_once_in_the_order_of_the_model() -> None:
    assert [section.place for section in spec_reference()] == list(StudySpec.model_fields)
    told = [tuple(key.name for key in section.keys) for section in EVERY]
    expected = {tuple(model.model_fields) for name, model in MODELS.items() if name != "StudySpec"}
    assert set(told) == expected
    assert len(told) == len(MODELS) - 1


def test_no_two_places_have_one_anchor() -> None:
    anchors = [*KEYS, *(section.anchor for section in EVERY)]
    assert sum(len(section.keys) for section in EVERY) == len(KEYS)
    shared = {anchor for anchor in anchors if anchors.count(anchor) > 1}
    assert shared == set()


def test_a_key_says_its_type_its_bounds_and_its_default() -> None:
    alpha = key("tests-alpha")
    assert (alpha.kind, alpha.default) == ("a number\\, above 0 and below 1", "default: [0\\.05]{.code}")
    assert key("study-title").default == "required"
    assert key("model-hub").default == "optional"
    assert key("study-authors").default == "default: empty"
    assert key("tests-corrections").default == "default: all of them"
    assert key("doses-where").default == "default: [\\{truth\\: true\\}]{.code}"
    assert key("measure-aggregation").kind == "one of [sum]{.code}\\, [mean]{.code}\\, [max]{.code}"
    assert key("replicates-interval").kind == "a list of exactly 2\\, each a number"
    assert key("facts-relations").kind == "a mapping\\, from names to mappings"


def test_a_key_that_leads_to_a_section_told_before_leads_back_to_it() -> None:
    for anchor in ("contrasts-a", "contrasts-b", "interactions-x", "interactions-y"):
        assert key(anchor).words.endswith("Its keys stand [here](#section-contrasts-a).")


def test_what_a_spec_needs_is_what_the_model_requires() -> None:
    assert required_sections() == ("study", "model", "facts")


def test_error_messages_still_quote_the_form_of_a_name_and_not_its_purpose() -> None:
    study = Rule.of(StudySpec).below("study")
    assert study is not None
    rule = study.below("id")
    assert rule is not None
    assert rule.words == "text of lower-case letters, digits and hyphens, 64 at most, not starting with a hyphen"
