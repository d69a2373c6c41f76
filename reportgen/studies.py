"""Many studies into one site: each on its own feet, so that one that fails stops no other."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from reportgen import provenance
from reportgen.errors import InputError, Problem, ReportgenError, StudyError
from reportgen.history.compare import Comparison, compare
from reportgen.progress import Progress
from reportgen.report.page import Card, StudyPage
from reportgen.report.results import Results
from reportgen.site.build import Kept, failed, write_site
from reportgen.site.lock import building
from reportgen.site.project import Site
from reportgen.sources import Given, Source
from reportgen.spec.model import SpecFile
from reportgen.store import fresh_store
from reportgen.study import model_of, plan_study, run_study, study_key


@dataclass(frozen=True)
class Outcome:
    """What became of one study: a fresh page, the page of last time, or an error and maybe the page of last time.

    `path` is what it was named by, a spec or a results folder; `study` and `title` are its id and title as far as they are
    known; `comparison` is its run beside the one before it, where it ran.
    """

    path: Path
    study: str
    title: str
    page: StudyPage | Kept | None
    comparison: Comparison | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class Built:
    """What became of every study, and the error where the site as a whole could not be written."""

    outcomes: tuple[Outcome, ...]
    site_error: ReportgenError | None = None

    @property
    def errors(self) -> tuple[Exception, ...]:
        """Every error once, in the order of the studies, the site's own last."""
        own = () if self.site_error is None else (self.site_error,)
        of_studies = dict.fromkeys(outcome.error for outcome in self.outcomes if outcome.error is not None)
        return (*of_studies, *own)


