"""What misleading sentences do: the map of shifts, the sentences, and the facts whose answers flip."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.adversarial import Adversarial, Share
from reportgen.analyses.analysis import Study
from reportgen.figures import margins as margins_figure
from reportgen.figures import theme
from reportgen.figures.further_maps import FurtherMap, further_maps
from reportgen.figures.panels import Frame
from reportgen.report.document import Figure, Table
from reportgen.report.experiment import Map
from reportgen.report.head_links import head_cell
from reportgen.report.markup import Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html

_SHOWN, _FACTS = 20, 30


def shift_map(found: Adversarial, study: Study) -> Figure:
    """Every head's shift of attention, and the strongest with both means."""
    shift, flags = found.shift, found.shift.recall_heads().to_numpy()
    recall = study.tests.recall_heads().to_numpy()
    columns = (
        Column("Head"),
        Column("misleading", number=True),
        Column("neutral", number=True),
        Column("shift", number=True),
        Column("interval for all heads", number=True),
        Column("adjusted p", number=True),
        Column("found by the study"),
    )
    adjusted = shift.adjusted(shift.headline).to_numpy()
    rows = []
    for place in shift.strongest(_SHOWN):
        cell = shift.heads.isel(layer=place[0], head=place[1])
        rows.append(
            Row(
                (
                    head_cell(*place),
                    numbers.points(float(cell.mean_a)),
                    numbers.points(float(cell.mean_b)),
                    numbers.points(float(cell.effect)),
                    numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
                    numbers.p_value(float(adjusted[place])),
                    "yes" if recall[place] else "",
                ),
                emphasis=bool(flags[place]),
            )
        )
    shown = FurtherMap(
        title="Shift when misled",
        unit="points",
        effect=points(shift.heads.effect),
        p_value=shift.heads.p_value.to_numpy(),
        found=flags,
    )
    return plotted(
        "fig-adversarial",
        data=theme.figure_json(further_maps(shown)),
        height=Frame(*shown.effect.shape).height,
        alt="Two heatmaps, layer by head: how attention to the subject shifts behind misleading sentences, and its evidence. The "
        "table below holds the strongest heads.",
        waiting="The map of shifts appears here.",
        caption=md(
            "Every head, layer 0 on top: its attention to the subject of true statements behind misleading sentences less that "
            "behind neutral ones of the same length (points), and the evidence, uncorrected. A ring marks the {n} found under "
            "the headline correction; {both} of them are among the {recall} that the study finds.",
            n=numbers.things(int(flags.sum()), "head"),
            both=int((flags & recall).sum()),
            recall=int(recall.sum()),
        ),
        how_to_read=Md(
            "*How to read it:* a head below 0 looks away from the subject when a wrong answer was named before. What the wrong "
            "answer itself gets is taken from everything else, so many small shifts of one sign are to be expected."
        ),
        table=folded(
            f"The same as a table: the {len(rows)} strongest shifts",
            table_html("Attention to the subject behind misleading and neutral sentences, points", columns, rows),
        ),
    )


def sentences(found: Adversarial) -> Table:
    """The sentences, and how many answers each flips by itself."""
    columns = (
        Column("Sentence"),
        Column("right", number=True),
        Column("flipped", number=True),
        Column("share [95 %]", number=True),
        Column("margin, nats", number=True),
    )
    changes = (found.margins.misleading - found.margins.neutral).mean(axis=1)
    rows = [
        Row(
            (
                template,
                numbers.count(own.whole),
                numbers.count(own.part),
                share_text(own),
                numbers.decimal(float(change), 1),
            )
        )
        for template, own, change in zip(found.misled.templates, found.by_template, changes, strict=True)
    ]
    return Table(
        id="tbl-adversarial",
        caption=Md(
            "Each misleading sentence by itself: facts whose true object is preferred behind its neutral twin, how many of them "
            "it flips, with the Wilson interval of their share, and by how much it changes the margin on average: the "
            "log-probability of the true object less that of the false one."
        ),
        html=table_html("Flips by sentence", columns, rows),
    )


def facts(found: Adversarial, study: Study) -> Figure:
    """Every fact's margin behind neutral and behind misleading sentences."""
    names, margins = names_of(found, study), found.margins
    neutral, misleading = margins.neutral.mean(axis=0), margins.misleading.mean(axis=0)
    flipped = margins.flipped
    order = np.lexsort((margins.drop, ~flipped))[:_FACTS]
    columns = (
        Column("Fact"),
        Column("no sentence", number=True),
        Column("neutral", number=True),
        Column("misleading", number=True),
    )
    rows = [
        Row(
            (
                names[place],
                *(numbers.decimal(float(values[place]), 1) for values in (margins.plain, neutral, misleading)),
            ),
            emphasis=bool(flipped[place]),
        )
        for place in order.tolist()
    ]
    kept = np.isfinite(margins.plain)
    right = _some(margins.plain[kept] > 0)
    return plotted(
        "fig-adversarial-facts",
        data=theme.figure_json(
            margins_figure.margins(
                margins_figure.Compared(names, neutral, misleading, flipped),
                "margin behind neutral sentences, nats",
                "behind misleading ones, nats",
            )
        ),
        height=margins_figure.HEIGHT,
        alt=f"{len(names)} facts as points: the margin of the true object behind neutral sentences across, behind misleading "
        f"ones up; {int(flipped.sum())} flip. The table below holds them and the largest changes.",
        waiting="The margins of all facts appear here.",
        caption=md(
            "Each fact: by how many nats its true object is likelier than the false one that is named, behind neutral and behind "
            "misleading sentences, averaged over {n}. Filled: the {flips} that flip. With no sentence before it, the true object "
            "is the likelier in {right}.",
            n=numbers.things(len(found.misled.templates), "sentence"),
            flips=numbers.count(int(flipped.sum())),
            right=right,
        ),
        how_to_read=Md(
            "*How to read it:* points on the broken line are not moved. Those below it lose to the sentence; those below 0 that "
            "lie right of 0 have changed their answer."
        ),
        table=folded(
            f"The same as a table: {len(rows)} of {numbers.things(len(names), 'fact')}, those that flip first",
            table_html("Margins of the true object, nats", columns, rows),
        ),
    )


def _some(flags: np.ndarray) -> str:
    """Some of many in words: "150 of 175 facts"."""
    return f"{numbers.count(int(flags.sum()))} of {numbers.things(len(flags), 'fact')}"


def names_of(found: Adversarial, study: Study) -> list[str]:
    """Each fact's subject with its true object and the wrong one, [fact]."""
    return [
        f"{true.fact.subject}: {true.fact.object} / {pair.false.fact.object}"
        for true, pair in zip(
            (study.statements[row] for row in found.misled.rows), found.misled.misleading[0], strict=True
        )
    ]


def share_text(share: Share) -> str:
    """A share with its interval: "26 % [20, 34]"."""
    if not share.whole:
        return "–"
    low, high = (numbers.decimal(100 * end, 0) for end in (share.low, share.high))
    return f"{numbers.percent(share.part, share.whole)} [{low}, {high}]"


def points(values: object) -> Map:
    """Shares of attention in points, [layer, head]."""
    return np.asarray(values, dtype=np.float64) * 100
