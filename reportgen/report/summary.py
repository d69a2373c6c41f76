"""The summary of a regeneration in Markdown: for a terminal, a pull request's comment and a workflow's summary.

1. A line that counts; then a table, a line a study, the gravest first; then each study in which something changed, with
   causes and heads; each that failed, with the reason; each expectation that is not met.
2. What comes from specs, facts and errors is escaped for GitHub's Markdown, so that it cannot be a table's border, HTML,
   a mention of somebody or a reference to an issue; errors stand in code blocks.
3. All of it stays below what a comment may hold (65,536 characters; a workflow's summary may hold 1 MiB): what does not
   fit is left out whole, and counted.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from unicodedata import category

from reportgen import numbers
from reportgen.history.compare import Comparison, HeadChange
from reportgen.history.record import Verdict
from reportgen.report import change_words

MOST_CHARACTERS = 60_000
_MOST_ITEMS, _MOST_HEADS, _LONGEST_ERROR, _LONGEST_LINE = 10, 20, 4_000, 800

Status = Literal[
    "alarm", "failed", "changed", "inputs changed", "first run", "reproduced", "from stored scores", "unchanged"
]
"""The gravest first."""

_ORDER: tuple[Status, ...] = (
    *("alarm", "failed", "changed", "inputs changed"),
    *("first run", "reproduced", "from stored scores", "unchanged"),
)
_OF_KIND: dict[str, Status] = {
    "alarm": "alarm",
    "changed": "changed",
    "unmoved": "inputs changed",
    "first": "first run",
    "reproduced": "reproduced",
    "restored": "from stored scores",
}
_TOLD: tuple[Status, ...] = ("alarm", "changed", "inputs changed")


@dataclass(frozen=True)
class StudyOutcome:
    """What became of one study: its run beside the one before it (None where it was not run, or failed), the `error` of
    one that failed (else empty), the verdicts on its expectations, and its finding in a sentence."""

    study: str
    title: str
    comparison: Comparison | None = None
    error: str = ""
    verdicts: tuple[Verdict, ...] = ()
    finding: str = ""

    @property
    def status(self) -> Status:
        """What it is called in the table."""
        if self.error:
            return "failed"
        return "unchanged" if self.comparison is None else _OF_KIND[self.comparison.kind]


def summary(outcomes: Sequence[StudyOutcome], site_url: str | None = None) -> str:
    """The summary; `site_url`, without a slash at its end, makes links of the studies' names."""
    ordered = sorted(outcomes, key=lambda outcome: (_ORDER.index(outcome.status), outcome.study))
    return "\n".join(_fitting([_counted(ordered), *_table(ordered, site_url), *_details(ordered)])) + "\n"


def _fitting(pieces: Sequence[str]) -> Iterator[str]:
    """The pieces up to the limit, and how many were left out."""
    left, taken = MOST_CHARACTERS, 0
    for piece in pieces:
        left -= len(piece) + 1
        if left < 0:
            break
        taken += 1
        yield piece
    if taken < len(pieces):
        yield f"\n{numbers.things(len(pieces) - taken, 'more piece')} left out, to stay below what a comment may hold."


def _counted(outcomes: Sequence[StudyOutcome]) -> str:
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in _ORDER}
    said = ", ".join(f"{numbers.count(n)} {status}" for status, n in counts.items() if n)
    return f"## {numbers.things(len(outcomes), 'study', 'studies')}: {said}\n" if outcomes else "## No study\n"


def _table(outcomes: Sequence[StudyOutcome], site_url: str | None) -> Iterator[str]:
    if not outcomes:
        return
    yield "| Study | Status | Expectations | Finding |\n| --- | --- | --- | --- |"
    for outcome in outcomes:
        finding = outcome.finding or (outcome.comparison.after.finding if outcome.comparison else "")
        cells = (_named(outcome, site_url), _strong(outcome.status), _expected(outcome), _inline(finding))
        yield f"| {' | '.join(cells)} |"


def _strong(status: Status) -> str:
    return f"**{status}**" if status in ("alarm", "failed", "changed") else status


