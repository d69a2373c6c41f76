"""The figures of a family of studies: what each finds, and how alike the maps of one model are."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from reportgen import numbers
from reportgen.figures import family_dots, likeness, theme
from reportgen.figures.family_dots import Dot
from reportgen.report.document import Figure
from reportgen.report.family_member import FamilyMember
from reportgen.report.markup import Html, Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.stats.likeness import correlations, shared


def found_figure(members: Sequence[FamilyMember]) -> Figure:
    """How many heads each study finds, and its largest effect; the table of the studies holds the same numbers."""
    dots = [_dot(member) for member in members]
    told = "; ".join(f"{dot.name}, {numbers.things(dot.found, 'head')}, {_told(dot)}" for dot in dots)
    return plotted(
        "fig-family",
        data=theme.figure_json(family_dots.family_dots(dots)),
        height=family_dots.height(len(dots)),
        alt=f"Heads found and the largest effect of each study: {told}.",
        waiting="What each study finds appears here.",
        caption=Md(
            "How many heads each study finds, and its largest effect with the interval that goes with its correction, in points "
            "of attention. Filled: the head is found; hollow: it is not."
        ),
        how_to_read=Md(
            "*How to read it:* what hangs on no choice stands at about the same place in every row. Other aggregations and key "
            "spans measure other things, so that the size of their effects differs by itself; compare how many heads are found, "
            "and which."
        ),
        table=Html(""),
    )


def _told(dot: Dot) -> str:
    return "no head tested" if math.isnan(dot.effect) else f"{dot.head} {dot.effect:.1f} points"


def _dot(member: FamilyMember) -> Dot:
    place, contrast = member.strongest, member.contrast
    if place is None:
        return Dot(member.name, len(contrast.found), "", math.nan, math.nan, math.nan, filled=False)
    effect = float(member.effects[place])
    low, high = (effect if end is None else end for end in (contrast.low[place], contrast.high[place]))
    head = contrast.head(place)
    filled = head in contrast.found
    return Dot(member.name, len(contrast.found), head, 100 * effect, 100 * low, 100 * high, filled=filled)


def likeness_figure(group: Sequence[FamilyMember], place: int) -> Figure:
    """How alike the maps of studies that ask one model are; `place` counts the models of a page."""
    alike = correlations(np.array([member.effects for member in group]))
    pairs = list(combinations(range(len(group)), 2))
    between = [float(alike[pair]) for pair in pairs if np.isfinite(alike[pair])]
    spread = f"from {numbers.decimal(min(between))} to {numbers.decimal(max(between))}" if between else "of nothing"
    names = [member.name for member in group]
    return plotted(
        f"fig-family-likeness-{place}",
        data=theme.figure_json(likeness.likeness(names, alike)),
        height=likeness.height(len(group)),
        alt=f"Correlations over heads between the maps of {len(group)} studies, {spread}. The table below holds all of them.",
        waiting="How alike the maps are appears here.",
        caption=md(
            "How alike the maps of effects are: Pearson's correlation over the heads of {model}, {spread} between two studies.",
            model=group[0].model,
            spread=spread,
        ),
        how_to_read=Md(
            "*How to read it:* near 1, two studies find the same heads strong and the same heads weak; near 0, they have nothing "
            "in common. The noise of each study pulls it towards 0."
        ),
        table=_pairs_table(group, alike, pairs),
    )


def _pairs_table(group: Sequence[FamilyMember], alike: np.ndarray, pairs: Sequence[tuple[int, int]]) -> Html:
    places = [{member.contrast.place(head) for head in member.contrast.found} for member in group]
    found = np.zeros((len(group), len(group[0].contrast.effect)), dtype=bool)
    for row, own in enumerate(places):
        found[row, list(own)] = True
    both, either = shared(found)
    columns = (
        Column("Studies"),
        Column("r of the effects", number=True),
        Column("Heads found in both", number=True),
        Column("in either", number=True),
    )
    rows = [
        Row(
            (
                f"{group[first].name} and {group[second].name}",
                numbers.decimal(float(alike[first, second])),
                numbers.count(int(both[first, second])),
                numbers.count(int(either[first, second])),
            )
        )
        for first, second in pairs
    ]
    return folded("The same as a table, with the heads in common", table_html("Each two studies", columns, rows))
