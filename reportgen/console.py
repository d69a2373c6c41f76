"""What a person or a log sees of a run: bars with rate and time left on a terminal, plain lines elsewhere."""

import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from reportgen.errors import printed
from reportgen.stages import peak_memory

_SECONDS_BETWEEN_LINES = 10.0
_INDENT, _NARROWEST = "  ", 30


class Console:
    """Tells of a run on the error stream, so that the output stream holds results alone."""

    def __init__(self, *, quiet: bool) -> None:
        self._rich = RichConsole(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)

    def say(self, message: str) -> None:
        """One line."""
        self._rich.print(escape(printed(message)))

    def tell(self, rows: Iterable[tuple[str, str]]) -> None:
        """Rows of what is told about and what is said of it, in two columns; a terminal wraps what is said in its own."""
        listed = [(what, said) for what, said in rows if said]
        column = max((len(what) for what, _ in listed), default=0) + 2
        room = max(self._rich.width - column - len(_INDENT), _NARROWEST) if self._rich.is_terminal else sys.maxsize
        for what, said in listed:
            first, *more = textwrap.wrap(said, room, break_long_words=False, break_on_hyphens=False) or [""]
            self.say(f"{_INDENT}{what:<{column}}{first}".rstrip())
            for line in more:
                self.say(f"{_INDENT}{'':<{column}}{line}")

    @contextmanager
    def counting(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        """Count up to `total`; the context yields what to call with each number of units done."""
        began = time.monotonic()
        counter = self._bar if self._rich.is_terminal else self._lines
        done = 0
        with counter(label, total, unit) as advance:

            def count(n: int) -> None:
                nonlocal done
                done += n
                advance(n)

            yield count
        seconds = max(time.monotonic() - began, 1e-9)
        memory = f", memory {peak_memory():,} MB at most" if peak_memory() else ""
        self.say(f"{label}: {done:,} {unit} in {seconds:.1f} s ({done / seconds:.0f} {unit}/s{memory})")

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[str], None]]:  # noqa: ARG002
        """Nothing is told of a stage; `profiled` does."""
        yield lambda _: None

    @contextmanager
    def _bar(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{unit} · {{task.fields[rate]}} · left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._rich, transient=True) as progress:
            task = progress.add_task(label, total=total, rate="–")

            def advance(n: int) -> None:
                progress.advance(task, n)
                speed = progress.tasks[0].speed
                progress.update(task, rate=f"{speed:.0f}/s" if speed else "–")

            yield advance

    @contextmanager
    def _lines(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        began = last = time.monotonic()
        done = 0

        def advance(n: int) -> None:
            nonlocal done, last
            done += n
            now = time.monotonic()
            if now - last >= _SECONDS_BETWEEN_LINES and 0 < done < total:
                last = now
                left = (total - done) * (now - began) / done
                self.say(f"{label}: {done:,} of {total:,} {unit}, {done / (now - began):.0f}/s, {left:.0f} s left")

        yield advance
