"""Honest top lists: what the strongest heads show on units that did not choose them, and how far to trust the map.

The heads at the top of a list are there partly by luck, so that their effects on the same data are too large
(the winner's curse; circular analysis, Kriegeskorte et al. 2009, doi:10.1038/nn.2303). Three answers:

1. Cross-fitting: split the units into halves, choose the k strongest heads on the one half, estimate their
   effects on the other, and the other way round, over many random splits (Cox 1975, doi:10.1093/biomet/62.2.441).
2. Stability: draw units with replacement and count how often each head is among the k strongest.
3. Split-half reliability: correlate the maps of two halves over heads, and correct for their half length
   (Spearman 1910; Brown 1910).

A unit is one independent observation; clusters come reduced to one row. Every function takes samples
[unit, head] whose means add up to the effect: `(differences,)` for pairs, `(a, -b)` for independent sets.
Each sample is split, or drawn from, on its own. The split or drawn means of a block of rounds are one matrix
product, and memory is bounded by the block, not by rounds × heads.

Heads are ranked by |effect|, as the page ranks them: a list in other units would not be the one that is judged.
A head with a score that is not finite, or with scores too large to be added up, is left out: its numbers are
NaN. An effect of exactly 0 chooses no head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.stats.differences import Flags, PerHead, Scores

FEWEST_UNITS = 4
FEWEST_HEADS = 3
LEAST_CHOSEN = 0.1

_ROUNDS_AT_ONCE = 100
_ROUNDING = 4 * float(np.finfo(np.float64).eps)

_Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class CrossFit:
    """Effects of the strongest heads on the half of the units that did not choose them, in units of the score.

    By head: `chosen` [head] is the share of half-splits in which the head was among the k strongest;
    `estimate` [head] is the mean of the other halves' effects over those, NaN where it was chosen in fewer than
    one of ten (`LEAST_CHOSEN`).

    By rank, k of them or as many as there are heads: `naive_by_rank` [rank] is the mean |effect| on the choosing
    half of the head that stood there, `by_rank` [rank] its mean effect on the other half, positive where it points
    the same way.

    Units are independent, so the halves are: given the choice, the other half's effect is an unbiased estimate
    of the chosen head's true one. `by_rank` therefore has no winner's curse: it is what a list chosen on half
    of the units would show on new ones, which is a little less than a list chosen on all of them deserves. One
    split's estimate is as noisy as half of the data; their mean is less so.

    `estimate` is unbiased in its mean weighted by `chosen`, not for the heads at the top of the full data's
    list: the splits share their units, so that a head which owes its place to them passes some of its luck
    on. In heads without any effect about half of the winner's curse stays, in heads that are nearly always
    chosen there is next to none. A list's honest figures are those of `by_rank`.
    """

    estimate: PerHead
    chosen: PerHead
    by_rank: PerHead
    naive_by_rank: PerHead

    @property
    def kept(self) -> float:
        """Share of the strongest heads' summed effects that new units show again; NaN where there are none."""
        naive = float(self.naive_by_rank.sum())
        return float(self.by_rank.sum()) / naive if naive > 0 else float("nan")


@dataclass(frozen=True)
class SplitHalf:
    """How alike the maps of effects of two halves of the units are, over random splits.

    `correlation` is the mean of Pearson's r across heads, `low` and `high` its 5th and 95th percentile over the
    splits (the spread over splits of these units, not a confidence interval). `reliability` is the
    expected correlation of the whole map with that of as many new units, `noise_ceiling` that with the true
    map: no other map can be expected to correlate higher with this one. All are NaN where no split has two maps
    that vary over at least three heads. `heads_left_out` counts the heads with scores that are not finite.
    """

    correlation: float
    low: float
    high: float
    heads_left_out: int

    @property
    def reliability(self) -> float:
        """2r/(1 + r) (Spearman 1910; Brown 1910); 0 for a negative r, which chance alone can give."""
        r = float(np.maximum(self.correlation, 0))
        return 2 * r / (1 + r)

    @property
    def noise_ceiling(self) -> float:
        """√reliability (Spearman 1904): the correlation with a map that has no noise."""
        return float(np.sqrt(self.reliability))


