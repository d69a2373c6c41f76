"""The controls on the page: what must not be found, what must be found, and what is too small to mean anything."""

import numpy as np

from reportgen import numbers
from reportgen.controls import COUNTS_AS, Controls, HeadKind, ModelControls, NegativeControl, NoiseFloor
from reportgen.figures import control_maps, heatmaps, theme
from reportgen.findings import Finding
from reportgen.report import words
from reportgen.report.document import Block, Figure, Heading, Prose, Table
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.render import component
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.sensitivity import unit_of
from reportgen.spec.model import StudySpec
from reportgen.stats.corrections import criterion

_BEST = 3
_ALONE = ", though this contrast is tested by itself here and not in one family with the study's others"


def controls_blocks(controls: Controls, finding: Finding, spec: StudySpec) -> tuple[Block, ...]:
    """The part "Controls" of one contrast: three answers, each a paragraph, and what they rest on."""
    return (
        Heading(3, Md("Controls"), f"controls-{finding.tests.contrast.id}"),
        Prose(_negative(controls.negative, finding)),
        _maps(controls, finding, spec),
        Prose(_positive(controls.model)),
        _known_heads(controls.model, finding),
        Prose(_noise(controls.model.noise, finding)),
    )


def controls_method(controls: Controls) -> Md:
    """How the controls were made, for the paragraph on methods."""
    repeats, noise = controls.model.positive.repeats, controls.model.noise
    return md(
        "As a negative control the labels were shuffled within the design and tested anew {draws} times [@nichols2002]; as a "
        "positive one, previous-token heads [@elhage2021] and induction heads [@olsson2022] were looked for on {n} of {period} "
        "random tokens said twice (a head counts from {threshold} points of mean attention). The numerical noise of a head is "
        "the largest change of its score, over {sample}, between reading alone and in batches{exact}; an effect, a difference "
        "of two scores, has to exceed twice that.",
        draws=len(controls.negative.over_draws),
        n=numbers.things(repeats.sequences, "sequence"),
        period=repeats.period,
        threshold=numbers.points(COUNTS_AS, 0),
        sample=numbers.things(noise.statements, "statement"),
        exact="" if noise.rounding is None else f", or between {noise.dtype} and {noise.finer}",
    )


def _negative(negative: NegativeControl, finding: Finding) -> Md:
    return join_md(
        [
            md(
                "**What must not be found:** {answer}. Here {how}, so that no difference is real, and the same tests run "
                "again{alone}.",
                answer=_alarms(negative),
                how=_how_shuffled(finding),
                alone=_ALONE if finding.tests.settings.family == "study" else "",
            ),
            _expected(negative, finding),
            md(
                "This checks the machinery, not the assumption that the {units} are independent of each other.",
                units=unit_of(finding.tests),
            ),
        ]
    )


def _alarms(negative: NegativeControl) -> str:
    draws, heads = len(negative.over_draws), numbers.things(negative.family, "head")
    if not negative.alarms:
        return f"with shuffled labels not one of {heads} is found, in any of {numbers.things(draws, 'shuffle')}"
    most = numbers.things(max(negative.over_draws), "head")
    return f"with shuffled labels some of {heads} are found in {negative.alarms} of {draws} shuffles, at most {most} in one"


def _how_shuffled(finding: Finding) -> str:
    contrast = finding.tests.contrast
    if finding.tests.design == "paired":
        side = "statement of each pair" if finding.tests.partners else "mean of each cluster"
        return f"the {contrast.a.name} and the {contrast.b.name} {side} are swapped or not by the toss of a coin"
    return f"all {unit_of(finding.tests)} are pooled and drawn at random into {contrast.a.name} and {contrast.b.name}"


