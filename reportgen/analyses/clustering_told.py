"""What clusters of heads show, said and drawn."""

from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.clustering import ROLES, Clustering
from reportgen.analyses.clustering_figures import curve_table, map_figure, marks, profiles_figure
from reportgen.notices import Notice
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Prose, Raw
from reportgen.report.downloads import Download
from reportgen.report.experiment import Told
from reportgen.report.head_links import head_name
from reportgen.report.markup import Md, join_md, md
from reportgen.spec.experiments import ClusteringSection

_STABLE, _DOUBTFUL = 0.75, 0.6
_STRENGTHS = (
    (0.7, "fall clearly into"),
    (0.5, "fall into"),
    (0.25, "fall loosely into"),
    (-1.0, "divide, with hardly a gap between them, into"),
)
_DESCRIBED = {
    "roles": "by where they look",
    "scores": "by the statements in which they give the key span more or less",
}


def tell(found: Clustering, study: Study, section: ClusteringSection) -> Told:
    """Whether there are clusters, what marks them, and where recall heads are."""
    return Told(
        answer=_answer(found, study, section),
        blocks=(map_figure(found), profiles_figure(found), Prose(_choice(found)), Raw(curve_table(found))),
        method=_method(section),
        files=(Download("clustering.csv", "every head's cluster, shares by role and place on the map", _csv(found)),),
        notices=_notices(found),
    )


def _answer(found: Clustering, study: Study, section: ClusteringSection) -> Md:

    alpha = study.spec.tests.alpha
    beyond = numbers.decimal(float(np.quantile(found.chance.curves.max(axis=1), 0.95)))
    evidence = md(
        "mean silhouette {best}; with permuted columns 95 % stay below {beyond}, {p}",
        best=numbers.decimal(found.grouping.best),
        beyond=beyond,
        p=numbers.p_equals(found.chance.p_value),
    )
    rand = found.stability.rand
    low, high = np.quantile(rand, [0.025, 0.975])
    again = md(
        "From facts drawn again the same clusters come out up to an adjusted Rand index of {rand} [{low}, {high}].",
        rand=numbers.decimal(float(rand.mean())),
        low=numbers.decimal(float(low)),
        high=numbers.decimal(float(high)),
    )
    if found.chance.p_value > alpha:
        return md(
            "The heads form no clear clusters {described}: the best division, into {k}, is no better than chance makes it "
            "({evidence}). {again}",
            described=_DESCRIBED[section.by],
            k=found.grouping.count,
            evidence=evidence,
            again=again,
        )
    return md(
        "The {heads} heads {strength} **{k}** clusters {described} ({evidence}). {again} {recall}",
        heads=len(found.recall),
        strength=next(word for least, word in _STRENGTHS if found.grouping.best > least),
        k=found.grouping.count,
        described=_DESCRIBED[section.by],
        evidence=evidence,
        again=again,
        recall=_recall(found, alpha),
    )


def _recall(found: Clustering, alpha: float) -> Md:
    """In which clusters recall heads are more frequent."""
    if not found.recall.any():
        return Md("The study found no recall heads to look for in them.")
    enriched = np.flatnonzero(found.enrichment.adjusted <= alpha)
    if not len(enriched):
        return md(
            "In none of them are recall heads more frequent than elsewhere (smallest adjusted {p}).",
            p=numbers.p_equals(float(found.enrichment.adjusted.min())),
        )
    gathered = join_md((_gathered(found, cluster) for cluster in enriched.tolist()), "; ")
    return md("Recall heads gather in {gathered}.", gathered=gathered)


def _gathered(found: Clustering, cluster: int) -> Md:
    inside, size = int(found.enrichment.recall[cluster]), int(found.sizes[cluster])
    return md(
        "cluster {number}, marked by attention to {roles}: {inside} of its {size} heads, against {outside} of {others} "
        "elsewhere (adjusted {p})",
        number=cluster + 1,
        roles=marks(found, cluster),
        inside=inside,
        size=size,
        outside=int(found.recall.sum()) - inside,
        others=len(found.recall) - size,
        p=numbers.p_equals(float(found.enrichment.adjusted[cluster])),
    )


