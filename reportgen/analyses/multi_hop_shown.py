"""The paths, hops and baselines of chains as figures and tables."""

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.analyses.multi_hop import Baselines, MultiHop, Paths
from reportgen.figures import theme
from reportgen.figures.head_paths import HEIGHT, Path, head_paths
from reportgen.figures.hop_maps import HopMap, hop_maps
from reportgen.figures.panels import Frame
from reportgen.inference import HeadTests
from reportgen.report.document import Figure, Table
from reportgen.report.head_links import head_cell, head_name
from reportgen.report.markup import Html, Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html

BASELINES = ("Rollout to the start", "Rollout to the link", "Flow to the start", "Flow to the link")
_HEADS = 10

Rows = npt.NDArray[np.intp]


def _drawn(paths: Paths, most: int) -> Rows:
    """The paths found to be stronger in true chains, by their difference; then the strongest there."""
    tested = paths.tested
    gain = tested.found & (tested.effect > 0)
    return np.lexsort((np.where(gain, -tested.effect, -tested.true), ~gain))[:most]


def _listed(paths: Paths, most: int) -> list[int]:
    """Those that are drawn, and as many that are found weaker in true chains, by their difference."""
    tested = paths.tested
    loss = np.flatnonzero(tested.found & (tested.effect < 0))
    drawn = _drawn(paths, most).tolist()
    return [*drawn, *(i for i in loss[np.argsort(tested.effect[loss])][:most].tolist() if i not in drawn)]


def drawing(found: MultiHop, most: int, per_layer: int) -> Figure:
    """The strongest paths as curves, and as a table."""
    paths, tested = found.paths, found.paths.tested
    drawn = _drawn(paths, most)
    shown = [
        Path(
            earlier=divmod(int(paths.earlier[i]), per_layer),
            later=divmod(int(paths.later[i]), per_layer),
            strength=float(tested.true[i]) * 100,
            marked=bool(tested.found[i] and tested.effect[i] > 0),
            text=_path_text(paths, int(i), per_layer),
        )
        for i in drawn.tolist()
    ]
    first = shown[0]
    return plotted(
        "fig-multi-hop-paths",
        data=theme.figure_json(
            head_paths(
                shown,
                (
                    "<b>Earlier head</b><br>from the middle<br>to the start",
                    "<b>Later head</b><br>from the last<br>position to the middle",
                ),
            )
        ),
        height=HEIGHT,
        alt=f"{len(shown)} paths as curves from an earlier head on the left to a later one on the right; the first leads "
        f"through {head_name(*first.earlier)} and {head_name(*first.later)}. The table below holds all of them.",
        waiting="The strongest paths appear here.",
        caption=md(
            "{count} paths from start to last position, each through an earlier head on the left, by which the middle's tokens "
            "look at the start, and a later one on the right, by which the last position looks at the middle; layers from top "
            "to bottom. Width is strength in true chains; in colour, those found stronger there than in shuffled chains.",
            count=len(shown),
        ),
        how_to_read=Md(
            "*How to read it:* many curves from one head say that it is read by many; a curve in grey is a path that is as "
            "strong, or nearly, where the chain is broken. Attention that could lead so need not: what the heads move is not "
            "measured here."
        ),
        table=folded(
            f"The same as a table: {numbers.things(len(_listed(paths, most)), 'path')}, those that lose most included",
            _paths_table(paths, most, per_layer),
        ),
    )


def _path_text(paths: Paths, i: int, per_layer: int) -> str:
    tested = paths.tested
    names = (head_name(*divmod(int(heads[i]), per_layer)) for heads in (paths.earlier, paths.later))
    return (
        f"<b>{' → '.join(names)}</b><br>true chains {numbers.points(float(tested.true[i]))}, "
        f"shuffled {numbers.points(float(tested.shuffled[i]))} points<br>difference {numbers.points(float(tested.effect[i]))} "
        f"{numbers.points_interval(float(tested.low[i]), float(tested.high[i]))}"
    )


