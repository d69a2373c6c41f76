"""Questions at a terminal: each with a default, and asked again until its answer can be used.

An answer that cannot be used says why and what to do at once. Where nobody is there to ask, defaults are taken, and what
was given by a flag and cannot be used ends the command.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import click

from reportgen.errors import InputError, Problem, StudyError, nearest, shown

_T = TypeVar("_T")


class Asker:
    """Asks, or takes what was given and the defaults."""

    def __init__(self, *, interactive: bool) -> None:
        self.interactive = interactive

    def ask(self, question: str, given: str | None, default: str, read: Callable[[str], _T], remark: str = "") -> _T:
        """The answer as `read` understands it; `read` raises InputError for one that cannot be used.

        `given` is what a flag says, and is not asked about. Raises that error where nobody can be asked again.
        """
        if given is not None:
            return read(one_line(given))
        if not self.interactive:
            return read(default)
        if remark:
            _tell(remark)
        while True:
            try:
                return read(one_line(_line(question, default)))
            except InputError as error:
                for problem in error.problems:
                    _tell(f"  {problem.message}" + (f"; {problem.remedy}" if problem.remedy else ""))

    def choose(self, question: str, given: str | None, options: Sequence[str], remark: str = "") -> str:
        """One of some options, the first by default; its beginning will do. Where there is one alone, nothing is asked."""
        if given is None and len(options) == 1:
            return options[0]

        def read(answer: str) -> str:
            begun = [option for option in options if answer and option.startswith(answer)]
            if answer in options or len(begun) == 1:
                return answer if answer in options else begun[0]
            near = nearest(answer, options)
            listed = ", ".join(map(shown, options))
            remedy = f"did you mean {shown(near)}?" if near else f"answer one of {listed}"
            raise InputError(Problem(question, f"{shown(answer)} is none of {listed}", remedy))

        return self.ask(f"{question} ({', '.join(options)})", given, options[0], read, remark)


def one_line(text: str) -> str:
    """The text without outer white space; raises InputError where it is no line of plain text."""
    text = text.strip()
    if not text.isprintable():
        odd = next(letter for letter in text if not letter.isprintable())
        message = f"{shown(text)} holds U+{ord(odd):04X}"
        raise InputError(Problem("the answer", message, "an answer is one line of plain text"))
    return text


def somebody_is_there() -> bool:
    """Whether questions can be put to a person."""
    return sys.stdin is not None and sys.stdin.isatty()


def _line(question: str, default: str) -> str:
    with suppress(ImportError):
        import readline  # noqa: F401, PLC0415  (`input` then lets a line be edited)
    try:
        answer = input(f"{question}{f' [{default}]' if default else ''}: ")
    except EOFError as error:
        _tell("")
        raise StudyError("the answers ended before the last question; nothing is written.") from error
    except UnicodeDecodeError as error:
        raise InputError(Problem("the answer", "this is not UTF-8", "write it anew")) from error
    return answer if answer.strip() else default


def _tell(line: str) -> None:
    click.echo(line, err=True)
