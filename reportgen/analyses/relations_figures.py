"""The figures of relations compared: head sets, which relations are alike, and effects by relation."""

from collections.abc import Iterable

import numpy as np

from reportgen import numbers
from reportgen.analyses.relations import Relations
from reportgen.figures import dendrogram, effects_by_group, theme, upset
from reportgen.report.document import Figure
from reportgen.report.head_links import head_cell, head_name
from reportgen.report.markup import Html, Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html

_HEADS = 20

Place = tuple[int, int]


def pair_name(found: Relations, place: int) -> str:
    """Two relations by the place of their pair: "capital and currency"."""
    first, second = found.alike.pairs[place]
    return f"{found.names[first]} and {found.names[second]}"


def and_listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them: "a, b and c"; there is one at least."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def sets_figure(found: Relations) -> Figure:
    """How many heads are found in which relations, as an UpSet plot; the table names them."""

    flags = found.found.reshape(len(found.names), -1)
    largest = sorted(np.argsort(-flags.sum(axis=1), kind="stable")[: upset.MOST_SETS].tolist())
    names = [f"{found.names[place]} ({flags[place].sum()})" for place in largest]
    every = upset.combinations(flags[largest])
    shown = every[: upset.MOST_COMBINATIONS]
    left = [
        f"the {len(found.names) - len(largest)} relations with the fewest heads are not shown"
        if len(found.names) > len(largest)
        else "",
        f"{len(every) - len(shown)} more combinations are" if len(every) > len(shown) else "",
    ]
    rows = [
        Row(
            (
                and_listed((found.names[largest[place]] for place in one.sets)),
                numbers.count(one.size),
                _heads(found, largest, one),
            )
        )
        for one in every
    ]
    return plotted(
        "fig-relations-sets",
        data=theme.figure_json(upset.upset(names, shown)),
        height=upset.height(len(names)),
        alt=f"How many heads are found in which relations: {'; '.join(_combination(found, largest, one) for one in shown)}.",
        waiting="The heads that relations share appear here.",
        caption=md(
            "Heads by the relations in which they are found, under the headline correction in each. Dots say which relations a "
            "bar is of; their heads are found in these and in no other.{left}",
            left="".join(f" Beside them, {text}." for text in left if text),
        ),
        how_to_read=Md(
            "*How to read it:* a high bar over all dots means that the relations use the same heads. A bar over one dot may "
            "be that relation's own heads, or heads that the others were too few to find: the tests below tell these apart."
        ),
        table=folded(
            "The same as a table, with the heads",
            table_html(
                "Heads by the relations that find them",
                (Column("Found in"), Column("Heads", number=True), Column("Which")),
                rows,
            ),
        ),
    )


def _combination(found: Relations, largest: list[int], one: upset.Combination) -> str:
    names = and_listed(found.names[largest[place]] for place in one.sets)
    return f"{numbers.things(one.size, 'head')} in {names}"


def _heads(found: Relations, largest: list[int], one: upset.Combination) -> Html:
    flags = found.found[largest]
    wanted = np.isin(np.arange(len(largest)), one.sets)
    places = np.argwhere((flags == wanted[:, np.newaxis, np.newaxis]).all(axis=0)).tolist()
    return Html(", ").join(head_cell(layer, head) for layer, head in places)


