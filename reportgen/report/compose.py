"""Results → a study's page, in the order in which a reader asks: what was found, how sure, on what, by which way.

Each section is one function from the results to its blocks; `compose_study` is their order.
"""

from collections.abc import Iterator

from reportgen import numbers
from reportgen.history.compare import Comparison
from reportgen.locking import Deviation, deviations
from reportgen.report import finding_text
from reportgen.report.across_site import FILE, study_null
from reportgen.report.calibration_page import PAGE as CALIBRATION
from reportgen.report.calibration_page import calibration_key
from reportgen.report.contrast import contrast_blocks
from reportgen.report.document import Block, Callout, Document, Heading, Prose, Raw, texts
from reportgen.report.downloads import bibtex, downloads
from reportgen.report.evidence import Matrix, evidence_matrix
from reportgen.report.evidence_page import PAGE as EVIDENCE
from reportgen.report.evidence_page import evidence_document
from reportgen.report.expectations_section import expectation_blocks
from reportgen.report.experiments_page import PAGE as EXPERIMENTS
from reportgen.report.experiments_page import experiments_document, experiments_summary
from reportgen.report.facts_section import facts_blocks
from reportgen.report.family_member import family_files
from reportgen.report.further_section import dose_blocks, interaction_blocks
from reportgen.report.knowledge_section import knowledge_blocks
from reportgen.report.lock_section import lock_blocks, state_text
from reportgen.report.markup import Md, join_md, md, plain_md
from reportgen.report.methods import cited_keys, limits, methods
from reportgen.report.page import Card, StudyPage
from reportgen.report.pictures import SOCIAL, pictures
from reportgen.report.pieces import FOLDER, pieces, script
from reportgen.report.provenance_section import provenance_blocks
from reportgen.report.reading import reading_blocks
from reportgen.report.render import component
from reportgen.report.results import Plan, Results
from reportgen.report.robustness_page import PAGE as ROBUSTNESS
from reportgen.report.robustness_page import robustness_document
from reportgen.report.run_record import facts_csv
from reportgen.report.tables import folded
from reportgen.report.twin import twin
from reportgen.spec.model import FamilySection


def compose_study(results: Results, key: str, site: str, comparison: Comparison | None = None) -> StudyPage:
    """The finished page of a study, its downloads and its card; `key` names all that they depend on, `site` is the
    site's title.

    `comparison` is this run beside the one before it; a part of a study, which leaves no record, has none.
    """
    spec = results.plan.file.spec
    written, limited = methods(results), limits(results)
    matrix = evidence_matrix(results)
    blocks = _blocks(results, matrix)
    cited = cited_keys([*texts(blocks), *written, *limited])
    data = twin(results, _captured_on(results)).to_json()
    robustness = robustness_document(results.robustness, results.findings[0], spec)
    further = {ROBUSTNESS: robustness}
    if results.experiments:
        further[EXPERIMENTS] = experiments_document(results.experiments, spec)
    if matrix is not None:
        further[EVIDENCE] = evidence_document(matrix, spec, results.plan.source.name)
    files = downloads(results, data, sorted({*cited, *(key for page in further.values() for key in page.cited)}))
    document = Document(
        title=spec.study.title,
        question=spec.study.question,
        description=finding_text.one_line(results.findings[0], spec),
        authors=spec.study.authors,
        depth=2,
        blocks=(
            *_opening(results, comparison),
            *blocks,
            *_expected(comparison),
            *_methods(written, limited, cited, results),
            *_notices(results),
            *provenance_blocks(results, files),
        ),
        cited=cited,
        scripts=(f"{FOLDER}/study.js",),
        image=SOCIAL,
    )
    beside = {file.name: file.content for file in files}
    return StudyPage(
        card=_card(results, key),
        document=document,
        files={
            **beside,
            **pictures(results, site),
            f"{FOLDER}/study.js": script("study", data),
            FILE: study_null(results.findings).to_json(),
            **family_files(results),
        },
        pieces=lambda: pieces(results),
        further=further,
        still_right={CALIBRATION: calibration_key(results.plan)},
        record=None if comparison is None else comparison.after,
        facts=facts_csv(results.plan.facts),
    )


def _blocks(results: Results, matrix: Matrix | None) -> tuple[Block, ...]:
    """What was found, and what the statements and facts are: everything between the opening and the methods."""
    spec = results.plan.file.spec
    return (
        *(block for finding in results.findings for block in contrast_blocks(finding, results)),
        *(block for finding in results.interactions for block in interaction_blocks(finding, spec)),
        *(block for finding in results.doses for block in dose_blocks(finding, spec)),
        *reading_blocks(results),
        *experiments_summary(results.experiments, matrix),
        *knowledge_blocks(results.knowledge, results.plan.statements.statements),
        *facts_blocks(results),
    )


