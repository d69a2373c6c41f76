"""A tokenizer that needs no model's files: every word is a token, and every mark that stands by itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from reportgen.models.tokenizer import Tokens


@dataclass
class WordTokenizer:
    """As much of `models.tokenizer.Tokenizer` as chains ask for."""

    context: int | None = None
    known: dict[str, int] = field(default_factory=dict)

    def encode_all(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize many texts."""
        return [self.encode(text) for text in texts]

    def encode(self, text: str) -> Tokens:
        """Tokenize one text."""
        found = [(match.group(), match.span()) for match in re.finditer(r"\w+|[^\w\s]", text)]
        ids = tuple(self.known.setdefault(word, len(self.known)) for word, _ in found)
        return Tokens(ids, tuple(span for _, span in found), tuple(word for word, _ in found))

    def count(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self.encode(text).ids)
