"""Text to tokens with character offsets, by the model's own fast tokenizer and without torch.

1. Texts go through the tokenizer many at a time, a text that comes twice once.
2. Equal ids, offsets and token texts are one object, whichever text they come from. A study's texts are made of few
   different ones, so a token costs three references: 24 bytes in place of some 200.
"""

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from operator import le, lt
from pathlib import Path
from typing import Literal, TypeVar

from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from reportgen.errors import StudyError

BATCH = 1024

_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")

_T = TypeVar("_T", bound=Hashable)


@dataclass(frozen=True, slots=True)
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
        return self.encode_all([text])[0]

    def encode_all(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize many texts, in their order; a text that stands there twice is tokenized once."""
        pool, different = _Pool(), list(dict.fromkeys(texts))
        tokens = {text: self._begun(body) for text, body in zip(different, self._bodies(different, pool), strict=True)}
        return [tokens[text] for text in texts]

    def restart(self, tokens: Tokens) -> Tokens:
        """A text's tokens by the other rule, as this tokenizer makes them: it puts one first, or leaves the first out."""
        if self.bos is not None:
            return self._begun(tokens)
        return Tokens(tokens.ids[1:], tokens.offsets[1:], tokens.texts[1:])

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
    def ordinary(self) -> tuple[int, ...]:
        """The ids that stand for text: the vocabulary without special and added tokens, in their order."""
        words = set(self._fast.get_vocab(with_added_tokens=False).values())
        return tuple(sorted(words - set(self._fast.get_added_tokens_decoder())))

    @cached_property
    def context(self) -> int | None:
        """The longest text that the model takes, in tokens, where its configuration says so."""
        config = _read_json(self.folder / "config.json")
        lengths = (config.get(key) for key in _CONTEXT_KEYS)
        return next((length for length in lengths if isinstance(length, int)), None)

    def _bodies(self, texts: Sequence[str], pool: "_Pool") -> Iterable[Tokens]:
        """Each text's tokens without a beginning-of-sequence token."""
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            # The library's own records of a text are twenty times ours: a batch's at most are there at once.
            for text, encoding in zip(batch, self._fast.encode_batch(batch, add_special_tokens=False), strict=True):
                offsets = encoding.offsets
                yield pool.tokens(encoding.ids, offsets, _texts(text, offsets, encoding))

    def _begun(self, body: Tokens) -> Tokens:
        if self.bos is None:
            return body
        return Tokens((self.bos, *body.ids), ((0, 0), *body.offsets), (self._bos_text, *body.texts))

    @cached_property
    def _fast(self) -> FastTokenizer:
        try:
            fast = FastTokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the library raises plain Exception
            raise StudyError(f"{self.folder / 'tokenizer.json'}: not a tokenizer that can be read ({error})") from error
        # A file may ask for either; a batch would then be padded to its longest text.
        fast.no_padding()
        fast.no_truncation()
        return fast

    @cached_property
    def _bos_text(self) -> str:
        token = _read_json(self.folder / "tokenizer_config.json").get("bos_token")
        text = token.get("content") if isinstance(token, dict) else token
        return text if isinstance(text, str) else ""


@dataclass(frozen=True)
class _Pool:
    """Every different id, offset and token text that has come so far."""

    ids: dict[int, int] = field(default_factory=dict)
    offsets: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def tokens(self, ids: Sequence[int], offsets: Sequence[tuple[int, int]], texts: Sequence[str]) -> Tokens:
        return Tokens(_shared(self.ids, ids), _shared(self.offsets, offsets), _shared(self.texts, texts))


def _shared(pool: dict[_T, _T], values: Sequence[_T]) -> tuple[_T, ...]:
    # Unpacked by way of a list: a tuple that is made of an iterator keeps room that it does not need.
    return (*map(pool.setdefault, values, values),)


def _texts(text: str, offsets: Sequence[tuple[int, int]], encoding: Encoding) -> list[str]:
    """Each token's part of the text, so that all together are the text: where several tokens make up one character,
    the first of them has it. A token that stands for no character has its own name."""
    if _apart(offsets):
        return [text[start:end] for start, end in offsets]
    texts, covered = [], 0
    for (start, end), token in zip(offsets, encoding.tokens, strict=True):
        texts.append(text[max(start, covered) : end] if end > start else token)
        covered = max(covered, end)
    return texts


def _apart(offsets: Sequence[tuple[int, int]]) -> bool:
    """Whether every token stands for characters, and for none that an earlier one stands for: so it is nearly always,
    and the names of the tokens, which are slow to get, are then not needed."""
    ends = [*chain.from_iterable(offsets)]
    return all(map(lt, ends[::2], ends[1::2])) and all(map(le, ends[1::2], ends[2::2]))


def _read_json(path: Path) -> dict[str, object]:
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content if isinstance(content, dict) else {}
