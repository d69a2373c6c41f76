"""What the model knows, on the page: a sentence, a table by relation, and every fact with its log-probabilities."""

import math
from collections.abc import Sequence

from reportgen import numbers
from reportgen.knowledge import LEVEL, FactKnowledge, Knowledge, RelationKnowledge, summarize
from reportgen.report.document import Block, Heading, Prose, Raw, Table
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.statements import Statement

_UNKNOWN = "–"


def knowledge_blocks(knowledge: Knowledge, statements: Sequence[Statement]) -> tuple[Block, ...]:
    """The part "What the model knows"."""
    overall = summarize("all", knowledge.facts)
    relations = knowledge.by_relation(statements)
    return (
        Heading(2, Md("What the model knows"), "knowledge"),
        Prose(_summary(overall)),
        *((_relations(relations, overall),) if len(relations) > 1 else ()),
        *((Prose(_meaning(), "quiet"), Raw(_facts(knowledge, statements))) if overall.asked else ()),
    )


def _summary(overall: RelationKnowledge) -> Md:
    if not overall.asked:
        return Md("None of the facts can be asked of the model, so what it recalls is not known.")
    recalled = md(
        "The model recalls {recalled} of {asked} ({share}, {level} interval {interval}): there the true object is "
        "likelier than each of the relation's other objects.",
        recalled=numbers.count(overall.recalled),
        asked=numbers.things(overall.asked, "fact"),
        share=numbers.percent(overall.recalled, overall.asked),
        level=numbers.level(LEVEL),
        interval=_interval(overall),
    )
    preferred = md(
        "In {preferred} of {compared} ({share}) the true object is likelier than the false one.",
        preferred=numbers.count(overall.preferred),
        compared=numbers.things(overall.compared, "pair"),
        share=numbers.percent(overall.preferred, overall.compared),
    )
    return join_md([recalled, preferred] if overall.compared else [recalled])


def _interval(known: RelationKnowledge) -> str:
    return f"{numbers.percent(known.low, 1)} to {numbers.percent(known.high, 1)}" if known.asked else _UNKNOWN


def _relations(relations: Sequence[RelationKnowledge], overall: RelationKnowledge) -> Table:
    columns = (
        Column("Relation"),
        Column("Facts", number=True),
        Column("Objects", number=True),
        Column("Recalled", number=True),
        Column("Share", number=True),
        Column(f"{numbers.level(LEVEL)} interval", number=True),
        Column("Median rank", number=True),
        Column("True beats false", number=True),
    )
    rows = [_relation_row(known, numbers.count(known.candidates)) for known in relations]
    return Table(
        id="tbl-knowledge",
        caption=Md(
            "What the model knows, by relation: facts that could be asked, objects that the true one is ranked among, facts "
            "recalled with the Wilson interval of their share, the median rank of the true object, and the share of pairs "
            "in which the true object is likelier than the false one."
        ),
        html=table_html(
            "Facts recalled by relation", columns, [*rows, _relation_row(overall, _UNKNOWN, emphasis=True)]
        ),
    )


def _relation_row(known: RelationKnowledge, objects: str, *, emphasis: bool = False) -> Row:
    return Row(
        (
            known.relation,
            numbers.count(known.asked),
            objects,
            numbers.count(known.recalled),
            numbers.percent(known.recalled, known.asked),
            _interval(known),
            _UNKNOWN if math.isnan(known.median_rank) else f"{known.median_rank:g}",
            numbers.percent(known.preferred, known.compared),
        ),
        sorted_by={4: known.accuracy} if known.asked else {},
        emphasis=emphasis,
    )


def _meaning() -> Md:
    return md(
        "The log-probability of an object is the sum over its tokens of the log-probability of each, given all before "
        "it, in nats; the margin is the true object's minus the false one's. The rank is the true object's among the "
        "objects that the study's facts call true of anyone in its relation, 1 for the likeliest; other objects that "
        "they call true of the same subject are left aside. A fact is recalled where the rank is 1.",
    )


def _facts(knowledge: Knowledge, statements: Sequence[Statement]) -> Html:
    true = {statement.fact.pair: statement for statement in statements if statement.fact.truth}
    false = {statement.fact.pair: statement for statement in statements if not statement.fact.truth}
    columns = (
        Column("Subject"),
        Column("True object"),
        Column("log p", number=True),
        Column("False object"),
        Column("log p", number=True),
        Column("Margin", number=True),
        Column("Rank", number=True),
    )
    rows = [_fact_row(fact, true[fact.pair], false.get(fact.pair)) for fact in knowledge.facts]
    return folded(
        f"What the model knows of {numbers.things(len(rows), 'fact')}",
        table_html("Log-probabilities and ranks of the objects", columns, rows),
        "more",
    )


def _fact_row(fact: FactKnowledge, true: Statement, false: Statement | None) -> Row:
    exact = {2: fact.logprob_true, 4: fact.logprob_false, 5: fact.margin}
    return Row(
        (
            true.fact.subject,
            true.fact.object,
            _nats(fact.logprob_true),
            false.fact.object if false else _UNKNOWN,
            _nats(fact.logprob_false),
            _nats(fact.margin),
            numbers.count(fact.rank) if fact.rank else _UNKNOWN,
        ),
        sorted_by={column: value for column, value in exact.items() if math.isfinite(value)}
        | ({6: fact.rank} if fact.rank else {}),
    )


def _nats(value: float) -> str:
    return numbers.decimal(value) if math.isfinite(value) else _UNKNOWN
