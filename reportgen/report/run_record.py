"""A run as the history keeps it: what was found, head by head, and from which inputs.

1. Scores may come from several capture runs: their latest end is when the study was captured, and every device, processor
   and arithmetic among them is named. Where the tests ran on another processor, it is named as well.
2. Versions are those of the packages that can move a number: the capture's as they were then, the tests' as they are now.
3. The facts are hashed, and kept, as they were used: cut to a limit, with their false twins.
4. A run that failed leaves its first problem in plain words, without a path of the machine that it ran on.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reportgen import provenance
from reportgen.errors import InputError, ReportgenError
from reportgen.expectations import judge, replicate
from reportgen.facts.fact import FactSet
from reportgen.findings import Finding
from reportgen.history.record import ContrastRecord, Inputs, ModelInput, RunRecord, column, facts_digest
from reportgen.report import finding_text
from reportgen.report.results import Results

_TESTING = ("numpy", "scipy", "statsmodels")
_COLUMNS = ("subject", "relation", "object", "truth", "pair")
_LONGEST_ERROR = 500

# A path that starts at a root: no part of an address on the web, of a fraction or of a path that starts elsewhere.
_ABSOLUTE = re.compile(r"(?<![\w:/\\.~-])(?:/|[A-Za-z]:[\\/])(?:[^\s/\\:'\"`,;()<>|]+[/\\])*([^\s/\\:'\"`,;()<>|]+)")


def run_record(results: Results, earlier: Sequence[RunRecord]) -> RunRecord:
    """The record of a run that ends now; `earlier` are the study's runs before it, oldest first."""
    spec = results.plan.file.spec
    return RunRecord(
        study=spec.study.id,
        title=spec.study.title,
        finished=provenance.now().isoformat(),
        outcome="finished",
        captured=max((run.finished for run in results.captured.runs), default=""),
        inputs=_inputs(results),
        finding=finding_text.one_line(results.findings[0], spec),
        contrasts=tuple(contrast_record(finding) for finding in results.findings),
        expectations=judge(results.findings, spec.expect, earlier),
        replications=replicate(results.findings, spec.replicates),
    )


def failed_record(study: str, title: str, error: Exception) -> RunRecord:
    """The record of a run that went wrong just now."""
    return RunRecord(
        study=study, title=title, finished=provenance.now().isoformat(), outcome="failed", error=plain_error(error)
    )


def facts_csv(facts: FactSet) -> bytes:
    """The facts as they were used, a row each, as CSV in UTF-8; columns of their own follow those that all have."""
    own = sorted({name for fact in facts.facts for name in fact.columns})
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_COLUMNS, *own))
    for fact in facts.facts:
        known = (fact.subject, fact.relation, fact.object, str(fact.truth).lower(), fact.pair)
        writer.writerow((*known, *(fact.columns.get(name, "") for name in own)))
    return text.getvalue().encode()


def plain_error(error: Exception) -> str:
    """What went wrong, in a line that anybody may read: paths start here or at `~`, or are the file's name alone."""
    if isinstance(error, InputError) and error.problems:
        first, more = error.problems[0], len(error.problems) - 1
        text = f"{first.where}: {first.message}" + (f" (and {more} more)" if more else "")
    else:
        text = (
            str(error) if isinstance(error, ReportgenError) else f"{type(error).__name__}: {error}".removesuffix(": ")
        )
    text = _without_places(" ".join(text.split()))
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"


def _without_places(text: str) -> str:
    """The text without what it tells of the machine's folders."""
    for folder, instead in ((Path.cwd(), ""), (Path.home(), "~/")):
        if folder != Path(folder.anchor):
            text = re.sub(rf"(?<![\w.~/-]){re.escape(str(folder))}[/\\]", instead, text)
    return _ABSOLUTE.sub(r"\1", text)


def _inputs(results: Results) -> Inputs:
    plan = results.plan
    return Inputs(
        spec=plan.file.spec.model_dump(mode="json"),
        facts=facts_digest(facts_csv(plan.facts)),
        model=ModelInput(name=plan.source.name, identity=plan.source.identity, origin=plan.source.origin),
        code=provenance.code_version(""),
        versions=_versions(results),
        processor=_processor(results),
        device=_each(run.device for run in results.captured.runs),
        dtype=_each(run.dtype for run in results.captured.runs),
    )


def _versions(results: Results) -> dict[str, str]:
    captured = (pair for run in results.captured.runs for pair in run.versions)
    return {"reportgen": provenance.own_version(), **dict(provenance.versions(_TESTING)), **dict(captured)}


def _processor(results: Results) -> str:
    captured, here = _each(run.processor for run in results.captured.runs), provenance.processor()
    return here if captured in ("", here) else f"{captured} (scores); {here} (tests)"


def _each(values: Iterable[str]) -> str:
    """Every value once, in the order of the alphabet: the order of capture decides nothing."""
    return "; ".join(sorted(set(values)))


def contrast_record(finding: Finding) -> ContrastRecord:
    """What every head showed in one contrast, as a record holds it."""
    tests = finding.tests
    return ContrastRecord(
        id=tests.contrast.id,
        title=tests.contrast.title,
        n=finding_text.n_text(finding),
        layers=tests.heads.sizes["layer"],
        heads=tests.heads.sizes["head"],
        tested=tests.tested,
        alpha=tests.alpha,
        smallest_effect=tests.smallest_effect,
        headline=tests.headline,
        found=[head.name for head in finding.recall],
        effect=column(head.effect for head in finding.all_heads),
        low=column(head.simultaneous_low for head in finding.all_heads),
        high=column(head.simultaneous_high for head in finding.all_heads),
        adjusted=column(head.adjusted for head in finding.all_heads),
    )
