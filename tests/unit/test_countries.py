"""The ready spec with several relations: its facts are many, balanced, and crossed with relations."""

from collections import Counter
from pathlib import Path

import pytest

from reportgen.contrasts import FEWEST_PAIRS
from reportgen.facts.load import load_facts
from reportgen.spec.load import load_spec

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture(scope="module")
def study():
    return load_spec(SPECS / "countries.yml")


@pytest.fixture(scope="module")
def facts(study):
    return load_facts(study.spec.facts, study.path, lambda text: text.count(" ") + 1)


def test_each_relation_has_enough_pairs(facts):
    pairs = Counter(fact.relation for fact in facts.facts if fact.truth)
    assert set(pairs) == {"capital", "continent", "currency", "language"}
    assert min(pairs.values()) > 3 * FEWEST_PAIRS
    assert sum(pairs.values()) <= 220


def test_true_and_false_statements_hold_each_object_equally_often(facts):
    true, false = (
        Counter((fact.relation, fact.object) for fact in facts.facts if fact.truth is truth) for truth in (True, False)
    )
    assert true == false


def test_most_countries_stand_in_several_relations_and_are_the_units(study, facts):
    relations = Counter(fact.subject for fact in facts.facts if fact.truth)
    assert sum(n >= 3 for n in relations.values()) > 0.8 * len(relations)
    assert study.spec.tests.cluster == "subject"


def test_the_facts_say_what_they_are(facts):
    said = {(fact.subject, fact.relation): fact.object for fact in facts.facts if fact.truth}
    assert said["Japan", "currency"] == "yen"
    assert said["the United Kingdom", "capital"] == "London"
    assert said["Brazil", "continent"] == "South America"
    assert said["Chile", "language"] == "Spanish"
    assert ("Mexico", "capital") not in said
    assert ("South Africa", "continent") not in said
    assert "CC BY 4.0" in facts.source


def test_the_spec_asks_for_both_experiments(study):
    assert study.spec.experiments.relations is not None
    assert study.spec.experiments.clustering is not None
