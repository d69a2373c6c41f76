"""What a log sees of a run."""

import itertools
import re
import time

import pytest

from reportgen.console import Console


def test_a_count_ends_with_its_rate_and_the_memory_held(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(quiet=False).counting("capture", 5, "statements") as advance:
        advance(2)
        advance(3)
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(
        r"capture: 5 statements in \d+\.\d s \(\d+ statements/s, memory [\d,]+ MB at most\)\n", told.err
    )


def test_a_stage_is_not_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(quiet=False).stage("plan") as remark:
        remark("nothing much")
    assert capsys.readouterr() == ("", "")


def test_work_of_which_nothing_is_done_for_long_has_no_rate_yet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = itertools.count(0.0, 60.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    with Console(quiet=False).counting("ask", 175, "facts") as advance:
        advance(0)
        advance(100)
        advance(75)
    said = capsys.readouterr().err
    assert "ask: 0 of" not in said
    assert "ask: 100 of 175 facts" in said


ROWS = [
    ("scores", "24 of 24 kept"),
    ("", ""),
    ("page", "made anew: [b]something[/b] changed since the build of a day"),
    ("", "and more"),
]


def test_what_is_told_stands_in_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Console(quiet=False).tell(ROWS)
    assert capsys.readouterr().err.splitlines() == [
        "  scores  24 of 24 kept",
        "  page    made anew: [b]something[/b] changed since the build of a day",
        "          and more",
    ]
    Console(quiet=False).tell([])
    Console(quiet=True).tell(ROWS)
    assert capsys.readouterr().err == ""


def test_a_terminal_wraps_what_is_told_within_its_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "50")
    Console(quiet=False).tell(ROWS)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1:3] == ["  page    made anew: [b]something[/b] changed", "          since the build of a day"]
    assert max(map(len, lines)) <= 50
