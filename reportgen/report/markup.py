"""Text that is already markup, and the escaping of text that is not.

Plain strings are data: wherever one meets a document it is escaped, for Markdown or for HTML. Only the types
here pass unescaped, and only this project's own words are ever given those types.
"""

import re
from collections.abc import Iterable

from markupsafe import Markup as Html

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SPACE = re.compile(r"[ \t\r\n\f\v\x1c-\x1f\x85\u2028\u2029]+")


class Md(str):
    """Markdown that this project wrote, passed through unescaped."""

    __slots__ = ()


def md(template: str, **values: object) -> Md:
    """Our Markdown with values filled in: what is not `Md` itself is escaped."""
    return Md(template.format(**{name: escape_md(value) for name, value in values.items()}))


def escape_md(value: object) -> Md:
    """A value as it would be read, whatever it contains: every ASCII punctuation mark gets a backslash.

    pandoc allows that for every one of them (`all_symbols_escapable`), and Quarto's shortcodes, divs, mathematics
    and attributes are all spelled with them. Spaces and line ends become one space; a no-break space stays.
    """
    if isinstance(value, Md):
        return value
    return Md(_PUNCTUATION.sub(r"\\\1", _SPACE.sub(" ", str(value))))


def plain_md(text: str) -> Md:
    """A plain sentence of ours with data in it: escaped whole, what stands between backticks set as code."""
    pieces = text.split("`")
    marked = (f"[{escape_md(piece)}]{{.code}}" if place % 2 else escape_md(piece) for place, piece in enumerate(pieces))
    return Md("".join(marked)) if len(pieces) % 2 else escape_md(text)


def join_md(parts: Iterable[Md], separator: str = " ") -> Md:
    """Several pieces of Markdown one after another."""
    return Md(separator.join(parts))


def raw_html(html: Html) -> Md:
    """HTML as a raw block of Markdown. It holds no backtick, so nothing inside can end the block early."""
    return Md("```{=html}\n" + str(html).replace("`", "&#96;").strip() + "\n```")


__all__ = ["Html", "Md", "escape_md", "join_md", "md", "plain_md", "raw_html"]
