"""What a lock holds, what counts as a deviation from it, and how it is told."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reportgen.facts.fact import Fact, FactSet
from reportgen.locking import Lock, deviations, lock_beside, lock_of, lock_path, read_lock, write_lock
from reportgen.models.source import ModelSource
from reportgen.report.lock_section import lock_blocks, state_text
from reportgen.spec.model import (
    ContrastSection,
    FactsSection,
    ModelSection,
    RelationSection,
    SpecFile,
    StatementSet,
    StudySection,
    StudySpec,
    TestsSection,
)


@dataclass(frozen=True)
class Planned:
    file: SpecFile
    source: ModelSource
    facts: FactSet


SPEC = StudySpec(
    study=StudySection(id="s", title="T"),
    model=ModelSection(hub="m"),
    facts=FactsSection(file="f.csv", relations={"r": RelationSection(template="{subject} {object}")}),
)
FRANCE = Fact("France", "r", "Paris", True, "p1", {"continent": "Europe"}, "{subject} {object}")
LIE = replace(FRANCE, object="Rome", truth=False)
FACTS = FactSet((FRANCE, LIE), (), "f.csv")


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795519572")


def planned(spec: StudySpec = SPEC, facts: FactSet = FACTS, identity: str = "commit:abc") -> Planned:
    source = ModelSource(name="m", identity=identity, origin="a hub")
    return Planned(SpecFile(path=Path("s.yml"), text="", spec=spec), source, facts)


def with_tests(**settings: object) -> StudySpec:
    return SPEC.model_copy(update={"tests": TestsSection(**settings)})


def with_contrast(**changes: object) -> StudySpec:
    return SPEC.model_copy(update={"contrasts": (SPEC.contrasts[0].model_copy(update=changes),)})


def told(spec: StudySpec = SPEC, facts: FactSet = FACTS, identity: str = "commit:abc") -> list[str]:
    """How what was locked as it is above would deviate, were it this instead."""
    return [str(deviation) for deviation in deviations(lock_of(planned()), planned(spec, facts, identity))]


def test_a_study_keeps_to_its_own_lock() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"alpha": 0.01}, "tests: `alpha` was 0.05, is 0.01"),
        ({"smallest_effect": 0.02}, "tests: `smallest_effect` was 0.01, is 0.02"),
        ({"headline": "holm"}, "tests: `headline` was max_t, is holm"),
        ({"test": "welch"}, "tests: `test` was auto, is welch"),
        ({"alternative": "greater"}, "tests: `alternative` was two-sided, is greater"),
        ({"cluster": "subject"}, "tests: `cluster` was none, is subject"),
        ({"split": 0.5}, "tests: `split` was none, is 0.5"),
        ({"family": "study"}, "tests: `family` was contrast, is study"),
        ({"resamples": 999}, "tests: `resamples` was 10000, is 999"),
        ({"seed": 1}, "tests: `seed` was 0, is 1"),
    ],
)
def test_every_setting_of_the_tests_that_decides_is_told_in_words(settings: dict[str, object], expected: str) -> None:
    assert told(with_tests(**settings)) == [expected]


def test_what_is_merely_shown_decides_nothing() -> None:
    assert told(with_tests(corrections=("none", "max_t"))) == []
    assert told(with_contrast(title="Another title")) == []
    renamed = SPEC.contrasts[0].a.model_copy(update={"name": "another name"})
    assert told(with_contrast(a=renamed)) == []
    assert told(SPEC.model_copy(update={"study": StudySection(id="s", title="Another", authors=("Ada",))})) == []


def test_a_changed_contrast_is_told_by_its_filter() -> None:
    narrowed = StatementSet(name="true", where={"truth": True, "continent": ("Europe", "Asia")})
    assert told(with_contrast(a=narrowed)) == ["contrasts: `truth.a.where.continent` was none, is Europe, Asia"]
    assert told(with_contrast(a=StatementSet(name="true", where={"truth": 1}))) == [
        "contrasts: `truth.a.where.truth` was true, is 1"
    ]


def test_a_filter_by_a_column_called_title_decides() -> None:
    by_title = StatementSet(name="true", where={"truth": True, "title": "king"})
    assert told(with_contrast(a=by_title)) == ["contrasts: `truth.a.where.title` was none, is king"]


def test_a_contrast_that_came_later_is_told() -> None:
    second = ContrastSection(id="second", title="S", a=SPEC.contrasts[0].b, b=SPEC.contrasts[0].a)
    more = SPEC.model_copy(update={"contrasts": (*SPEC.contrasts, second)})
    assert told(more) == [
        "contrasts: `second.a.where.truth` was none, is false",
        "contrasts: `second.b.where.truth` was none, is true",
    ]


def test_another_model_measure_or_study_is_told() -> None:
    assert told(identity="commit:def") == ["model: `identity` was commit:abc, is commit:def"]
    measure = SPEC.measure.model_copy(update={"aggregation": "max"})
    assert told(SPEC.model_copy(update={"measure": measure})) == ["measure: `aggregation` was sum, is max"]
    other = SPEC.model_copy(update={"study": StudySection(id="other", title="T")})
    assert told(other) == ["study: `s` was locked, this is `other`"]


def test_facts_are_told_by_number_or_as_changed() -> None:
    fewer = replace(FACTS, facts=(FRANCE,))
    assert told(facts=fewer) == ["facts: `false facts` was 1, is 0"]
    moved = replace(FACTS, facts=(replace(FRANCE, object="Lyon"), LIE))
    assert told(facts=moved) == ["facts: the facts are not those that were locked"]
    column = replace(FACTS, facts=(replace(FRANCE, columns={"continent": "Asia"}), LIE))
    assert told(facts=column) == ["facts: the facts are not those that were locked"]
    worded = replace(FACTS, facts=tuple(replace(fact, template="{subject}: {object}") for fact in FACTS.facts))
    assert told(facts=worded) == ["facts: `template of r` was {subject} {object}, is {subject}: {object}"]


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    lock = lock_of(planned(), after_results=True)
    write_lock(lock, tmp_path / "s.lock.json")
    assert read_lock(tmp_path / "s.lock.json") == lock
    assert lock_path(tmp_path / "s.yml") == tmp_path / "s.lock.json"
    assert lock_beside(tmp_path / "s.yml") == lock
    assert lock_beside(tmp_path / "t.yml") is None


def test_two_locks_of_one_moment_are_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_lock(lock_of(planned()), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_locking_again_remembers_every_lock_before(monkeypatch: pytest.MonkeyPatch) -> None:
    first = lock_of(planned())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795700000")
    second = lock_of(planned(), after_results=True, earlier=first)
    third = lock_of(planned(), earlier=second)
    assert [(one.date[:10], one.after_results) for one in third.history] == [
        ("2026-11-24", False),
        ("2026-11-26", True),
    ]
    assert third.whole


def text(lock: Lock | None, spec: StudySpec = SPEC) -> str:
    found = () if lock is None else deviations(lock, planned(spec))
    blocks = lock_blocks(lock, found)
    return " ".join(str(block.text).replace("\\", "") for block in blocks)


def test_the_chip_says_whether_the_study_keeps_to_its_lock() -> None:
    lock = lock_of(planned())
    assert state_text(None, ()) == "exploratory"
    assert state_text(lock, ()) == "as locked on 2026-11-24"
    assert state_text(lock_of(planned(), after_results=True), ()) == "locked on 2026-11-24, after results"
    assert state_text(lock, deviations(lock, planned(with_tests(alpha=0.01)))) == "deviates from its lock"


def test_the_section_tells_when_it_was_locked_and_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = lock_of(planned())
    assert "not locked before results existed" in text(None)
    assert "locked on 2026-11-24" in text(lock)
    assert "before this study had results" in text(lock)
    assert "Nothing of it has changed since" in text(lock)
    changed = text(lock, with_tests(alpha=0.01, seed=3))
    callout = lock_blocks(lock, deviations(lock, planned(with_tests(alpha=0.01, seed=3))))[-1]
    assert (callout.kind, callout.title) == ("warning", "2 deviations from the lock")
    assert "[alpha]{.code} was 0.05, is 0.01" in changed
    assert "Nothing of it" not in changed
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795700000")
    again = text(lock_of(planned(), after_results=True, earlier=lock))
    assert "locked again on 2026-11-26; earlier locks were of 2026-11-24" in again
    assert "it cannot count as confirmatory" in again
