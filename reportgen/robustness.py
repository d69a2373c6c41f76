"""Which heads are found whatever an analyst chooses: the first contrast in every universe.

1. Every analysis of the multiverse tests all heads once, for all its corrections; α, the smallest effect of interest,
   the clusters and the seed are the study's. Max-T takes at most `RESAMPLES` resamples a universe. In the study's own
   universe the study's own result stands.
2. A head stands in a universe where it is found there with the sign that it has in the study.
3. Every universe counts once: a head's standing is the share of universes in which it stands. No p-value is made of
   it, since universes share their data.
4. A universe without any correction does not count: it is no reasonable choice for so many heads, finds heads where
   none differs, and would raise every head's standing. It is there for comparison (only where no universe of the
   study is corrected do all of them count).

After Simonsohn, Simmons & Nelson (2020), https://doi.org/10.1038/s41562-020-0912-z; that imaging's findings hang on
such choices is shown by Carp (2012), https://doi.org/10.3389/fnins.2012.00149, and Botvinik-Nezer et al. (2020),
https://doi.org/10.1038/s41586-020-2314-9.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.inference import HeadTests, test_heads
from reportgen.spec.model import Correction, TestsSection
from reportgen.universes import DIMENSIONS, Analysis, Choice, Dimension, LeftOut, Measure, Multiverse, Universe

RESAMPLES = 2_000
NEARLY_ALWAYS = 0.95

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class UniverseResult:
    """What one universe finds: of `n` pairs (of statements in the smaller set where unpaired), how many heads, and
    how many of them the study finds with the same sign. `counts` is False where it is there for comparison alone."""

    universe: Universe
    n: int
    heads: int
    shared: int
    counts: bool


@dataclass(frozen=True)
class ChoiceSummary:
    """What comes of one choice, over all universes that make it: those that count, but for a choice of no correction.

    `heads` is the median number of heads found, `kept` the mean share of the study's heads found again (NaN where
    the study finds none); `own` marks the study's own choice. `counts` is False where none of the universes does.
    """

    choice: Choice
    universes: int
    heads: float
    kept: float
    own: bool
    counts: bool


@dataclass(frozen=True)
class Robustness:
    """The first contrast in every universe.

    `standing` is, for each head, the share of the universes that count in which it stands, and `found` whether the
    study finds it, both [layer, head].
    """

    own: Universe
    universes: tuple[UniverseResult, ...]
    standing: xr.DataArray
    found: xr.DataArray
    left_out: tuple[LeftOut, ...]
    resamples: int

    @cached_property
    def study_heads(self) -> int:
        """How many heads the study itself finds."""
        return int(self.found.sum())

    @cached_property
    def counted(self) -> tuple[UniverseResult, ...]:
        """The universes that count, which every share is a share of."""
        return tuple(result for result in self.universes if result.counts)

    @property
    def uncorrected(self) -> int:
        """How many universes do not count, because nothing is corrected for in them."""
        return len(self.universes) - len(self.counted)

    @cached_property
    def by_heads(self) -> tuple[UniverseResult, ...]:
        """The universes in the order of the curve, the fewest heads first, those that do not count after all others."""
        return tuple(sorted(self.universes, key=lambda result: (not result.counts, result.heads, result.shared)))

    @property
    def holding(self) -> int:
        """In how many of the universes that count at least half of the study's heads stand."""
        return sum(2 * result.shared >= self.study_heads for result in self.counted)

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions in which there is a choice: two values or more are carried out."""
        return tuple(dimension for dimension in DIMENSIONS if len(self.summaries(dimension)) > 1)

    @property
    def decisive(self) -> Dimension:
        """The dimension whose values differ most in their median number of heads found.

        Not the relation, which decides first of all how many pairs there are.
        """
        others = (dimension for dimension in self.dimensions if dimension != "relation")
        return max(others, key=self.spread, default="relation")

    def spread(self, dimension: Dimension) -> float:
        """How far apart the medians of heads found are under the values of that dimension that count."""
        ranked = self.ranked(dimension)
        return ranked[-1].heads - ranked[0].heads if ranked else 0.0

    def ranked(self, dimension: Dimension) -> list[ChoiceSummary]:
        """What comes of each choice that counts, the fewest heads first."""
        counted = (summary for summary in self.summaries(dimension) if summary.counts)
        return sorted(counted, key=lambda summary: summary.heads)

    def summaries(self, dimension: Dimension) -> tuple[ChoiceSummary, ...]:
        """What comes of each choice in one dimension, the study's own choice first; a relation alone is compared with
        universes that are otherwise like it, and they take no part in the other dimensions."""
        place, mine = DIMENSIONS.index(dimension), self.own.choices
        groups: dict[Choice, list[UniverseResult]] = {mine[place]: []}
        for result in self.universes if dimension == "correction" else self.counted:
            analysis = result.universe.analysis
            alike = replace(analysis, relation=None) == self.own.analysis
            if alike if dimension == "relation" else analysis.relation is None:
                groups.setdefault(result.universe.choices[place], []).append(result)
        return tuple(self._summary(choice, results) for choice, results in groups.items())

    def heads_standing(self, share: float) -> list[tuple[int, int]]:
        """The heads, as (layer, head), that stand in at least that share of what counts, the firmest first."""
        standing = self.standing.to_numpy()
        order = np.argsort(-standing, axis=None, kind="stable")
        places = zip(*np.unravel_index(order, standing.shape), strict=True)
        return [(int(layer), int(head)) for layer, head in places if standing[layer, head] >= share]

    def _summary(self, choice: Choice, results: list[UniverseResult]) -> ChoiceSummary:
        kept = [result.shared / self.study_heads for result in results] if self.study_heads else [np.nan]
        return ChoiceSummary(
            choice=choice,
            universes=len(results),
            heads=float(np.median([result.heads for result in results])),
            kept=float(np.mean(kept)),
            own=choice in self.own.choices,
            counts=any(result.counts for result in results),
        )


def explore(multiverse: Multiverse, scores: Mapping[Measure, xr.DataArray], tests: HeadTests) -> Robustness:
    """Test the contrast of `tests`, the study's own result, in every universe.

    `scores` holds the labelled scores of every measure that a universe needs; where a universe keeps recalled facts
    alone they have a coordinate `recalled` along `statement`. Raises what `test_heads` raises.
    """
    found, any_corrected = tests.recall_heads(), any(universe.corrected for universe in multiverse.universes)
    sign = np.sign(tests.heads.effect)
    results: list[UniverseResult] = []
    stands = np.zeros(found.shape, dtype=np.int64)
    for universe, tested, passing in _each(multiverse, scores, tests):
        same = passing & (np.sign(tested.heads.effect) == sign)
        counts = universe.corrected or not any_corrected
        stands += same.to_numpy() & counts
        n, shared = min(tested.n_a, tested.n_b), int((same & found).sum())
        results.append(UniverseResult(universe, n, int(passing.sum()), shared, counts))
    return Robustness(
        own=multiverse.own,
        universes=tuple(results),
        standing=found.astype(float).copy(data=stands / sum(result.counts for result in results)),
        found=found,
        left_out=multiverse.left_out,
        resamples=_resamples(tests.settings),
    )


def _each(
    multiverse: Multiverse, scores: Mapping[Measure, xr.DataArray], own: HeadTests
) -> Iterator[tuple[Universe, HeadTests, xr.DataArray]]:
    """Every universe with its tests and the heads [layer, head] found in it."""
    for analysis, corrections in multiverse.analyses.items():
        tested = _test(analysis, corrections, scores[analysis.measure], own)
        for correction in corrections:
            universe = Universe(analysis, correction)
            result = own if universe == multiverse.own else tested
            yield universe, result, result.found_by(correction)


def _test(analysis: Analysis, corrections: tuple[Correction, ...], scores: xr.DataArray, own: HeadTests) -> HeadTests:
    labels = {str(name): column.to_numpy() for name, column in scores.coords.items() if column.dims == ("statement",)}
    settings = own.settings.model_copy(
        update={
            "test": analysis.test,
            "corrections": corrections,
            "headline": corrections[0],
            "resamples": _resamples(own.settings),
            "tail": "empirical",
            "family": "contrast",
            "split": None,
        }
    )
    return test_heads(scores.isel(statement=analysis.rows(labels)), own.contrast, settings)


def _resamples(settings: TestsSection) -> int:
    return min(settings.resamples, RESAMPLES)
