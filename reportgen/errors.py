"""Errors that a user can act upon. Anything else that escapes is a fault of ours and keeps its traceback."""

from dataclasses import dataclass


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
