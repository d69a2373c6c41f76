"""A lock: what decides a study's hypotheses, written down before its results exist, so that a page can tell
whether they are still the same.

1. Five parts decide them: the facts, the model, the measure, the contrasts and the tests. Each is kept as a hash
   and, where it is small, as its plain values, so that a deviation can be told in words. Titles, names and what is
   merely shown decide nothing and are left out.
2. The lock says when it was written, whether results existed by then, and which locks it took the place of.
3. A seal over the whole file tells a lock that was changed by hand from one that was not. It is a guard against
   accident, not against fraud: that takes a public place with a date of its own, such as a preregistration.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from reportgen import provenance
from reportgen.errors import InputError, Problem
from reportgen.facts.fact import FactSet
from reportgen.models.source import ModelSource
from reportgen.spec.model import SpecFile, TestsSection
from reportgen.store import content_key, write_atomically

Plain = str | int | float | bool | None

_TESTS = (
    *("test", "alternative", "cluster", "headline", "family", "alpha", "smallest_effect"),
    *("resamples", "tail", "split", "seed"),
)
_SHOWN_ALONE = ("title", "name")


class Planned(Protocol):
    """What a lock needs to know of a study: a plan, before any weights are opened."""

    @property
    def file(self) -> SpecFile: ...
    @property
    def source(self) -> ModelSource: ...
    @property
    def facts(self) -> FactSet: ...


class _Record(BaseModel):
    """Something in a lock file: nothing unknown, and nothing of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Part(_Record):
    """One part of what decides the hypotheses: its plain values by name, and a hash of all of it."""

    hash: str
    values: dict[str, Plain]


class Parts(_Record):
    """All that decides the hypotheses."""

    facts: Part
    model: Part
    measure: Part
    contrasts: Part
    tests: Part

    def named(self) -> Iterator[tuple[str, Part]]:
        """Each part with its name."""
        return ((name, getattr(self, name)) for name in type(self).model_fields)


class Earlier(_Record):
    """A lock that was replaced: when it was written, and whether results existed by then."""

    date: str
    after_results: bool


class Lock(_Record):
    """A lock as its file holds it; `date` is in ISO format, `seal` is over all else.

    `history` holds the locks before this one, oldest first.
    """

    study: str
    date: str
    reportgen: str
    after_results: bool
    history: tuple[Earlier, ...] = ()
    parts: Parts
    seal: str = ""

    @property
    def day(self) -> str:
        """The day on which it was written: 2026-11-24."""
        return self.date[:10]

    def sealed(self) -> "Lock":
        """The same lock with its seal."""
        return self.model_copy(update={"seal": self._own_seal()})

    @property
    def whole(self) -> bool:
        """Whether it is as it was when it was sealed."""
        return self.seal == self._own_seal()

    def _own_seal(self) -> str:
        # Only what was written: a later version may know more fields than the lock that it reads.
        return content_key(self.model_dump(mode="json", exclude={"seal"}, exclude_unset=True))


@dataclass(frozen=True)
class Deviation:
    """Something that is not as it was locked: in which part, and what, in words."""

    part: str
    what: str

    def __str__(self) -> str:
        return f"{self.part}: {self.what}"


def lock_path(spec: Path, cell: str = "") -> Path:
    """Where a study's lock is kept: beside its spec, under the name of its cell too where the spec has several studies."""
    return spec.with_suffix(f".{cell}.lock.json" if cell else ".lock.json")


def lock_of(plan: Planned, *, after_results: bool = False, earlier: Lock | None = None) -> Lock:
    """The study as it is planned now, locked now; `earlier` is the lock that it replaces."""
    history = (
        () if earlier is None else (*earlier.history, Earlier(date=earlier.date, after_results=earlier.after_results))
    )
    lock = Lock(
        study=plan.file.spec.study.id,
        date=provenance.now().isoformat(),
        reportgen=provenance.own_version(),
        after_results=after_results,
        history=history,
        parts=_parts(plan),
    )
    return lock.sealed()


def write_lock(lock: Lock, path: Path) -> None:
    """Write the lock in whole; raises StudyError where the disk refuses."""
    write_atomically(path, lock.model_dump_json(indent=1, exclude_unset=True).encode() + b"\n")


def read_lock(path: Path) -> Lock:
    """The lock in a file; raises InputError where it cannot be read or is not a lock as it was written."""
    try:
        lock = Lock.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(Problem(str(path), f"the lock cannot be read ({error.strerror or error})")) from error
    except ValidationError as error:
        raise InputError(
            Problem(str(path), f"this is not a lock that `reportgen lock` wrote{_first(error)}", _REMEDY)
        ) from error
    if not lock.whole:
        raise InputError(Problem(str(path), "this lock was changed after it was written", _REMEDY))
    return lock


