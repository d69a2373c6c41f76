"""The facts on the page: how many, one of them token by token, and all of them as text."""

from collections import Counter

from reportgen import numbers
from reportgen.report import words
from reportgen.report.chat_words import with_opening
from reportgen.report.document import Block, Heading, Prose, Raw, Table
from reportgen.report.markup import Md, md
from reportgen.report.render import component
from reportgen.report.results import Results
from reportgen.report.statement_html import statement_html, tokens_html
from reportgen.report.tables import Column, Row, folded, table_html
from reportgen.statements import Statement, twins

_SHOWN = 6
_EXAMPLE_HEADS = 5


def facts_blocks(results: Results) -> tuple[Block, ...]:
    """The section "The facts"."""
    plan = results.plan
    statements = plan.statements.statements
    example = statements[len(statements) // 2 // 2 * 2]
    return (
        Heading(2, Md("The facts"), "facts"),
        Prose(_summary(results)),
        Prose(md("{abstract}", abstract=plan.file.spec.study.abstract), "quiet")
        if plan.file.spec.study.abstract
        else Prose(Md("")),
        _relations(results),
        Heading(3, Md("The model"), "model"),
        Raw(component("components/entries", entries=_model_card(results))),
        Heading(3, Md("How a statement is measured"), "example"),
        Prose(
            md(
                "“{text}” is {n}. A head's score is its attention from {query} (framed) to {keys} (underlined), {how}.",
                text=example.text,
                n=numbers.things(len(example.tokens.ids), "token") + with_opening(plan.tokenizer),
                query=words.query_position(plan.file.spec.measure),
                keys=words.key_span(plan.file.spec.measure),
                how=words.aggregation(plan.file.spec.measure),
            )
        ),
        Raw(tokens_html(example)),
        Prose(_patterns(results)),
        _example_heads(results, example),
        Heading(3, Md("The statements"), "statements"),
        *_statements(statements),
        Raw(folded("Where the facts come from", component("components/source", text=plan.facts.source), "more")),
    )


def _model_card(results: Results) -> list[tuple[str, str]]:
    plan = results.plan
    _, layers, heads = results.captured.values.shape
    context = plan.tokenizer.context
    return [
        ("Model", plan.source.name),
        ("Layers", numbers.count(layers)),
        ("Heads a layer", numbers.count(heads)),
        ("Heads in all", numbers.count(layers * heads)),
        *([("Context", f"{numbers.count(context)} tokens")] if context else []),
        ("Reads a beginning-of-sequence token first", "yes" if plan.tokenizer.bos is not None else "no"),
    ]


def _patterns(results: Results) -> Md:
    statements, layers, heads = results.captured.values.shape
    return md(
        "Each head's pattern on this statement is a square of {shape}. In all, {patterns} patterns were read, {statements} "
        "statements × {layers} layers × {heads} heads, and one number kept of each.",
        shape="queries by keys",
        patterns=numbers.count(statements * layers * heads),
        statements=numbers.count(statements),
        layers=layers,
        heads=heads,
    )


def _example_heads(results: Results, example: Statement) -> Table:
    """The heads that look most at the key span in one statement."""
    scores = results.scores.sel(statement=example.id).to_numpy()
    order = scores.ravel().argsort(kind="stable")[::-1][:_EXAMPLE_HEADS].tolist()
    rows = [
        Row((f"L{place // scores.shape[1]}H{place % scores.shape[1]}", numbers.points(float(scores.ravel()[place]))))
        for place in order
    ]
    return Table(
        id="tbl-example",
        caption=md(
            "The {n} heads that give {span} the most attention in this one statement, in points.",
            n=len(rows),
            span=words.key_span(results.plan.file.spec.measure),
        ),
        html=table_html("Heads on the example", (Column("Head"), Column("Attention", number=True)), rows),
    )


def _summary(results: Results) -> Md:
    statements = results.plan.statements.statements
    lengths = [len(statement.tokens.ids) for statement in statements]
    true = sum(statement.fact.truth for statement in statements)
    return md(
        "{n}, {true} true and {false} false, in {pairs}; {least} to {most} tokens each{opening}, {all} in all. The subject takes "
        "{subject} tokens on average, the object {object}.",
        n=numbers.things(len(statements), "statement"),
        true=numbers.count(true),
        false=numbers.count(len(statements) - true),
        pairs=numbers.things(len(twins(statements)), "pair"),
        least=min(lengths),
        most=max(lengths),
        opening=with_opening(results.plan.tokenizer),
        all=numbers.count(sum(lengths)),
        subject=numbers.decimal(sum(len(s.subject) for s in statements) / len(statements), 1),
        object=numbers.decimal(sum(len(s.object) for s in statements) / len(statements), 1),
    )


def _relations(results: Results) -> Table:
    statements = results.plan.statements.statements
    counted = Counter((one.fact.relation, one.fact.template) for one in statements if one.fact.truth)
    rows = [
        Row((relation, template, numbers.count(number))) for (relation, template), number in sorted(counted.items())
    ]
    return Table(
        id="tbl-relations",
        caption=Md("The relations, their wording, and how many true facts each holds."),
        html=table_html("Relations", (Column("Relation"), Column("Template"), Column("Facts", number=True)), rows),
    )


def _statements(statements: tuple[Statement, ...]) -> tuple[Block, ...]:
    pairs = twins(statements)
    paired = {statement.id for pair in pairs for statement in pair}
    rows = [Row((true.fact.pair, statement_html(true), statement_html(false))) for true, false in pairs]
    rows += [_lone_row(statement) for statement in statements if statement.id not in paired]
    columns = (Column("Pair"), Column("True"), Column("False"))
    blocks: list[Block] = [
        Table(
            id="tbl-statements",
            caption=Md("Statements, the true one beside its false twin; the subject underlined, the object bold."),
            html=table_html("Statements", columns, rows[:_SHOWN]),
        )
    ]
    if len(rows) > _SHOWN:
        blocks.append(
            Raw(folded(f"All {numbers.things(len(rows), 'row')}", table_html("All statements", columns, rows), "more"))
        )
    return tuple(blocks)


def _lone_row(statement: Statement) -> Row:
    text = statement_html(statement)
    return Row((statement.fact.pair, text, "") if statement.fact.truth else (statement.fact.pair, "", text))
