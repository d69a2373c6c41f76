"""How many heads differ: those found, and between which numbers the heads that truly differ lie.

Each head's interval allows for all heads. So, with the sureness of the headline correction, a head differs by the smallest
effect of interest where its whole interval lies beyond it, and does not where its whole interval lies within; the number of
heads that truly differ is at least that of the first and at most that of all but the second. Drawing pairs again and counting
anew would not do: draws differ more than pairs do, and find heads where there are none.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.inference import HeadTests

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Counted:
    """The heads found, those that surely differ by the smallest effect of interest, and those that may, [layer, head] each."""

    found: Flags
    surely: Flags
    perhaps: Flags

    @property
    def text(self) -> str:
        """The number found with its interval: "12 [9, 15]"."""
        return f"{numbers.count(int(self.found.sum()))} {self.interval}"

    @property
    def words(self) -> str:
        """How many heads truly differ, in a sentence: "9 to 15"."""
        least, most = (numbers.count(int(flags.sum())) for flags in (self.surely, self.perhaps))
        return least if least == most else f"{least} to {most}"

    @property
    def interval(self) -> str:
        """How many heads differ at least and at most: "[9, 15]"."""
        return f"[{numbers.count(int(self.surely.sum()))}, {numbers.count(int(self.perhaps.sum()))}]"


def count_heads(tests: HeadTests) -> Counted:
    """What one contrast says of its number of heads."""
    low, high = (tests.heads[f"simultaneous_{side}"].to_numpy() for side in ("low", "high"))
    found, least = tests.recall_heads().to_numpy(), tests.smallest_effect
    tested = (tests.heads.reason == "").to_numpy()
    with np.errstate(invalid="ignore"):
        surely = ((low >= least) | (high <= -least)) & found
        within = (low > -least) & (high < least)
    return Counted(found, surely, (tested & ~within) | found)
