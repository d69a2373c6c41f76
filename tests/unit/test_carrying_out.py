"""Experiments around their analyses: which are done, what they cost, and that one which fails stops no other."""

from dataclasses import replace

import numpy as np

from reportgen.analyses.analysis import Analysis, Needs, Passes
from reportgen.analyses.running import Asked, ask_all, carry_out, cost_text
from reportgen.analyses.table import ANALYSES
from reportgen.errors import InputError, Problem, StudyError
from reportgen.report.experiment import Told
from reportgen.report.experiments_page import experiments_document, experiments_summary
from reportgen.report.markup import Md
from reportgen.spec.experiments import ExperimentsSection, ObjectAttentionSection
from tests import planted

ASKED = ExperimentsSection(object_attention=ObjectAttentionSection())


def failing(error):
    """An analysis that cannot find anything."""

    def find(*_):
        raise error

    return Analysis("failing", "A failing one", "Why?", lambda *_: Needs(), find, lambda *_: None)


def test_the_table_and_the_spec_name_the_same_experiments_in_one_order():
    assert [analysis.id for analysis in ANALYSES] == list(ExperimentsSection.model_fields)


def test_only_what_the_spec_names_is_asked_for():
    made = planted.statements(20)
    values = planted.values(made, {})
    assert ask_all(planted.study(made, values).plan) == ()
    (asked,) = ask_all(planted.study(made, values, experiments=ASKED).plan)
    assert asked.analysis.id == "object_attention"


def test_what_costs_nothing_more_says_so_and_what_does_counts_its_own_sequences_once():
    made = planted.statements(20)
    study = planted.study(made, planted.values(made, {}), experiments=ASKED)
    (asked,) = ask_all(study.plan)
    assert cost_text(asked, study.plan, None) == "object_attention: no passes of its own"
    longer = tuple(
        replace(request, statement=replace(request.statement, tokens=replace(request.statement.tokens, ids=(7, 8, 9))))
        for request in asked.requests.requests
    )
    costly = replace(asked, needs=Needs(longer, Passes(forward=10, backward=2, tokens=100)))
    told = "object_attention: 11 forward passes, 2 backward (103 tokens)"
    assert cost_text(costly, study.plan, None) == told
    assert cost_text(costly, study.plan, 0.1) == f"{told}, about {round(103 * (1 + 4 / 13) / 0.1 / 60)} min"


def test_one_that_fails_stops_no_other_and_says_why():
    made = planted.statements(20)
    values = planted.values(made, {})
    study = planted.study(made, values, experiments=ASKED)
    (good,) = ask_all(study.plan)
    bad = Asked(failing(StudyError("the model has no room")), ObjectAttentionSection(), Needs())
    missing = InputError(Problem("s.yml", "no such checkpoint", "name another"))
    never = Asked(failing(AssertionError()), ObjectAttentionSection(), missing)
    scores = {"object_attention": np.concatenate([values, values]), "failing": values[:0]}
    experiments = carry_out((bad, good, never), study, scores)
    assert [isinstance(one.outcome, Told) for one in experiments] == [False, True, False]
    assert experiments[2].outcome == "no such checkpoint (name another)"
    assert cost_text(never, study.plan, None) == "failing: cannot be done: no such checkpoint (name another)"
    assert "the model has no room" in experiments[0].notices[0].message
    page = str(experiments_document(experiments, study.spec).blocks)
    assert "the model has no room" in page
    assert "fig-object-attention" in page
    assert "This was not done." in str(experiments_summary(experiments, None))


def test_a_study_without_experiments_says_nothing_of_them():
    assert experiments_summary((), None) == ()


def test_the_answer_leads_to_its_place_on_the_page():
    made = planted.statements(20)
    values = planted.values(made, {})
    study = planted.study(made, values, experiments=ASKED)
    experiments = carry_out(ask_all(study.plan), study, {"object_attention": np.concatenate([values, values])})
    summary = str(experiments_summary(experiments, None))
    assert "experiments.html#experiment-object-attention" in summary
    assert Md("experiment-object-attention") in [
        getattr(block, "id", "") for block in experiments_document(experiments, study.spec).blocks
    ]
