"""What follows from log-probabilities: ranks, columns that contrasts filter by, shares with their intervals."""

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from reportgen.contrasts import choose
from reportgen.facts.fact import Fact
from reportgen.knowledge import COLUMNS, FactKnowledge, Knowledge, conclude_knowledge, summarize
from reportgen.models.tokenizer import Tokens
from reportgen.report.document import Prose, Raw, Table
from reportgen.report.knowledge_section import knowledge_blocks
from reportgen.scores import label_columns
from reportgen.statements import Statement

OBJECTS = ("Paris", "Rome", "Lima")


def statement(pair: str, object_: str, *, truth: bool, relation: str = "r", reversed_: bool = False) -> Statement:
    fact = Fact(f"s-{pair}", relation, object_, truth, pair, {}, "{subject} {object}")
    subject, at = ((2,), (0,)) if reversed_ else ((0,), (2,))
    tokens = Tokens((1, 2, 3), (), ())
    name = f"{pair}-{str(truth).lower()}"
    return Statement(name, fact, f"{fact.subject} {object_}", tokens, (0, 1), (1, 2), subject, at, 2, (0,))


PAIR = [statement("p1", "Paris", truth=True), statement("p1", "Rome", truth=False)]


def knowledge(likelihoods: dict[str, float], candidates: tuple[str, ...] = OBJECTS) -> Knowledge:
    return conclude_knowledge(PAIR, {"p1": likelihoods}, {"p1": candidates})


@pytest.mark.parametrize(
    ("likelihoods", "rank"),
    [
        ({"Paris": -1.0, "Rome": -2.0}, 1),
        ({"Paris": -1.0, "Rome": -0.5}, 2),
        ({"Paris": -1.0, "Rome": -0.5, "Lima": -0.7}, 3),
        ({"Paris": -1.0, "Rome": -1.0}, 1),
        ({"Paris": -1.0, "Rome": math.nan}, 1),
        ({"Paris": -1.0, "Rome": -2.0, "Oslo": -0.1}, 1),
    ],
)
def test_the_rank_counts_the_candidates_that_are_likelier(likelihoods: dict[str, float], rank: int) -> None:
    (fact,) = knowledge(likelihoods).facts
    assert (fact.rank, fact.recalled, fact.candidates) == (rank, rank == 1, 3)


def test_an_object_that_is_no_candidate_is_not_counted_against_the_true_one() -> None:
    (fact,) = knowledge({"Paris": -1.0, "Rome": -2.0, "Lima": -0.1}, candidates=("Paris", "Rome")).facts
    assert (fact.rank, fact.candidates) == (1, 2)


def test_the_margin_is_true_minus_false() -> None:
    (fact,) = knowledge({"Paris": -1.5, "Rome": -4.0}).facts
    assert (fact.logprob_true, fact.logprob_false, fact.margin) == (-1.5, -4.0, 2.5)


def test_a_fact_without_a_twin_has_a_rank_and_no_margin() -> None:
    (fact,) = conclude_knowledge(PAIR[:1], {"p1": {"Paris": -1.0, "Rome": -0.5}}, {"p1": OBJECTS}).facts
    assert fact.rank == 2
    assert math.isnan(fact.margin)


def test_an_object_before_its_subject_is_not_asked_for_and_that_is_told() -> None:
    turned = [statement("p1", "Paris", truth=True, reversed_=True), *PAIR[1:]]
    known = conclude_knowledge(turned, {}, {})
    (fact,) = known.facts
    assert (fact.recalled, fact.rank) == (None, 0)
    assert math.isnan(fact.logprob_true)
    (notice,) = known.notices
    assert "1 of 1 true facts cannot be asked" in notice.message
    assert notice.items == ("s-p1 Paris",)


def test_a_relation_with_one_object_ranks_nothing_and_that_is_told() -> None:
    known = knowledge({"Paris": -1.0, "Rome": -2.0}, candidates=("Paris",))
    assert known.facts[0].recalled is None
    assert known.facts[0].margin == 1.0
    assert "have no rank" in known.notices[0].message