def _expected(negative: NegativeControl, finding: Finding) -> Md:
    """What the headline correction promises for such a case, and whether the shuffles keep it."""
    tests, rule = finding.tests, criterion(finding.tests.headline)
    rate = rule.probability_of_any(tests.alpha)
    if rate is None:
        return md(
            "Nothing is corrected for, so about {chance} heads of them all would pass in each shuffle whatever the size of "
            "their effect; on average {mean} were found.",
            chance=numbers.decimal(tests.alpha * negative.family, 1),
            mean=numbers.decimal(float(np.mean(negative.over_draws)), 1),
        )
    verdict = (
        "more than chance explains: **the heads found above deserve doubt**."
        if negative.more_than(rate)
        else "which these shuffles agree with."
    )
    return md(
        "The correction promises to find any in at most {rate} of such cases, {verdict}",
        rate=numbers.level(rate),
        verdict=Md(verdict),
    )


def _maps(controls: Controls, finding: Finding, spec: StudySpec) -> Figure:
    contrast, frame = finding.tests.contrast, heatmaps.frame(finding)
    alt = (
        f"Two heatmaps, layer by head, of the difference in attention to {words.key_span(spec.measure)}: with the labels as "
        f"they are, {numbers.things(len(finding.recall), 'head')} found, and shuffled, "
        f"{numbers.things(int(controls.negative.found.sum()), 'head')} found. The table below sums them up by layer."
    )
    return Figure(
        id=f"fig-controls-{contrast.id}",
        html=component(
            "components/plot",
            height=frame.height,
            map="",
            alt=alt,
            data=theme.figure_json(control_maps.control_maps(finding, controls)),
            waiting="The map of effects and its shuffled control appear here.",
        ),
        caption=md(
            "The effect of every head with the labels as they are ({first}) and with the labels shuffled once ({second}), on "
            "one scale that ends at ±{limit} points. A ring marks the heads found in either; a cell is empty where the effect "
            "is no larger than twice the numerical noise of its head. Right: the mean size of the effects in each layer, the "
            "fainter bars with shuffled labels.",
            first="above" if frame.stacked else "left",
            second="below" if frame.stacked else "middle",
            limit=numbers.decimal(heatmaps.clip(finding.tests.heads.effect.to_numpy() * 100), 1),
        ),
        how_to_read=Md(
            "*How to read it:* the shuffled map is what this study shows where nothing is there to be seen. It should be pale "
            "and have no rings. Were it as strong as the other, the other would be noise too."
        ),
        table=_by_layer(controls.negative, finding),
    )


def _by_layer(negative: NegativeControl, finding: Finding) -> Html:
    tests = finding.tests
    real, found = tests.heads.effect.to_numpy(), tests.recall_heads().to_numpy()
    columns = (
        Column("Layer"),
        *(
            Column(f"{what}, {labels}", number=True)
            for labels in ("labels as they are", "shuffled")
            for what in ("Mean size of effects", "Heads found")
        ),
    )
    rows = [
        Row(
            (
                str(layer),
                numbers.points(float(np.abs(real[layer]).mean()), 2),
                numbers.count(int(found[layer].sum())),
                numbers.points(float(np.abs(negative.effect[layer]).mean()), 2),
                numbers.count(int(negative.found[layer].sum())),
            )
        )
        for layer in range(len(real))
    ]
    return folded("As a table: every layer", table_html("Effects by layer, real and shuffled", columns, rows))


def _positive(model: ModelControls) -> Md:
    positive = model.positive
    previous, induction = positive.kinds
    answer = (
        "the heads that any language model has stand where they should"
        if positive.passes
        else "**not every kind of head that language models have was seen**, so doubt that attention is read where it should be"
    )
    return md(
        "**What must be found:** {answer}. On random tokens said twice, {previous} of {all} count as previous-token heads, which "
        "look one token back, and {induction} as induction heads, which look at what followed the same token before.",
        answer=Md(answer),
        previous=previous.heads,
        all=numbers.things(previous.scores.size, "head"),
        induction=induction.heads,
    )


