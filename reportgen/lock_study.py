"""Writing a study's lock: once, beside its spec, with the truth about whether results existed by then."""

from pathlib import Path

from reportgen.errors import InputError, Problem
from reportgen.locking import Lock, lock_of, lock_path, read_lock, write_lock
from reportgen.progress import Progress
from reportgen.report.results import Plan
from reportgen.site.project import Site
from reportgen.spec.model import SpecFile
from reportgen.store import Store
from reportgen.study import plan_study


def lock_study(file: SpecFile, site: Site, cache: Path, progress: Progress, *, again: bool) -> Lock:
    """Write the study's lock beside its spec; `again` lets it take the place of one that is there.

    Raises InputError where there is one and `again` is not said, or where the one there is damaged.
    """
    path = lock_path(file.path, file.cell)
    earlier = read_lock(path) if path.exists() else None
    if earlier is not None and not again:
        problem = f"the study was locked on {earlier.day} already"
        raise InputError(Problem(str(path), problem, "Lock it again with --again: the page will tell of both locks."))
    plan = plan_study(file, cache, None, progress)
    lock = lock_of(plan, after_results=_has_results(plan, site, cache, progress), earlier=earlier)
    write_lock(lock, path)
    return lock


def _has_results(plan: Plan, site: Site, cache: Path, progress: Progress) -> bool:
    """Whether the study has a page, or the store has the score of any of its statements."""
    from reportgen.capture.opening import ProvenModel  # noqa: PLC0415
    from reportgen.capture.record import Shard  # noqa: PLC0415
    from reportgen.capture.request import ask  # noqa: PLC0415

    spec = plan.file.spec
    if spec.study.id in site.cards():
        return True
    shelf = ProvenModel(plan.source, spec.model, cache, progress).shelf("scores")
    keys = {request.key for request in ask(plan.statements.statements, spec.measure.aggregation)}
    return any(keys.intersection(Shard.from_bytes(payload).keys) for payload in Store(cache).entries(shelf))
