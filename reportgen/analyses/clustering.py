"""Heads grouped by what they do: by where they look, or by which statements they respond to.

1. For each statement, how much of the attention from the query position goes to each role: the first token, the token
   itself, the previous one, the subject, the object, the relation's words, and the rest. A token has the first of these
   roles that fits, so that shares add up to 1; what a model gives to no token counts to the rest.
2. `by: roles` describes a head by its mean shares, as their square roots, whose Euclidean distance is Hellinger's (Legendre &
   Gallagher 2001). `by: scores` describes it by its scores in all statements, standardized, so that squared distances are
   2(1 − r).
3. Heads are grouped by Ward's method into the number of clusters with the largest mean silhouette (`stats.clustering`), set
   beside vectors whose columns are permuted, and grouped again from facts drawn again.
4. In each cluster Fisher's exact test asks whether recall heads are more frequent than elsewhere, corrected by Holm's method.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt
from scipy.stats import fisher_exact

from reportgen.analyses.analysis import Needs, Study
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.errors import StudyError
from reportgen.report.results import Plan
from reportgen.scores import columns_of
from reportgen.spec.experiments import ClusteringSection
from reportgen.statements import Statement
from reportgen.stats.clustering import (
    FEWEST,
    Chance,
    Grouping,
    Projection,
    Stability,
    Vectors,
    by_chance,
    drawn_again,
    group,
    project,
)
from reportgen.stats.corrections import adjust
from reportgen.stats.differences import PerHead

ROLES = ("first token", "itself", "previous token", "subject", "object", "relation words", "rest")
_REST = len(ROLES) - 1

Positions = tuple[int, ...]


@dataclass(frozen=True)
class Enrichment:
    """Recall heads in each cluster, [cluster] each: their number, Fisher's one-sided p-value that they are more frequent than
    in all other clusters, and that corrected over clusters."""

    recall: npt.NDArray[np.intp]
    p_value: PerHead
    adjusted: PerHead


@dataclass(frozen=True)
class Clustering:
    """Heads in clusters. `kept` says which heads are described [layer, head]; all else has one entry for each of these, in
    the order of the model: `profile` their mean shares [head, role], `recall` whether the study found them."""

    kept: npt.NDArray[np.bool_]
    profile: npt.NDArray[np.float64]
    recall: npt.NDArray[np.bool_]
    grouping: Grouping
    chance: Chance
    stability: Stability
    enrichment: Enrichment
    projection: Projection

    @property
    def sizes(self) -> npt.NDArray[np.intp]:
        """How many heads each cluster has, [cluster]."""
        return np.bincount(self.grouping.labels)

    @property
    def centres(self) -> npt.NDArray[np.float64]:
        """Each cluster's mean shares, [cluster, role]."""
        labels = self.grouping.labels
        return np.stack([self.profile[labels == cluster].mean(axis=0) for cluster in range(self.grouping.count)])


def roles(statement: Statement) -> tuple[Positions, ...]:
    """The tokens of each of `ROLES`, at and before the query position, each token in the first role that fits."""
    query, names = statement.query, {*statement.subject, *statement.object}
    words = [place for place, (left, right) in enumerate(statement.tokens.offsets) if right > left]
    wanted: tuple[Sequence[int], ...] = (
        (0,),
        (query,),
        (query - 1,),
        statement.subject,
        statement.object,
        [place for place in words if place not in names],
        range(query + 1),
    )
    left, found = set(range(query + 1)), []
    for places in wanted:
        found.append(tuple(sorted(left & set(places))))
        left -= set(places)
    return tuple(found)


def needs(plan: Plan, _: ClusteringSection) -> Needs:
    """A score for each role that has tokens in a statement."""
    return Needs(tuple(chain.from_iterable(map(_requests, plan.statements.statements))))


def _requests(statement: Statement) -> list[Request]:
    return [Request(replace(statement, keys=places), "sum") for places in roles(statement) if places]


