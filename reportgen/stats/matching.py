"""Heads of two models that respond to the same facts alike, matched one to one.

1. A head's profile is what it shows of each unit that both models have, [unit]: how much more attention in a true statement
   than in its twin, say. Two heads are as similar as their profiles correlate over units; that both have a mean effect does
   not make them similar, only that the same facts raise and lower it.
2. Heads are matched so that the sum of their similarities is the largest that there is (Kuhn 1955, by SciPy's solver after
   Crouse 2016). Where models differ in their number of heads, the larger one's surplus stays unmatched.
3. The best matching of unrelated heads is not 0. So units of one model are permuted, all heads together, and heads are matched
   anew: the mean similarity, and the largest of any match, are those of models that share nothing but their own structure. A
   match is more than chance where no more than a share α of the permutations has any match as similar (max statistic; Westfall
   & Young 1993). p-values are (b + 1)/(m + 1) (Phipson & Smyth 2010).
4. Whoever is chosen for being similar looks more similar than it is. So heads are matched on half of the units, and their
   similarity is measured on the other half, averaged over random halves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from reportgen.stats.differences import Scores

DRAWS, HALVES = 499, 20

Indices = npt.NDArray[np.intp]
Map = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Matched:
    """Heads of the first model that were matched, in order, and the head of the second that each goes with, [match]."""

    first: Indices
    second: Indices
    similarity: Map


@dataclass(frozen=True)
class Matching:
    """The best matching, [match], and each match's p-value, which allows for all; the mean similarity with its p-value, its
    mean and 95 % range among permutations, what it is on facts that had no part in the matching, and that of any two heads
    whatever: where something moves all heads alike, any two are."""

    matched: Matched
    p_value: Map
    mean: float
    mean_p: float
    by_chance: float
    chance_low: float
    chance_high: float
    held_out: float
    any_two: float


def similarity(x: Scores, y: Scores) -> Map:
    """Pearson's correlation over units of every head of `x` with every head of `y`, [unit, head] each; 0 where one of them does
    not vary."""
    return np.asarray(_standardized(x).T @ _standardized(y))


def assign(similar: Map) -> Matched:
    """The matching of rows to columns with the largest sum."""
    rows, columns = linear_sum_assignment(similar, maximize=True)
    return Matched(np.asarray(rows), np.asarray(columns), similar[rows, columns])


def match_heads(
    x: Scores,
    y: Scores,
    blocks: Indices,
    seed: int,
    draws: int = DRAWS,
    advance: Callable[[int], None] = lambda _: None,
) -> Matching:
    """Match the heads of two models by profiles [unit, head]; units are permuted within `blocks` [unit]. `advance` is told of
    the matchings that are done, `draws` + `HALVES` in all."""
    rng = np.random.default_rng(seed)
    similar, first, second = similarity(x, y), _standardized(x), _standardized(y)
    own = assign(similar)
    means, largest = np.empty(draws), np.empty(draws)
    for draw in range(draws):
        order = np.argsort(blocks + rng.random(len(blocks)))
        shuffled = np.empty_like(order)
        shuffled[np.argsort(blocks, kind="stable")] = order
        drawn = assign(first.T @ second[shuffled])
        means[draw], largest[draw] = drawn.similarity.mean(), drawn.similarity.max()
        advance(1)
    mean = float(own.similarity.mean())
    low, high = np.quantile(means, (0.025, 0.975))
    return Matching(
        matched=own,
        p_value=(1 + (largest >= own.similarity[:, np.newaxis] - _NEAR).sum(axis=1)) / (draws + 1),
        mean=mean,
        mean_p=float((1 + (means >= mean - _NEAR).sum()) / (draws + 1)),
        by_chance=float(means.mean()),
        chance_low=float(low),
        chance_high=float(high),
        held_out=_held_out(x, y, rng, advance),
        any_two=float(similar.mean()),
    )


_NEAR = 1e-9


def _held_out(x: Scores, y: Scores, rng: np.random.Generator, advance: Callable[[int], None]) -> float:
    found = []
    for _ in range(HALVES):
        order = rng.permutation(len(x))
        half, rest = order[: len(x) // 2], order[len(x) // 2 :]
        chosen = assign(similarity(x[half], y[half]))
        found.append(similarity(x[rest], y[rest])[chosen.first, chosen.second].mean())
        advance(1)
    return float(np.mean(found))


def _standardized(rows: Scores) -> Map:
    """Each head's profile around its mean, of length 1; nothing where it does not vary."""
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    length = np.linalg.norm(centred, axis=0)
    return np.asarray(np.divide(centred, length, out=np.zeros(centred.shape), where=length > 1e-9))
