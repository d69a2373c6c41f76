"""What a site of 100 studies with 52 runs each costs: rendered whole, with one study changed, with none, in memory.

1. A pass renders all of it from nothing, then renders its pages again with the engine alone, then changes one study,
   which has run again, then nothing. Each begins as a command does: with no more than the folder.
2. The ratio is the limit divided by the median of the passes, as in `budget`; beside it stands what the step takes of the
   time in which every page is rendered, and for the whole render what the engine takes of it.
3. Memory is that of a process of its own, which did not run a model: `python -m benchmarks.site PAGE STUDIES` is one.
   It prints the most bytes that it ever had.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.budget import Budget
from benchmarks.capture_memory import resident_at_most
from benchmarks.contest import PASSES, verdict
from benchmarks.made_up import model_cache
from benchmarks.made_up_site import MadeUp, kept, made_up_site, saved_page
from reportgen.report.page import StudyPage
from reportgen.site.build import write_site

STUDIES, FEW = 100, 10


@dataclass(frozen=True)
class Pass:
    """Seconds of each step."""

    full: float
    engine: float
    one_changed: float
    unchanged: float
    command: float


def run_full() -> str:
    full, engine = (_median(step) for step in (lambda one: one.full, lambda one: one.engine))
    beside = f"{full / engine:.2f} times the engine alone, which takes {engine:.1f} s"
    return _line("site-full", 60, full, f"{STUDIES} studies from nothing; {beside}")


def run_one_changed() -> str:
    return _line("site-one-changed", 3, *_beside_full(lambda one: one.one_changed, "one study of them ran again"))


def run_unchanged() -> str:
    command = f"none ran; the whole command takes {_median(lambda one: one.command):.2f} s"
    return _line("site-unchanged", 1, *_beside_full(lambda one: one.unchanged, command))


def _beside_full(step: Callable[[Pass], float], what: str) -> tuple[float, str]:
    part = statistics.median(step(one) / one.full for one in passes())
    return _median(step), f"{what}; {part:.4f} of rendering every page"


def _line(name: str, limit: float, measured: float, what: str) -> str:
    return f"{name} {verdict(limit / measured, 1)}   ({measured:.2f} of {limit} s; {what})"


def _median(step: Callable[[Pass], float]) -> float:
    return statistics.median(map(step, passes()))


@cache
def passes() -> tuple[Pass, ...]:
    return tuple(_pass(number) for number in range(PASSES))


def _pass(number: int) -> Pass:
    made = whole()
    for folder in (made.site.published, made.site.project):
        if folder.is_dir():  # set aside: a disk that has just dropped 30,000 files is slow to make as many
            folder.rename(made.folder / f"{number}{folder.name}")
    fresh, again = made.studies(STUDIES), made.study(STUDIES // 2, number + 1)
    return Pass(
        full=_seconds(lambda: write_site(made.site, fresh)),
        engine=_seconds(lambda: render(made)),
        one_changed=_seconds(lambda: change(made, again)),
        unchanged=_seconds(lambda: write_site(site := made.site, kept(site))),
        command=_seconds(lambda: command(made)),
    )


@cache
def whole() -> MadeUp:
    return made_up_site(saved_page(), STUDIES)


def render(made: MadeUp) -> None:
    """Every page of the project, as the engine makes it."""
    project = made.site.project
    with tempfile.TemporaryDirectory() as out:
        pages = [page.relative_to(project) for page in sorted(project.rglob("*.qmd"))]
        made.site.engine.render(project, pages, Path(out), made.site.settings)


def change(made: MadeUp, study: StudyPage) -> None:
    site = made.site
    write_site(site, [study if one.card.id == study.card.id else one for one in kept(site)])


def command(made: MadeUp) -> None:
    """`reportgen build` where nothing changed: it reads every spec, and looks at all that a page depends on."""
    told = subprocess.run(
        [sys.executable, "-m", "reportgen", "build", "--engine", "pandoc", "--cache", model_cache()],
        cwd=made.folder,
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    if told.count(": unchanged\n") != STUDIES:
        raise SystemExit(f"not every study was unchanged: {told}")


def listing_bytes() -> float:
    """Kilobytes."""
    passes()
    return (whole().site.published / "studies.html").stat().st_size / 1000


@cache
def growth() -> float:
    """Megabytes by which the peak of a whole render grows with the number of studies; measured once, since it takes
    minutes and memory differs little from one process to the next."""
    few, many = (_peak(studies) for studies in (FEW, STUDIES))
    return max(1, many - few) / 1_000_000


def _peak(studies: int) -> int:
    arguments: list[str | Path] = [sys.executable, "-m", __name__, saved_page(), str(studies)]
    return int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def peak_of_full(page: Path, studies: int) -> int:
    """The most bytes that this process has when it renders so many studies; their pages share what makes them large."""
    made = made_up_site(page, studies)
    write_site(made.site, made.studies(studies))
    return resident_at_most()


def _seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


RUNS: dict[str, Callable[[], object]] = {
    "site-full": run_full,
    "site-one-changed": run_one_changed,
    "site-unchanged": run_unchanged,
}
BUDGETS = (
    Budget("site-listing-bytes", 300, "kB", f"the list of {STUDIES} studies", listing_bytes),
    Budget("site-memory", 50, "MB", f"peak of rendering {STUDIES} studies less that of {FEW}", growth),
)

if __name__ == "__main__":
    print(peak_of_full(Path(sys.argv[1]), int(sys.argv[2])))
