"""How this room treats the words that it is given: cleaned once, and refused where they break a line."""

import unicodedata

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
