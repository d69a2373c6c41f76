"""Data sets are read as they were published: their facts, their wordings, and what in them is no fact, by name."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reportgen.errors import InputError
from reportgen.facts.load import load_facts
from reportgen.facts.read import FactRows, read_facts
from reportgen.facts.source import source_files, source_identity
from reportgen.spec.facts_section import ColumnsSection, FactsSection, RelationSection

DATA = Path(__file__).parents[1] / "data" / "facts"


def read(file: str, format_: Any, folder: Path = DATA, **more: Any) -> FactRows:
    return read_facts(FactsSection(file=file, format=format_, **more), folder / "spec.yml")


def texts(file: str, format_: Any, **more: Any) -> list[str]:
    facts = load_facts(FactsSection(file=file, format=format_, **more), DATA / "spec.yml", len).facts
    return [fact.worded().text for fact in facts]


def left_out(found: FactRows) -> tuple[str, ...]:
    (notice,) = found.notices
    assert notice.kind == "left out"
    return notice.items


def test_counterfact_brings_prompts_and_false_objects() -> None:
    found = read("counterfact.json", "counterfact")
    assert [(row.subject, row.relation, row.object, row.false_object) for row in found.rows] == [
        ("Marie Curie", "P103", "Polish", "German"),
        ("Albert Einstein", "P19", "Ulm", "Rome"),
        ("Rome", "P190", "Cologne", ""),  # its false object, Paris, is true by the next
        ("Rome", "P190", "Paris", "Bonn"),
    ]
    assert [row.templates for row in found.rows][:2] == [
        ("The mother tongue of {subject} is {object}",),
        ("{subject}, who was born in {object}",),
    ]
    assert left_out(found) == (
        "counterfact.json: record 3: `A prompt without its subject is` does not have {} exactly once, where the subject stands",
        "counterfact.json: record 4: `subject` is missing",
        "counterfact.json: record 7: the fact `Albert Einstein / P19 / Ulm` stands already at counterfact.json: record 2",
        "counterfact.json: record 5: its false object is left out: `Rome / P190 / Paris` is false here and true at "
        "counterfact.json: record 6",
    )
    assert found.source.startswith(
        "The facts stand in counterfact.json, in the layout of CounterFact (Meng et al. 2022, "
    )


def test_the_words_of_counterfact_are_its_prompts_and_objects() -> None:
    assert texts("counterfact.json", "counterfact", false_objects="given", only={"relation": ("P103", "P19")}) == [
        "The mother tongue of Marie Curie is Polish",
        "The mother tongue of Marie Curie is German",
        "Albert Einstein, who was born in Ulm",
        "Albert Einstein, who was born in Rome",
    ]


def test_the_spec_words_a_relation_in_place_of_the_data_set() -> None:
    own = {"P103": RelationSection(template="{subject} grew up with {object}")}
    assert read("counterfact.json", "counterfact", relations=own).rows[0].templates == (
        "{subject} grew up with {object}",
    )


def test_counterfact_is_read_as_it_stands_on_the_hub_too() -> None:
    nested, flat = read("counterfact.json", "counterfact").rows, read("counterfact_flat.jsonl", "counterfact").rows
    assert [(row.subject, row.relation, row.object, row.false_object) for row in flat] == [
        (row.subject, row.relation, row.object, row.false_object) for row in nested[:2]
    ]
    assert flat[0].templates == nested[0].templates


def test_known_1000_is_worded_by_its_prompts() -> None:
    found = read("known_1000.json", "known_1000")
    assert [(row.subject, row.relation, row.object, row.templates) for row in found.rows] == [
        ("Mont Blanc", "P30", "Europe", ("{subject} is located in the continent of {object}",)),
        ("Oslo", "P17", "Norway", ("The country of {subject} is {object}",)),
    ]
    assert left_out(found)[0].startswith(
        "known_1000.json: record 3: its prompt, `Something else altogether is`, does not begin"
    )


def test_a_relation_of_lre_is_read_with_its_wordings_without_examples() -> None:
    found = read("lre/factual/country_capital_city.json", "lre")
    assert [(row.subject, row.object) for row in found.rows] == [
        ("Peru", "Lima"),
        ("Brazil", "Brasília"),
        ("Norway", "Oslo"),
    ]
    assert found.rows[0].templates == (
        "The capital of {subject} is the city of {object}",
        "What is the capital of {subject}? It is the city of {object}",
    )
    assert dict(found.rows[0].columns) == {"relation_type": "factual", "domain_name": "country", "range_name": "city"}
    assert left_out(found) == ("country_capital_city.json: sample 3: `object` is missing",)


def test_a_folder_of_lre_is_all_its_relations() -> None:
    section = FactsSection(file="lre", format="lre")
    found = read_facts(section, DATA / "spec.yml")
    assert {row.relation for row in found.rows} == {"country capital city", "verb past tense"}
    assert found.rows[-1].templates == ("The past tense of {subject} is {object}",)
    assert [path.name for path in source_files(section, DATA / "spec.yml")] == [
        "country_capital_city.json",
        "verb_past_tense.json",
    ]


def test_pararel_finds_the_patterns_beside_the_facts() -> None:
    found = read("pararel/trex_lms_vocab/P36.jsonl", "pararel")
    assert [(row.subject, row.relation, row.object) for row in found.rows] == [
        ("Peru", "P36", "Lima"),
        ("Norway", "P36", "Oslo"),
    ]
    assert found.rows[0].templates == ("The capital of {subject} is {object}.", "{subject}, whose capital is {object}.")
    assert [item.partition(": ")[0] for item in left_out(found)] == [
        "P36.jsonl:3" if "stands already" in item else f"{DATA}/pararel/pattern_data/graphs_json/P36.jsonl:3"
        for item in left_out(found)
    ]


@pytest.mark.parametrize("folder", ["pararel", "pararel/trex_lms_vocab"])
def test_a_folder_of_pararel_is_all_its_relations(folder: str) -> None:
    section = FactsSection(file=folder, format="pararel")
    assert {row.relation for row in read_facts(section, DATA / "spec.yml").rows} == {"P36", "P1376"}
    places = [path.relative_to(DATA).as_posix() for path in source_files(section, DATA / "spec.yml")]
    assert places == [
        "pararel/trex_lms_vocab/P1376.jsonl",
        "pararel/pattern_data/graphs_json/P1376.jsonl",
        "pararel/trex_lms_vocab/P36.jsonl",
        "pararel/pattern_data/graphs_json/P36.jsonl",
    ]


def test_a_pattern_that_changes_is_another_source(tmp_path: Path) -> None:
    shutil.copytree(DATA / "pararel", tmp_path / "pararel")
    section = FactsSection(file="pararel/trex_lms_vocab/P36.jsonl", format="pararel")
    before = source_identity(section, tmp_path / "spec.yml")
    patterns = tmp_path / "pararel" / "pattern_data" / "graphs_json" / "P36.jsonl"
    patterns.write_text(patterns.read_text().replace("The capital of", "The seat of"))
    assert before
    assert source_identity(section, tmp_path / "spec.yml") not in ("", before)


def test_a_relation_of_pararel_without_patterns_has_to_be_worded(tmp_path: Path) -> None:
    (tmp_path / "P36.jsonl").write_text('{"sub_label": "Peru", "obj_label": "Lima"}\n')
    with pytest.raises(InputError, match="the relation `P36` has no patterns beside it"):
        read("P36.jsonl", "pararel", tmp_path)
    own = {"P36": RelationSection(template="{subject}: {object}")}
    assert read("P36.jsonl", "pararel", tmp_path, relations=own).rows[0].templates == ("{subject}: {object}",)


def test_cities_are_pairs_in_the_sentence_of_their_file() -> None:
    found = read("cities.csv", "geometry_of_truth")
    assert [(row.subject, row.object, row.truth, row.pair) for row in found.rows] == [
        ("Lima", "Peru", True, "s001"),
        ("Lima", "the Netherlands", False, "s001"),
        ("Oslo", "Norway", True, "s002"),
        ("Oslo", "Chad", False, "s002"),
        ("Mexico City", "Mexico", True, ""),
    ]
    assert {row.relation for row in found.rows} == {"city in country"}
    assert found.rows[1].columns["correct_country"] == "Peru"
    assert left_out(found)[0].startswith("cities.csv:7: `It is the case both that")


def test_comparisons_and_prompts_of_the_geometry_of_truth_are_read() -> None:
    larger = read("larger_than.csv", "geometry_of_truth").rows
    assert [(row.subject, row.object, row.pair) for row in larger] == [
        ("Fifty-two", "fifty-one", "s001"),
        ("Fifty-two", "ninety", "s001"),
        ("Fifty-one", "ninety", ""),
    ]
    assert texts("counterfact_true_false.csv", "geometry_of_truth", false_objects="given")[2:] == [
        "In Norway, people speak Norwegian.",
        "In Norway, people speak Thai.",
    ]
    assert (
        "is not its relation, subject and target put together"
        in left_out(read("counterfact_true_false.csv", "geometry_of_truth"))[0]
    )


def test_the_specs_own_sentences_are_tried_first() -> None:
    found = read("cities.csv", "geometry_of_truth", statements=("The city of {subject} is in the {object}.",))
    assert found.rows[1].object == "Netherlands"
    assert found.rows[1].relation == "The city of … is in the …"


def test_popqa_is_worded_by_property_and_keeps_its_popularity() -> None:
    found = read("popqa.tsv", "popqa")
    assert [row.templates for row in found.rows] == [
        ("The capital of {subject} is {object}",),
        ("The capital of {subject} is {object}",),
        ("{subject} was born in {object}",),
    ]
    assert dict(found.rows[1].columns) == {
        "id": "2",
        "s_pop": "8000",
        "object_pop": "3000",
        "possible_answers": '["Oslo", "Christiania"]',
    }
    assert left_out(found) == ("popqa.tsv:5: no sentence is known for its property, `shoe size`",)
    own = {"shoe size": RelationSection(template="The shoes of {subject} are of size {object}")}
    assert len(read("popqa.tsv", "popqa", relations=own).rows) == 4


def test_the_popularity_of_an_object_goes_with_it_to_a_false_twin() -> None:
    facts = FactsSection(file="popqa.tsv", format="popqa", only={"relation": "capital"})
    found = load_facts(facts, DATA / "spec.yml", len).facts
    assert [(fact.object, fact.truth, fact.columns["object_pop"], fact.columns["s_pop"]) for fact in found] == [
        ("Lima", True, "4000", "9000"),
        ("Oslo", False, "3000", "9000"),
        ("Oslo", True, "3000", "8000"),
        ("Lima", False, "4000", "8000"),
    ]


def test_a_layout_does_not_depend_on_its_container(tmp_path: Path) -> None:
    records = json.loads((DATA / "known_1000.json").read_text())
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "known.parquet")
    assert [row.templates for row in read("known.parquet", "known_1000", tmp_path).rows] == [
        row.templates for row in read("known_1000.json", "known_1000").rows
    ]


def test_columns_are_not_named_for_a_layout_that_has_its_own() -> None:
    with pytest.raises(InputError, match="the layout `popqa` says itself what its columns hold"):
        read("popqa.tsv", "popqa", columns=ColumnsSection(subject="subj"))


def test_of_very_much_that_is_left_out_the_first_is_named(tmp_path: Path) -> None:
    lines = ["statement,label", "The city of Lima is in Peru.,1", *["Rain falls.,1"] * 1500]
    (tmp_path / "cities.csv").write_text("\n".join(lines))
    (notice,) = read("cities.csv", "geometry_of_truth", tmp_path).notices
    assert notice.message == "1,500 entries of cities.csv are left out."
    assert (len(notice.items), notice.items[-1]) == (201, "and 1,300 more")