def _named(outcome: StudyOutcome, site_url: str | None) -> str:
    title = _inline(outcome.title or outcome.study)
    return title if site_url is None else f"[{title}]({site_url}/studies/{outcome.study}/index.html)"


def _expected(outcome: StudyOutcome) -> str:
    met = sum(verdict.met for verdict in outcome.verdicts)
    if not outcome.verdicts:
        return ""
    text = f"{met} of {len(outcome.verdicts)} met"
    return text if met == len(outcome.verdicts) else f"**{text}**"


def _details(outcomes: Sequence[StudyOutcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.status == "failed":
            yield f"\n### {_inline(outcome.title or outcome.study)}: failed\n\n{_block(outcome.error)}"
        elif outcome.status in _TOLD and outcome.comparison is not None:
            yield _moved(outcome, outcome.comparison)
    unmet = [(outcome, verdict) for outcome in outcomes for verdict in outcome.verdicts if not verdict.met]
    if unmet:
        yield "\n### Expectations not met\n"
    for outcome, verdict in unmet:
        yield f"- {_inline(outcome.title or outcome.study)}: {_inline(verdict.text)}. Found: {_inline(verdict.got)}."


def _moved(outcome: StudyOutcome, comparison: Comparison) -> str:
    lines = [f"\n### {_inline(outcome.title or outcome.study)}: {outcome.status}", ""]
    lines += [_inline(change_words.sentence(comparison)), *([""] if comparison.causes else [])]
    for cause in comparison.causes:
        lines.append(f"- {_inline(cause.text)}")
        lines += [f"  - {_inline(item)}" for item in _first(cause.items, _MOST_ITEMS)]
    return "\n".join([*lines, *_heads(comparison)])


def _first(items: Sequence[str], most: int) -> list[str]:
    more = len(items) - most
    return [*items[:most], *([f"and {numbers.count(more)} more"] if more > 0 else [])]


def _heads(comparison: Comparison) -> Iterator[str]:
    """The heads that came and went, as a table; the first of many."""
    if not comparison.heads:
        return
    yield "\n| Head | Contrast | | Before | Now |\n| --- | --- | --- | --- | --- |"
    yield from (_head(change, comparison) for change in comparison.heads[:_MOST_HEADS])
    if (more := len(comparison.heads) - _MOST_HEADS) > 0:
        yield f"\nand {numbers.things(more, 'more head')}"


def _head(change: HeadChange, comparison: Comparison) -> str:
    cells = (
        change.head,
        _inline(change_words.contrast_title(comparison.after, change.contrast)),
        "gained" if change.gained else "lost",
        change_words.estimate(change.before),
        change_words.estimate(change.after),
    )
    return f"| {' | '.join(cells)} |"


_MARKUP = re.compile(r"([\\`*_\[\]<>|~$&]|^[#+=-])")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_REFERENCE = re.compile(r"([@#])(?=\w)")
_JOINER = "\u2060"


def _inline(text: str) -> str:
    """Text as it would be read in a line of GitHub's Markdown; a joiner of no width keeps `@` and `#` from being
    references, which a backslash does not."""
    plain = _printable(" ".join(text.split()))
    short = plain if len(plain) <= _LONGEST_LINE else plain[: _LONGEST_LINE - 1] + "…"
    marked = _MARKUP.sub(r"\\\1", _REFERENCE.sub(rf"\1{_JOINER}", short))
    return _NUMBERED.sub(r"\1\\\2", marked)


def _block(text: str) -> str:
    """Text of several lines as a code block that nothing in it can end."""
    lines = [_printable(line) for line in text.splitlines()]
    content = "\n".join(lines)
    content = content if len(content) <= _LONGEST_ERROR else content[: _LONGEST_ERROR - 1] + "…"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", content)), default=0))
    return f"{fence}text\n{content}\n{fence}"


def _printable(text: str) -> str:
    """Without anything that a terminal would obey."""
    return "".join(c.encode("unicode_escape").decode() if category(c)[0] == "C" else c for c in text)
