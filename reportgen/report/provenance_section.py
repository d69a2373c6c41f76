"""Provenance on the page: where every number came from, how to make it again, and the files."""

from reportgen import numbers, provenance
from reportgen.report.document import Block, Heading, Prose, Raw
from reportgen.report.downloads import Download
from reportgen.report.markup import Md, plain_md
from reportgen.report.render import component
from reportgen.report.results import Results
from reportgen.report.tables import folded
from reportgen.store import content_key


def provenance_blocks(results: Results, files: tuple[Download, ...]) -> tuple[Block, ...]:
    """The sections "Downloads" and "Provenance"."""
    plan = results.plan
    return (
        Heading(2, Md("Downloads"), "downloads"),
        Raw(component("components/downloads", files=files)),
        Heading(2, Md("Provenance"), "provenance"),
        Raw(component("components/entries", entries=_entries(results))),
        Prose(plain_md(f"This page is made again by `{_command(results)}`.")),
        Raw(folded("The spec", component("components/code", text=plan.file.text), "more")),
    )


def _command(results: Results) -> str:
    limit = results.plan.limit
    return f"reportgen build {results.plan.file.path.name}" + ("" if limit is None else f" --limit {limit}")


def _entries(results: Results) -> list[tuple[str, str]]:
    plan, spec = results.plan, results.plan.file.spec
    bos = "put first" if plan.tokenizer.bos is not None else "not added"
    return [
        ("Model", plan.source.name),
        ("Origin", plan.source.origin),
        ("Identity", plan.source.identity.replace(":", " ", 1)),
        ("Tokenizer", f"the model's own; beginning-of-sequence token {bos} ({spec.model.prepend_bos})"),
        ("Spec", f"{plan.file.path.name}, SHA-256 {content_key(plan.file.text)[:16]}…"),
        ("Seeds", f"facts {spec.facts.seed}, tests {spec.tests.seed}"),
        *_capture(results),
        ("reportgen", f"{provenance.own_version()}, code {provenance.code_version('')}"),
        *provenance.versions(),
    ]


def _capture(results: Results) -> list[tuple[str, str]]:
    runs = results.captured.runs
    last = runs[-1]
    statements, seconds = sum(run.statements for run in runs), sum(run.seconds for run in runs)
    proof = max((run.proof for run in runs), key=lambda proof: max(proof.row_sum, proof.score))
    return [
        ("Captured", ", ".join(sorted({run.finished for run in runs}))),
        ("Device", f"{last.device}, {last.dtype} ({last.processor})"),
        (
            "Forward passes",
            f"{numbers.things(statements, 'statement')} in {seconds:.1f} s ({statements / max(seconds, 1e-9):.0f} statements/s)",
        ),
        (
            "Proof of the capture",
            f"on {numbers.things(proof.statements, 'statement')}, against plain transformers with eager attention: "
            f"pattern rows sum to 1 within {numbers.small(proof.row_sum)} and scores are equal within "
            f"{numbers.small(proof.score)} ({numbers.small(proof.score_tolerance)} is tolerated), patterns within "
            f"{numbers.small(proof.pattern)} ({numbers.small(proof.pattern_tolerance)} is tolerated)",
        ),
    ]
