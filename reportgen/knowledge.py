"""What the model knows of a study's facts, and what follows from it. How it is measured stands in `capture.knowing`.

1. An object's log-probability given the text before it is Σ log p(token | all tokens before it) over the object's
   tokens, in nats: the whole answer counts, not its first token alone.
2. The true object's rank is its place among the objects that the study's facts call true of anyone in the relation,
   1 for the likeliest. Another object that they call true of the same subject is left aside: it is no wrong answer.
   Ranks among known candidates go back to LAMA (Petroni et al. 2019, https://doi.org/10.18653/v1/D19-1250).
3. A fact is recalled where that rank is 1. Its margin is the log-probability of the true object minus the false
   one's.
4. Nothing is known of a fact whose object comes before its subject, since what is read before the object does not
   name the subject, nor of one whose relation offers no other object.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen.notices import Notice
from reportgen.statements import Statement

COLUMNS = ("recalled", "rank", "margin", "logprob_true", "logprob_false")
LEVEL = 0.95


@dataclass(frozen=True)
class FactKnowledge:
    """What the model makes of one true fact.

    Log-probabilities are in nats, NaN where they are not known (the false one's also where the fact has no twin);
    `rank` counts from 1 among so many `candidates`, and is 0 where it is not known.
    """

    pair: str
    logprob_true: float
    logprob_false: float
    rank: int
    candidates: int

    @property
    def recalled(self) -> bool | None:
        """Whether no candidate is likelier than the true object; None where that is not known."""
        return self.rank == 1 if self.rank else None

    @property
    def margin(self) -> float:
        """By how many nats the true object is likelier than the false one; NaN where that is not known."""
        return self.logprob_true - self.logprob_false


@dataclass(frozen=True)
class RelationKnowledge:
    """What the model knows of the facts of one relation, or of several.

    Of `asked` facts, whose objects were ranked among up to `candidates`, it recalls `recalled`: a share with the
    Wilson score interval [low, high] of level `LEVEL`. Of `compared` pairs the true object is the likelier in
    `preferred`. Shares of nothing and the `median_rank` of nothing are NaN.
    """

    relation: str
    asked: int
    recalled: int
    low: float
    high: float
    median_rank: float
    candidates: int
    compared: int
    preferred: int

    @property
    def accuracy(self) -> float:
        """The share of the facts asked about that are recalled."""
        return self.recalled / self.asked if self.asked else math.nan


@dataclass(frozen=True)
class Knowledge:
    """What the model knows of every true fact of a study, in their order, and what a reader must be told."""

    facts: tuple[FactKnowledge, ...]
    notices: tuple[Notice, ...]

    def columns(self, statements: Sequence[Statement]) -> dict[str, npt.NDArray[Any]]:
        """`COLUMNS` along the statements, [statement]: both twins have what is known of their true fact.

        `recalled` is text, "true", "false" or nothing, so that a filter for either passes what is unknown over; the
        others are numbers, NaN where unknown.
        """
        known = {fact.pair: fact for fact in self.facts}
        facts = [known.get(statement.fact.pair, _unknown(statement.fact.pair)) for statement in statements]
        numbers = {name: np.array([getattr(fact, name) for fact in facts], float) for name in COLUMNS[2:]}
        ranks = np.array([fact.rank or math.nan for fact in facts], float)
        return {"recalled": np.array([_as_text(fact.recalled) for fact in facts], str), "rank": ranks, **numbers}

    def by_relation(self, statements: Sequence[Statement]) -> tuple[RelationKnowledge, ...]:
        """The facts' knowledge relation by relation, in the order of their names."""
        relations = {statement.fact.pair: statement.fact.relation for statement in statements}
        sorted_out: dict[str, list[FactKnowledge]] = {}
        for fact in self.facts:
            sorted_out.setdefault(relations[fact.pair], []).append(fact)
        return tuple(summarize(name, sorted_out[name]) for name in sorted(sorted_out))


def is_asked(true: Statement) -> bool:
    """Whether all of the subject is read before the object, so that the model can be asked for the object."""
    return true.subject[-1] < true.object[0]


def summarize(relation: str, facts: Sequence[FactKnowledge]) -> RelationKnowledge:
    """What is known of some facts taken together."""
    ranks = [fact.rank for fact in facts if fact.rank]
    margins = [fact.margin for fact in facts if not math.isnan(fact.margin)]
    recalled = ranks.count(1)
    low, high = _wilson(recalled, len(ranks))
    return RelationKnowledge(
        relation=relation,
        asked=len(ranks),
        recalled=recalled,
        low=low,
        high=high,
        median_rank=float(np.median(ranks)) if ranks else math.nan,
        candidates=max((fact.candidates for fact in facts), default=0),
        compared=len(margins),
        preferred=sum(margin > 0 for margin in margins),
    )


def conclude_knowledge(
    statements: Sequence[Statement],
    likelihoods: Mapping[str, Mapping[str, float]],
    candidates: Mapping[str, Sequence[str]],
) -> Knowledge:
    """Ranks and notices from log-probabilities.

    `likelihoods` holds, by the pair of each fact that was asked about, the log-probability of its true object, of its
    false one and of every candidate that is likelier than the true one, by object; of other candidates it may hold
    any. `candidates` are, by pair, the objects that the true one is ranked among, itself included.
    """
    false = {statement.fact.pair: statement.fact.object for statement in statements if not statement.fact.truth}
    true = [statement for statement in statements if statement.fact.truth]
    facts = tuple(
        _ranked(statement, false.get(statement.fact.pair), likelihoods[statement.fact.pair], candidates)
        if statement.fact.pair in likelihoods
        else _unknown(statement.fact.pair)
        for statement in true
    )
    return Knowledge(facts, tuple(_notices(true, facts)))


def _ranked(
    true: Statement, false: str | None, likelihoods: Mapping[str, float], candidates: Mapping[str, Sequence[str]]
) -> FactKnowledge:
    pair, choices = true.fact.pair, candidates[true.fact.pair]
    reached = likelihoods[true.fact.object]
    above = sum(likelihoods.get(choice, -math.inf) > reached for choice in choices if choice != true.fact.object)
    refused = math.nan if false is None else likelihoods.get(false, math.nan)
    return FactKnowledge(pair, reached, refused, above + 1 if len(choices) > 1 else 0, len(choices))


def _unknown(pair: str) -> FactKnowledge:
    return FactKnowledge(pair, math.nan, math.nan, 0, 0)


def _as_text(recalled: bool | None) -> str:
    return "" if recalled is None else str(recalled).lower()


def _wilson(successes: int, trials: int) -> tuple[float, float]:
    """The Wilson (1927) score interval of a share."""
    from scipy import stats  # noqa: PLC0415

    if not trials:
        return math.nan, math.nan
    interval = stats.binomtest(successes, trials).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def _notices(true: Sequence[Statement], facts: Sequence[FactKnowledge]) -> Iterable[Notice]:
    unasked = tuple(statement.text for statement in true if not is_asked(statement))
    if unasked:
        yield Notice(
            "warning",
            f"What the model knows of {len(unasked)} of {len(true)} true facts cannot be asked: their object comes "
            "before their subject, so the text before it does not name the subject. They count neither as recalled nor "
            "as not recalled.",
            unasked,
        )
    alone = tuple(s.text for s, fact in zip(true, facts, strict=True) if is_asked(s) and not fact.rank)
    if alone:
        yield Notice(
            "warning",
            f"{len(alone)} of {len(true)} true facts have no rank: their relation offers no other object that would be "
            "a wrong answer. They count neither as recalled nor as not recalled.",
            alone,
        )