def _expected(comparison: Comparison | None) -> tuple[Block, ...]:
    if comparison is None:
        return ()
    return expectation_blocks(comparison.after.expectations, comparison.after.replications)


def _opening(results: Results, comparison: Comparison | None) -> tuple[Block, ...]:
    plan = results.plan
    pairs = {statement.fact.pair for statement in plan.statements.statements}
    relations = {statement.fact.relation for statement in plan.statements.statements}
    _, layers, heads = results.captured.values.shape
    chips = (
        plan.source.name,
        f"{layers} layers × {heads} heads",
        numbers.things(len(pairs), "pair"),
        numbers.things(len(relations), "relation"),
        f"captured {_captured_on(results)}",
        state_text(plan.lock, locked_deviations(plan)),
        *_standing(comparison),
    )
    blocks: list[Block] = [Prose(join_md(md("[{chip}]{{.chip}}", chip=chip) for chip in chips), "chips")]
    if (family := plan.file.spec.study.family) is not None:
        blocks.append(Prose(_family(family)))
    if plan.limit is not None:
        text = md("Only the first {n} facts of the study were used, to look at quickly.", n=plan.limit)
        blocks.append(Callout("warning", Md("A part of the study"), text))
    return tuple(blocks)


def _family(family: FamilySection) -> Md:
    """Of which family the study is, and what it is in it."""
    return md(
        "One of a family of studies, which [a page of its own](../../families/{id}.html) compares: {values}.",
        id=Md(family.id),
        values=", ".join(f"{axis} {value}" for axis, value in family.values.items()),
    )


def _standing(comparison: Comparison | None) -> Iterator[str]:
    """How the run stands to the one before it and to what the spec expects."""
    if comparison is None:
        return
    day, before = comparison.after.day, comparison.before
    if comparison.kind == "reproduced":
        yield f"reproduced {'exactly ' if comparison.shift is None or comparison.shift.exact else ''}on {day}"
    elif comparison.kind == "alarm" and before is not None:
        yield f"alarm: same inputs, other numbers than on {before.day}"
    verdicts = comparison.after.expectations
    if verdicts:
        yield f"expectations: {sum(verdict.met for verdict in verdicts)} of {len(verdicts)} met"


def _captured_on(results: Results) -> str:
    days = sorted({run.finished[:10] for run in results.captured.runs})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def locked_deviations(plan: Plan) -> tuple[Deviation, ...]:
    """In what the study differs from its lock; nothing where there is none."""
    return () if plan.lock is None else deviations(plan.lock, plan)


def _methods(
    written: tuple[Md, ...], limited: tuple[Md, ...], cited: tuple[str, ...], results: Results
) -> tuple[Block, ...]:
    return (
        Heading(2, Md("Methods and limits"), "methods"),
        *(Prose(paragraph) for paragraph in written),
        *lock_blocks(results.plan.lock, locked_deviations(results.plan)),
        Heading(3, Md("What this study cannot show"), "limits"),
        Prose(join_md((md("- {limit}", limit=limit) for limit in limited), "\n")),
        Heading(3, Md("References"), "references"),
        Prose(Md("::: {#refs}\n:::")),
        Raw(folded("BibTeX", component("components/code", text=bibtex(cited)), "more")),
    )


def _notices(results: Results) -> tuple[Block, ...]:
    heading = Heading(2, Md("Warnings, errors and what was left out"), "warnings")
    if not results.notices:
        return heading, Prose(Md("None: every fact was used, no guard warned, and no error occurred."))
    blocks: list[Block] = [heading]
    for notice in results.notices:
        title = Md({"warning": "Warning", "left out": "Left out", "note": "Note"}[notice.kind])
        blocks.append(Callout("warning" if notice.kind == "warning" else "note", title, plain_md(notice.message)))
        if notice.items:
            items = component("components/items", items=notice.items)
            blocks.append(Raw(folded(f"Show {numbers.things(len(notice.items), 'case')}", items, "more")))
    return tuple(blocks)


def _card(results: Results, key: str) -> Card:
    plan, first = results.plan, results.findings[0]
    spec = plan.file.spec
    return Card(
        id=spec.study.id,
        spec=plan.file.name,
        title=spec.study.title,
        question=spec.study.question,
        model=plan.source.name,
        finding=finding_text.one_line(first, spec)
        + ("" if plan.limit is None else f" (first {plan.limit} facts only)"),
        date=_captured_on(results),
        n=finding_text.n_text(first),
        key=key,
        tags=spec.study.tags,
        relations=tuple(sorted({statement.fact.relation for statement in plan.statements.statements})),
    )
