"""The experiments of a study, carried out one after the other, each on its own feet: one that fails stops no other.

1. Every experiment says what it needs (`ask_all`); what it cannot have is why it is not done.
2. The scores that they need are captured together, with the study's own.
3. Each finds and tells (`carry_out`). An error in one becomes its answer; the others go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reportgen import numbers
from reportgen.analyses.analysis import AnyAnalysis, Needs, Study
from reportgen.analyses.table import ANALYSES
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import Scores
from reportgen.capture.request import Request
from reportgen.capture.run import Captured, capture, capture_each
from reportgen.capture.tree import leaves
from reportgen.errors import InputError, ReportgenError, StudyError
from reportgen.report.experiment import Experiment, Told
from reportgen.report.results import Plan
from reportgen.spec.section import Section
from reportgen.universes import Measure


@dataclass(frozen=True)
class Asked:
    """An experiment of a study, its section of the spec, and what it needs, or why it cannot be done."""

    analysis: AnyAnalysis
    section: Section
    needs: Needs | ReportgenError

    @property
    def requests(self) -> Needs:
        """What it needs; nothing where it cannot be done."""
        return self.needs if isinstance(self.needs, Needs) else Needs()


def ask_all(plan: Plan) -> tuple[Asked, ...]:
    """The experiments that the spec asks for, in the order of the page."""
    asked = []
    for analysis in ANALYSES:
        section = getattr(plan.file.spec.experiments, analysis.id)
        if section is not None:
            asked.append(Asked(analysis, section, _needs(analysis, plan, section)))
    return tuple(asked)


def _needs(analysis: AnyAnalysis, plan: Plan, section: Section) -> Needs | ReportgenError:
    try:
        return analysis.needs(plan, section)
    except ReportgenError as error:
        return error


def capture_all(
    wanted: Mapping[Measure, Sequence[Request]], asked: tuple[Asked, ...], model: ProvenModel
) -> tuple[dict[Measure, Captured], tuple[Asked, ...], dict[str, Scores]]:
    """The study's own scores and those of its experiments, by id, from one go through the model; and the experiments again.

    Where that fails, for a score that only an experiment asks for maybe, each is captured by itself, and those whose scores
    cannot be had know why. Raises what `capture` raises about the study's own.
    """
    further = {one.analysis.id: one.requests.requests for one in asked}
    try:
        together = capture_each({**wanted, **further}, model)
        return {way: together[way] for way in wanted}, asked, {name: together[name].values for name in further}
    except StudyError:
        own = capture_each(wanted, model)
    tried = [_alone(one, model) for one in asked]
    return own, tuple(one for one, _ in tried), {one.analysis.id: scores for one, scores in tried}


def _alone(asked: Asked, model: ProvenModel) -> tuple[Asked, Scores]:
    try:
        return asked, capture(asked.requests.requests, model).values
    except StudyError as error:
        return replace(asked, needs=error), capture((), model).values


def cost_text(asked: Asked, plan: Plan, rate: float | None) -> str:
    """What it costs in words: "entropy: no passes of its own", "few_shot: 1,050 forward passes (50,120 tokens), about 1 min".

    The time is told where the `rate` of tokens a second is known; a backward pass counts as two forward ones.
    """
    if isinstance(asked.needs, ReportgenError):
        return f"{asked.analysis.id}: cannot be done: {_why(asked.needs)}"
    sequences, tokens = _extra(asked.needs, plan)
    passes = asked.needs.passes
    forward = sequences + passes.forward
    if not forward + passes.backward:
        return f"{asked.analysis.id}: no passes of its own"
    backward = f", {numbers.count(passes.backward)} backward" if passes.backward else ""
    told = f"{numbers.things(forward, 'forward pass', 'forward passes')}{backward}"
    work = _work(forward, passes.backward, tokens + passes.tokens)
    time = "" if rate is None else f", about {numbers.duration(work / rate)}"
    return f"{asked.analysis.id}: {told} ({numbers.things(tokens + passes.tokens, 'token')}){time}"


def own_work(asked: Sequence[Asked]) -> float:
    """The passes of all experiments beside the scores that they ask for, as so many tokens of forward passes."""
    every = [one.requests.passes for one in asked]
    return sum(_work(passes.forward, passes.backward, passes.tokens) for passes in every)


def _work(forward: int, backward: int, tokens: int) -> float:
    """Passes as so many tokens that go forward: a backward pass counts as two forward ones."""
    return tokens * (1 + 2 * backward / (forward + backward)) if forward + backward else 0.0


def _extra(needs: Needs, plan: Plan) -> tuple[int, int]:
    """How many token sequences, and tokens, its scores add to those of the study's own statements."""
    own = {statement.tokens.ids[: statement.query + 1] for statement in plan.statements.statements}
    found = leaves([request.tokens for request in needs.requests])
    fresh = [leaf.tokens for leaf in found if leaf.tokens not in own]
    return len(fresh), sum(map(len, fresh))


def carry_out(asked: tuple[Asked, ...], study: Study, scores: Mapping[str, Scores]) -> tuple[Experiment, ...]:
    """What each experiment found, or why it found nothing; `scores` are those that each asked for, by its id."""
    done = []
    for one in asked:
        with study.model.progress.stage(one.analysis.id):
            outcome = _outcome(one, study, scores[one.analysis.id])
        done.append(Experiment(one.analysis.id, one.analysis.title, one.analysis.question, outcome))
    return tuple(done)


def _outcome(asked: Asked, study: Study, scores: Scores) -> Told | str:
    if isinstance(asked.needs, ReportgenError):
        return _why(asked.needs)
    try:
        found = asked.analysis.find(study, asked.section, scores)
        return asked.analysis.tell(found, study, asked.section)
    except ReportgenError as error:
        return _why(error)


def _why(error: ReportgenError) -> str:
    if not isinstance(error, InputError):
        return str(error)
    return "; ".join(
        f"{problem.message}{f' ({problem.remedy})' if problem.remedy else ''}" for problem in error.problems
    )
