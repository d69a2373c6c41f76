"""Capture here, render there: a study is run once where its model is, and leaves a results folder."""

from datetime import datetime, timedelta
from pathlib import Path

from reportgen import provenance
from reportgen.capture.opening import ProvenModel
from reportgen.errors import StudyError
from reportgen.packed.packing import Packed, pack
from reportgen.progress import Progress
from reportgen.report.results import Results
from reportgen.sources import Source
from reportgen.spec.model import SpecFile
from reportgen.store import fresh_store
from reportgen.study import model_of, plan_study, run_study


def capture_study(source: Source, to: Path, progress: Progress, max_age: timedelta | None = None) -> Packed:
    """Run a study, and leave its results in a folder of the study's name in `to`.

    Where scores in the store were older than `max_age` when this began, the model is asked for everything anew. Raises
    InputError and StudyError; the results of an earlier capture then stay.
    """
    if source.captured:
        raise StudyError(f"{source.path}: these are results already. Name the spec, where its model is.")
    file = source.load()
    target = to / file.spec.study.id
    oldest = None if max_age is None else provenance.now() - max_age
    results, model = _run(file, source.store, progress)
    if oldest is None or all(datetime.fromisoformat(run.finished) >= oldest for run in results.captured.runs):
        return pack(results, model, target)
    progress.say(f"{file.spec.study.id}: captured anew for the sake of its age")
    with fresh_store(source.store) as store:
        return pack(*_run(file, store, progress), target)


def _run(file: SpecFile, store: Path, progress: Progress) -> tuple[Results, ProvenModel]:
    """The whole study: all that a page needs is known only at its end, since what it shows follows from what was found."""
    plan = plan_study(file, store, None, progress)
    model = model_of(plan, store, progress)
    return run_study(plan, model), model
