"""Which universes there are: every combination that can be, the study's own among them, each reading once."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer as Fast
from tokenizers import models, pre_tokenizers

from reportgen.contrasts import Labels
from reportgen.facts.fact import Fact, FactSet
from reportgen.models.tokenizer import Tokenizer
from reportgen.scores import label_columns
from reportgen.spec.model import ContrastSection, MeasureSection, RobustnessSection, StatementSet, StudySpec
from reportgen.statements import render_statements
from reportgen.universes import (
    Analysis,
    Measure,
    Measures,
    Multiverse,
    Universe,
    measures,
    multiverse,
    own_universe,
)
from tests.planted import SPEC, statements

OWN = Measure("last", "never", "sum")
ENDS_WITH_OBJECT, GOES_ON = "The capital of {subject} is {object}", "The capital of {subject} is {object} , I say"


def tokenizer(folder: Path, bos: str = "<s>") -> Tokenizer:
    words = ["?", "<s>", "The", "capital", "of", "is", ",", "I", "say", "New", *(f"w{i}" for i in range(40))]
    fast = Fast(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="?"))
    fast.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": bos} if bos else {}))
    return Tokenizer(folder)


def facts(template: str, subject: str = "New w{}") -> FactSet:
    listed = [
        Fact(subject.format(i), "r", f"w{20 + (i + shift) % 10}", shift == 0, f"p{i}", {}, template)
        for i in range(10)
        for shift in (0, 1)
    ]
    return FactSet(tuple(listed), (), "")


def spec(robustness: RobustnessSection | None = None, **measure: str) -> StudySpec:
    update = {"robustness": robustness or RobustnessSection(), "measure": MeasureSection(**measure)}  # type: ignore[arg-type]
    return SPEC.model_copy(update=update)


def read(given: FactSet, using: Tokenizer, wanted: StudySpec) -> Measures:
    return measures(given, using, wanted, render_statements(given, using, wanted.measure).statements)


def test_every_reading_is_there_with_the_studys_own_first(tmp_path: Path) -> None:
    found = read(facts(GOES_ON), tokenizer(tmp_path), spec())
    assert found.own == next(iter(found.statements)) == OWN
    assert len(found.statements) == 2 * 3 * 2
    assert found.impossible == {}


def test_positions_and_first_tokens_are_what_they_say(tmp_path: Path) -> None:
    found = read(facts(GOES_ON), tokenizer(tmp_path), spec())
    last = found.statements[OWN][0]
    earlier = found.statements[replace(OWN, query_position="object_last")][0]
    started = found.statements[replace(OWN, prepend_bos="always")][0]
    assert earlier.tokens.ids == last.tokens.ids
    assert earlier.query == last.query - 3
    assert started.tokens.texts[0] == "<s>"
    assert (started.query, started.keys) == (last.query + 1, tuple(key + 1 for key in last.keys))


def test_another_position_reads_the_same_text_and_tokens(tmp_path: Path) -> None:
    found = read(facts(GOES_ON), tokenizer(tmp_path), spec())
    for start in ("never", "always"):
        last, earlier = (found.statements[Measure(at, start, "sum")] for at in ("last", "object_last"))
        assert all(
            a.tokens is b.tokens and a.text is b.text and a.fact is b.fact for a, b in zip(last, earlier, strict=True)
        )


@pytest.mark.parametrize("asked", ["always", "never"])
@pytest.mark.parametrize("span", ["subject", "object", "first", "self", "previous", "relation"])
def test_every_reading_is_what_rendering_anew_gives(tmp_path: Path, asked: str, span: str) -> None:
    using = replace(tokenizer(tmp_path), prepend_bos=asked)  # type: ignore[arg-type]
    wanted = spec(key_span=span)
    given = facts(GOES_ON)
    for measure, statements_ in read(given, using, wanted).statements.items():
        anew = replace(using, prepend_bos=measure.prepend_bos)
        section = wanted.measure.model_copy(update={"query_position": measure.query_position})
        assert statements_ == render_statements(given, anew, section).statements


def test_a_fact_that_the_studys_own_measure_leaves_out_is_read_where_another_can(tmp_path: Path) -> None:
    given = facts(GOES_ON)
    first, second = (
        replace(fact, relation="back", template="{object} , I say of {subject}") for fact in given.facts[:2]
    )
    mixed = FactSet((first, second, *given.facts[2:]), (), "")
    wanted = spec(
        RobustnessSection(query_positions=("last",), prepend_bos=(), aggregations=()), query_position="object_last"
    )
    found = read(mixed, tokenizer(tmp_path), wanted)
    assert [len(read_) for read_ in found.statements.values()] == [18, 20]


def test_a_position_that_is_always_another_one_is_not_counted_twice(tmp_path: Path) -> None:
    found = read(facts(ENDS_WITH_OBJECT), tokenizer(tmp_path), spec())
    assert {measure.query_position for measure in found.statements} == {"last"}
    assert set(found.impossible.values()) == {"in every statement it is the same token as the query position `last`"}


def test_a_span_of_one_token_has_one_aggregation(tmp_path: Path) -> None:
    found = read(facts(GOES_ON, subject="w{}"), tokenizer(tmp_path), spec(aggregation="mean"))
    assert {measure.aggregation for measure in found.statements} == {"mean"}
    assert len(found.impossible) == 2 * 2 * 2
    assert all("single token" in reason for reason in found.impossible.values())


def test_a_first_token_that_the_tokenizer_lacks_is_left_out(tmp_path: Path) -> None:
    found = read(facts(GOES_ON), tokenizer(tmp_path, bos=""), spec())
    assert {measure.prepend_bos for measure in found.statements} == {"never"}
    assert set(found.impossible.values()) == {"the tokenizer has no beginning-of-sequence token"}


@pytest.mark.parametrize(("asked", "bos"), [("auto", "never"), ("always", "always"), ("never", "never")])
def test_what_the_tokenizer_does_by_itself_is_the_studys_choice_and_runs_once(
    tmp_path: Path, asked: str, bos: str
) -> None:
    using = replace(tokenizer(tmp_path), prepend_bos=asked)  # type: ignore[arg-type]
    found = read(facts(GOES_ON), using, spec())
    assert found.own.prepend_bos == bos
    sequences = {s.tokens.ids for read_ in found.statements.values() for s in read_}
    assert len(sequences) == 2 * 20


def test_a_position_at_which_twins_are_alike_is_left_out(tmp_path: Path) -> None:
    robustness = RobustnessSection(query_positions=("before_object",), prepend_bos=(), aggregations=())
    found = read(facts(GOES_ON), tokenizer(tmp_path), spec(robustness))
    (reason,) = found.impossible.values()
    assert "no head can tell them apart" in reason


def labels(pairs: int = 20, **columns: object) -> Labels:
    made = statements(pairs, relation=lambda pair: "r" if pair % 2 else "q")
    return {**label_columns(made), **{name: np.asarray(column) for name, column in columns.items()}}


def combined(columns: Labels, wanted: StudySpec | None = None) -> Multiverse:
    wanted = wanted or spec(RobustnessSection(query_positions=(), prepend_bos=(), aggregations=()))
    return multiverse(wanted, own_universe(wanted, OWN, "paired_t"), {OWN: columns}, {})


def test_the_universes_are_every_combination_once_and_hold_the_studys_own() -> None:
    found = combined(labels())
    # 3 tests and either relation alone, each × 4 corrections; `recalled` was not measured.
    assert len(found.universes) == len(set(found.universes)) == (3 + 2) * 4
    assert found.own in found.universes
    assert found.own == Universe(Analysis("last", "never", "sum", "all", None, "paired_t"), "holm")
    assert [(left.reason, left.universes) for left in found.left_out] == [
        ("it was not measured which facts the model recalls", 12)
    ]


def test_impossible_measures_are_counted_under_their_reason() -> None:
    wanted = spec(RobustnessSection(query_positions=("object_last",), prepend_bos=(), aggregations=(), facts=()))
    other = replace(OWN, query_position="object_last")
    found = multiverse(wanted, own_universe(wanted, OWN, "paired_t"), {OWN: labels()}, {other: "because"})
    assert [(left.reason, left.universes) for left in found.left_out] == [("because", 12)]


def test_recalled_keeps_both_twins_of_the_facts_that_are_recalled() -> None:
    recalled = np.repeat([pair < 10 for pair in range(20)], 2)
    for column in (recalled, np.where(recalled, "true", "false"), np.where(recalled, "true", "")):
        columns = labels(recalled=column)
        analysis = Analysis("last", "never", "sum", "recalled", None, "paired_t")
        assert analysis.rows(columns).tolist() == list(range(20))
        assert any(universe.analysis == analysis for universe in combined(columns).universes)


def test_too_few_recalled_pairs_are_left_out() -> None:
    found = combined(labels(recalled=np.repeat([pair < 7 for pair in range(20)], 2)))
    assert {universe.analysis.facts for universe in found.universes} == {"all"}
    assert "fewer than 8 pairs" in found.left_out[0].reason


def test_a_study_that_is_too_small_still_has_its_own_universe() -> None:
    found = combined(labels(pairs=5))
    assert {universe.analysis for universe in found.universes} == {found.own.analysis}


def test_paired_tests_of_what_has_no_pairs_are_left_out() -> None:
    contrast = ContrastSection(
        id="c",
        title="C",
        a=StatementSet(name="r", where={"relation": "r"}),
        b=StatementSet(name="q", where={"relation": "q"}),
    )
    wanted = spec(RobustnessSection(query_positions=(), prepend_bos=(), aggregations=(), facts=()))
    wanted = wanted.model_copy(update={"contrasts": (contrast,)})
    found = multiverse(wanted, own_universe(wanted, OWN, "welch"), {OWN: labels()}, {})
    assert {universe.analysis.test for universe in found.universes} == {"welch"}
    assert {universe.analysis.relation for universe in found.universes} == {None}


def test_auto_among_the_tests_is_the_studys_own_test() -> None:
    wanted = spec(RobustnessSection(tests=("auto", "welch"), query_positions=(), prepend_bos=(), aggregations=()))
    tests = {universe.analysis.test for universe in combined(labels(), wanted).universes}
    assert tests == {"paired_t", "welch"}
