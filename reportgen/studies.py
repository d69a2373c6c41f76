"""Many studies into one site: each on its own feet, so that one that fails stops no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import InputError, Problem, ReportgenError
from reportgen.progress import Progress
from reportgen.report.page import Card, StudyPage
from reportgen.site.build import Kept, Site, failed, write_site
from reportgen.spec.load import load_spec
from reportgen.study import study_key, study_page


@dataclass(frozen=True)
class Outcome:
    """What became of one spec: a fresh page, the page of last time, or an error and maybe the page of last time."""

    spec: Path
    study: StudyPage | Kept | None
    error: Exception | None = None


@dataclass(frozen=True)
class Built:
    """What became of every spec, and the error where the site as a whole could not be written."""

    outcomes: tuple[Outcome, ...]
    site_error: ReportgenError | None

    @property
    def errors(self) -> tuple[Exception, ...]:
        """Every error, in the order of the specs, the site's own last."""
        own = () if self.site_error is None else (self.site_error,)
        return (*(outcome.error for outcome in self.outcomes if outcome.error is not None), *own)


def build_studies(
    specs: Sequence[Path], site: Site, cache: Path, *, whole: bool, limit: int | None, progress: Progress
) -> Built:
    """Build the studies of some specs into the site; `whole` says that they are all that the site holds.

    Where `whole` is false, the site's other studies stay as they are. A site that cannot be written stays too.
    """
    published = site.cards()
    outcomes: list[Outcome] = []
    for spec in specs:
        taken = {outcome.study.card.id: outcome.spec for outcome in outcomes if outcome.study is not None}
        with progress.stage(spec.stem):
            outcomes.append(_build(spec, published, taken, site.key, cache, limit, progress))
    studies = [outcome.study for outcome in outcomes if outcome.study is not None]
    if not whole:
        built = {study.card.id for study in studies}
        studies = [*studies, *(Kept(card) for card in published.values() if card.id not in built)]
    try:
        if studies:
            with progress.stage("site"):
                write_site(site, sorted(studies, key=lambda study: study.card.id))
    except ReportgenError as error:
        return Built(tuple(outcomes), error)
    return Built(tuple(outcomes), None)


def _build(
    path: Path,
    published: dict[str, Card],
    taken: dict[str, Path],
    site_key: str,
    cache: Path,
    limit: int | None,
    progress: Progress,
) -> Outcome:
    card = next((card for card in published.values() if card.spec == path.name), None)
    try:
        file = load_spec(path)
        study = file.spec.study.id
        _require_free(study, path, taken)
        card = published.get(study, card)
        key = study_key(file, cache, limit, site_key)
        if card is not None and card.key == key and not card.failing:
            progress.say(f"{study}: unchanged")
            return Outcome(path, Kept(card))
        progress.say(f"{study}: {file.spec.study.title}")
        return Outcome(path, study_page(file, cache, limit, key, progress))
    except Exception as error:  # whatever went wrong in this study, the others go on; the caller tells
        why = str(error) if isinstance(error, ReportgenError) else f"{type(error).__name__}: {error}"
        # Another spec may have taken over the id that this one had; the page is that one's then.
        kept = None if card is None or card.id in taken else failed(card, why)
        return Outcome(path, kept, error)


def _require_free(study: str, path: Path, taken: dict[str, Path]) -> None:
    if study in taken:
        message = f"study.id `{study}` is already the id of {taken[study]}"
        raise InputError(Problem(str(path), message, "Give each study an id of its own."))
