"""What is asked of a model: one number for every head, read from one statement. Knows no torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from reportgen.spec.model import Aggregation
from reportgen.statements import Statement
from reportgen.store import content_key

Weight = Literal["attention", "contribution"]
Reduction = Aggregation | Literal["entropy"]


@dataclass(frozen=True)
class Request:
    """A statement, which says where attention is read from and to, and how what is read becomes one number.

    `aggregation` is one of the spec's own or "entropy": how evenly the attention to the span is spread over its tokens,
    −Σ p log p / log n with shares p of the span's own attention and its n tokens: 1 where all get the same, 0 where one
    gets everything or there is one alone.
    `weight` is "attention" for the shares of attention themselves. "contribution" multiplies each share by the
    length of the vector that the head would write for that key, its value through the output projection, as in
    Kobayashi et al. (2020), "Attention is Not Only a Weight", https://doi.org/10.18653/v1/2020.emnlp-main.574; the
    unit is that of the residual stream.
    """

    statement: Statement
    aggregation: Reduction
    weight: Weight = "attention"

    @property
    def key(self) -> str:
        """The same for two requests exactly where a model must answer both alike."""
        return content_key(self.tokens, self.statement.keys, self.aggregation, self.weight)

    @property
    def tokens(self) -> tuple[int, ...]:
        """The token ids that decide the answer: the query position's and all before it. The model is causal."""
        return self.statement.tokens.ids[: self.statement.query + 1]


def ask(statements: Iterable[Statement], aggregation: Reduction, weight: Weight = "attention") -> tuple[Request, ...]:
    """One request a statement, all with the same aggregation and weight."""
    return tuple(Request(statement, aggregation, weight) for statement in statements)
