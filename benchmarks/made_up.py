"""Sites for the explorer's budgets: the capitals study as it is, and one with made-up scores of 80 × 64 heads."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs

from reportgen.capture.patterns import Attention
from reportgen.capture.record import CaptureRun, Proof
from reportgen.capture.run import Captured
from reportgen.findings import conclude
from reportgen.progress import Silent
from reportgen.provenance import CAPTURE_PACKAGES, versions
from reportgen.report.compose import compose_study
from reportgen.report.results import Plan, Results
from reportgen.scores import label_scores
from reportgen.shown import choose_shown
from reportgen.site.build import Site, write_site
from reportgen.spec.load import load_spec
from reportgen.study import plan_study, run_study

SPEC = Path(__file__).parents[1] / "specs" / "capitals.yml"
LAYERS, HEADS = 80, 64


def model_cache() -> Path:
    return Path(os.environ.get("REPORTGEN_CACHE") or platformdirs.user_cache_path("reportgen"))


def _plan() -> Plan:
    return plan_study(load_spec(SPEC), model_cache(), None, Silent())


@cache
def capitals_page() -> Path:
    """The real study's page, in a site of its own."""
    return _page(run_study(_plan(), model_cache(), Silent()))


@cache
def wide_page() -> Path:
    """The page of a study with as many heads as a 70B model has, its scores drawn at random."""
    return _page(_made_up(_plan()))


def _page(results: Results) -> Path:
    study = compose_study(results, "benchmark")
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
    run = CaptureRun(
        "2026-01-01T00:00:00+00:00",
        "cpu",
        "none",
        "float32",
        versions(CAPTURE_PACKAGES),
        len(statements),
        1.0,
        Proof(8, 0, 0, 0),
    )
    scores = label_scores(values, statements)
    findings = conclude(scores, statements, spec)
    shown = choose_shown(statements, findings[0], spec.report, 0)

    def attention(cells: int) -> np.ndarray:
        return random.integers(0, 256, (LAYERS, HEADS, cells), dtype=np.uint8)

    kept = Attention(
        tuple(attention(statements[place].row_cells) for place in shown.rows),
        tuple(attention(statements[example.statement].pattern_cells) for example in shown.examples),
    )
    return Results(plan, Captured(values, (run,), len(statements)), scores, findings, shown, kept)
