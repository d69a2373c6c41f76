"""Whole statements are taken apart by templates or by the words of two columns, or left out with the reason."""

from pathlib import Path
from typing import Any

import pytest

from reportgen.errors import InputError
from reportgen.facts.load import load_facts
from reportgen.facts.read import FactRows, read_facts
from reportgen.facts.readers.published import UnplacedError
from reportgen.facts.readers.sentences import Wording, by_templates, by_words, relation_of
from reportgen.spec.facts_section import ColumnsSection, FactsSection, RelationSection

DATA = Path(__file__).parents[1] / "data" / "facts"


def read(file: str, spec: Path = DATA / "spec.yml", **more: Any) -> FactRows:
    return read_facts(FactsSection(file=file, **more), spec)


def test_statements_are_read_by_their_templates_and_paired() -> None:
    found = read(
        "statements.csv",
        columns=ColumnsSection(statement="text", truth="verdict"),
        statements=("The currency of {subject} is {object}.", "{subject} uses {object}."),
    )
    assert [(row.subject, row.relation, row.object, row.truth, row.pair) for row in found.rows] == [
        ("Peru", "The currency of … is …", "the sol", True, "s001"),
        ("Peru", "The currency of … is …", "the yen", False, "s001"),
        ("Japan", "The currency of … is …", "the yen", True, ""),
        ("Japan", "… uses …", "the yen", True, ""),
    ]
    assert [dict(row.columns) for row in found.rows] == [{"source": source} for source in "aabb"]
    (notice,) = found.notices
    assert notice.message == "1 entry of statements.csv is left out."
    assert notice.items == ("statements.csv:7: `Rain falls.` fits no template",)


def test_the_facts_of_statements_are_the_statements() -> None:
    facts = FactsSection(
        file="statements.csv",
        columns=ColumnsSection(statement="text", truth="verdict"),
        statements=("The currency of {subject} is {object}.",),
        false_objects="given",
    )
    found = load_facts(facts, DATA / "spec.yml", len)
    assert [fact.worded().text for fact in found.facts] == [
        "The currency of Peru is the sol.",
        "The currency of Peru is the yen.",
        "The currency of Japan is the yen.",
    ]


def test_the_templates_of_relations_read_statements_and_give_them_their_names() -> None:
    relations = {
        "currency": RelationSection(template="The currency of {subject} is {object}."),
        "use": RelationSection(template="{subject} uses {object}."),
    }
    found = read("statements.csv", columns=ColumnsSection(statement="text", truth="verdict"), relations=relations)
    assert [row.relation for row in found.rows] == ["currency", "currency", "currency", "use"]


def test_the_words_of_two_columns_make_the_template() -> None:
    columns = ColumnsSection(statement="statement", subject="city", object="country", truth="label")
    found = read("cities.csv", columns=columns)
    assert found.rows[1].templates == ("The city of {subject} is in {object}.",)
    assert [row.pair for row in found.rows] == ["s001", "s001", "s002", "s002", "", ""]
    # Mexico stands in Mexico City too: the longer name is found first, the other outside of it.
    assert (found.rows[4].subject, found.rows[4].object) == ("Mexico City", "Mexico")
    assert found.rows[5].templates == (
        "It is the case both that the city of {subject} is in {object} and that it rains.",
    )


@pytest.mark.parametrize(
    ("statement", "subject", "object_", "reason"),
    [
        ("Niger is near Nigeria.", "Nigeria", "Chad", "its object `Chad` does not stand in "),
        ("Peru, Peru and Lima.", "Peru", "Lima", "its subject `Peru` stands 2 times in "),
        ("Nigeria borders Chad.", "Niger", "Chad", "its subject `Niger` does not stand in "),
        ("Peru {so} Lima.", "Peru", "Lima", "holds braces"),
        ("Peru and Lima.", "Peru", "", "does not stand in"),
    ],
)
def test_names_that_do_not_stand_once_are_told(statement: str, subject: str, object_: str, reason: str) -> None:
    with pytest.raises(UnplacedError, match=reason.replace("{", r"\{")):
        by_words(statement, subject, object_)


def test_names_are_found_as_whole_words() -> None:
    assert by_words("Niger is near Nigeria.", "Niger", "Nigeria") == "{subject} is near {object}."


@pytest.mark.parametrize(
    ("statement", "template", "reason"),
    [
        ("A is in B is in C.", "{subject} is in {object}.", "can be read in two ways"),
        ("A B C", "{subject} {object}", "can be read in two ways"),
        ("AB", "{subject}{object}", "can be read in two ways"),
        (" is in B.", "{subject} is in {object}.", "fits no template"),
        ("A is in", "{subject} is in {object}.", "fits no template"),
        ("A is in B.", "In {land}, {subject} is {object}.", "fits no template"),
        ("A is in B.", "{{ subject }} is in {{ object }}.", "fits no template"),
    ],
)
def test_a_statement_that_fits_in_no_way_or_two_is_told(statement: str, template: str, reason: str) -> None:
    with pytest.raises(UnplacedError, match=reason):
        by_templates(statement, [Wording(template)], {})


def test_other_slots_hold_the_words_of_their_columns() -> None:
    found = by_templates(
        "The big city of Lima is in Peru.", [Wording("The {size} city of {subject} is in {object}.")], {"size": "big"}
    )
    assert (found.subject, found.object) == ("Lima", "Peru")


def test_the_object_may_come_first() -> None:
    found = by_templates("Lima is the capital of Peru.", [Wording("{object} is the capital of {subject}.")], {})
    assert (found.subject, found.object) == ("Peru", "Lima")
    assert relation_of("{object} is the capital of {subject}.") == "… is the capital of …"


def test_statements_of_which_none_fits_are_an_error() -> None:
    with pytest.raises(InputError) as caught:
        read(
            "statements.csv", columns=ColumnsSection(statement="text"), statements=("{subject} is no {object} at all.",)
        )
    (problem,) = caught.value.problems
    assert problem.message.startswith("subject and object are found in none of the 5 statements; the first says: ")
    assert problem.remedy == "write their template under `facts.statements`"
