"""A site made again: what is stale is built, every run is put beside the one before it, and what came of it is summed up
for people and for whatever runs this on a schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reportgen.errors import StudyError
from reportgen.report.run_record import plain_error
from reportgen.report.summary import StudyOutcome, summary
from reportgen.sources import Given
from reportgen.studies import Builder, Built, Outcome

_SAME = ("reproduced", "restored")


@dataclass(frozen=True)
class Regenerated:
    """What became of the studies, and the summary as Markdown."""

    built: Built
    summary: str

    @property
    def status(self) -> Literal["unchanged", "changed", "failed"]:
        """All of it in a word."""
        if self.built.errors:
            return "failed"
        ran = (outcome.comparison for outcome in self.built.outcomes)
        return "changed" if any(one is not None and one.kind not in _SAME for one in ran) else "unchanged"

    def tell(self, summaries: Sequence[Path], outputs: Path | None) -> None:
        """Add the summary to files, and the status to GitHub's file of a step's `outputs`, where there is one.

        Raises StudyError where a file cannot be written.
        """
        for file in summaries:
            _append(file, f"{self.summary}\n")
        if outputs is not None:
            _append(outputs, f"status={self.status}\n")


def regenerate(builder: Builder, given: Given) -> Regenerated:
    """Build what is stale among some studies, and sum up what came of it."""
    built = builder.build(given)
    text = summary([_told(outcome) for outcome in built.outcomes], builder.site.settings.site_url)
    if built.site_error is not None:
        text += f"\n**The site was not written:** {plain_error(built.site_error)}\n"
    return Regenerated(built, text)


def _told(outcome: Outcome) -> StudyOutcome:
    card = None if outcome.page is None else outcome.page.card
    return StudyOutcome(
        study=outcome.study or outcome.path.stem,
        title=outcome.title,
        comparison=outcome.comparison,
        error="" if outcome.error is None else plain_error(outcome.error),
        verdicts=() if outcome.comparison is None else outcome.comparison.after.expectations,
        finding="" if card is None else card.finding,
    )


def _append(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise StudyError(f"{file}: cannot be written ({error.strerror or error}).") from error
