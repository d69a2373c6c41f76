"""The contrast after examples: what examples are drawn, what is read of them, and a planted change that is found."""

from itertools import pairwise

import numpy as np
import pytest

from reportgen.analyses.analysis import Study
from reportgen.analyses.few_shot import changes, draw, find, needs, normalized, prompt
from reportgen.analyses.few_shot_told import tell
from reportgen.errors import StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.report.results import Plan
from reportgen.spec.experiments import FewShotSection
from reportgen.spec.model import MeasureSection
from tests import planted
from tests.told import study
from tests.unit.test_statements import TEMPLATE

SECTION = FewShotSection()
NAMES = {
    "Niger": "Niamey",
    "Nigeria": "Abuja",
    "Guinea": "Conakry",
    "Guinea-Bissau": "Bissau",
    "Mexico": "Mexico City",
    "Panama": "Panama City",
    "New Zealand": "Wellington",
    "Sao Tome": "São Tomé",
    "Peru": "Lima",
    "Chile": "Santiago",
    "Cape Verde": "Praia",
    "France": "Paris",
}


def facts(names: dict[str, str] = NAMES) -> FactSet:
    """Every name with its own object and with the next one's; a second relation, whose facts are no examples of the first."""
    objects = [*list(names.values())[1:], next(iter(names.values()))]
    first = [
        Fact(subject, "capital", object_, truth, f"p{number:05}", {}, TEMPLATE)
        for number, ((subject, true), false) in enumerate(zip(names.items(), objects, strict=True))
        for object_, truth in ((true, True), (false, False))
    ]
    other = [
        Fact(f"Person {i}", "born in", f"Town {i + shift}", not shift, f"q{i}", {}, "{subject} was born in {object}")
        for i in range(9)
        for shift in (0, 1)
    ]
    return FactSet((*first, *other), (), "")


def examples(plan: Plan, section: FewShotSection) -> dict[str, tuple[Fact, ...]]:
    return draw(plan, section)


@pytest.mark.parametrize("seed", range(20))
def test_no_example_says_anything_of_the_subject_or_of_either_object(tmp_path, seed):
    plan = study(tmp_path, facts()).plan
    drawn = examples(plan, FewShotSection(seed=seed))
    asked: dict[str, list[Fact]] = {}
    for statement in plan.statements.statements:
        asked.setdefault(statement.fact.pair, []).append(statement.fact)
    for pair, own in asked.items():
        assert len(drawn[pair]) == 4
        assert len({fact.subject for fact in drawn[pair]}) == 4
        for fact in drawn[pair]:
            assert fact.truth
            assert fact.relation == own[0].relation
            text = normalized(f"{fact.subject} {fact.object}")
            for one in own:
                assert normalized(one.subject) not in text
                assert normalized(one.object) not in text


def test_names_count_as_the_same_whatever_their_accents_and_case():
    assert normalized("São Tomé") == normalized("SAO TOME")
    assert normalized("ﬁn") == "fin"


def test_another_seed_draws_other_examples_and_other_facts_change_none(tmp_path):
    plan = study(tmp_path, facts()).plan
    assert examples(plan, FewShotSection(seed=0)) == examples(plan, FewShotSection(seed=0))
    assert examples(plan, FewShotSection(seed=0)) != examples(plan, FewShotSection(seed=1))


@pytest.mark.parametrize(("separator", "between"), [("newline", "\n"), ("space", ". ")])
def test_twins_are_read_behind_the_same_examples_and_spans_are_those_of_the_last_sentence(tmp_path, separator, between):
    made = study(tmp_path, facts())
    prompted = prompt(made.plan, FewShotSection(separator=separator))
    assert prompted.shots == (0, 1, 2, 4)
    assert prompted.statements[0] == made.statements
    for number, statements in zip(prompted.shots, prompted.statements, strict=True):
        for own, read in zip(made.statements, statements, strict=True):
            before = read.text.removesuffix(own.text)
            assert len(before) + len(own.text) == len(read.text)
            assert before.count(between) == number
            for span, stretch, name in (
                (read.subject, read.subject_stretch, own.fact.subject),
                (read.object, read.object_stretch, own.fact.object),
            ):
                assert read.text[slice(*stretch)] == name
                assert stretch[0] >= len(before)
                covered = [read.tokens.offsets[token] for token in span]
                assert (covered[0][0], covered[-1][1]) == stretch
            assert read.query == len(read.tokens.ids) - 1
        for true, false in zip(statements[::2], statements[1::2], strict=True):
            assert true.text.removesuffix(true.fact.object) == false.text.removesuffix(false.fact.object)
    firsts = [statements[0].text for statements in prompted.statements[1:]]
    assert all(longer.startswith(shorter.rpartition(between)[0]) for shorter, longer in pairwise(firsts))


