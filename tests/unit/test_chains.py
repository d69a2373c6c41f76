"""Chains of two facts: their places, their shuffled twins, and what becomes no chain."""

from collections import Counter

import pytest
from pydantic import ValidationError

from reportgen.chains import make_chains
from reportgen.errors import InputError, StudyError
from reportgen.facts.fact import Fact, FactSet
from reportgen.spec.experiments import MultiHopSection
from tests.words import WordTokenizer

TEMPLATE = "City {object} lies in {subject}. As {subject} is in {continent}, {object} is in {continent}"
CONTINENTS = ("Europe", "Asia", "South America")
WORDING = "The capital of {subject} is {object}"


def section(**more):
    return MultiHopSection(**{"template": TEMPLATE, **more})


def fact(place, **columns):
    name = f"New Land{place:02}" if place % 3 == 0 else f"Land{place:02}"
    continent = {"continent": CONTINENTS[place % len(CONTINENTS)]}
    return Fact(name, "capital", f"Town{place}", True, f"p{place:03}", {**continent, **columns}, WORDING)


def facts(*made):
    return FactSet(tuple(made), (), "")


@pytest.fixture(scope="module")
def made():
    return facts(*map(fact, range(24)))


def texts(statement, span):
    return [statement.tokens.texts[token] for token in span]


def test_every_place_is_found_by_characters(made):
    chains = make_chains(made, section(), WordTokenizer())
    pair = chains.pairs[3]
    assert pair.true.statement.text == "City Town3 lies in New Land03. As New Land03 is in Europe, Town3 is in Europe"
    for chain, link in ((pair.true, ["New", "Land03"]), (pair.shuffled, pair.donor.subject.split())):
        assert texts(chain.statement, chain.start) == ["Town3"]
        assert texts(chain.statement, chain.again) == ["New", "Land03"]
        assert texts(chain.statement, chain.link) == link
        assert texts(chain.statement, (chain.statement.query,)) == ["in"]
        assert chain.again[-1] < chain.link[0] < chain.statement.query
        assert texts(chain.statement, (chain.statement.query + 1,)) == chain.statement.text.split(", ")[1].split()[3:4]


def test_second_facts_are_handed_round_once_each_and_are_true_of_no_other_start(made):
    chains = make_chains(made, section(), WordTokenizer())
    assert len(chains.pairs) == 24
    assert not chains.left_out
    assert Counter(pair.donor.pair for pair in chains.pairs) == Counter(pair.fact.pair for pair in chains.pairs)
    for pair in chains.pairs:
        assert pair.donor.subject != pair.fact.subject
        assert pair.donor.columns["continent"] != pair.fact.columns["continent"]
        assert pair.shuffled.statement.text.count(pair.donor.subject) == 1
        assert pair.shuffled.statement.text.count(pair.donor.columns["continent"]) == 2


def test_names_with_as_many_tokens_are_preferred():
    lands = [fact(place, continent=f"Part{place}") for place in range(24)]
    chains = make_chains(facts(*lands), section(), WordTokenizer())
    assert all(pair.aligned for pair in chains.pairs)


def test_another_seed_hands_them_round_differently_and_the_same_seed_alike(made):
    one, again, other = (make_chains(made, section(seed=seed), WordTokenizer()) for seed in (0, 0, 1))
    assert [pair.donor for pair in one.pairs] == [pair.donor for pair in again.pairs]
    assert [pair.donor for pair in one.pairs] != [pair.donor for pair in other.pairs]


def test_a_missing_link_is_left_out_with_its_reason():
    chains = make_chains(facts(*map(fact, range(24)), fact(30, continent="")), section(), WordTokenizer())
    assert chains.left_out == {"New Land30 – Town30": "its link “continent” is missing"}
    assert len(chains.pairs) == 24


def test_a_link_may_be_a_relation_of_the_same_subject():
    capitals = [Fact(f"Land{i}", "capital", f"Town{i}", True, f"p{i}", {}, WORDING) for i in range(12)]
    continents = [Fact(f"Land{i}", "continent", CONTINENTS[i % 3], True, f"c{i}", {}, WORDING) for i in range(10)]
    doubled = Fact("Land9", "continent", "Oz", True, "c99", {}, WORDING)
    chains = make_chains(facts(*capitals, *continents, doubled), section(relation="capital"), WordTokenizer())
    assert len(chains.pairs) == 9
    assert chains.left_out == {
        "Land9 – Town9": "2 different facts could be its link “continent”",
        "Land10 – Town10": "its link “continent” is missing",
        "Land11 – Town11": "its link “continent” is missing",
    }


def test_a_chain_longer_than_the_context_is_left_out_and_too_few_are_an_error():
    long = fact(30, continent="the very far and hardly ever seen South of Asia")
    chains = make_chains(facts(*map(fact, range(24)), long), section(), WordTokenizer(context=24))
    [why] = [why for name, why in chains.left_out.items() if "Land30" in name]
    assert "tokens, more than the model's context of 24" in why
    with pytest.raises(StudyError, match=r"8 or more, and here are 0 .*context of 3"):
        make_chains(facts(*map(fact, range(24))), section(), WordTokenizer(context=3))


def test_where_all_chains_have_one_end_none_can_be_shuffled():
    alike = [fact(place, continent="Asia") for place in range(24)]
    with pytest.raises(StudyError, match="no other fact's second half could take its own's place"):
        make_chains(facts(*alike), section(), WordTokenizer())


def test_of_too_many_facts_some_are_drawn(made):
    chains = make_chains(made, section(facts=12), WordTokenizer())
    assert (len(chains.pairs), chains.not_drawn) == (12, 12)


def test_a_slot_that_is_nowhere_is_named_with_what_it_may_mean(made):
    wrong = section(template=TEMPLATE.replace("continent", "contnent"))
    with pytest.raises(InputError, match=r"`\{contnent\}` is neither subject(.|\n)*did you mean `continent`"):
        make_chains(made, wrong, WordTokenizer())


def test_a_study_of_several_relations_has_to_name_one(made):
    several = facts(*made.facts, Fact("Land1", "language", "Landish", True, "l", {}, WORDING))
    with pytest.raises(InputError, match="2 relations"):
        make_chains(several, section(), WordTokenizer())
    with pytest.raises(InputError, match=r"did you mean `capital`"):
        make_chains(several, section(relation="capitol"), WordTokenizer())
    assert make_chains(several, section(relation="capital"), WordTokenizer()).pairs


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{object} in {subject}. {subject} in {continent", "cannot be read"),
        ("{object} in {}. {subject} in {continent}", "cannot be read"),
        ("no slot at all", "no slot `{object}`, which is the chain's start"),
        ("{object} in {subject}, {subject} in {object}", "three different slots"),
        ("{object} in {subject} in {continent}", "stands twice or more"),
        ("{subject} and {subject} hold {object} in {continent}", "before the last mention of its middle"),
    ],
)
def test_templates_that_make_no_chain_are_refused(template, message):
    with pytest.raises(ValidationError, match=message):
        section(template=template)


def test_the_answer_is_the_last_slot():
    with pytest.raises(ValidationError, match=r"last slot is the answer, `\{continent\}`"):
        section(template=TEMPLATE + " like {object}", end="continent")
