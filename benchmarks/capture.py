"""Capture as the product does it, against other ways to capture and against what the machine can do at most.

The statements are those of specs/capitals.yml, each fact in three templates. The model is open before a clock starts;
ordering, packing and planning the requests are part of what is timed.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import torch

from benchmarks import baselines, contest
from benchmarks.contest import Benchmark, Contestant, Result
from benchmarks.made_up import SPEC, model_cache
from reportgen.capture.opening import ProvenModel, Reading
from reportgen.capture.record import SCORE_TOLERANCE, Scores
from reportgen.capture.request import Request, ask
from reportgen.models.linears import PackedLinear
from reportgen.models.load import open_bridge
from reportgen.models.tokenizer import Tokens
from reportgen.progress import Silent
from reportgen.spec.load import load_spec
from reportgen.spec.model import RelationSection, SpecFile
from reportgen.statements import Statement
from reportgen.study import plan_study

TEMPLATES = (
    "The capital of {subject} is {object}",
    "The capital city of {subject} is called {object}",
    "As everyone knows, {subject} has the capital {object}",
)
NOTEBOOK_STATEMENTS = 40
LINEAR_REPEATS = 10
PREPACKED_GOALS = {"capture-vs-notebook": 25.0, "capture-vs-bare-forward": 3.3}


@dataclass(frozen=True)
class Study:
    """The statements, and the model as the product opens it."""

    statements: tuple[Statement, ...]
    model: ProvenModel

    def reading(self) -> AbstractContextManager[Reading]:
        """The product's reader; the model is opened once."""
        return self.model.reading(self.statements, "sum")

    def read(self, requests: Sequence[Request]) -> Scores:
        """The scores, [request, layer, head]."""
        with self.reading() as reading:
            return reading.reader.read_all(requests, self.model.budget, lambda _: None)


@cache
def study() -> Study:
    plan = plan_study(_worded(load_spec(SPEC)), model_cache(), None, Silent())
    return Study(
        statements=plan.statements.statements,
        model=ProvenModel(plan.source, plan.file.spec.model, model_cache(), Silent()),
    )


def _worded(file: SpecFile) -> SpecFile:
    """The study with each fact in all the templates."""
    facts = file.spec.facts.model_copy(update={"relations": {"capital": RelationSection(templates=TEMPLATES)}})
    return file.model_copy(update={"spec": file.spec.model_copy(update={"facts": facts})})


@cache
def bridge() -> Any:
    return open_bridge(study().model.folder, study().model.device)


def ours(statements: Sequence[Statement]) -> Contestant:
    return Contestant(lambda: study().read(ask(statements, "sum")), len(statements))


def against(read: baselines.Read, statements: Sequence[Statement]) -> tuple[Contestant, Contestant]:
    """All statements by us, and the given ones by another way that comes to the same scores."""
    deviation = abs(study().read(ask(statements, "sum")) - read(statements).numpy()).max()
    if not deviation <= SCORE_TOLERANCE:
        raise SystemExit(f"the scores differ by {deviation:.1e}, more than {SCORE_TOLERANCE:.0e}")
    return ours(study().statements), Contestant(lambda: read(statements), len(statements))


def against_notebook() -> tuple[Contestant, Contestant]:
    every = len(study().statements) // NOTEBOOK_STATEMENTS
    return against(baselines.notebook(bridge()), study().statements[::every][:NOTEBOOK_STATEMENTS])


def against_bridge_hooks() -> tuple[Contestant, Contestant]:
    return against(baselines.bridge_hooks(bridge()), study().statements)


def against_bare_forward(statements: Sequence[Statement]) -> tuple[Contestant, Contestant]:
    forward = baselines.bare_forward(study().model.folder, study().model.device)
    return ours(statements), Contestant(lambda: forward(statements), len(statements))


def apart(statements: Sequence[Statement]) -> list[Statement]:
    """The statements as long as they are, each begun with a token that no other begins with."""
    return [
        replace(statement, tokens=_begun_with(1000 + number, statement.tokens))
        for number, statement in enumerate(statements)
    ]


