"""Where the time of a piece of work went, stage by stage, as a table and as a trace. Knows no torch.

1. Stages nest; a `Span` is one stretch of a stage under its path of names, the outermost first.
2. The table has a line for each path, in the order in which they first began: the time of all its spans with all
   that is inside them, and its share of the outermost stage's. What lies between the stages has a line too.
3. The trace has a complete event for each span, in the Trace Event Format, which Perfetto and chrome://tracing show.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportgen import numbers

Path = tuple[str, ...]
Event = dict[str, object]  # the format's own JSON object, whose fields its reader knows

BETWEEN = "between stages"
_INDENT = "  "


@dataclass(frozen=True)
class Span:
    """One stretch of a stage.

    It `began` at so many nanoseconds of Unix time and took `seconds`; by its end the process had held `memory` MB at
    most. `remarks` are what was said about it, maybe afterwards.
    """

    path: Path
    began: int
    seconds: float
    memory: int
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class _Row:
    """A line of the table."""

    name: str
    seconds: float
    memory: str
    remarks: str


def table(spans: Sequence[Span]) -> Iterator[str]:
    """The lines that tell of one outermost stage and of all inside it; the spans may come in any order."""
    [outermost] = [span for span in spans if len(span.path) == 1]
    name = outermost.path[0]
    if len(spans) == 1:
        yield f"{name}: {outermost.seconds:.1f} s, memory {numbers.count(outermost.memory)} MB at most"
        return
    yield f"{name}: where {outermost.seconds:.1f} s went, and the most memory held until then"
    rows = list(_rows(spans, outermost.seconds))
    width = max(len(row.name) for row in rows)
    for row in rows:
        share = numbers.percent(row.seconds, outermost.seconds)
        line = f"{_INDENT}{row.name:<{width}}  {row.seconds:7.1f} s  {share:>5}  {row.memory:>9}  {row.remarks}"
        yield line.rstrip()


def _rows(spans: Sequence[Span], whole: float) -> Iterator[_Row]:
    ordered = sorted(spans, key=lambda span: (span.began, len(span.path)))
    for path in _in_order(ordered):
        own = [span for span in ordered if span.path == path]
        remarks = "; ".join(remark for span in own for remark in span.remarks)
        memory = f"{numbers.count(max(span.memory for span in own))} MB"
        yield _Row(_INDENT * (len(path) - 2) + path[-1], sum(span.seconds for span in own), memory, remarks)
    inside = sum(span.seconds for span in ordered if len(span.path) == 2)
    yield _Row(BETWEEN, max(0.0, whole - inside), "", "")


def _in_order(ordered: Sequence[Span]) -> list[Path]:
    """The paths below the outermost stage, each followed by those inside it."""
    first = {path: place for place, path in enumerate(dict.fromkeys(span.path for span in ordered))}
    return sorted(
        (path for path in first if len(path) > 1),
        key=lambda path: [first.get(path[:end], 0) for end in range(1, len(path) + 1)],
    )


def events(spans: Sequence[Span]) -> list[Event]:
    """The spans as events of one row of the trace; their `ts` and `dur` are microseconds, from the earliest beginning on."""
    start, thread = min(span.began for span in spans), {"pid": os.getpid(), "tid": 0}
    named: Event = {"ph": "M", "name": "thread_name", **thread, "args": {"name": "stages"}}
    return [named, *(_event(span, start) | thread for span in sorted(spans, key=lambda span: span.began))]


def _event(span: Span, start: int) -> Event:
    return {
        "ph": "X",
        "cat": "stage",
        "name": span.path[-1],
        "ts": (span.began - start) / 1000,
        "dur": span.seconds * 1e6,
        "args": {"remarks": "; ".join(span.remarks), "memory MB": span.memory},
    }


def peak_memory() -> int:
    """The most memory that this process has held so far, in MB; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(held / 1e6 if sys.platform == "darwin" else held * 1024 / 1e6)
