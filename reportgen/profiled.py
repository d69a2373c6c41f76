"""What `--profile` adds to a run: where the time of each study went, as a table, and as a trace to look at.

1. Every stage that the work marks, and every loop that it counts, is timed (`stages`).
2. In a counted loop the model's own work is watched too, where torch is there by then (`capture.profile`).
3. When an outermost stage ends, its table is said and its trace is written to the folder.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen import numbers
from reportgen.progress import Progress
from reportgen.stages import Event, Span, events, peak_memory, table

if TYPE_CHECKING:
    from reportgen.capture.profile import Watch


class Profiled:
    """Listens as `heard` does, and tells of the stages besides; an outermost stage leaves a trace in `folder`."""

    def __init__(self, heard: Progress, folder: Path) -> None:
        self._heard, self._folder = heard, folder
        self._path: tuple[str, ...] = ()
        self._spans: list[Span] = []
        self._watched: list[tuple[Watch, Callable[[str], None]]] = []
        # Read once, when torch is imported: its profiler would tell of every start and stop on the error stream.
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")

    def say(self, message: str) -> None:
        """One line."""
        self._heard.say(message)

    @contextmanager
    def counting(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        """A stage with its rate, in which the model's work is watched."""
        done = 0
        with self._watching() as watch, self.stage(label) as remark:
            began = time.perf_counter()
            with self._heard.counting(label, total, unit) as advance:

                def count(n: int) -> None:
                    nonlocal done
                    done += n
                    if watch is not None:
                        watch.count_pass()
                    advance(n)

                yield count
            rate = done / max(time.perf_counter() - began, 1e-9)
            remark(f"{numbers.count(done)} {unit}, {rate:.0f}/s")
        if watch is not None:
            self._watched.append((watch, remark))

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time it; at the end of an outermost one, unless something went wrong, tell of all inside it."""
        path, remarks = (*self._path, name), list[str]()
        self._path = path
        began, start = time.time_ns(), time.perf_counter()
        try:
            yield remarks.append
        finally:
            self._path = path[:-1]
            self._spans.append(Span(path, began, time.perf_counter() - start, peak_memory(), remarks))
        if not self._path:
            self._tell(name)

    @contextmanager
    def _watching(self) -> Iterator["Watch | None"]:
        if "torch" not in sys.modules:
            yield None
            return
        from reportgen.capture.profile import Watch  # noqa: PLC0415

        watch = Watch()
        try:
            yield watch
        finally:
            watch.end()

    def _tell(self, name: str) -> None:
        spans, watched = self._spans, self._watched
        self._spans, self._watched = [], []
        for watch, remark in watched:  # which takes a while, and is no part of the study
            remark(watch.text())
        for line in table(spans):
            self.say(line)
        if len(spans) > 1:
            start = min(span.began for span in spans)
            self._write(name, [*events(spans), *(event for watch, _ in watched for event in watch.events(start))])

    def _write(self, name: str, traced: list[Event]) -> None:
        path = self._folder / f"profile-{name}.json"
        try:
            path.write_text(json.dumps({"traceEvents": traced, "displayTimeUnit": "ms"}), encoding="utf-8")
        except OSError as error:
            self.say(f"{path}: the trace cannot be written ({error.strerror or error}).")
        else:
            self.say(f"The trace is {path}; look at it with https://ui.perfetto.dev or chrome://tracing.")
