"""Two runs of one study side by side: which inputs changed, which heads came and went, whether the numbers are the same.

1. Inputs are compared one by one: facts, model, spec, reportgen's code, the version of each package that both runs name,
   device and dtype. Each that differs is a cause. Two more are told and do not count: keys of the spec that can move no
   number (`spec_changes`), and the processor, see 5.
2. In every contrast that both runs have, the heads found by one alone are gained or lost. A contrast that only one run
   has is told as well.
3. Numbers are the same where effect, interval and adjusted p of every head are, as the records hold them: to six
   significant digits.
4. The kind of the later run follows. Where an input changed, no numbers are promised, and all that counts is whether the
   findings are the same. Where none did, other numbers are an alarm.
5. With one exception: sums of float32 depend on their order in the last digits, and the order on the processor or GPU, on
   memory and on which statements share a batch. So where scores were captured anew, or the processor is another, numbers
   count as the same while every effect and bound stays within 0.01 points of attention, every effect within 1 % of half
   the width of its interval, and the same heads are found. The noise floor on every page, near 0.0001 points, is a
   hundredth of that. `Shift.exact` says whether numbers are the same to the last digit as well: on one CPU they were, in
   every recapture that we tried, with other threads and other batches too. The same scores on the same processor have no
   such excuse: the tests are seeded and give the same numbers every time.
6. Same numbers prove something only where the scores went through the model anew, which the moment of capture tells:
   later than that of the run before, they were reproduced; else they were taken from the store and restored. Where a
   clock went backwards this claims too little, never too much.

A run that failed has nothing to compare: the run after it is compared with the last one that finished.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reportgen import numbers
from reportgen.history.facts_changes import fact_changes
from reportgen.history.moves import bounds_moved, furthest, moves
from reportgen.history.record import Column, ContrastRecord, Inputs, ModelInput, RunRecord
from reportgen.history.spec_changes import SpecChange, spec_changes

Kind = Literal["first", "reproduced", "restored", "unmoved", "changed", "alarm"]
"""What a run is beside the one before it:

- first: there is none before it
- reproduced: same inputs, captured anew, and every number the same (but for the last digits, see 5)
- restored: same inputs, the same captured scores, the same numbers: nothing was proven
- unmoved: inputs changed, and no finding did (no head gained or lost)
- changed: inputs changed, and heads were gained or lost, or a contrast came or went
- alarm: same inputs, other numbers
"""

Facts = Callable[[str], bytes | None]
"""The facts that go by a hash, as CSV; None where they are gone."""

LAST_DIGITS = 1e-4
"""How far an effect may move, in shares of attention, because numbers were added in another order."""

OF_UNCERTAINTY = 0.01
"""And how far as a part of half the width of its interval."""


@dataclass(frozen=True)
class Estimate:
    """A head's effect in one run, in shares of attention, with its simultaneous interval and adjusted p."""

    effect: float
    low: float
    high: float
    adjusted: float


@dataclass(frozen=True)
class HeadChange:
    """A head that one run found and the other did not. An estimate is None where the run did not test the head."""

    contrast: str
    head: str
    gained: bool
    before: Estimate | None
    after: Estimate | None


@dataclass(frozen=True)
class Cause:
    """Something that changed: which input ("facts", "model", "spec", "code", "device", "dtype" or a package such as
    "torch"), in a sentence, and the single things, such as facts, that were added, dropped or altered.

    Three are told and are no reason for other numbers: "presentation" (keys of the spec that can move no number),
    "processor", and "results" (a contrast that came or went, or intervals that differ under the same effects).
    """

    input: str
    text: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shift:
    """How far two runs' numbers are apart: the largest difference of any head's effect, in shares of attention, that
    head, and the difference as a part of half the width of its interval (the narrower of the two runs'; NaN where the
    head has none in either); `exact` where every number is the same: intervals and adjusted p-values, too."""

    contrast: str
    head: str
    difference: float
    of_uncertainty: float
    exact: bool


@dataclass(frozen=True)
class Comparison:
    """A finished run beside the finished run before it (None for the first)."""

    before: RunRecord | None
    after: RunRecord
    kind: Kind
    causes: tuple[Cause, ...]
    heads: tuple[HeadChange, ...]
    shift: Shift | None

    @property
    def gained(self) -> tuple[HeadChange, ...]:
        """The heads that only the later run found."""
        return tuple(change for change in self.heads if change.gained)

    @property
    def lost(self) -> tuple[HeadChange, ...]:
        """The heads that only the earlier run found."""
        return tuple(change for change in self.heads if not change.gained)


