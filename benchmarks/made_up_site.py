"""A site of many studies with a year of weekly runs each, out of one real study and one made-up history.

The study is small and runs on the real model; its page is given out under many ids, with another title, finding, tags
and relations each. The history is that of `tests/runs.py`: 52 runs of 270 heads in two contrasts, in which facts, packages
and the model change, runs fail, and numbers differ for no reason. Of each history the last run is the page's own record.
"""

import atexit
import pickle
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from benchmarks.made_up import model_cache
from reportgen.history.compare import compare
from reportgen.history.record import RunRecord
from reportgen.progress import Silent
from reportgen.report.compose import compose_study
from reportgen.report.document import Prose
from reportgen.report.markup import md
from reportgen.report.page import Card, StudyPage
from reportgen.report.run_record import run_record
from reportgen.site.build import Kept
from reportgen.site.project import Site
from reportgen.spec.load import load_spec
from reportgen.study import model_of, plan_study, run_study, study_key
from tests import runs
from tests.landmarks import SPEC

RELATIONS = ("located in", "capital", "language", "currency", "founder", "author", "composer", "river")
TAGS = ("geography", "people", "replication", "small", "weekly")


@dataclass(frozen=True)
class MadeUp:
    """A folder with specs and a site, and the page and the history that all its studies are made of."""

    folder: Path
    page: StudyPage
    history: tuple[RunRecord, ...]

    @property
    def site(self) -> Site:
        """The site as a command finds it: what it has read of its folder before is forgotten."""
        return Site.at(self.folder / "site", "pandoc")

    def studies(self, count: int) -> list[StudyPage]:
        """The fresh pages of so many studies."""
        return [self.study(number) for number in range(count)]

    def study(self, number: int, edition: int = 0) -> StudyPage:
        """A fresh page; each `edition` of it is a run of its own, a week after the one before."""
        card = self._card(number, edition)
        text = md("Study {number}, edition {edition}, has a page of its own.", number=number, edition=edition)
        week, last = len(self.history) - 1 + edition, self.history[-1]
        record = _renamed(last, card).model_copy(update={"finished": runs.moment(week), "captured": runs.moment(week)})
        assert record.inputs is not None
        return replace(
            self.page,
            card=card,
            document=replace(self.page.document, title=card.title, blocks=(Prose(text), *self.page.document.blocks)),
            record=record,
            facts=runs.FACTS[record.inputs.facts],
        )

    def write_specs(self, count: int) -> None:
        """The spec of each study; the card of its page carries the key that goes by it."""
        (self.folder / "specs").mkdir(exist_ok=True)
        for number in range(count):
            _spec_path(self.folder, number).write_text(_spec(number), encoding="utf-8")

    def write_past(self, count: int) -> None:
        """Every run of so many studies but the last."""
        for number in range(count):
            card = self._card(number, 0)
            for digest, text in runs.FACTS.items():
                self.site.history.keep_facts(card.id, text, digest)
            for record in self.history[:-1]:
                self.site.history.append(_renamed(record, card))

    def _card(self, number: int, edition: int) -> Card:
        path, found = _spec_path(self.folder, number), 20 + (number * 7 + edition) % 60
        return replace(
            self.page.card,
            id=_id(number),
            spec=path.name,
            title=_title(number),
            finding=f"{found} of 270 heads attend to the subject differently when the fact is false.",
            n=f"{8 + number} pairs",
            key=study_key(load_spec(path), model_cache(), None, _key(self.folder)),
            tags=(TAGS[number % len(TAGS)], TAGS[(number + 2) % len(TAGS)]),
            relations=(RELATIONS[number % len(RELATIONS)],),
        )


def kept(site: Site) -> Sequence[Kept]:
    """All studies of a site, none of them changed."""
    return [Kept(card) for card in site.cards().values()]


@cache
def saved_page() -> Path:
    """The real study's page in a file, so that a process can have it without having run a model."""
    folder = _folder()
    path = folder / "landmarks.yml"
    path.write_text(SPEC, encoding="utf-8")
    plan = plan_study(load_spec(path), model_cache(), None, Silent())
    results = run_study(plan, model_of(plan, model_cache(), Silent()))
    page = compose_study(results, "", "Benchmark", compare(None, run_record(results, ()), lambda _: None))
    page = replace(page, pieces=partial(iter, tuple(page.pieces())))
    (folder / "page.pickle").write_bytes(pickle.dumps(page))
    return folder / "page.pickle"


def made_up_site(saved: Path, studies: int) -> MadeUp:
    """A folder with so many specs, and a site with their past, in which nothing is rendered yet."""
    made = MadeUp(_folder(), pickle.loads(saved.read_bytes()), runs.year(contrasts=2))
    made.write_specs(studies)
    made.write_past(studies)
    return made


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="reportgen-benchmark-"))
    atexit.register(shutil.rmtree, folder)
    return folder


@cache
def _key(folder: Path) -> str:
    return Site.at(folder / "site", "pandoc").key


def _renamed(record: RunRecord, card: Card) -> RunRecord:
    return record.model_copy(update={"study": card.id, "title": card.title})


def _id(number: int) -> str:
    return f"landmarks-{number:03}"


def _title(number: int) -> str:
    return f"Landmarks and their cities, part {number + 1}"


def _spec_path(folder: Path, number: int) -> Path:
    return folder / "specs" / f"{_id(number)}.yml"


def _spec(number: int) -> str:
    return SPEC.replace(
        "id: landmarks, title: Landmarks and their cities", f"id: {_id(number)}, title: '{_title(number)}'"
    )
