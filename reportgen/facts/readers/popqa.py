"""PopQA: questions about entities of every popularity, as a table (test.tsv), or on the hub.

The set has a question a fact, and a question does not end where its object begins. So each of its sixteen properties has a
sentence of ours that says the same, such as "The capital of {subject} is {object}" for "What is the capital of …?"; a spec's
own relations take their place. `s_pop` and `object_pop` (there `o_pop`) are monthly page views on Wikipedia: the object's
is called so because it goes with the object, to a false twin too.
"""

from collections.abc import Mapping

from reportgen.errors import shown
from reportgen.facts.readers.published import UnplacedError, columns_of, name_in, place_all
from reportgen.facts.readers.raw import RawRow, RawTable
from reportgen.facts.table import Layout, Record, Table
from reportgen.spec.facts_section import RelationSection

LAYOUT = Layout("PopQA", "Mallen et al. 2023, When Not to Trust Language Models, arXiv:2212.10511")

_SENTENCES = {
    "occupation": "The occupation of {subject} is {object}",
    "place of birth": "{subject} was born in {object}",
    "genre": "The genre of {subject} is {object}",
    "father": "The father of {subject} is {object}",
    "country": "{subject} is located in the country of {object}",
    "producer": "The producer of {subject} was {object}",
    "director": "The director of {subject} was {object}",
    "capital of": "{subject} is the capital of {object}",
    "screenwriter": "The screenwriter of {subject} was {object}",
    "composer": "The composer of {subject} was {object}",
    "color": "The color of {subject} is {object}",
    "religion": "The religion of {subject} is {object}",
    "sport": "The sport that {subject} plays is {object}",
    "author": "The author of {subject} is {object}",
    "mother": "The mother of {subject} is {object}",
    "capital": "The capital of {subject} is {object}",
}

_COLUMNS = {"id": "id", "s_pop": "s_pop", "o_pop": "object_pop", "possible_answers": "possible_answers"}


def read(raw: RawTable, relations: Mapping[str, RelationSection]) -> Table:
    """The facts of PopQA, in the sentences of their properties."""

    def record(row: RawRow) -> Record:
        relation = name_in(row, "prop")
        if relation not in _SENTENCES and relation not in relations:
            raise UnplacedError(f"no sentence is known for its property, {shown(relation)}")
        cells = {
            "subject": name_in(row, "subj"),
            "relation": relation,
            "object": name_in(row, "obj"),
            **columns_of(row, _COLUMNS),
        }
        sentence = _SENTENCES.get(relation)
        return Record(row.where, cells, () if sentence is None else (sentence,))

    return place_all(raw, LAYOUT, record)