def compared(records: Sequence[RunRecord], facts: Facts) -> tuple[Comparison, ...]:
    """Every finished run of a history beside the finished one before it, oldest first."""
    finished = [record for record in records if not record.failed]
    return tuple(compare(before, after, facts) for before, after in zip([None, *finished], finished, strict=False))


def compare(before: RunRecord | None, after: RunRecord, facts: Facts) -> Comparison:
    """What changed from one finished run to the next, and why; `facts` gives the text of each version of the facts."""
    if before is None:
        return Comparison(None, after, "first", (), (), None)
    changed_keys = spec_changes(_inputs(before).spec, _inputs(after).spec)
    reasons = tuple(_reasons(_inputs(before), _inputs(after), changed_keys, facts))
    told = tuple(_told(before, after, changed_keys))
    shared = _shared(before, after)
    heads = tuple(change for pair in shared for change in _head_changes(*pair))
    return Comparison(
        before=before,
        after=after,
        kind=_kind(before, after, changed=bool(reasons)),
        causes=(*reasons, *told),
        heads=heads,
        shift=_shift(before, after, shared),
    )


def input_causes(before: Inputs, after: Inputs, facts: Facts) -> tuple[Cause, ...]:
    """What is other in the inputs of a later run: what can move a number, then what of the spec cannot."""
    changed = spec_changes(before.spec, after.spec)
    return (*_reasons(before, after, changed, facts), *_presentation(changed))


def _inputs(record: RunRecord) -> Inputs:
    assert record.inputs is not None, "a finished run has its inputs"
    return record.inputs


def _kind(before: RunRecord, after: RunRecord, *, changed: bool) -> Kind:
    if changed:
        return "unmoved" if _findings(before) == _findings(after) else "changed"
    if not (_numbers(before) == _numbers(after) or _same_but_for_last_digits(before, after)):
        return "alarm"
    anew = before.captured and after.captured and _moment(after.captured) > _moment(before.captured)
    return "reproduced" if anew else "restored"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _findings(record: RunRecord) -> dict[str, set[str]]:
    """The heads found, by contrast."""
    return {contrast.id: set(contrast.found) for contrast in record.contrasts}


def _numbers(record: RunRecord) -> dict[str, tuple[str, list[Column]]]:
    """All that a run says about its heads, by contrast."""
    return {one.id: (one.n, [one.effect, one.low, one.high, one.adjusted]) for one in record.contrasts}


def _same_but_for_last_digits(before: RunRecord, after: RunRecord) -> bool:
    """Whether the numbers differ by no more than the order of a sum can make them, where that may be another."""
    another_order = before.captured != after.captured or _inputs(before).processor != _inputs(after).processor
    same_findings = _findings(before) == _findings(after)
    return another_order and same_findings and all(_close(*pair) for pair in _shared(before, after))


def _close(before: ContrastRecord, after: ContrastRecord) -> bool:
    if before.n != after.n or furthest(before.adjusted, after.adjusted) == math.inf:
        return False
    if max(furthest(before.effect, after.effect), bounds_moved(before, after)) >= LAST_DIGITS:
        return False
    return not any(move.of_uncertainty >= OF_UNCERTAINTY for move in moves(before, after))


def _reasons(before: Inputs, after: Inputs, changed_keys: Sequence[SpecChange], facts: Facts) -> Iterator[Cause]:
    """The inputs that changed and can move a number."""
    if before.facts != after.facts:
        yield _facts_cause(facts(before.facts), facts(after.facts))
    if before.model.identity != after.model.identity:
        yield Cause("model", f"The model changed from {_model(before.model)} to {_model(after.model)}.")
    if deciding := [str(change) for change in changed_keys if change.decides]:
        yield Cause("spec", f"The spec changed in {numbers.things(len(deciding), 'place')}.", tuple(deciding))
    if before.code != after.code:
        yield Cause("code", f"reportgen's own code changed{_versions(before, after)}.")
    for package in sorted((before.versions.keys() & after.versions.keys()) - {"reportgen"}):
        yield from _one(package, package, before.versions[package], after.versions[package])
    yield from _one("device", "The device", before.device, after.device)
    yield from _one("dtype", "The arithmetic", before.dtype, after.dtype)


