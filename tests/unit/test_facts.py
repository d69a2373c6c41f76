"""False twins: balanced, never true, as many as can be, and the same on every machine."""

import os
import subprocess
import sys
from collections import Counter
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.errors import InputError
from reportgen.facts import derange as derange_module
from reportgen.facts.derange import derange
from reportgen.facts.fact import Fact, FactSet
from reportgen.facts.load import load_facts
from reportgen.notices import Notice
from reportgen.spec.load import load_spec
from reportgen.spec.model import FactSection, FactsSection, FalseObjects, RelationSection

SPECS = Path(__file__).parents[2] / "specs"
SPEC = Path("study.yml")
TEMPLATE = "{subject} is {object}"
bounded = settings(max_examples=150, deadline=None)

# (subject, object) of one relation: few of each, so that subjects share objects and hold several.
facts_of_a_relation = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=14, unique=True)


def section(*items: tuple[str, ...], false_objects: FalseObjects = "derangement", seed: int = 0) -> FactsSection:
    """Facts of the relation "r" inline; a third value is the false object."""
    names = ("subject", "object", "false_object")
    return FactsSection(
        items=tuple(FactSection(relation="r", **dict(zip(names, item, strict=False))) for item in items),
        relations={"r": RelationSection(template="{subject} r {object}")},
        false_objects=false_objects,
        seed=seed,
    )


def from_csv(tmp_path: Path, text: str, method: FalseObjects = "given", limit: int | None = None) -> FactSet:
    (tmp_path / "facts.csv").write_text(text, encoding="utf-8")
    relations = {name: RelationSection(template=TEMPLATE) for name in ("r", "q")}
    facts = FactsSection(file="facts.csv", relations=relations, false_objects=method)
    return load_facts(facts, tmp_path / "study.yml", len, limit)


def load(facts: FactsSection, limit: int | None = None) -> FactSet:
    return load_facts(facts, SPEC, len, limit)


def twins(found: FactSet) -> list[tuple[Fact, Fact]]:
    return list(zip(found.facts[::2], found.facts[1::2], strict=True))


def notice(found: FactSet, words: str) -> Notice:
    return next(notice for notice in found.notices if words in notice.message)


def truths(pairs: list[tuple[int, int]]) -> list[frozenset[str]]:
    return [frozenset(str(thing) for other, thing in pairs if other == subject) for subject, _ in pairs]


def most_that_can_be_served(objects: list[str], true: list[frozenset[str]]) -> int:
    """By trying every rearrangement in which each fact receives an allowed object or keeps its own."""
    served = []
    for order in permutations(objects):
        kept = [new == own for new, own in zip(order, objects, strict=True)]
        if all(new not in banned or own for new, banned, own in zip(order, true, kept, strict=True)):
            served.append(len(objects) - sum(kept))
    return max(served)


# --- the rearrangement itself


@given(facts_of_a_relation, st.integers(0, 3))
@bounded
def test_nobody_receives_a_true_object_and_both_sides_hold_the_same(pairs: list[tuple[int, int]], seed: int) -> None:
    objects, true = [str(thing) for _, thing in pairs], truths(pairs)
    found = derange(objects, true, np.random.default_rng(seed))
    served = [(own, new) for own, new in zip(objects, found, strict=True) if new is not None]
    assert all(new not in banned for new, banned in zip(found, true, strict=True))
    assert Counter(own for own, _ in served) == Counter(new for _, new in served)
    assert found == derange(objects, true, np.random.default_rng(seed))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=6, unique=True))
@bounded
def test_no_rearrangement_serves_more_facts(pairs: list[tuple[int, int]]) -> None:
    objects, true = [str(thing) for _, thing in pairs], truths(pairs)
    found = derange(objects, true, np.random.default_rng(0))
    assert sum(new is not None for new in found) == most_that_can_be_served(objects, true)