def test_the_relations_own_words_are_those_of_the_last_sentence(tmp_path):
    made = study(tmp_path, facts(), measure=MeasureSection(key_span="relation"))
    for own, read in zip(made.statements, prompt(made.plan, SECTION).statements[-1], strict=True):
        shift = len(read.tokens.ids) - len(own.tokens.ids)
        assert read.keys == tuple(key + shift for key in own.keys)


def test_it_asks_for_every_statement_after_every_number_of_examples(tmp_path):
    made = study(tmp_path, facts())
    needed = needs(made.plan, SECTION)
    assert len(needed.requests) == 4 * len(made.statements)
    assert not needed.passes.forward


def scores(given: Study, growth: float) -> np.ndarray:
    """A steady effect of 0.1 at L0H0, and at L1H2 one that grows by so much with every example; noise of its own each time."""
    rng, count = np.random.default_rng(1), len(given.statements)
    noise = rng.normal(0.3, 0.02, (len(SECTION.shots), count, planted.LAYERS, planted.HEADS)).astype(np.float32)
    true = [statement.fact.truth for statement in given.statements]
    noise[:, true, 0, 0] += 0.1
    for place, shots in enumerate(SECTION.shots):
        noise[place, true, 1, 2] += growth * shots
    return noise.reshape(-1, planted.LAYERS, planted.HEADS)


def test_a_planted_change_with_the_number_of_examples_is_found_and_no_other(tmp_path):
    names = {f"Land {i:02}.": f"Town {i:02}." for i in range(30)}
    made = study(tmp_path, facts(names))
    found = find(made, SECTION, scores(made, 0.03))
    assert np.argwhere(found.change.recall_heads().to_numpy()).tolist() == [[1, 2]]
    assert float(found.change.heads.effect[1, 2]) == pytest.approx(0.12, abs=0.02)
    assert [np.argwhere(tests.recall_heads().to_numpy()).tolist() for tests in found.tests][::3] == [
        [[0, 0]],
        [[0, 0], [1, 2]],
    ]
    told = tell(found, made, SECTION)
    assert "The effect of **1 head** changes along the number of examples" in told.answer
    assert "1 of the 1 with none are among the 2 with 4" in told.answer
    assert told.evidence[0].speaks.sum() == 2


def test_an_effect_that_stays_is_no_change(tmp_path):
    names = {f"Land {i:02}.": f"Town {i:02}." for i in range(30)}
    made = study(tmp_path, facts(names))
    found = find(made, SECTION, scores(made, 0.0))
    assert not found.change.recall_heads().any()
    assert "No head's effect is found to change" in tell(found, made, SECTION).answer


def test_a_change_is_the_rise_of_the_least_squares_line():
    doses = (0, 1, 3, 8)
    values = np.random.default_rng(0).normal(size=(4, 5, 2, 3))
    slopes = np.polyfit(doses, values.reshape(4, -1), 1)[0].reshape(5, 2, 3)
    assert np.allclose(changes(values, doses), 8 * slopes)


def test_numbers_of_examples_that_do_not_fit_are_named_and_the_rest_is_done(tmp_path):
    made = study(tmp_path, facts(), context=130)
    prompted = prompt(made.plan, SECTION)
    assert prompted.shots == (0, 1, 2)
    assert len(prompted.rows) == len(made.statements)
    (notice,) = prompted.notices
    assert notice.kind == "left out"
    assert "4 examples are not asked about" in notice.message
    assert "more than the model's context of 130" in notice.items[0]


def test_pairs_that_do_not_fit_are_named_and_the_rest_is_done(tmp_path):
    long = {**NAMES, "A land with a long name " * 4: "Far away"}
    made = study(tmp_path, facts(long), context=150)
    prompted = prompt(made.plan, FewShotSection(shots=(0, 1)))
    assert 0 < len(prompted.rows) < len(made.statements)
    (notice,) = prompted.notices
    assert any("A land with a long name" in item and "150" in item for item in notice.items)
    kept = {made.statements[row].fact.pair for row in prompted.rows}
    assert all(statement.fact.pair in kept for statements in prompted.statements for statement in statements)


def test_nothing_that_fits_is_an_error(tmp_path):
    made = study(tmp_path, facts(), context=50)
    with pytest.raises(StudyError, match="more than the model's context of 50"):
        prompt(made.plan, SECTION)


def test_too_few_other_facts_are_named(tmp_path):
    made = study(tmp_path, facts({f"Land {i}.": f"Town {i}." for i in range(4)}))
    prompted = prompt(made.plan, FewShotSection(shots=(0, 1, 3)))
    (notice,) = prompted.notices
    assert notice.items[0] == "Land 0.: 2 other facts to take examples from"
    few = FactSet(made.plan.facts.facts[:8], (), "")
    alone = study(tmp_path, few)
    with pytest.raises(StudyError, match="other facts to take examples from"):
        prompt(alone.plan, FewShotSection(shots=(1, 4, 5)))


def test_a_number_that_stands_twice_is_an_error_with_its_place():
    with pytest.raises(ValueError, match="2 stands in this list twice"):
        FewShotSection(shots=(0, 2, 2))
