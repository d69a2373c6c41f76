"""The study's first contrast read after examples: other true facts of the same relation, each a line of its own.

1. Each pair draws its examples by seed, the same for both of its statements. An example is never about its subject, and
   neither the subject nor any object of the pair stands anywhere in its text. More examples go on from fewer.
2. The contrast is tested after each number of examples, a family of heads each.
3. Dose: each statement has, at each head, a least-squares slope of its score over the numbers of examples. The slopes are
   tested in the same contrast as scores are: their difference is the slope of the effect, as each pair has it. They are
   shown as the change from the fewest to the most examples that the straight line has.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reportgen import numbers
from reportgen.analyses.analysis import Needs, Study
from reportgen.capture.record import Scores
from reportgen.capture.request import ask
from reportgen.contexts import Complete, Telling, complete, opening
from reportgen.errors import StudyError
from reportgen.facts.fact import Fact
from reportgen.inference import HeadTests, test_heads
from reportgen.notices import Notice
from reportgen.report.results import Plan
from reportgen.spec.experiments import FewShotSection
from reportgen.statements import Statement
from reportgen.store import content_key


@dataclass(frozen=True)
class Prompted:
    """Statements behind examples: [number of examples, statement], for each of `shots`; `rows` are their places among the
    study's statements."""

    shots: tuple[int, ...]
    rows: tuple[int, ...]
    statements: tuple[tuple[Statement, ...], ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class FewShot:
    """The contrast after each number of examples, and how its effect changes along them: `change` tests slopes, as the
    change from the fewest to the most, in shares of attention."""

    shots: tuple[int, ...]
    tests: tuple[HeadTests, ...]
    change: HeadTests
    notices: tuple[Notice, ...]


def needs(plan: Plan, section: FewShotSection) -> Needs:
    """A score of each statement after each number of examples. Raises what `prompt` raises."""
    prompted = prompt(plan, section)
    together = [statement for statements in prompted.statements for statement in statements]
    return Needs(ask(together, plan.file.spec.measure.aggregation))


def find(study: Study, section: FewShotSection, scores: Scores) -> FewShot:
    """The contrast after each number of examples, and the slopes over them."""
    prompted, tests, contrast = prompt(study.plan, section), study.spec.tests, study.tests.contrast
    values = scores.reshape(len(prompted.shots), -1, *scores.shape[1:])
    labels = study.scores.isel(statement=list(prompted.rows))
    return FewShot(
        shots=prompted.shots,
        tests=tuple(test_heads(labels.copy(data=own), contrast, tests) for own in values),
        change=test_heads(
            labels.copy(data=changes(values, prompted.shots)),
            contrast,
            tests.model_copy(update={"alternative": "two-sided"}),
        ),
        notices=prompted.notices,
    )


def changes(values: Scores, doses: Sequence[int]) -> Scores:
    """By how much the least-squares line through `values` [dose, statement, layer, head] rises from the smallest dose to the
    largest, [statement, layer, head], in the precision of the values."""
    centred = np.array(doses, dtype=np.float64) - np.mean(doses)
    weights = centred / (centred**2).sum() * (max(doses) - min(doses))
    return np.asarray(np.tensordot(weights, values.astype(np.float64), 1), dtype=values.dtype)


def prompt(plan: Plan, section: FewShotSection) -> Prompted:
    """The statements that can be read after every number of examples.

    A number that leaves more than half of the pairs without a reading is left out itself. Raises StudyError where fewer than
    two numbers, or no pair, are left.
    """
    statements, shots = plan.statements.statements, tuple(sorted(section.shots))
    pairs = tuple(dict.fromkeys(statement.fact.pair for statement in statements))
    telling = Telling(plan.tokenizer, plan.file.spec.measure)
    drawn = {
        pair: tuple(opening(fact.worded().text, section.separator) for fact in examples)
        for pair, examples in draw(plan, section).items()
    }
    readings = [_read(statements, drawn, number, telling) for number in shots]
    refused = [
        {one.fact.pair: own for one, own in zip(statements, some, strict=True) if isinstance(own, str)}
        for some in readings
    ]
    chosen = complete(refused, pairs)
    kept = set(chosen.pairs)
    rows = tuple(row for row, statement in enumerate(statements) if statement.fact.pair in kept)
    if len(chosen.kept) < 2 or not rows:
        raise StudyError(_nothing_left(refused, shots))
    return Prompted(
        shots=tuple(shots[place] for place in chosen.kept),
        rows=rows,
        statements=tuple(
            tuple(own for row in rows if not isinstance(own := readings[place][row], str)) for place in chosen.kept
        ),
        notices=_notices(chosen, refused, shots, plan),
    )


def draw(plan: Plan, section: FewShotSection) -> dict[str, tuple[Fact, ...]]:
    """By pair, as many examples as the most that are asked for, or as many as there are."""
    offered: dict[str, list[tuple[Fact, str]]] = {}
    for fact in plan.facts.facts:
        if fact.truth:
            offered.setdefault(fact.relation, []).append((fact, normalized(fact.worded().text)))
    pairs: dict[str, list[Fact]] = {}
    for statement in plan.statements.statements:
        pairs.setdefault(statement.fact.pair, []).append(statement.fact)
    return {
        pair: _examples(own, offered.get(own[0].relation, []), section.seed, max(section.shots))
        for pair, own in pairs.items()
    }


def _examples(own: Sequence[Fact], offered: Sequence[tuple[Fact, str]], seed: int, most: int) -> tuple[Fact, ...]:
    """The first facts, in an order drawn for this pair, that say nothing of its subject and its objects."""
    barred = {normalized(name) for fact in own for name in (fact.subject, fact.object)}
    order = np.random.default_rng([seed, int(content_key(own[0].pair)[:12], 16)]).permutation(len(offered))
    taken: dict[str, Fact] = {}
    for place in order.tolist():
        if len(taken) == most:
            break
        fact, text = offered[place]
        if not any(name in text for name in barred):
            taken.setdefault(normalized(fact.subject), fact)
    return tuple(taken.values())


def normalized(text: str) -> str:
    """The text without case, accents and compatibility forms, so that one name in two spellings is one name."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in parts if not unicodedata.combining(character))


def _read(
    statements: Sequence[Statement], drawn: Mapping[str, Sequence[str]], number: int, telling: Telling
) -> list[Statement | str]:
    """Each statement after so many of the examples drawn for its pair, or why it cannot be read so."""
    openings = ["".join(drawn[statement.fact.pair][:number]) for statement in statements]
    read = telling.after(openings, [statement.fact for statement in statements])
    found = [len(drawn[statement.fact.pair]) for statement in statements]
    return [
        own if some >= number else f"{numbers.things(some, 'other fact')} to take examples from"
        for own, some in zip(read, found, strict=True)
    ]


def _nothing_left(refused: Sequence[dict[str, str]], shots: Sequence[int]) -> str:
    (place, why) = next((place, next(iter(own.values()))) for place, own in enumerate(refused) if own)
    return (
        "statements are compared where most pairs can be read after at least two numbers of examples, and here they cannot: "
        f"with {numbers.things(shots[place], 'example')}, the first that cannot has {why}. Ask for fewer under `shots`"
    )


def _notices(
    chosen: Complete, refused: Sequence[dict[str, str]], shots: Sequence[int], plan: Plan
) -> tuple[Notice, ...]:
    of = {statement.fact.pair: statement.fact.subject for statement in plan.statements.statements}
    notices = []
    for place, number in enumerate(shots):
        if place not in chosen.kept:
            why = tuple(f"{of[pair]}: {reason}" for pair, reason in refused[place].items())
            notices.append(
                Notice(
                    "left out",
                    f"Few-shot: {numbers.things(number, 'example')} are not asked about, because "
                    f"{numbers.count(len(why))} of {numbers.count(len(of))} pairs cannot be read after them.",
                    why,
                )
            )
    if chosen.left_out:
        items = tuple(f"{of[pair]}: {reason}" for pair, reason in chosen.left_out.items())
        message = f"Few-shot: {numbers.things(len(items), 'pair')} cannot be read after all numbers of examples."
        notices.append(Notice("left out", message, items))
    return tuple(notices)
