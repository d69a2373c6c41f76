"""Studies whose statements are rendered from facts made here, for tests of what is read behind other text: no model."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from reportgen.analyses.analysis import Study
from reportgen.facts.fact import FactSet
from reportgen.scores import label_scores
from reportgen.spec.model import MeasureSection
from reportgen.statements import render_statements
from tests import planted
from tests.unit.test_statements import tokenizer


@cache
def _base() -> Study:
    made = planted.statements(8)
    return planted.study(made, planted.values(made, {}))


def study(folder: Path, facts: FactSet, context: int = 2000, measure: MeasureSection | None = None) -> Study:
    """A study on these facts, read by a tokenizer of bytes, with an effect of 10 points at L0H0."""
    base, known, measure = _base(), tokenizer(folder, words=False, context=context), measure or MeasureSection()
    placed = render_statements(facts, known, measure)
    made = placed.statements
    scores = planted.values(made, {(0, 0): 0.1})
    file = base.plan.file.model_copy(update={"spec": base.spec.model_copy(update={"measure": measure})})
    plan = replace(base.plan, file=file, facts=facts, tokenizer=known, statements=placed)
    return replace(base, plan=plan, scores=label_scores(scores, made), findings=(planted.finding(made, scores),))
