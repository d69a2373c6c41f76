"""What a build would do about a study's page, and why: the published page's key beside today's, and what changed since.

The key is the one by which a build decides. What changed is told from the record of the last run that finished, by the same
comparison that the site's page of changes shows; what no run depends on (templates, the site's settings) has no record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen import provenance
from reportgen.history.compare import Cause, input_causes
from reportgen.history.record import Inputs, ModelInput, RunRecord, facts_digest
from reportgen.report.results import Plan
from reportgen.site.project import Site
from reportgen.study import study_key

if TYPE_CHECKING:
    from reportgen.report.page import Card

MOST_ITEMS = 5


@dataclass(frozen=True)
class PlannedPage:
    """What will become of the page, in a line, and the reasons, each in a line."""

    verdict: str
    reasons: tuple[str, ...] = ()

    def rows(self) -> Iterator[tuple[str, str]]:
        """What to say, and about what."""
        yield "page", self.verdict
        yield from (("", reason) for reason in self.reasons)


def plan_page(plan: Plan, store: Path, site: Site, limit: int | None) -> PlannedPage:
    """What a build into the `site` would do about the study's page. Writes nothing.

    Raises StudyError where the site's settings or its history cannot be read.
    """
    card = _card(plan, site)
    if card is None:
        return PlannedPage("new: this study has not been built here")
    if card.failing:
        return PlannedPage("made anew: the study failed last time", (card.failing,))
    if card.key == study_key(plan.file, store, limit, site.key) and site.holds(card.id):
        return PlannedPage("unchanged: a build will leave it as it is")
    runs = site.history.runs(card.id).finished
    reasons = tuple(_reasons(runs[-1], plan, partial(site.history.facts, card.id))) if runs else ()
    if limit is not None:
        reasons += (f"the first {limit} facts alone are taken",)
    since = f" the build of {runs[-1].day}" if runs else ""
    return PlannedPage(
        f"made anew: something changed since{since or ' the last build'}",
        reasons or ("templates, the site's settings, the lock or something else that moves no number",),
    )


def _card(plan: Plan, site: Site) -> "Card | None":
    """The study's card on the published site. A site that has never been built has none, and is not begun here."""
    if not (site.published / "index.html").is_file():
        return None
    return site.cards().get(plan.file.spec.study.id)


def _reasons(before: RunRecord, plan: Plan, facts_of: "partial[bytes | None]") -> Iterator[str]:
    """What changed in the inputs since a run, a line each."""
    from reportgen.report.run_record import facts_csv  # noqa: PLC0415

    assert before.inputs is not None, "a finished run has its inputs"
    now = facts_csv(plan.facts)
    after = _inputs(before.inputs, plan, facts_digest(now))

    def facts(digest: str) -> bytes | None:
        return now if digest == after.facts else facts_of(digest)

    for cause in input_causes(before.inputs, after, facts):
        yield from _told(cause)


def _inputs(before: Inputs, plan: Plan, facts: str) -> Inputs:
    """Today's inputs, as far as they are known before the model runs: device and processor are taken to be the same."""
    model = plan.file.spec.model
    return before.model_copy(
        update={
            "spec": plan.file.spec.model_dump(mode="json"),
            "facts": facts,
            "model": ModelInput(name=plan.source.name, identity=plan.source.identity, origin=plan.source.origin),
            "code": provenance.code_version(""),
            "versions": before.versions | dict(provenance.versions(tuple(before.versions))),
            "dtype": before.dtype if plan.source.captured is not None else model.arithmetic,
        }
    )


def _told(cause: Cause) -> Iterator[str]:
    """Changed keys of the spec one by one, anything else in its sentence and some of its items."""
    items = cause.items[:MOST_ITEMS]
    more = [f"and {len(cause.items) - MOST_ITEMS} more"] if len(cause.items) > MOST_ITEMS else []
    if cause.input in ("spec", "presentation"):
        yield from (f"{item}" for item in items)
        yield from more
    else:
        yield cause.text.removesuffix(".") + (f": {'; '.join([*items, *more])}" if items else "")
