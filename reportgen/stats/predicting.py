"""Whether scores of heads predict which of two kinds a unit is of, out of sample.

1. Units are split into folds, whole groups of them, with both kinds dealt out evenly. Each fold is predicted by what is fitted
   to the others; standardizing, too, knows the others alone.
2. `ridge` is a logistic regression on all heads with an L2 penalty (le Cessie & van Houwelingen 1992): it minimizes
   Σ log(1 + exp(−sᵢηᵢ)) + ½‖v‖², η = c + z·v, s = ±1, with z the standardized scores over √(number of heads). So the penalty says
   beforehand that all heads together move the log-odds by about 1, however many they are. It is solved in the space that the
   units span, which is small where heads outnumber them. The intercept is not penalized.
3. `single` takes the one head that tells the kinds apart best among the units that it is fitted to.
4. The area under the curve of the predictions (`ranking`) is compared with those that come out when the kinds are shuffled
   over the units of each fold and all is fitted anew (Ojala & Garriga 2010): p = (b + 1)/(m + 1). Folds stay as they are, so
   that shuffles share what does not depend on the kinds, and are fitted together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from reportgen.stats.differences import Flags, PerHead, Scores
from reportgen.stats.ranking import Area, Groups, area

SHUFFLES = 499
_TIE = 1e-9

Kinds = npt.NDArray[np.bool_]
Fit = Callable[[PerHead, Kinds, PerHead], PerHead]
"""What is predicted of held-out units: from rows [unit, head], their kinds [draw, unit] and the held-out rows [held, head] to
[draw, held]; larger for the first kind."""


@dataclass(frozen=True)
class Predicted:
    """How well held-out units are told apart: the area with its interval, and the p-value of shuffled kinds."""

    area: Area
    p_value: float


def assess(rows: Scores, first: Flags, groups: Groups, fit: Fit, folds: int, level: float, seed: int) -> Predicted:
    """Predict each unit of `rows` [unit, head] from those outside its fold, and judge the predictions.

    `first` [unit] says which units are of the first kind, `groups` [unit] which belong together, counted from 0.
    """
    rng = np.random.default_rng(seed)
    place = _folds(first, groups, folds, rng)
    kinds = np.stack([first, *(_shuffled(first, place, rng) for _ in range(SHUFFLES))])
    predicted = _predict(np.asarray(rows, dtype=np.float64), kinds, place, fit)
    found = area(predicted[0], first, groups, level, seed)
    chance = _areas_by_draw(predicted[1:], kinds[1:])
    reached = int((chance >= found.estimate - _TIE).sum())
    return Predicted(found, (reached + 1) / (SHUFFLES + 1))


def _folds(first: Flags, groups: Groups, folds: int, rng: np.random.Generator) -> Groups:
    """The fold of each unit: groups in a drawn order, those with like shares of the first kind dealt out in turn."""
    count = int(groups.max()) + 1
    shares = np.bincount(groups, weights=first, minlength=count) / np.maximum(np.bincount(groups, minlength=count), 1)
    drawn = rng.permutation(count)
    dealt = np.empty(count, dtype=np.intp)
    dealt[drawn[np.argsort(shares[drawn], kind="stable")]] = np.arange(count) % folds
    return np.asarray(dealt[groups])


def _shuffled(first: Flags, place: Groups, rng: np.random.Generator) -> Flags:
    shuffled = first.copy()
    for fold in np.unique(place):
        shuffled[place == fold] = rng.permutation(first[place == fold])
    return shuffled


def _predict(rows: PerHead, kinds: Kinds, place: Groups, fit: Fit) -> PerHead:
    """[draw, unit]; nothing is predicted of a fold outside which there is one kind alone."""
    predicted = np.zeros(kinds.shape)
    for fold in np.unique(place):
        held = place == fold
        if kinds[0, ~held].any() and not kinds[0, ~held].all():
            predicted[:, held] = fit(rows[~held], kinds[:, ~held], rows[held])
    return predicted


def _areas_by_draw(predicted: PerHead, kinds: Kinds) -> PerHead:
    """The area of each draw's predictions among its kinds, [draw]."""
    size = kinds[0].sum()
    ranks = stats.rankdata(predicted, axis=1)
    above: PerHead = (ranks * kinds).sum(axis=1) - size * (size + 1) / 2
    return np.asarray(above / (size * (kinds.shape[1] - size)))


def ridge(rows: PerHead, kinds: Kinds, held: PerHead) -> PerHead:
    """The log-odds of the first kind by a penalized logistic regression on all heads. All draws are solved as one problem,
    the sum of theirs, which have nothing in common."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0) / np.sqrt(rows.shape[1])
    parts, sizes, heads = np.linalg.svd((rows - mean) * scale, full_matrices=False)
    z, signs = parts * sizes, np.where(kinds, 1.0, -1.0)
    shape = (len(kinds), z.shape[1] + 1)

    def loss(flat: PerHead) -> tuple[float, PerHead]:
        values = flat.reshape(shape)
        weights = values[:, 1:]
        margins = signs * (values[:, :1] + weights @ z.T)
        pulls = -signs * special.expit(-margins)
        slope = np.column_stack([pulls.sum(axis=1), pulls @ z + weights])
        return float(np.logaddexp(0, -margins).sum() + 0.5 * (weights**2).sum()), slope.ravel()

    solved = optimize.minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"ftol": 1e-12})
    values = solved.x.reshape(shape)
    return np.asarray(values[:, :1] + values[:, 1:] @ (((held - mean) * scale) @ heads.T).T)


def single(rows: PerHead, kinds: Kinds, held: PerHead) -> PerHead:
    """The standardized score of the head that tells the kinds apart best, turned so that the first kind has more."""
    size = kinds.sum(axis=1, keepdims=True)
    above = kinds @ stats.rankdata(rows, axis=0) - size * (size + 1) / 2
    apart = above / (size * (len(rows) - size)) - 0.5
    best = np.abs(apart).argmax(axis=1)
    spread = rows.std(axis=0)
    scores = (held - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(np.where(np.take_along_axis(apart, best[:, np.newaxis], axis=1) < 0, -1, 1) * scores[:, best].T)
