"""What the store holds already of what a run would ask a model for, and how fast the model was here. Opens no model.

The keys and shelves are those of the capture itself (`run`), so that what counts as kept is what a run takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from reportgen.capture.opening import NODES_PER_PASS, ProvenModel
from reportgen.capture.plan import Plan
from reportgen.capture.record import CaptureRun, Shard
from reportgen.capture.request import Request
from reportgen.capture.tree import Ids, plan_packs, tokens_computed
from reportgen.store import Store

_LOOKED_AT = 20


@dataclass(frozen=True)
class Outstanding:
    """The token sequences of a run (`whole`), and those that have yet to go through the model: how many, the tokens that are
    computed for them, in how many forward passes."""

    whole: int
    sequences: int
    computed: int
    passes: int


def outstanding(requests: Sequence[Request], model: ProvenModel) -> Outstanding:
    """What is left to do for the scores of these requests, with shared prefixes and passes of the usual size."""
    places = {request.key: place for place, request in reversed([*enumerate(requests)])}
    for payload in Store(model.cache).entries(model.shelf("scores")):
        for key in Shard.from_bytes(payload).keys:
            places.pop(key, None)
    plan = Plan(requests, places)
    budget = NODES_PER_PASS[_processor(model.section.device)]
    parts: list[tuple[Ids, ...]] = [part.sequences for part in plan.parts()]
    return Outstanding(
        whole=plan.stored + len(plan),
        sequences=len(plan),
        computed=sum(tokens_computed(sequences, budget) for sequences in parts),
        passes=sum(sum(1 for _ in plan_packs(sequences, budget)) for sequences in parts),
    )


def best_rate(model: ProvenModel) -> float | None:
    """Tokens that this model ran in a second here, at the best of some captures that are in the store; None without one.

    The best, since a machine that was busy with other things says little of what one shard costs.
    """
    some = islice(Store(model.cache).entries(model.shelf("scores")), _LOOKED_AT)
    runs: list[CaptureRun] = [Shard.from_bytes(payload).run for payload in some]
    return max((run.computed / run.seconds for run in runs if run.seconds), default=None)


def _processor(device: str) -> str:
    """The kind of device that a spec names; `auto` is taken for the processor, since what there is only torch knows."""
    kind = device.partition(":")[0]
    return kind if kind in NODES_PER_PASS else "cpu"
