"""False objects by what a model finds likely: the best of all balanced rearrangements, never true, and told how near they are.

What the model finds is planted here; `test_likely_objects` asks a model.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import InputError
from reportgen.facts import likely_twins
from reportgen.facts.fact import Fact, FactSet
from reportgen.facts.likely_twins import Nats, UnaskedError
from reportgen.facts.load import load_facts
from reportgen.notices import Notice
from reportgen.report.methods import methods
from reportgen.spec.facts_section import FactSection, FactsSection, RelationSection
from tests import planted
from tests.unit.test_capture_words import RUN
from tests.unit.test_statements import tokenizer

Method = Literal["matched_log_probability", "nearest"]
METHODS: tuple[Method, ...] = ("matched_log_probability", "nearest")
TEMPLATE = "{subject} has {object}"
SPEC = Path("study.yml")
bounded = settings(max_examples=60, deadline=None)

facts_of_a_relation = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=2, max_size=7, unique=True)


@dataclass
class Planted:
    """A model that finds objects as likely as a hash of what it reads; it remembers what it was asked."""

    seed: int = 0
    told: Mapping[tuple[str, str], float] = field(default_factory=dict)
    asked: list[Fact] = field(default_factory=list)

    def __call__(self, facts: Sequence[Fact]) -> Nats:
        self.asked += facts
        return np.array([self.of(fact) for fact in facts])

    def of(self, fact: Fact) -> float:
        if (fact.subject, fact.object) in self.told:
            return self.told[fact.subject, fact.object]
        return -10 * float(np.random.default_rng([self.seed, *fact.worded().text.encode()]).random())


def load(
    pairs: Sequence[tuple[object, object]],
    method: Method,
    likely: Callable[[Sequence[Fact]], Nats],
    *templates: str,
    seed: int = 0,
    limit: int | None = None,
) -> FactSet:
    wording = {"templates": templates} if len(templates) > 1 else {"template": templates[0] if templates else TEMPLATE}
    section = FactsSection(
        items=tuple(FactSection(relation="r", subject=f"s{one}", object=f"o{other}") for one, other in pairs),
        relations={"r": RelationSection(**wording)},
        false_objects=method,
        seed=seed,
    )
    return load_facts(section, SPEC, len, limit, likely)


def twins(found: FactSet) -> list[tuple[Fact, Fact]]:
    return list(zip(found.facts[::2], found.facts[1::2], strict=True))


def notice(found: FactSet, words: str) -> Notice:
    return next(notice for notice in found.notices if words in notice.message)


def cost(method: Method, model: Planted, true: Fact, false: str) -> float:
    own = model.of(true)
    other = model.of(Fact(true.subject, "r", false, False, "", {}, TEMPLATE))
    return abs(own - other) if method == "matched_log_probability" else -other


def by_trying(method: Method, model: Planted, pairs: Sequence[tuple[int, int]]) -> tuple[int, float]:
    """How many facts any balanced rearrangement serves at most, and the least cost of those that serve so many."""
    facts = [Fact(f"s{one}", "r", f"o{other}", True, "", {}, TEMPLATE) for one, other in pairs]
    true = {(fact.subject, fact.object) for fact in facts}
    things = [fact.object for fact in facts]
    own = [[fact.object == thing for thing in things] for fact in facts]
    barred = [[(fact.subject, thing) in true and fact.object != thing for thing in things] for fact in facts]
    costs = [[0.0 if fact.object == thing else cost(method, model, fact, thing) for thing in things] for fact in facts]
    best = (0, 0.0)
    for order in permutations(range(len(facts))):
        cells = list(enumerate(order))
        if not any(barred[i][j] for i, j in cells):
            best = max(best, (sum(not own[i][j] for i, j in cells), -sum(costs[i][j] for i, j in cells)))
    return best[0], -best[1]


@given(facts_of_a_relation, st.integers(0, 5), st.sampled_from(METHODS))
@bounded
def test_no_balanced_rearrangement_serves_more_or_does_better(
    pairs: list[tuple[int, int]], seed: int, method: Method
) -> None:
    model = Planted(seed)
    served, least = by_trying(method, model, pairs)
    if not served:
        with pytest.raises(InputError, match="no fact is left to study"):
            load(pairs, method, model)
        return
    found = twins(load(pairs, method, model))
    assert len(found) == served
    assert sum(cost(method, model, true, false.object) for true, false in found) == pytest.approx(least, abs=0.02)


@given(facts_of_a_relation, st.sampled_from(METHODS))
@bounded
def test_both_sides_hold_each_object_equally_often_and_nothing_false_is_true(
    pairs: list[tuple[int, int]], method: Method
) -> None:
    true = {(f"s{one}", f"o{other}") for one, other in pairs}
    try:
        found = twins(load(pairs, method, Planted()))
    except InputError:
        return
    assert Counter(one.object for one, _ in found) == Counter(other.object for _, other in found)
    assert not {(other.subject, other.object) for _, other in found} & true
    assert all(one.subject == other.subject and one.pair == other.pair for one, other in found)


CROSSED = {("s0", "o0"): -1.0, ("s1", "o1"): -2.0, ("s2", "o2"): -6.0, ("s3", "o3"): -7.0} | {
    (f"s{i}", f"o{j}"): -9.0 if (i < 2) == (j < 2) else -6.5 for i in range(4) for j in range(4) if i != j
}
FOUR = [(i, i) for i in range(4)]


def test_the_two_methods_want_different_things() -> None:
    told = {**CROSSED, ("s0", "o1"): -1.5, ("s1", "o0"): -0.5, ("s2", "o3"): -7.0, ("s3", "o2"): -6.5}
    near = load(FOUR, "matched_log_probability", Planted(told=told))
    assert [false.object for _, false in twins(near)] == ["o1", "o0", "o3", "o2"]
    assert notice(near, "in the median pair").message == (
        "A true object and its false one differ by 0.75 nats in the median pair by how likely the model finds them, by more "
        "than 2.5 in 0 of 4 pairs; in 0 pairs they differ in their number of tokens."
    )
    told |= {("s2", "o0"): -0.1, ("s0", "o2"): -0.1, ("s3", "o1"): -0.1, ("s1", "o3"): -0.1}
    hard = load(FOUR, "nearest", Planted(told=told))
    assert [false.object for _, false in twins(hard)] == ["o2", "o3", "o0", "o1"]
    assert notice(hard, "finds the false object likelier").items[2] == "s2 / r / o2; false: o0 (5.90 nats)"
    assert notice(hard, "finds the false object likelier").message.startswith("In 4 of 4 pairs")
    assert len(notice(hard, "in the median pair").items) == 2


def test_objects_that_differ_in_their_number_of_tokens_are_counted() -> None:
    found = load([(0, 0), (1, 11)], "nearest", Planted())
    assert "in 2 pairs they differ in their number of tokens" in notice(found, "in the median pair").message


def test_what_is_true_of_the_subject_is_not_asked_about_and_each_question_is_asked_once() -> None:
    model = Planted()
    load([(0, 0), (0, 1), (1, 2)], "nearest", model)
    asked = [(fact.subject, fact.object) for fact in model.asked]
    assert sorted(asked) == sorted(
        [("s0", "o0"), ("s0", "o2"), ("s0", "o1"), ("s0", "o2"), ("s1", "o0"), ("s1", "o1"), ("s1", "o2")]
    )
    assert [fact.object for fact in model.asked if fact.truth] == ["o0", "o1", "o2"]


@pytest.mark.parametrize("method", METHODS)
def test_one_object_for_all_is_nothing_to_exchange_and_nobody_is_asked(method: Method) -> None:
    model = Planted()
    with pytest.raises(InputError, match="every object of its relation is true of its subject"):
        load([(0, 0), (1, 0), (2, 0)], method, model)
    assert not model.asked


@pytest.mark.parametrize("method", METHODS)
def test_a_fact_that_has_no_place_is_left_out_and_an_object_that_has_none_is_not_given(method: Method) -> None:
    told = {("s0", "o0"): np.nan, ("s1", "o2"): np.nan, ("s2", "o1"): -0.001}
    found = load(FOUR, method, Planted(told=told))
    assert {true.subject for true, _ in twins(found)} == {"s1", "s2", "s3"}
    assert ("s1", "o2") not in {(false.subject, false.object) for _, false in twins(found)}
    assert notice(found, "1 of 4 true facts are left out").items == (
        "s0 / r / o0: the model cannot be asked for its object: no template has a place for it behind the subject",
    )


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_model_that_finds_nothing_leaves_nothing(value: float) -> None:
    with pytest.raises(InputError, match="no fact is left to study"):
        load(FOUR, "matched_log_probability", lambda facts: np.full(len(facts), value))


def test_templates_that_name_the_object_first_are_not_asked() -> None:
    model = Planted()
    found = load(FOUR, "nearest", model, "{object} is of {subject}", TEMPLATE)
    assert {fact.template for fact in model.asked} == {TEMPLATE}
    assert len(found.facts) == 16
    with pytest.raises(InputError, match="no template has a place for it behind the subject"):
        load(FOUR, "nearest", model, "{object} is of {subject}")


def test_several_templates_count_equally() -> None:
    other = "{subject} owns {object}"
    rng = np.random.default_rng(3)
    values = {template: rng.normal(-20, 3, (4, 4)) for template in (TEMPLATE, other)}

    def likely(facts: Sequence[Fact]) -> Nats:
        return np.array([values[fact.template][int(fact.subject[1:]), int(fact.object[1:])] for fact in facts])

    mean = sum(values.values()) / 2
    allowed = [order for order in permutations(range(4)) if all(i != j for i, j in enumerate(order))]
    best = max(allowed, key=lambda order: sum(mean[i, j] for i, j in enumerate(order)))
    found = twins(load(FOUR, "nearest", likely, TEMPLATE, other))[::2]
    assert [false.object for _, false in found] == [f"o{j}" for j in best]


def test_a_form_of_the_object_is_what_the_model_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("subject,relation,object,object_in\ns0,r,o0,in 0\ns1,r,o1,in 1\ns2,r,o2,in 2\n")
    section = FactsSection(
        file="f.csv",
        relations={"r": RelationSection(template="{subject} is {object_in}")},
        false_objects="nearest",
    )
    model = Planted()
    load_facts(section, tmp_path / "s.yml", len, likely=model)
    assert {fact.worded().text for fact in model.asked} == {f"s{i} is in {j}" for i in range(3) for j in range(3)}


@pytest.mark.parametrize("method", METHODS)
def test_a_long_relation_is_handed_round_in_blocks(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likely_twins, "BLOCK", 5)
    pairs = [(i, i % 9) for i in range(23)]
    model = Planted()
    found = load(pairs, method, model)
    assert len(model.asked) <= 23 * 5
    assert len(twins(found)) == 23
    assert Counter(one.object for one, _ in twins(found)) == Counter(other.object for _, other in twins(found))
    again, otherwise = load(pairs, method, Planted()), load(pairs, method, Planted(), seed=1)
    assert again == found
    assert otherwise != found


def test_a_limit_asks_about_the_first_facts_alone() -> None:
    model = Planted()
    found = load([(i, i) for i in range(9)], "nearest", model, limit=3)
    assert {fact.subject for fact in model.asked} == {"s0", "s1", "s2"}
    assert len(found.facts) == 6


def test_the_last_digits_decide_nothing() -> None:
    rng = np.random.default_rng(0)

    @dataclass
    class Noisy(Planted):
        def of(self, fact: Fact) -> float:
            return round(super().of(fact), 2) + float(rng.normal(0, 1e-5))

    pairs = [(i, i) for i in range(12)]
    for method in METHODS:
        assert load(pairs, method, Noisy()).facts == load(pairs, method, Noisy()).facts


@pytest.mark.parametrize("method", METHODS)
def test_nobody_is_asked_who_is_not_there(method: Method) -> None:
    section = FactsSection(
        items=tuple(FactSection(relation="r", subject=f"s{i}", object=f"o{i}") for i in range(3)),
        relations={"r": RelationSection(template=TEMPLATE)},
        false_objects=method,
    )
    with pytest.raises(UnaskedError, match="9 statements"):
        load_facts(section, SPEC, len)


@pytest.mark.parametrize(
    ("method", "words"), [("matched_log_probability", "the distance between log p"), ("nearest", "hard negatives")]
)
def test_the_methods_say_how_false_objects_came_about(tmp_path: Path, method: Method, words: str) -> None:
    made = planted.statements(10)
    results = planted.results(made, planted.values(made, {}))
    facts = results.plan.file.spec.facts.model_copy(update={"false_objects": method})
    spec = results.plan.file.spec.model_copy(update={"facts": facts})
    file = results.plan.file.model_copy(update={"spec": spec})
    plan = replace(results.plan, file=file, tokenizer=tokenizer(tmp_path))
    told = " ".join(methods(replace(results, plan=plan, captured=replace(results.captured, runs=(RUN,)))))
    assert words in told
    assert "more than 200 facts were parted at random" in told
    assert "[@crouse2016]" in told
