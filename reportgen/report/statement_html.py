"""Statements as text with their subject, object and query position marked, and one of them token by token."""

from dataclasses import dataclass

from reportgen.report.markup import Html
from reportgen.report.render import component
from reportgen.statements import Statement


@dataclass(frozen=True)
class _Piece:
    """A stretch of text, and the classes that mark it ("" for none)."""

    text: str
    role: str


@dataclass(frozen=True)
class _Token:
    """A token, the classes that mark it, and what it is in a word."""

    text: str
    role: str
    note: str


def statement_html(statement: Statement) -> Html:
    """The statement's text; the subject underlined, the object in its set's colour."""
    side = "a" if statement.fact.truth else "b"
    marks = sorted([(statement.subject_stretch, "subject"), (statement.object_stretch, f"object object-{side}")])
    pieces, at = [], 0
    for (start, end), role in marks:
        pieces += [_Piece(statement.text[at:start], ""), _Piece(statement.text[start:end], role)]
        at = end
    pieces.append(_Piece(statement.text[at:], ""))
    return component("components/statement", pieces=[piece for piece in pieces if piece.text])


def tokens_html(statement: Statement) -> Html:
    """The statement token by token: key span, object and query position named under the tokens."""
    tokens = [_token(statement, position) for position in range(len(statement.tokens.ids))]
    return component("components/tokens", tokens=tokens)


def _token(statement: Statement, position: int) -> _Token:
    notes = {
        "subject": position in statement.subject,
        "object": position in statement.object,
        "key": position in statement.keys,
        "query": position == statement.query,
    }
    named = [name for name, is_so in notes.items() if is_so]
    return _Token(statement.tokens.texts[position], " ".join(f"token-{name}" for name in named), ", ".join(named))
