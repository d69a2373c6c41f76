"""`reportgen init` among weird answers, at a terminal that goes away, and where nothing can be written."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from reportgen.cli import main
from reportgen.spec.load import load_spec
from tests.place import contents

HEADER = "subject,relation,object\n"
FACTS = HEADER + "France,capital,Paris\nItaly,capital,Rome\nSpain,capital,Madrid\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> Result:
    """The command where nobody can be asked; any error that is not told to the user fails the test."""
    return CliRunner().invoke(main, ["init", "--model", "hub:gpt2", *arguments], catch_exceptions=False)


class Terminal:
    """A terminal that the command believes a person sits at."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self.process, self.end, self.seen = process, end, ""

    def wait_for(self, words: str) -> None:
        """Read until the words were said."""
        until = time.monotonic() + 30
        while words not in self.seen and time.monotonic() < until and self._read():
            pass
        assert words in self.seen, self.seen
        self.seen = self.seen.partition(words)[2]

    def type(self, text: bytes) -> None:
        os.write(self.end, text)

    def ended(self) -> int:
        while self._read():
            pass
        return self.process.wait(timeout=30)

    def _read(self) -> bool:
        if not select.select([self.end], [], [], 30)[0]:
            return False
        try:
            found = os.read(self.end, 4096)
        except OSError:  # the other end is closed
            return False
        self.seen += found.decode(errors="replace")
        return bool(found)


@contextmanager
def asked(folder: Path, *arguments: str) -> Iterator[Terminal]:
    mine, theirs = pty.openpty()
    line = [sys.executable, "-m", "reportgen", "init", *arguments]
    process = subprocess.Popen(
        line, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "dumb"}
    )
    os.close(theirs)
    try:
        yield Terminal(process, mine)
    finally:
        process.kill()
        process.wait()
        os.close(mine)


def test_a_person_at_a_terminal_is_asked_and_led_to_a_spec(tmp_path: Path) -> None:
    with asked(tmp_path, "--model", "hub:gpt2") as terminal:
        terminal.wait_for("Facts [examples]: ")
        terminal.type(b"nowhere.csv\n")
        terminal.wait_for("no facts file at nowhere.csv")
        terminal.wait_for("Facts [examples]: ")
        terminal.type(b"\n")
        for question in ("Wording of `located in`", "What is false", "Title of the page", "Its id"):
            terminal.wait_for(question)
            terminal.type(b"\n")
        terminal.wait_for("Next: reportgen check specs/landmarks-and-their-cities.yml")
        assert terminal.ended() == 0
    assert load_spec(tmp_path / "specs" / "landmarks-and-their-cities.yml").spec.model.hub == "gpt2"


def test_answers_that_end_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    with asked(tmp_path, "--facts", "examples") as terminal:
        terminal.wait_for("Wording of")
        terminal.type(b"\x04")  # Ctrl-D
        terminal.wait_for("the answers ended before the last question; nothing is written")
        assert terminal.ended() == 1
    assert contents(tmp_path) == {}


def test_an_interrupt_at_a_question_dies_of_it_and_leaves_nothing(tmp_path: Path) -> None:
    with asked(tmp_path) as terminal:
        terminal.wait_for("Facts [examples]: ")
        time.sleep(0.5)  # the question is shown a moment before the terminal is listened to
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("Stopped. Nothing is written.")
        assert terminal.ended() == -signal.SIGINT
    assert contents(tmp_path) == {}


