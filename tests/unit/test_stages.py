"""Where a run's time went: stages that nest, the table of one study, and the trace that it leaves."""

import json
import re
from pathlib import Path

import pytest

from reportgen.profiled import Profiled
from reportgen.progress import Silent
from reportgen.stages import BETWEEN, Span, events, peak_memory, table


class Heard(Silent):
    """Remembers what was said and counted."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def span(*path: str, began: int, seconds: float, remarks: tuple[str, ...] = ()) -> Span:
    return Span(path, began, seconds, 100, remarks)


STUDY = (
    span("s", "scores", "capture", began=3, seconds=3.0, remarks=("8 statements, 3/s",)),
    span("s", "scores", began=2, seconds=5.0, remarks=("saved 49\u00a0% of 120 tokens", "twice")),
    span("s", "plan", began=1, seconds=1.0),
    span("s", "plan", began=9, seconds=2.0),
    span("s", began=1, seconds=10.0),
)


def test_a_table_has_a_line_for_each_stage_in_the_order_in_which_they_began() -> None:
    title, *rows = table(STUDY)
    assert title == "s: where 10.0 s went, and the most memory held until then"
    assert [re.split(r"  +", row.strip())[:3] for row in rows] == [
        ["plan", "3.0 s", "30\u00a0%"],
        ["scores", "5.0 s", "50\u00a0%"],
        ["capture", "3.0 s", "30\u00a0%"],
        [BETWEEN, "2.0 s", "20\u00a0%"],
    ]
    assert rows[1].endswith("100 MB  saved 49\u00a0% of 120 tokens; twice")
    assert rows[2].startswith("    capture")


def test_stages_inside_a_stage_stand_below_it_even_where_another_began_in_between() -> None:
    spans = [
        span("s", began=0, seconds=9.0),
        span("s", "a", began=1, seconds=1.0),
        span("s", "b", began=2, seconds=1.0),
        span("s", "a", began=3, seconds=1.0),
        span("s", "a", "inner", began=3, seconds=1.0),
    ]
    names = [line.split("  ")[1 + (line[2] == " ")].strip() for line in list(table(spans))[1:]]
    assert names == ["a", "inner", "b", BETWEEN]


def test_a_study_in_which_nothing_was_done_is_one_line() -> None:
    assert list(table([span("s", began=0, seconds=0.25)])) == ["s: 0.2 s, memory 100 MB at most"]


def test_events_are_in_microseconds_from_the_first_beginning() -> None:
    named, first, second = events([span("s", "a", began=5_000, seconds=0.5), span("s", began=2_000, seconds=1.0)])
    assert (named["ph"], named["args"]) == ("M", {"name": "stages"})
    assert (first["name"], first["ts"], first["dur"]) == ("s", 0.0, 1e6)
    assert (second["name"], second["ts"], second["dur"]) == ("a", 3.0, 5e5)


def test_memory_is_in_megabytes() -> None:
    held = bytearray(200_000_000)
    assert 200 < peak_memory() < 100_000
    assert len(held) == 200_000_000


def test_a_listener_hears_of_a_study_when_it_ends_and_of_the_next_by_itself(tmp_path: Path) -> None:
    heard = Heard()
    profiled = Profiled(heard, tmp_path)
    for study in ("one", "two"):
        with profiled.stage(study):
            with profiled.stage("scores") as remark, profiled.counting("capture", 3, "statements") as advance:
                advance(1)
                advance(2)
            remark("afterwards")
            assert not any(study in line for line in heard.said)
        text = "\n".join(heard.said)
        assert f"{study}: where " in text
        assert re.search(r"capture .* MB  3 statements, \d+/s", text)
        assert "afterwards" in text
        traced = json.loads((tmp_path / f"profile-{study}.json").read_text())["traceEvents"]
        assert [event["name"] for event in traced if event.get("cat") == "stage"] == [study, "scores", "capture"]
        heard.said.clear()


def test_a_study_that_fails_inside_is_told_of_too(tmp_path: Path) -> None:
    heard = Heard()
    profiled = Profiled(heard, tmp_path)
    with profiled.stage("one"):
        with pytest.raises(ValueError, match="x"), profiled.stage("plan"):
            raise ValueError("x")
        with profiled.stage("page"):
            pass
    assert [line.split()[0] for line in heard.said[1:-1]] == ["plan", "page", "between"]


def test_a_trace_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    heard = Heard()
    profiled = Profiled(heard, tmp_path / "missing")
    with profiled.stage("one"), profiled.stage("plan"):
        pass
    assert "the trace cannot be written (No such file or directory)" in heard.said[-1]
