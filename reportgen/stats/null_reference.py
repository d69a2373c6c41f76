"""Max-T's reference for null data sets: computed once for a design, since its arrangements form a group.

1. A null data set is itself an arrangement of the scores, so that its statistics are one row of a matrix product.
2. The real scores are arranged at random; each arrangement keeps the |t| of its strongest heads, not the largest alone.
3. Single step: the critical value is a quantile of the largest.
4. Step down: heads that are found are left out, the critical value of the others is taken anew, until nothing more is
   found (Romano & Wolf 2005). With one reference this finds what adjusted p-values of Westfall & Young (1993) find.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reportgen.stats.arrangements import Weights
from reportgen.stats.differences import Flags, PerHead, Scores
from reportgen.stats.maxt import Null, Resampled, is_exact, max_t
from reportgen.stats.null_draws import NullDesign, Test, null_of

_KEPT = 12
_ROUNDING = 1e-5

_Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Reference:
    """The null distribution of one test's max-T in every null data set of a design.

    `null` and `resampled` are those of the scores that were arranged. `heads` and `values` [arrangement, rank] are each
    arrangement's strongest heads and their |t|, which is enough to leave some heads out.
    """

    null: Null
    resampled: Resampled
    heads: _Indices
    values: PerHead

    def statistics(self, weights: PerHead) -> PerHead:
        """|t| of null data sets given as arrangements of these scores, [draw, head]."""
        return _absolute_t(self.null, weights).astype(np.float64)

    def critical(self, gone: Flags, alpha: float) -> float:
        """What |t| has to exceed among the heads that are not `gone` [head].

        Where all the heads that an arrangement keeps are gone, the weakest of them stands in, which errs towards
        fewer findings.
        """
        present = ~gone[self.heads]
        present[:, -1] = True
        maxima = np.take_along_axis(self.values, present.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]
        # As in `maxt`: a statistic that is equal but for rounding does not exceed.
        return replace(self.resampled, maxima=maxima).critical(alpha) * (1 + _ROUNDING)

    def single_step(self, t: PerHead, alpha: float) -> Flags:
        """Which heads of null data sets are found, of |t| [draw, head]."""
        return np.asarray(t > self.critical(np.zeros(t.shape[1], dtype=np.bool_), alpha))

    def step_down(self, t: PerHead, alpha: float) -> Flags:
        """The same, step by step."""
        found = self.single_step(t, alpha)
        for draw in np.flatnonzero(found.any(axis=1)):
            found[draw] = self._all_steps(t[draw], found[draw], alpha)
        return found

    def _all_steps(self, t: PerHead, found: Flags, alpha: float) -> Flags:
        """Of one data set [head], of which some heads are `found` already."""
        more = found | (t > self.critical(found, alpha))
        return more if (more == found).all() else self._all_steps(t, more, alpha)


def reference_of(design: NullDesign, test: Test, resamples: int, seed: int) -> Reference:
    """Arrange a design's scores so many times, or in all ways where those are fewer."""
    null = null_of(test, *design.base(), resamples, seed)
    kept = [_strongest(block) for block in _blocks(null)]
    return Reference(
        null=null,
        resampled=max_t([null]),
        heads=np.concatenate([heads for heads, _ in kept]),
        values=np.concatenate([values for _, values in kept]).astype(np.float64),
    )


def _blocks(null: Null) -> Iterator[Scores]:
    """|t| of all arrangements, [arrangement, head] at a time."""
    arranged = null.arrangements.all() if is_exact([null]) else null.arrangements.sample()
    return (_absolute_t(null, weights) for weights in arranged)


def _absolute_t(null: Null, weights: Weights) -> Scores:
    return np.abs(null.statistic.as_t(null.statistic.of(weights)))


def _strongest(t: Scores) -> tuple[_Indices, Scores]:
    """Indices and values of the largest of each row [arrangement, head], largest first."""
    count = min(_KEPT, t.shape[1])
    top = np.argpartition(t, t.shape[1] - count, axis=1)[:, t.shape[1] - count :]
    falling = np.argsort(-np.take_along_axis(t, top, axis=1), axis=1)
    heads = np.take_along_axis(top, falling, axis=1)
    return heads, np.take_along_axis(t, heads, axis=1)
