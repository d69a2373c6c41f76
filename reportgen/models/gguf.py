"""The header of a GGUF file, walked through within the file's own bounds before a library opens it.

The library that converts GGUF files believes what they say of themselves: of a file that was cut short, or made to do harm,
it may read without end. Here no length is believed that leads beyond the end of the file.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reportgen.errors import StudyError

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_ALIGNED, _VOCABULARY = "general.alignment", "tokenizer.ggml.tokens"
_CALLED = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
}
"""What a few of its numbers, behind the name of the architecture, are called in a `config.json`."""
_ALIGNMENT = 32
_MOST_DIMENSIONS = 8
_LONGEST_NAME = 2**16
_REMEDY = "Download it again."


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself: what a `config.json` would say, by its names there, how many tensors it holds and how
    many weights in them."""

    says: Mapping[str, int]
    tensors: int
    parameters: int


def read_gguf(file: Path) -> GgufHeader:
    """The header of a whole GGUF file; raises StudyError where the file is another, cut short or not to be trusted."""
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Walk(content).header()
    except OSError as error:
        raise StudyError(f"{file}: cannot be read ({error.strerror or error}).") from error
    except (ValueError, struct.error, UnicodeDecodeError) as error:  # of an empty file, mmap's own
        raise StudyError(f"{file}: no whole GGUF file ({error}). {_REMEDY}") from error


@dataclass
class _Walk:
    """A walk over the bytes; every step raises ValueError or struct.error where it would leave the file."""

    content: mmap.mmap
    at: int = 0
    says: dict[str, int] = field(default_factory=dict)
    alignment: int = _ALIGNMENT

    def header(self) -> GgufHeader:
        if self.content[:4] != _MAGIC:
            raise ValueError("it does not begin as one")
        self.at = 4
        version = self._number("I")
        if version not in _VERSIONS:
            raise ValueError(f"version {version} of the format; {' and '.join(map(str, _VERSIONS))} can be read")
        tensors, values = self._number("Q"), self._number("Q")
        for _ in range(values):
            self._value()
        sizes = _block_sizes()
        parameters = end = 0
        for _ in range(tensors):  # not a list: a file may claim millions of them
            count, behind = self._tensor(sizes)
            parameters, end = parameters + count, max(end, behind)
        if self.alignment < 1:
            raise ValueError("its alignment is no number of bytes")
        promised = math.ceil(self.at / self.alignment) * self.alignment + end
        if promised > len(self.content):
            raise ValueError(f"cut short: it promises {promised:,} bytes and has {len(self.content):,}")
        layers = self.says.get("num_hidden_layers", 0)
        if layers > tensors:  # a library that believed it would make them all
            raise ValueError(f"it speaks of {layers:,} layers and holds {tensors:,} tensors")
        return GgufHeader(self.says, tensors, parameters)

    def _value(self) -> None:
        """A name and its value, which is kept where it is one that we need."""
        name, kind = self._text(), self._number("I")
        if kind == _STRING:
            self._skip(self._number("Q"))
        elif kind == _ARRAY:
            length = self._list()
            if name == _VOCABULARY:
                self.says["vocab_size"] = length
        elif kind in _SCALARS:
            self._keep(name, self._number(_SCALARS[kind]))
        else:
            raise ValueError(f"a value of an unknown kind, {kind}")

    def _keep(self, name: str, value: int) -> None:
        _, _, behind = name.partition(".")
        if not isinstance(value, int):
            return
        if name == _ALIGNED:
            self.alignment = value
        elif behind in _CALLED:
            self.says[_CALLED[behind]] = value

    def _list(self) -> int:
        """How many values a list has."""
        kind, length = self._number("I"), self._number("Q")
        if kind in _SCALARS:
            self._skip(length * struct.calcsize(_SCALARS[kind]))
        elif kind == _STRING:
            for _ in range(length):
                self._skip(self._number("Q"))
        else:
            raise ValueError(f"a list of an unknown kind, {kind}")
        return length

    def _tensor(self, sizes: dict[int, tuple[int, int]]) -> tuple[int, int]:
        """How many weights a tensor has, and where it ends, in bytes from where the first begins."""
        self._text()
        dimensions = self._number("I")
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"a tensor of {dimensions:,} dimensions")
        count = math.prod(self._number("Q") for _ in range(dimensions))
        kind, offset = self._number("I"), self._number("Q")
        if kind not in sizes:
            raise ValueError(f"a tensor of an unknown kind, {kind}")
        block, size = sizes[kind]
        return count, offset + count // block * size

    def _text(self) -> str:
        length = self._number("Q")
        if length > _LONGEST_NAME:
            raise ValueError("a name that is too long")
        start = self.at
        self._skip(length)
        return self.content[start : self.at].decode()

    def _number(self, code: str) -> int:
        start = self.at
        self._skip(struct.calcsize(code))
        value: int = struct.unpack_from(f"<{code}", self.content, start)[0]
        return value

    def _skip(self, size: int) -> None:
        if size > len(self.content) - self.at:
            raise ValueError("cut short within its header")
        self.at += size


def _block_sizes() -> dict[int, tuple[int, int]]:
    """How many weights make up a block, and its bytes, for each kind of tensor."""
    from gguf.constants import GGML_QUANT_SIZES  # noqa: PLC0415

    return {int(kind): size for kind, size in GGML_QUANT_SIZES.items()}
