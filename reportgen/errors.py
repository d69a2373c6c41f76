"""Errors that a user can act upon, and how they name what was written.

Anything else that escapes is a fault of ours and keeps its traceback.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_SHOWN = 60


class ReportgenError(Exception):
    """Any error whose message is meant for the user: what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in what the user wrote.

    `where` is "file", "file:line" or "file:line:column" (both counted from 1); `remedy` may be empty.
    """

    where: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}"
        return f"{text}\n    {self.remedy}" if self.remedy else text


class InputError(ReportgenError):
    """A spec or its facts are wrong: every problem found is listed, not the first alone. Exit code 2."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class StudyError(ReportgenError):
    """A well-formed study cannot be carried out here: model missing, proof failed, disk full. Exit code 1."""


def shown(text: str) -> str:
    """The text between backticks, shortened, and without anything that a terminal would obey."""
    short = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short) + "`"


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like the word; upper case, spaces and hyphens make no difference."""
    folded = {_folded(option): option for option in options}
    close = difflib.get_close_matches(_folded(word[:LONGEST_SHOWN]), folded, n=1)
    return folded[close[0]] if close else None


def _folded(word: str) -> str:
    return word.strip().casefold().replace(" ", "_").replace("-", "_")
