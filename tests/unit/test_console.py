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