def tree_figure(found: Relations) -> Figure:
    """Relations joined where their effects go together; the table compares every two."""

    alike = found.alike
    columns = (
        Column("Relations"),
        Column("Heads in both", number=True),
        Column("in either", number=True),
        Column("shared", number=True),
        Column("shuffled", number=True),
        Column("adjusted p", number=True),
        Column("r of the effects", number=True),
        Column("shuffled", number=True),
        Column("adjusted p", number=True),
    )
    rows = []
    for place, (first, second) in enumerate(alike.pairs):
        both, either = (found.found[first] & found.found[second], found.found[first] | found.found[second])
        shares = (alike.overlap.observed, alike.overlap.shuffled)
        rows.append(
            Row(
                (
                    pair_name(found, place),
                    numbers.count(int(both.sum())),
                    numbers.count(int(either.sum())),
                    *(numbers.decimal(float(values[place])) for values in shares),
                    numbers.p_value(float(found.overlap_p[place])),
                    numbers.decimal(float(alike.correlation.observed[place])),
                    numbers.decimal(float(alike.correlation.shuffled[place])),
                    numbers.p_value(float(found.correlation_p[place])),
                )
            )
        )
    return plotted(
        "fig-relations-tree",
        data=theme.figure_json(dendrogram.dendrogram(found.tree, found.names, "1 − r of the effects over heads")),
        height=dendrogram.height(len(found.names)),
        alt=f"Relations joined where their effects go together over heads; in order: "
        f"{and_listed(found.names[place] for place in found.order)}.",
        waiting="Which relations are alike appears here.",
        caption=Md(
            "Relations grouped by their effects at all heads: where two branches meet is the mean distance of their relations, "
            "1 less the correlation over heads."
        ),
        how_to_read=Md(
            "*How to read it:* relations that meet near 0 move the same heads in the same direction by amounts in proportion. "
            "Noise keeps them apart: the table says how alike relations are that mean nothing."
        ),
        table=folded("Every two relations", table_html("Overlap and correlation of relations", columns, rows)),
    )


def effects_figure(found: Relations) -> Figure:
    """The effect of the heads to look at first in each relation; the table says where it differs."""

    order = list(found.order)
    effects, flags = found.effects[order] * 100, found.found[order]
    places = _shown(found)
    shown = effects_by_group.ByGroup(
        [head_name(*place) for place in places],
        [found.names[place] for place in order],
        np.array([effects[:, *place] for place in places]),
        np.array([flags[:, *place] for place in places]),
    )
    columns = (
        Column("Head"),
        *(Column(f"{found.names[place]} [interval for all heads]", number=True) for place in order),
        Column("F", number=True),
        Column("adjusted p", number=True),
    )
    rows = [
        Row(
            (
                head_cell(*place),
                *(_cell(found, relation, place) for relation in order),
                numbers.decimal(float(found.differing.statistic[place]), 1),
                numbers.p_value(float(found.differing.adjusted[place])),
            ),
            emphasis=bool(found.differing.adjusted[place] <= found.tests[0].alpha),
        )
        for place in places
    ]
    contrast = found.tests[0].contrast
    return plotted(
        "fig-relations-effects",
        data=theme.figure_json(effects_by_group.effects_by_group(shown)),
        height=effects_by_group.height(len(places), len(order)),
        alt=f"The effect of {len(places)} heads in each relation; the table below holds the same.",
        waiting="The effects by relation appear here.",
        caption=md(
            "The effect ({a} minus {b}, points) in each relation, of the heads found in most relations and then of those with "
            "the largest effect in one. A ring marks where a head is found. A click opens the head.",
            a=contrast.a.name,
            b=contrast.b.name,
        ),
        how_to_read=Md(
            "*How to read it:* a row of one colour is a head that does the same in every relation. That a head is ringed in one "
            "relation and not in another does not say that its effect differs; the last column of the table does."
        ),
        table=folded("The same as a table, with intervals", table_html("Effects by relation", columns, rows)),
    )


def _shown(found: Relations) -> list[Place]:
    """The heads found in most relations first, then those with the largest effect anywhere."""
    largest = np.nan_to_num(np.abs(found.effects)).max(axis=0).ravel()
    order = np.lexsort((-largest, -found.found.sum(axis=0).ravel()))[:_HEADS]
    per_layer = found.found.shape[2]
    return [(int(index) // per_layer, int(index) % per_layer) for index in order]


def _cell(found: Relations, relation: int, place: Place) -> str:
    head = found.tests[relation].heads.isel(layer=place[0], head=place[1])
    interval = numbers.points_interval(float(head.simultaneous_low), float(head.simultaneous_high))
    return f"{numbers.points(float(head.effect))} {interval}"
