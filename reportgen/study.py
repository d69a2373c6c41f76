"""A study from its spec to its page: the one place that runs the stages, in order."""

from pathlib import Path

from reportgen.capture.run import capture
from reportgen.contrasts import arrange
from reportgen.facts.load import load_facts
from reportgen.findings import conclude
from reportgen.models.convert import tokenizer_folder
from reportgen.models.source import find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.progress import Progress
from reportgen.report.compose import compose_study
from reportgen.report.page import StudyPage
from reportgen.report.results import Plan, Results
from reportgen.scores import label_columns, label_scores
from reportgen.spec.model import SpecFile
from reportgen.statements import render_statements
from reportgen.store import content_key


def study_key(file: SpecFile, cache: Path, limit: int | None, site_key: str) -> str:
    """The key of a study's page: it changes when anything does that the page depends on."""
    section, beside = file.spec.facts, file.path.parent
    facts = (beside / section.file).read_text(encoding="utf-8", errors="replace") if section.file else ""
    return content_key(file.text, facts, find_model(file.spec.model, beside, cache).identity, limit, site_key)


def plan_study(file: SpecFile, cache: Path, limit: int | None, progress: Progress) -> Plan:
    """Facts to statements, every guard included; raises InputError or StudyError. Loads no weights."""
    spec = file.spec
    source = find_model(spec.model, file.path.parent, cache)
    tokenizer = Tokenizer(tokenizer_folder(source, cache, progress), spec.model.prepend_bos)
    facts = load_facts(spec.facts, file.path, tokenizer.count, limit)
    statements = render_statements(facts, tokenizer, spec.measure)
    for contrast in spec.contrasts:
        arrange(label_columns(statements.statements), contrast, spec.tests.test)
    return Plan(file, source, tokenizer, facts, statements, limit)


def run_study(plan: Plan, cache: Path, progress: Progress) -> Results:
    """Statements to findings; raises StudyError where the model cannot be opened or does not prove itself."""
    spec, statements = plan.file.spec, plan.statements.statements
    captured = capture(statements, plan.source, spec.model, spec.measure.aggregation, cache, progress)
    scores = label_scores(captured.values, statements)
    findings = tuple(conclude(scores, statements, contrast, spec) for contrast in spec.contrasts)
    return Results(plan, captured, scores, findings)


def study_page(file: SpecFile, cache: Path, limit: int | None, key: str, progress: Progress) -> StudyPage:
    """The whole way, from the spec to the page."""
    plan = plan_study(file, cache, limit, progress)
    return compose_study(run_study(plan, cache, progress), key)
