"""What knocking heads out does, said."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.knockout import Ablated, Knockout
from reportgen.analyses.knockout_shown import (
    ABLATIONS,
    beyond,
    curve_figure,
    heads_csv_bytes,
    sets_csv_bytes,
    singles_figure,
)
from reportgen.inference import HeadTests
from reportgen.notices import Notice
from reportgen.report.document import Prose
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Told
from reportgen.report.head_links import head_text
from reportgen.report.markup import Md, join_md, md
from reportgen.spec.experiments import KnockoutSection
from reportgen.stats.control_sets import NEAREST


def tell(found: Knockout, study: Study, _: KnockoutSection) -> Told:
    """The answer, a curve for each ablation, and the strongest heads one by one."""
    return Told(
        answer=_answer(found),
        blocks=(
            Prose(_chosen(found)),
            *(curve_figure(found, ablated) for ablated in found.ablated),
            Prose(_one_by_one(found)),
            singles_figure(found, study),
        ),
        method=_method(found),
        files=(
            Download("knockout-sets.csv", "what each number of heads does, beside control sets", sets_csv_bytes(found)),
            Download("knockout-heads.csv", "what the strongest heads do one by one", heads_csv_bytes(found, study)),
        ),
        evidence=(_evidence(found, study),),
        notices=tuple(_notices(found)),
    )


def _answer(found: Knockout) -> Md:
    first = found.ablated[0]
    return join_md(
        part
        for part in (
            _at_most(found, first),
            _verdict(found, first),
            _most_alone(found),
            _direct(first),
            Md("Effects of knocking out are lower bounds: later heads take over part of what is missing."),
        )
        if part
    )


def _at_most(found: Knockout, ablated: Ablated) -> Md:
    """What the largest set does, beside control sets."""
    size, likely, right = found.sizes[-1], ablated.likelihood, ablated.right
    heads = ablated.total.heads.isel(layer=0, head=-1)
    change = float(heads.effect)
    return md(
        "Without the **{k}** strongest heads the log-probability of the true object {moves} by {change} nats {interval}, and "
        "the true object is the likelier in {after} of pairs (before: {before}). Random sets in the same layers change "
        "the log-probability by {layer}, sets with like attention by {attention} ({band} of them).",
        k=size,
        moves="falls" if change < 0 else "rises",
        change=numbers.decimal(abs(change)),
        interval=_flipped(float(heads.simultaneous_low), float(heads.simultaneous_high), change),
        after=numbers.percent(float(right.after[-1]), 1),
        before=numbers.percent(right.clean, 1),
        layer=_range(float(likely.by_layer.low[-1]), float(likely.by_layer.high[-1])),
        attention=_range(float(likely.by_attention.low[-1]), float(likely.by_attention.high[-1])),
        band=numbers.percent(0.9, 1),
    )


def _verdict(found: Knockout, ablated: Ablated) -> Md:
    """Where it is more than what random sets do."""
    adjusted = ablated.likelihood.adjusted
    sizes = beyond(found, ablated)
    least = numbers.p_equals(float(adjusted.min()))
    if not sizes:
        return md("At no size is that more than both kinds of random sets do (smallest adjusted {p}).", p=least)
    return md(
        "That is more than both kinds of random sets do with {sizes} heads (adjusted {p}{most}).",
        sizes=_listed(sizes),
        p=least,
        most="" if len(sizes) == 1 else " at the least",
    )


def _direct(ablated: Ablated) -> Md:
    """What the heads write themselves, and what becomes of it on the way."""
    if ablated.direct is None:
        return Md("")
    total, direct = (tests.heads.isel(layer=0, head=-1) for tests in (ablated.total, ablated.direct))
    rest = float(total.effect) - float(direct.effect)
    repaired = rest * float(direct.effect) < 0
    return md(
        "What these heads write themselves accounts for {direct} nats {interval}; {rest}.",
        direct=numbers.decimal(float(direct.effect)),
        interval=numbers.interval(float(direct.simultaneous_low), float(direct.simultaneous_high)),
        rest=f"later heads and layers make up for {numbers.decimal(abs(rest))} of it"
        if repaired
        else f"the other {numbers.decimal(rest)} come through later heads and layers",
    )


def _most_alone(found: Knockout) -> Md:
    """The head that does most alone, where any does something."""
    singles = found.singles
    stands = _stands(singles.total)
    if not stands.any():
        return Md("")
    place = _strongest(singles.total)
    cell = singles.total.heads.isel(layer=0, head=place)
    return md(
        "One of them, {head}, does {effect} nats {interval} alone.",
        head=head_text(*singles.heads[place]),
        effect=numbers.decimal(float(cell.effect)),
        interval=numbers.interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
    )


def _strongest(tests: HeadTests) -> int:
    """The place of the head with the largest change among those that stand."""
    effects = tests.heads.effect.to_numpy()[0]
    return int(np.nanargmax(np.where(_stands(tests), np.abs(effects), np.nan)))


def _chosen(found: Knockout) -> Md:
    """Which heads, on which pairs."""
    halves, most = found.halves, len(found.chosen)
    if not found.significant:
        alone = "No head is found on that half by itself; the strongest are taken all the same."
    else:
        alone = f"{'All' if found.significant == most else found.significant} of these {most} are found on that half by itself."
    return md(
        "Heads are chosen on {choosing} pairs, the strongest first: {heads}. {alone} They are knocked out on {asked} pairs "
        "of the other half.",
        choosing=numbers.count(halves.choosing),
        heads=join_md([head_text(*head) for head in found.chosen[:20]], ", "),
        alone=alone,
        asked=numbers.count(len(halves.asked)),
    )


def _one_by_one(found: Knockout) -> Md:
    singles = found.singles
    stands = int(_stands(singles.total).sum())
    if not stands:
        return md(
            "One by one, none of the {n} strongest heads changes the log-probability of the true object detectably.",
            n=len(singles.heads),
        )
    return md(
        "One by one, **{stands}** of the {n} strongest heads {change} the log-probability of the true object.",
        stands=stands,
        n=len(singles.heads),
        change="changes" if stands == 1 else "change",
    )


def _method(found: Knockout) -> Md:
    first = found.ablated[0]
    return md(
        "Heads chosen on one half of the pairs were knocked out on pairs of the other, at every position: {ablation}"
        "{others} [@wang2023; @zhang2024]. An object's log-probability is the sum over its tokens. {controls} random sets of "
        "each kind and size, matched by layer, or drawn for each head among the {nearest} others with the nearest mean attention "
        "to the key span, give p = (b + 1)/(m + 1) [@phipson2010], two-sided: b of m different sets change by as much in either "
        "direction; over sizes by the largest standardized change [@westfall1993]. Intervals over units hold together. The "
        "direct effect adds what the heads write when knocked out, less what they write otherwise, to the final residual stream, "
        "and computes the norms on the way anew; all other heads and layers are as they were. Total less direct effect is what "
        "later heads and layers do about it; they repair part of what is missing, so that effects are lower bounds "
        "[@mcdougall2023; @rushing2024].",
        ablation=ABLATIONS[first.ablation],
        others="".join(f"; beside it, {ABLATIONS[other.ablation]}" for other in found.ablated[1:]),
        controls=found.controls,
        nearest=NEAREST,
    )


def _evidence(found: Knockout, study: Study) -> Evidence:
    singles, shape = found.singles, study.tests.heads.effect.shape
    cells = tuple(np.array(singles.heads).T)

    def spread(name: str) -> np.ndarray:
        values = np.full(shape, np.nan)
        values[cells] = singles.total.heads[name].to_numpy()[0]
        return values

    speaks = np.zeros(shape, dtype=bool)
    speaks[cells] = _stands(singles.total)
    return Evidence(
        what="knock-out",
        unit="nats",
        estimate=spread("effect"),
        low=spread("simultaneous_low"),
        high=spread("simultaneous_high"),
        speaks=speaks,
        kind="moves",
        digits=2,
    )


def _notices(found: Knockout) -> list[Notice]:
    halves, told = found.halves, []
    if halves.unasked:
        told.append(
            Notice(
                "left out",
                f"{numbers.things(halves.unasked, 'pair')} took no part in knocking heads out: the object comes before the "
                "subject, or the twins differ before the object. They helped to choose heads.",
            )
        )
    if halves.alone:
        told.append(
            Notice(
                "left out",
                f"{numbers.things(halves.alone, 'pair')} took no part in knocking heads out, because no other of their "
                "relation was drawn to take a mean over.",
            )
        )
    for ablated in found.ablated:
        if ablated.lonely:
            told.append(
                Notice(
                    "note",
                    f"In {numbers.things(ablated.lonely, 'pair')} heads that exchange their output put out the mean instead: no "
                    "other pair has as many tokens.",
                )
            )
    if found.with_chosen:
        told.append(
            Notice(
                "note",
                f"{found.with_chosen} of {2 * found.controls} control sets of the largest size hold some of the chosen heads, "
                "for want of others.",
            )
        )
    if found.no_direct:
        told.append(Notice("note", f"Direct effects of knocked-out heads are not shown: {found.no_direct}."))
    return told


def _stands(tests: HeadTests) -> np.ndarray:
    return np.asarray(tests.significant(tests.headline).to_numpy()[0])


def _flipped(low: float, high: float, change: float) -> str:
    """The interval of a fall, told as positive."""
    return numbers.interval(-high, -low) if change < 0 else numbers.interval(low, high)


def _range(low: float, high: float) -> str:
    return f"{numbers.decimal(low)} to {numbers.decimal(high)}"


def _listed(sizes: list[int]) -> str:
    *most, last = [str(size) for size in sizes]
    return f"{', '.join(most)} and {last}" if most else last
