"""How likely a model finds the objects of facts, given the text before them: what false objects are chosen by.

Facts are rendered and tokenized as statements are, a chat template and a first token included, so that an object's tokens
and those before it are the ones that the study reads. `likelihoods` keeps the answers, and asks for those that are lacking.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.capture.opening import ProvenModel
from reportgen.facts.fact import Fact, FactSet
from reportgen.facts.likely_twins import UnaskedError
from reportgen.interventions.likelihoods import Continuation, read_likelihoods, unkept
from reportgen.models.tokenizer import Tokenizer
from reportgen.spec.model import MeasureSection
from reportgen.statements import place_readings, read_facts

BATCH = 4096


@dataclass(frozen=True)
class ObjectLikelihoods:
    """Says how likely a model finds objects, `facts.likely_twins.Likely`: asks it where the store does not know."""

    tokenizer: Tokenizer
    model: ProvenModel
    measure: MeasureSection

    def __call__(self, facts: Sequence[Fact]) -> npt.NDArray[np.float64]:
        """In nats, NaN where an object has no place. Raises StudyError where the model cannot be opened, or gives no number,
        and InputError where no fact has a place."""
        continuations = list(_continuations(facts, self.tokenizer))
        asked = [one for one in continuations if one is not None]
        if lacking := unkept(asked, self.model):
            of = numbers.things(len({(fact.relation, fact.subject) for fact in facts}), "subject")
            what = numbers.things(lacking, "object")
            self.model.progress.say(
                f"asking the model how likely it finds {what} of {of}: false objects are chosen by that"
            )
        return _in_place(continuations, self._read(asked, facts, lacking))

    def _read(self, asked: Sequence[Continuation], facts: Sequence[Fact], lacking: int) -> npt.NDArray[np.float64]:
        stated = FactSet(tuple(fact for fact in facts if fact.truth), (), "") if lacking else FactSet((), (), "")
        readings = read_facts(stated, self.tokenizer)
        sample = place_readings(readings, self.measure, self.tokenizer.context).statements if lacking else ()
        return read_likelihoods(asked, self.model, sample, self.measure.aggregation)


@dataclass(frozen=True)
class KeptLikelihoods:
    """The same from the store alone; opens no model."""

    tokenizer: Tokenizer
    model: ProvenModel
    measure: MeasureSection

    def __call__(self, facts: Sequence[Fact]) -> npt.NDArray[np.float64]:
        """In nats, NaN where an object has no place. Raises UnaskedError where the store lacks any."""
        continuations = list(_continuations(facts, self.tokenizer))
        asked = [one for one in continuations if one is not None]
        if lacking := unkept(asked, self.model):
            raise UnaskedError(numbers.things(lacking, "object"))
        return _in_place(continuations, read_likelihoods(asked, self.model, (), self.measure.aggregation))


def _continuations(facts: Sequence[Fact], tokenizer: Tokenizer) -> Iterator[Continuation | None]:
    """Each fact's object after the tokens before it; None where either has none, or the text is too long for the model."""
    context = tokenizer.context or math.inf
    for start in range(0, len(facts), BATCH):
        for reading in read_facts(FactSet(tuple(facts[start : start + BATCH]), (), ""), tokenizer):
            ids = reading.tokens.ids
            if reading.subject and reading.object and reading.object[0] and len(ids) <= context:
                first, last = reading.object[0], reading.object[-1]
                yield Continuation(ids[:first], ids[first : last + 1])
            else:
                yield None


def _in_place(continuations: Sequence[Continuation | None], found: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What was found of those that are there, in the order of all."""
    values = np.full(len(continuations), np.nan)
    values[[one is not None for one in continuations]] = found
    return values
