"""The page as data: `study.json`, its published schema, and what the page's own scripts read.

Every number that the page shows about a head stands here, in the same units (shares of attention) and in columns:
one entry a head, layer by layer. The explorer's scripts know this form as `StudyData`.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from reportgen.capture.patterns import STEPS
from reportgen.findings import Finding
from reportgen.report import finding_text, words
from reportgen.report.results import Results
from reportgen.statements import Statement
from reportgen.stats.corrections import criterion

SCHEMA = "reportgen-study-1"
SCHEMA_FILE = "study.schema.json"
CHUNK = 32

_DIGITS = 6
_TESTED = (
    "mean_a",
    "sd_a",
    "mean_b",
    "sd_b",
    "effect",
    "effect_low",
    "effect_high",
    "simultaneous_low",
    "simultaneous_high",
    "standardized",
    "dominance",
    "p_value",
    "equivalence",
)
Column = list[float | None]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class StudyAbout(_Record):
    """Who asks, and what."""

    id: str
    title: str
    question: str
    authors: list[str]
    abstract: str
    date: str


class ModelAbout(_Record):
    """The model, and how many layers it has and heads a layer."""

    name: str
    origin: str
    identity: str
    layers: int
    heads: int


class MeasureAbout(_Record):
    """What a score is, in words."""

    key_span: str
    query_position: str
    aggregation: str


class TestsAbout(_Record):
    """What counts as a finding."""

    __test__ = False

    alpha: float
    smallest_effect: float
    headline: str
    interval: str = Field(description="for which heads together the simultaneous intervals hold their level")
    top_heads: int


class SetAbout(_Record):
    """One of a contrast's two sets: its statements by their place in the study; partners row by row when paired."""

    name: str
    statements: list[int]


class CorrectionAbout(_Record):
    """How many heads a correction lets pass; `beyond` counts effects that are large enough too."""

    method: str
    name: str
    heads: int
    beyond: int


class HeadColumns(_Record):
    """Every head, layer by layer. Shares of attention from 0 to 1; null where a head could not be tested."""

    mean_a: Column
    sd_a: Column
    mean_b: Column
    sd_b: Column
    effect: Column
    effect_low: Column
    effect_high: Column
    simultaneous_low: Column = Field(description="an interval that allows for all heads of the family")
    simultaneous_high: Column
    standardized: Column
    dominance: Column = Field(description="share of positive minus share of negative differences, or Cliff's delta")
    p_value: Column
    equivalence: Column = Field(description="adjusted p of the claim that the effect is below the smallest of interest")
    cross_fitted: Column = Field(description="effect on the halves of the data that did not choose the head")
    stability: Column = Field(description="share of bootstrap resamples that have the head among the strongest")
    adjusted: dict[str, Column]
    found: list[bool]
    rank: list[int] = Field(description="1 is the strongest head")
    verdict: list[str]


class ContrastAbout(_Record):
    """One contrast and what every head shows in it."""

    id: str
    title: str
    a: SetAbout
    b: SetAbout
    design: str = Field(description="whether statements of both sets are partners, row by row: paired or independent")
    compared: str = Field(description="whether the units tested, statements or clusters, are: paired or independent")
    test: str
    n: str
    family: int
    finding: str
    corrections: list[CorrectionAbout]
    heads: HeadColumns


class StatementAbout(_Record):
    """A statement with its tokens; positions count tokens from 0."""

    id: str
    text: str
    pair: str
    truth: bool
    relation: str
    subject: str
    object: str
    tokens: list[str]
    subject_tokens: list[int]
    object_tokens: list[int]
    query: int
    keys: list[int]


class ExampleAbout(_Record):
    """A statement whose whole patterns are kept, and why it was chosen."""

    statement: int
    why: str


class ExplorerAbout(_Record):
    """Which statements the pieces beside the page hold, by their place in the study, and how exactly."""

    scores: list[int]
    rows: list[int]
    examples: list[ExampleAbout]
    rule: str
    chunk: int = Field(description="how many statements share one piece of scores over all heads")
    error: float = Field(description="the largest error of a share of attention in rows and patterns")


class StudyTwin(_Record):
    """All that a study's page says about its heads and statements."""

    model_config = ConfigDict(frozen=True, title="A reportgen study")

    schema_: str = Field(alias="schema")
    study: StudyAbout
    model: ModelAbout
    measure: MeasureAbout
    tests: TestsAbout
    contrasts: list[ContrastAbout]
    statements: list[StatementAbout]
    explorer: ExplorerAbout

    def to_json(self) -> str:
        """The twin as one line of JSON, its keys as the schema has them."""
        return self.model_dump_json(by_alias=True)