def cross_fit(samples: Sequence[Scores], k: int, splits: int, rng: np.random.Generator) -> CrossFit:
    """Effects of the k strongest heads, chosen on one half and estimated on the other, both ways in each split.

    With an odd number of units one half has one more. Raises ValueError with fewer than four units in a sample,
    and for k or `splits` below 1.
    """
    finite, kept = _finite_heads(samples)
    choices = _choices(kept, _rank_count(k, finite), _at_least_one("splits", splits), rng)
    chosen = _share_chosen(choices.heads, choices.choosing, len(kept[0][0]))
    estimate = np.where(chosen >= LEAST_CHOSEN, _mean_by_head(choices, len(chosen)), np.nan)
    towards = np.sign(choices.choosing) * choices.other
    by_rank, naive_by_rank = towards.mean(axis=0), np.abs(choices.choosing).mean(axis=0)
    return CrossFit(_to_all(estimate, finite), _to_all(chosen, finite), by_rank, naive_by_rank)


def top_k_stability(samples: Sequence[Scores], k: int, resamples: int, rng: np.random.Generator) -> PerHead:
    """Share of bootstrap resamples of the units in which the head is among the k strongest, [head].

    Raises ValueError with fewer than four units in a sample, and for k or `resamples` below 1.
    """
    finite, kept = _finite_heads(samples)
    count, share = _rank_count(k, finite), np.zeros(int(finite.sum()))
    for rounds in _blocks(_at_least_one("resamples", resamples)):
        effects = np.sum([_drawn_means(sample, rounds, rng) for sample in kept], axis=0)
        heads = _strongest(effects, count)
        share += _share_chosen(heads, np.take_along_axis(effects, heads, axis=1), len(share)) * rounds / resamples
    return _to_all(share, finite)


def split_half(samples: Sequence[Scores], splits: int, rng: np.random.Generator) -> SplitHalf:
    """Correlation of the maps of two halves, over random splits.

    A split in which a half's map does not vary has no correlation and does not count. Raises ValueError with
    fewer than four units in a sample, and for `splits` below 1.
    """
    finite, kept = _finite_heads(samples)
    halves = _half_effects(kept, _at_least_one("splits", splits), rng)
    correlations = np.concatenate([_correlations(first, second) for first, second in halves])
    defined = correlations[~np.isnan(correlations)]
    left_out = int((~finite).sum())
    if not len(defined):
        return SplitHalf(np.nan, np.nan, np.nan, left_out)
    low, high = np.quantile(defined, [0.05, 0.95])
    return SplitHalf(float(defined.mean()), float(low), float(high), left_out)


@dataclass(frozen=True)
class _Choices:
    """For each half that chose, strongest first: the heads' indices, their effects there and on the other half;
    three arrays [2 * split, rank]."""

    heads: _Indices
    choosing: PerHead
    other: PerHead


def _choices(samples: Sequence[PerHead], k: int, splits: int, rng: np.random.Generator) -> _Choices:
    blocks = [
        _choose(choosing, other, k)
        for first, second in _half_effects(samples, splits, rng)
        for choosing, other in ((first, second), (second, first))
    ]
    return _Choices(
        np.concatenate([block.heads for block in blocks]),
        np.concatenate([block.choosing for block in blocks]),
        np.concatenate([block.other for block in blocks]),
    )


def _choose(choosing: PerHead, other: PerHead, k: int) -> _Choices:
    heads = _strongest(choosing, k)
    return _Choices(heads, np.take_along_axis(choosing, heads, axis=1), np.take_along_axis(other, heads, axis=1))


