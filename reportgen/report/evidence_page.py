"""The evidence matrix → a page of its own: a row for each head of interest, a column for each kind of evidence."""

import math
from collections.abc import Mapping

from reportgen import numbers
from reportgen.report.document import Block, Document, Heading, Prose, Raw, Table
from reportgen.report.evidence import MOST_HEADS, Case, Column, Matrix, Verdict
from reportgen.report.head_links import head_cell, linked
from reportgen.report.known_heads import KnownHead, known_heads
from reportgen.report.markup import Html, Md, join_md, md
from reportgen.report.methods import cited_keys
from reportgen.report.tables import Column as TableColumn
from reportgen.report.tables import Row, folded, table_html
from reportgen.spec.model import StudySpec

PAGE = "evidence"
_QUESTION = "Which heads matter, by every kind of evidence at once?"
_VERDICTS: dict[Verdict, str] = {
    "looks and moves": "attention to the subject differs, and the answer hangs on the head",
    "looks alone": "attention to the subject differs; the head is not shown to move the answer",
    "looks, not asked further": "attention to the subject differs; whether the head moves the answer was not asked",
    "moves alone": "the answer hangs on the head; its attention to the subject is not found to differ",
}
_NAMED = 8


def evidence_document(matrix: Matrix, spec: StudySpec, model: str) -> Document:
    """The page; `model` is the model's name on the hub, by which heads that the literature names are known."""
    known = known_heads(model)
    labels = [known[case.name] for case in matrix.cases if case.name in known]
    method = _method(labels)
    return Document(
        title=spec.study.title,
        question=_QUESTION,
        description=_QUESTION,
        authors=spec.study.authors,
        depth=2,
        blocks=(
            Prose(evidence_answer(matrix), "lead"),
            Prose(
                md(
                    "This page belongs to [the study](index.html). A head's name opens it there; a figure leads to what lies "
                    "behind it. All of it is about these facts, in this checkpoint."
                )
            ),
            Heading(2, Md("Head by head"), "heads"),
            _table(matrix),
            Heading(2, Md("The verdicts and their reasons"), "verdicts"),
            *_verdicts(matrix, known),
            Heading(2, Md("How to read this"), "methods"),
            Prose(method),
            Heading(2, Md("References"), "references"),
            Prose(Md("::: {#refs}\n:::")),
        ),
        cited=cited_keys([method]),
    )


def evidence_answer(matrix: Matrix) -> Md:
    """Where the kinds of evidence agree and where they do not."""
    if not matrix.found and not matrix.moving:
        return Md("No head stands out by any kind of evidence.")
    found = (
        f"{numbers.things(matrix.found, 'head')} {'looks' if matrix.found == 1 else 'look'} at the subject differently"
    )
    if not matrix.asks_further:
        return md("{found}; whether they move the answer was not asked.", found=found)
    return md(
        "{found}. **{both}** of them also {move} the answer by at least one kind of evidence, {alone} {are} not shown to. "
        "{moving} the answer without being found to look differently.{where}",
        found=found,
        both=matrix.both,
        move="moves" if matrix.both == 1 else "move",
        alone=matrix.found - matrix.both,
        are="is" if matrix.found - matrix.both == 1 else "are",
        moving=f"{numbers.things(matrix.moving, 'head')} {'moves' if matrix.moving == 1 else 'move'}",
        where=_disagreement(matrix),
    )


def _disagreement(matrix: Matrix) -> Md:
    """The heads on which the kinds of evidence part, by name."""
    parted = [case for case in matrix.cases if case.verdict in ("looks alone", "moves alone")][:_NAMED]
    if not parted:
        return Md("")
    return md(" They part on {heads}.", heads=join_md((linked(case.name) for case in parted), ", "))


def _table(matrix: Matrix) -> Table:
    columns = (
        TableColumn("Head"),
        TableColumn("Verdict"),
        *(TableColumn(f"{one.evidence.what}, {one.evidence.unit}", number=True) for one in matrix.columns),
    )
    rows = [
        Row(
            (head_cell(case.layer, case.head), case.verdict, *(_cell(case, column) for column in matrix.columns)),
            sorted_by={
                place + 2: float(column.evidence.estimate[case.layer, case.head])
                for place, column in enumerate(matrix.columns)
                if math.isfinite(column.evidence.estimate[case.layer, case.head])
            },
        )
        for case in matrix.cases
    ]
    return Table(
        id="tbl-evidence",
        caption=md(
            "Every head of interest (those found, strongest first, then those that move the answer; {most} at most) with its "
            "estimate and interval by each kind of evidence. ● stands where the head stands out by it, ○ where it does not, – "
            "where it was not asked.",
            most=MOST_HEADS,
        ),
        html=table_html("Evidence by head", columns, rows),
    )


def _cell(case: Case, column: Column) -> Html | str:
    one, place = column.evidence, (case.layer, case.head)
    estimate, low, high = (float(values[place]) for values in (one.estimate, one.low, one.high))
    if math.isnan(estimate):
        return "–"
    interval = "" if math.isnan(low) else numbers.interval(low, high, one.digits)
    return Html('<a class="evidence" href="{address}">{mark} {estimate}<small>{interval}</small></a>').format(
        address=column.address.format(head=case.name),
        mark="●" if one.speaks[place] else "○",
        estimate=numbers.decimal(estimate, one.digits),
        interval=interval,
    )


def _verdicts(matrix: Matrix, known: Mapping[str, KnownHead]) -> tuple[Block, ...]:
    """The heads of each verdict, and head by head what speaks and what is silent."""
    if not matrix.cases:
        return (Prose(Md("There is no head to speak of.")),)
    items = []
    for verdict, words in _VERDICTS.items():
        cases = [case for case in matrix.cases if case.verdict == verdict]
        if cases:
            heads = join_md((join_md([linked(case.name), *_label(known.get(case.name))]) for case in cases), ", ")
            items.append(
                md("- **{verdict}** ({words}): {heads}", verdict=verdict.capitalize(), words=words, heads=heads)
            )
    columns = (TableColumn("Head"), TableColumn("Verdict"), TableColumn("Speaks for it"), TableColumn("Silent"))
    rows = [
        Row((head_cell(case.layer, case.head), case.verdict, _listed(case.speaking), _listed(case.silent)))
        for case in matrix.cases
    ]
    reasons = folded("What speaks and what is silent, head by head", table_html("Reasons by head", columns, rows))
    return Prose(join_md(items, "\n")), Raw(reasons)


def _label(known: KnownHead | None) -> tuple[Md, ...]:
    """What the literature calls the head, in brackets."""
    return () if known is None else (md("({label} head [@{key}])", label=known.label, key=Md(known.source)),)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) if names else "–"


def _method(labels: list[KnownHead]) -> Md:
    known = md(" Labels are those of the literature [@{key}].", key=Md(labels[0].source)) if labels else Md("")
    return md(
        "A head looks at the subject differently where the study's first contrast finds it. It moves the answer where its direct "
        "contribution, its knock-out or its gradient is told from nothing under that experiment's own correction. The kinds of "
        "evidence are not independent of each other and are not counted up; that attention differs does not mean that the "
        "answer hangs on it [@jain2019], and later heads can repair what a knock-out takes away, so that knock-out effects are "
        "lower bounds.{known}",
        known=known,
    )
