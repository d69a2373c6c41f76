"""The summary of a regeneration, read back by a reader of GitHub's Markdown."""

import json
import subprocess
from typing import Any

import pytest

from reportgen.history.record import Verdict
from reportgen.report.summary import MOST_CHARACTERS, StudyOutcome, summary
from reportgen.site.engines import choose_engine
from tests import runs

YEAR = runs.year(contrasts=2)
BESIDE = {comparison.kind: comparison for comparison in runs.beside(YEAR)}
MET = Verdict(text="between 20 and 60 heads", met=True, got="28 of 270 heads")
UNMET = Verdict(text="at most 20 heads", met=False, got="28 of 270 heads")
HOSTILE = "1. a | b <img src=x onerror=alert(1)> [x](javascript:y) `c` *d* @everyone #12 \x1b[31m &lt; $e$ ~~f~~"


def blocks(markdown: str) -> list[dict[str, Any]]:
    """The blocks of a document, as pandoc reads GitHub's Markdown."""
    path = choose_engine("pandoc").path
    command = [path, "--from=gfm", "--to=json"]
    done = subprocess.run(command, input=markdown, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout)["blocks"])


def words(node: Any) -> str:
    """The text of a part of a document, as it would be read."""
    match node:
        case {"t": "Str" | "Code" | "CodeBlock", "c": content}:
            return content if isinstance(content, str) else str(content[1])
        case {"t": "Space" | "SoftBreak"}:
            return " "
        case dict():
            return "".join(words(value) for value in node.values())
        case list():
            return "".join(words(value) for value in node)
        case _:
            return ""


def kinds(node: Any) -> set[str]:
    """The kinds of all parts of a document."""
    found = {node["t"]} if isinstance(node, dict) and "t" in node else set()
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found.union(*(kinds(part) for part in inside))


def rows(table: dict[str, Any]) -> list[list[str]]:
    (body,) = table["c"][4]
    return [[words(cell[4]) for cell in row[1]] for row in body[3]]


def tables(markdown: str) -> list[list[list[str]]]:
    return [rows(block) for block in blocks(markdown) if block["t"] == "Table"]


def test_each_study_has_a_line_the_gravest_first() -> None:
    text = summary(
        [
            StudyOutcome("unchanged", "U", finding="39 of 270 heads."),
            StudyOutcome("reproduced", "R", BESIDE["reproduced"], verdicts=(MET, MET)),
            StudyOutcome("failed", "F", error="no"),
            StudyOutcome("changed", "C", BESIDE["changed"], verdicts=(MET, UNMET)),
            StudyOutcome("alarm", "A", BESIDE["alarm"]),
            StudyOutcome("first", "1st", BESIDE["first"]),
            StudyOutcome("unmoved", "M", BESIDE["unmoved"]),
        ]
    )
    assert [row[:3] for row in tables(text)[0]] == [
        ["A", "alarm", ""],
        ["F", "failed", ""],
        ["C", "changed", "1 of 2 met"],
        ["M", "inputs changed", ""],
        ["1st", "first run", ""],
        ["R", "reproduced", "2 of 2 met"],
        ["U", "unchanged", ""],
    ]
    assert text.startswith(
        "## 7 studies: 1 alarm, 1 failed, 1 changed, 1 inputs changed, 1 first run, 1 reproduced, 1 unch"
    )
    assert tables(text)[0][6][3] == "39 of 270 heads."


def test_what_changed_is_told_with_its_cause_and_its_heads() -> None:
    changed = BESIDE["changed"]
    text = summary([StudyOutcome("s", "S", changed)])
    read = " ".join(words(block) for block in blocks(text))
    assert "The model changed from SmolLM2-135M (sha256:aaaaaaaaaaaa)" in read
    heads = tables(text)[1]
    assert [row[0] for row in heads] == [change.head for change in changed.heads]
    assert {row[2] for row in heads} == {"gained", "lost"}
    assert all("[" in row[3] and "]" in row[4] for row in heads)


def test_failures_are_told_with_their_reason_in_a_block_that_it_cannot_end() -> None:
    error = "specs/s.yml:3: wrong\n```\n@everyone\n    remedy"
    (code,) = [block for block in blocks(summary([StudyOutcome("s", "S", error=error)])) if block["t"] == "CodeBlock"]
    assert code["c"][1] == error


def test_expectations_that_are_not_met_are_listed_with_what_was_found() -> None:
    text = summary([StudyOutcome("s", "S", verdicts=(MET, UNMET))])
    read = " ".join(words(block) for block in blocks(text))
    assert "S: at most 20 heads. Found: 28 of 270 heads." in read
    assert "between 20 and 60 heads" not in read


def test_studies_are_links_where_the_address_is_known() -> None:
    text = summary([StudyOutcome("s", "S [x](y)", finding="f")], "https://lab.github.io/heads")
    assert "](https://lab.github.io/heads/studies/s/index.html)" in text
    assert tables(text)[0][0][0].startswith("S [x](y)")


@pytest.mark.parametrize("where", ["title", "finding", "error", "verdict"])
def test_what_comes_from_a_spec_or_an_error_is_text(where: str) -> None:
    verdict = Verdict(text=HOSTILE, met=False, got=HOSTILE)
    outcome = {
        "title": StudyOutcome("s", HOSTILE, BESIDE["alarm"]),
        "finding": StudyOutcome("s", "S", finding=HOSTILE),
        "error": StudyOutcome("s", "S", error=HOSTILE),
        "verdict": StudyOutcome("s", "S", verdicts=(verdict,)),
    }[where]
    text = summary([outcome])
    assert not kinds(blocks(text)) & {
        "RawInline",
        "RawBlock",
        "Link",
        "Math",
        "Strikeout",
        "Emph",
        "OrderedList",
        "Code",
    }
    assert "\x1b" not in text
    assert len(tables(text)[0][0]) == 4
    if where != "error":
        assert "@everyone" not in text
        assert "#12" not in text
        assert "<img src=x onerror=alert(1)>" in " ".join(words(block) for block in blocks(text))


def test_a_first_word_that_would_be_a_list_is_none() -> None:
    for start in ("1. a", "- a", "# a", "+ a", "> a", "1) a"):
        assert not kinds(blocks(summary([StudyOutcome("s", start, error="e")]))) & {
            "OrderedList",
            "BulletList",
            "BlockQuote",
        }


def test_the_summary_of_very_many_studies_stays_below_the_limit_and_counts_what_is_left_out() -> None:
    text = summary([StudyOutcome(f"s{place}", "T" * 100, BESIDE["changed"]) for place in range(500)])
    assert MOST_CHARACTERS / 2 < len(text) < MOST_CHARACTERS + 200
    assert "more pieces left out" in text


def test_one_endless_error_takes_no_more_than_its_share() -> None:
    text = summary([StudyOutcome("a", "A", error="x" * 10**6), StudyOutcome("b", "B", error="the second")])
    assert "the second" in text
    assert len(text) < 6_000


def test_no_study_is_said() -> None:
    assert summary([]) == "## No study\n\n"
