"""What is asked of a model: one number for every head, read from one statement. Knows no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import content_key


@dataclass(frozen=True)
class Request:
    """A statement, which says where attention is read from and to, and how the shares become one number.

    Requests whose statements are the same tokens are answered by one forward pass.
    """

    statement: Statement
    aggregation: Aggregation

    @property
    def key(self) -> str:
        """The same for two requests exactly where a model must answer both alike."""
        return content_key(self.tokens, self.statement.query, self.statement.keys, self.aggregation)

    @property
    def tokens(self) -> tuple[int, ...]:
        """The token ids that the model is run on."""
        return self.statement.tokens.ids

    @property
    def look(self) -> tuple[tuple[int, ...], int, tuple[int, ...]]:
        """What is looked at, however its shares become one number: token ids, query position, key span."""
        return self.tokens, self.statement.query, self.statement.keys


def ask(statements: Iterable[Statement], aggregation: Aggregation) -> tuple[Request, ...]:
    """One request a statement, all with the same aggregation."""
    return tuple(Request(statement, aggregation) for statement in statements)
