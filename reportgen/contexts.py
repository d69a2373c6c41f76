"""Statements read behind other text: examples, or what somebody says.

1. A fact's sentence is rendered by its template behind a context and a separator, and tokenized with them.
2. Its spans are those in the sentence itself, whatever words the context shares with it: where the sentence stands is known
   from the filling. The template's own words (key span `relation`) are those of the sentence alone, too.
3. Several readings of the same pairs are compared on pairs that can be read in all of them. A reading that would cost more
   than half of the pairs is left out instead (`complete`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reportgen.facts.fact import Fact
from reportgen.models.tokenizer import Tokenizer
from reportgen.spec.experiments import Separator
from reportgen.spec.model import MeasureSection
from reportgen.spec.slots import Slots
from reportgen.statements import Reading, Statement, UnplacedError, read_after, settle

_ENDS = tuple(".!?:;…")


@dataclass(frozen=True)
class Telling:
    """How facts become statements: the model's tokenizer, and where attention is read."""

    tokenizer: Tokenizer
    measure: MeasureSection

    def after(self, openings: Sequence[str], facts: Sequence[Fact]) -> list[Statement | str]:
        """Each fact read behind the opening beside it, or why it has no place there."""
        readings = read_after(openings, facts, self.tokenizer)
        return [self._settled(reading, len(before)) for reading, before in zip(readings, openings, strict=True)]

    def _settled(self, reading: Reading, start: int) -> Statement | str:
        try:
            statement = settle(reading, self.measure, self.tokenizer.context)
        except UnplacedError as error:
            return error.reason
        if self.measure.key_span != "relation":
            return statement
        own = tuple(key for key in statement.keys if statement.tokens.offsets[key][1] > start)
        return (
            replace(statement, keys=own) if own else "none of its relation's own words stands before the query position"
        )


def opening(context: str, separator: Separator) -> str:
    """The context, and what stands between it and the next sentence: before a space, a full stop is added if need be."""
    if separator == "newline":
        return f"{context}\n"
    return f"{context} " if context.endswith(_ENDS) else f"{context}. "


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with a value in each of its slots. Braces in a value are its own."""
    slots = Slots.of(template)
    pieces = [before + values[name] for before, name in zip(slots.before, slots.names, strict=True)]
    return "".join((*pieces, slots.after))


@dataclass(frozen=True)
class Complete:
    """The readings that are kept, by their places, the pairs that can be read in all of these, and why others cannot."""

    kept: tuple[int, ...]
    pairs: tuple[str, ...]
    left_out: Mapping[str, str]


def complete(refused: Sequence[Mapping[str, str]], pairs: Sequence[str]) -> Complete:
    """Which readings and pairs are compared; `refused` says for each reading, by pair, why it cannot be read so."""
    kept = tuple(place for place, own in enumerate(refused) if 2 * len(own) <= len(pairs))
    left_out: dict[str, str] = {}
    for place in kept:
        left_out = {**refused[place], **left_out}
    return Complete(kept, tuple(pair for pair in pairs if pair not in left_out), left_out)
