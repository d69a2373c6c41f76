"""A study from its spec to its page: the one place that runs the stages, in order.

What only a run needs is imported where it runs, so that a check, or a build in which nothing changed, stays quick.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.errors import StudyError
from reportgen.examples import named_examples
from reportgen.facts.fact import FactSet
from reportgen.facts.likely_twins import UnaskedError
from reportgen.facts.load import load_facts
from reportgen.facts.source import source_identity
from reportgen.facts.wordings import by_fact
from reportgen.locking import lock_beside, lock_path
from reportgen.models.chat import tokenizer_of
from reportgen.models.convert import tokenizer_folder
from reportgen.models.manifest import MANIFEST
from reportgen.models.source import ModelSource, find_model
from reportgen.models.tokenizer import Tokenizer
from reportgen.notices import Notice
from reportgen.planned import answerable, goes_by_measured, require_columns
from reportgen.progress import Progress
from reportgen.report.results import Plan, Results
from reportgen.scores import columns_of, label_columns, label_scores
from reportgen.spec.model import ModelSection, SpecFile
from reportgen.statements import render_statements
from reportgen.store import content_key

if TYPE_CHECKING:
    import xarray as xr

    from reportgen.capture.opening import ProvenModel


def study_key(file: SpecFile, cache: Path, limit: int | None, site_key: str) -> str:
    """The key of a study's page: it changes when anything does that the page depends on."""
    content = source_identity(file.spec.facts, file.path)
    model = find_model(file.spec.model, file.path.parent, cache).identity
    others = [_identity(section, file.path.parent, cache) for section in file.spec.other_models]
    results = _content(cache / MANIFEST)  # where the store is a results folder, all that it holds
    return content_key(
        file.text, content, _content(lock_path(file.path, file.cell)), model, results, limit, site_key, *others
    )


def _identity(section: ModelSection, beside: Path, cache: Path) -> str:
    """What an experiment's model is; nothing where it is not found, which the experiment will say better."""
    try:
        return find_model(section, beside, cache).identity
    except StudyError:
        return ""


def _content(path: Path) -> str:
    """A file's hash; nothing where it cannot be read, which the stage that needs it will say better."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def plan_study(file: SpecFile, cache: Path, limit: int | None, progress: Progress) -> Plan:
    """Facts to statements, every guard included; raises InputError or StudyError.

    Loads no weights, but where false objects go by what the model finds likely and the store does not say it.
    """
    spec = file.spec
    source = find_model(spec.model, file.path.parent, cache)
    tokenizer = tokenizer_of(spec.model, tokenizer_folder(source, cache, progress))
    if not spec.facts.asks_model:
        facts = load_facts(spec.facts, file.path, tokenizer.count, limit)
        return _plan(file, source, tokenizer, facts, limit)
    from reportgen.capture.opening import ProvenModel  # noqa: PLC0415
    from reportgen.interventions.objects import ObjectLikelihoods  # noqa: PLC0415

    model = ProvenModel(source, spec.model, cache, progress)
    likely = ObjectLikelihoods(tokenizer, model, spec.measure)
    facts = load_facts(spec.facts, file.path, tokenizer.count, limit, likely)
    plan = _plan(file, source, tokenizer, facts, limit)
    return replace(plan, sought={room: frozenset(keys) for room, keys in model.sought.items()})


def preview_study(file: SpecFile, cache: Path, limit: int | None, progress: Progress) -> Plan:
    """The same without loading weights in any case: where the store does not say what false objects go by, other ones stand
    for them, and the plan's first notice says so."""
    spec = file.spec
    if not spec.facts.asks_model:
        return plan_study(file, cache, limit, progress)
    from reportgen.capture.opening import ProvenModel  # noqa: PLC0415
    from reportgen.interventions.objects import KeptLikelihoods  # noqa: PLC0415

    source = find_model(spec.model, file.path.parent, cache)
    tokenizer = tokenizer_of(spec.model, tokenizer_folder(source, cache, progress))
    likely = KeptLikelihoods(tokenizer, ProvenModel(source, spec.model, cache, progress), spec.measure)
    try:
        facts = load_facts(spec.facts, file.path, tokenizer.count, limit, likely)
    except UnaskedError as unasked:
        stand_in = spec.facts.model_copy(update={"false_objects": "derangement"})
        facts = load_facts(stand_in, file.path, tokenizer.count, limit)
        message = (
            f"False objects go by how likely the model finds them (`{spec.facts.false_objects}`), and it has not been asked "
            f"yet about {unasked}: a build will. Until then a derangement stands for them here."
        )
        facts = replace(facts, notices=(Notice("note", message), *facts.notices))
    return _plan(file, source, tokenizer, facts, limit)


def _plan(file: SpecFile, source: ModelSource, tokenizer: Tokenizer, facts: FactSet, limit: int | None) -> Plan:
    """The facts as statements, held to the spec."""
    file = clustered(file, by_fact(facts.facts))
    spec = file.spec
    statements = render_statements(facts, tokenizer, spec.measure)
    labels = label_columns(statements.statements)
    require_columns(labels, spec, str(file.path))
    named_examples(labels, spec.report, str(file.path))
    return Plan(file, source, tokenizer, facts, statements, lock_beside(file.path, file.cell), limit)


