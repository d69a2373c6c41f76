"""Studies whose scores were made here, with the answer planted in them: no model, no facts file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from reportgen.analyses.analysis import Study
from reportgen.capture.opening import ProvenModel
from reportgen.capture.patterns import Attention
from reportgen.capture.run import Captured
from reportgen.controls import Controls, ModelControls, NoiseFloor, PositiveControl, Repeats, negative_control
from reportgen.facts.fact import Fact, FactSet
from reportgen.findings import Finding, conclude
from reportgen.knowledge import Knowledge, conclude_knowledge
from reportgen.models.source import ModelSource
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.progress import Silent
from reportgen.report.results import Plan, Results
from reportgen.robustness import Robustness, explore
from reportgen.scores import columns_of, label_scores
from reportgen.shown import Shown, choose_shown
from reportgen.spec.model import (
    FactsSection,
    ModelSection,
    RelationSection,
    ReportSection,
    RobustnessSection,
    SpecFile,
    StudySection,
    StudySpec,
    TestsSection,
)
from reportgen.statements import Statement, StatementSet
from reportgen.universes import Measure, multiverse, own_universe

LAYERS, HEADS = 3, 4
TEMPLATE = "{subject} {object}"
SPEC = StudySpec(
    study=StudySection(id="s", title="T", authors=("Ada",)),
    model=ModelSection(hub="m"),
    facts=FactsSection(file="f.csv", relations={"r": RelationSection(template=TEMPLATE)}),
    tests=TestsSection(corrections=("none", "holm"), headline="holm"),
)
CHOICES = RobustnessSection(
    query_positions=(), aggregations=(), tests=("welch",), corrections=("none",), prepend_bos=(), facts=("recalled",)
)


def statements(
    pairs: int, length: Callable[[int], int] = lambda pair: 3, relation: Callable[[int], str] = lambda pair: "r"
) -> list[Statement]:
    """True and false statements in turn; `length` and `relation` say how long each pair's are, and about what."""
    made = []
    for pair in range(pairs):
        for truth in (True, False):
            fact = Fact(
                f"s{pair}", relation(pair), f"o{pair}", truth, f"p{pair:05}", {"size": f"z{pair % 2}"}, TEMPLATE
            )
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
    """A whole run, its attention drawn at random; the model recalls every other fact, and has heads of each kind."""
    found, known = finding(made, scores), knowledge(made)
    labelled = label_scores(scores, made, known.columns(made))
    shown = choose_shown(made, found, ReportSection(examples=examples), 0)
    spec = SPEC.model_copy(update={"robustness": CHOICES})
    plan = Plan(
        file=SpecFile(path=Path("s.yml"), text="", spec=spec),
        source=ModelSource(name="m", identity="0" * 64, origin="a hub"),
        tokenizer=Tokenizer(Path("m")),
        facts=FactSet((), (), ""),
        statements=StatementSet(tuple(made), ()),
        lock=None,
        limit=None,
    )
    return Results(
        plan=plan,
        captured=Captured(scores, (), 0),
        scores=labelled,
        findings=(found,),
        interactions=(),
        doses=(),
        knowledge=known,
        controls=Controls(model_controls(), negative_control(found.tests, 0, draws=3)),
        robustness=robustness(labelled, found, spec),
        experiments=(),
        left_out=(),
        shown=shown,
        attention=attention(made, shown),
    )


def study(made: Sequence[Statement], scores: npt.NDArray[np.float32], **spec: object) -> Study:
    """What an experiment may know of such a run, but for a model; `spec` replaces sections of the spec."""
    whole = results(made, scores)
    file = whole.plan.file.model_copy(update={"spec": whole.plan.file.spec.model_copy(update=spec)})
    source, section = whole.plan.source, ModelSection(folder="m", device="cpu")
    model = ProvenModel(source, section, Path("none"), Silent())
    return Study(replace(whole.plan, file=file), whole.scores, whole.findings, whole.knowledge, model)


def knowledge(made: Sequence[Statement]) -> Knowledge:
    """In every other pair the model finds another object likelier than the true one."""
    pairs = dict.fromkeys(statement.fact.pair for statement in made)
    objects = {pair: (f"o{place}", f"o{place + 1}") for place, pair in enumerate(pairs)}
    likelihoods = {
        pair: {true: -2.0, other: -3.0 if place % 2 else -1.0}
        for place, (pair, (true, other)) in enumerate(objects.items())
    }
    return conclude_knowledge(made, likelihoods, objects)


def model_controls() -> ModelControls:
    """One previous-token and one induction head, and noise far below any planted effect."""
    previous, induction = np.full((2, LAYERS, HEADS), 0.1)
    previous[0, 1] = induction[1, 1] = 0.9
    noise = np.full((LAYERS, HEADS), 1e-6)
    return ModelControls(PositiveControl(Repeats(2, 1, 4), previous, induction), NoiseFloor(8, noise, noise / 10))


def robustness(scores: xr.DataArray, found: Finding, spec: StudySpec) -> Robustness:
    """The contrast under `CHOICES`, all of one measure."""
    measure = Measure("last", "never", "sum")
    universes = multiverse(spec, own_universe(spec, measure, found.tests.test), {measure: columns_of(scores)}, {})
    return explore(universes, {measure: scores}, found.tests)


def attention(made: Sequence[Statement], shown: Shown) -> Attention:
    """Rows and patterns of the statements that are shown, drawn at random."""
    rng = np.random.default_rng(1)
    return Attention(
        tuple(rng.integers(0, 256, (LAYERS, HEADS, made[i].row_cells), np.uint8) for i in shown.rows),
        tuple(rng.integers(0, 256, (LAYERS, HEADS, made[e.statement].pattern_cells), np.uint8) for e in shown.examples),
    )
