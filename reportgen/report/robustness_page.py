"""Robustness → a page of its own: would another analyst have found the same heads? And what the study's page says of it."""

import numpy as np

from reportgen import numbers
from reportgen.figures import specification_curve, theme
from reportgen.findings import Finding
from reportgen.report import choice_words
from reportgen.report.document import Block, Document, Figure, Heading, Prose, Table
from reportgen.report.head_table import MOST_ROWS
from reportgen.report.markup import Html, Md, join_md, md, plain_md
from reportgen.report.methods import cited_keys
from reportgen.report.render import component
from reportgen.report.robustness_standing import standing_heads, standing_map_figure
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.robustness import NEARLY_ALWAYS, ChoiceSummary, Robustness, UniverseResult
from reportgen.spec.model import StudySpec

PAGE = "robustness"
_MOST_NAMED = 12
_QUESTION = "Would another analyst have found the same heads?"
_UNCORRECTED = Md(
    " Not to correct is no reasonable choice for so many heads: such universes are shown for comparison, and no share, "
    "median or order rests on them, but for the row that is theirs."
)
_DEMAND = Md(
    " One point is not the same demand for the sum, the mean and the largest over a span's tokens: the mean over four tokens "
    "is a quarter of their sum."
)


def robustness_document(robustness: Robustness, finding: Finding, spec: StudySpec) -> Document:
    """The page; `finding` is the study's first contrast."""
    method = _method(robustness)
    return Document(
        title=spec.study.title,
        question=_QUESTION,
        description=f"{_QUESTION} {_counted(robustness)}.",
        authors=spec.study.authors,
        depth=2,
        blocks=(
            Prose(_answer(robustness), "lead"),
            Prose(md("This page belongs to [the study](index.html), where its finding stands whole.")),
            Heading(2, Md("Every universe"), "universes"),
            _curve(robustness),
            Heading(2, Md("What each choice does"), "choices"),
            _choices(robustness),
            Heading(2, Md("Which heads stand"), "standing"),
            standing_map_figure(robustness, finding),
            standing_heads(robustness, finding),
            Heading(2, Md("How this was done"), "methods"),
            Prose(method),
            *_left_out(robustness),
            Heading(2, Md("References"), "references"),
            Prose(Md("::: {#refs}\n:::")),
        ),
        cited=cited_keys([method]),
    )


def robustness_summary(robustness: Robustness) -> tuple[Block, ...]:
    """What the study's own page says of it, with a link to the whole."""
    link = md("[Every universe, choice and head]({page}.html)", page=Md(PAGE))
    return (Prose(join_md([_answer(robustness), md("{link}.", link=link)])),)


def _answer(robustness: Robustness) -> Md:
    """Whether the finding stands, which heads do, and what it hangs on most."""
    return join_md(
        [_stands(robustness), *_compared(robustness), _firm(robustness), _matters(robustness)],
    )


def _counted(robustness: Robustness) -> str:
    total = numbers.count(len(robustness.counted))
    if not robustness.study_heads:
        none = sum(not result.heads for result in robustness.counted)
        return f"The study finds no head; neither do {numbers.count(none)} of {total} universes"
    return f"The finding stands in {numbers.count(robustness.holding)} of {total} universes"


def _stands(robustness: Robustness) -> Md:
    if not robustness.study_heads:
        return md("**{counted}** (combinations of reasonable choices).", counted=_counted(robustness))
    return md(
        "**{counted}** (combinations of reasonable choices): there at least half of the study's {heads} found again, with "
        "the same sign.",
        counted=_counted(robustness),
        heads=f"{numbers.things(robustness.study_heads, 'head')} {'is' if robustness.study_heads == 1 else 'are'}",
    )


def _compared(robustness: Robustness) -> tuple[Md, ...]:
    """What is shown beside the universes that count."""
    if not robustness.uncorrected:
        return ()
    text = md(
        "{n} more without any correction{own} {are} shown for comparison.",
        n=numbers.count(robustness.uncorrected),
        own="" if robustness.own.corrected else ", the study's own among them,",
        are="is" if robustness.uncorrected == 1 else "are",
    )
    return (text,)


def _firm(robustness: Robustness) -> Md:
    level, firm = numbers.level(NEARLY_ALWAYS), robustness.heads_standing(NEARLY_ALWAYS)
    if not firm:
        return md("No head stands in at least {level} of the {total}.", level=level, total=len(robustness.counted))
    named = ", ".join(f"L{layer}H{head}" for layer, head in firm[:_MOST_NAMED])
    return md(
        "{heads} in at least {level} of the {total}: {named}{more}.",
        heads=f"{numbers.things(len(firm), 'head')} {'stands' if len(firm) == 1 else 'stand'}",
        level=level,
        total=numbers.count(len(robustness.counted)),
        named=named,
        more=f" and {len(firm) - _MOST_NAMED} more" if len(firm) > _MOST_NAMED else "",
    )


def _matters(robustness: Robustness) -> Md:
    if not robustness.dimensions:
        return Md("There was no other choice to be made.")
    decisive = robustness.decisive
    ordered = robustness.ranked(decisive)
    if not robustness.spread(decisive):
        return Md("No choice changes the median number of heads found.")
    fewest, most = ordered[0], ordered[-1]
    return md(
        "The choice that matters most is *{dimension}*: {low} heads in the median universe with “{fewest}”, {high} with "
        "“{most}”.",
        dimension=choice_words.dimension(decisive).lower(),
        low=_median(fewest.heads),
        fewest=choice_words.choice(fewest.choice),
        high=_median(most.heads),
        most=choice_words.choice(most.choice),
    )


