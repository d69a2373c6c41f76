"""What the wordings show, said and drawn."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.paraphrases import FEWEST_TO_PREDICT, Paraphrases
from reportgen.contrasts import FEWEST_PAIRS
from reportgen.figures import effects_by_group, theme
from reportgen.notices import Notice
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Block, Figure, Raw
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Told
from reportgen.report.head_links import head_cell, head_name
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.experiments import ParaphrasesSection

_HEADS = 20


def tell(found: Paraphrases, study: Study, _: ParaphrasesSection) -> Told:
    """The heads found in every wording, the effects by wording, and where the wording matters."""
    times = found.found.sum(axis=0)
    nothing = np.full(times.shape, np.nan)
    blocks: tuple[Block, ...] = (_effects(found, study), Raw(_wordings(study)))
    return Told(
        answer=_answer(found, study),
        blocks=blocks,
        method=_method(found),
        files=(
            Download("paraphrases.csv", "every head's effect in each wording, and whether it differs", _csv(found)),
        ),
        evidence=(
            Evidence(
                what=f"found in, of {len(found.names)}",
                unit="wordings",
                estimate=times.astype(float),
                low=nothing,
                high=nothing,
                speaks=times == len(found.names),
                kind="holds",
                digits=0,
            ),
        ),
        notices=_notices(found),
    )


def _answer(found: Paraphrases, study: Study) -> Md:
    times, all_ = found.found.sum(axis=0), len(found.names)
    overall = study.tests.recall_heads().to_numpy()
    if not times.any():
        heads = md("No head is found in any of the {n} wordings by itself.", n=all_)
    else:
        each = join_md(
            (
                md("{n} in wording {name}", n=int(own.sum()), name=name)
                for name, own in zip(found.names, found.found, strict=True)
            ),
            ", ",
        )
        heads = md(
            "**{all}** of the {overall} heads that all wordings together show are found in each of the {n} wordings by itself "
            "({each}).",
            all=int((overall & (times == all_)).sum()),
            overall=int(overall.sum()),
            n=all_,
            each=each,
        )
    differ = found.adjusted <= found.tests[0].alpha
    matters = md(
        "The wording matters to the effect of {n} ({least}).",
        n=md("**{n}**", n=numbers.things(int(differ.sum()), "head")) if differ.any() else "no head",
        least=f"smallest adjusted {numbers.p_equals(float(np.nanmin(found.adjusted)))}",
    )
    return join_md((heads, matters, *_one_more(found, overall)))


def _one_more(found: Paraphrases, overall: np.ndarray) -> tuple[Md, ...]:
    """How many heads can be expected to keep the sign of their effect in a wording that nobody has written yet."""
    if len(found.names) < FEWEST_TO_PREDICT or not overall.any():
        return ()
    sure = overall & ((found.low > 0) | (found.high < 0))
    return (
        md(
            "In one more wording, {n} of these {all} would keep the sign of the effect with {level} probability each.",
            n=int(sure.sum()),
            all=int(overall.sum()),
            level=numbers.level(1 - found.tests[0].alpha),
        ),
    )


def _effects(found: Paraphrases, study: Study) -> Figure:
    places = study.tests.strongest(_HEADS)
    names = [head_name(*place) for place in places]
    effects = np.array([[own[place] * 100 for own in found.effects] for place in places])
    flags = np.array([[own[place] for own in found.found] for place in places])
    groups = [f"wording {name}" for name in found.names]
    return plotted(
        "fig-paraphrases",
        data=theme.figure_json(
            effects_by_group.effects_by_group(effects_by_group.ByGroup(names, groups, effects, flags))
        ),
        height=effects_by_group.height(len(places), len(groups)),
        alt=f"The effect of the study's {len(places)} strongest heads in each of {len(groups)} wordings, as a map; the table "
        "below holds the same numbers.",
        waiting="The effects by wording appear here.",
        caption=md(
            "The effect of the study's {n} strongest heads in each wording, in points. A dot marks where the head is found in "
            "that wording by itself.",
            n=len(places),
        ),
        how_to_read=Md(
            "*How to read it:* a row of one colour is a head that does not mind how the fact is put. A row that fades or turns "
            "in one column has to do with that sentence, not with the fact alone. A missing dot in a strong row may be that "
            "one wording has too few facts to show it."
        ),
        table=_table(found, places),
    )


def _table(found: Paraphrases, places: list[tuple[int, int]]) -> Html:
    predicted = len(found.names) >= FEWEST_TO_PREDICT
    columns = (
        Column("Head"),
        *(Column(f"Wording {name}", number=True) for name in found.names),
        *((Column("One more wording", number=True),) if predicted else ()),
        Column("Wording matters, adjusted p", number=True),
    )
    rows = [
        Row(
            (
                head_cell(*place),
                *(_effect(found, wording, place) for wording in range(len(found.names))),
                *((numbers.points_interval(float(found.low[place]), float(found.high[place])),) if predicted else ()),
                numbers.p_value(float(found.adjusted[place])),
            ),
            emphasis=bool(found.found[:, place[0], place[1]].all()),
        )
        for place in places
    ]
    return folded(
        "The same as a table, with intervals",
        table_html("Effect by wording, in points, with intervals for all heads of a wording", columns, rows),
    )


def _effect(found: Paraphrases, wording: int, place: tuple[int, int]) -> str:
    head = found.tests[wording].heads.isel(layer=place[0], head=place[1])
    interval = numbers.points_interval(float(head.simultaneous_low), float(head.simultaneous_high))
    return f"{numbers.points(float(head.effect))} {interval}"


def _wordings(study: Study) -> Html:
    """Which wording has which number, relation by relation."""
    rows = [
        Row((relation, str(number), template))
        for relation, templates in study.plan.facts.templates.items()
        for number, template in enumerate(templates, start=1)
    ]
    return folded(
        "The wordings",
        table_html("Wordings", (Column("Relation"), Column("Wording"), Column("Template")), rows),
        "more",
    )


def _method(found: Paraphrases) -> Md:
    predicted = len(found.names) >= FEWEST_TO_PREDICT
    return md(
        "Each wording was tested by itself, a family of heads each; whether effects differ between wordings was tested by "
        "Welch's F on differences of pairs [@welch1951], each fact's mean taken away and wordings shuffled within facts "
        "{resamples} times, with max-T over heads [@westfall1993].{predicted}",
        resamples=numbers.count(found.tests[0].settings.resamples),
        predicted=" The interval for one more wording takes the effects in the wordings for a normal sample."
        if predicted
        else "",
    )


def _csv(found: Paraphrases) -> bytes:
    return heads_csv(
        {
            **{f"effect_wording_{name}": own for name, own in zip(found.names, found.effects, strict=True)},
            **{f"found_wording_{name}": own for name, own in zip(found.names, found.found, strict=True)},
            "p_value_of_difference": found.p_value,
            "adjusted_p_of_difference": found.adjusted,
            "one_more_wording_low": found.low,
            "one_more_wording_high": found.high,
        }
    )


def _notices(found: Paraphrases) -> tuple[Notice, ...]:
    few = found.wordings.few
    if not few:
        return ()
    message = f"Wordings compared: {numbers.things(len(few), 'wording')} with fewer than {FEWEST_PAIRS} pairs left out."
    return (Notice("left out", message, few),)