def lock_beside(spec: Path, cell: str = "") -> Lock | None:
    """The lock of a study, or None where there is none; raises what `read_lock` raises."""
    path = lock_path(spec, cell)
    return read_lock(path) if path.exists() else None


def deviations(lock: Lock, plan: Planned) -> tuple[Deviation, ...]:
    """What is not as it was locked; empty where the study keeps to its lock."""
    found: list[Deviation] = []
    if lock.study != plan.file.spec.study.id:
        found.append(Deviation("study", f"`{lock.study}` was locked, this is `{plan.file.spec.study.id}`"))
    for (name, locked), (_, present) in zip(lock.parts.named(), _parts(plan).named(), strict=True):
        found += (Deviation(name, what) for what in _changes(name, locked, present))
    return tuple(found)


_REMEDY = (
    "Take it back from where you keep versions. Without one, delete it: the study is then exploratory, "
    "or locked anew with `reportgen lock`."
)


def _first(error: ValidationError) -> str:
    """Where a file that is JSON differs from a lock; nothing where it is not even that."""
    place = ".".join(str(step) for step in error.errors()[0]["loc"])
    return f": `{place}` is missing or is not what a lock holds there" if place else ""


def _parts(plan: Planned) -> Parts:
    spec = plan.file.spec
    return Parts(
        facts=_facts(plan),
        model=_part(
            name=plan.source.name,
            identity=plan.source.identity,
            prepend_bos=spec.model.prepend_bos,
            **dict(_flat({"chat": spec.model.chat.model_dump()} if spec.model.chat is not None else {})),
            dtype=spec.model.arithmetic,
            weights="pytorch" if plan.source.weights == "pytorch" else None,
            code=", ".join(plan.source.code) or None,
        ),
        measure=_part(**dict(_flat(spec.measure.model_dump(mode="json")))),
        contrasts=_part(**dict(_named(spec.contrasts)), **dict(_named(spec.interactions)), **dict(_named(spec.doses))),
        tests=_part(**_tests(spec.tests)),
    )


def _part(**values: Plain) -> Part:
    return Part(hash=_hash(values), values=values)


def _hash(values: Mapping[str, Plain], *more: object) -> str:
    """What is none counts as not there, so that a key that a later version brings, unused, changes no lock."""
    return content_key({name: value for name, value in values.items() if value is not None}, *more)


def _tests(tests: TestsSection) -> dict[str, Plain]:
    return {name: getattr(tests, name) for name in _TESTS}


def _facts(plan: Planned) -> Part:
    """Too many to be told one by one: their number, how they came about, and a hash of all of them."""
    section, facts = plan.file.spec.facts, plan.facts
    values: dict[str, Plain] = {
        "true facts": sum(fact.truth for fact in facts.facts),
        "false facts": sum(not fact.truth for fact in facts.facts),
        "false_objects": section.false_objects,
        "seed": section.seed,
        **{f"template of {relation}": " | ".join(own) for relation, own in facts.templates.items()},
    }
    return Part(hash=_hash(values, [asdict(fact) for fact in facts.facts]), values=values)


def _named(sections: Iterable[BaseModel]) -> Iterator[tuple[str, Plain]]:
    """Every value of contrasts and their kin, under the id of each and the place inside it."""
    for section in sections:
        values = section.model_dump(mode="json")
        yield from _flat(values, f"{values.pop('id')}.")


def _flat(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, Plain]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif name not in _SHOWN_ALONE or before.endswith("where."):
            yield f"{before}{name}", _plain(value)


def _plain(value: object) -> Plain:
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _changes(name: str, locked: Part, present: Part) -> Iterator[str]:
    """What differs between two states of a part, a phrase each."""
    keys = dict.fromkeys((*locked.values, *present.values))
    changed = [key for key in keys if not _same(locked.values.get(key), present.values.get(key))]
    for key in changed:
        yield f"`{key}` was {_said(locked.values.get(key))}, is {_said(present.values.get(key))}"
    if locked.hash != present.hash and not changed:
        yield f"the {name} are not those that were locked"


def _same(before: Plain, after: Plain) -> bool:
    """Without taking 1 for true."""
    return before == after and type(before) is type(after)


def _said(value: object) -> str:
    """A value as YAML writes it; none where there is none."""
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