@given(facts_of_a_relation)
@bounded
def test_a_sample_in_place_of_the_whole_keeps_every_promise(pairs: list[tuple[int, int]]) -> None:
    objects, true = [str(thing) for _, thing in pairs], truths(pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(derange_module, "EXACT_UP_TO", 4)
        found = derange(objects, true, np.random.default_rng(0))
    served = [(own, new) for own, new in zip(objects, found, strict=True) if new is not None]
    assert all(new not in banned for new, banned in zip(found, true, strict=True))
    assert Counter(own for own, _ in served) == Counter(new for _, new in served)


def test_a_subject_with_several_true_objects_never_receives_one_of_them() -> None:
    facts = section(("Swiss", "German"), ("Swiss", "French"), ("Japan", "Japanese"), ("Peru", "Spanish"))
    for seed in range(20):
        found = load(facts.model_copy(update={"seed": seed}))
        received = {false.object for true, false in twins(found) if true.subject == "Swiss"}
        assert received == {"Japanese", "Spanish"}


def test_the_seed_decides_and_different_seeds_differ() -> None:
    items = [(f"s{number}", f"o{number}") for number in range(30)]
    first, again, other = (load(section(*items, seed=seed)).facts for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_relation_keeps_its_twins_when_another_one_grows(tmp_path: Path) -> None:
    small = "subject,relation,object\n" + "".join(f"s{n},r,o{n}\n" for n in range(20)) + "x,q,1\ny,q,2\n"
    grown = small.replace("x,q,1\n", "z,q,3\nx,q,1\n")
    kept = [
        [fact for fact in from_csv(tmp_path, text, "derangement").facts if fact.relation == "r"]
        for text in (small, grown)
    ]
    assert kept[0] == kept[1]


CHILD = """
from pathlib import Path
from reportgen.facts.load import load_facts
from reportgen.spec.load import load_spec
found = load_spec(Path({path!r}))
print([fact.object for fact in load_facts(found.spec.facts, found.path, len).facts])
"""


def test_the_order_of_hashing_changes_nothing() -> None:
    script = CHILD.format(path=str(SPECS / "capitals.yml"))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def different(number: int) -> tuple[str, str]:
    return f"s{number}", f"o{number}"


def half_alike(number: int) -> tuple[str, str]:
    return f"s{number}", "Russia" if number % 2 else f"o{number}"


def mostly_alike(number: int) -> tuple[str, str]:
    return f"s{number}", "Russia" if number % 10 < 7 else f"o{number}"


def one_subject_holds_most(number: int) -> tuple[str, str]:
    return ("Swiss" if number % 10 < 7 else f"s{number}"), f"o{number}"


@pytest.mark.parametrize(
    ("shape", "served"),
    [(different, 10_000), (half_alike, 10_000), (mostly_alike, 6_000), (one_subject_holds_most, 6_000)],
)
def test_ten_thousand_facts_of_awkward_shapes_are_handed_round(shape, served: int) -> None:  # type: ignore[no-untyped-def]
    pairs = [shape(number) for number in range(10_000)]
    held: dict[str, set[str]] = {}
    for subject, thing in pairs:
        held.setdefault(subject, set()).add(thing)
    frozen = {subject: frozenset(things) for subject, things in held.items()}
    objects, true = [thing for _, thing in pairs], [frozen[subject] for subject, _ in pairs]
    found = derange(objects, true, np.random.default_rng(0))
    assert sum(new is not None for new in found) == served


# --- twins of the same length


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from(["a", "b", "cc", "dd", "eee", "ffff"])),
        min_size=2,
        max_size=16,
        unique=True,
    )
)
@bounded
def test_matched_twins_are_balanced_and_false(pairs: list[tuple[int, str]]) -> None:
    facts = section(*((str(subject), thing) for subject, thing in pairs), false_objects="matched_derangement")
    try:
        found = load(facts)
    except InputError:
        return  # nothing can be had from these facts; another test says when
    stated = {(str(subject), thing) for subject, thing in pairs}
    assert all((false.subject, false.object) not in stated for _, false in twins(found))
    assert Counter(true.object for true, _ in twins(found)) == Counter(false.object for _, false in twins(found))
    left_out = [item for notice in found.notices if notice.kind == "left out" for item in notice.items]
    assert len(left_out) + len(twins(found)) == len(pairs)


def test_objects_are_exchanged_among_those_with_as_many_tokens() -> None:
    items = [(f"s{size}{number}", chr(97 + number) * size) for size in (1, 2, 3) for number in range(6)]
    found = load(section(*items, false_objects="matched_derangement"))
    assert len(twins(found)) == 18
    assert all(len(true.object) == len(false.object) for true, false in twins(found))


def test_leftovers_of_different_lengths_are_exchanged_among_themselves() -> None:
    facts = section(("s1", "a"), ("s2", "b"), ("s3", "ccc"), ("s4", "dddd"), false_objects="matched_derangement")
    received = {true.subject: false.object for true, false in twins(load(facts))}
    assert received == {"s1": "b", "s2": "a", "s3": "dddd", "s4": "ccc"}


def test_a_fact_without_any_partner_is_left_out_by_name() -> None:
    facts = section(("s1", "a"), ("s2", "b"), ("s3", "ccc"), false_objects="matched_derangement")
    found = load(facts)
    assert [true.subject for true, _ in twins(found)] == ["s1", "s2"]
    assert notice(found, "1 of 3 true facts are left out") == Notice(
        "left out",
        "1 of 3 true facts are left out: no false object can be had for them.",
        ("s3 / r / ccc: no false object with as many tokens, nor one among the facts that had none either",),
    )


