"""What gradients show, said and drawn."""

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Study
from reportgen.analyses.gradient import Check, Complete, Gradients
from reportgen.analyses.influence import Influence, Standing
from reportgen.figures import theme
from reportgen.figures.foretold import HEIGHT, foretold
from reportgen.figures.head_scatter import Axis
from reportgen.inference import HeadTests
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Figure, Table
from reportgen.report.downloads import Download
from reportgen.report.experiment import Evidence, Told
from reportgen.report.head_links import head_cell, head_text
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.plotted import plotted
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.experiments import GradientSection
from reportgen.stats.agreement import Agreement

_SHOWN, _NAMED = 20, 5
_CLOSE, _WELL = 0.9, 0.7

Place = tuple[int, int]


def tell(found: Gradients, study: Study, section: GradientSection) -> Told:
    """The answer, what was foretold beside what was measured, and recall heads beside the others."""
    return Told(
        answer=join_md([_heads_answer(found, section), _check_answer(found.check), _recall_answer(found, study)]),
        blocks=(_scatter(found), *_recall_table(found)),
        method=_method(found, section),
        files=(Download("gradients.csv", "what every head's look at the subject adds to the answer", _csv(found)),),
        evidence=(_evidence(found.integrated),),
    )


def _evidence(tests: HeadTests) -> Evidence:
    heads = tests.heads
    low, high = (heads[f"simultaneous_{end}"].to_numpy() for end in ("low", "high"))
    return Evidence(
        "integrated gradients", "nats", heads.effect.to_numpy(), low, high, _found(tests), kind="moves", digits=3
    )


def _found(tests: HeadTests) -> np.ndarray:
    return np.asarray(tests.recall_heads().to_numpy(), dtype=bool)


def _nats(value: float, digits: int = 2) -> str:
    return numbers.decimal(value, digits)


def _with_interval(tests: HeadTests, place: Place) -> str:
    effect, low, high = (
        float(tests.heads[name].to_numpy()[place]) for name in ("effect", "simultaneous_low", "simultaneous_high")
    )
    return f"{_nats(effect)} {numbers.interval(low, high)}"


def _agreement(found: Agreement) -> str:
    return (
        f"{numbers.decimal(found.estimate)} {numbers.interval(found.low, found.high)}"
        if np.isfinite(found.estimate)
        else "–"
    )


def _heads_answer(found: Gradients, section: GradientSection) -> Md:
    tests, heads = found.integrated, int(_found(found.integrated).sum())
    [place] = tests.strongest(1)
    if not heads:
        start = md(
            "No head of {tested} is found to add {least} to the true object's log-probability, or to take as much from it, "
            "through its look at the subject from right before the object.",
            tested=tests.tested,
            least=_least(section),
        )
    else:
        start = md(
            "**{n}** of {tested} heads {verb} {least} or more to the true object's log-probability, or {take} as much from it, "
            "through their look at the subject from right before the object. The strongest is {head}: {effect} nats.",
            n=heads,
            tested=tests.tested,
            least=_least(section),
            verb="add" if heads > 1 else "adds",
            take="take" if heads > 1 else "takes",
            head=head_text(*place),
            effect=_with_interval(tests, place),
        )
    return join_md([start, _complete_answer(found.complete)])


def _least(section: GradientSection) -> str:
    return f"{section.smallest_effect:g} nats" if section.smallest_effect else "anything"


def _complete_answer(complete: Complete) -> Md:
    return md(
        "Without all these looks together the object would lose {lost} nats on average; what integrated gradients give the heads "
        "adds up to {added}, and is off by {worst} at most in any object.",
        lost=_nats(complete.lost),
        added=_nats(complete.added),
        worst=numbers.significant(complete.worst, 1),
    )


def _check_answer(check: Check) -> Md:
    better = min(check.with_product.estimate, check.with_integrated.estimate)
    verdict = (
        "Gradients tell nearly what taking away one head's look at a time does"
        if better >= _CLOSE
        else "Gradients tell roughly what taking away one head's look at a time does"
        if better >= _WELL
        else "Gradients and taking away one head's look at a time do not tell the same"
    )
    return md(
        "{verdict}: over heads, gradient × attention correlates with the loss measured in {n} objects at r = {product}, "
        "integrated gradients at r = {integrated}.",
        verdict=verdict,
        n=check.objects,
        product=_agreement(check.with_product),
        integrated=_agreement(check.with_integrated),
    )


