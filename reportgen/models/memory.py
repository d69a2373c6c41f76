"""How much memory a model takes, told before any of its weights are loaded, and whether a machine has that much.

1. The numbers in the weights are counted in the headers of the files, or by the size of files that have none.
2. A forward pass takes some states of every token (width, and width of the feed-forward part), the attention of every head
   over a sequence of `LONGEST` tokens, one layer at a time, and the log-probabilities of the vocabulary.

Passes get smaller where memory runs out, so that of the two the weights alone are certain to be needed. It is an estimate: what
Python, PyTorch and the statements take (some 600 MB) is not in it, nor the second copy of a model that is measured against
float64, which is not made where there is no room for it.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.errors import StudyError
from reportgen.models.configuration import read_configuration
from reportgen.models.gguf import read_gguf
from reportgen.models.weights import has_weights, stored, weight_files
from reportgen.spec.model_section import Arithmetic

ROOM = 0.9
"""The part of a memory that a model may fill; the rest is for what else there is."""
ITEM_SIZES: Mapping[str, int] = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
TOKENS_PER_PASS, LONGEST = 512, 128

_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_STATES, _WIDE_STATES, _SHARES = 8, 4, 3


@dataclass(frozen=True)
class Need:
    """The bytes that a model's weights take, and those of a forward pass beside them."""

    weights: int
    working: int

    @property
    def total(self) -> int:
        """Both."""
        return self.weights + self.working


def estimate_memory(place: Path, dtype: Arithmetic, tokens: int = TOKENS_PER_PASS) -> int | None:
    """About how many bytes a model takes that runs in this arithmetic, `tokens` of statements a forward pass.

    `place` is a GGUF file or a folder (`ModelSource.gguf` or `.folder`). Loads no weights and imports no torch. None where
    that cannot be told yet: a hub model whose weights have not been fetched. Raises StudyError where the files are damaged.
    """
    if place.is_file():
        header = read_gguf(place)
        return needed(header.parameters, header.says, dtype, tokens).total
    parameters = parameters_in(place)
    if parameters is None:
        return None
    return needed(parameters, read_configuration(place), dtype, tokens).total


def needed(parameters: int, said: Mapping[str, Any], dtype: str, tokens: int = TOKENS_PER_PASS) -> Need:
    """What a model of so many weights takes whose configuration says this."""
    return Need(parameters * ITEM_SIZES[dtype], working_memory(said, dtype, tokens))


def parameters_in(folder: Path) -> int | None:
    """How many numbers the weights of a folder have; None where there are none yet. Of pickles it is told by their size."""
    held = stored(folder)
    if held is not None:
        return held.parameters
    if not has_weights(folder, "pytorch"):
        return None
    said = read_configuration(folder)
    kept = str(said.get("dtype") or said.get("torch_dtype") or "float32").removeprefix("torch.")
    return sum(file.stat().st_size for file in weight_files(folder, "pytorch")) // ITEM_SIZES.get(kept, 4)


def working_memory(said: Mapping[str, Any], dtype: str, tokens: int) -> int:
    """The bytes of a forward pass over `tokens` tokens; those parts alone that the configuration tells of."""
    of_text = said.get("text_config", said)
    width = _number(of_text, "hidden_size", "n_embd", "d_model")
    inner = _number(of_text, "intermediate_size", "n_inner", "ffn_dim") or 4 * width
    heads = _number(of_text, "num_attention_heads", "n_head", "n_heads")
    item = ITEM_SIZES[dtype]
    states = tokens * (_STATES * width + _WIDE_STATES * inner) * item
    attention = tokens * LONGEST * heads * _SHARES * 4
    vocabulary = min(tokens, TOKENS_PER_PASS) * _number(of_text, "vocab_size") * (item + 4)
    return states + attention + vocabulary


def require_memory(need: Need, memory: int, dtype: str) -> None:
    """Raise StudyError where a model that is to run on the processor does not fit into a memory of so many bytes."""
    if need.total > ROOM * memory:
        raise StudyError(
            f"the model takes {gigabytes(need.total)} in {dtype} (weights {gigabytes(need.weights)}, a forward pass "
            f"{gigabytes(need.working)}), and this machine has {gigabytes(memory)} of memory. Choose a smaller model, or a "
            "machine with more memory: `reportgen capture` there leaves results that `reportgen render` makes a page of here."
        )


def main_memory() -> int:
    """The memory in bytes that this process may have: the machine's, or less where a container is held to less; where the
    system does not tell, more than any model takes."""
    if not hasattr(os, "sysconf"):
        return sys.maxsize
    return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *map(_limit, _CGROUPS))


def gigabytes(size: int) -> str:
    """A size as messages say it."""
    return f"{size / 1e9:.1f} GB"


def _limit(file: str) -> int:
    """What a container's file says of its memory; more than any machine has where it says nothing."""
    try:
        return int(Path(file).read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return sys.maxsize


def _number(said: Mapping[str, Any], *names: str) -> int:
    return next((value for name in names if isinstance(value := said.get(name), int)), 0)
