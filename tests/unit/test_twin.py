"""`study.json`: its schema, its round trip, and the scripts' own idea of it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from reportgen.findings import conclude
from reportgen.report import twin as twins
from reportgen.report.twin import StudyTwin, schema_json, twin
from tests import planted

CONTRACT = Path(__file__).parents[2] / "explorer" / "src" / "data.ts"


@pytest.fixture(scope="module")
def written() -> str:
    """The twin of a study in which L1H2 stands out, L2H0 a little, and L0H0 cannot be tested."""
    made = planted.statements(40)
    scores = planted.values(made, {(1, 2): -0.1, (2, 0): 0.05})
    scores[:, 0, 0] = 0.5
    return twin(planted.results(made, scores), "2026-01-01").to_json()


@pytest.fixture(scope="module")
def data(written: str) -> Any:
    return json.loads(written)


def fits(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """Where an object's keys are not exactly those that its schema has and requires, all the way down."""
    schema = whole["$defs"][schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    found = []
    if "properties" in schema:
        if set(value) != set(schema["properties"]) or set(value) != set(schema["required"]):
            found.append(f"{at or 'top'}: {set(value) ^ (set(schema['properties']) & set(schema['required']))}")
        for key, part in schema["properties"].items():
            found += fits(value[key], part, whole, f"{at}.{key}")
    elif schema.get("type") == "array" and value:
        found += fits(value[0], schema["items"], whole, f"{at}[0]")
    return found


def test_the_round_trip_loses_nothing(written: str) -> None:
    assert StudyTwin.model_validate_json(written).to_json() == written


def test_its_keys_are_those_that_the_published_schema_requires(data: Any) -> None:
    schema = schema_json()
    assert fits(data, schema, schema) == []
    assert data["schema"] == "reportgen-study-1"


def test_the_schema_knows_its_own_dialect_and_name() -> None:
    assert schema_json()["$schema"].endswith("2020-12/schema")
    assert schema_json()["title"] == "A reportgen study"


def test_a_head_that_could_not_be_tested_is_null_and_nothing_else_is(data: Any, written: str) -> None:
    heads = data["contrasts"][0]["heads"]
    assert "NaN" not in written
    for column in (heads["p_value"], heads["standardized"], heads["adjusted"]["holm"]):
        assert [place for place, value in enumerate(column) if value is None] == [0]
    assert None not in heads["mean_a"]
    assert heads["verdict"][0].startswith("not tested: ")


def test_every_column_has_one_entry_a_head(data: Any) -> None:
    heads = data["contrasts"][0]["heads"]
    columns = {**heads, **heads.pop("adjusted")}
    columns.pop("adjusted")
    assert {name: len(column) for name, column in columns.items()} == dict.fromkeys(
        columns, planted.LAYERS * planted.HEADS
    )


def test_the_strongest_head_has_rank_1(data: Any) -> None:
    heads = data["contrasts"][0]["heads"]
    first, second = heads["rank"].index(1), heads["rank"].index(2)
    assert (first, second) == (1 * planted.HEADS + 2, 2 * planted.HEADS + 0)
    assert heads["effect"][first] == pytest.approx(-0.1, abs=0.015)
    assert [place for place, found in enumerate(heads["found"]) if found] == [first, second]
    assert sorted(heads["rank"]) == list(range(1, planted.LAYERS * planted.HEADS + 1))


def test_sets_name_statements_by_place_partners_row_by_row(data: Any) -> None:
    contrast, statements = data["contrasts"][0], data["statements"]
    a, b = contrast["a"]["statements"], contrast["b"]["statements"]
    assert all(statements[place]["truth"] for place in a)
    assert [statements[place]["pair"] for place in a] == [statements[place]["pair"] for place in b]
    assert len(a) == len(b) == 40


def test_numbers_are_those_of_the_scores(data: Any) -> None:
    made = planted.statements(40)
    scores = planted.values(made, {(1, 2): -0.1, (2, 0): 0.05})
    mean = scores[::2, 1, 2].astype(float).mean()
    assert data["contrasts"][0]["heads"]["mean_a"][6] == pytest.approx(mean, rel=1e-5)
    assert np.isclose(data["explorer"]["error"], 1 / 510)


MODELS: dict[str, type[BaseModel]] = {
    "StudyData": twins.StudyTwin,
    "Contrast": twins.ContrastAbout,
    "SetOfStatements": twins.SetAbout,
    "Heads": twins.HeadColumns,
    "Statement": twins.StatementAbout,
    "Explorer": twins.ExplorerAbout,
    "StudyData.study": twins.StudyAbout,
    "StudyData.model": twins.ModelAbout,
    "StudyData.measure": twins.MeasureAbout,
    "StudyData.tests": twins.TestsAbout,
    "Contrast.corrections": twins.CorrectionAbout,
    "Explorer.examples": twins.ExampleAbout,
}


def interfaces() -> dict[str, list[str]]:
    """The fields of every interface of the scripts' contract, and of each object spelled out inside one."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", CONTRACT.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = {}
    for name, body in re.findall(r"export interface (\w+) \{\n(.*?)\n\}", text, re.DOTALL):
        for field, inside in re.findall(r"(\w+)\??: \{([^}]*)\}", body):
            found[f"{name}.{field}"] = re.findall(r"(\w+)\??:", inside)
        found[name] = re.findall(r"(\w+)\??:", re.sub(r"\{[^}]*\}", "", body))
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_scripts_know_the_same_fields(name: str) -> None:
    fields = [field.alias or key for key, field in MODELS[name].model_fields.items()]
    assert interfaces()[name] == fields


def test_clusters_that_are_compared_in_pairs_are_told_so_though_their_statements_are_no_partners() -> None:
    made = planted.statements(40)
    results = planted.results(made, planted.values(made, {(1, 2): -0.1}))
    tests = planted.SPEC.tests.model_copy(update={"cluster": "subject"})
    spec = planted.SPEC.model_copy(update={"tests": tests})
    [found] = conclude(results.scores, made, spec)
    data = json.loads(twin(replace(results, findings=(found,)), "2026-01-01").to_json())
    contrast = data["contrasts"][0]
    assert (contrast["design"], contrast["compared"], contrast["n"]) == ("independent", "paired", "40 clusters")
