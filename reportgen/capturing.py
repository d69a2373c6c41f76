"""Capture here, render there: a study is run once where its model is, and leaves a results folder."""

from contextlib import nullcontext
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.packed import Packed, pack
from reportgen.progress import Progress
from reportgen.sources import Source
from reportgen.store import fresh_store
from reportgen.study import model_of, plan_study, run_study


def capture_study(source: Source, to: Path, progress: Progress, *, anew: bool) -> Packed:
    """Run a study, and leave its results in a folder of the study's name in `to`.

    With `anew`, the model is asked for everything again, whatever the store holds. Raises InputError and StudyError; the
    results of an earlier capture then stay.
    """
    if source.captured:
        raise StudyError(f"{source.path}: these are results already. Name the spec, where its model is.")
    file = source.load()
    with fresh_store(source.store) if anew else nullcontext(source.store) as store:
        # All that a page needs is known only at its end: which statements it shows follows from what was found.
        plan = plan_study(file, store, None, progress)
        model = model_of(plan, store, progress)
        results = run_study(plan, model)
        return pack(results, model, to / file.spec.study.id)
