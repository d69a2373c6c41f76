"""The packs of ready facts: they are what the script makes, and every one can be studied as it is."""

import re
from collections import Counter
from pathlib import Path

import pytest

from packs.make_packs import PACKS, TARGET
from packs.nations import nations
from packs.others import group, period
from reportgen.catalogue import find_pack, pack_names
from reportgen.errors import InputError
from reportgen.facts.load import load_facts
from reportgen.facts.read import read_facts
from reportgen.facts.source import source_identity
from reportgen.spec.facts_section import FactsSection, RelationSection
from reportgen.spec.template import Template

SPEC = Path("study.yml")


def facts_of(name: str, **more: object):
    return load_facts(FactsSection(pack=name, **more), SPEC, len)


def said(name: str) -> set[tuple[str, str, str]]:
    return {(row.subject, row.relation, row.object) for row in read_facts(FactsSection(pack=name), SPEC).rows}


def test_the_packs_are_what_the_script_makes_of_the_pinned_libraries():
    made = {pack.name: pack.text() for pack in (make() for make in PACKS)}
    assert made.keys() == set(pack_names())
    assert [name for name in made if (TARGET / f"{name}.csv").read_text(encoding="utf-8") != made[name]] == []
    assert len(made) >= 8


@pytest.mark.parametrize("name", pack_names())
def test_a_pack_says_what_it_is_and_can_be_studied(name):
    pack = find_pack(name, "here")
    assert pack.title.endswith(".")
    assert any(line.startswith("Source: ") and re.search(r"\d+\.\d+", line) for line in pack.about)
    assert any(re.match(r"Made on \d{4}-\d\d-\d\d ", line) for line in pack.about)
    assert len(pack.terms) > 4
    rows = read_facts(FactsSection(pack=name), SPEC).rows  # raises where facts stand twice or conflict
    asked = [row for row in rows if all(row.columns.get(key) == value for key, value in pack.only.items())]
    assert len(asked) >= 30
    assert {row.relation for row in asked} == set(pack.templates)


@pytest.mark.parametrize("name", pack_names())
def test_each_relation_has_three_wordings_that_end_with_the_object(name):
    for templates in find_pack(name, "here").templates.values():
        assert len(set(templates)) >= 3
        for template in templates:
            slots = Template.of(template).names
            assert slots[0] == "subject"
            assert template.endswith("{object}")


@pytest.mark.parametrize("name", pack_names())
def test_no_false_twin_is_true_and_few_facts_go_without_one(name):
    true = said(name)
    found = facts_of(name)
    assert not [fact for fact in found.facts if not fact.truth and (fact.subject, fact.relation, fact.object) in true]
    left_out = [item for notice in found.notices if notice.kind == "left out" for item in notice.items]
    asked = {(fact.subject, fact.relation, fact.object) for fact in found.facts if fact.truth}
    assert len(left_out) < 0.1 * len(asked)


def test_packs_say_what_is_so():
    assert ("the Netherlands", "capital", "Amsterdam") in said("capitals")
    assert ("Japan", "currency", "yen") in said("currencies")
    assert {("Switzerland", "language", thing) for thing in ("German", "French", "Italian")} <= said("languages")
    assert ("Peru", "continent", "South America") in said("continents")
    assert ("the United Kingdom", "calling code", "44") in said("calling-codes")
    assert ("gold", "symbol", "Au") in said("elements")
    assert ("the United Kingdom", "domain", "uk") in said("domains")
    assert ("Kenya", "two-letter code", "KE") in said("country-codes")
    assert ("Alaska", "capital", "Juneau") in said("us-states")
    assert ("Ukrainian", "script", "Cyrillic") in said("scripts")
    assert ("Munich", "country", "Germany") in said("cities")
    assert ("Germany", "French name", "Allemagne") in said("country-names")
    assert ("Monday", "German word", "Montag") in said("calendar-words")
    assert ("the Swiss franc", "currency code", "CHF") in said("currency-codes")


def test_what_is_true_as_well_is_known_and_not_asked():
    asked = {(fact.subject, fact.object) for fact in facts_of("languages").facts if fact.truth}
    assert ("Spain", "Spanish") in asked
    assert ("Spain", "Catalan") not in asked
    assert ("Spain", "language", "Catalan") in said("languages")
    assert ("London", "country", "Canada") in said("cities")


def test_a_spec_asks_of_others_by_the_same_column():
    regional = facts_of("languages", only={"status": "regional"})
    assert {fact.columns["status"] for fact in regional.facts} == {"regional"}


def test_a_spec_chooses_among_what_is_asked_by_another_column():
    african = facts_of("languages", only={"continent": "Africa"})
    assert {(fact.columns["status"], fact.columns["continent"]) for fact in african.facts} == {("official", "Africa")}


def test_a_spec_words_a_relation_of_a_pack_itself():
    relations = {"capital": RelationSection(template="{subject} is governed from {object}")}
    found = facts_of("capitals", relations=relations)
    assert {fact.template for fact in found.facts} == {"{subject} is governed from {object}"}


def test_every_fact_comes_in_all_wordings_of_its_pack():
    found = facts_of("capitals")
    wordings = Counter(fact.columns["template"] for fact in found.facts)
    assert len(wordings) == len(find_pack("capitals", "here").templates["capital"])
    assert len(set(wordings.values())) == 1


def test_a_pack_that_is_not_there_is_an_error_that_names_the_nearest():
    with pytest.raises(
        InputError, match=r"study.yml: facts.pack: there is no pack `curencies`\n +did you mean `currencies`"
    ):
        facts_of("curencies")


def test_the_identity_of_the_facts_goes_with_the_pack(tmp_path, monkeypatch):
    import reportgen.catalogue as catalogue

    before = source_identity(FactsSection(pack="capitals"), SPEC)
    assert before
    assert before != source_identity(FactsSection(pack="continents"), SPEC)
    text = find_pack("capitals", "here").path.read_text(encoding="utf-8").replace("Kabul", "Herat")
    (tmp_path / "capitals.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    find_pack.cache_clear()
    pack_names.cache_clear()
    try:
        assert source_identity(FactsSection(pack="capitals"), SPEC) not in ("", before)
    finally:
        monkeypatch.undo()
        find_pack.cache_clear()
        pack_names.cache_clear()


def test_periods_and_groups_follow_the_periodic_table():
    known = {
        1: (1, 1),
        2: (1, 18),
        5: (2, 13),
        11: (3, 1),
        26: (4, 8),
        47: (5, 11),
        53: (5, 17),
        79: (6, 11),
        92: (7, None),
    }
    assert {number: (period(number), group(number)) for number in known} == known
    assert [number for number in range(1, 119) if group(number) == 18] == [2, 10, 18, 36, 54, 86, 118]
    assert group(57) is None
    assert group(72) == 4


def test_names_carry_their_article():
    assert "the Philippines" in {nation.subject for nation in nations()}
    assert "France" in {nation.subject for nation in nations()}
