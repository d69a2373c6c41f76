"""A study's badge: a static SVG in the look that readers of READMEs know, to link from one.

1. On the left the study's name, on the right what it found and how it stands.
2. The text is as wide as Verdana at 11 px would set it, reckoned from a small table of its advance widths; the SVG
   says that width too (`textLength`), so that another typeface is drawn to fit.
3. The right half is blue where all is as expected, and rust where it is not, and always says so in words.
"""

from reportgen import numbers
from reportgen.report.page import Card
from reportgen.report.render import component
from reportgen.report.status import statuses

FILE = "badge.svg"

_PADDING = 6
_SIZE = 11
_WELL, _ILL = "#00689d", "#b8470b"
_WIDE, _USUAL = 1.0, 0.62
_ADVANCES: dict[str, float] = {
    **dict.fromkeys("ijl", 0.28),
    **dict.fromkeys(" f.,·", 0.36),
    **dict.fromkeys("tIJr()[]-:;/\\!|", 0.44),
    **dict.fromkeys("csz", 0.52),
    **dict.fromkeys("abdeghknopquvxyE0123456789_?FLPTYZ", 0.61),
    **dict.fromkeys("ABCKRSXVU$&", 0.69),
    **dict.fromkeys("DGHNOQw+=<>~#", 0.78),
    **dict.fromkeys("mMW%@", 0.97),
}
"""Advance widths of Verdana in em, in classes: what a class blurs, `textLength` takes up."""


def badge(card: Card) -> bytes:
    """The badge of a study as it stands now."""
    label, message = card.id, _message(card)
    left, right = (text_width(text) + 2 * _PADDING for text in (label, message))
    drawn = component(
        "components/badge",
        label=label,
        message=message,
        left=left,
        right=right,
        padding=_PADDING,
        size=_SIZE,
        colour=_WELL if _is_well(card) else _ILL,
    )
    return f"{drawn}\n".encode()


def text_width(text: str) -> int:
    """The width of a line in pixels; scripts that Verdana lacks count as square."""
    return round(sum(_advance(character) for character in text) * _SIZE)


def _advance(character: str) -> float:
    return _ADVANCES.get(character, _WIDE if ord(character) >= 0x1100 else _USUAL)


def _message(card: Card) -> str:
    if card.failing:
        return f"failing {card.failing.partition(':')[0]}"
    found = [value for value in card.series if value is not None]
    heads = [numbers.things(int(found[-1]), "head")] if found else []
    return " · ".join([*heads, *_standing(card)]) or "published"


def _standing(card: Card) -> list[str]:
    if card.alarm:
        return ["same inputs, other numbers"]
    if not card.as_expected:
        return [f"{card.expectations.removesuffix(' met')} as expected"]
    return ["as expected"] if card.expectations else []


def _is_well(card: Card) -> bool:
    return all(status.state in ("fresh", "changed") for status in statuses(card))
