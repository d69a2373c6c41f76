"""How long work tells of itself, without knowing who listens."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """A listener to long work; the command line draws bars or prints plain lines."""

    def say(self, message: str) -> None:
        """One line worth reading."""
        ...

    def counting(self, label: str, total: int, unit: str) -> AbstractContextManager[Callable[[int], None]]:
        """Within the context, call what it yields with each number of units done."""
        ...

    def stage(self, name: str) -> AbstractContextManager[Callable[[str], None]]:
        """Within the context, a part of the work that has a name, maybe inside another; call what it yields with
        remarks about it."""
        ...


class Silent:
    """Listens to nothing: for tests, benchmarks and `--quiet`."""

    def say(self, message: str) -> None:
        """Ignore the line."""

    @contextmanager
    def counting(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Ignore the count."""
        yield lambda _: None

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[str], None]]:  # noqa: ARG002
        """Ignore the stage."""
        yield lambda _: None
