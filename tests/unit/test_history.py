"""What the history keeps of runs, and that it is read back as it was, in order."""

import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from reportgen.history.folder import History, Runs
from reportgen.history.record import RunRecord, facts_digest, rounded
from tests.records import contrast, failed, inputs, run

DOCUMENT = Path(__file__).parents[2] / "docs" / "history-format.md"
CSV = b"subject,relation,object,truth,pair\nFrance,capital,Paris,true,p1\n"


def test_a_history_that_is_not_there_is_empty(tmp_path: Path) -> None:
    history = History(tmp_path / "none")
    assert history.runs("s") == Runs((), ())
    assert (history.names("s"), history.studies(), history.facts("s", "0" * 16)) == ((), (), None)


def test_runs_are_read_as_they_were_written_oldest_first(tmp_path: Path) -> None:
    history = History(tmp_path)
    runs = [run("2026-11-24"), failed("2026-11-25"), run("2026-12-01")]
    for record in random.Random(0).sample(runs, 3):
        history.append(record)
    assert history.runs("s") == Runs(tuple(runs), ())
    assert history.runs("s").finished == (runs[0], runs[2])


def test_runs_of_one_moment_keep_an_order_that_does_not_depend_on_when_they_were_written(tmp_path: Path) -> None:
    runs = [run(finding=f"{number}") for number in range(5)]
    for folder, order in (("a", runs), ("b", runs[::-1])):
        for record in order:
            History(tmp_path / folder).append(record)
    read = [History(tmp_path / folder).runs("s").records for folder in ("a", "b")]
    assert read[0] == read[1]
    assert len(read[0]) == 5


def test_a_file_is_named_after_its_moment_and_its_content(tmp_path: Path) -> None:
    path = History(tmp_path).append(run())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path == tmp_path / "s" / "runs" / f"2026-11-24T120000Z-{digest[:8]}.json"


def test_a_file_is_json_with_a_line_a_value_and_its_keys_in_order(tmp_path: Path) -> None:
    text = History(tmp_path).append(run(title="Étude")).read_text()
    read = json.loads(text)
    assert list(read) == sorted(read)
    assert '\n "title": "Étude"\n}\n' in text
    assert text.count("\n") > 6 * 4 * 2


def test_the_same_run_twice_is_one_file_and_no_write(tmp_path: Path) -> None:
    history = History(tmp_path)
    first = history.append(run())
    before = first.stat()
    assert history.append(run()) == first
    assert (first.stat().st_mtime_ns, first.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert history.names("s") == (first.name,)


def test_a_damaged_file_is_made_whole_when_its_run_is_kept_again(tmp_path: Path) -> None:
    history = History(tmp_path)
    path = history.append(run())
    path.write_bytes(path.read_bytes()[:100])
    assert history.runs("s").records == ()
    history.append(run())
    assert history.runs("s") == Runs((run(),), ())


def test_line_ends_that_git_turned_change_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    path = history.append(run())
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    history.keep_facts("s", CSV, facts_digest(CSV))
    (tmp_path / "s" / "facts" / f"{facts_digest(CSV)}.csv").write_bytes(CSV.replace(b"\n", b"\r\n"))
    assert history.runs("s") == Runs((run(),), ())
    assert history.facts("s", facts_digest(CSV)) == CSV.replace(b"\n", b"\r\n")


def test_names_and_studies_are_told_in_order(tmp_path: Path) -> None:
    history = History(tmp_path)
    paths = [history.append(run(day, study=study)) for study in ("b", "a") for day in ("2026-11-25", "2026-11-24")]
    (tmp_path / "no-study").mkdir()
    (tmp_path / "s.txt").write_text("")
    assert history.studies() == ("a", "b")
    assert history.names("a") == (paths[3].name, paths[2].name)


def test_facts_are_kept_under_their_hash(tmp_path: Path) -> None:
    history, digest = History(tmp_path), facts_digest(CSV)
    assert digest == hashlib.sha256(CSV).hexdigest()[:16]
    history.keep_facts("s", CSV, digest)
    history.keep_facts("s", CSV, digest)
    assert history.facts("s", digest) == CSV
    assert [path.name for path in (tmp_path / "s" / "facts").iterdir()] == [f"{digest}.csv"]
    with pytest.raises(ValueError, match="have the hash"):
        history.keep_facts("s", CSV + b"x", digest)


def test_what_a_later_version_adds_is_passed_over() -> None:
    values = json.loads(run().to_bytes())
    values["mood"] = "good"
    values["contrasts"][0]["colour"] = "blue"
    assert RunRecord.from_bytes(json.dumps(values).encode()) == run()


def test_numbers_are_kept_to_six_digits_and_what_is_none_as_null() -> None:
    assert [rounded(value) for value in (0.123456789, -1.23456789e-7, float("nan"), float("inf"), 0.0)] == [
        *(0.123457, -1.23457e-07, None, None, 0.0)
    ]


def test_a_head_has_its_place_and_a_place_its_head() -> None:
    found = contrast()
    assert [found.place(found.head(place)) for place in range(6)] == list(range(6))
    for stranger in ("L2H0", "L0H3", "L", "H1", "L-1H0", "L1", "9", "0H1", "L²H0"):
        with pytest.raises(ValueError, match="no head"):
            found.place(stranger)


@pytest.mark.parametrize(
    "changes",
    [
        {"finished": "2026-11-24"},
        {"finished": "2026-13-24T12:00:00Z"},
        {"finished": "2026-11-24T12:00:00+01:00"},
        {"captured": "yesterday"},
        {"inputs": None},
        {"contrasts": ()},
        {"outcome": "maybe"},
        {"format": "reportgen-run-2"},
    ],
)
def test_a_record_that_says_what_it_cannot_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        run(**changes)


@pytest.mark.parametrize(
    "changes", [{"effect": [0.1]}, {"found": ["L9H9"]}, {"layers": 0}, {"alpha": float("nan")}, {"adjusted": ["1"] * 6}]
)
def test_a_contrast_whose_columns_do_not_fit_its_model_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        contrast(**changes)


def test_the_name_of_facts_cannot_lead_out_of_the_history() -> None:
    with pytest.raises(ValidationError):
        inputs(facts="../../../secret")


def test_a_clock_that_went_backwards_shows_where_scores_are_younger_than_their_run() -> None:
    assert run(captured="2026-11-24T12:00:01Z").clock_was_wrong
    assert not run(captured="2026-11-24T12:00:00Z").clock_was_wrong
    assert not failed().clock_was_wrong


def models() -> list[type[BaseModel]]:
    """Every model of a record, the record first."""
    found: list[type[BaseModel]] = [RunRecord]
    definitions = RunRecord.model_json_schema()["$defs"]
    import reportgen.history.record as record

    return [*found, *(getattr(record, name) for name in definitions)]


def test_the_document_tells_every_field_of_every_model() -> None:
    text = DOCUMENT.read_text()
    for model in models():
        section = re.split(r"^#+ ", text, flags=re.MULTILINE)
        [told] = [part for part in section if part.startswith(f"`{model.__name__}`")]
        assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == list(model.model_fields), model.__name__


def test_the_example_in_the_document_is_a_record_under_its_name() -> None:
    text = DOCUMENT.read_text()
    [example] = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    record = RunRecord.from_bytes(example.encode())
    assert record.to_bytes() == example.encode()
    assert f"-{hashlib.sha256(example.encode()).hexdigest()[:8]}.json" in text
