"""Text to tokens with character offsets, by the model's own fast tokenizer and without torch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from tokenizers import Tokenizer as FastTokenizer

from reportgen.errors import StudyError

_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")


@dataclass(frozen=True)
class Tokens:
    """A tokenized text: ids, the characters [start, end) that each token covers, and each token as text.

    A token that stands for no character, such as a beginning-of-sequence token, covers [0, 0); one of several that
    make up a character has it as its text if it is the first, else nothing.
    """

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Tokenizer:
    """A model's tokenizer, whether it puts a beginning-of-sequence token first, and how long a text may be.

    `prepend_bos` is "auto" to do as the tokenizer itself does, "always" or "never". No other special token is
    ever added: the last token of a statement is the last token of its text.
    """

    folder: Path
    prepend_bos: Literal["auto", "always", "never"] = "auto"

    def encode(self, text: str) -> Tokens:
        """Tokenize one text."""
        encoding = self._fast.encode(text, add_special_tokens=False)
        ids, offsets = list(encoding.ids), list(encoding.offsets)
        texts = _texts(text, offsets, encoding.tokens)
        if self.bos is not None:
            ids, offsets, texts = [self.bos, *ids], [(0, 0), *offsets], [self._bos_text, *texts]
        return Tokens(tuple(ids), tuple(offsets), tuple(texts))

    def count(self, text: str) -> int:
        """How many tokens a text has inside a sentence, where a space stands before it."""
        return len(self._fast.encode(f" {text}", add_special_tokens=False).ids)

    @cached_property
    def bos(self) -> int | None:
        """The id of the token put first, or None where none is."""
        if self.prepend_bos == "never":
            return None
        known = self._fast.token_to_id(self._bos_text) if self._bos_text else None
        if self.prepend_bos == "always" and known is None:
            raise StudyError("model.prepend_bos is `always`, but this tokenizer names no beginning-of-sequence token.")
        if self.prepend_bos == "auto":
            started = self._fast.encode("a", add_special_tokens=True).ids
            return known if known is not None and started[:1] == [known] else None
        return known

    @cached_property
    def context(self) -> int | None:
        """The longest text that the model takes, in tokens, where its configuration says so."""
        config = _read_json(self.folder / "config.json")
        lengths = (config.get(key) for key in _CONTEXT_KEYS)
        return next((length for length in lengths if isinstance(length, int)), None)

    @cached_property
    def _fast(self) -> FastTokenizer:
        try:
            return FastTokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the library raises plain Exception
            raise StudyError(f"{self.folder / 'tokenizer.json'}: not a tokenizer that can be read ({error})") from error

    @cached_property
    def _bos_text(self) -> str:
        token = _read_json(self.folder / "tokenizer_config.json").get("bos_token")
        text = token.get("content") if isinstance(token, dict) else token
        return text if isinstance(text, str) else ""


def _texts(text: str, offsets: Sequence[tuple[int, int]], tokens: Sequence[str]) -> list[str]:
    """Each token's part of the text, so that all together are the text: where several tokens make up one character,
    the first of them has it. A token that stands for no character has its own name."""
    texts, covered = [], 0
    for (start, end), token in zip(offsets, tokens, strict=True):
        texts.append(text[max(start, covered) : end] if end > start else token)
        covered = max(covered, end)
    return texts


def _read_json(path: Path) -> dict[str, object]:
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content if isinstance(content, dict) else {}
