"""Would it come out again: the strongest heads on units that did not choose them, and the confirmation set apart."""

import numpy as np

from reportgen import numbers
from reportgen.findings import Finding
from reportgen.holdout import HeldOut
from reportgen.report.document import Block, Heading, Prose, Table
from reportgen.report.markup import Md, md
from reportgen.report.tables import Column, Row, table_html
from reportgen.selected import SPLITS, Selected

_TOO_SMALL = Md(
    " **That part is too small to confirm any**: the smallest p-value that it allows is above what a first finding needs, "
    "so nothing speaks against these heads either."
)


def replication_blocks(finding: Finding) -> tuple[Block, ...]:
    """What the same units can say about new ones; nothing where there are too few to be split."""
    contrast = finding.tests.contrast.id
    blocks: list[Block] = [Heading(3, Md("Would it come out again"), f"again-{contrast}")]
    blocks += [Prose(text) for text in _selected(finding.selected)]
    if finding.tests.settings.split is not None:
        blocks += _held_out(finding)
    return tuple(blocks)


def _selected(selected: Selected | None) -> list[Md]:
    if selected is None:
        return [Md("There are too few units to split them in halves.")]
    ranks, halves = selected.ranks, selected.halves
    shrunk = md(
        "*The strongest heads.* Chosen on one half of the units and estimated on the other, over {splits} random splits both "
        "ways, the {k} strongest keep {kept} of the effect that they show where they were chosen: {naive} points on the "
        "choosing half, {crossed} on the other, on average.",
        splits=SPLITS,
        k=len(ranks.by_rank),
        kept=numbers.percent(max(ranks.kept, 0.0), 1) if ranks.kept == ranks.kept else "none",
        naive=numbers.points(float(ranks.naive_by_rank.mean())),
        crossed=numbers.points(float(ranks.by_rank.mean())),
    )
    if halves.correlation != halves.correlation:
        return [
            shrunk,
            Md("*The whole map.* A half of the units has no map that varies, so halves cannot be compared."),
        ]
    whole = md(
        "*The whole map.* The effects of two random halves correlate over heads at r = {r} (5 to 95 % of the splits: {low} to "
        "{high}), so that the map of all units has a reliability of {reliability} [@spearman1910; @brown1910]. Its noise "
        "ceiling is {ceiling}: no other map, of another model or measure, can be expected to correlate with it more closely.",
        r=numbers.decimal(halves.correlation),
        low=numbers.decimal(halves.low),
        high=numbers.decimal(halves.high),
        reliability=numbers.decimal(halves.reliability),
        ceiling=numbers.decimal(halves.noise_ceiling),
    )
    return [shrunk, whole]


def _held_out(finding: Finding) -> list[Block]:
    held, contrast = finding.held_out, finding.tests.contrast.id
    title = Heading(3, Md("Confirmed on units set apart"), f"held-out-{contrast}")
    if held is None:
        return [title, Prose(Md("There are too few units to set a part of them aside."))]
    untested = len(held.heads) - held.family
    text = md(
        "On {choosing} units, chosen at random, {chosen} passed at an uncorrected p ≤ {alpha} with an effect of at least "
        "{smallest} points. On the other {testing}, tested alone and corrected for {family}{untested}, {confirmed} of them "
        "{stand}.{too_small}",
        choosing=held.choosing,
        chosen=numbers.things(len(held.heads), "head"),
        alpha=f"{finding.tests.alpha:g}",
        smallest=numbers.points(finding.tests.smallest_effect),
        testing=held.testing,
        family=numbers.things(held.family, "head"),
        untested=f" ({numbers.count(untested)} cannot be tested there)" if untested else "",
        confirmed=held.confirmed,
        stand="stands" if held.confirmed == 1 else "stand",
        too_small=_TOO_SMALL if not held.can_confirm else Md(""),
    )
    return [title, Prose(text), *([_held_table(held, finding)] if held.heads else [])]


def _held_table(held: HeldOut, finding: Finding) -> Table:
    columns = (
        Column("Head"),
        Column("Effect where chosen", number=True),
        Column("Effect where tested", number=True),
        Column(f"{numbers.level(1 - finding.tests.alpha)} interval for the chosen", number=True),
        Column("adjusted p", number=True),
        Column("Stands"),
    )
    rows = [
        Row(
            (
                head.name,
                numbers.points(head.chosen_effect),
                numbers.points(head.effect),
                numbers.points_interval(head.low, head.high),
                numbers.p_value(head.adjusted),
                "yes" if head.confirmed else "no",
            ),
            sorted_by={} if np.isnan(head.adjusted) else {4: head.adjusted},
            emphasis=head.confirmed,
        )
        for head in held.heads
    ]
    return Table(
        id=f"tbl-held-out-{finding.tests.contrast.id}",
        caption=Md("The heads chosen on one part of the units, on the other part; in points."),
        html=table_html("Heads on the units set apart", columns, rows),
    )