def find(study: Study, section: ClusteringSection, scores: Scores) -> Clustering:
    """Group the heads. Raises StudyError where there are too few that can be described."""
    shares = role_shares(study.statements, scores)
    own = study.scores.to_numpy().reshape(len(shares), -1).astype(np.float64)
    kept = np.ones(own.shape[1], dtype=bool) if section.by == "roles" else own.std(axis=0) > 0
    if kept.sum() < FEWEST:
        raise StudyError(f"clusters need at least {FEWEST} heads that can be described; there are {int(kept.sum())}")
    described = _Described(shares.reshape(*shares.shape[:2], -1)[:, :, kept], own[:, kept], section.by)
    units = _units(study)
    vectors = described.vectors(np.ones(len(shares), dtype=np.intp))
    grouping = group(vectors, section.most)
    recall = study.tests.recall_heads().to_numpy().ravel()[kept]
    with study.model.progress.counting("group the heads", 2 * section.draws, "groupings") as advance:
        seed, draws, most = study.spec.tests.seed, section.draws, section.most
        chance = by_chance(vectors, grouping, most, draws, seed, advance)
        stability = drawn_again(lambda rng: described.vectors(_drawn(units, rng)), grouping, most, draws, seed, advance)
    return Clustering(
        kept=kept.reshape(study.scores.shape[1:]),
        profile=described.shares.mean(axis=0).T,
        recall=recall,
        grouping=grouping,
        chance=chance,
        stability=stability,
        enrichment=enrich(grouping, recall, study.spec.tests.alpha),
        projection=project(vectors),
    )


def role_shares(statements: Sequence[Statement], scores: Scores) -> npt.NDArray[np.float64]:
    """The shares of attention by role, [statement, role, layer, head], from the scores that `needs` asked for; a role without
    tokens has none. What is short of 1 in all is the rest's."""
    shares = np.zeros((len(statements), len(ROLES), *scores.shape[1:]))
    places = [(row, role) for row, one in enumerate(statements) for role, at in enumerate(roles(one)) if at]
    rows, columns = np.array(places).T
    shares[rows, columns] = scores
    shares[:, _REST] += np.maximum(1 - shares.sum(axis=1), 0)
    return shares


@dataclass(frozen=True)
class _Described:
    """The heads' shares [statement, role, head] and scores [statement, head], and by which they are described."""

    shares: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    by: str

    def vectors(self, times: npt.NDArray[np.intp]) -> Vectors:
        """Every head's vector [head, feature], each statement counted so many times [statement]."""
        if self.by == "roles":
            return np.asarray(np.sqrt(np.tensordot(times / times.sum(), self.shares, axes=1).T))
        rows = np.repeat(self.scores, times, axis=0)
        centred = rows - rows.mean(axis=0)
        length = np.linalg.norm(centred, axis=0)
        return np.asarray(np.divide(centred, length, out=np.zeros(centred.shape), where=length > 0).T)


def _units(study: Study) -> npt.NDArray[np.intp]:
    """What is drawn again as one, [statement]: the study's clusters, or pairs."""
    columns = columns_of(study.scores)
    names = columns[study.spec.tests.cluster or "pair"].astype(str)
    alone = np.char.add("statement ", np.arange(len(names)).astype(str))
    return np.unique(np.where(names == "", alone, names), return_inverse=True)[1].astype(np.intp)


def _drawn(units: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """How often each statement is taken when as many units as there are are drawn with replacement, [statement]."""
    count = int(units.max()) + 1
    return np.bincount(rng.integers(0, count, count), minlength=count)[units]


def enrich(grouping: Grouping, recall: npt.NDArray[np.bool_], alpha: float) -> Enrichment:
    """Fisher's exact test (1922) of each cluster's recall heads against all others', one-sided."""
    counts = np.bincount(grouping.labels[recall], minlength=grouping.count)
    sizes = np.bincount(grouping.labels)
    p_values = np.array(
        [
            fisher_exact(
                [[inside, size - inside], [recall.sum() - inside, len(recall) - size - (recall.sum() - inside)]],
                alternative="greater",
            ).pvalue
            for inside, size in zip(counts.tolist(), sizes.tolist(), strict=True)
        ]
    )
    return Enrichment(counts, p_values, adjust(p_values, "holm", alpha))