def _strongest(effects: PerHead, k: int) -> _Indices:
    """Indices of the k largest |effect| of each row of [round, head], largest first."""
    magnitude = np.abs(effects)
    top = np.argpartition(magnitude, magnitude.shape[1] - k, axis=1)[:, magnitude.shape[1] - k :]
    falling = np.argsort(-np.take_along_axis(magnitude, top, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(top, falling, axis=1))


def _share_chosen(heads: _Indices, effects: PerHead, head_count: int) -> PerHead:
    """Share of rounds [head] in which the head is among `heads` [round, rank] with an effect other than 0."""
    return np.bincount(heads[effects != 0], minlength=head_count) / len(heads)


def _mean_by_head(choices: _Choices, head_count: int) -> PerHead:
    """Mean of the other halves' effects over the rounds in which the head was chosen, [head]; NaN for none."""
    nonzero = choices.choosing != 0
    heads = choices.heads[nonzero]
    total = np.bincount(heads, weights=choices.other[nonzero], minlength=head_count)
    count = np.bincount(heads, minlength=head_count)
    return np.asarray(np.divide(total, count, out=np.full(head_count, np.nan), where=count > 0))


def _half_effects(
    samples: Sequence[PerHead], splits: int, rng: np.random.Generator
) -> Iterator[tuple[PerHead, PerHead]]:
    """Blocks of effects on the first and on the second half, each [split, head]."""
    for rounds in _blocks(splits):
        halves = [_half_means(sample, rounds, rng) for sample in samples]
        yield np.sum([first for first, _ in halves], axis=0), np.sum([second for _, second in halves], axis=0)


def _half_means(sample: PerHead, rounds: int, rng: np.random.Generator) -> tuple[PerHead, PerHead]:
    n, size = len(sample), len(sample) // 2
    first = rng.permuted(np.tile(np.arange(n) < size, (rounds, 1)), axis=1)
    return (first / size) @ sample, (~first / (n - size)) @ sample


def _drawn_means(sample: PerHead, rounds: int, rng: np.random.Generator) -> PerHead:
    """Means of `rounds` bootstrap resamples, [round, head]."""
    n = len(sample)
    cells = rng.integers(0, n, size=(rounds, n)) + n * np.arange(rounds)[:, np.newaxis]
    weights = np.bincount(cells.ravel(), minlength=rounds * n).reshape(rounds, n) / n
    return np.asarray(weights @ sample)


def _correlations(first: PerHead, second: PerHead) -> PerHead:
    """Pearson's r across heads of each row of two arrays [split, head], [split]; NaN where a map does not vary."""
    if first.shape[1] < FEWEST_HEADS:
        return np.full(len(first), np.nan)
    return np.asarray((_standardized(first) * _standardized(second)).sum(axis=1))


def _standardized(maps: PerHead) -> PerHead:
    """Rows [split, head] moved to mean 0 and stretched to length 1; NaN where a row varies by rounding alone.

    Rows are first divided by their largest deviation, so that no square overflows or underflows.
    """
    deviations = maps - maps.mean(axis=1, keepdims=True)
    largest = np.abs(deviations).max(axis=1, keepdims=True)
    varies = largest > _ROUNDING * np.abs(maps).max(axis=1, keepdims=True)
    scaled = np.divide(deviations, largest, out=np.full(maps.shape, np.nan), where=varies)
    return np.asarray(scaled / np.sqrt((scaled**2).sum(axis=1, keepdims=True)))


def _finite_heads(samples: Sequence[Scores]) -> tuple[Flags, list[PerHead]]:
    """Which heads can be computed, [head], and the samples of those heads in float64."""
    for sample in samples:
        if len(sample) < FEWEST_UNITS:
            raise ValueError(
                f"halves need at least {FEWEST_UNITS} units in each set; got {len(sample)}: "
                "add facts, or name a cluster with more levels"
            )
    values = [np.asarray(sample, dtype=np.float64) for sample in samples]
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(np.sum([np.abs(sample).sum(axis=0) for sample in values], axis=0))
    return finite, [sample[:, finite] for sample in values]


def _rank_count(k: int, finite: Flags) -> int:
    return min(_at_least_one("k", k), int(finite.sum()))


def _at_least_one(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name} needs to be at least 1; got {value}")
    return value


def _blocks(rounds: int) -> list[int]:
    """Sizes of the blocks in which that many rounds are computed."""
    return [min(_ROUNDS_AT_ONCE, rounds - start) for start in range(0, rounds, _ROUNDS_AT_ONCE)]


def _to_all(values: PerHead, finite: Flags) -> PerHead:
    """Spread the values of the finite heads over all of them, NaN for the others, [head]."""
    everywhere = np.full(finite.shape, np.nan)
    everywhere[finite] = values
    return everywhere