def _begun_with(token: int, tokens: Tokens) -> Tokens:
    return replace(tokens, ids=(token, *tokens.ids[1:]))


def many_against_one() -> tuple[Contestant, Contestant]:
    statements = study().statements
    many = [request for statement in statements for request in twenty(statement)]
    return Contestant(lambda: study().read(many), len(statements)), ours(statements)


def twenty(statement: Statement) -> list[Request]:
    """Ten looks from three query positions, each as attention and as contribution."""
    last, subject, before_object = statement.query, statement.subject[-1], statement.object[0] - 1
    looks = [(last, keys) for keys in (statement.subject, statement.object, (0,), (last,), (last - 1,))]
    looks += [(subject, keys) for keys in (statement.subject, (0,), (subject - 1,))]
    looks += [(before_object, keys) for keys in (statement.subject, (0,))]
    asked = [replace(statement, query=query, keys=keys) for query, keys in looks]
    return [*ask(asked, "sum"), *ask(asked, "sum", "contribution")]


def against_linears() -> tuple[Contestant, Contestant]:
    """The floating-point operations of linear layers: in a capture, and with nothing between them."""
    model, run = study().model.plain(study().statements, "sum").model.base_model, ours(study().statements).run

    def alone() -> None:
        for _ in range(LINEAR_REPEATS):
            run_linears(model, study().model.budget)

    return Contestant(run, operations(model, run) / 1e9), Contestant(alone, operations(model, alone) / 1e9)


@torch.inference_mode()
def run_linears(model: Any, rows: int) -> None:
    """Every linear layer once, on so many random tokens."""
    drawn = {
        width: torch.randn(rows, width, device=model.device) for width in {each.in_features for each in linears(model)}
    }
    for linear in linears(model):
        output = linear(drawn[linear.in_features])
    output[0, 0].item()  # waits for a device that works ahead


def operations(model: Any, run: Callable[[], object]) -> int:
    """The floating-point operations of the model's linear layers in a run."""
    counted = 0

    def count(_: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal counted
        counted += 2 * output.numel() * inputs[0].shape[-1]

    hooks = [linear.register_forward_hook(count) for linear in linears(model)]
    run()
    for hook in hooks:
        hook.remove()
    return counted


def linears(model: Any) -> list[Any]:
    """In the order in which a forward pass comes to them."""
    return [module for module in model.modules() if isinstance(module, torch.nn.Linear | PackedLinear)]


BENCHMARKS = (
    Benchmark(
        "capture-vs-notebook", 14.0, "one prompt at a time, every activation cached", "statements", against_notebook
    ),
    Benchmark(
        "capture-vs-bridge-hooks",
        4.0,
        "TransformerLens, pattern hooks, batches of 64",
        "statements",
        against_bridge_hooks,
    ),
    Benchmark(
        "capture-vs-bare-forward",
        1.7,
        "transformers with SDPA, no LM head, batches of 64, nothing captured",
        "statements",
        lambda: against_bare_forward(study().statements),
    ),
    Benchmark(
        "capture-unshared",
        0.95,
        "the same, on statements that share no token",
        "statements",
        lambda: against_bare_forward(apart(study().statements)),
    ),
    Benchmark(
        "capture-many-scores",
        1 / 1.3,
        "one score a statement, here twenty",
        "statements",
        many_against_one,
    ),
    Benchmark("capture-limit", None, "its linear layers with nothing between them", "GFLOP", against_linears),
)


def run(benchmark: Benchmark) -> Result:
    """`contest.run`, held to the goal that is due where the probe chose prepacked weights."""
    with study().reading() as reading:
        prepacked = reading.route.kernel == "prepacked"
    goal = PREPACKED_GOALS.get(benchmark.name, benchmark.goal) if prepacked else benchmark.goal
    return contest.run(replace(benchmark, goal=goal))


RUNS: dict[str, Callable[[], object]] = {each.name: partial(run, each) for each in BENCHMARKS}
