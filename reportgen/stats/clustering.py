"""Things grouped by their vectors: how many groups, whether there are any, and how well they hold.

1. Ward's method (1963) joins things [thing, feature] step by step where the squared Euclidean distances within groups grow
   least.
2. Of 2 to `most` groups those are taken whose mean silhouette (Rousseeuw 1987) is largest: how much nearer a thing is to
   its own group than to the next one, from −1 to 1.
3. Whether there are groups at all: the same with each feature's values permuted over things, which keeps every feature's
   spread and leaves no groups that features make together. p is the share of permutations whose largest mean silhouette is
   at least the observed one, (b + 1)/(m + 1).
4. How well they hold: grouped again from data drawn again, by the adjusted Rand index (Hubert & Arabie 1985), and group by
   group by the largest Jaccard coefficient with any new group (Hennig 2007).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from reportgen.stats.differences import PerHead

FEWEST = 4

Labels = npt.NDArray[np.intp]
Vectors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grouping:
    """Groupings into 2, 3 and more groups, `every` one with labels [thing] from 0, the largest group first; `curve` holds
    their mean silhouettes, and `taken` is the position of that whose mean is largest. `silhouette` is each thing's own
    there, [thing]."""

    taken: int
    every: tuple[Labels, ...]
    curve: PerHead
    silhouette: PerHead

    @property
    def labels(self) -> Labels:
        """Each thing's group, [thing]."""
        return self.every[self.taken]

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.labels.max()) + 1

    @property
    def best(self) -> float:
        """The mean silhouette of the groups taken."""
        return float(np.max(self.curve))


@dataclass(frozen=True)
class Chance:
    """Curves of mean silhouettes with permuted features, [draw, number of groups], and the p-value of the observed best."""

    curves: npt.NDArray[np.float64]
    p_value: float


@dataclass(frozen=True)
class Stability:
    """Groupings from data drawn again: adjusted Rand index with the first [draw], the largest Jaccard coefficient of each of
    its groups [draw, group], and the number of groups that would have been taken [draw]."""

    rand: PerHead
    jaccard: npt.NDArray[np.float64]
    counts: Labels


def group(vectors: Vectors, most: int) -> Grouping:
    """Group `vectors` [thing, feature] into 2 to `most` groups. Raises ValueError with fewer than `FEWEST` things."""
    if len(vectors) < FEWEST:
        raise ValueError(f"groups need at least {FEWEST} things; got {len(vectors)}")
    pairwise = pdist(vectors)
    distances = squareform(pairwise)
    every = _cuts(linkage(pairwise, "ward"), min(most, len(vectors) - 1))
    silhouettes = [silhouette(distances, labels) for labels in every]
    curve = np.array([values.mean() for values in silhouettes])
    best = int(curve.argmax())
    return Grouping(best, every, curve, silhouettes[best])


def silhouette(distances: Vectors, labels: Labels) -> PerHead:
    """(b − a)/max(a, b) of each thing, with a its mean distance to its own group's others and b that to the nearest other
    group (Rousseeuw 1987); 0 for a thing that is a group by itself. `distances` are [thing, thing]."""
    if not labels.any():
        return np.zeros(len(labels))
    members = (labels[:, np.newaxis] == np.arange(labels.max() + 1)).astype(np.float64)
    sizes = members.sum(axis=0)
    sums = distances @ members
    places = np.arange(len(labels))
    own = sums[places, labels] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes
    means[places, labels] = np.inf
    other = means.min(axis=1)
    scale = np.maximum(own, other)
    counts = (sizes[labels] > 1) & (scale > 0)
    return np.asarray(np.divide(other - own, scale, out=np.zeros(len(labels)), where=counts))


def by_chance(
    vectors: Vectors, grouping: Grouping, most: int, draws: int, seed: int, advance: Callable[[int], None]
) -> Chance:
    """What grouping finds where features have nothing to do with each other; `advance` is told of every draw."""
    rng = np.random.default_rng(seed)
    curves = []
    for _ in range(draws):
        curves.append(group(rng.permuted(vectors, axis=0), most).curve)
        advance(1)
    reached = np.count_nonzero(np.max(curves, axis=1) >= grouping.best - 1e-9)
    return Chance(np.array(curves), float((reached + 1) / (draws + 1)))


def drawn_again(
    draw: Callable[[np.random.Generator], Vectors],
    grouping: Grouping,
    most: int,
    draws: int,
    seed: int,
    advance: Callable[[int], None],
) -> Stability:
    """Group what `draw` gives, vectors of the same things from data drawn again, and compare: into as many groups as before,
    and how many would have been taken."""
    rng = np.random.default_rng(seed)
    rand, jaccard, counts = [], [], []
    for _ in range(draws):
        again = group(draw(rng), most)
        as_many = again.every[grouping.taken]
        rand.append(adjusted_rand(grouping.labels, as_many))
        jaccard.append(largest_jaccard(grouping.labels, as_many))
        counts.append(again.count)
        advance(1)
    return Stability(np.array(rand), np.array(jaccard), np.array(counts, dtype=np.intp))


def adjusted_rand(one: Labels, other: Labels) -> float:
    """Whether pairs of things are together in both groupings, adjusted for chance: 1 where they agree, about 0 where they have
    nothing to do with each other (Hubert & Arabie 1985, equation 5)."""
    table = _crossed(one, other)
    together = _pairs(table).sum()
    rows, columns = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    expected = rows * columns / _pairs(np.array(len(one)))
    most = (rows + columns) / 2
    return float((together - expected) / (most - expected)) if most != expected else 1.0


def largest_jaccard(one: Labels, other: Labels) -> PerHead:
    """For each group of the first grouping the largest |A ∩ B| / |A ∪ B| with one of the second (Hennig 2007), [group]."""
    table = _crossed(one, other)
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0) - table
    return np.asarray((table / union).max(axis=1))


@dataclass(frozen=True)
class Projection:
    """Things on the two axes along which they differ most, [thing, 2], and each axis's share of all squared distances."""

    places: Vectors
    explained: tuple[float, float]


def project(vectors: Vectors) -> Projection:
    """The first two principal components of `vectors` [thing, feature], which is classical scaling of their Euclidean distances
    (Gower 1966). Each axis points where its largest loading is positive."""
    left, singular, right = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    signs = np.sign(right[np.arange(2), np.abs(right[:2]).argmax(axis=1)])
    share = singular**2 / max(float((singular**2).sum()), np.finfo(float).tiny)
    return Projection(left[:, :2] * singular[:2] * signs, (float(share[0]), float(share[1])))


def _cuts(tree: Vectors, most: int) -> tuple[Labels, ...]:
    """The tree as 2 to `most` groups; as fewer where things are the same and cannot be told apart."""
    return tuple(_largest_first(fcluster(tree, count, "maxclust")) for count in range(2, most + 1))


def _largest_first(raw: Labels) -> Labels:
    """Groups numbered by size, those of one size in the order of their first thing."""
    _, first, inverse, sizes = np.unique(raw, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.intp)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return np.asarray(rank[inverse])


def _crossed(one: Labels, other: Labels) -> npt.NDArray[np.int64]:
    """How many things are in each group of the one and of the other, [group, group]."""
    table = np.zeros((one.max() + 1, other.max() + 1), dtype=np.int64)
    np.add.at(table, (one, other), 1)
    return table


def _pairs(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.asarray(sizes * (sizes - 1) / 2)
