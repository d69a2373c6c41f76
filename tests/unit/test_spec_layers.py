"""One study from several texts: a spec that extends another, keys that the command line sets, a matrix of studies."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.errors import InputError
from reportgen.spec.extends import PATHS
from reportgen.spec.load import load_spec, load_specs
from reportgen.spec.matrix import slug
from reportgen.spec.model import SpecFile, StudySpec
from reportgen.spec.written_out import written_out
from reportgen.spec.yaml_source import read_yaml
from tests.unit.test_spec import FULLEST

BASE = """\
study: {id: base, title: Base, tags: [a, b]}
model: {folder: models/m}
facts:
  file: data/f.csv
  relations:
    capital: {template: "The capital of {subject} is {object}"}
    language: {template: "{subject} speaks {object}"}
tests: {alpha: 0.01, split: 0.5, corrections: [max_t, holm]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    (tmp_path / "specs").mkdir()
    (tmp_path / "shared" / "base.yml").write_text(BASE)
    return tmp_path


def spec_of(folder: Path, text: str) -> Path:
    path = folder / "specs" / "s.yml"
    path.write_text(text)
    return path


def read(folder: Path, text: str, *overrides: str) -> SpecFile:
    return load_spec(spec_of(folder, text), overrides)


def family(folder: Path, text: str, *overrides: str) -> tuple[SpecFile, ...]:
    return load_specs(spec_of(folder, text), overrides)


def again(file: SpecFile, folder: Path) -> StudySpec:
    """What the text of a study says by itself."""
    path = folder / "specs" / "again.yml"
    path.write_text(file.text)
    found = load_spec(path)
    assert found.text == file.text
    return found.spec


def test_a_spec_of_one_text_keeps_it_to_the_byte(tmp_path: Path) -> None:
    text = "# mine\r\n" + BASE + "\r\n"
    (tmp_path / "s.yml").write_bytes(text.encode())
    file = load_spec(tmp_path / "s.yml")
    assert (file.text, file.cell, file.overrides, file.name) == (text, "", (), "s.yml")


def test_mappings_merge_and_all_else_is_replaced(folder: Path) -> None:
    file = read(folder, "extends: ../shared/base.yml\nstudy: {id: mine, tags: [c]}\ntests: {corrections: [max_t]}\n")
    spec = file.spec
    assert (spec.study.id, spec.study.title, spec.study.tags) == ("mine", "Base", ("c",))
    assert (spec.tests.alpha, spec.tests.corrections) == (0.01, ("max_t",))
    assert list(spec.facts.relations) == ["capital", "language"]
    assert again(file, folder) == spec


def test_null_removes_what_the_base_has_and_is_checked_where_it_has_nothing(folder: Path) -> None:
    top = "extends: ../shared/base.yml\n"
    spec = read(folder, f"{top}tests: {{split: null, cluster: null}}\nfacts: {{relations: {{language: }}}}\n").spec
    assert spec.tests.split is None
    assert list(spec.facts.relations) == ["capital"]
    assert read(folder, f"{top}tests: null\n").spec.tests.alpha == 0.05
    with pytest.raises(InputError, match="`tests` has no key `slpit`"):
        read(folder, f"{top}tests: {{slpit: null}}\n")


def test_paths_start_where_they_are_written(folder: Path) -> None:
    spec = read(folder, "extends: ../shared/base.yml\n").spec
    assert (spec.model.folder, spec.facts.file) == ("../shared/models/m", "../shared/data/f.csv")
    spec = read(folder, "extends: ../shared/base.yml\nfacts: {file: data/own.csv}\nmodel: {folder: /m}\n").spec
    assert (spec.model.folder, spec.facts.file) == ("/m", "data/own.csv")


def test_paths_are_followed_through_a_chain_and_into_a_matrix(folder: Path) -> None:
    (folder / "shared" / "deep").mkdir()
    more = "experiments: {checkpoints: {folders: [x-1, x-2]}, across_models: {models: [{gguf: a.gguf}, {hub: b}]}}\n"
    matrix = "matrix:\n  model: {one: {folder: m1}, two: {folder: null, hub: h}}\n  facts.file: [a.csv, ../b.csv]\n"
    (folder / "shared" / "deep" / "next.yml").write_text(f"extends: ../base.yml\n{more}{matrix}")
    file, *others = family(folder, "extends: ../shared/deep/next.yml\n")
    spec = file.spec
    checkpoints, across = spec.experiments.checkpoints, spec.experiments.across_models
    assert checkpoints is not None
    assert across is not None
    assert checkpoints.folders == ("../shared/deep/x-1", "../shared/deep/x-2")
    assert [model.gguf for model in across.models] == ["../shared/deep/a.gguf", None]
    assert (spec.model.folder, spec.facts.file) == ("../shared/deep/m1", "../shared/deep/a.csv")
    assert others[0].spec.facts.file == "../shared/b.csv"
    assert (others[1].spec.model.folder, others[1].spec.model.hub) == (None, "h")
    assert "extends ../shared/deep/next.yml, ../shared/base.yml." in file.text
    assert str(folder) not in file.text


def test_every_key_whose_value_is_a_path_is_known_to_be_one() -> None:
    schema = StudySpec.model_json_schema()

    def found(node: dict[str, Any], at: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
        if "$ref" in node:
            return found(schema["$defs"][node["$ref"].rpartition("/")[2]], at)
        inside = set().union(*(found(part, at) for part in node.get("anyOf", ())))
        for key, part in node.get("properties", {}).items():
            if "relative path starts" in part.get("description", "").lower():
                inside.add((*at, key))
            inside |= found(part, (*at, key))
        return inside | (found(node["items"], (*at, 0)) if "items" in node else set())

    told = found(schema, ())
    assert {("facts", "file"), ("model", "folder")} < told
    assert told <= PATHS
    assert PATHS - told == {("experiments", "checkpoints", "folders", 0)}, "a list, which leans on what `folder` says"


def test_an_error_names_the_file_in_which_the_value_stands(folder: Path) -> None:
    (folder / "shared" / "base.yml").write_text(BASE.replace("alpha: 0.01", "alpha: 2"))
    with pytest.raises(InputError) as caught:
        read(folder, "extends: ../shared/base.yml\nmeasure:\n  aggregation: most\n", "tests.seed=-1", "model.hug=x")
    assert [problem.where for problem in caught.value.problems] == [
        "--set model.hug=x",
        "--set tests.seed=-1",
        f"{folder / 'specs' / '../shared/base.yml'}:8:16",
        f"{folder / 'specs' / 's.yml'}:3:16",
    ]


def test_what_is_set_is_read_as_yaml_and_stands_in_the_text(folder: Path) -> None:
    overrides = ("tests.alpha=0.1", "study.tags=[x, 'y']", "facts.relations={a.b: {template: '{subject} {object}'}}")
    file = read(folder, BASE, *overrides, "tests.split=", "study.title= A: 'b'", "study.title='A: b'")
    spec = file.spec
    assert (spec.tests.alpha, spec.tests.split, spec.study.title, spec.study.tags) == (0.1, None, "A: b", ("x", "y"))
    assert list(spec.facts.relations) == ["capital", "language", "a.b"]
    assert file.overrides[0] == "tests.alpha=0.1"
    assert file.text.splitlines()[0].startswith(
        "# Written out by reportgen from s.yml, with --set tests.alpha=0.1 --set"
    )
    assert again(file, folder) == spec


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "data/specs").glob("*/*.yml")), ids=lambda p: p.stem
)
def test_a_text_that_is_written_out_means_the_same(path: Path, tmp_path: Path) -> None:
    file = load_spec(path, ["study.abstract=\u0022two\\n\\nlines: # 'é'\u0022"])
    assert file.spec.study.abstract == "two\n\nlines: # 'é'"
    (tmp_path / "s.yml").write_text(file.text, encoding="utf-8")
    assert load_spec(tmp_path / "s.yml").spec == file.spec