def _one(name: str, subject: str, before: str, after: str) -> Iterator[Cause]:
    """The cause where an input that is one short text changed."""
    if before != after:
        yield Cause(name, f"{subject} changed from {before} to {after}.")


def _facts_cause(before: bytes | None, after: bytes | None) -> Cause:
    if before is None or after is None:
        gone = "both versions" if before is after else "the earlier version" if before is None else "the later version"
        return Cause("facts", f"The facts changed; which of them cannot be told: the text of {gone} is gone.")
    changes = fact_changes(before, after)
    return Cause("facts", changes.text, changes.items)


def _model(model: ModelInput) -> str:
    """The model's name and the beginning of its identity: gpt2 (commit:607a30d783df)."""
    kind, _, digits = model.identity.rpartition(":")
    return f"{model.name} ({kind}{':' if kind else ''}{digits[:12]})"


def _versions(before: Inputs, after: Inputs) -> str:
    old, new = (inputs.versions.get("reportgen", "") for inputs in (before, after))
    return f" (version {old} to {new})" if old != new and old and new else ""


def _told(before: RunRecord, after: RunRecord, changed_keys: Sequence[SpecChange]) -> Iterator[Cause]:
    """What changed beside the inputs that can move a number."""
    yield from _presentation(changed_keys)
    yield from _one("processor", "The processor", _inputs(before).processor, _inputs(after).processor)
    for one, other, what in ((after, before, "is new"), (before, after, "is gone")):
        for contrast in one.contrasts:
            if other.contrast(contrast.id) is None:
                yield Cause("results", f"The contrast “{contrast.title}” {what}.")
    yield from _same_effects(before, after)


def _presentation(changed_keys: Sequence[SpecChange]) -> Iterator[Cause]:
    if shown_alone := [str(change) for change in changed_keys if not change.decides]:
        places = numbers.things(len(shown_alone), "place")
        yield Cause("presentation", f"The spec changed in {places} that can move no number.", tuple(shown_alone))


def _same_effects(before: RunRecord, after: RunRecord) -> Iterator[Cause]:
    """What differs where no effect does, which the size of a shift cannot say."""
    shared = _shared(before, after)
    if not shared or any(one.effect != other.effect for one, other in shared):
        return
    bounds = max(bounds_moved(*pair) for pair in shared)
    if bounds or any(one.adjusted != other.adjusted for one, other in shared):
        by = numbers.significant(bounds * 100) if bounds < math.inf else "an unknown number of"
        yield Cause(
            "results", f"Every effect is the same; intervals differ by at most {by} points, or adjusted p-values do."
        )


def _shared(before: RunRecord, after: RunRecord) -> list[tuple[ContrastRecord, ContrastRecord]]:
    """The contrasts that both runs have, in the order of the later one."""
    return [(earlier, later) for later in after.contrasts if (earlier := before.contrast(later.id)) is not None]


def _head_changes(before: ContrastRecord, after: ContrastRecord) -> Iterator[HeadChange]:
    """The heads gained, then those lost, each strongest first."""
    for head in after.found:
        if head not in before.found:
            yield HeadChange(after.id, head, True, _estimate(before, head), _estimate(after, head))
    for head in before.found:
        if head not in after.found:
            yield HeadChange(after.id, head, False, _estimate(before, head), _estimate(after, head))


def _estimate(contrast: ContrastRecord, head: str) -> Estimate | None:
    """What a contrast says about a head; None where the model has no such head or it could not be tested."""
    try:
        place = contrast.place(head)
    except ValueError:
        return None
    effect, adjusted = contrast.effect[place], contrast.adjusted[place]
    if effect is None or adjusted is None:
        return None
    low, high = contrast.low[place], contrast.high[place]
    return Estimate(effect, -math.inf if low is None else low, math.inf if high is None else high, adjusted)


def _shift(
    before: RunRecord, after: RunRecord, shared: Sequence[tuple[ContrastRecord, ContrastRecord]]
) -> Shift | None:
    """The largest move of all; None where no head has an effect in both runs."""
    largest = max((move for pair in shared for move in moves(*pair)), key=lambda move: move.difference, default=None)
    if largest is None:
        return None
    return Shift(
        largest.contrast, largest.head, largest.difference, largest.of_uncertainty, _numbers(before) == _numbers(after)
    )