def clustered(file: SpecFile, column: str | None) -> SpecFile:
    """The spec with a column as its cluster, unless it names one itself."""
    tests = file.spec.tests
    if column is None or tests.cluster is not None:
        return file
    spec = file.spec.model_copy(update={"tests": tests.model_copy(update={"cluster": column})})
    return file.model_copy(update={"spec": spec})


def model_of(plan: Plan, cache: Path, progress: Progress) -> ProvenModel:
    """The study's model, with the store of its answers; nothing is opened yet."""
    from reportgen.capture.opening import ProvenModel  # noqa: PLC0415

    model = ProvenModel(plan.source, plan.file.spec.model, cache, progress)
    for room, keys in plan.sought.items():
        model.sought[room] |= keys
    return model


def run_study(plan: Plan, model: ProvenModel) -> Results:
    """Statements to findings; raises StudyError where the model cannot be opened or does not prove itself."""
    from reportgen.analyses.analysis import Study  # noqa: PLC0415
    from reportgen.analyses.running import ask_all, capture_all, carry_out  # noqa: PLC0415
    from reportgen.capture.controls import measure_controls  # noqa: PLC0415
    from reportgen.capture.knowing import know  # noqa: PLC0415
    from reportgen.capture.patterns import read_attention  # noqa: PLC0415
    from reportgen.capture.request import ask  # noqa: PLC0415
    from reportgen.controls import Controls, negative_control  # noqa: PLC0415
    from reportgen.findings import conclude  # noqa: PLC0415
    from reportgen.further import dose, interact  # noqa: PLC0415
    from reportgen.report.capture_words import saved_just_now  # noqa: PLC0415
    from reportgen.robustness import explore  # noqa: PLC0415
    from reportgen.shown import choose_shown  # noqa: PLC0415
    from reportgen.universes import measures, multiverse, own_universe  # noqa: PLC0415

    spec, statements, place = plan.file.spec, plan.statements.statements, str(plan.file.path)
    progress = model.progress
    ways = measures(plan.facts, plan.tokenizer, spec, statements)
    with progress.stage("scores") as remark:
        wanted = {way: ask(read, way.aggregation) for way, read in ways.statements.items()}
        captured, further, further_scores = capture_all(wanted, ask_all(plan), model)
        remark(saved_just_now(captured[ways.own].runs, captured[ways.own].fresh))
    with progress.stage("knowledge"):
        knowledge = know(statements, plan.facts, plan.tokenizer, model, spec.measure)
    scores = {
        way: label_scores(captured[way].values, read, knowledge.columns(read)) for way, read in ways.statements.items()
    }
    own = scores[ways.own]
    asked, left_out = answerable(columns_of(own), spec, place)
    with progress.stage("tests"):
        progress.say("testing every head, under every choice")
        findings = conclude(own, statements, asked)
        interactions = tuple(interact(own, section, asked, place) for section in asked.interactions)
        doses = tuple(dose(own, section, spec.tests, place) for section in spec.doses)
    first = findings[0].tests
    with progress.stage("robustness"):
        labels = {way: columns_of(labelled) for way, labelled in scores.items()}
        universes = multiverse(asked, own_universe(asked, ways.own, first.test), labels, ways.impossible)
        robustness = explore(universes, scores, first)
    with progress.stage("experiments"):
        experiments = carry_out(further, Study(plan, own, findings, knowledge, model), further_scores)
    with progress.stage("controls"):
        values = captured[ways.own].values
        measured = measure_controls(statements, values, model, spec.measure.aggregation, plan.tokenizer)
        controls = Controls(measured, negative_control(first, spec.tests.seed))
    with progress.stage("attention"):
        shown = choose_shown(statements, findings[0], spec.report, spec.tests.seed)
        rows = [statements[at] for at in shown.rows]
        examples = [statements[example.statement] for example in shown.examples]
        attention = read_attention(rows, examples, model, spec.measure.aggregation)
    return Results(
        plan=plan,
        captured=captured[ways.own],
        scores=own,
        findings=findings,
        interactions=interactions,
        doses=doses,
        knowledge=knowledge,
        controls=controls,
        robustness=robustness,
        experiments=experiments,
        left_out=left_out,
        shown=shown,
        attention=attention,
    )


def own_scores(plan: Plan, cache: Path, progress: Progress) -> xr.DataArray:
    """The labelled scores of the study's own measure alone, with what is known of the facts where the contrasts go by it.

    Raises StudyError where the model cannot be opened or does not prove itself.
    """
    from reportgen.capture.knowing import know  # noqa: PLC0415
    from reportgen.capture.request import ask  # noqa: PLC0415
    from reportgen.capture.run import capture  # noqa: PLC0415

    spec, statements = plan.file.spec, plan.statements.statements
    model = model_of(plan, cache, progress)
    values = capture(ask(statements, spec.measure.aggregation), model).values
    if not goes_by_measured(spec):
        return label_scores(values, statements)
    knowledge = know(statements, plan.facts, plan.tokenizer, model, spec.measure)
    return label_scores(values, statements, knowledge.columns(statements))
