"""A study's experiments → a page of their own, and what the study's page says of them."""

from collections.abc import Sequence

from reportgen.report.document import Block, Callout, Document, Heading, Prose, texts
from reportgen.report.evidence import Matrix
from reportgen.report.evidence_page import PAGE as EVIDENCE
from reportgen.report.evidence_page import evidence_answer
from reportgen.report.experiment import Experiment, Told
from reportgen.report.markup import Md, join_md, md, plain_md
from reportgen.report.methods import cited_keys
from reportgen.spec.model import StudySpec

PAGE = "experiments"
_QUESTION = "What else do these heads do?"


def experiments_document(experiments: Sequence[Experiment], spec: StudySpec) -> Document:
    """The page, with a part for each experiment."""
    blocks = [block for experiment in experiments for block in _part(experiment)]
    return Document(
        title=spec.study.title,
        question=_QUESTION,
        description=f"{_QUESTION} {len(experiments)} experiments on the heads of “{spec.study.title}”.",
        authors=spec.study.authors,
        depth=2,
        blocks=(
            Prose(
                md(
                    "This page belongs to [the study](index.html), where the heads were found that it speaks of; a head's name "
                    "opens it there. What is found here is found on these facts, in this checkpoint."
                )
            ),
            *blocks,
            Heading(2, Md("References"), "references"),
            Prose(Md("::: {#refs}\n:::")),
        ),
        cited=cited_keys([*texts(blocks)]),
    )


def experiments_summary(experiments: Sequence[Experiment], matrix: Matrix | None) -> tuple[Block, ...]:
    """The answers, for the study's own page, and what the kinds of evidence say together."""
    if not experiments:
        return ()
    answers = (
        md(
            "- [{title}]({page}.html#{anchor}): {answer}",
            title=experiment.title,
            page=Md(PAGE),
            anchor=Md(experiment.anchor),
            answer=experiment.answer,
        )
        for experiment in experiments
    )
    return Heading(2, Md("Experiments"), "experiments"), *_together(matrix), Prose(join_md(answers, "\n"))


def _together(matrix: Matrix | None) -> tuple[Block, ...]:
    if matrix is None:
        return ()
    return (
        Prose(
            md(
                "{answer} [Every kind of evidence, head by head]({page}.html).",
                answer=evidence_answer(matrix),
                page=Md(EVIDENCE),
            )
        ),
    )


def _part(experiment: Experiment) -> tuple[Block, ...]:
    heading = Heading(2, md("{title}", title=experiment.title), experiment.anchor)
    asked = Prose(md("*{question}*", question=experiment.question))
    match experiment.outcome:
        case Told(answer=answer, blocks=blocks, method=method):
            return heading, asked, Prose(answer), *blocks, Prose(md("*Method.* {method}", method=method))
        case why:
            return heading, asked, Callout("warning", Md("Not done"), plain_md(str(why)))
