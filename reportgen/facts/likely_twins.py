"""False twins by what the model itself finds likely: objects handed round within a relation, as in a derangement, so that true
and false statements hold each equally often and nothing false is true of its subject. Of all ways to do so

- `matched_log_probability` takes one in which Σ |log p(true object) − log p(false object)| is smallest: what is false is then
  as likely to the model as what is true, as nearly as can be, and a head that reacts to a surprise cannot pass for one that
  reacts to truth;
- `nearest` takes one in which Σ log p(false object) is largest: hard negatives, which the model takes to be true soonest.

1. log p is the sum over the object's tokens given all tokens before it, the fact's own subject among them, in nats: the mean
   over those templates of the fact that name its subject before the object. A fact that has none is left out.
2. N facts with M objects are N × M questions. A relation of more than `BLOCK` facts is therefore parted at random (seeded) into
   blocks of at most so many, as equal as can be, and the objects of each are handed round inside it: N × `BLOCK` at most.
3. Each block is an assignment problem (Jonker-Volgenant, SciPy). To keep the own object costs more than all else together, so
   as many facts as can be receive another; what is true of the subject, or has no place in its statement, is out of question.
4. Whoever keeps the own object receives none. Since it is their own, the rest stays balanced.

Log-probabilities are rounded to `DECIMALS`, so that machines which differ in the last digits choose the same twins nearly always.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.facts.fact import Fact
from reportgen.facts.filling import FillingError
from reportgen.facts.pairing import (
    Relation,
    Truths,
    Twinned,
    denied,
    forms_of,
    generator,
    relations_of,
    tell_left_out,
    tell_unused,
    with_twins,
)
from reportgen.facts.rows import Row
from reportgen.notices import Notice

BLOCK = 200
DECIMALS = 3
FAR = 2.5
"""A factor of about twelve: objects this many nats apart are named as unequally likely."""

Nats = npt.NDArray[np.float64]
Likely = Callable[[Sequence[Fact]], Nats]
"""The log-probability of each fact's object given the text before it, in nats; NaN where it has no place there. Facts that the
source states are true, those that are only asked about are not."""


class UnaskedError(Exception):
    """How likely the model finds the objects is not known, and whoever wants to know may not ask."""


def nobody_asked(facts: Sequence[Fact]) -> Nats:
    """For whoever has no model."""
    raise UnaskedError(f"how likely the objects of {len(facts)} statements are is not known")


@dataclass(frozen=True)
class _Block:
    """Facts of one relation that exchange their objects among each other, by number."""

    relation: Relation
    numbers: tuple[int, ...]

    @property
    def objects(self) -> tuple[str, ...]:
        """Each object once, in the order of the facts."""
        return tuple(dict.fromkeys(self.relation.objects[number] for number in self.numbers))

    def choices(self, number: int) -> tuple[str, ...]:
        """What a fact is asked about: its own object, and those that are not true of its subject."""
        own = self.relation.objects[number]
        return tuple(thing for thing in self.objects if thing == own or thing not in self.relation.truths[number])


def likely_twins(
    rows: Sequence[Row],
    method: Literal["matched_log_probability", "nearest"],
    truths: Truths,
    seed: int,
    token_count: Callable[[str], int],
    likely: Likely,
) -> Twinned:
    """Twins for the true facts among `rows`. Raises whatever `likely` raises."""
    true_rows = [row for row in rows if row.truth]
    relations = relations_of(true_rows, truths)
    blocks = [block for name, relation in relations.items() for block in _blocks(relation, generator(seed, name))]
    known = _ask(true_rows, blocks, likely)
    false_objects: dict[int, str] = {}
    for block in blocks:
        false_objects |= _handed_round(block, known, method)
    unasked = {number: _UNASKED for number in known if np.isnan(known[number][true_rows[number].object])}
    left_out = tell_left_out(true_rows, truths, false_objects, _UNREACHED, unasked)
    notices = _told(true_rows, false_objects, known, token_count) if false_objects else ()
    return Twinned(with_twins(true_rows, false_objects), (*left_out, *tell_unused(rows), *notices))


_UNREACHED = "no rearrangement of the objects reaches it"
_UNASKED = "the model cannot be asked for its object: no template has a place for it behind the subject"


def _blocks(relation: Relation, rng: np.random.Generator) -> Iterator[_Block]:
    """Blocks with something to exchange."""
    count = -(-len(relation.numbers) // BLOCK)
    order = np.arange(len(relation.numbers)) if count == 1 else rng.permutation(len(relation.numbers))
    for part in np.array_split(order, count):
        block = _Block(relation, tuple(relation.numbers[place] for place in sorted(part.tolist())))
        if len(block.objects) > 1:
            yield block


def _ask(rows: Sequence[Row], blocks: Sequence[_Block], likely: Likely) -> dict[int, dict[str, float]]:
    """By number, how likely the model finds each of a fact's choices; NaN where it cannot be asked."""
    forms = forms_of(rows)
    asked: list[Fact] = []
    counts: list[tuple[int, str, int]] = []
    for block in blocks:
        for number in block.numbers:
            for thing in block.choices(number):
                told = list(_told_before(rows[number], thing, forms))
                asked += told
                counts.append((number, thing, len(told)))
    answers = iter(likely(asked).tolist()) if asked else iter(())
    found: dict[int, dict[str, float]] = {}
    for number, thing, count in counts:
        mean = float(np.mean(list(islice(answers, count)))) if count else np.nan
        found.setdefault(number, {})[thing] = round(mean, DECIMALS)
    return found


