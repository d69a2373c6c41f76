"""The halves of a study's pairs: heads are chosen on one and knocked out on the other."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from reportgen.errors import StudyError
from reportgen.interventions.prompts import Pair, Prompts, can_be_asked, prompts_of
from reportgen.report.results import Plan
from reportgen.spec.experiments import KnockoutSection
from reportgen.statements import twins

REFERENCE = 256
FEWEST = 8


@dataclass(frozen=True)
class Halves:
    """The pairs that are `asked` about, their `prompts` (with more pairs for the means), and the `testing` half that they are
    from, by pair; heads are chosen on all others, `choosing` pairs. `unasked` pairs and `alone` ones (of relations with no
    other) could not be asked about."""

    asked: tuple[Pair, ...]
    prompts: Prompts
    testing: frozenset[str]
    choosing: int
    unasked: int
    alone: int


def halve(plan: Plan, section: KnockoutSection) -> Halves:
    """The two halves, and which pairs are asked about. Raises StudyError where those are too few."""
    pairs = twins(plan.statements.statements)
    askable = [pair for pair in pairs if can_be_asked(pair)]
    rng = np.random.default_rng([plan.file.spec.tests.seed, section.seed, 5])
    drawn = [askable[place] for place in rng.permutation(len(askable))]
    testing = drawn[: len(drawn) // 2]
    pool = testing[: max(REFERENCE, section.facts)]
    counted = Counter(true.fact.relation for true, _ in pool)
    kept = [pair for pair in pool if counted[pair[0].fact.relation] > 1]
    asked = kept[: section.facts]
    if len(asked) < FEWEST:
        raise StudyError(
            f"heads are chosen on one half of the pairs and knocked out on the other, which has {len(asked)} that the model "
            f"can be asked about, and {FEWEST} are needed: twins with the same tokens before the object, the subject "
            "before it, two of a relation"
        )
    return Halves(
        asked=tuple(asked),
        prompts=prompts_of(kept, len(asked)),
        testing=frozenset(true.fact.pair for true, _ in testing),
        choosing=len(pairs) - len(testing),
        unasked=len(pairs) - len(askable),
        alone=len(pool) - len(kept),
    )