def schema_json() -> dict[str, Any]:
    """The JSON schema of `study.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **StudyTwin.model_json_schema(by_alias=True, mode="serialization"),
    }


def twin(results: Results, date: str) -> StudyTwin:
    """A study's results as its twin; `date` is the day its scores were captured."""
    plan, statements = results.plan, results.plan.statements.statements
    spec, shown = plan.file.spec, results.shown
    _, layers, heads = results.captured.values.shape
    places = {statement.id: place for place, statement in enumerate(statements)}
    return StudyTwin(
        schema=SCHEMA,
        study=StudyAbout(
            id=spec.study.id,
            title=spec.study.title,
            question=spec.study.question,
            authors=list(spec.study.authors),
            abstract=spec.study.abstract,
            date=date,
        ),
        model=ModelAbout(
            name=plan.source.name,
            origin=plan.source.origin,
            identity=plan.source.identity,
            layers=layers,
            heads=heads,
        ),
        measure=MeasureAbout(
            key_span=words.key_span(spec.measure),
            query_position=words.query_position(spec.measure),
            aggregation=words.aggregation(spec.measure),
        ),
        tests=TestsAbout(
            alpha=spec.tests.alpha,
            smallest_effect=spec.tests.smallest_effect,
            headline=spec.tests.headline,
            interval=words.INTERVALS[criterion(spec.tests.headline).controls],
            top_heads=spec.report.top_heads,
        ),
        contrasts=[_contrast(finding, results, places) for finding in results.findings],
        statements=[_statement(statement) for statement in statements],
        explorer=ExplorerAbout(
            scores=list(shown.scores),
            rows=list(shown.rows),
            examples=[ExampleAbout(statement=example.statement, why=example.why) for example in shown.examples],
            rule=shown.rule,
            chunk=CHUNK,
            error=0.5 / STEPS,
        ),
    )


def _contrast(finding: Finding, results: Results, places: dict[str, int]) -> ContrastAbout:
    tests, contrast = finding.tests, finding.tests.contrast
    sets = (
        SetAbout(name=chosen.name, statements=[places[name] for name in side.statement.to_numpy().tolist()])
        for chosen, side in ((contrast.a, tests.a), (contrast.b, tests.b))
    )
    a, b = sets
    return ContrastAbout(
        id=contrast.id,
        title=contrast.title,
        a=a,
        b=b,
        design="paired" if tests.partners else "independent",
        compared=tests.design,
        test=words.TESTS[tests.test],
        n=finding_text.n_text(finding),
        family=tests.family_size,
        finding=finding_text.one_line(finding, results.plan.file.spec),
        corrections=[
            CorrectionAbout(method=c.method, name=words.CORRECTIONS[c.method], heads=c.passing, beyond=c.beyond)
            for c in finding.corrections
        ],
        heads=_columns(finding),
    )


def _columns(finding: Finding) -> HeadColumns:
    tests = finding.tests
    columns = {name: column(tests.heads[name].to_numpy()) for name in _TESTED}
    ranked = np.array(
        [layer * tests.heads.sizes["head"] + head for layer, head in tests.strongest(len(finding.all_heads))]
    )
    rank = np.empty(len(ranked), dtype=int)
    rank[ranked] = np.arange(1, len(ranked) + 1)
    return HeadColumns(
        **columns,
        cross_fitted=_selected(finding, "cross_fitted"),
        stability=_selected(finding, "stability"),
        adjusted={name: column(tests.adjusted(name).to_numpy()) for name in tests.settings.corrections},
        found=tests.recall_heads().to_numpy().ravel().tolist(),
        rank=rank.tolist(),
        verdict=[head.verdict for head in finding.all_heads],
    )


def _selected(finding: Finding, name: str) -> Column:
    """What the looked-at-again heads say; null everywhere where there were too few units to be split."""
    if finding.selected is None:
        return [None] * len(finding.all_heads)
    return column(getattr(finding.selected, name).to_numpy())


def column(values: npt.NDArray[np.float64]) -> Column:
    """Numbers as the page's data have them: to six digits, null where there is none."""
    flat: list[float] = values.astype(float).ravel().tolist()
    return [float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None for value in flat]


def _statement(statement: Statement) -> StatementAbout:
    fact = statement.fact
    return StatementAbout(
        id=statement.id,
        text=statement.text,
        pair=fact.pair,
        truth=fact.truth,
        relation=fact.relation,
        subject=fact.subject,
        object=fact.object,
        tokens=list(statement.tokens.texts),
        subject_tokens=list(statement.subject),
        object_tokens=list(statement.object),
        query=statement.query,
        keys=list(statement.keys),
    )
