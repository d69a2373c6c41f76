"""What a log sees of a run."""

import re

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
