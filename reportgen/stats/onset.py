"""When something begins that lasts: the first of several looks from which every later one shows it.

1. Looks are made in order, such as at the checkpoints of a training; each says whether something is shown, by a test of level
   α. The onset is the first look from which all to the last show it.
2. To date an onset too early, the last look at which nothing was there must have shown something by chance: with a test of
   level α at each look this happens with probability α at most, however many looks there are. So looks are not corrected
   for. How much too late an onset is dated depends on the power of a look.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import Flags

NEVER = -1


def onset(shown: Flags) -> npt.NDArray[np.intp]:
    """The first look from which all show it, `shown` being [look, …]; `NEVER` where the last one does not."""
    lasting = np.logical_and.accumulate(shown[::-1], axis=0)[::-1]
    return np.where(lasting.any(axis=0), lasting.argmax(axis=0), NEVER).astype(np.intp)


def better_than_even(successes: Sequence[int], trials: Sequence[int]) -> npt.NDArray[np.float64]:
    """The exact one-sided p-value of so many successes among trials that succeed half of the time by chance, [look]; NaN where
    there are none (Clopper & Pearson 1934)."""
    from scipy.stats import binomtest  # noqa: PLC0415

    return np.array(
        [
            binomtest(hits, n, 0.5, alternative="greater").pvalue if n else np.nan
            for hits, n in zip(successes, trials, strict=True)
        ]
    )