def _median(heads: float) -> str:
    return numbers.decimal(heads, 0 if heads == int(heads) else 1)


def _curve(robustness: Robustness) -> Figure:
    heads = [result.heads for result in robustness.universes]
    alt = (
        f"Above, a bar for each of {len(heads)} universes: from {min(heads)} to {max(heads)} heads found, the study's "
        f"own universe with {robustness.study_heads}{_set_off(robustness)}. Below, ticks that show which choices make each "
        "universe. The same numbers stand in the table below."
    )
    return Figure(
        id="fig-specification-curve",
        html=component(
            "components/plot",
            height=specification_curve.height(robustness),
            map="",
            alt=alt,
            data=theme.figure_json(
                specification_curve.specification_curve(robustness, choice_words.short, choice_words.dimension)
            ),
            waiting="The specification curve appears here.",
        ),
        caption=md(
            "Every universe is a bar, the fewest heads first: how many heads it finds, and solid how many of them the study "
            "finds too, with the same sign. Below, a tick in each row whose choice it makes. The dotted line and the filled "
            "dots mark the study's own choices.{compared}",
            compared=join_md([Md(""), *_compared(robustness), Md("They stand apart at the right and count nowhere.")])
            if robustness.uncorrected
            else Md(""),
        ),
        how_to_read=Md(
            "*How to read it:* a long solid plateau means that the study's heads are found whatever one chooses. Ticks of one "
            "row that gather at one end name a choice that the finding hangs on; ticks strewn evenly, one that hardly matters. "
            "Were the study's own universe at the far right, its choices would be those that find the most."
        ),
        table=_every_universe(robustness),
    )


def _set_off(robustness: Robustness) -> str:
    if not robustness.uncorrected:
        return ""
    return f"; set off at the right, {numbers.things(robustness.uncorrected, 'universe')} without any correction"


def _every_universe(robustness: Robustness) -> Html:
    """Those that count first, the most heads first."""
    shown = sorted(robustness.universes, key=lambda result: (not result.counts, -result.heads))[:MOST_ROWS]
    columns = (
        *(Column(choice_words.dimension(dimension)) for dimension in robustness.dimensions),
        Column("n", number=True),
        Column("Heads", number=True),
        Column("In the study too", number=True),
    )
    rows = [_universe_row(robustness, result) for result in shown]
    whole = len(shown) == len(robustness.universes)
    which = "every universe" if whole else f"the {len(shown)} that find the most, those with a correction first"
    return folded(f"The same as a table: {which}", table_html("Universes", columns, rows))


def _universe_row(robustness: Robustness, result: UniverseResult) -> Row:
    names = (
        choice_words.choice(choice) for choice in result.universe.choices if choice.dimension in robustness.dimensions
    )
    counts = (result.n, result.heads, result.shared)
    return Row((*names, *map(numbers.count, counts)), emphasis=result.universe == robustness.own)


def _choices(robustness: Robustness) -> Table:
    columns = (
        Column("What is chosen"),
        Column("How"),
        Column("Universes", number=True),
        Column("Heads, median", number=True),
        Column("Of the study's heads", number=True),
    )
    rows = [
        Row(
            (
                choice_words.dimension(dimension),
                choice_words.choice(summary.choice) + _remark(summary),
                numbers.count(summary.universes),
                _median(summary.heads),
                "–" if np.isnan(summary.kept) else numbers.percent(summary.kept, 1),
            ),
            emphasis=summary.own,
        )
        for dimension in sorted(robustness.dimensions, key=robustness.spread, reverse=True)
        for summary in robustness.summaries(dimension)
    ]
    return Table(
        id="tbl-choices",
        caption=Md(
            "What comes of each choice, over all universes that make it (a relation alone is compared with universes that are "
            "otherwise the study's); the choice that changes the number of heads most stands first. Universes without any "
            "correction are in their own row alone. The last column is the mean share of the study's heads that are found "
            "again with the same sign."
        ),
        html=table_html("What each choice does", columns, rows),
    )


def _remark(summary: ChoiceSummary) -> str:
    remarks = [*(["the study's"] if summary.own else []), *([] if summary.counts else ["for comparison"])]
    return f" ({', '.join(remarks)})" if remarks else ""


def _method(robustness: Robustness) -> Md:
    return md(
        "The contrast was tested for every combination of the choices above (a universe), and all of them are shown "
        "[@simonsohn2020]; in imaging, such choices alone have been enough to change which findings come out [@carp2012; "
        "@botvinik2020].{relations}{uncorrected} Readings of the same tokens come from one forward pass. What counts as found "
        "is the same throughout: adjusted p at most α and an effect of at least the smallest effect of interest.{demand} "
        "Max-T takes "
        "{resamples} resamples in each universe; the study's own universe shows the study's own result. Universes rest on "
        "the same facts and are no independent replications: a share of universes is not a probability, and nothing is "
        "tested with it.",
        relations=Md(" Each relation alone was tested under every correction, else with the study's own choices.")
        if "relation" in robustness.dimensions
        else Md(""),
        uncorrected=_UNCORRECTED if robustness.uncorrected else Md(""),
        demand=_DEMAND if "aggregation" in robustness.dimensions else Md(""),
        resamples=numbers.count(robustness.resamples),
    )


def _left_out(robustness: Robustness) -> tuple[Block, ...]:
    if not robustness.left_out:
        return ()
    items = (
        md("- {n}: {reason}", n=numbers.things(left.universes, "universe"), reason=plain_md(left.reason))
        for left in robustness.left_out
    )
    return Prose(Md("Left out, since they cannot be:")), Prose(join_md(items, "\n"))
