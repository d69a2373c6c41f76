"""What the course of attention to the subject says: a sentence, maps by layer and position, the lock-on of heads, two files."""

from collections import Counter

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.dynamics import NEVER, Dynamics, LockOns
from reportgen.analyses.dynamics_files import courses, lock_on_csv
from reportgen.figures import theme
from reportgen.figures.position_maps import Alignment, height, position_maps, signed
from reportgen.report.csv_files import columns_csv
from reportgen.report.document import Figure
from reportgen.report.downloads import Download
from reportgen.report.experiment import Told
from reportgen.report.head_links import head_cell, head_text
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.experiments import DynamicsSection

_FOUND, _FEWEST_ROWS = 20, 12
_POSITIONS_NAMED = 3


def tell(found: Dynamics, study: Study, section: DynamicsSection) -> Told:
    """The answer, the maps, and where the strongest heads lock on."""
    return Told(
        answer=md("{locking} {parting}", locking=_locking(found, study, section), parting=_parting(found, study)),
        blocks=(_figure(found, study, section),),
        method=md(
            "Attention to the subject was read from every position from its first token on, and averaged at positions counted "
            "from the subject's last token and from the query position, where at least a quarter of the statements of each set "
            "reach them. A head's lock-on is the first position after the subject from which it gives the subject {share} of "
            "the most that it gives it from any of them, the fractional peak latency of event-related potentials "
            "[@kiesel2008], among heads that ever give it {least} points; its interval has percentile bounds over units "
            "[@efron1979]. The sets of the first contrast were compared at every position after the subject, all heads and "
            "positions corrected together by max-T [@westfall1993].",
            share=_share(section),
            least=numbers.points(section.least_attention, 0),
        ),
        files=(
            Download(
                "dynamics.csv",
                "attention to the subject by position, layer and head, in both sets",
                columns_csv(courses(found)),
            ),
            Download(
                "lock-on.csv", "where every head locks on to the subject, and where the sets part", lock_on_csv(found)
            ),
        ),
    )


def _share(section: DynamicsSection) -> str:
    return "half" if section.of_most == 0.5 else numbers.percent(section.of_most, 1)


def _word(found: Dynamics, offset: int) -> str:
    """A position with what stands there: "+1 (“is”)"."""
    return f"{signed(offset)} ({found.words[found.from_subject.offsets.index(offset)]})"


def _locking(found: Dynamics, study: Study, section: DynamicsSection) -> Md:
    heads, locked = found.a.position.size, int(found.a.found.sum())
    least = numbers.points(section.least_attention, 0)
    if not locked:
        return md(
            "No head gives the subject {least} points of attention or more from any position after it, so that none locks on.",
            least=least,
        )
    return md(
        "**{locked}** of {heads} heads give the subject at least {least} points of attention from some position after it: "
        "{where} (positions counted from the subject's last token). {recall}",
        locked=locked,
        heads=heads,
        least=least,
        where=_distribution(found, found.a.position[found.a.found]),
        recall=_recall(found, study),
    )


def _distribution(found: Dynamics, places: np.ndarray) -> str:
    """How many lock on where: "60 lock on at +1 (“is”), 20 at +2 (the object's first token), 3 later"."""
    counts = sorted(Counter(places.tolist()).items())
    verb = "locks" if counts[0][1] == 1 else "lock"
    named = [f"{numbers.count(n)} at {_word(found, offset)}" for offset, n in counts[:_POSITIONS_NAMED]]
    later = sum(n for _, n in counts[_POSITIONS_NAMED:])
    parts = [
        named[0].replace(" at ", f" {verb} on at ", 1),
        *named[1:],
        *([f"{numbers.count(later)} later"] if later else []),
    ]
    return ", ".join(parts)


def _recall(found: Dynamics, study: Study) -> Md:
    recall = study.tests.recall_heads().to_numpy()
    chosen = found.a.position[recall & found.a.found]
    if not recall.any():
        return Md("The study finds no recall head to look among.")
    if not len(chosen):
        return md("Of the {n} none does.", n=numbers.things(int(recall.sum()), "recall head"))
    strongest = next(place for place in study.tests.strongest(recall.size) if recall[place] and found.a.found[place])
    if recall.sum() == 1:
        return md("The recall head, {lock_on}", lock_on=_lock_on(found.a, strongest))
    never = int(recall.sum()) - len(chosen)
    return md(
        "Of the {n}, {where}{never}. The strongest of them, {lock_on}",
        n=numbers.things(int(recall.sum()), "recall head"),
        where=_distribution(found, chosen),
        never=f"; {numbers.count(never)} never give it so much" if never else "",
        lock_on=_lock_on(found.a, strongest),
    )


def _lock_on(found: LockOns, place: tuple[int, int]) -> Md:
    return md(
        "{head}, locks on at {position} {interval}, with {attention} points.",
        head=head_text(*place),
        position=signed(int(found.position[place])),
        interval=_interval(found, place),
        attention=numbers.points(float(found.attention[place])),
    )


def _interval(found: LockOns, place: tuple[int, int]) -> str:
    return f"[{signed(int(found.low[place]))}, {signed(int(found.high[place]))}]"