def _recall_answer(found: Gradients, study: Study) -> Md:
    influence = found.influence
    if not found.recall:
        return Md("The study finds no recall heads that could be set beside the others.")
    if influence is None:
        return Md("Recall heads have no other heads in their layers to be set beside.")
    recalled, preferred = influence.recalled, influence.preferred
    split, right = (
        (recalled, "recalls the fact") if recalled.more else (preferred, "prefers the true object to the false one")
    )
    if split.more is None or split.right is None or split.wrong is None:
        return md(
            "Recall heads add {every} more than the other heads of their layers; the model is right, or wrong, about too few of "
            "these facts to say whether that goes with being right.",
            every=_standing_text(influence.every),
        )
    return md(
        "Recall heads are {so} where the model {right}: over {n_right} such facts they add {where_right} more than the other "
        "heads of their layers, over {n_wrong} others {where_wrong} more; the difference is {more} nats {interval} ({p}).",
        so=_influential(split.more.p_value <= study.spec.tests.alpha, split.more.difference),
        right=right,
        n_right=split.right.units,
        where_right=_standing_text(split.right),
        n_wrong=split.wrong.units,
        where_wrong=_standing_text(split.wrong),
        more=_nats(split.more.difference),
        interval=numbers.interval(split.more.low, split.more.high),
        p=numbers.p_equals(split.more.p_value),
    )


def _influential(told: bool, difference: float) -> str:
    if not told:
        return "not found to be more influential"
    return "more influential" if difference > 0 else "less influential"


def _standing_text(standing: Standing) -> str:
    return f"{_nats(standing.difference)} nats {numbers.interval(standing.low, standing.high)}"


def _scatter(found: Gradients) -> Figure:
    check, tests = found.check, found.integrated
    named = [place for place in tests.strongest(_NAMED) if _found(tests)[place]]
    return plotted(
        "fig-gradient",
        data=theme.figure_json(
            foretold(
                Axis("measured: the look taken away, nats", check.cut),
                Axis("integrated gradients, nats", check.integrated),
                check.product,
                _found(tests),
                named,
            )
        ),
        height=HEIGHT,
        alt=f"Every head as a point: what true objects lose without its look at the subject across, what integrated gradients "
        f"foretell up; correlation {numbers.decimal(check.with_integrated.estimate)}. The table below holds the strongest "
        "heads.",
        waiting="What was foretold of every head appears here, beside what was measured.",
        caption=md(
            "What {n} true objects lose on average, in nats of log-probability, where one head's look at the subject is taken "
            "away: measured, and foretold by integrated gradients (circles; filled: the heads found over all pairs) and "
            "by gradient × attention (crosses). A click opens the head.",
            n=check.objects,
        ),
        how_to_read=md(
            "*How to read it:* on the dotted line the foretelling is right. On average over heads, integrated gradients are off "
            "by {integrated} nats and gradient × attention by {product}. The latter is the slope where everything is as it is, "
            "and misses what only shows as the look fades; the former shares among heads what each could do for the others, "
            "which taking away one alone does not show.",
            integrated=numbers.significant(check.off_integrated),
            product=numbers.significant(check.off_product),
        ),
        table=_strongest_table(found),
    )


def _strongest_table(found: Gradients) -> Html:
    tests, margin, means, check = found.integrated, found.margin, found.means, found.check
    columns = (
        "Integrated, nats",
        "interval for all heads",
        "adjusted p",
        "gradient × attention",
        f"measured, {numbers.things(check.objects, 'fact')}",
        "gradient of the loss, a point",
        "attention, points",
        "true over false",
        "whole pattern",
    )
    adjusted = tests.adjusted(tests.headline).to_numpy()
    rows = []
    for place in tests.strongest(_SHOWN):
        heads = tests.heads.isel(layer=place[0], head=place[1])
        cells = (
            _nats(float(heads.effect), 3),
            numbers.interval(float(heads.simultaneous_low), float(heads.simultaneous_high), 3),
            numbers.p_value(float(adjusted[place])),
            _nats(float(means.product[place]), 3),
            _nats(float(check.cut[place]), 3),
            numbers.decimal(float(means.gradient[place]) / 100, 4),
            numbers.points(float(means.attention[place])),
            _nats(float(margin.heads.effect.to_numpy()[place]), 3),
            _nats(float(means.everywhere[place]), 3),
        )
        rows.append(Row((head_cell(*place), *cells), emphasis=bool(_found(tests)[place])))
    titled = (Column("Head"), *(Column(title, number=True) for title in columns))
    return folded(
        f"The same as a table: the {len(rows)} strongest heads",
        table_html("What heads' looks at the subject add to the true object's log-probability", titled, rows),
    )


