"""What the command line takes as a value: text in, a checked value out; click.BadParameter says what is wrong."""

import math
import re
from datetime import timedelta

import click

_AGES = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_MOST_SIZES = 20
_COLUMNS = ("subject", "relation", "object", "false_object", "truth", "pair", "statement")
_FEWEST_PAIRS, _MOST_PAIRS = 2, 10_000_000


def sizes(text: str) -> tuple[int, ...]:
    """Numbers of pairs, such as "50,100,500", in rising order."""
    written = text.split(",")
    found = {int(number) for number in written if re.fullmatch(r"\s*[0-9]{1,12}\s*", number, re.ASCII)}
    if len(found) != len(written) or len(found) > _MOST_SIZES:
        raise click.BadParameter(
            f"{_short(text)} is not a list of up to {_MOST_SIZES} different whole numbers, such as 50,100,500"
        )
    if min(found) < _FEWEST_PAIRS or max(found) > _MOST_PAIRS:
        raise click.BadParameter(
            f"each number must lie between {_FEWEST_PAIRS} and {_MOST_PAIRS:,}; got {_short(text)}"
        )
    return tuple(sorted(found))


def points(text: str) -> float:
    """Points of attention, more than 0 and at most 100, as a share."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 100:
        raise click.BadParameter(f"{_short(text)} is not a number of points of attention, more than 0 and at most 100")
    return value / 100


def age(text: str) -> timedelta:
    """A length of time in hours, days or weeks: "12h", "7d", "4w"."""
    written = re.fullmatch(r"([0-9]{1,5})([hdw])", text, re.ASCII)
    if written is None:
        raise click.BadParameter(f"{_short(text)} is not a length of time such as 12h, 7d or 4w")
    return int(written[1]) * _AGES[written[2]]


def renaming(text: str) -> tuple[str, str]:
    """A column's name of ours and that of a file: "subject=country"."""
    ours, _, theirs = text.partition("=")
    if ours not in _COLUMNS or not theirs:
        raise click.BadParameter(f"{_short(text)} is not NAME=COLUMN with one of the names {', '.join(_COLUMNS)}")
    return ours, theirs


def number_or_least(text: str) -> int:
    """A number of facts from 1 on; "least" is 0."""
    if text == "least":
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) == 0:
        raise click.BadParameter(f"{_short(text)} is neither a whole number from 1 on nor `least`")
    return int(text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