def _parting(found: Dynamics, study: Study) -> Md:
    parting, contrast = found.parting, study.tests.contrast
    parted = parting.first[parting.first != NEVER]
    if not parting.family:
        return md("Up to the query position {a} and {b} statements never differ.", a=contrast.a.name, b=contrast.b.name)
    if not parted.size:
        return md(
            "At none of these positions is any head shown to differ between {a} and {b} statements (max-T over {n} heads and "
            "positions).",
            a=contrast.a.name,
            b=contrast.b.name,
            n=numbers.count(parting.family),
        )
    (first, _), *later = counts = sorted(Counter(parted.tolist()).items())
    each = ", ".join(f"{numbers.count(n)} first at {signed(offset)}" for offset, n in counts)
    return md(
        "In {a} and {b} statements **{n}** at some position, {first}{each} (max-T over {family} heads and positions).",
        a=contrast.a.name,
        b=contrast.b.name,
        n=f"{numbers.things(int(parted.size), 'head')} {'differs' if parted.size == 1 else 'differ'}",
        first=f"from {_word(found, first)} on" if later else f"first at {_word(found, first)}",
        each=f": {each}" if later else "",
        family=numbers.count(parting.family),
    )


def _figure(found: Dynamics, study: Study, section: DynamicsSection) -> Figure:
    layers = found.a.position.shape[0]
    alignments = (
        Alignment("from the subject's end", found.from_subject.offsets, found.from_subject.a * 100),
        Alignment("to the query position", found.to_query.offsets, found.to_query.a * 100),
    )
    peak = found.from_subject.a.mean(axis=2)
    offset, layer = np.unravel_index(int(peak.argmax()), peak.shape)
    return plotted(
        "fig-dynamics",
        data=theme.figure_json(position_maps(alignments)),
        height=height(layers),
        alt=f"Attention to the subject by layer and position, the mean over heads and the strongest head of each layer. On "
        f"average layer {layer} gives the most, {numbers.points(float(peak.max()))} points, from position "
        f"{signed(found.from_subject.offsets[int(offset)])}. The table below holds the heads.",
        waiting="Attention to the subject by layer and position appears here.",
        caption=md(
            "Attention to the subject in {a} statements, in points, from each position: left counted from the subject's last "
            "token (0), right to the query position (0); above the mean over a layer's heads, below its strongest head. Each "
            "scale ends at the most from +1 on. A click below opens that head.{words}",
            a=study.tests.contrast.a.name,
            words=_words(found),
        ),
        how_to_read=Md(
            "*How to read it:* a row that is dark from +1 on looks back at the subject at once; one that darkens further right "
            "waits for the words that follow. At 0 and before, the subject's tokens look at themselves and each other."
        ),
        table=_table(found, study, section),
    )


def _words(found: Dynamics) -> Md:
    """What stands where, as far as it is the same in most statements."""
    known = [
        md("{place} is {word}", place=signed(offset), word=word)
        for offset, word in zip(found.from_subject.offsets, found.words, strict=True)
        if offset > 0 and word != "varies"
    ]
    return md(" In most statements {known}.", known=join_md(known, ", ")) if known else Md("")


def _heads(found: Dynamics, study: Study) -> list[tuple[int, int]]:
    """The strongest recall heads, and where they are few, the heads that look at the subject most."""
    recall = study.tests.recall_heads().to_numpy()
    heads = [place for place in study.tests.strongest(_FOUND) if recall[place]]
    order = np.argsort(-found.a.most, axis=None, kind="stable").tolist()
    others = [(at // recall.shape[1], at % recall.shape[1]) for at in order]
    return [*heads, *(place for place in others if place not in heads)][: max(len(heads), _FEWEST_ROWS)]


def _table(found: Dynamics, study: Study, section: DynamicsSection) -> Html:
    a, b = study.tests.contrast.a.name, study.tests.contrast.b.name
    recall, share = study.tests.recall_heads().to_numpy(), _share(section)
    columns = (
        Column("Head"),
        Column(f"Locks on, {a}", number=True),
        Column("interval", number=True),
        Column("attention there", number=True),
        Column("the most", number=True),
        Column("at the query position", number=True),
        Column(f"locks on, {b}", number=True),
        Column("sets differ from", number=True),
    )
    at_query = (
        found.to_query.a[found.to_query.offsets.index(0)] if 0 in found.to_query.offsets else found.a.most * np.nan
    )
    rows = [
        Row(
            (
                head_cell(*place),
                *_locked(found.a, place),
                numbers.points(float(found.a.attention[place])),
                numbers.points(float(found.a.most[place])),
                numbers.points(float(at_query[place])),
                _locked(found.b, place)[0],
                _place(int(found.parting.first[place])),
            ),
            emphasis=bool(recall[place]),
        )
        for place in _heads(found, study)
    ]
    return folded(
        f"Where heads lock on: a table of {len(rows)}",
        table_html(f"Positions from which heads give the subject {share} of their most", columns, rows),
    )


def _locked(found: LockOns, place: tuple[int, int]) -> tuple[str, str]:
    return (signed(int(found.position[place])), _interval(found, place)) if found.found[place] else ("–", "–")


def _place(offset: int) -> str:
    return "–" if offset == NEVER else signed(offset)
