"""What a spec expects of its findings, and the published figures that it compares them with: met or not, in words.

An expectation or a figure that cannot be looked up (no such head, no run of that day, a contrast that was left out) is
not met, and says why. Differences that are exactly as large as allowed are within. Where a run of the history is the
measure, the present effect is taken as a record would hold it, so that a run agrees with itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reportgen import numbers
from reportgen.findings import DIFFERS, NEGLIGIBLE, UNDECIDED, Finding, HeadFinding
from reportgen.history.record import ContrastRecord, Replicated, RunRecord, Verdict, rounded
from reportgen.spec.model import CountSection, ExpectSection, ReplicationSection

_VERDICTS = {"differs": DIFFERS, "negligible": NEGLIGIBLE, "undecided": UNDECIDED}
_SAID = {"differs": "differs", "negligible": "is negligible", "undecided": "is undecided"}
_MOST_DIGITS = 6
_MOST_DAYS = 5


class _NotThereError(Exception):
    """What an expectation or a figure is about, where the findings lack it: a sentence without its full stop."""


def judge(
    findings: Sequence[Finding], expect: Sequence[ExpectSection], earlier: Sequence[RunRecord]
) -> tuple[Verdict, ...]:
    """Each expectation beside what was found; `earlier` are the runs before this one, oldest first."""
    return tuple(_judge(findings, one, earlier) for one in expect)


def replicate(findings: Sequence[Finding], replicates: Sequence[ReplicationSection]) -> tuple[Replicated, ...]:
    """Each published figure beside the study's own.

    The two agree within `tolerance` where the spec states one; else where the published value lies in the study's own
    simultaneous interval.
    """
    return tuple(_replicate(findings, one) for one in replicates)


@dataclass(frozen=True)
class _Target:
    """The value that an effect is to be near, in shares of attention, and what it is, in words."""

    value: float
    text: str


def _judge(findings: Sequence[Finding], expect: ExpectSection, earlier: Sequence[RunRecord]) -> Verdict:
    try:
        finding = _finding(findings, expect.contrast)
        if expect.heads is not None:
            met, got = _is_between(len(finding.recall), expect.heads), _found(finding)
        elif expect.verdict is not None:
            head = _head(finding, expect.head)
            met, got = head.verdict == _VERDICTS[expect.verdict], _verdict_of(head)
        else:
            return _near(_head(finding, expect.head), expect, _target(finding, expect, earlier))
    except _NotThereError as why:
        met, got = False, str(why)
    return Verdict(text=_text(expect), met=met, got=got)


def _near(head: HeadFinding, expect: ExpectSection, target: _Target) -> Verdict:
    within, digits = expect.within or 0.0, _digits(expect.within, expect.effect)
    effect = head.effect if expect.run is None else rounded(head.effect)
    difference = math.inf if effect is None or math.isnan(effect) else abs(effect - target.value)
    met = difference <= within or math.isclose(difference, within, rel_tol=1e-9)
    got = _estimate(head, digits) if met else f"{_estimate(head, digits)}, {_away(difference, within)} away"
    return Verdict(text=_text(expect, target.text), met=met, got=got)


def _target(finding: Finding, expect: ExpectSection, earlier: Sequence[RunRecord]) -> _Target:
    digits = _digits(expect.within, expect.effect)
    if expect.run is None:
        assert expect.effect is not None, "an expectation about an effect names a value or a run"
        return _Target(expect.effect, _points(expect.effect, digits))
    contrast = _run_of(expect.run, earlier).contrast(finding.tests.contrast.id)
    effect = None if contrast is None else _recorded(contrast, expect.head or "")
    if effect is None:
        raise _NotThereError(f"the run of {expect.run} has no effect of {expect.head}")
    return _Target(effect, f"the run of {expect.run} ({_points(effect, digits)})")


def _run_of(day: str, earlier: Sequence[RunRecord]) -> RunRecord:
    """The last finished run of a day."""
    finished = [run for run in earlier if not run.failed]
    if of_day := [run for run in finished if run.day == day]:
        return of_day[-1]
    days = list(dict.fromkeys(run.day for run in finished))[-_MOST_DAYS:]
    there = f"the last are of {', '.join(days)}" if days else "it holds no finished run"
    raise _NotThereError(f"the history holds no finished run of {day}; {there}")


def _recorded(contrast: ContrastRecord, head: str) -> float | None:
    try:
        return contrast.effect[contrast.place(head)]
    except ValueError:
        return None


def _finding(findings: Sequence[Finding], contrast: str | None) -> Finding:
    """What the contrast of that id shows, or the first."""
    for finding in findings:
        if contrast in (None, finding.tests.contrast.id):
            return finding
    raise _NotThereError(f"the contrast {contrast} was left out: what was measured leaves it without statements")


def _head(finding: Finding, name: str | None) -> HeadFinding:
    for head in finding.all_heads:
        if head.name == name:
            return head
    last = finding.all_heads[-1]
    raise _NotThereError(f"the model has no head {name}: it has {last.layer + 1} layers of {last.head + 1} heads")


def _is_between(n: int, heads: CountSection) -> bool:
    return heads.least <= n and (heads.most is None or n <= heads.most)


def _text(expect: ExpectSection, target: str = "") -> str:
    """The condition in words: "between 20 and 60 heads", "L9H2 differs", "effect of L9H1 within 2.0 points of 13.9"."""
    where = "" if expect.contrast is None else f" in the contrast {expect.contrast}"
    if expect.heads is not None:
        return f"{_between(expect.heads)}{where}"
    if expect.verdict is not None:
        return f"{expect.head} {_SAID[expect.verdict]}{where}"
    digits = _digits(expect.within, expect.effect)
    near = target or (f"the run of {expect.run}" if expect.effect is None else _points(expect.effect, digits))
    return f"effect of {expect.head} within {_points(expect.within or 0.0, digits)} of {near}{where}"


def _between(heads: CountSection) -> str:
    least, most = heads.least, heads.most
    if most is None:
        return f"at least {numbers.things(least, 'head')}"
    if least == most:
        return f"exactly {numbers.things(most, 'head')}"
    return (
        f"between {numbers.count(least)} and {numbers.things(most, 'head')}"
        if least
        else f"at most {numbers.things(most, 'head')}"
    )


def _found(finding: Finding) -> str:
    return f"{numbers.count(len(finding.recall))} of {numbers.things(finding.tests.tested, 'head')}"


def _verdict_of(head: HeadFinding) -> str:
    """A head's verdict with its numbers: "L9H2 differs: 26.1 points [18.4, 33.9], adjusted p < 0.001"."""
    if head.reason:
        return f"{head.name} is {head.verdict}"
    verdict = f"is {UNDECIDED}" if head.verdict == UNDECIDED else head.verdict
    return f"{head.name} {verdict}: {_estimate(head)}, adjusted {numbers.p_equals(head.adjusted)}"