@dataclass(frozen=True)
class Builder:
    """Builds studies into a site.

    `limit` cuts every study to its first facts. With `max_age`, a study whose last run is older is captured anew,
    whatever the store holds; one whose inputs changed is built in any case. Results are as old as their capture.
    """

    site: Site
    progress: Progress
    limit: int | None = None
    max_age: timedelta | None = None
    _published: dict[str, Card] = field(default_factory=dict, init=False, repr=False)

    def build(self, given: Given) -> Built:
        """Build studies into the site.

        Where they are not the whole of it, the site's other studies stay as they are. A site that cannot be written stays
        too.
        """
        self._published.update(self.site.cards())
        outcomes: list[Outcome] = []
        for source in given.sources:
            taken = {outcome.study: outcome.path for outcome in outcomes if outcome.page is not None}
            with self.progress.stage(source.label):
                outcomes += self._outcomes(source, taken)
        try:
            self._write(outcomes, whole=given.whole)
        except ReportgenError as error:
            return Built(tuple(outcomes), error)
        return Built(tuple(outcomes))

    def _outcomes(self, source: Source, taken: dict[str, Path]) -> list[Outcome]:
        """What became of the study; of all studies that the spec described last time, where it cannot be read."""
        try:
            file = source.load()
        except Exception as error:  # whatever went wrong in this study, the others go on; the caller tells
            cards = [card for card in self._published.values() if _came_from(card, source.path)]
            known = [
                Outcome(source.path, card.id, card.title, _kept(card, error, taken), error=error) for card in cards
            ]
            return known or [Outcome(source.path, "", source.path.stem, None, error=error)]
        return [self._outcome(source, file, taken)]

    def _outcome(self, source: Source, file: SpecFile, taken: dict[str, Path]) -> Outcome:
        path, study, title = source.path, file.spec.study.id, file.spec.study.title
        named = file.name if file.cell else path.name
        before = next((card for card in self._published.values() if named in (card.spec, card.id)), None)
        card = self._published.get(study, before)
        try:
            _require_free(study, path, taken)
            key = study_key(file, source.store, self.limit, self.site.key)
            aged = not source.captured and self._aged(study)
            if card is not None and not aged and self._stands(card, key):
                self.progress.say(f"{study}: unchanged")
                return Outcome(path, study, title, Kept(card))
            self.progress.say(f"{study}: {title}{', captured anew for the sake of its age' if aged else ''}")
            with fresh_store(source.store) if aged else nullcontext(source.store) as store:
                page, comparison = self._run(file, store, key)
            return Outcome(path, study, title, page, comparison)
        except Exception as error:
            return Outcome(path, study, title, None if card is None else _kept(card, error, taken), error=error)

    def _stands(self, card: Card, key: str) -> bool:
        return card.key == key and not card.failing and self.site.holds(card.id)

    def _aged(self, study: str) -> bool:
        """Whether the study has a run, and the last is older than it may be."""
        if self.max_age is None:
            return False
        finished = self.site.history.runs(study).finished
        return bool(finished) and provenance.now() - datetime.fromisoformat(finished[-1].finished) > self.max_age

    def _run(self, file: SpecFile, store: Path, key: str) -> tuple[StudyPage, Comparison | None]:
        """The whole way, from the spec to the page. A part of a study leaves no record, and is compared with nothing."""
        from reportgen.report.compose import compose_study  # noqa: PLC0415

        with self.progress.stage("plan"):
            plan = plan_study(file, store, self.limit, self.progress)
        results = run_study(plan, model_of(plan, store, self.progress))
        with self.progress.stage("page"):
            comparison = None if self.limit is not None else self._compared(results)
            return compose_study(results, key, self.site.settings.title, comparison), comparison

    def _compared(self, results: Results) -> Comparison:
        from reportgen.report.run_record import facts_csv, run_record  # noqa: PLC0415

        history, study = self.site.history, results.plan.file.spec.study.id
        runs = history.runs(study)
        record, now = run_record(results, runs.records), facts_csv(results.plan.facts)
        before = runs.finished[-1] if runs.finished else None

        def facts(digest: str) -> bytes | None:
            return now if record.inputs is not None and digest == record.inputs.facts else history.facts(study, digest)

        return compare(before, record, facts)

    def _write(self, outcomes: Sequence[Outcome], *, whole: bool) -> None:
        with building(self.site.folder):  # what another build has published since this one began is to stay
            now = self.site.cards()
            pages = [_as_it_is(outcome.page, now) for outcome in outcomes if outcome.page is not None]
            built = {page.card.id for page in pages}
            if not whole:
                pages += (Kept(card) for card in now.values() if card.id not in built)
            elif any(outcome.error is not None for outcome in outcomes):
                self._require_all(built)
            if pages:
                with self.progress.stage("site"):
                    write_site(self.site, sorted(pages, key=lambda page: page.card.id))

    def _require_all(self, built: set[str]) -> None:
        """A failing study whose earlier page is not here must not vanish from a site that is published elsewhere."""
        if lost := [study for study in self.site.history.studies() if study not in built]:
            named = ", ".join(f"`{study}`" for study in lost)
            raise StudyError(
                f"the site would lose the page of {named}: a study fails, and {self.site.published} does not hold its "
                "earlier page. Nothing is written. Mend the study, or put the published site back there first."
            )


def _as_it_is(page: StudyPage | Kept, now: Mapping[str, Card]) -> StudyPage | Kept:
    """A page that was found unchanged, as it is published `now`."""
    if isinstance(page, StudyPage) or page.card.failing:
        return page
    return Kept(now.get(page.card.id, page.card))


def _came_from(card: Card, path: Path) -> bool:
    """Whether a study has the spec, or is one of its family, or has the results folder."""
    return path.name in (card.spec, card.id) or card.spec.startswith(f"{path.name}#")


def _kept(card: Card, error: Exception, taken: Mapping[str, Path]) -> Kept | None:
    """The page of last time; another spec may have taken over the id that the study had, and the page is that one's then."""
    return None if card.id in taken else failed(card, error)


def _require_free(study: str, path: Path, taken: dict[str, Path]) -> None:
    if study in taken:
        message = f"study.id `{study}` is already the id of {taken[study]}"
        raise InputError(Problem(str(path), message, "Give each study an id of its own."))
