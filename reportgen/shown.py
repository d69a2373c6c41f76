"""Which statements a reader can look at in full, so that a study of any size stays a set of small files.

A head's file holds three things about statements, each within its own budget of bytes:
1. its scores, for all statements where they fit, else for pairs spread evenly over the study;
2. its attention from the query position to every token, for as many of those as fit, spread evenly;
3. its whole patterns, for the examples: those that the spec names, or by default, in turn, a typical statement,
   the one with the largest and the one with the smallest value, and one drawn at random, until there are enough.
   The value is what the strongest head of the first contrast shows: the difference between twins, or the score.

Twins stay together in scores and rows. Examples are as many as the spec asks for, so the last may lack its twin.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from reportgen.examples import named_examples
from reportgen.findings import Finding
from reportgen.scores import label_columns
from reportgen.spec.model import ReportSection
from reportgen.statements import Statement

# Bytes of a head's file; base64 makes four characters of three bytes.
SCORES_BUDGET, ROWS_BUDGET, PATTERNS_BUDGET = 9_000, 10_000, 8_000
_CHARACTERS = 4 / 3
_SCORE_BYTES = 2
_GOLDEN = (math.sqrt(5) - 1) / 2

_DEFAULT_RULE = (
    "in turn a typical one, the one with the largest and the one with the smallest {value} of {head}, the strongest head, "
    "and one drawn at random (seed {seed})"
)


@dataclass(frozen=True)
class Example:
    """A statement, by its place in the study, whose whole patterns are kept, and why it was chosen."""

    statement: int
    why: str


@dataclass(frozen=True)
class Shown:
    """What is kept of which statements, by their places in the study, in order; `rule` says how examples were chosen."""

    scores: tuple[int, ...]
    rows: tuple[int, ...]
    examples: tuple[Example, ...]
    rule: str


def choose_shown(statements: Sequence[Statement], finding: Finding, report: ReportSection, seed: int) -> Shown:
    """The statements that the page can show; `finding` is the study's first contrast."""
    named = named_examples(label_columns(statements), report)
    if named is None:
        assert isinstance(report.examples, int)
        examples, rule = _by_rule(statements, finding, report.examples, seed)
    else:
        examples, rule = [Example(place, "named in the spec") for place in named], "those that the spec names"
    kept = _within(PATTERNS_BUDGET, examples, lambda example: statements[example.statement].pattern_cells)
    groups = _groups(statements)
    chosen = {example.statement for example in kept}
    first = [group for group in groups if chosen & set(group)]
    scores = _spread(SCORES_BUDGET, groups, first, lambda _: _SCORE_BYTES)
    scored = [group for group in groups if group[0] in scores]
    rows = _spread(ROWS_BUDGET, scored, first, lambda place: statements[place].row_cells)
    return Shown(tuple(sorted(scores)), tuple(sorted(rows)), tuple(kept), rule)


def _groups(statements: Sequence[Statement]) -> list[list[int]]:
    """The places of the statements of each pair, in the order of the study."""
    groups: dict[str, list[int]] = {}
    for place, statement in enumerate(statements):
        groups.setdefault(statement.fact.pair, []).append(place)
    return list(groups.values())


def _by_rule(statements: Sequence[Statement], finding: Finding, wanted: int, seed: int) -> tuple[list[Example], str]:
    """Whole pairs, taken in turn from the four kinds until there are as many statements as wanted."""
    groups = {tuple(group): value for group, value in _values(statements, finding)}
    ordered = sorted(groups, key=lambda group: (groups[group], group))
    middle = float(np.median(list(groups.values())))
    kinds = {
        "typical": sorted(groups, key=lambda group: (abs(groups[group] - middle), group)),
        "largest": ordered[::-1],
        "smallest": ordered,
        "random": [ordered[place] for place in np.random.default_rng(seed).permutation(len(ordered))],
    }
    chosen: dict[tuple[int, ...], str] = {}
    for kind, candidates in cycle(kinds.items()):
        if sum(map(len, chosen)) >= wanted or len(chosen) == len(groups):
            break
        chosen.setdefault(next(group for group in candidates if group not in chosen), kind)
    examples = [Example(place, why) for group, why in chosen.items() for place in group]
    value = "difference" if finding.tests.design == "paired" else "score"
    return examples[:wanted], _DEFAULT_RULE.format(value=value, head=finding.strongest[0].name, seed=seed)


def _values(statements: Sequence[Statement], finding: Finding) -> Iterator[tuple[list[int], float]]:
    """Each pair of the contrast with what the strongest head shows there; statements beside the contrast are left out."""
    top, tests = finding.strongest[0], finding.tests
    a, b = (side.isel(layer=top.layer, head=top.head) for side in (tests.a, tests.b))
    scored = dict(zip(a.statement.to_numpy().tolist(), a.to_numpy().tolist(), strict=True))
    against = dict(zip(b.statement.to_numpy().tolist(), b.to_numpy().tolist(), strict=True))
    for group in _groups(statements):
        ids = [statements[place].id for place in group]
        in_a, in_b = ([side[name] for name in ids if name in side] for side in (scored, against))
        if in_a or in_b:
            yield group, _mean(in_a) - _mean(in_b) if in_a and in_b else _mean([*in_a, *in_b])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _within(budget: int, candidates: Iterable[Example], cells: Callable[[Example], int]) -> list[Example]:
    """Those candidates, in their order, that fit into what the ones before them have left of the budget."""
    kept, left = [], budget / _CHARACTERS
    for candidate in candidates:
        if cells(candidate) <= left:
            kept.append(candidate)
            left -= cells(candidate)
    return kept


def _spread(
    budget: int, groups: Sequence[Sequence[int]], first: Sequence[Sequence[int]], cells: Callable[[int], int]
) -> set[int]:
    """The groups named first, then others from all over the study, as long as the next one fits the budget.

    Multiples of the golden ratio, less their whole part, fill the span from 0 to 1 evenly however many are taken.
    """
    taken = {place for group in first for place in group}
    left = budget / _CHARACTERS - sum(map(cells, taken))
    for index in sorted(range(len(groups)), key=lambda index: index * _GOLDEN % 1):
        size = sum(map(cells, groups[index]))
        if taken.isdisjoint(groups[index]) and size <= left:
            taken.update(groups[index])
            left -= size
    return taken