def _recall_table(found: Gradients) -> tuple[Table, ...]:
    influence = found.influence
    if influence is None:
        return ()
    columns = ("Facts", "Recall heads", "Others of their layers", "Difference", "interval", "p")
    titled = (Column("Where the model"), *(Column(title, number=True) for title in columns))
    groups = (
        ("recalls the fact", influence.recalled.right),
        ("does not recall it", influence.recalled.wrong),
        ("prefers the true object to the false one", influence.preferred.right),
        ("does not prefer it", influence.preferred.wrong),
        ("is asked at all", influence.every),
    )
    rows = [_standing_row(name, standing) for name, standing in groups if standing is not None]
    return (
        Table(
            "tbl-gradient-recall",
            md(
                "What {each} adds to the true object's log-probability on average, in nats by integrated gradients, beside the "
                "other heads of the same layers. A fact is recalled where no other object of the relation is likelier than the "
                "true one. Intervals are over facts; p is that of as many heads drawn at random from the same layers.",
                each=_each(influence),
            ),
            table_html("Recall heads beside the others, by whether the model is right", titled, rows),
        ),
    )


def _each(influence: Influence) -> str:
    return "the recall head" if influence.matched == 1 else f"each of {numbers.count(influence.matched)} recall heads"


def _standing_row(name: str, standing: Standing) -> Row:
    return Row(
        (
            name,
            numbers.count(standing.units),
            _nats(standing.recall, 3),
            _nats(standing.others, 3),
            _nats(standing.difference, 3),
            numbers.interval(standing.low, standing.high, 3),
            numbers.p_value(standing.p_value),
        )
    )


def _method(found: Gradients, section: GradientSection) -> Md:
    return md(
        "For {n} of {possible} pairs, drawn at random, the model was asked for both objects in float32, and the log-probability "
        "of each, over all its tokens, was differentiated by every head's attention from the position before the object to the "
        "subject's tokens, in one backward pass. Gradient × attention is its first-order loss without that look. Integrated "
        "gradients [@sundararajan2017] follow the attention weights from 0 to what they are [@hao2021] at {steps} points of "
        "Gauss and Legendre's rule; the looks of all heads of all layers grow together, so that what heads are given adds up to "
        "what is lost without all looks, and what one head could do for another is shared between them. Means over pairs were "
        "tested against 0 by paired t under the headline correction, and are found from {least} on. In {checked} of the pairs "
        "each head's look was set to 0 by itself, the rest of its pattern left as it was; correlations over heads have "
        "percentile bootstrap intervals over facts [@efron1979]. Recall heads were set beside the others of their layers, and "
        "among as many drawn at random from these.",
        n=len(found.pairs.asked),
        possible=found.pairs.possible,
        steps=section.steps,
        checked=found.check.objects,
        least=_least(section) if section.smallest_effect else "any size",
    )


def _csv(found: Gradients) -> bytes:
    tests, margin, means, check = found.integrated, found.margin, found.means, found.check
    columns = ("effect", "simultaneous_low", "simultaneous_high", "p_value")
    tested = {
        key: values
        for name, each in (("integrated", tests), ("true_over_false", margin))
        for key, values in {
            **{f"{column}_{name}": each.heads[column].to_numpy() for column in columns},
            f"adjusted_{name}": each.adjusted(each.headline).to_numpy(),
        }.items()
    }
    return heads_csv(
        {
            **tested,
            "gradient_of_loss": means.gradient,
            "size_of_gradient": means.size,
            "gradient_times_attention": means.product,
            "whole_pattern": means.everywhere,
            "attention": means.attention,
            "measured": check.cut,
            "integrated_where_measured": check.integrated,
            "gradient_times_attention_where_measured": check.product,
        }
    )
