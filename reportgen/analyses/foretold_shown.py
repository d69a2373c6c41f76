"""How well heads tell which answers will flip: the best head, the predictions, and every head by itself."""

from collections.abc import Sequence

import numpy as np

from reportgen import numbers
from reportgen.analyses.adversarial import Adversarial, Foretold
from reportgen.figures import theme
from reportgen.figures.head_scatter import HEIGHT, Axis, head_scatter
from reportgen.inference import HeadTests
from reportgen.report.document import Block, Figure, Prose, Table
from reportgen.report.experiment import Map
from reportgen.report.head_links import head_cell, head_text
from reportgen.report.markup import Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.stats.ranking import Area

_SHOWN, _NAMED = 20, 2


def predictions(found: Adversarial) -> tuple[Block, ...]:
    """The best head in a sentence, the predictions out of sample, and all heads; nothing where too few facts flip."""
    if not found.foretold:
        return ()
    by_side = {one.side: one for one in found.foretold}
    neutral, misleading = (by_side[side] for side in ("neutral", "misleading"))
    return Prose(_best(found.foretold)), _predictions(found, (neutral, misleading)), _areas_figure(neutral, misleading)


def _best(foretold: Sequence[Foretold]) -> Md:
    """The head that tells most by itself, on the side where it tells more."""
    one = max(foretold, key=lambda each: float(np.nanmax(np.abs(areas_of(each) - 0.5))))
    areas = areas_of(one)
    layer, head = np.unravel_index(np.nanargmax(np.abs(areas - 0.5)), areas.shape)
    place = int(layer), int(head)
    return md(
        "The head that tells most by itself is {head}, behind {side} sentences: its attention to the subject is {more} in "
        "answers that flip, with an area of {area} ({p} over all heads).",
        head=head_text(*place),
        side=one.side,
        more="larger" if areas[place] > 0.5 else "smaller",
        area=numbers.decimal(float(areas[place])),
        p=numbers.p_equals(float(one.heads.adjusted(one.heads.headline)[place])),
    )


def areas_of(one: Foretold) -> Map:
    """The area under the curve of each head, [layer, head]."""
    return np.asarray((one.heads.heads.dominance.to_numpy() + 1) / 2, dtype=np.float64)


def area_text(area: Area) -> str:
    """An area with its interval: "0.79 [0.72, 0.85]"."""
    return f"{numbers.decimal(area.estimate)} {numbers.interval(area.low, area.high)}"


def _predictions(found: Adversarial, foretold: Sequence[Foretold]) -> Table:
    columns = (
        Column("Told by"),
        Column("area", number=True),
        Column("p", number=True),
        Column("adjusted", number=True),
    )
    rows = [
        Row((f"{name}, {one.side}", area_text(told.area), numbers.p_value(told.p_value), numbers.p_value(adjusted)))
        for one in foretold
        for name, told, adjusted in (("all heads", one.together, one.together_p), ("best head", one.best, one.best_p))
    ]
    rows += [Row((one.name, area_text(one.area), "–", "–")) for one in found.beside]
    heads = foretold[0].heads
    return Table(
        id="tbl-adversarial-told",
        caption=md(
            "How well answers that flip ({flips}) are told from those that stay ({stay}): the area under the curve, 0.50 by "
            "chance, with its bootstrap interval, and p-values of shuffled flips. What heads do behind neutral or misleading "
            "sentences is judged on facts that it was not fitted to; below, what can be said without looking at any head.",
            flips=numbers.count(heads.n_a),
            stay=numbers.count(heads.n_b),
        ),
        html=table_html("Predictions of flips", columns, rows),
    )


def _areas_figure(neutral: Foretold, misleading: Foretold) -> Figure:
    areas = [areas_of(one) for one in (neutral, misleading)]
    told = [one.heads.significant(one.heads.headline).to_numpy() for one in (neutral, misleading)]
    reach = np.nan_to_num(np.maximum(*(np.abs(own - 0.5) for own in areas)))
    order = np.lexsort((-reach.ravel(), ~(told[0] | told[1]).ravel()))[:_SHOWN]
    named = [divmod(place, reach.shape[1]) for place in order.tolist()]
    columns = (
        Column("Head"),
        Column("area behind neutral sentences", number=True),
        Column("adjusted p", number=True),
        Column("area behind misleading ones", number=True),
        Column("adjusted p", number=True),
    )
    rows = [
        Row(
            (
                head_cell(*place),
                *(
                    text
                    for one, own in zip((neutral, misleading), areas, strict=True)
                    for text in (numbers.decimal(float(own[place])), numbers.p_value(_adjusted(one.heads, place)))
                ),
            ),
            emphasis=bool(told[0][place] or told[1][place]),
        )
        for place in named
    ]
    return plotted(
        "fig-adversarial-told",
        data=theme.figure_json(
            head_scatter(
                Axis("area behind neutral sentences", areas[0]),
                Axis("area behind misleading sentences", areas[1]),
                told[0] | told[1],
                [place for place in named if (told[0] | told[1])[place]][:_NAMED],
            )
        ),
        height=HEIGHT,
        alt="Every head as a point: how well its attention tells answers that flip from those that stay, behind neutral "
        "sentences across and behind misleading ones up. The table below holds the heads that tell most.",
        waiting="How well each head tells flips appears here.",
        caption=md(
            "Every head by itself: the area under the curve of its attention to the subject, answers that flip against those "
            "that stay. Filled: the {n} that tell them apart on either side under the headline correction. A click opens a head.",
            n=numbers.things(int((told[0] | told[1]).sum()), "head"),
        ),
        how_to_read=Md(
            "*How to read it:* 0.5 is chance; above it the head looks at the subject more in answers that flip, below it less. "
            "A head far from the centre across tells before anyone misleads; one far up or down alone, when it happens."
        ),
        table=folded(
            f"The same as a table: the {len(rows)} heads that tell most", table_html("Areas by head", columns, rows)
        ),
    )


def _adjusted(tests: HeadTests, place: tuple[int, int]) -> float:
    return float(tests.adjusted(tests.headline)[place])