def _known_heads(model: ModelControls, finding: Finding) -> Table:
    columns = (
        Column("Head"),
        Column("Kind"),
        Column("Attention", number=True),
        Column("Uniform", number=True),
    )
    rows = [row for kind in model.positive.kinds for row in _kind_rows(kind)]
    repeats = model.positive.repeats
    return Table(
        id=f"tbl-known-{finding.tests.contrast.id}",
        caption=md(
            "The {n} best heads of each kind on {sequences} of {period} random tokens said twice: mean attention to where the "
            "kind looks, in points, and how much a head gives there that looks everywhere alike. A head counts from "
            "{threshold} points.",
            n=min(_BEST, model.positive.previous.size),
            sequences=numbers.things(repeats.sequences, "sequence"),
            period=repeats.period,
            threshold=numbers.points(COUNTS_AS, 0),
        ),
        html=table_html("Known heads on random tokens", columns, rows),
    )


def _kind_rows(kind: HeadKind) -> list[Row]:
    return [
        Row(
            (
                f"L{layer}H{head}",
                f"{kind.name} head" if kind.scores[layer, head] >= COUNTS_AS else f"{kind.name} head, does not count",
                numbers.points(float(kind.scores[layer, head])),
                numbers.points(kind.uniform),
            )
        )
        for layer, head in kind.best(_BEST)
    ]


def _noise(noise: NoiseFloor, finding: Finding) -> Md:
    return join_md(
        [
            md("**What is too small to mean anything:** {answer}.", answer=_drowned(noise, finding)),
            _rounding(noise) if noise.dtype == "float32" else _coarse_rounding(noise),
            md(
                "An effect is a difference of two scores and may move by twice as much, and other statements may move more "
                "than these."
            ),
        ]
    )


def _rounding(noise: NoiseFloor) -> Md:
    return md(
        "Arithmetic alone moves the score of a head by {largest} points at most (of the median head by {usual}): the largest "
        "change over {n}, each read alone and in batches, {exact}.",
        largest=numbers.small(float(noise.noise.max()) * 100),
        usual=numbers.small(float(np.median(noise.noise)) * 100),
        n=numbers.things(noise.statements, "statement"),
        exact=(
            "in float32; against float64 it was not measured, as the model is too large or its code knows no float64"
            if noise.rounding is None
            else "in float32 and in float64"
        ),
    )


def _coarse_rounding(noise: NoiseFloor) -> Md:
    """Of a run in bfloat16 or float16, whose rounding is always measured."""
    assert noise.rounding is not None, "coarse arithmetic is refused where it cannot be measured"
    return md(
        "**The model ran in {dtype}, and that alone moves the score of a head by up to {largest} points** (of the median head "
        "by {usual}) from what {finer} gives: the largest change over {n}. Read alone and in batches, in {dtype} both times, "
        "their scores differ by {batching} points at most. **Do not trust an effect that is no larger than twice what "
        "moves its head.**",
        dtype=noise.dtype,
        finer=noise.finer,
        largest=numbers.points(float(noise.rounding.max())),
        usual=numbers.points(float(np.median(noise.rounding))),
        n=numbers.things(noise.statements, "statement"),
        batching=numbers.points(float(noise.batching.max())),
    )


def _drowned(noise: NoiseFloor, finding: Finding) -> str:
    """How many heads, and how many of those found, have an effect that is not above twice their noise."""
    below = noise.below_noise(finding.tests.heads.effect.to_numpy())
    above = f"{numbers.count(int((~below).sum()))} of all {numbers.things(below.size, 'head')}"
    drowned = [head.name for head in finding.recall if below[head.layer, head.head]]
    if not finding.recall:
        return f"{above} have an effect above twice their numerical noise"
    if not drowned:
        return f"every head found has an effect above twice its numerical noise, and so have {above}"
    return (
        f"{len(drowned)} of the {numbers.things(len(finding.recall), 'head')} found have an effect no larger than twice "
        f"their numerical noise ({', '.join(drowned)}); {above} are above theirs"
    )
