"""What attribution shows, drawn: attention against what it does, head by head, and window by window."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reportgen import numbers
from reportgen.analyses.attribution import Attribution
from reportgen.analyses.attribution_words import (
    Flags,
    Place,
    agreement_text,
    in_points,
    in_thousandths,
    stands,
    window_name,
    with_interval,
)
from reportgen.figures import head_scatter, theme
from reportgen.figures.head_scatter import Axis
from reportgen.figures.window_curve import HEIGHT, Curve, window_curve
from reportgen.inference import HeadTests
from reportgen.report.document import Figure, Table
from reportgen.report.head_links import head_cell
from reportgen.report.markup import Html, Md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.stats.agreement import Agreement

_SHOWN, _IN_CORNER, _NAMED = 20, 8, 6
_FAR = 0.15
_WIDE, _TALL = 0.15, 0.06
"""The room that a name takes on a phone, as shares of what both axes show."""


@dataclass(frozen=True)
class Kind:
    """One of the two things that attention is compared with, and its words: `does` and `caption` say what it is, `how` how to
    read it."""

    name: Literal["direct", "cut"]
    axis: str
    does: str
    caption: str
    how: str

    def tests(self, found: Attribution) -> HeadTests:
        """What is found of it."""
        return found.direct if self.name == "direct" else found.cut

    def agreement(self, found: Attribution) -> Agreement:
        """How it goes together with the effect on attention."""
        return found.with_direct if self.name == "direct" else found.with_cut


DIRECT = Kind(
    "direct",
    "direct contribution, logits",
    "its direct contribution to the logit difference",
    "what it adds directly, through what it reads from the subject, to the logit of the true object over the false one",
    "a head at the right looks at the subject more in true statements; a head at the top pushes towards the true object, one at "
    "the bottom away from it. Heads far to a side and near the middle line look and move nothing directly; heads far up or down "
    "on the other middle line move the answer without looking differently.",
)
CUT = Kind(
    "cut",
    "change without its look, logits",
    "the change of the logit difference without its attention to the subject",
    "how the logit of the true object over the false one changes when that head's attention to the subject, where the answer is "
    "predicted, is taken away",
    "a head far down holds the true answer up with its look at the subject; one far up holds it down. What other heads repair is "
    "not seen, so that changes can be lower bounds.",
)


def scatter(found: Attribution, kind: Kind) -> Figure:
    """Every head: its effect on attention across, and one of what it does to the answer up; the strongest as a table."""
    looking, tests = found.looking, kind.tests(found)
    rows = _shown(looking, tests)
    return plotted(
        f"fig-attribution-{kind.name}",
        data=theme.figure_json(
            head_scatter.head_scatter(
                Axis("effect on attention to the subject, points", looking.heads.effect.to_numpy() * 100),
                Axis(kind.axis, tests.heads.effect.to_numpy()),
                stands(tests),
                _named(looking, tests),
            )
        ),
        height=head_scatter.HEIGHT,
        alt=f"Every head as a point: its effect on attention to the subject across, {kind.does} up; correlation "
        f"{agreement_text(kind.agreement(found))}. The table below holds the strongest heads.",
        waiting="Attention and what it does to the answer appear here, head by head.",
        caption=md(
            "Every head's effect on attention (true minus false), and {what}: the mean of {n} pairs. Filled: the heads where "
            "that is told from nothing and is {least} logits or more. "
            "Over heads, the two correlate at r = {r} in these pairs. A click opens the head.",
            what=Md(kind.caption),
            n=len(found.asked.pairs),
            least=f"{tests.smallest_effect:g}",
            r=agreement_text(kind.agreement(found)),
        ),
        how_to_read=md("*How to read it:* {how}", how=Md(kind.how)),
        table=folded(
            f"The same as a table: the {len(rows)} strongest heads",
            table_html("What heads look at and what they do", _COLUMNS, [_row(found, tests, place) for place in rows]),
        ),
    )


def _shown(looking: HeadTests, tests: HeadTests) -> list[Place]:
    """The heads that do most to the answer, and those that look most differently."""
    half = _SHOWN // 2
    return list(dict.fromkeys((*tests.strongest(half), *looking.strongest(half))))


def _named(looking: HeadTests, tests: HeadTests) -> list[Place]:
    """The heads far out on either axis, as far as their names do not meet: those that do much to the answer, then those that
    look most differently."""
    across, up = (np.nan_to_num(each.heads.effect.to_numpy()) for each in (looking, tests))
    far = stands(tests) & (np.abs(up) >= _FAR * np.abs(up).max())
    movers = [place for place in tests.strongest(up.size) if far[place]]
    named: list[Place] = []
    for place in dict.fromkeys((*movers[:_NAMED], *looking.strongest(_NAMED))):
        apart = (
            max(
                abs(across[place] - across[other]) / _WIDE / np.ptp(across),
                abs(up[place] - up[other]) / _TALL / np.ptp(up),
            )
            for other in named
        )
        if all(distance > 1 for distance in apart):
            named.append(place)
    return named


_COLUMNS = (
    Column("Head"),
    Column("Attention, points", number=True),
    Column("weighted by values", number=True),
    Column("direct contribution, logits", number=True),
    Column("change without its look, logits", number=True),
    Column("divergence, 0.001 nats", number=True),
)


def _row(found: Attribution, tests: HeadTests, place: Place) -> Row:
    measured = (found.looking, found.weighted, found.direct, found.cut, found.diverging)
    return Row(
        (
            head_cell(*place),
            in_points(found.looking, place),
            *(with_interval(each, place) for each in (found.weighted, found.direct, found.cut)),
            in_thousandths(found.diverging, place),
        ),
        sorted_by={
            column: float(each.heads.effect.to_numpy()[place])
            for column, each in enumerate(measured, start=1)
            if np.isfinite(each.heads.effect.to_numpy()[place])
        },
        emphasis=bool(stands(tests)[place]),
    )


def corners_table(found: Attribution) -> Table:
    """Who looks and who moves, by the direction of both."""
    looks, moves = stands(found.looking), stands(found.direct)
    more, towards = found.looking.heads.effect.to_numpy() > 0, found.direct.heads.effect.to_numpy() > 0
    both = looks & moves
    corners = (
        ("look more, push towards the true object", both & more & towards),
        ("look more, push away from it", both & more & ~towards),
        ("look less, push towards the true object", both & ~more & towards),
        ("look less, push away from it", both & ~more & ~towards),
        ("look differently, found to move nothing directly", looks & ~moves),
        ("move the answer, not found to look differently", moves & ~looks),
    )
    rows = [
        Row((name, numbers.count(int(chosen.sum())), _listed(found, chosen, moving=bool((chosen & moves).any()))))
        for name, chosen in corners
    ]
    return Table(
        id="tbl-attribution-corners",
        caption=md(
            "The heads in each corner: “more” and “less” attention to the subject are those of true statements beside false "
            "ones. The strongest {most} of each are named.",
            most=_IN_CORNER,
        ),
        html=table_html(
            "Heads that look and heads that move",
            (Column("Heads that"), Column("n", number=True), Column("Which")),
            rows,
        ),
    )


def _listed(found: Attribution, chosen: Flags, *, moving: bool) -> Html | str:
    tests = found.direct if moving else found.looking
    places = [place for place in tests.strongest(chosen.size) if chosen[place]]
    if not places:
        return "–"
    more = f", and {numbers.count(len(places) - _IN_CORNER)} more" if len(places) > _IN_CORNER else ""
    return Html(", ").join(head_cell(*place) for place in places[:_IN_CORNER]) + more


def windows_figure(found: Attribution) -> Figure:
    """What blocking attention does, window by window."""
    windows = found.windows
    names = [window_name(first, windows.width) for first in range(windows.subject.heads.sizes["layer"])]
    beside = None if windows.others is None else _curve("other tokens", windows.others)
    rows = [_window_row(found, place, name) for place, name in enumerate(names)]
    columns = (
        Column("Blocked in"),
        Column("the subject", number=True),
        Column("adjusted p", number=True),
        Column("as many other tokens", number=True),
    )
    compared = "" if windows.others is None else f", in the {windows.others.n_a} that have them"
    return plotted(
        "fig-attribution-windows",
        data=theme.figure_json(
            window_curve(
                _curve("the subject", windows.subject),
                beside,
                names,
                (
                    "blocked layer" if windows.width == 1 else f"first of {windows.width} blocked layers",
                    "change of log-probability, nats",
                ),
            )
        ),
        height=HEIGHT,
        alt=f"What blocking attention in {windows.width} layers on end does to the log-probability of the true object. "
        "The table below holds the same numbers.",
        waiting="What blocking attention does, from the first layers to the last, appears here.",
        caption=md(
            "How the log-probability of the true object's first token that tells it from the false one changes when all heads' "
            "attention from there is blocked in {width} layers on end: to the subject (line, circles), and to as many other "
            "tokens, drawn at random from those that are neither first nor last{compared} (dotted, squares). Means over {n} "
            "pairs with intervals for all windows; filled where told from nothing.",
            width=windows.width,
            compared=compared,
            n=windows.subject.n_a,
        ),
        how_to_read=Md(
            "*How to read it:* where the line falls and the dotted one does not, the answer is read from the subject in these "
            "layers. Where both fall, any look back would do."
        ),
        table=folded("The same as a table: every window", table_html("Blocked windows", columns, rows)),
    )


def _curve(name: str, tests: HeadTests) -> Curve:
    heads = tests.heads
    estimate, low, high = (
        heads[column].to_numpy()[:, 0] for column in ("effect", "simultaneous_low", "simultaneous_high")
    )
    return Curve(name, estimate, low, high, stands(tests)[:, 0])


def _window_row(found: Attribution, place: int, name: str) -> Row:
    subject, others = found.windows.subject, found.windows.others
    return Row(
        (
            name,
            with_interval(subject, (place, 0)),
            numbers.p_value(float(subject.adjusted(subject.headline)[place, 0])),
            "–" if others is None else with_interval(others, (place, 0)),
        ),
        emphasis=bool(stands(subject)[place, 0]),
    )
