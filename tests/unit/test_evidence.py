"""The evidence matrix: which heads it holds, and the verdict that each gets, from evidence planted for it."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.report.evidence import evidence_matrix
from reportgen.report.evidence_page import evidence_answer, evidence_document
from reportgen.report.experiment import Evidence, Experiment, Told
from reportgen.report.known_heads import known_heads
from reportgen.report.markup import Md
from tests import planted

FOUND = {(0, 0): 0.1, (1, 2): -0.1}
SHAPE = (planted.LAYERS, planted.HEADS)


@pytest.fixture(scope="module")
def results():
    made = planted.statements(40)
    return planted.results(made, planted.values(made, FOUND))


def moves(*speaking, asked=True):
    """A knock-out that speaks for some heads, and was done for all of them or for these alone."""
    speaks = np.zeros(SHAPE, dtype=bool)
    for place in speaking:
        speaks[place] = True
    estimate = np.where(speaks, -0.5, 0.001 if asked else np.nan)
    return Evidence("knock-out", "nats", estimate, estimate - 0.1, estimate + 0.1, speaks, "moves", 2)


def experiment(*evidence):
    return Experiment("knockout", "Knock-out", "Does it matter?", Told(Md("Yes."), (), Md("Done."), evidence=evidence))


def matrix_of(results, *evidence):
    return evidence_matrix(replace(results, experiments=(experiment(*evidence),)))


def test_a_study_without_further_evidence_has_no_matrix(results):
    assert evidence_matrix(results) is None
    failed = Experiment("knockout", "Knock-out", "Does it matter?", "no memory")
    assert evidence_matrix(replace(results, experiments=(failed,))) is None


def test_every_head_gets_the_verdict_that_its_evidence_leads_to(results):
    matrix = matrix_of(results, moves((0, 0), (2, 3)))
    verdicts = {case.name: case.verdict for case in matrix.cases}
    assert verdicts == {"L0H0": "looks and moves", "L1H2": "looks alone", "L2H3": "moves alone"}
    assert (matrix.found, matrix.both, matrix.moving) == (2, 1, 1)
    case = next(case for case in matrix.cases if case.name == "L0H0")
    assert {"attention effect", "knock-out"} <= set(case.speaking)
    assert next(case for case in matrix.cases if case.name == "L1H2").silent[-1] == "knock-out"
    answer = evidence_answer(matrix)
    assert "2 heads look at the subject differently" in answer
    assert "**1** of them also moves the answer" in answer
    assert "They part on [L1H2](index.html#head=L1H2), [L2H3](index.html#head=L2H3)." in answer


def test_heads_that_move_the_answer_come_in_the_order_of_their_kinds_and_then_of_their_size(results):
    few = moves((2, 0), (2, 1), (2, 2))
    estimate = few.estimate.copy()
    estimate[2, 1] = -0.9
    matrix = matrix_of(results, replace(few, estimate=estimate), moves((2, 2)))
    assert [case.name for case in matrix.cases if case.verdict == "moves alone"] == ["L2H2", "L2H1", "L2H0"]


def test_what_was_not_asked_is_no_verdict(results):
    matrix = matrix_of(results, moves((0, 0), asked=False))
    assert {case.name: case.verdict for case in matrix.cases}["L1H2"] == "looks, not asked further"
    assert "was not asked" in evidence_answer(matrix_of(results, replace(moves(), kind="looks")))


def test_nothing_anywhere_is_said():
    made = planted.statements(40)
    nothing = planted.results(made, planted.values(made, {}))
    matrix = matrix_of(nothing, moves())
    assert matrix.cases == ()
    assert evidence_answer(matrix) == "No head stands out by any kind of evidence."


def test_heads_that_the_literature_names_are_labelled_for_its_model_alone(results):
    assert known_heads("meta-llama/Llama-3-8B") == {}
    assert known_heads("gpt2")["L9H9"].label == "name mover"
    matrix = matrix_of(results, moves((0, 0)))
    spec = results.plan.file.spec
    assert "wang2023" in evidence_document(replace_case(matrix, "L0H1"), spec, "gpt2").cited
    assert "wang2023" not in evidence_document(matrix, spec, "m").cited


def replace_case(matrix, name):
    """The matrix with its first head as another one."""
    layer, head = (int(part) for part in name[1:].split("H"))
    return replace(matrix, cases=(replace(matrix.cases[0], layer=layer, head=head), *matrix.cases[1:]))


def test_the_page_holds_every_head_with_its_marks(results):
    matrix = matrix_of(results, moves((0, 0), (2, 3)))
    text = str(list(evidence_document(matrix, results.plan.file.spec, "m").blocks))
    assert text.count("index.html#head=L2H3") >= 2
    assert "●" in text
    assert "○" in text
    assert "experiments.html#experiment-knockout" in text
