"""Errors that a user can act upon, and how they name what was written.

Anything else that escapes is a fault of ours and keeps its traceback.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

LONGEST_SHOWN = 60
MOST_TOLD, MOST_COMPARED = 200, 300
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


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
    """A spec or its facts are wrong: the problems found are listed, not the first alone. Exit code 2.

    All are in `problems`; the text has the first `MOST_TOLD`, since a file of half a million rows can be wrong in each.
    """

    def __init__(self, *problems: Problem) -> None:
        more = len(problems) - MOST_TOLD
        rest = [f"and {more:,} more problem{'s' if more > 1 else ''}"] if more > 0 else []
        super().__init__("\n".join([*map(str, problems[:MOST_TOLD]), *rest]))
        self.problems = problems


class StudyError(ReportgenError):
    """A well-formed study cannot be carried out here: model missing, proof failed, disk full. Exit code 1."""


def shown(text: str) -> str:
    """The text between backticks, shortened, and without anything that a terminal would obey."""
    short = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short) + "`"


def printed(text: str) -> str:
    """The text as a terminal may have it: what it would obey stands there as an escape. Line breaks stay, and so do the joiners
    that names in some scripts need."""
    return text if text.isprintable() else _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like the word, among the first `MOST_COMPARED`; upper case, spaces and hyphens make no difference."""
    folded = {_folded(option): option for option in islice(options, MOST_COMPARED)}
    close = difflib.get_close_matches(_folded(word[:LONGEST_SHOWN]), folded, n=1)
    return folded[close[0]] if close else None


def _folded(word: str) -> str:
    return word.strip().casefold().replace(" ", "_").replace("-", "_")