def test_bytes_that_are_no_text_and_controls_are_asked_about_again(tmp_path: Path) -> None:
    with asked(
        tmp_path, "--facts", "examples", "--false", "derangement", "--model", "hub:gpt2", "--id", "s"
    ) as terminal:
        terminal.wait_for("Wording of")
        terminal.type(b"The {subject} of \x16\x07ring is {object}\n")  # Ctrl-V takes the next key as it is
        terminal.wait_for("U+0007")
        terminal.wait_for("Wording of")
        terminal.type(b"\n")
        terminal.wait_for("Title of the page")
        terminal.type(b"caf\xff\xfe\n")
        terminal.wait_for("Title of the page")
        terminal.type("Café: {x} # 'y'\n".encode())
        terminal.wait_for("is written")
        assert terminal.ended() == 0
    assert load_spec(tmp_path / "specs" / "s.yml").spec.study.title == "Café: {x} # 'y'"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--id", "../../etc/passwd"), "is no id"),
        (("--id", ""), "is no id"),
        (("--id", "s", "--title", ""), "a title is not empty"),
        (("--id", "s", "--title", "a\nb: c"), "U+000A"),
        (("--id", "s", "--template", "{subject} {object} {x}"), "template"),
        (("--id", "s", "--template", "{subject} {subject} {object}"), "exactly once"),
        (("--id", "s", "--template", "{{ object }} {subject"), "template"),
        (("--id", "s", "--false", "given"), "is none of"),
        (("--id", "s", "--facts", "pack:../../x"), "no pack"),
        (("--id", "s", "--facts", "/dev/zero"), "/dev/zero"),
        (("--id", "s", "--facts", "."), "is a folder"),
        (("--id", "s", "--facts", "\x00"), "U+0000"),
        (("s.yaml",), "ends in .yml"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    here: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = init(*arguments)
    assert done.exit_code == 2, done.stderr
    assert message in done.stderr
    assert contents(here) == {}


@pytest.mark.parametrize(
    "relation",
    [
        "x: {template: evil}}",
        "# a comment",
        "- item",
        "&anchor *alias",
        "!!python/object:os.system",
        "yes",
        "1e3",
        "2026-01-01",
        "\"quoted\" and 'single'",
        "{subject}",
        "%YAML 1.1",
        "---",
        "=",
        "<<",
        "a" * 300,
        "имя 関係 😀",
        "tab\tinside",
    ],
)
def test_values_of_a_table_cannot_break_out_of_the_yaml(here: Path, relation: str) -> None:
    quoted = relation.replace('"', '""')
    rows = "".join(f'{subject},"{quoted}",{thing}\n' for subject, thing in (("France", "Paris"), ("Italy", "Rome")))
    (here / "c.csv").write_text(HEADER + rows, encoding="utf-8")
    done = init("s.yml", "--facts", "c.csv")
    if "\t" in relation:
        assert done.exit_code == 2
        assert "U+0009" in done.stderr
        return
    assert done.exit_code == 0, done.stderr
    text = (here / "s.yml").read_text(encoding="utf-8")
    assert list(yaml.safe_load(text)["facts"]["relations"]) == [relation]
    spec = load_spec(here / "s.yml").spec
    assert set(spec.model_fields_set) == {"study", "model", "facts", "tests"}


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (HEADER + 'France,"cap\nital",Paris\n', "U+000A"),
        (HEADER + '"Fra\x1bnce",capital,Paris\n', "U+001B"),
        (HEADER + "France,capital,Paris\n", "no fact is left to study"),
        (HEADER + "France,capital,Paris\nFrance,capital,Paris\nItaly,capital,Rome\n", "stands already"),
        ("", "empty"),
        ("subject\xff\n", "not UTF-8"),
        ("a,a\n1,2\n", "2 columns are called `a`"),
        (HEADER + "".join(f"S{n},r{n},O{n}\n" for n in range(300)), "too many for relations"),
    ],
)
def test_a_table_that_cannot_be_studied_is_refused_with_its_place(here: Path, facts: str, message: str) -> None:
    (here / "c.csv").write_bytes(facts.encode("latin-1"))
    done = init("s.yml", "--facts", "c.csv")
    assert done.exit_code == 2
    assert message in done.stderr
    assert "c.csv" in done.stderr or "s.yml" in done.stderr
    assert "\x1b" not in done.stderr
    assert set(contents(here)) == {"c.csv"}


def test_a_spec_that_is_there_is_left_alone_without_force(here: Path) -> None:
    (here / "c.csv").write_text(FACTS)
    (here / "s.yml").write_text("mine")
    for arguments in (("s.yml",), ("s.yml", "--yes", "--facts", "c.csv")):
        done = init(*arguments)
        assert done.exit_code == 2
        assert "s.yml: this spec exists already, and is left as it is" in done.stderr
        assert "--force" in done.stderr
    assert (here / "s.yml").read_text() == "mine"
    (here / "specs").mkdir()
    (here / "specs" / "x.yml").symlink_to(here / "elsewhere.yml")
    assert init("--id", "x").exit_code == 2
    assert init("s.yml", "--force").exit_code == 0
    assert load_spec(here / "s.yml").spec.study.id == "s"


@pytest.mark.parametrize("place", ["file/s.yml", "file", "/proc/nowhere/s.yml"])
def test_where_nothing_can_be_written_that_is_said(here: Path, place: str) -> None:
    (here / "file").write_text("no folder")
    done = init(place, "--id", "s")
    assert done.exit_code in (1, 2)
    assert place.partition("/s.yml")[0] in done.stderr
    assert set(contents(here)) == {"file"}


def test_a_folder_with_the_name_of_the_spec_is_named(here: Path) -> None:
    (here / "s.yml").mkdir()
    done = init("s.yml", "--force")
    assert done.exit_code == 2
    assert "s.yml: there is a folder of this name" in done.stderr
