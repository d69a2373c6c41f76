"""How this room treats the words that it is given: cleaned once, and shown shortened in messages."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_SHOWN = 80
_LINE_BREAKS_AND_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean(text: str) -> str:
    """`text` in Unicode NFC without outer white space: two spellings of one name become one name."""
    return unicodedata.normalize("NFC", text).strip()


def forbidden_character(text: str) -> str:
    """The first line break or control character in `text` as "U+000A", or nothing.

    Marks of direction and joiners are neither: names in Arabic and emoji need them.
    """
    for character in "" if text.isprintable() else text:
        if unicodedata.category(character) in _LINE_BREAKS_AND_CONTROLS:
            return f"U+{ord(character):04X}"
    return ""


def shown(text: str) -> str:
    """`text` between backticks for a message: cut where it grows long, what the eye cannot see escaped."""
    short = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short) + "`"


def closest(word: str, choices: Iterable[str]) -> str:
    """The choice most like `word`, whatever its case, or nothing when none is alike."""
    by_folded = {choice.casefold(): choice for choice in choices}
    near = get_close_matches(word.casefold(), list(by_folded), n=1)
    return by_folded[near[0]] if near else ""
