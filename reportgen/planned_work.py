"""What a build of a study would send through its model, before anything is: passes, time and memory. Loads no weights.

1. The scores of every reading that the robustness page goes through, and those that the experiments ask for, are looked for
   in the store under the keys of the capture itself; so are the likelihoods of the facts.
2. The time is that of what is left, at the best rate that captures of this model had here. Where there are none it is
   guessed from the number of weights, and said to be a guess.
3. Memory is what the weights and a forward pass take; nothing is taken where nothing is run.

The controls and the patterns that a page shows are read in addition, of a few statements; experiments' own passes that are
kept already are counted again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen import numbers, provenance
from reportgen.capture.kept import Outstanding, best_rate, outstanding
from reportgen.capture.knowing import unasked
from reportgen.capture.opening import ProvenModel
from reportgen.capture.request import Request, ask
from reportgen.models.convert import tokenizer_folder
from reportgen.models.shape import shape_of
from reportgen.progress import Progress
from reportgen.report.results import Plan
from reportgen.study import model_of
from reportgen.universes import measures

OPERATIONS_A_CORE = 5e10
"""Multiplications and additions that a core is taken to do in a second, where no capture says how fast a model is here:
a small model in float32 did twice as many on two cores of a server."""


@dataclass(frozen=True)
class PlannedWork:
    """What is left to do for the scores; of so many `facts` how many are to be asked about (`unasked`); a line for each
    experiment; the work of those in seconds; the seconds of all of it and whether they are measured; the memory in bytes
    (None where it cannot be told, or nothing is run)."""

    model: str
    scores: Outstanding
    facts: int
    unasked: int
    experiments: tuple[str, ...]
    seconds: float | None
    measured: bool
    memory: int | None

    def rows(self) -> Iterator[tuple[str, str]]:
        """What to say, and about what."""
        yield "model", self.model
        yield "scores", self._scores()
        kept = self.facts - self.unasked
        if self.unasked:
            yield (
                "knowledge",
                f"{numbers.things(self.unasked, 'fact')} to ask about" + (f", {kept} kept" if kept else ""),
            )
        elif self.facts:
            yield "knowledge", f"{kept} of {numbers.things(self.facts, 'fact')} kept"
        yield from (("experiments" if not place else "", line) for place, line in enumerate(self.experiments))
        if self.seconds is not None:
            how = (
                "as fast as it was here before"
                if self.measured
                else "guessed: no capture by this version says how fast the model is here"
            )
            yield "time", f"about {numbers.duration(self.seconds)} for scores and experiments, {how}"
        if self.memory is not None:
            yield "memory", f"about {self.memory / 1e9:.1f} GB for weights and a forward pass"

    def _scores(self) -> str:
        whole, left = self.scores.whole, self.scores.sequences
        if not left:
            return f"{numbers.count(whole)} of {numbers.things(whole, 'token sequence')} kept"
        kept = f"{numbers.count(whole - left)} kept, " if left < whole else ""
        passes = numbers.things(self.scores.passes, "forward pass", "forward passes")
        return (
            f"{kept}{numbers.things(left, 'token sequence')} to capture: {passes} over "
            f"{numbers.things(self.scores.computed, 'token')}"
        )


def plan_work(plan: Plan, cache: Path, progress: Progress) -> PlannedWork:
    """What a build would ask the study's model. Raises StudyError where the store or the model's files cannot be read."""
    model = model_of(plan, cache, progress)
    requests, lines, own = _asked(plan, model)
    scores = outstanding(requests, model)
    ask_about, facts = unasked(plan.statements.statements, plan.facts, model)
    runs = plan.source.captured is None and bool(scores.sequences or ask_about or own)
    rate = best_rate(model)
    likely = rate or _guessed_rate(plan)
    work = scores.computed + own
    return PlannedWork(
        model=_model(plan, cache, progress),
        scores=scores,
        facts=facts,
        unasked=ask_about,
        experiments=lines,
        seconds=work / likely if runs and work and likely else None,
        measured=rate is not None,
        memory=_memory(plan) if runs else None,
    )


def _asked(plan: Plan, model: ProvenModel) -> tuple[list[Request], tuple[str, ...], float]:
    """Every score of the study and its experiments, what each of these costs, and their own passes as tokens."""
    spec, statements = plan.file.spec, plan.statements.statements
    ways = measures(plan.facts, plan.tokenizer, spec, statements)
    requests = [request for way, read in ways.statements.items() for request in ask(read, way.aggregation)]
    if all(value is None for _, value in spec.experiments):
        return requests, (), 0.0
    from reportgen.analyses.running import ask_all, cost_text, own_work  # noqa: PLC0415

    asked = ask_all(plan)
    rate = best_rate(model)
    further = [request for one in asked for request in one.requests.requests]
    return requests + further, tuple(cost_text(one, plan, rate) for one in asked), own_work(asked)


def _model(plan: Plan, cache: Path, progress: Progress) -> str:
    """The model in words: "SmolLM2-135M, 30 × 9 heads, 135 M weights, float32"."""
    shape = None if plan.source.captured is not None else shape_of(tokenizer_folder(plan.source, cache, progress))
    heads = [] if shape is None else [f"{shape.layers} layers of {shape.heads} heads"]
    weights = _parameters(plan)
    size = [] if weights is None else [f"{weights / 1e6:,.0f} M weights"]
    return ", ".join([plan.source.name, *heads, *size, plan.file.spec.model.arithmetic])


def _parameters(plan: Plan) -> int | None:
    """How many weights the model has; None where its files are not here."""
    from reportgen.models.gguf import read_gguf  # noqa: PLC0415
    from reportgen.models.memory import parameters_in  # noqa: PLC0415

    source = plan.source
    if source.captured is not None:
        return None
    if source.gguf is not None:
        return read_gguf(source.gguf).parameters
    return None if source.folder is None else parameters_in(source.folder)


def _guessed_rate(plan: Plan) -> float | None:
    """Tokens a second that the cores of this machine may do: each weight takes part in one multiplication and one sum."""
    weights = _parameters(plan)
    return OPERATIONS_A_CORE * provenance.cores() / (2 * weights) if weights else None


def _memory(plan: Plan) -> int | None:
    from reportgen.models.memory import estimate_memory  # noqa: PLC0415

    place = plan.source.gguf or plan.source.folder
    return None if place is None else estimate_memory(place, plan.file.spec.model.arithmetic)
