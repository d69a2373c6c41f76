"""A history with files in it that are damaged, foreign or none: each is set aside by name, and the rest still reads."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.history.folder import History
from reportgen.history.record import facts_digest
from tests.records import failed, run

CONFLICT = b"<<<<<<< HEAD\n%s=======\n%s>>>>>>> other\n"
CSV = b"subject,relation,object,truth,pair\nFrance,capital,Paris,true,p1\n"


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A history of three runs, of which the second is to be damaged."""
    kept = History(tmp_path / "history")
    for record in (run("2026-11-23"), run("2026-11-24"), run("2026-11-25")):
        kept.append(record)
    return kept


def second(history: History) -> Path:
    return history.root / "s" / "runs" / history.names("s")[1]


def named_after_content(path: Path, content: bytes) -> Path:
    """A file with that content and a name that vouches for it."""
    digest = hashlib.sha256(content).hexdigest()[:8]
    other = path.with_name(f"{path.name[:18]}-{digest}.json")
    other.write_bytes(content)
    return other


def days(history: History) -> list[str]:
    return [record.day for record in history.runs("s").records]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda content: content[: len(content) // 2], "cut short or changed"),
        (lambda content: b"", "cut short or changed"),
        (lambda content: content + b" ", "cut short or changed"),
        (lambda content: content.replace(b"0.2,", b"0.3,", 1), "cut short or changed"),
        (lambda content: b"\x00" * len(content), "cut short or changed"),
        (lambda content: CONFLICT % (content, content), "the marks of a merge conflict"),
    ],
)
def test_a_damaged_run_is_set_aside_by_name(history: History, damage: Callable[[bytes], bytes], why: str) -> None:
    path = second(history)
    path.write_bytes(damage(path.read_bytes()))
    [told] = history.runs("s").set_aside
    assert path.name in told
    assert why in told
    assert days(history) == ["2026-11-23", "2026-11-25"]


def test_a_flipped_bit_is_found_wherever_it_is(history: History) -> None:
    path = second(history)
    whole, draw = path.read_bytes(), random.Random(7)
    for _ in range(200):
        at = draw.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << draw.randrange(8))]) + whole[at + 1 :])
        assert days(history) == ["2026-11-23", "2026-11-25"], at


def changed(**changes: object) -> bytes:
    return json.dumps({**json.loads(run().to_bytes()), **changes}).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (changed(format="reportgen-run-2"), "has the format `reportgen-run-2`, and this version of reportgen reads"),
        (changed(study="other"), "is a run of the study `other`, not of `s`"),
        (changed(finished="2026-11-24T12:00:01+00:00"), "was renamed"),
        (changed(title=7), "is not a record: `title` is missing or is not what a record holds there"),
        (changed(contrasts=[]), "is not a record"),
        (b"[1, 2]", "is not a record"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_file_that_is_whole_and_no_run_of_this_study_is_set_aside(history: History, content: bytes, why: str) -> None:
    path = named_after_content(second(history), content)
    [told] = history.runs("s").set_aside
    assert told.startswith(f"`{path.name}` ")
    assert why in told
    assert days(history) == ["2026-11-23", "2026-11-24", "2026-11-25"]


def test_links_folders_pipes_and_odd_names_are_set_aside_and_never_followed(history: History, tmp_path: Path) -> None:
    folder = second(history).parent
    secret = tmp_path / "secret"
    secret.write_bytes(run("2026-11-30").to_bytes())
    (folder / "2026-11-30T120000Z-00000000.json").symlink_to(secret)
    (folder / "2026-11-30T120000Z-00000001.json").mkdir()
    os.mkfifo(folder / "2026-11-30T120000Z-00000002.json")
    (folder / "copy of a run.json").write_bytes(secret.read_bytes())
    (folder / "evil\x1b[31m.json").write_bytes(b"{}")
    told = history.runs("s").set_aside
    assert len(told) == 5
    assert all(text.isprintable() for text in told)
    assert len(days(history)) == 3


def test_what_is_no_json_or_hidden_is_none_of_ours(history: History) -> None:
    folder = second(history).parent
    for name in (".gitkeep", ".partial-abc", ".hidden.json", "README.md", "a.json.orig", "a.json~"):
        (folder / name).write_bytes(b"<<<<<<< HEAD\n")
    assert history.runs("s").set_aside == ()
    assert len(history.names("s")) == 3


def test_a_file_where_the_folder_should_be_is_an_empty_history_and_refuses_runs(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    history = History(tmp_path)
    assert history.runs("s").records == ()
    assert history.studies() == ()
    with pytest.raises(StudyError, match="cannot be written"):
        history.append(run())


def test_damaged_facts_count_as_gone(tmp_path: Path) -> None:
    history, digest = History(tmp_path), facts_digest(CSV)
    history.keep_facts("s", CSV, digest)
    path = tmp_path / "s" / "facts" / f"{digest}.csv"
    path.write_bytes(CSV.replace(b"Paris", b"Lyon"))
    assert history.facts("s", digest) is None
    history.keep_facts("s", CSV, digest)
    assert history.facts("s", digest) == CSV
    assert history.facts("s", "../../secret") is None


def test_a_clock_that_goes_backwards_changes_the_order_and_breaks_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    for record in (run("2026-11-24"), failed("2020-01-01"), run("2026-11-25", captured="2031-01-01T00:00:00+00:00")):
        history.append(record)
    assert days(history) == ["2020-01-01", "2026-11-24", "2026-11-25"]
    assert [record.clock_was_wrong for record in history.runs("s").records] == [False, False, True]


WRITER = """
import sys
from pathlib import Path
from reportgen.history.folder import History
from tests.records import run
history = History(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10**6):
    history.append(run(finding=str(number)))
"""


def test_a_writer_killed_at_any_moment_leaves_whole_runs_alone(tmp_path: Path) -> None:
    draw = random.Random(1)
    for attempt in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / str(attempt))],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(draw.uniform(0.02, 0.1))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert History(tmp_path / str(attempt)).runs("s").set_aside == ()
