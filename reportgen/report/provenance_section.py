"""Provenance on the page: where every number came from, how to make it again, and the files."""

import shlex

from reportgen import provenance
from reportgen.models.manifest import Manifest
from reportgen.models.tokenizer import Tokenizer
from reportgen.report.capture_words import capture_entries
from reportgen.report.chat_words import read_as
from reportgen.report.document import Block, Heading, Prose, Raw
from reportgen.report.downloads import Download
from reportgen.report.markup import Md, plain_md
from reportgen.report.model_words import model_entries
from reportgen.report.render import component
from reportgen.report.results import Results
from reportgen.report.tables import folded
from reportgen.spec.overrides import OPTION
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
        *_opening(plan.tokenizer),
        Raw(folded("The spec", component("components/code", text=plan.file.text), "more")),
    )


def _command(results: Results) -> str:
    captured, limit = results.plan.source.captured, results.plan.limit
    if captured is not None:
        return f"reportgen render results/{captured.study}"
    file = results.plan.file
    told = [file.name, *(part for text in file.overrides for part in (OPTION, text))]
    return shlex.join(["reportgen", "build", *told]) + ("" if limit is None else f" --limit {limit}")


def _entries(results: Results) -> list[tuple[str, str]]:
    plan, spec = results.plan, results.plan.file.spec
    first = f"beginning-of-sequence token {'put first' if plan.tokenizer.bos is not None else 'not added'}"
    if plan.tokenizer.opening is not None:
        first = "what comes first is the chat template's"
    read = read_as(spec.model, plan.tokenizer)
    return [
        ("Model", plan.source.name),
        ("Origin", plan.source.origin),
        ("Identity", plan.source.identity.replace(":", " ", 1)),
        ("Tokenizer", f"the model's own; {first} ({spec.model.prepend_bos})"),
        *([("Chat template", read)] if read else []),
        ("Spec", f"{plan.file.name}, SHA-256 {content_key(plan.file.text)[:16]}…"),
        ("Seeds", f"facts {spec.facts.seed}, tests {spec.tests.seed}"),
        *model_entries(spec.model, plan.source, results.captured.runs),
        *capture_entries(results.captured.runs),
        *_rendered(plan.source.captured),
        ("reportgen", f"{provenance.own_version()}, code {provenance.code_version('')}"),
        *results.captured.runs[-1].versions,
        *provenance.versions(provenance.PAGE_PACKAGES),
    ]


def _opening(tokenizer: Tokenizer) -> list[Block]:
    """The text that the chat template writes before every statement, in full."""
    if tokenizer.opening is None:
        return []
    text = component("components/code", text=tokenizer.opening.text)
    return [Raw(folded("The chat template's text before every statement", text, "more"))]


def _rendered(captured: Manifest | None) -> list[tuple[str, str]]:
    """Where the model was asked, if not here."""
    if captured is None:
        return []
    return [("Rendered from", f"results that reportgen {captured.reportgen} captured on {captured.finished}")]
