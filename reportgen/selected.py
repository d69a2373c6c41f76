"""The strongest heads looked at again on units that did not choose them, and how far the whole map can be trusted."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from reportgen.inference import HeadTests
from reportgen.scores import by_head, flat
from reportgen.stats.differences import PerHead, differences_of
from reportgen.stats.selection import FEWEST_UNITS, CrossFit, SplitHalf, cross_fit, split_half, top_k_stability

SPLITS = 200
RESAMPLES = 1000


@dataclass(frozen=True)
class Selected:
    """`cross_fitted`, `chosen` and `stability` have the dimensions layer and head.

    `cross_fitted` is the effect (share of attention) on the halves that did not choose the head, NaN where it was
    hardly ever chosen; `chosen` the share of half-splits that chose it; `stability` the share of bootstrap resamples
    in which it is among the `k` strongest.
    """

    k: int
    cross_fitted: xr.DataArray
    chosen: xr.DataArray
    stability: xr.DataArray
    ranks: CrossFit
    halves: SplitHalf


def look_again(tests: HeadTests, k: int) -> Selected | None:
    """Cross-fit, resample and split the units of one contrast; None where there are too few to be split."""
    if min(tests.n_a, tests.n_b) < FEWEST_UNITS:
        return None
    samples, seed = _samples(tests), tests.settings.seed
    # A stream of its own for each question: none of them depends on which others are asked.
    crossed = cross_fit(samples, k, SPLITS, np.random.default_rng([seed, 1]))
    stability = top_k_stability(samples, k, RESAMPLES, np.random.default_rng([seed, 2]))
    return Selected(
        k=k,
        cross_fitted=by_head(crossed.estimate, tests.heads.effect),
        chosen=by_head(crossed.chosen, tests.heads.effect),
        stability=by_head(stability, tests.heads.effect),
        ranks=crossed,
        halves=split_half(samples, SPLITS, np.random.default_rng([seed, 3])),
    )


def _samples(tests: HeadTests) -> tuple[PerHead, ...]:
    """Samples [unit, head] whose means add up to the effect."""
    a, b = (flat(units) for units in (tests.units_a, tests.units_b))
    if tests.design == "paired":
        return (differences_of(a, b),)
    return a.astype(np.float64), -b.astype(np.float64)
