"""Locks that are damaged, foreign or in the way, and requests for power that have no answer: each a named error."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from scipy import stats

from reportgen.cli import main
from reportgen.errors import InputError
from reportgen.locking import lock_beside, read_lock
from tests import small

FACTS = [("France", "Paris"), ("Italy", "Rome"), ("Japan", "Tokyo"), ("Spain", "Madrid")]


def spec(more: str = "", title: str = "T") -> str:
    items = "".join(f"    - {{subject: {subject}, relation: r, object: {object_}}}\n" for subject, object_ in FACTS)
    return (
        f"study: {{id: s, title: {title}}}\nmodel: {{folder: model}}\nfacts:\n  relations:\n"
        f'    r: {{template: "The capital of {{subject}} is {{object}}"}}\n  items:\n{items}'
        f"tests: {{headline: holm, corrections: [none, holm]{more}}}\n"
    )


@pytest.fixture
def folder(tmp_path: Path, small_model: Path) -> Path:
    """A spec with its model, an empty site and an empty cache."""
    (tmp_path / "model").symlink_to(small_model)
    (tmp_path / "s.yml").write_text(spec())
    return tmp_path


def run(folder: Path, command: str, *arguments: str) -> Result:
    site = ("--site", str(folder / "site")) if command == "lock" else ()
    return CliRunner().invoke(
        main, [command, str(folder / "s.yml"), "--cache", str(folder / "cache"), *site, *arguments]
    )


def locked(folder: Path) -> Path:
    result = run(folder, "lock")
    assert result.exit_code == 0, result.output
    return folder / "s.lock.json"


def test_a_lock_is_written_once_and_then_only_again(folder: Path) -> None:
    path = locked(folder)
    before = path.read_bytes()
    assert not read_lock(path).after_results
    refused = run(folder, "lock")
    assert refused.exit_code == 2
    assert re.search(r"s\.lock\.json: the study was locked on \d{4}-\d\d-\d\d already\n +Lock it again", refused.output)
    assert path.read_bytes() == before
    assert run(folder, "lock", "--again").exit_code == 0
    assert [one.date for one in read_lock(path).history] == [json.loads(before)["date"]]


def test_a_lock_says_plainly_that_results_exist(folder: Path) -> None:
    card = {
        **dict.fromkeys(("spec", "title", "question", "model", "finding", "date", "n", "key"), "x"),
        "id": "s",
    }
    (folder / "site" / "_site" / "studies" / "s").mkdir(parents=True)
    (folder / "site" / "_site" / "studies" / "s" / "card.json").write_text(json.dumps(card))
    result = run(folder, "lock")
    assert result.exit_code == 0
    assert "Results of this study exist already" in result.output
    assert read_lock(folder / "s.lock.json").after_results


def test_a_spec_that_cannot_be_planned_is_not_locked(folder: Path) -> None:
    (folder / "s.yml").write_text(spec().replace("holm]", "holmes]"))
    result = run(folder, "lock")
    assert result.exit_code == 2
    assert "did you mean `holm`" in result.output
    assert not (folder / "s.lock.json").exists()


DAMAGES: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "not JSON": lambda text: "lock: yes",
    "another JSON": lambda text: '{"name": "package", "lockfileVersion": 3}',
    "a list": lambda text: "[]",
    "a part missing": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "parts"}),
    "a key too many": lambda text: text.replace('"study"', '"extra": 1,\n "study"'),
    "another type": lambda text: text.replace('"after_results": false', '"after_results": "no"'),
    "too deep": lambda text: "[" * 100_000,
    "not UTF-8": lambda text: "\udcff" + text,
    "a null byte": lambda text: text.replace("s", "\0", 1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_foreign_lock_is_named_and_never_overwritten(folder: Path, damage: Callable[[str], str]) -> None:
    path = locked(folder)
    path.write_bytes(damage(path.read_text()).encode(errors="surrogateescape"))
    damaged = path.read_bytes()
    with pytest.raises(InputError, match=r"s\.lock\.json: this is not a lock that `reportgen lock` wrote") as caught:
        lock_beside(folder / "s.yml")
    assert "delete it" in str(caught.value)
    again = run(folder, "lock", "--again")
    assert again.exit_code == 2
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"alpha": 0.05', '"alpha": 0.01'),
        ('"date": "20', '"date": "19'),
        ('"after_results": false', '"after_results": true'),
        ('"history": []', '"history": [{"date": "2020-01-01", "after_results": false}]'),
    ],
)
def test_a_lock_that_was_changed_by_hand_says_so(folder: Path, old: str, new: str) -> None:
    path = locked(folder)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match="changed after it was written"):
        read_lock(path)


def test_a_lock_that_is_a_folder_is_named(folder: Path) -> None:
    (folder / "s.lock.json").mkdir()
    result = run(folder, "lock")
    assert result.exit_code == 2
    assert re.search(r"s\.lock\.json: the lock cannot be read", result.output)


def test_power_needs_no_model_where_the_spread_is_stated(folder: Path) -> None:
    result = run(folder, "power", "--pairs", "50,500", "--sd", "8.5", "--effect", "2")
    assert result.exit_code == 0, result.output
    assert not list((folder / "cache").glob("scores/*"))
    rows = [line.split() for line in result.stdout.splitlines()]
    assert [row[0] for row in rows[-2:]] == ["50", "500"]
    for row in rows[-2:]:
        # Nearly: the critical value and the 80 % quantile of a normal one, in standard errors.
        critical, n = stats.t.isf(0.05 / (small.LAYERS * small.HEADS) / 2, int(row[0]) - 1), int(row[0])
        assert float(row[1]) == pytest.approx((critical + 0.8416) * 8.5 / n**0.5, rel=0.02)
        assert row[1] == row[2] == row[3]
    assert f"Holm over {small.LAYERS * small.HEADS} heads" in result.stdout


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("", "not a list of up to 20 different whole numbers"),
        ("50,,100", "not a list"),
        ("50;100", "not a list"),
        ("50 100", "not a list"),
        ("1e3", "not a list"),
        ("-5", "not a list"),
        ("50.5", "not a list"),
        ("50,50", "different"),
        ("٥٠", "not a list"),
        ("nan", "not a list"),
        (",".join(map(str, range(2, 30))), "up to 20"),
        ("9" * 5000, "not a list"),
        ("1", "must lie between 2 and 10,000,000"),
        ("0,50", "must lie between 2 and 10,000,000"),
        ("50,10000001", "must lie between 2 and 10,000,000"),
    ],
)
def test_bad_lists_of_pairs_are_usage_errors(folder: Path, pairs: str, message: str) -> None:
    result = run(folder, "power", f"--pairs={pairs}", "--sd", "8")
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert len(result.output) < 1000


@pytest.mark.parametrize("option", ["--sd", "--effect"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "101", "x", "", "8,5", "1e400"])
def test_bad_points_are_usage_errors(folder: Path, option: str, value: str) -> None:
    result = run(folder, "power", "--pairs", "50", f"{option}={value}")
    assert result.exit_code == 2
    assert "is not a number of points of attention" in " ".join(result.output.split())


def test_power_without_pairs_or_spec_is_a_usage_error(folder: Path) -> None:
    assert run(folder, "power").exit_code == 2
    assert CliRunner().invoke(main, ["power", "--pairs", "50"]).exit_code == 2
    missing = CliRunner().invoke(main, ["power", str(folder / "no.yml"), "--pairs", "50"])
    assert missing.exit_code == 2
    assert "no.yml" in missing.output


def test_too_few_statements_for_two_sets_are_named(folder: Path) -> None:
    (folder / "s.yml").write_text(spec(", test: welch"))
    result = run(folder, "power", "--pairs", "3,50", "--sd", "8")
    assert result.exit_code == 2
    assert "3 statements cannot be tested" in result.output
    assert "Ask for 4 or more" in result.output


def test_a_spread_cannot_be_stated_for_sets_that_the_model_decides(folder: Path) -> None:
    recalled = "a: {name: a, where: {recalled: true}}, b: {name: b, where: {recalled: false}}"
    (folder / "s.yml").write_text(spec() + f"contrasts: [{{id: c, title: C, {recalled}}}]\n")
    result = run(folder, "power", "--pairs", "50", "--sd", "8")
    assert result.exit_code == 1
    assert "goes by what the model knows" in result.output