def _choice(found: Clustering) -> Md:
    """Why so many clusters, and which of them hold."""
    stability = found.stability
    stable = stability.jaccard.mean(axis=0)
    count, curve = found.grouping.count, found.grouping.curve
    others = np.delete(curve, found.grouping.taken)
    next_best = (
        md(
            ", before {value} for {other}",
            value=numbers.decimal(float(others.max())),
            other=_other(curve, found.grouping.taken),
        )
        if len(others)
        else Md("")
    )
    return md(
        "Of divisions into 2 to {most} clusters, that into {k} has the largest mean silhouette ({best}{next}), and so it has "
        "in {same} of the groupings from facts drawn again. By the largest Jaccard coefficient on average, {firm} of the "
        "clusters are stable (at least 0.75) and {weak} dissolve (below 0.6).",
        most=len(curve) + 1,
        k=count,
        best=numbers.decimal(found.grouping.best),
        next=next_best,
        same=numbers.percent(int((stability.counts == count).sum()), len(stability.counts)),
        firm=_some(int((stable >= _STABLE).sum()), count),
        weak=_some(int((stable < _DOUBTFUL).sum()), count),
    )


def _some(part: int, whole: int) -> str:
    return {0: "none", whole: "all"}.get(part, str(part))


def _other(curve: npt.NDArray[np.float64], taken: int) -> int:
    """The number of clusters with the next largest mean silhouette."""
    return int(np.argmax(np.where(np.arange(len(curve)) == taken, -np.inf, curve))) + 2


def _method(section: ClusteringSection) -> Md:

    described = {
        "roles": "its mean shares of attention by role, as square roots, whose Euclidean distance is Hellinger's "
        "[@legendre2001]",
        "scores": "its scores in all statements, standardized, so that distance is that of correlations",
    }[section.by]
    return md(
        "Each head was described by {described}. Heads were grouped by Ward's method [@ward1963] into the number of clusters, up "
        "to {most}, with the largest mean silhouette [@rousseeuw1987], which above 0.5 speaks of a reasonable structure and "
        "below 0.25 of none [@kaufman1990]; its p-value is the share of {draws} permutations of each column over heads whose "
        "largest mean silhouette is at least as large. {draws} groupings from facts drawn again with replacement were compared "
        "by the adjusted Rand index [@hubert1985] and cluster by cluster by the largest Jaccard coefficient [@hennig2007]. "
        "Recall heads in each cluster were counted against all others by Fisher's exact test [@fisher1922], one-sided, "
        "corrected over clusters by Holm's method [@holm1979]. The map is that of classical scaling [@gower1966].",
        described=Md(described),
        most=section.most,
        draws=section.draws,
    )


def _notices(found: Clustering) -> tuple[Notice, ...]:
    lacking = int((~found.kept).sum())
    if not lacking:
        return ()
    names = tuple(head_name(layer, head) for layer, head in np.argwhere(~found.kept).tolist())
    return (
        Notice(
            "left out",
            f"{numbers.things(lacking, 'head')} of {found.kept.size} give every statement the same score, and are in no cluster.",
            names,
        ),
    )


def _csv(found: Clustering) -> bytes:

    def placed(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        cells = np.full(found.kept.shape, np.nan)
        cells[found.kept] = values
        return cells

    return heads_csv(
        {
            "cluster": placed(found.grouping.labels + 1.0),
            "silhouette": placed(found.grouping.silhouette),
            **{role.replace(" ", "_"): placed(found.profile[:, place]) for place, role in enumerate(ROLES)},
            "axis_1": placed(found.projection.places[:, 0]),
            "axis_2": placed(found.projection.places[:, 1]),
        }
    )
