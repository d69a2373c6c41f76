"""The one place that turns numbers into the text a reader sees.

Effects and attention are shares (0 to 1) inside the program and points of attention (0 to 100) on the page.
Minus is a minus sign, thousands are grouped, p-values are never zero and never in e-notation.
"""

import math

MINUS = "−"
NO_BREAK = "\u00a0"


def points(share: float, digits: int = 1) -> str:
    """A share of attention in points: 0.139 is "13.9", −0.139 is "−13.9"; what rounds to zero has no sign; what is
    not a number is "–"."""
    if math.isnan(share):
        return "–"
    text = "∞" if math.isinf(share) else f"{abs(share) * 100:.{digits}f}"
    return f"{MINUS}{text}" if share < 0 and text.strip("0.") else text


def points_interval(low: float, high: float, digits: int = 1) -> str:
    """An interval in points: "[12.1, 15.8]"."""
    return f"[{points(low, digits)}, {points(high, digits)}]"


def p_value(p: float) -> str:
    """A p-value alone: "0.013", "< 0.001", "> 0.999"."""
    if math.isnan(p):
        return "–"
    if p < 0.001:
        return "< 0.001"
    return "> 0.999" if p > 0.999 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """A p-value in a sentence: "p = 0.013", "p < 0.001"."""
    text = p_value(p)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def decimal(value: float, digits: int = 2) -> str:
    """A plain number: −0.1 is "−0.10"."""
    if math.isnan(value):
        return "–"
    text = "∞" if math.isinf(value) else f"{abs(value):,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text


def interval(low: float, high: float, digits: int = 2) -> str:
    """An interval of plain numbers: "[−0.10, 0.25]"."""
    return f"[{decimal(low, digits)}, {decimal(high, digits)}]"


def count(n: int) -> str:
    """A number of things: "1,038"."""
    return f"{n:,}"


def percent(part: float, whole: float, digits: int = 0) -> str:
    """A part of a whole, with a no-break space: "33 %"; of nothing it is "–"."""
    return f"{100 * part / whole:.{digits}f}{NO_BREAK}%" if whole else "–"


def level(probability: float) -> str:
    """A probability as a level: 0.95 is "95 %"."""
    return f"{100 * probability:g}{NO_BREAK}%"


def things(n: int, one: str, many: str | None = None) -> str:
    """A counted noun: "1 pair", "12 pairs"."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def significant(value: float, digits: int = 2) -> str:
    """A small number written out to so many significant digits: 0.000185 is "0.00019"."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def small(value: float) -> str:
    """A tiny deviation to one digit, for tables and methods: 3.6e-06 is "0.000004"; 0 is "0"."""
    return significant(value, 1)


def duration(seconds: float) -> str:
    """A length of time, roughly: "40 s", "3 min", "2.5 h"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
