"""Reading in the memory that there is.

1. Requests are read in passes of a budget of tokens.
2. Where memory does not suffice, the budget is halved, for good, and the statements are read in two halves, the
   second after the first; what was read of them before is read again.
3. A statement that does not fit alone ends the run.

CUDA has an error of its own for that; the CPU's allocator and other devices raise a RuntimeError that says so in words,
Python and NumPy a MemoryError.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.capture.tree import Leaf, leaves
from reportgen.errors import StudyError, shown
from reportgen.progress import Progress

if TYPE_CHECKING:
    from reportgen.capture.opening import Reader

_T = TypeVar("_T")

_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "alloc_failed")


@dataclass
class Thrift:
    """A reader whose passes get smaller when memory runs out; `budget` is what they take now."""

    reader: "Reader"
    budget: int
    progress: Progress
    _has_told: bool = field(default=False, init=False)

    def read_all(self, requests: Sequence[Request], advance: Callable[[int], None]) -> Scores:
        """The scores of the requests, [request, layer, head]; `advance` is told of leaves that are done, of none twice.

        Raises StudyError where a statement does not fit into memory, and what the reader raises otherwise.
        """
        return self._read(requests, _Count(advance))

    def _read(self, requests: Sequence[Request], count: "_Count") -> Scores:
        before = count.done
        try:
            return self.reader.read_all(requests, self.budget, count.add)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = str(error).partition("\n")[0]
        # Only now are the error and the tensors that it holds on to gone.
        found = leaves([request.tokens for request in requests])
        if len(found) == 1:
            raise StudyError(_too_long(requests, found[0], reason))
        count.done = before
        self._halve()
        return self._read_halves(requests, found, count)

    def _read_halves(self, requests: Sequence[Request], found: Sequence[Leaf], count: "_Count") -> Scores:
        middle = len(found) // 2
        halves = [[place for leaf in half for place in leaf.places] for half in (found[:middle], found[middle:])]
        read = [self._read([requests[place] for place in half], count) for half in halves]
        return np.concatenate(read)[np.argsort(np.concatenate(halves))]

    def _halve(self) -> None:
        _give_back()
        self.budget = max(1, self.budget // 2)
        if not self._has_told:
            self._has_told = True
            self.progress.say(
                f"memory ran out; going on with {self.budget:,} tokens a pass, and fewer where that is too many"
            )


def within_memory(read: Callable[[int], _T], budget: int) -> _T:
    """What `read` gives for the budget, or for the largest of its halves that memory suffices for."""
    while budget > 1:
        try:
            return read(budget)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        _give_back()
        budget //= 2
    return read(budget)


class _Count:
    """How many leaves are done, told to a listener; what is done again is not told again."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self.done, self._told, self._advance = 0, 0, advance

    def add(self, leaves: int) -> None:
        """So many more are done."""
        self.done += leaves
        if self.done > self._told:
            self._advance(self.done - self._told)
            self._told = self.done


def is_out_of_memory(error: Exception) -> bool:
    """Whether it says, in one of the ways there are, that memory did not suffice."""
    import torch  # noqa: PLC0415

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error).casefold()
    return isinstance(error, RuntimeError) and any(words in said for words in _WORDS)


def _give_back() -> None:
    """What PyTorch keeps of a GPU's memory for later, so that pieces of it can become larger ones."""
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _too_long(requests: Sequence[Request], leaf: Leaf, reason: str) -> str:
    text = shown(requests[leaf.places[-1]].statement.text)
    return (
        f"a statement of {len(leaf.tokens):,} tokens does not fit into memory, even alone: {text} ({reason}). "
        "Leave it out or shorten it, free memory, or choose another device or a smaller model."
    )
