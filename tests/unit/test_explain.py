"""Keys explained at a terminal, and specs as they will be used."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from reportgen.cli import main
from reportgen.errors import InputError
from reportgen.spec.load import load_spec, load_specs
from reportgen.spec.model import StudySpec
from reportgen.spec.reference import every_key, find_key, flow_yaml
from reportgen.spec.resolved import resolved_lines

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").rglob("*.yml"), *(ROOT / "tests" / "data" / "specs").rglob("*.yml")])


def explain(*arguments: str, width: int = 100) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments], env={"COLUMNS": str(width)})


@pytest.mark.parametrize("place", [key.place for key in every_key()])
def test_every_key_is_found_and_told_whole_and_within_the_width(place: str) -> None:
    key = find_key(place)
    told = explain(place, width=72)
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0] == key.place == place
    assert key.words.split()[0] in told.stdout
    assert "default  " in told.stdout
    example = lines.index("  example")
    words = [line for line in lines[:example] if " " in line.strip()]
    assert max(map(len, words)) <= 72
    assert yaml.safe_load("\n".join(lines[example + 1 : example + 1 + len(key.example.splitlines())]))
    for below in key.keys:
        assert any(line.split()[:1] == [below.name] for line in lines[example:])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("contrasts[0].a.where", "contrasts[].a.where"),
        ("contrasts.a", "contrasts[].a"),
        ("facts.relations.capital.template", "facts.relations.<name>.template"),
        ("facts.relations.template", "facts.relations.<name>.template"),
        ("facts.relations.located in", "facts.relations"),
        (" tests.headline ", "tests.headline"),
    ],
)
def test_a_place_is_understood_as_authors_write_it(written: str, meant: str) -> None:
    assert find_key(written).place == meant


@pytest.mark.parametrize(
    ("written", "owner", "near"),
    [
        ("tests.headlin", "`tests` has no key `headlin`", "`tests.headline`"),
        ("test.alpha", "a spec has no key `test`", "`tests`"),
        ("alpha", "a spec has no key `alpha`", "`tests.alpha`"),
        ("facts.relations.tempalte", "`facts.relations` has no key `tempalte`", "`facts.relations.<name>.template`"),
        ("experiments.knock_out.sizes", "`experiments` has no key `knock_out`", "`experiments.knockout`"),
        ("tests.alpha.zzz", "`tests.alpha` has no key `zzz`; it has no keys", ""),
        ("", "a spec has no key ``", ""),
        ("[0]", "a spec has no key", ""),
        ("\x1b[31m", "a spec has no key", ""),
    ],
)
def test_a_misspelt_key_is_refused_with_what_is_near(written: str, owner: str, near: str) -> None:
    told = explain(written)
    assert told.exit_code == 2
    assert owner in told.stderr
    assert (f"did you mean {near}" in told.stderr) if near else "did you mean" not in told.stderr
    assert "\x1b" not in told.stderr


def test_without_a_key_every_section_is_listed() -> None:
    listed = [line.split()[0] for line in explain().stdout.splitlines() if line.startswith("  ") and line[2] != " "]
    assert listed == [*StudySpec.model_fields, "version", "extends", "matrix"]


def test_what_may_stand_there_and_the_default_are_said() -> None:
    told = " ".join(explain("tests.alpha").stdout.split())
    assert "may be a number, above 0 and below 1 default 0.05" in told
    assert "none: the key is required" in explain("study.title").stdout
    assert "all of them" in explain("tests.corrections").stdout
    assert "none: the key may be left out" in explain("tests.cluster").stdout


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_spec_with_its_defaults_is_the_same_spec(path: Path, tmp_path: Path) -> None:
    for spec in (file.spec for file in load_specs(path)):
        text = "\n".join(resolved_lines(spec))
        (tmp_path / "s.yml").write_text(text, encoding="utf-8")
        again = load_spec(tmp_path / "s.yml").spec
        assert again == spec
        assert "\n".join(resolved_lines(again)).replace("  # default", "") == text.replace("  # default", "")


def test_defaults_are_marked_and_what_the_author_wrote_is_not() -> None:
    lines = explain(str(ROOT / "specs" / "notebook.yml"), "--set", "tests.alpha=0.01").stdout.splitlines()
    assert "  headline: holm" in lines
    assert "  alpha: 0.01" in lines
    assert "  resamples: 10000  # default" in lines
    assert "  query_position: last  # default" in lines


def test_a_family_is_told_study_by_study(tmp_path: Path) -> None:
    text = (ROOT / "specs" / "notebook.yml").read_text(encoding="utf-8")
    (tmp_path / "f.yml").write_text(text + "\nmatrix: {measure.aggregation: [sum, max]}\n", encoding="utf-8")
    told = list(yaml.safe_load_all(explain(str(tmp_path / "f.yml")).stdout))
    assert [study["measure"]["aggregation"] for study in told] == ["sum", "max"]


def test_a_spec_that_is_wrong_or_not_there_is_named() -> None:
    told = explain("nowhere.yml")
    assert told.exit_code == 2
    assert "nowhere.yml" in told.stderr


@pytest.mark.parametrize(
    "text", ["a: b", "x # y", "two\nlines", "tab\there", "\u2028", "no", "1", "", "{subject}", "é", "😀"]
)
def test_any_text_is_written_on_one_line_and_read_back(text: str) -> None:
    written = flow_yaml({"key": text, text: [text]})
    assert "\n" not in written
    assert yaml.safe_load(written) == {"key": text, text: [text]}


def test_a_place_with_no_steps_is_none() -> None:
    with pytest.raises(InputError):
        find_key("...")