def test_what_one_object_outnumbers_is_left_out_and_the_rest_stays_balanced() -> None:
    found = load(section(("s1", "a"), ("s2", "a"), ("s3", "a"), ("s4", "b")))
    assert sorted(true.object for true, _ in twins(found)) == ["a", "b"]
    left_out = notice(found, "2 of 4 true facts are left out")
    assert all(item.endswith("no rearrangement of the relation's objects reaches it") for item in left_out.items)


def test_a_subject_of_which_everything_is_true_says_so() -> None:
    facts = section(("s1", "a"), ("s1", "b"), ("s1", "c"), ("s2", "a"), ("s3", "b"))
    left_out = notice(load(facts), "left out")
    assert "s1 / r / a: every object of its relation is true of its subject" in left_out.items


def test_tokens_are_counted_once_for_each_object() -> None:
    asked: list[str] = []

    def count(text: str) -> int:
        asked.append(text)
        return 1

    load_facts(section(("s1", "a"), ("s2", "a"), ("s3", "b"), ("s4", "b")), SPEC, count)
    assert asked == []
    load_facts(section(("s1", "a"), ("s2", "b"), ("s3", "a"), false_objects="matched_derangement"), SPEC, count)
    assert sorted(asked) == ["a", "b"]


# --- twins that the author gives


def test_given_false_objects_follow_their_true_facts() -> None:
    found = load(section(("Paris", "France", "Spain"), ("Rome", "Italy", "Peru"), false_objects="given"))
    assert [(fact.subject, fact.object, fact.truth, fact.pair) for fact in found.facts] == [
        ("Paris", "France", True, "p001"),
        ("Paris", "Spain", False, "p001"),
        ("Rome", "Italy", True, "p002"),
        ("Rome", "Peru", False, "p002"),
    ]


def test_rows_are_joined_by_pair_wherever_they_stand(tmp_path: Path) -> None:
    text = "subject,relation,object,truth,pair,hue\ns,r,no,false,x,red\nt,r,a,true,,\ns,r,yes,true,x,blue\n"
    found = from_csv(tmp_path, text)
    assert found.facts == (
        Fact("t", "r", "a", True, "p001", {"hue": ""}, TEMPLATE),
        Fact("s", "r", "yes", True, "x", {"hue": "blue"}, TEMPLATE),
        Fact("s", "r", "no", False, "x", {"hue": "red"}, TEMPLATE),
    )
    assert notice(found, "1 true and 0 false facts have no twin").items == ("t / r / a",)


def test_rows_without_pair_stay_unpaired_and_in_order(tmp_path: Path) -> None:
    found = from_csv(tmp_path, "subject,relation,object,truth\ns,r,a,TRUE\nt,r,b,False\ns,r,c,false\n")
    assert [(fact.pair, fact.truth) for fact in found.facts] == [
        ("p001", True),
        ("p002", False),
        ("p003", False),
    ]


def test_numbered_pairs_keep_clear_of_the_authors_own(tmp_path: Path) -> None:
    text = "subject,relation,object,false_object,pair\ns,r,a,b,\nt,r,c,d,p001\nu,r,e,f,\n"
    assert [fact.pair for fact in from_csv(tmp_path, text).facts[::2]] == ["p002", "p001", "p003"]


def test_false_objects_that_the_method_does_not_use_are_named() -> None:
    found = load(section(("Paris", "France", "Spain"), ("Rome", "Italy")))
    assert notice(found, "1 false facts that the source gives are not used").items == ("Paris / r / Spain",)


# --- limit, columns, source


def test_the_limit_counts_true_facts_and_keeps_their_ids() -> None:
    items = [(f"s{number}", f"o{number}") for number in range(20)]
    found = load(section(*items), limit=5)
    assert [true.subject for true, _ in twins(found)] == ["s0", "s1", "s2", "s3", "s4"]
    assert [true.pair for true, _ in twins(found)] == ["p001", "p002", "p003", "p004", "p005"]
    assert {false.object for _, false in twins(found)} == {f"o{number}" for number in range(5)}


def test_the_limit_keeps_the_twins_of_the_facts_that_it_keeps(tmp_path: Path) -> None:
    text = "subject,relation,object,truth,pair\n" + "".join(
        f"s{n},r,a{n},true,x{n}\ns{n},r,b{n},false,x{n}\n" for n in range(9)
    )
    found = from_csv(tmp_path, text + "u,r,c,false,\nv,r,d,false,\nw,r,e,false,\n", limit=2)
    assert [fact.subject for fact in found.facts] == ["s0", "s0", "s1", "s1", "u", "v"]


