"""Attention to the object, beside that to the subject, and attention between the two within the statement.

1. From the study's query position: its attention to the object's tokens, aggregated as the study's own scores are.
2. From each token of whichever of subject and object comes later, to the one that comes earlier, averaged over the later
   one's tokens: how much the object's own tokens look back at the subject, where the subject comes first.
3. Both are tested in the study's first contrast as its own scores are. The effect on the object is set beside that on the
   subject, head by head, with the correlation over heads (`stats.agreement`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Needs, Study
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.errors import StudyError
from reportgen.figures import theme
from reportgen.figures.head_scatter import HEIGHT, Axis, head_scatter
from reportgen.inference import HeadTests, test_heads
from reportgen.report.csv_files import heads_csv
from reportgen.report.document import Figure
from reportgen.report.downloads import Download
from reportgen.report.experiment import Told
from reportgen.report.head_links import head_cell, head_text
from reportgen.report.markup import Md, md
from reportgen.report.plotted import plotted
from reportgen.report.results import Plan
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.spec.experiments import ObjectAttentionSection
from reportgen.statements import Statement
from reportgen.stats.agreement import Agreement, Measured, agree

_SHOWN = 20


@dataclass(frozen=True)
class ObjectAttention:
    """The study's first contrast in attention to the object and within the statement, and how the effects on the subject and
    on the object go together over heads. `to_itself` counts statements whose query position is part of the object."""

    to_object: HeadTests
    within: HeadTests
    together: Agreement
    to_itself: int


def needs(plan: Plan, _: ObjectAttentionSection) -> Needs:
    """A score to the object for each statement, then one from each token of the later span to the earlier one.

    Raises StudyError where the object comes after the query position.
    """
    statements = plan.statements.statements
    if any(statement.object[-1] > statement.query for statement in statements):
        position = plan.file.spec.measure.query_position
        raise StudyError(f"the object comes after the query position (`{position}`), where the model cannot look")
    to_object = [replace(statement, keys=statement.object) for statement in statements]
    within = [one for statement in statements for one in _looking_back(statement)]
    return Needs(ask((*to_object, *within), plan.file.spec.measure.aggregation))


def _looking_back(statement: Statement) -> Iterator[Statement]:
    """The statement read from each token of its later span, to its earlier one."""
    earlier, later = sorted((statement.subject, statement.object))
    for query in later:
        yield replace(statement, query=query, keys=earlier)


def find(study: Study, _: ObjectAttentionSection, scores: Scores) -> ObjectAttention:
    """Both readings in the study's first contrast."""

    count = len(study.statements)
    sizes = [len(list(_looking_back(statement))) for statement in study.statements]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    looking_back = np.add.reduceat(scores[count:], starts) / np.array(sizes)[:, np.newaxis, np.newaxis]
    to_object, within = (
        test_heads(study.label(values), study.tests.contrast, study.spec.tests)
        for values in (scores[:count], looking_back)
    )
    return ObjectAttention(
        to_object,
        within,
        _together(study.tests, to_object),
        sum(statement.query in statement.object for statement in study.statements),
    )


def _together(subject: HeadTests, object_: HeadTests) -> Agreement:

    pairs = [[tests.units_a.to_numpy(), tests.units_b.to_numpy()] for tests in (subject, object_)]
    (a, b), (c, d) = [[units.reshape(len(units), -1) for units in sides] for sides in pairs]
    parts = [Measured(a - b, c - d)] if subject.design == "paired" else [Measured(a, c), Measured(b, d, -1)]
    return agree(parts, 1 - subject.alpha, subject.settings.seed)


