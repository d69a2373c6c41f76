"""Which pairs attribution asks about, and where: their answers and their looks, chosen before any model is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.errors import StudyError
from reportgen.interventions.attribution import Answer, Look
from reportgen.notices import Notice
from reportgen.spec.experiments import AttributionSection
from reportgen.statements import Statement, twins

Twins = tuple[Statement, Statement]


@dataclass(frozen=True)
class AskedOf:
    """The pairs (true, false) that are asked about, the answer of each, and both twins' looks, true and false in turn.

    Of `possible` pairs they were drawn at random; `notices` say which others cannot be asked about, and why.
    """

    pairs: tuple[Twins, ...]
    answers: tuple[Answer, ...]
    looks: tuple[Look, ...]
    possible: int
    notices: tuple[Notice, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Those of the pairs, true and false in turn."""
        return tuple(statement for pair in self.pairs for statement in pair)


def choose_asked(statements: Sequence[Statement], section: AttributionSection, seed: int) -> AskedOf:
    """Up to `section.facts` pairs, drawn at random in an order that does not change with their number.

    Raises StudyError where no pair can be asked about.
    """
    pairs = twins(statements)
    if not pairs:
        raise StudyError("attribution needs true statements and their false twins, and this study has none")
    reasons = [_unasked(true, false) for true, false in pairs]
    possible = [place for place, reason in enumerate(reasons) if not reason]
    if not possible:
        raise StudyError(f"no pair has an answer that can be asked for; of the first: {reasons[0]}")
    rng = np.random.default_rng(seed)
    drawn = sorted(rng.permutation(possible)[: section.facts].tolist())
    chosen = tuple(pairs[place] for place in drawn)
    return AskedOf(
        pairs=chosen,
        answers=tuple(
            _answer(true, false, section.window, np.random.default_rng([seed, place]))
            for place, (true, false) in zip(drawn, chosen, strict=True)
        ),
        looks=tuple(Look(one.tokens.ids[: one.query + 1], one.keys) for pair in chosen for one in pair),
        possible=len(possible),
        notices=_left_out(pairs, reasons),
    )


def _fork(true: Statement, false: Statement) -> int | None:
    """The position of the first token in which the twins differ; None where one is the beginning of the other."""
    tokens = zip(true.tokens.ids, false.tokens.ids, strict=False)
    return next((place for place, (one, other) in enumerate(tokens) if one != other), None)


def _unasked(true: Statement, false: Statement) -> str:
    """Why a pair cannot be asked about; nothing where it can."""
    fork = _fork(true, false)
    if fork is None or fork > min(true.object[-1], false.object[-1]):
        return "its two objects have no token in which they differ, one being the beginning of the other"
    if true.subject[-1] >= fork:
        return "its object comes before its subject, or shares a token with it"
    if len(true.subject) == fork or any(len(one.keys) == one.query + 1 for one in (true, false)):
        return "nothing but the subject stands where the model could look instead"
    return ""


def _answer(true: Statement, false: Statement, window: int, rng: np.random.Generator) -> Answer:
    fork = _fork(true, false)
    assert fork is not None, "only pairs that can be asked about have an answer"
    # The first token takes what heads do not use, the last one is the query itself, and a chat template's are no words of the
    # statement: none of them is like a subject's.
    own = next((place for place, (left, right) in enumerate(true.tokens.offsets) if right > left), 0)
    spare = [place for place in range(max(1, own), fork - 1) if place not in true.subject]
    enough = len(spare) >= len(true.subject)
    others = sorted(rng.permutation(spare)[: len(true.subject)].tolist()) if enough else []
    return Answer(
        tokens=true.tokens.ids[:fork],
        subject=true.subject,
        true=true.tokens.ids[fork],
        false=false.tokens.ids[fork],
        others=tuple(others),
        window=window,
    )


def _left_out(pairs: Sequence[Twins], reasons: Sequence[str]) -> tuple[Notice, ...]:
    items = tuple(
        f"{true.fact.subject} – {true.fact.object}, {false.fact.object}: {reason}"
        for (true, false), reason in zip(pairs, reasons, strict=True)
        if reason
    )
    if not items:
        return ()
    message = f"Attribution leaves {len(items)} of {len(pairs)} pairs out, whose answer cannot be asked for."
    return (Notice("left out", message, items),)
