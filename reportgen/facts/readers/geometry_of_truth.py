"""The statements of "The Geometry of Truth" (datasets/*.csv of saprmarks/geometry-of-truth): `statement` and `label`, 1 where
it is true, and further columns.

counterfact_true_false.csv has `subject`, `target` and, as `relation`, the prompt with {} in the subject's place. The sentences
of the other files are known here (cities, neg_cities, sp_en_trans, neg_sp_en_trans, larger_than, smaller_than,
companies_true_false), and `facts.statements` adds to them. A statement that fits none, such as the conjunctions, the common
claims and what companies engage in, is left out.
"""

from collections.abc import Sequence

from reportgen.errors import shown
from reportgen.facts.readers.published import UnplacedError, name_in, open_template, place_all
from reportgen.facts.readers.raw import RawRow, RawTable, cell_text
from reportgen.facts.readers.sentences import Wording, by_templates, paired, relation_of
from reportgen.facts.table import Layout, Record, Table

LAYOUT = Layout("The Geometry of Truth", "Marks and Tegmark 2024, The Geometry of Truth, arXiv:2310.06824")

_SENTENCES = (
    Wording("The city of {subject} is in {object}.", "city in country"),
    Wording("The city of {subject} is not in {object}.", "city not in country"),
    Wording("The Spanish word '{subject}' means '{object}'.", "Spanish word"),
    Wording("The Spanish word '{subject}' does not mean '{object}'.", "Spanish word, negated"),
    Wording("{subject} is larger than {object}.", "larger than"),
    Wording("{subject} is smaller than {object}.", "smaller than"),
    Wording("{subject} has headquarters in {object}.", "headquarters"),
    Wording("{subject} operates in the industry of {object}.", "industry"),
)

_KNOWN = ("statement", "label", "relation", "subject", "target")


def read(raw: RawTable, statements: Sequence[str]) -> Table:
    """The facts of one of the files; `statements` are the spec's own templates, which are tried first."""
    wordings = (*(Wording(template, relation_of(template)) for template in statements), *_SENTENCES)

    def record(row: RawRow) -> Record:
        statement, label = name_in(row, "statement"), name_in(row, "label")
        if label not in ("0", "1"):
            raise UnplacedError(f"`label` is {shown(label)}, neither 0 nor 1")
        further = {name: cell_text(value) for name, value in row.values.items() if name not in _KNOWN}
        truth = {"truth": "true" if label == "1" else "false"}
        if {"relation", "subject", "target"} <= row.values.keys():
            names, template = _of_columns(row, statement)
            return Record(row.where, {**names, **truth, **further}, (template,))
        found = by_templates(statement, wordings, further)
        names = {"subject": found.subject, "relation": found.wording.relation, "object": found.object}
        return Record(row.where, {**names, **truth, **further}, (found.wording.template,))

    table = place_all(raw, LAYOUT, record)
    return Table(table.comment, tuple(paired(table.records)), table.problems, table.left_out, table.layout)


def _of_columns(row: RawRow, statement: str) -> tuple[dict[str, str], str]:
    subject, relation, object_ = (name_in(row, key) for key in ("subject", "relation", "target"))
    template = open_template(relation, end=".")
    if template.replace("{subject}", subject).replace("{object}", object_) != statement:
        raise UnplacedError(f"{shown(statement)} is not its relation, subject and target put together")
    return {"subject": subject, "relation": relation, "object": object_}, template