PLAIN = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=PLAIN)
def test_whatever_is_written_out_is_read_back(value: Any, tmp_path: Path) -> None:
    shared = {"facts": {"one": value, "two": value}, "tests": value}
    path = tmp_path / "s.yml"
    path.write_text(written_out(shared, "n\nx: 1", ["b\r"], ["a=\n1"]), encoding="utf-8", newline="")
    if all(ok(part) for part in texts(value)):
        assert read_yaml(path).data == shared


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    return [text for part in value for text in texts(part)] if isinstance(value, tuple) else [str(value)]


def ok(text: str) -> bool:
    """What a spec can hold at all: half a surrogate pair and very long numbers are refused when they are read."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text) and len(text) < 300


def test_the_cells_of_a_matrix_are_every_combination_the_last_axis_fastest(folder: Path) -> None:
    axes = "matrix:\n  model: {Small one: {hub: a, folder: null}, big: {dtype: bfloat16}}\n  measure.aggregation: [sum, max]\n"
    files = family(folder, f"{BASE}{axes}")
    assert [file.cell for file in files] == ["small-one-sum", "small-one-max", "big-sum", "big-max"]
    assert [file.spec.study.id for file in files] == [f"base-{file.cell}" for file in files]
    first, last = files[0].spec, files[-1].spec
    assert first.study.title == "Base: Small one, sum"
    assert (first.model.hub, first.model.folder, first.measure.aggregation) == ("a", None, "sum")
    assert (last.model.folder, last.model.dtype, last.measure.aggregation) == ("models/m", "bfloat16", "max")
    assert last.study.family is not None
    assert last.study.family.model_dump() == {
        "id": "base",
        "title": "Base",
        "values": {"model": "big", "measure.aggregation": "max"},
    }
    for file in files:
        assert again(file, folder) == file.spec
        assert file.text.startswith(f"# Written out by reportgen from s.yml#{file.cell}.\n")


def test_an_axis_can_choose_the_facts(folder: Path) -> None:
    files = family(folder, f"{BASE}matrix:\n  facts.only.relation: [capital, language]\n")
    assert [file.spec.facts.only for file in files] == [{"relation": "capital"}, {"relation": "language"}]


def test_one_study_of_a_family_is_named_behind_the_file(folder: Path) -> None:
    path = spec_of(folder, f"{BASE}matrix:\n  measure.aggregation: [sum, max]\n")
    for name in ("max", "base-max"):
        (file,) = load_specs(path.with_name(f"s.yml#{name}"))
        assert (file.path, file.name, file.spec.study.id) == (path, "s.yml#max", "base-max")
    with pytest.raises(
        InputError, match=r"this is a family of 2 studies\n *name one of them: `s.yml#sum`, `s.yml#max`"
    ):
        load_spec(path)
    with pytest.raises(
        InputError, match=r"there is no study `mox` in it; there are `sum`, `max`\n.*did you mean `max`"
    ):
        load_spec(path.with_name("s.yml#mox"))
    path.write_text(BASE)
    with pytest.raises(InputError, match="there is no study `max` in it, it is one study"):
        load_spec(path.with_name("s.yml#max"))
    odd = path.rename(path.with_name("a#b.yml"))
    assert load_spec(odd).name == "a#b.yml"


def test_what_is_set_reaches_every_cell_and_changes_the_matrix_itself(folder: Path) -> None:
    text = f"{BASE}matrix:\n  measure.aggregation: [sum, max]\n  model: {{a: {{hub: x, folder: null}}, b: {{}}}}\n"
    assert {file.spec.tests.alpha for file in family(folder, text, "tests.alpha=0.2")} == {0.2}
    assert {file.spec.model.dtype for file in family(folder, text, "model.dtype=float32")} == {"float32"}
    assert [file.cell for file in family(folder, text, "matrix.model.a=")] == ["sum-b", "max-b"]
    assert [file.spec.study.id for file in family(folder, text, "matrix=null", "study.id=alone")] == ["alone"]


def test_a_flaw_is_told_once_and_says_in_which_cells_it_is(folder: Path) -> None:
    axes = "matrix:\n  model: {a: {hub: x}, b: {}}\n  measure.aggregation: [sum, max]\n"
    with pytest.raises(InputError) as caught:
        family(folder, BASE.replace("alpha: 0.01", "alpha: 3") + axes)
    assert [problem.message for problem in caught.value.problems] == [
        "a model comes from exactly one of `hub`, `folder`, `gguf`, `package`; got `hub` and `folder` "
        "(in the cells `a-sum`, `a-max`)",
        "`tests.alpha` must be a number, above 0 and below 1; got the whole number 3",
    ]


@pytest.mark.parametrize(
    ("name", "expected"), [("GPT-2 small", "gpt-2-small"), ("Zürich", "zurich"), ("0.05", "0-05"), ("+", "")]
)
def test_a_name_becomes_part_of_an_id(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_the_fullest_spec_comes_through_a_base_unchanged(tmp_path: Path) -> None:
    (tmp_path / "full.yml").write_text(FULLEST)
    (tmp_path / "s.yml").write_text("extends: full.yml\n")
    file = load_spec(tmp_path / "s.yml")
    assert file.spec == load_spec(tmp_path / "full.yml").spec
    assert yaml.safe_load(file.text) == json.loads(json.dumps(yaml.safe_load(FULLEST)))


def test_the_family_of_the_how_to_page_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "templates/site/pages/how-to.qmd.j2").read_text()
    for name, text in re.findall(r'```\{\.yaml filename="(.+?)"\}\n(.*?)```', page, re.DOTALL):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    files = load_specs(tmp_path / "specs" / "landmarks.yml")
    assert len(files) == 8
    assert files[-1].spec.study.id == "landmarks-gpt-2-built-in-max"
    assert files[-1].cell in page
    assert files[-1].spec.facts.file == "shared/landmarks.csv"