def _estimate(head: HeadFinding, digits: int = 1) -> str:
    """An effect with its simultaneous interval: "26.1 points [18.4, 33.9]"."""
    if head.reason:
        return f"{_points(head.effect, digits)} ({head.verdict})"
    interval = numbers.points_interval(head.simultaneous_low, head.simultaneous_high, digits)
    return f"{_points(head.effect, digits)} {interval}"


def _points(share: float, digits: int = 1) -> str:
    return f"{numbers.points(share, digits)} points"


def _digits(*shares: float | None) -> int:
    """How many decimals show these shares in points as exactly as the spec states them."""
    stated = [share * 100 for share in shares if share is not None]
    exact = (n for n in range(1, _MOST_DIGITS) if all(math.isclose(round(x, n), x, abs_tol=1e-9) for x in stated))
    return next(exact, _MOST_DIGITS)


def _away(difference: float, within: float) -> str:
    """A difference that is too large, with as many decimals as show that it is."""
    for digits in range(_digits(within), _MOST_DIGITS):
        if (told := _points(difference, digits)) != _points(within, digits):
            return told
    return _points(difference, _MOST_DIGITS)


def _replicate(findings: Sequence[Finding], one: ReplicationSection) -> Replicated:
    try:
        finding = _finding(findings, one.contrast)
        ours, passes = _compared(finding, one)
        rule = _rule(one, finding.tests.alpha)
    except _NotThereError as why:
        ours, passes, rule = str(why), False, _rule(one, None)
    return Replicated(
        claim=one.claim,
        source=one.source,
        url=one.url or "",
        published=_published(one),
        ours=ours,
        passes=passes,
        rule=rule,
    )


def _compared(finding: Finding, one: ReplicationSection) -> tuple[str, bool]:
    """The study's own figure in words, and whether the published one agrees with it."""
    if one.quantity == "heads":
        return _found(finding), _tolerated(one, len(finding.recall))
    head, digits = _head(finding, one.head), _digits(one.value, *(one.interval or ()))
    if one.quantity != "effect":
        mean = head.mean_a if one.quantity == "mean_a" else head.mean_b
        return _points(mean, digits), _tolerated(one, mean)
    if one.tolerance is not None:
        return _estimate(head, digits), _tolerated(one, head.effect)
    return _estimate(head, digits), head.simultaneous_low <= one.value <= head.simultaneous_high


def _tolerated(one: ReplicationSection, ours: float) -> bool:
    assert one.tolerance is not None, "the spec asks for a tolerance where the study gives no interval"
    difference = abs(ours - one.value)
    return difference <= one.tolerance or math.isclose(difference, one.tolerance, rel_tol=1e-9)


def _rule(one: ReplicationSection, alpha: float | None) -> str:
    if one.tolerance is None:
        level = "" if alpha is None else f"{numbers.level(1 - alpha)} "
        return f"they agree where the published value lies in the study's own simultaneous {level}interval"
    if one.quantity == "heads":
        return f"they agree where they differ by {one.tolerance:g} heads at most"
    return f"they agree where they differ by {_points(one.tolerance, _digits(one.tolerance))} at most"


def _published(one: ReplicationSection) -> str:
    """The published figure: "13.9 points [12.1, 15.8]", "148 heads"."""
    if one.quantity == "heads":
        low_high = "" if one.interval is None else f" [{one.interval[0]:g}, {one.interval[1]:g}]"
        return f"{one.value:g} {'head' if one.value == 1 else 'heads'}{low_high}"
    digits = _digits(one.value, *(one.interval or ()))
    low_high = "" if one.interval is None else f" {numbers.points_interval(one.interval[0], one.interval[1], digits)}"
    return f"{_points(one.value, digits)}{low_high}"
