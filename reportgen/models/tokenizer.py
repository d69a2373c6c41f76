"""Text to tokens with character offsets, by the model's own fast tokenizer and without torch.

1. Texts go through the tokenizer many at a time, a text that comes twice once.
2. Equal ids, offsets and token texts are one object, whichever text they come from. A study's texts are made of few
   different ones, so a token costs three references: 24 bytes in place of some 200.
3. Where an opening stands before every text, both are tokenized together, as one text. The opening's tokens are those
   before the text's own, and offsets count from where the text begins.
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

    A token that stands for no character of the text, such as a beginning-of-sequence token or an opening's, covers [0, 0);
    one of several that make up a character has it as its text if it is the first, else nothing.
    """

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Opening:
    """What stands before every text: what a chat template writes; `dated` says that it writes a date, which is then always
    the same."""

    text: str
    dated: bool = False


@dataclass(frozen=True)
class Tokenizer:
    """A model's tokenizer, whether it puts a beginning-of-sequence token first, and how long a text may be.

    `prepend_bos` is "auto" to do as the tokenizer itself does, "always" or "never". No other special token is
    ever added: the last token of a statement is the last token of its text. Where there is an `opening`, special tokens
    that it names are tokens, and nothing is put before it.
    """

    folder: Path
    prepend_bos: Literal["auto", "always", "never"] = "auto"
    opening: Opening | None = None

    def encode(self, text: str) -> Tokens:
        """Tokenize one text."""
        return self.encode_all([text])[0]

    def encode_all(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize many texts, in their order; a text that stands there twice is tokenized once."""
        pool, different = _Pool(), list(dict.fromkeys(texts))
        tokens = {text: self._begun(body) for text, body in zip(different, self._bodies(different, pool), strict=True)}
        return [tokens[text] for text in texts]

    def restart(self, tokens: Tokens) -> Tokens:
        """A text's tokens by the other rule, as this tokenizer makes them: it puts one first, or leaves the first out.
        No text with an opening has another rule."""
        assert self.opening is None
        if self.bos is not None:
            return self._begun(tokens)
        return Tokens(tokens.ids[1:], tokens.offsets[1:], tokens.texts[1:])

    def count(self, text: str) -> int:
        """How many tokens a text has inside a sentence, where a space stands before it."""
        return len(self._fast.encode(f" {text}", add_special_tokens=False).ids)

    @cached_property
    def bos(self) -> int | None:
        """The id of the beginning-of-sequence token that stands first, or None where none does."""
        if self.prepend_bos == "never":
            return None
        known = self._fast.token_to_id(self._bos_text) if self._bos_text else None
        if self.opening is not None:
            first = self._fast.encode(self.opening.text, add_special_tokens=False).ids[:1]
            return known if first == [known] else None
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
    def added(self) -> frozenset[str]:
        """The texts that are tokens wherever they stand, such as those of special tokens."""
        return frozenset(token.content for token in self._fast.get_added_tokens_decoder().values())

    @cached_property
    def context(self) -> int | None:
        """The longest text that the model takes, in tokens, where its configuration says so."""
        config = read_json(self.folder / "config.json")
        lengths = (config.get(key) for key in _CONTEXT_KEYS)
        return next((length for length in lengths if isinstance(length, int)), None)

    def _bodies(self, texts: Sequence[str], pool: "_Pool") -> Iterable[Tokens]:
        """Each text's tokens, behind those of the opening, without a beginning-of-sequence token put first."""
        before = "" if self.opening is None else self.opening.text
        for start in range(0, len(texts), BATCH):
            batch = [before + text for text in texts[start : start + BATCH]]
            # The library's own records of a text are twenty times ours: a batch's at most are there at once.
            for text, encoding in zip(batch, self._fast.encode_batch(batch, add_special_tokens=False), strict=True):
                offsets = encoding.offsets
                parts = _texts(text, offsets, encoding)
                if self.opening is not None:
                    offsets, parts = _behind(len(before), offsets, parts)
                yield pool.tokens(encoding.ids, offsets, parts)

    def _begun(self, body: Tokens) -> Tokens:
        if self.bos is None or self.opening is not None:
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
        return text_of(read_json(self.folder / "tokenizer_config.json").get("bos_token"))


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


def _behind(
    start: int, offsets: Sequence[tuple[int, int]], texts: Sequence[str]
) -> tuple[list[tuple[int, int]], list[str]]:
    """Offsets counted from the character on at which the text begins behind its opening, [0, 0) before it; and texts in which
    the opening's line breaks, some of them tokens of their own, can be seen."""
    own = [(max(left - start, 0), max(right - start, 0)) for left, right in offsets]
    seen = [text.replace("\n", "↵") if left < start else text for text, (left, _) in zip(texts, offsets, strict=True)]
    return own, seen


def text_of(token: object) -> str:
    """What a special token is written as, where a tokenizer's configuration names it; else nothing."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""


def read_json(path: Path) -> dict[str, object]:
    """What a file of the tokenizer's configuration says: nothing where there is none. Raises StudyError where it is no JSON."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: not a configuration that can be read ({error})") from error
    return content if isinstance(content, dict) else {}
