"""Sites for the explorer's budgets: the capitals study as it is, and one with made-up scores of 80 × 64 heads."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs

from reportgen.capture.patterns import Attention
from reportgen.capture.record import CaptureRun, Proof, Route
from reportgen.capture.run import Captured
from reportgen.controls import Controls, ModelControls, NoiseFloor, PositiveControl, Repeats, negative_control
from reportgen.findings import conclude
from reportgen.knowledge import Knowledge, conclude_knowledge
from reportgen.progress import Silent
from reportgen.provenance import CAPTURE_PACKAGES, versions
from reportgen.report.compose import compose_study
from reportgen.report.results import Plan, Results
from reportgen.robustness import explore
from reportgen.scores import label_scores
from reportgen.shown import choose_shown
from reportgen.site.build import write_site
from reportgen.site.project import Site
from reportgen.spec.load import load_spec
from reportgen.statements import Statement
from reportgen.study import model_of, plan_study, run_study
from reportgen.universes import Measure, Multiverse, own_universe

SPEC = Path(__file__).parents[1] / "specs" / "capitals.yml"
LAYERS, HEADS = 80, 64


def model_cache() -> Path:
    return Path(os.environ.get("REPORTGEN_CACHE") or platformdirs.user_cache_path("reportgen"))


def _plan() -> Plan:
    return plan_study(load_spec(SPEC), model_cache(), None, Silent())


@cache
def capitals_page() -> Path:
    """The real study's page, in a site of its own."""
    plan = _plan()
    return _page(run_study(plan, model_of(plan, model_cache(), Silent())))


@cache
def wide_page() -> Path:
    """The page of a study with as many heads as a 70B model has, its scores drawn at random."""
    return _page(_made_up(_plan()))


def _page(results: Results) -> Path:
    study = compose_study(results, "benchmark", "Benchmark")
    folder = tempfile.mkdtemp(prefix="reportgen-benchmark-")
    atexit.register(shutil.rmtree, folder)
    site = Site.at(Path(folder))
    write_site(site, [study])
    return site.published / "studies" / study.card.id / "index.html"


def _made_up(plan: Plan) -> Results:
    random, statements, spec = np.random.default_rng(0), plan.statements.statements, plan.file.spec
    values = random.beta(1, 8, (len(statements), LAYERS, HEADS)).astype(np.float32)
    truth = np.array([statement.fact.truth for statement in statements])
    values[truth] *= random.normal(1, 0.1, (LAYERS, HEADS)).astype(np.float32)
    tokens = sum(len(statement.tokens.ids) for statement in statements)
    run = CaptureRun(
        finished="2026-01-01T00:00:00+00:00",
        device="cpu",
        processor="none",
        dtype="float32",
        versions=versions(CAPTURE_PACKAGES),
        route=Route("shared"),
        statements=len(statements),
        tokens=tokens,
        computed=tokens,
        seconds=1.0,
        proof=Proof(8, 0, 0, 0),
    )
    known = _known(statements)
    scores = label_scores(values, statements, known.columns(statements))
    findings = conclude(scores, statements, spec)
    tests, measure = findings[0].tests, Measure("last", "never", "sum")
    own = own_universe(spec, measure, tests.test)
    shown = choose_shown(statements, findings[0], spec.report, 0)

    def attention(cells: int) -> np.ndarray:
        return random.integers(0, 256, (LAYERS, HEADS, cells), dtype=np.uint8)

    kept = Attention(
        tuple(attention(statements[place].row_cells) for place in shown.rows),
        tuple(attention(statements[example.statement].pattern_cells) for example in shown.examples),
    )
    return Results(
        plan=plan,
        captured=Captured(values, (run,), len(statements)),
        scores=scores,
        findings=findings,
        interactions=(),
        doses=(),
        knowledge=known,
        controls=Controls(_model_controls(), negative_control(tests, 0, draws=1)),
        robustness=explore(Multiverse(own, (own,), ()), {measure: scores}, tests),
        experiments=(),
        left_out=(),
        shown=shown,
        attention=kept,
    )


def _known(statements: Sequence[Statement]) -> Knowledge:
    """Every other fact is recalled."""
    pairs = dict.fromkeys(statement.fact.pair for statement in statements)
    objects = {pair: sorted({s.fact.object for s in statements if s.fact.pair == pair}) for pair in pairs}
    true = {statement.fact.pair: statement.fact.object for statement in statements if statement.fact.truth}
    likelihoods = {
        pair: {name: -2.0 if name == true[pair] else -3.0 if place % 2 else -1.0 for name in objects[pair]}
        for place, pair in enumerate(pairs)
    }
    return conclude_knowledge(statements, likelihoods, {pair: tuple(names) for pair, names in objects.items()})


def _model_controls() -> ModelControls:
    noise = np.full((LAYERS, HEADS), 1e-6)
    kinds = np.random.default_rng(1).beta(1, 8, (2, LAYERS, HEADS))
    return ModelControls(PositiveControl(Repeats(8, 0, 32), *kinds), NoiseFloor(16, noise, None))