def _paths_table(paths: Paths, most: int, per_layer: int) -> Html:
    tested = paths.tested
    columns = (
        Column("Earlier head"),
        Column("Later head"),
        Column("True chains", number=True),
        Column("shuffled", number=True),
        Column("difference", number=True),
        Column("interval for all paths", number=True),
        Column("adjusted p", number=True),
    )
    rows = [
        Row(
            (
                head_cell(*divmod(int(paths.earlier[i]), per_layer)),
                head_cell(*divmod(int(paths.later[i]), per_layer)),
                numbers.points(float(tested.true[i])),
                numbers.points(float(tested.shuffled[i])),
                numbers.points(float(tested.effect[i])),
                numbers.points_interval(float(tested.low[i]), float(tested.high[i])),
                numbers.p_value(float(tested.adjusted[i])),
            ),
            emphasis=bool(tested.found[i]),
        )
        for i in _listed(paths, most)
    ]
    return table_html("Paths through pairs of heads", columns, rows)


def maps(found: MultiHop) -> Figure:
    """Both hops of a path at every head."""
    hops = (("To the start", "from the middle", found.to_start), ("To the middle", "from last position", found.to_link))
    first, second = (
        HopMap(title, origin, tests.heads.effect.to_numpy() * 100, tests.recall_heads().to_numpy())
        for title, origin, tests in hops
    )
    strongest = [head_name(*tests.strongest(1)[0]) for _, _, tests in hops]
    return plotted(
        "fig-multi-hop-maps",
        data=theme.figure_json(hop_maps((first, second))),
        height=Frame(*first.effect.shape).height,
        alt="Two heatmaps, layer by head: the difference in attention from the middle to the start and from the last position "
        f"to the middle. The largest differences are {strongest[0]}’s and {strongest[1]}’s.",
        waiting="The maps of both hops appear here.",
        caption=md(
            "Both hops at every head, layer 0 on top: attention in true chains minus that in shuffled ones, in points, both on "
            "one scale. A ring marks the heads that differ under the headline correction."
        ),
        how_to_read=Md(
            "*How to read it:* a path needs a head in the left map and one further down in the right. Heads of the left map in "
            "the colour of true chains look at the start more where the middle belongs to it."
        ),
        table=folded(f"The same as a table: the {_HEADS} strongest heads of each hop", _hops_table(found)),
    )


def _hops_table(found: MultiHop) -> Html:
    columns = (
        Column("Hop"),
        Column("Head"),
        Column("True chains", number=True),
        Column("shuffled", number=True),
        Column("difference", number=True),
        Column("interval for all heads", number=True),
        Column("adjusted p", number=True),
    )
    rows = []
    for name, tests in each_hop(found):
        for place in tests.strongest(_HEADS):
            at = tests.heads.isel(layer=place[0], head=place[1])
            rows.append(
                Row(
                    (
                        name,
                        head_cell(*place),
                        numbers.points(float(at.mean_a)),
                        numbers.points(float(at.mean_b)),
                        numbers.points(float(at.effect)),
                        numbers.points_interval(float(at.simultaneous_low), float(at.simultaneous_high)),
                        numbers.p_value(float(tests.adjusted(tests.headline)[place])),
                    ),
                    emphasis=bool(tests.recall_heads()[place]),
                )
            )
    return table_html("Each hop by itself", columns, rows)


def each_hop(found: MultiHop) -> tuple[tuple[str, HeadTests], ...]:
    """The hops that are tested one by one, with their names."""
    return (
        ("middle to start", found.to_start),
        ("middle to its earlier mention", found.to_again),
        ("last position to middle", found.to_link),
    )


def baselines_table(baselines: Baselines) -> Table:
    """Rollout and flow, true against shuffled chains."""
    tested = baselines.tested
    columns = (
        Column("From the last position"),
        Column("True chains", number=True),
        Column("shuffled", number=True),
        Column("difference", number=True),
        Column("interval for all four", number=True),
        Column("adjusted p", number=True),
    )
    rows = [
        Row(
            (
                name,
                numbers.points(float(tested.true[i])),
                numbers.points(float(tested.shuffled[i])),
                numbers.points(float(tested.effect[i])),
                numbers.points_interval(float(tested.low[i]), float(tested.high[i])),
                numbers.p_value(float(tested.adjusted[i])),
            ),
            emphasis=bool(tested.found[i]),
        )
        for i, name in enumerate(BASELINES)
    ]
    return Table(
        "tbl-multi-hop-baselines",
        md("Attention rollout and attention flow, heads averaged, in points (0 to 100)."),
        table_html("Rollout and flow", columns, rows),
    )