@pytest.mark.parametrize("seed", range(10))
def test_a_fact_beyond_the_limit_still_keeps_a_twin_from_being_true(seed: int) -> None:
    items = [("Swiss", "German"), ("Italy", "Italian"), ("Peru", "Spanish"), ("Swiss", "Italian")]
    for true, false in twins(load(section(*items, seed=seed), limit=3)):
        assert (true.subject, false.object) not in items


def test_other_columns_follow_both_twins_and_the_header_comment_reaches_the_page(tmp_path: Path) -> None:
    comment = "# Source: an atlas.\r\n#\r\n# Licence: CC0\r\n\r\n"
    rows = "subject,relation,object,sea\r\ns,r,a,yes\r\nt,r,b,no\r\n"
    found = from_csv(tmp_path, comment + rows, "derangement")
    assert [fact.columns for fact in found.facts] == [{"sea": "yes"}] * 2 + [{"sea": "no"}] * 2
    assert found.source == "The facts stand in facts.csv.\nSource: an atlas.\n\nLicence: CC0"
    assert found.templates == {"r": (TEMPLATE,)}


def test_the_source_names_no_folder_of_the_author(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "facts.csv").write_text("subject,relation,object\ns,r,a\nt,r,b\n", encoding="utf-8")
    for file in ("../facts.csv", str(tmp_path / "facts.csv")):
        facts = FactsSection(file=file, relations={"r": RelationSection(template="{subject} {object}")})
        assert load_facts(facts, tmp_path / "here" / "study.yml", len).source == "The facts stand in facts.csv."


# --- guards


def test_unbalanced_objects_are_counted_and_named() -> None:
    found = load(section(("s", "a", "b"), ("t", "a", "c"), ("u", "b", "a"), false_objects="given"))
    unbalanced = notice(found, "unequally often")
    assert unbalanced.message.startswith("2 of 3 objects")
    assert unbalanced.items == ("r / a: 2 true, 1 false", "r / c: 0 true, 1 false")


def test_rearranged_objects_are_never_called_unbalanced() -> None:
    found = load(section(*((f"s{number}", f"o{number % 4}") for number in range(40))))
    assert found.notices == ()


@pytest.mark.parametrize(
    ("subject", "thing", "told"),
    [
        ("The city of PARIS", "paris", True),
        ("Guatemala", "Guatemala City", True),
        ("Straße 5", "STRASSE", True),
        ("C++ (language)", "C++", True),
        ("Tunisia", "Tunis", False),
        ("Oman", "Romania", False),
    ],
)
def test_an_answer_in_the_question_is_listed(subject: str, thing: str, told: bool) -> None:
    found = load(section((subject, thing, "zzz"), ("t", "b", "y"), false_objects="given"))
    listed = [item for notice in found.notices if "give" in notice.message for item in notice.items]
    assert listed == ([f"{subject} / r / {thing}"] if told else [])


@pytest.mark.parametrize(("number", "told"), [(7, True), (8, False)])
def test_fewer_than_eight_pairs_are_few(number: int, told: bool) -> None:
    found = load(section(*((f"s{n}", f"o{n}") for n in range(number))))
    assert any("rests on" in notice.message for notice in found.notices) is told


def test_subjects_of_several_facts_are_clusters() -> None:
    found = load(section(("s", "a"), ("s", "b"), ("t", "c"), ("u", "d")))
    assert notice(found, "1 subject stands in several facts (2 of 4 true ones)").items == ("s: 2 true facts",)


def test_a_false_fact_given_twice_is_named() -> None:
    found = load(section(("s", "a", "c"), ("s", "b", "c"), false_objects="given"))
    assert notice(found, "1 false fact stands in the study more than once").items == ("s / r / c: 2 times",)


# --- the ready specs


def test_the_capitals_are_many_balanced_and_free_of_doubts() -> None:
    study = load_spec(SPECS / "capitals.yml")
    found = load_facts(study.spec.facts, study.path, lambda text: text.count(" ") + 1)
    assert len(twins(found)) >= 150
    assert not any(notice.kind == "warning" for notice in found.notices)
    assert "CC BY 4.0" in found.source
    assert "Dropped, 15:" in found.source
    said = {true.subject: true.object for true, _ in twins(found)}
    assert said["the United States"] == "Washington"
    assert said["Kazakhstan"] == "Astana"
    assert said["Brazil"] == "Brasília"


def test_the_notebook_has_its_twelve_pairs_and_its_imbalance_is_told() -> None:
    study = load_spec(SPECS / "notebook.yml")
    found = load_facts(study.spec.facts, study.path, len)
    assert len(twins(found)) == 12
    assert len(found.templates) == 5
    assert "located in / New York: 1 true, 0 false" in notice(found, "unequally often").items
