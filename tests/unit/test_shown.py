"""Which statements a page keeps: within their budgets, pairs whole, examples by the stated rule or by name."""

from collections.abc import Callable

import numpy as np
import pytest

from reportgen.shown import PATTERNS_BUDGET, ROWS_BUDGET, SCORES_BUDGET, Shown, choose_shown
from reportgen.spec.model import ReportSection
from reportgen.statements import Statement
from tests import planted

TOP = (1, 2)
MANY = 2500


def choose(
    examples: object, pairs: int = 40, length: Callable[[int], int] = lambda pair: 3, seed: int = 0
) -> tuple[Shown, list[Statement]]:
    made = planted.statements(pairs, length)
    found = planted.finding(made, planted.values(made, {TOP: 0.1}))
    return choose_shown(made, found, ReportSection(examples=examples), seed), made  # type: ignore[arg-type]


def characters(cells: int) -> int:
    """Of base64, for so many bytes."""
    return -(-cells // 3) * 4


def spent(shown: Shown, made: list[Statement]) -> tuple[int, int, int]:
    return (
        characters(2 * len(shown.scores)),
        characters(sum(made[i].row_cells for i in shown.rows)),
        characters(sum(made[e.statement].pattern_cells for e in shown.examples)),
    )


def lone(places: tuple[int, ...]) -> list[int]:
    """Statements, of pairs that stand side by side, without their twins."""
    return [place for place in places if place ^ 1 not in places]


def test_a_small_study_is_shown_whole() -> None:
    shown, made = choose(12)
    assert shown.scores == shown.rows == tuple(range(len(made)))
    assert len(shown.examples) == 12


LENGTHS: dict[str, Callable[[int], int]] = {
    "all alike": lambda pair: 3,
    "long": lambda pair: 40,
    "long and short in turn": lambda pair: 3 if pair % 2 else 60,
    "long first": lambda pair: 60 if pair < MANY // 2 else 3,
}


@pytest.mark.parametrize("length", list(LENGTHS.values()), ids=list(LENGTHS))
def test_a_large_study_keeps_to_the_budgets_and_uses_them(length: Callable[[int], int]) -> None:
    shown, made = choose(12, MANY, length)
    scores, rows, patterns = spent(shown, made)
    assert 0.9 * SCORES_BUDGET < scores <= SCORES_BUDGET
    assert 0.7 * ROWS_BUDGET < rows <= ROWS_BUDGET
    assert 0 < patterns <= PATTERNS_BUDGET


@pytest.mark.parametrize("examples", [12, ("s7", "s2001")], ids=str)
@pytest.mark.parametrize("pairs", [40, MANY])
def test_pairs_stay_whole_and_examples_have_everything(pairs: int, examples: object) -> None:
    examples = tuple(name for name in examples if int(name[1:]) < pairs) if isinstance(examples, tuple) else examples
    shown, _ = choose(examples, pairs)
    chosen = tuple(example.statement for example in shown.examples)
    assert chosen
    assert [lone(places) for places in (shown.scores, shown.rows, chosen)] == [[], [], []]
    assert set(chosen) <= set(shown.rows) <= set(shown.scores)


@pytest.mark.parametrize("examples", [3, {"truth": True}], ids=str)
def test_rows_are_of_statements_with_scores_even_where_an_examples_twin_is_none(examples: object) -> None:
    shown, _ = choose(examples, MANY)
    chosen = {example.statement for example in shown.examples}
    assert chosen <= set(shown.rows) <= set(shown.scores)
    assert list(shown.scores) == sorted(set(shown.scores))


def test_what_is_kept_is_spread_over_the_whole_study() -> None:
    shown, made = choose(0, MANY)
    for places in (shown.scores, shown.rows):
        quarters = np.histogram(places, 4, (0, len(made)))[0]
        assert quarters.min() > 0.9 * quarters.max()


def test_patterns_of_statements_that_are_too_long_are_left_out() -> None:
    shown, made = choose(("s0", "s1"), length=lambda pair: 200 if pair == 0 else 10)
    assert made[0].pattern_cells > PATTERNS_BUDGET
    assert [example.statement for example in shown.examples] == [2, 3]
    assert set(shown.rows) >= {0, 1}


def test_the_default_takes_typical_largest_smallest_and_random_in_turn() -> None:
    made = planted.statements(41)
    scores = planted.values(made, {TOP: 0.1})
    found = planted.finding(made, scores)
    assert (found.strongest[0].layer, found.strongest[0].head) == TOP
    shown = choose_shown(made, found, ReportSection(examples=16), 3)
    difference = scores[::2, *TOP] - scores[1::2, *TOP]
    from_middle = np.argsort(abs(difference - np.median(difference)))
    order = np.argsort(difference)
    pairs = [example.statement // 2 for example in shown.examples[::2]]
    assert [example.why for example in shown.examples[::2]] == ["typical", "largest", "smallest", "random"] * 2
    assert [example.statement for example in shown.examples[1::2]] == [2 * pair + 1 for pair in pairs]
    assert pairs[:3] == [from_middle[0], order[-1], order[0]]
    assert len(set(pairs)) == 8
    for place, wanted in ((4, from_middle), (5, order[::-1]), (6, order)):
        assert pairs[place] == next(pair for pair in wanted if pair not in pairs[:place])
    assert "difference of L1H2, the strongest head" in shown.rule
    assert "(seed 3)" in shown.rule


def test_another_seed_draws_other_random_examples_alone() -> None:
    one, other = (choose(8, seed=seed)[0].examples for seed in (0, 1))
    assert choose(8, seed=0)[0].examples == one
    assert one[:6] == other[:6]
    assert one[6:] != other[6:]


@pytest.mark.parametrize("wanted", [0, 1, 2, 5, 12, 64])
def test_there_are_as_many_examples_as_asked_for(wanted: int) -> None:
    shown, _ = choose(wanted)
    assert len(shown.examples) == len({example.statement for example in shown.examples}) == wanted


def test_no_more_examples_than_statements() -> None:
    assert len(choose(64, pairs=10)[0].examples) == 20


def test_examples_named_by_subject_or_filter() -> None:
    by_subject, made = choose(("s5", "s2"))
    assert [example.statement for example in by_subject.examples] == [4, 5, 10, 11]
    assert {example.why for example in by_subject.examples} == {"named in the spec"}
    by_filter, _ = choose({"size": "z1", "truth": False})
    chosen = [made[example.statement] for example in by_filter.examples]
    assert len(chosen) == 20
    assert {(s.fact.columns["size"], s.fact.truth) for s in chosen} == {("z1", False)}
    assert by_filter.rule == by_subject.rule == "those that the spec names"
