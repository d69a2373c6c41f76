"""A headline over the last runs as a line of a few bytes, drawn without a script.

1. The runs stand at equal distances, the latest at the right edge, whatever lies between them in time.
2. The scale goes from the smallest to the largest number of heads, but spans `_LEAST_SPAN` heads at least, so that a
   head more or less does not look like a landslide.
3. Where a run failed the line has a gap, with a tick at the bottom; the last number is a dot.
"""

from collections.abc import Sequence
from itertools import groupby

from reportgen import numbers
from reportgen.report.markup import Html
from reportgen.report.render import component

WIDTH, HEIGHT = 104, 24
_EDGE = 3
_LEAST_SPAN = 4

Point = tuple[float, float]


def sparkline(series: Sequence[float | None]) -> Html:
    """The line as SVG in the colour of the text around it; nothing where there are fewer than two runs."""
    if len(series) < 2:
        return Html("")
    points = _points(series)
    return component(
        "components/sparkline",
        width=WIDTH,
        height=HEIGHT,
        label=in_words(series),
        lines=_lines(points),
        ticks=[f"{x:g}" for x, y in points if y is None],
        dot=next(((f"{x:g}", f"{y:g}") for x, y in reversed(points) if y is not None), None),
    )


def in_words(series: Sequence[float | None]) -> str:
    """What the line shows, for who cannot see it."""
    found = [value for value in series if value is not None]
    runs, failed = numbers.things(len(series), "run"), len(series) - len(found)
    if not found:
        return f"The last {runs} failed"
    low, high, last = (f"{value:g}" for value in (min(found), max(found), found[-1]))
    spread = f"{low} in each" if low == high else f"{low} to {high}, last {last}"
    return f"Heads found in the last {runs}: {spread}" + (f"; {failed} failed" if failed else "")


def _points(series: Sequence[float | None]) -> list[tuple[float, float | None]]:
    found = [value for value in series if value is not None]
    middle = (min(found) + max(found)) / 2 if found else 0.0
    span = max(max(found) - min(found), _LEAST_SPAN) if found else 1.0
    step = (WIDTH - 2 * _EDGE) / (len(series) - 1)
    inside = HEIGHT - 2 * _EDGE
    return [
        (
            round(_EDGE + place * step, 1),
            None if value is None else round(HEIGHT / 2 - (value - middle) / span * inside, 1),
        )
        for place, value in enumerate(series)
    ]


def _lines(points: Sequence[tuple[float, float | None]]) -> list[str]:
    """The points between gaps, as SVG wants them; a run alone between two gaps is a line of no length."""
    whole = groupby(points, key=lambda point: point[1] is not None)
    return [_line([(x, y) for x, y in group if y is not None]) for there, group in whole if there]


def _line(points: list[Point]) -> str:
    both_ends = points if len(points) > 1 else points * 2
    return " ".join(f"{x:g},{y:g}" for x, y in both_ends)
