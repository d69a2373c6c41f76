"""The figures of clusters of heads: the map, what marks each cluster, and how many there are."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.clustering import ROLES, Clustering
from reportgen.figures import cluster_map, shares, theme
from reportgen.report.document import Figure
from reportgen.report.head_links import head_cell, head_name
from reportgen.report.markup import Html, Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html

_SHORT = ("first", "self", "prev.", "subj.", "obj.", "rel.", "rest")
_MARKS = 0.05
_THE = {role: role if role == "itself" else f"the {role}" for role in ROLES}


def marks(found: Clustering, cluster: int) -> str:
    """The roles to which the cluster's heads give most more than the others do: "the subject (31 %, others 8 %)"."""
    inside = found.grouping.labels == cluster
    own, others = found.profile[inside].mean(axis=0), found.profile[~inside].mean(axis=0)
    more = own - others
    roles = [role for role in np.argsort(-more, kind="stable")[:2] if more[role] >= _MARKS] or [int(more.argmax())]
    return " and ".join(
        f"{_THE[ROLES[role]]} ({numbers.percent(own[role], 1)}, others {numbers.percent(others[role], 1)})"
        for role in roles
    )


def map_figure(found: Clustering) -> Figure:
    """All heads on two axes, by cluster."""

    kept = np.argwhere(found.kept).tolist()
    labels = found.grouping.labels
    points = cluster_map.Placed(
        [head_name(layer, head) for layer, head in kept],
        found.projection.places,
        labels,
        found.recall,
        found.projection.explained,
    )
    rows = [
        Row(
            (
                head_cell(*kept[place]),
                numbers.count(int(labels[place]) + 1),
                *(numbers.decimal(float(value)) for value in found.projection.places[place]),
                numbers.decimal(float(found.grouping.silhouette[place])),
            )
        )
        for place in np.flatnonzero(found.recall)
    ]
    columns = (
        Column("Recall head"),
        Column("Cluster", number=True),
        Column("Axis 1", number=True),
        Column("Axis 2", number=True),
        Column("Silhouette", number=True),
    )
    first, second = (numbers.percent(share, 1) for share in found.projection.explained)
    return plotted(
        "fig-clustering-map",
        data=theme.figure_json(cluster_map.cluster_map(points)),
        height=cluster_map.HEIGHT,
        alt=f"Every head as a point on the two axes along which heads differ most, which hold {first} and {second} of their "
        f"differences, in {found.grouping.count} clusters.",
        waiting="The map of heads appears here.",
        caption=md(
            "Every head on the two axes along which heads differ most (principal components; {first} and {second} of all squared "
            "distances). Each cluster has its symbol, and its number at its middle. Filled: recall heads. A click opens a head.",
            first=first,
            second=second,
        ),
        how_to_read=Md(
            "*How to read it:* clusters that stand apart here are apart; those that overlap may still be apart along axes that "
            "are not shown. A number amid an even cloud is a border drawn through something that has none."
        ),
        table=folded(
            f"The {len(rows)} recall heads as a table; all heads are in the file",
            table_html("Recall heads by cluster", columns, rows),
        ),
    )


def profiles_figure(found: Clustering) -> Figure:
    """Each cluster's mean shares by role, with recall heads and stability in the table."""

    stable = found.stability.jaccard.mean(axis=0)
    columns = (
        Column("Cluster"),
        Column("Heads", number=True),
        *(Column(f"{role}, %", number=True) for role in ROLES),
        Column("Recall heads", number=True),
        Column("adjusted p", number=True),
        Column("Stability", number=True),
    )
    rows = [
        Row(
            (
                str(cluster + 1),
                numbers.count(int(size)),
                *(numbers.points(float(share)) for share in found.centres[cluster]),
                numbers.count(int(found.enrichment.recall[cluster])),
                numbers.p_value(float(found.enrichment.adjusted[cluster])),
                numbers.decimal(float(stable[cluster])),
            )
        )
        for cluster, size in enumerate(found.sizes)
    ]
    names = [f"{cluster + 1} ({size})" for cluster, size in enumerate(found.sizes)]
    return plotted(
        "fig-clustering-roles",
        data=theme.figure_json(shares.stacked_shares(found.centres, names, ROLES, _SHORT)),
        height=shares.height(len(names)),
        alt="How the heads of each cluster spread their attention: "
        + "; ".join(f"cluster {cluster + 1}: {marks(found, cluster)}" for cluster in range(len(names)))
        + ".",
        waiting="What marks each cluster appears here.",
        caption=Md(
            "What marks each cluster (in brackets, its heads): the mean share of attention, over its heads and all statements, "
            "that the query position gives to the first token, itself, the token before it, subject, object, the relation's "
            "words and the rest, from strong to faint. A token counts once, in the first of these roles that fits."
        ),
        how_to_read=Md(
            "*How to read it:* where the first piece fills the bar, heads rest on the first token, as idle heads do. "
            "A head that gives the subject nothing cannot differ in it, so clusters that look at the subject hold more recall "
            "heads also where they have no other part in recall."
        ),
        table=folded("The same as a table, with tests and stability", table_html("The clusters", columns, rows)),
    )


def curve_table(found: Clustering) -> Html:
    """The mean silhouette of each number of clusters, beside what permuted columns give."""

    columns = (
        Column("Clusters"),
        Column("Mean silhouette", number=True),
        Column("with permuted columns, mean", number=True),
        Column("95 % below", number=True),
    )
    usual, most = found.chance.curves.mean(axis=0), np.quantile(found.chance.curves, 0.95, axis=0)
    rows = [
        Row(
            (str(place + 2), *(numbers.decimal(float(value)) for value in (own, usual[place], most[place]))),
            emphasis=place == found.grouping.taken,
        )
        for place, own in enumerate(found.grouping.curve)
    ]
    return folded("How many clusters: mean silhouettes", table_html("Mean silhouettes", columns, rows))