THREE = [
    *PAIR,
    statement("p2", "Rome", truth=True),
    statement("p2", "Paris", truth=False),
    statement("p3", "Lima", truth=True, relation="q", reversed_=True),
    statement("p3", "Rome", truth=False, relation="q", reversed_=True),
    statement("p4", "Oslo", truth=False),
]
MIXED = conclude_knowledge(
    THREE,
    {"p1": {"Paris": -1.0, "Rome": -3.0}, "p2": {"Rome": -5.0, "Paris": -2.0, "Lima": -1.0}},
    {"p1": OBJECTS, "p2": OBJECTS},
)


def test_both_twins_have_what_is_known_of_their_true_fact() -> None:
    columns = MIXED.columns(THREE)
    assert tuple(columns) == COLUMNS
    assert columns["recalled"].tolist() == ["true", "true", "false", "false", "", "", ""]
    np.testing.assert_array_equal(columns["rank"], [1, 1, 3, 3, math.nan, math.nan, math.nan])
    np.testing.assert_array_equal(columns["margin"], [2, 2, -3, -3, math.nan, math.nan, math.nan])
    np.testing.assert_array_equal(columns["logprob_true"][:3], [-1, -1, -5])
    np.testing.assert_array_equal(columns["logprob_false"][:3], [-3, -3, -2])


def test_contrasts_filter_by_recalled_and_neither_way_takes_what_is_unknown() -> None:
    labels = {**label_columns(THREE), **MIXED.columns(THREE)}
    assert choose(labels, {"truth": True, "recalled": True}).tolist() == [0]
    assert choose(labels, {"truth": True, "recalled": False}).tolist() == [2]
    assert choose(labels, {"rank": 1}).tolist() == [0, 1]
    assert choose(labels, {"rank": (3, 4)}).tolist() == [2, 3]


def test_relations_are_summed_up_apart() -> None:
    q, r = MIXED.by_relation(THREE)
    assert (q.relation, q.asked, q.recalled, q.compared) == ("q", 0, 0, 0)
    assert math.isnan(q.accuracy)
    assert math.isnan(q.low)
    assert math.isnan(q.median_rank)
    assert (r.relation, r.asked, r.recalled, r.median_rank) == ("r", 2, 1, 2.0)
    assert (r.compared, r.preferred, r.candidates, r.accuracy) == (2, 1, 3, 0.5)


@pytest.mark.parametrize(("recalled", "asked"), [(0, 5), (5, 5), (3, 10), (101, 175)])
def test_the_interval_of_a_share_is_wilsons(recalled: int, asked: int) -> None:
    facts = [FactKnowledge(str(i), -1.0, -2.0, 1 if i < recalled else 2, 9) for i in range(asked)]
    known = summarize("r", facts)
    assert (known.low, known.high) == pytest.approx(proportion_confint(recalled, asked, method="wilson"), abs=1e-12)


def test_the_page_says_how_many_are_recalled_and_lists_every_fact() -> None:
    blocks = knowledge_blocks(MIXED, THREE)
    text = "\n".join(str(block.text) for block in blocks if isinstance(block, Prose))
    assert "1 of 2 facts (50\u00a0\\%, 95\u00a0\\% interval 9\u00a0\\% to 91\u00a0\\%)" in text
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert table.html.count("<tr") == 1 + 2 + 1
    (listed,) = [block for block in blocks if isinstance(block, Raw)]
    assert listed.html.count("<tr") == 1 + 3
    assert 'data-sort="-3.0"' in listed.html


def test_one_relation_needs_no_table_of_relations() -> None:
    known = knowledge({"Paris": -1.0, "Rome": -2.0})
    assert not [block for block in knowledge_blocks(known, PAIR) if isinstance(block, Table)]


def test_a_page_that_knows_nothing_says_so() -> None:
    blocks = knowledge_blocks(conclude_knowledge(PAIR, {}, {}), PAIR)
    assert [str(block.text) for block in blocks if isinstance(block, Prose)] == [
        "None of the facts can be asked of the model, so what it recalls is not known."
    ]


def test_a_hostile_object_stays_text() -> None:
    made = [statement("p1", "<b>x</b>", truth=True), statement("p1", "Rome", truth=False)]
    known = conclude_knowledge(made, {"p1": {"<b>x</b>": -1.0, "Rome": -2.0}}, {"p1": ("<b>x</b>", "Rome")})
    (listed,) = [block for block in knowledge_blocks(known, made) if isinstance(block, Raw)]
    assert "<b>" not in listed.html
    assert "&lt;b&gt;" in listed.html
