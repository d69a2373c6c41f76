"""Studies whose scores were made here, with the answer planted in them: no model, no facts file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reportgen.capture.patterns import Attention
from reportgen.capture.run import Captured
from reportgen.facts.fact import Fact, FactSet
from reportgen.findings import Finding, conclude
from reportgen.models.source import ModelSource
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.report.results import Plan, Results
from reportgen.scores import label_scores
from reportgen.shown import choose_shown
from reportgen.spec.model import (
    FactsSection,
    ModelSection,
    RelationSection,
    ReportSection,
    SpecFile,
    StudySection,
    StudySpec,
    TestsSection,
)
from reportgen.statements import Statement, StatementSet

LAYERS, HEADS = 3, 4
SPEC = StudySpec(
    study=StudySection(id="s", title="T", authors=("Ada",)),
    model=ModelSection(hub="m"),
    facts=FactsSection(file="f.csv", relations={"r": RelationSection(template="{subject} {object}")}),
    tests=TestsSection(corrections=("none", "holm"), headline="holm"),
)


def statements(
    pairs: int, length: Callable[[int], int] = lambda pair: 3, relation: Callable[[int], str] = lambda pair: "r"
) -> list[Statement]:
    """True and false statements in turn; `length` and `relation` say how long each pair's are, and about what."""
    made = []
    for pair in range(pairs):
        for truth in (True, False):
            fact = Fact(f"s{pair}", relation(pair), f"o{pair}", truth, f"p{pair:05}", {"size": f"z{pair % 2}"})
            n = length(pair)
            tokens = Tokens(tuple(range(n)), ((0, 1),) * n, ("t",) * n)
            name = f"p{pair:05}-{'true' if truth else 'false'}"
            made.append(Statement(name, fact, f"s{pair} o{pair}", tokens, (0, 1), (1, 2), (1,), (2,), n - 1, (1,)))
    return made


def values(
    made: Sequence[Statement], effects: Mapping[tuple[int, int], float], spread: float = 0.02
) -> npt.NDArray[np.float32]:
    """Scores [statement, layer, head] about 0.3, in which true statements have these effects."""
    scores = np.random.default_rng(0).normal(0.3, spread, (len(made), LAYERS, HEADS)).astype(np.float32)
    for (layer, head), effect in effects.items():
        scores[[statement.fact.truth for statement in made], layer, head] += effect
    return scores


def finding(made: Sequence[Statement], scores: npt.NDArray[np.float32]) -> Finding:
    """What the contrast of true with false statements shows."""
    return conclude(label_scores(scores, made), made, SPEC)[0]


def results(made: Sequence[Statement], scores: npt.NDArray[np.float32], examples: int = 4) -> Results:
    """A whole run, its attention drawn at random."""
    found = finding(made, scores)
    shown = choose_shown(made, found, ReportSection(examples=examples), 0)
    rng = np.random.default_rng(1)
    attention = Attention(
        tuple(rng.integers(0, 256, (LAYERS, HEADS, made[i].row_cells), np.uint8) for i in shown.rows),
        tuple(rng.integers(0, 256, (LAYERS, HEADS, made[e.statement].pattern_cells), np.uint8) for e in shown.examples),
    )
    plan = Plan(
        SpecFile(path=Path("s.yml"), text="", spec=SPEC),
        ModelSource(name="m", identity="0" * 64, origin="a hub"),
        Tokenizer(Path("m")),
        FactSet((), {}, (), ""),
        StatementSet(tuple(made), ()),
        None,
    )
    return Results(plan, Captured(scores, (), 0), label_scores(scores, made), (found,), shown, attention)