def _told_before(row: Row, thing: str, forms: Mapping[tuple[str, str], Mapping[str, str]]) -> Iterator[Fact]:
    """The fact with an object, in those of its templates that name the subject first; nothing where one of them cannot be
    filled with it."""
    about = row if thing == row.object else denied(row, thing, forms)
    facts = [
        Fact(row.subject, row.relation, thing, about.truth, row.where, about.columns, text) for text in row.templates
    ]
    try:
        words = [fact.worded() for fact in facts]
    except FillingError:
        return
    yield from (fact for fact, one in zip(facts, words, strict=True) if one.subject[1] <= one.object[0])


def _handed_round(block: _Block, known: Mapping[int, Mapping[str, float]], method: str) -> dict[int, str]:
    """The false object of each fact that gets one, by number."""
    # SciPy costs start-up time, and few studies come this far.
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    own = [block.relation.objects[number] for number in block.numbers]
    log_p = np.array([[known[number].get(thing, np.nan) for thing in own] for number in block.numbers])
    log_p[~np.isfinite(log_p)] = np.nan
    log_p[np.isnan(np.diag(log_p))] = np.nan  # who cannot be asked for the own object takes no other
    cost = np.abs(log_p - np.diag(log_p)[:, None]) if method == "matched_log_probability" else -log_p
    possible = np.isfinite(cost)
    dear = len(own) * float(cost[possible].max(initial=0.0)) + 1.0
    cost[~possible] = dear * (len(own) + 1)
    codes = np.unique(own, return_inverse=True)[1]
    cost[codes[:, None] == codes[None, :]] = dear
    _, taken = linear_sum_assignment(cost)
    return {
        number: own[place] for number, place, kept in zip(block.numbers, taken, own, strict=True) if own[place] != kept
    }


def _told(
    rows: Sequence[Row],
    false_objects: Mapping[int, str],
    known: Mapping[int, Mapping[str, float]],
    token_count: Callable[[str], int],
) -> Iterator[Notice]:
    """How near the false objects are to the true ones, and which of them the model finds likelier than these."""
    apart = {
        number: known[number][thing] - known[number][rows[number].object] for number, thing in false_objects.items()
    }
    distances = np.abs(list(apart.values()))
    uneven = sum(token_count(rows[number].object) != token_count(thing) for number, thing in false_objects.items())
    far = [number for number, nats in apart.items() if abs(nats) > FAR]
    pairs = numbers.things(len(apart), "pair")
    yield Notice(
        "note",
        f"A true object and its false one differ by {numbers.decimal(float(np.median(distances)))} nats in the median pair by "
        f"how likely the model finds them, by more than {FAR} in {len(far)} of {pairs}; in {uneven} pairs they differ in their "
        "number of tokens.",
        tuple(_pair(rows[number], false_objects[number], apart[number]) for number in far),
    )
    likelier = [number for number, nats in apart.items() if nats > 0]
    if likelier:
        yield Notice(
            "warning",
            f"In {len(likelier)} of {pairs} the model finds the false object likelier than the true one: it may not know these "
            "facts, or what counts as false may be true after all.",
            tuple(_pair(rows[number], false_objects[number], apart[number]) for number in likelier),
        )


def _pair(row: Row, false: str, nats: float) -> str:
    return f"{row}; false: {false} ({numbers.decimal(nats)} nats)"