def tell(found: ObjectAttention, study: Study, _: ObjectAttentionSection) -> Told:
    """The answer, the scatter of both effects, and the strongest heads."""

    object_, within = found.to_object, found.within
    subject, objects = study.tests.recall_heads().to_numpy(), object_.recall_heads().to_numpy()
    contrast = object_.contrast
    strongest = object_.strongest(1)[0]
    effect = object_.heads.isel(layer=strongest[0], head=strongest[1])
    answer = md(
        "**{n}** of {tested} heads give the object different attention in {a} and {b} statements; {both} of them are among "
        "the {subject} that give the subject a different one. {strongest} Over heads the two effects correlate at "
        "r = {r} [{low}, {high}]. Between the spans, from the later to the earlier, {within} heads differ.{itself}",
        n=int(objects.sum()),
        tested=object_.tested,
        a=contrast.a.name,
        b=contrast.b.name,
        both=int((objects & subject).sum()),
        subject=int(subject.sum()),
        strongest=md(
            "The strongest is {head}: {effect} points {interval}.",
            head=head_text(*strongest),
            effect=numbers.points(float(effect.effect)),
            interval=numbers.points_interval(float(effect.simultaneous_low), float(effect.simultaneous_high)),
        ),
        r=numbers.decimal(found.together.estimate),
        low=numbers.decimal(found.together.low),
        high=numbers.decimal(found.together.high),
        within=int(within.recall_heads().sum()),
        itself=_itself(found, study),
    )
    method = Md(
        "Attention to the object, and from the later of subject and object to the earlier one (averaged over the later one's "
        "tokens), was tested as attention to the subject was; the correlation over heads has a percentile bootstrap interval "
        "over units [@efron1979]."
    )
    return Told(
        answer=answer,
        blocks=(_figure(found, study),),
        method=method,
        files=(
            Download(
                "object-attention.csv",
                "every head's effect on attention to the object and between the spans",
                heads_csv(
                    {
                        "effect_subject": study.tests.heads.effect.to_numpy(),
                        **_columns("object", object_),
                        **_columns("between_spans", within),
                    }
                ),
            ),
        ),
    )


def _itself(found: ObjectAttention, study: Study) -> str:
    if not found.to_itself:
        return ""
    return (
        f" In {numbers.count(found.to_itself)} of {numbers.count(len(study.statements))} statements the query position is "
        "part of the object, so that a head's attention to itself counts."
    )


def _columns(name: str, tests: HeadTests) -> dict[str, np.ndarray]:
    columns = ("mean_a", "mean_b", "effect", "simultaneous_low", "simultaneous_high", "p_value")
    return {
        **{f"{column}_{name}": tests.heads[column].to_numpy() for column in columns},
        f"adjusted_{name}": tests.adjusted(tests.headline).to_numpy(),
    }


def _figure(found: ObjectAttention, study: Study) -> Figure:

    subject, object_, within = study.tests, found.to_object, found.within
    objects = object_.recall_heads().to_numpy()
    named = object_.strongest(_SHOWN)
    columns = (
        Column("Head"),
        Column("Effect on the object", number=True),
        Column("interval for all heads", number=True),
        Column("adjusted p", number=True),
        Column("on the subject", number=True),
        Column("between the spans", number=True),
    )
    rows = []
    for layer, head in named:
        cell = object_.heads.isel(layer=layer, head=head)
        rows.append(
            Row(
                (
                    head_cell(layer, head),
                    numbers.points(float(cell.effect)),
                    numbers.points_interval(float(cell.simultaneous_low), float(cell.simultaneous_high)),
                    numbers.p_value(float(object_.adjusted(object_.headline)[layer, head])),
                    numbers.points(float(subject.heads.effect[layer, head])),
                    numbers.points(float(within.heads.effect[layer, head])),
                ),
                emphasis=bool(objects[layer, head]),
            )
        )
    return plotted(
        "fig-object-attention",
        data=theme.figure_json(
            head_scatter(
                Axis("effect on attention to the subject, points", subject.heads.effect.to_numpy() * 100),
                Axis("effect on attention to the object, points", object_.heads.effect.to_numpy() * 100),
                objects,
                [place for place in named if objects[place]],
            )
        ),
        height=HEIGHT,
        alt=f"Every head as a point: its effect on attention to the subject across, to the object up; correlation "
        f"{numbers.decimal(found.together.estimate)}. The table below holds the strongest heads.",
        waiting="The two effects of every head appear here.",
        caption=md(
            "Every head's effect ({a} minus {b}) on attention to the subject and to the object, in points. Filled: the heads "
            "that differ in attention to the object under the headline correction. A click opens the head.",
            a=object_.contrast.a.name,
            b=object_.contrast.b.name,
        ),
        how_to_read=Md(
            "*How to read it:* a cloud that falls from upper left to lower right is what sharing one whole does: what the "
            "object gets, the subject loses. Heads far from the others on one axis alone are moved by one of the two."
        ),
        table=folded(
            f"The same as a table: the {len(rows)} strongest heads",
            table_html("Effects on the object and the subject", columns, rows),
        ),
    )
