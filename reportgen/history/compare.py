"""Two runs of one study side by side: which inputs changed, which heads came and went, whether the numbers are the same.

(The types; the comparison itself follows.)
"""

from dataclasses import dataclass
from typing import Literal

from reportgen.history.record import RunRecord

Kind = Literal["first", "reproduced", "restored", "unmoved", "changed", "alarm"]
"""What a run is beside the one before it:

- first: there is none before it
- reproduced: same inputs, captured anew, and every number the same
- restored: same inputs, the same captured scores, the same numbers: nothing was proven
- unmoved: inputs changed, and no finding did (no head gained or lost)
- changed: inputs changed, and heads were gained or lost
- alarm: same inputs, other numbers
"""


@dataclass(frozen=True)
class Estimate:
    """A head's effect in one run, in shares of attention, with its simultaneous interval and adjusted p."""

    effect: float
    low: float
    high: float
    adjusted: float


@dataclass(frozen=True)
class HeadChange:
    """A head that one run found and the other did not. An estimate is None where the run did not test the head."""

    contrast: str
    head: str
    gained: bool
    before: Estimate | None
    after: Estimate | None


@dataclass(frozen=True)
class Cause:
    """An input that changed: which ("facts", "model", "spec", "code", "torch", …), in a sentence, and the single
    things, such as facts, that were added, dropped or altered."""

    input: str
    text: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shift:
    """How far two runs' numbers are apart: the largest difference of any head's effect, in shares of attention, that
    head, and the difference as a part of half the width of its interval; `exact` where every number is the same."""

    contrast: str
    head: str
    difference: float
    of_uncertainty: float
    exact: bool


@dataclass(frozen=True)
class Comparison:
    """A finished run beside the finished run before it (None for the first)."""

    before: RunRecord | None
    after: RunRecord
    kind: Kind
    causes: tuple[Cause, ...]
    heads: tuple[HeadChange, ...]
    shift: Shift | None

    @property
    def gained(self) -> tuple[HeadChange, ...]:
        """The heads that only the later run found."""
        return tuple(change for change in self.heads if change.gained)

    @property
    def lost(self) -> tuple[HeadChange, ...]:
        """The heads that only the earlier run found."""
        return tuple(change for change in self.heads if not change.gained)
