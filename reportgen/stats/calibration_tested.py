"""What all counts of a calibration share: how much is counted, the draws, and one data set under one test.

1. Random keys make the draws, in blocks of bounded size (`keys_of`).
2. A data set is tested as a study is: raw p-values, and max-T with arrangements of its own (`Tested`).
3. Corrections of raw p-values run on those draws alone that may hold a finding (`found_by`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.calibration_rows import Mean, Size, StandardErrors
from reportgen.stats.corrections import CRITERIA, Method, adjust
from reportgen.stats.differences import Flags, PerHead
from reportgen.stats.maxt import Resampled, max_t, step_down
from reportgen.stats.null_draws import RUN, NullDesign, Test, blocks, null_of

_CELLS = 1_000_000
_ROUNDING = 1e-5

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Settings:
    """How much is counted, and what is planted.

    `share` of the heads get an effect of each of the `sizes`. `draws` and `resamples` are those of the null data
    sets and of their max-T reference; the `planted_` ones, those of each size. `planted_tests` come on top of the
    design's own test; `splits` are those of cross-fitting. The `means_` ones are those of the data sets in which only the
    means are equal, where an effect of `smallest_effect`, in units of the score, is asked for as well; a head whose
    skewness is beyond `strong_skew` counts as strongly skewed.
    """

    alpha: float = 0.05
    corrections: tuple[Method, ...] = tuple(rule.method for rule in CRITERIA)
    draws: int = 2000
    resamples: int = 10_000
    share: float = 0.1
    sizes: tuple[Size, ...] = (StandardErrors(2.0), StandardErrors(3.5), StandardErrors(5.0))
    planted_tests: tuple[Test, ...] = ()
    planted_draws: int = 500
    planted_resamples: int = 999
    splits: int = 50
    means_draws: int = 500
    means_resamples: int = 999
    smallest_effect: float = 0.0
    strong_skew: float = 3.0


def seed_from(rng: np.random.Generator) -> int:
    """A seed for arrangements, which draw their own random numbers."""
    return int(rng.integers(2**32))


def keys_of(design: NullDesign, draws: int, rng: np.random.Generator) -> Iterator[PerHead]:
    """Random keys of null data sets in blocks, [draw, unit]; the size of a block changes nothing in them."""
    return (rng.random((count, design.keys)) for count in blocks(design, draws, _CELLS))


@dataclass(frozen=True)
class Tested:
    """One test of one data set: p-values, max-T by arrangements of its own, and its step-down p-values, [head]."""

    p_values: PerHead
    max_t: Resampled
    step_down: PerHead
    alpha: float

    @classmethod
    def of(cls, test: Test, a: PerHead, b: PerHead, alpha: float, resamples: int, seed: int) -> "Tested":
        """Of scores [unit, head], whose heads all have to be testable."""
        nulls = [null_of(test, a, b, resamples, seed)]
        return cls(RUN[test](a, b).p_value, max_t(nulls), step_down(nulls), alpha)

    def found(self, method: Method) -> Flags:
        """Which heads the test finds with that correction, [head]."""
        if method == "max_t":
            return np.asarray(self.max_t.adjusted <= self.alpha)
        if method == "max_t_step_down":
            return np.asarray(self.step_down <= self.alpha)
        return np.asarray(found_by(self.p_values[np.newaxis], method, self.alpha)[0])


def found_by(p_values: PerHead, method: Method, alpha: float) -> Flags:
    """Where adjusted p-values are at most `alpha`, for each row of [draw, head] on its own."""
    found = np.zeros(p_values.shape, dtype=np.bool_)
    for draw in np.flatnonzero(_may_find(p_values, method, alpha)):
        found[draw] = adjust(p_values[draw], method, alpha) <= alpha
    return found


def _may_find(p_values: PerHead, method: Method, alpha: float) -> Flags:
    """Draws that may hold a finding, [draw]. All corrections but Šidák's find nothing where no k-th smallest p is
    at most kα/m (Simes 1986): most null draws are settled by that, and the slow corrections not run on them."""
    if method in ("none", "sidak"):
        return np.ones(len(p_values), dtype=np.bool_)
    ordered = np.sort(p_values, axis=1)
    ranks = np.arange(1, ordered.shape[1] + 1) / np.maximum((~np.isnan(ordered)).sum(axis=1, keepdims=True), 1)
    return np.asarray((ordered <= ranks * alpha * (1 + _ROUNDING)).any(axis=1))


def mean_of(values: npt.NDArray[np.generic]) -> Mean:
    """The mean over draws [draw], with its standard error; of no draws it is NaN."""
    if not len(values):
        return Mean(np.nan, np.nan, 0)
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Mean(float(values.mean()), spread / float(np.sqrt(len(values))), len(values))
