"""Chains of two facts as text, each with its twin in which the link is broken, and the places that hops lead between.

1. A chain is a template filled with one true fact's words: a slot is the fact's subject, its object, one of its columns, or
   what is true of its subject in the relation of that name. A fact that lacks a word is left out.
2. The middle's last mention before the answer is the link. In a shuffled chain it and every mention of the end are those of
   another fact: "The city of Paris is the capital of France. As Japan is in Asia, Paris is in …". Both sentences are true,
   and no longer about one thing.
3. Second facts are handed round, so that true and shuffled chains hold each of them equally often: nobody gets a middle
   or an end that is true of the chain's start, and names with as many tokens are preferred, so that all places stay where
   they are (an assignment of least cost, Jonker-Volgenant, SciPy). Who can get none is left out.
4. Texts are tokenized once; spans are the tokens that a mention's characters reach into. The query position is the token
   before the answer, which itself is never read.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reportgen.errors import InputError, Problem, StudyError, shown
from reportgen.facts.fact import Fact, FactSet
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.spec.experiments import MultiHopSection
from reportgen.spec.slots import Slots
from reportgen.spec.wording import did_you_mean, listed
from reportgen.statements import Statement, UnplacedError, span_of

FEWEST = 8
_PLACE = "experiments.multi_hop"
_OUT_OF_QUESTION, _OWN = 1e6, 1e3

Words = Mapping[str, str]
Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain as the model reads it. `statement` is read from the token before the answer to the link.

    `start` are the tokens of the start's mentions before the link, `again` those of the middle's earlier ones.
    """

    statement: Statement
    start: tuple[int, ...]
    again: tuple[int, ...]

    @property
    def link(self) -> tuple[int, ...]:
        """The tokens of the middle's last mention before the answer."""
        return self.statement.keys

    def looking(self, query: int, keys: tuple[int, ...]) -> Statement:
        """The chain read from another position, or to other tokens."""
        return replace(self.statement, query=query, keys=keys)


@dataclass(frozen=True, slots=True)
class ChainPair:
    """A true chain, and the same one with the second fact of `donor`."""

    fact: Fact
    donor: Fact
    true: Chain
    shuffled: Chain

    @property
    def aligned(self) -> bool:
        """Whether every place is the same in both."""
        return (self.true.link, self.true.statement.query) == (self.shuffled.link, self.shuffled.statement.query)


@dataclass(frozen=True)
class Chains:
    """A study's chains, why facts became none, by fact, and how many more could have been drawn."""

    pairs: tuple[ChainPair, ...]
    left_out: Mapping[str, str]
    not_drawn: int

    def each(self) -> Iterator[Chain]:
        """True and shuffled chains in turn."""
        for pair in self.pairs:
            yield from (pair.true, pair.shuffled)


@dataclass(frozen=True)
class _Told:
    """A fact with the words of all slots."""

    fact: Fact
    words: Words

    @property
    def name(self) -> str:
        return f"{self.fact.subject} – {self.fact.object}"


def make_chains(facts: FactSet, section: MultiHopSection, tokenizer: Tokenizer) -> Chains:
    """The chains of a study's true facts.

    Raises InputError where a slot or the relation is not among the facts, StudyError where fewer than `FEWEST` chains are
    left.
    """
    slots = Slots.of(section.template)
    told, left_out = _tell(facts, section, slots)
    drawn = _draw(told, section)
    donors = _donors(drawn, section, tokenizer)
    unserved = {one.name: "no other fact's second half could take its own's place" for one in _alone(drawn, donors)}
    served = [(one, drawn[donor]) for one, donor in zip(drawn, donors, strict=True) if donor is not None]
    pairs, unplaced = _place_all(served, section, slots, tokenizer)
    left_out |= unserved | unplaced
    _require_some(pairs, left_out)
    return Chains(tuple(pairs), left_out, len(told) - len(drawn))


def _tell(facts: FactSet, section: MultiHopSection, slots: Slots) -> tuple[list[_Told], dict[str, str]]:
    """The facts whose words are all known, and why others are left out."""
    # A fact in several wordings makes one chain: its words stand in the chain's own template.
    true = list({(fact.subject, fact.relation, fact.object): fact for fact in facts.facts if fact.truth}.values())
    chosen = [fact for fact in true if fact.relation == _relation(true, section)]
    told_of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for fact in true:
        told_of[fact.subject, fact.relation].append(fact.object)
    _require_slots(slots, true)
    told, left_out = [], {}
    for fact in chosen:
        try:
            told.append(_Told(fact, {name: _word(fact, name, told_of) for name in slots.names}))
        except UnplacedError as why:
            left_out[f"{fact.subject} – {fact.object}"] = why.reason
    return told, left_out


def _relation(true: Sequence[Fact], section: MultiHopSection) -> str:
    known = list(dict.fromkeys(fact.relation for fact in true))
    if section.relation in known:
        return str(section.relation)
    if section.relation is None and len(known) == 1:
        return known[0]
    if section.relation is None:
        message, remedy = f"the study has {len(known)} relations, and a chain begins with facts of one", ""
    else:
        message = f"no true fact has the relation {shown(section.relation)}"
        remedy = did_you_mean(section.relation, known)
    raise InputError(Problem(f"{_PLACE}.relation", message, remedy or f"name one of {listed(known)}"))


def _require_slots(slots: Slots, true: Sequence[Fact]) -> None:
    known = {"subject", "object", *(name for fact in true for name in fact.columns), *(fact.relation for fact in true)}
    unknown = [name for name in dict.fromkeys(slots.names) if name not in known]
    if unknown:
        raise InputError(
            *(
                Problem(
                    f"{_PLACE}.template",
                    f"the slot {shown('{' + name + '}')} is neither subject, object, a column nor a relation of the facts",
                    did_you_mean(name, known) or f"there are {listed(sorted(known))}",
                )
                for name in unknown
            )
        )


def _word(fact: Fact, name: str, told_of: Mapping[tuple[str, str], Sequence[str]]) -> str:
    """What stands for a slot; raises UnplacedError."""
    own = {"subject": fact.subject, "object": fact.object, **fact.columns}
    if own.get(name):
        return own[name]
    linked = told_of.get((fact.subject, name), ())
    if len(linked) > 1:
        raise UnplacedError(f"{len(linked)} different facts could be its link “{name}”")
    if not linked:
        raise UnplacedError(f"its link “{name}” is missing")
    return linked[0]


def _draw(told: Sequence[_Told], section: MultiHopSection) -> list[_Told]:
    if len(told) <= section.facts:
        return list(told)
    drawn = np.random.default_rng(section.seed).choice(len(told), section.facts, replace=False)
    return [told[place] for place in sorted(drawn.tolist())]


def _donors(told: Sequence[_Told], section: MultiHopSection, tokenizer: Tokenizer) -> list[int | None]:
    """For each chain the place of the one whose second fact it gets when shuffled; None where it keeps its own."""
    if not told:
        return []
    # SciPy costs start-up time, which a check without chains does not pay.
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    cost = _mismatch(told, section, tokenizer)
    cost[_forbidden(told, section)] = _OUT_OF_QUESTION
    np.fill_diagonal(cost, _OWN)
    # Which of equally good ones are handed out is a matter of chance, not of their order.
    cost += np.random.default_rng(section.seed).uniform(0, 1e-3, cost.shape)
    _, taken = linear_sum_assignment(cost)
    return [
        int(donor) if donor != place and cost[place, donor] < _OWN / 2 else None for place, donor in enumerate(taken)
    ]


def _mismatch(told: Sequence[_Told], section: MultiHopSection, tokenizer: Tokenizer) -> npt.NDArray[np.float64]:
    """How many of middle and end differ in their number of tokens, [chain, donor]."""
    cost = np.zeros((len(told), len(told)))
    for name in (section.middle, section.answer):
        words = {one.words[name] for one in told}
        counts = {word: tokenizer.count(word) for word in words}
        own = np.array([counts[one.words[name]] for one in told])
        cost += own[:, np.newaxis] != own
    return cost


def _forbidden(told: Sequence[_Told], section: MultiHopSection) -> npt.NDArray[np.bool_]:
    """Where a donor's middle or end is true of the chain's start, [chain, donor]."""
    forbidden = np.zeros((len(told), len(told)), dtype=np.bool_)
    for name in (section.middle, section.answer):
        true_of: dict[str, set[str]] = defaultdict(set)
        for one in told:
            true_of[one.words[section.start]].add(one.words[name])
        given = np.array([one.words[name] for one in told])
        for place, one in enumerate(told):
            forbidden[place] |= np.isin(given, sorted(true_of[one.words[section.start]]))
    return forbidden


def _alone(told: Sequence[_Told], donors: Sequence[int | None]) -> list[_Told]:
    return [one for one, donor in zip(told, donors, strict=True) if donor is None]


def _place_all(
    served: Sequence[tuple[_Told, _Told]], section: MultiHopSection, slots: Slots, tokenizer: Tokenizer
) -> tuple[list[ChainPair], dict[str, str]]:
    """Both chains of each fact where the model can read them, and why it cannot read the others."""
    filled = [_fill(slots, own.words, words, section) for own, donor in served for words in (own.words, donor.words)]
    tokens = tokenizer.encode_all([text for text, _ in filled])
    pairs, unplaced = [], {}
    for place, (own, donor) in enumerate(served):
        both = range(2 * place, 2 * place + 2)
        try:
            true, shuffled = (_chain(own.fact, filled[i], tokens[i], section, slots, tokenizer.context) for i in both)
            pairs.append(ChainPair(own.fact, donor.fact, true, shuffled))
        except UnplacedError as why:
            unplaced[own.name] = why.reason
    return pairs, unplaced


def _fill(slots: Slots, own: Words, second: Words, section: MultiHopSection) -> tuple[str, tuple[Stretch, ...]]:
    """The text, and the characters [start, end) of each mention; the link and the end are those of the `second` fact."""
    link = _link(slots, section)
    text, stretches = "", []
    for place, (before, name) in enumerate(zip(slots.before, slots.names, strict=True)):
        text += before
        words = second if place == link or name == section.answer else own
        stretches.append((len(text), len(text) + len(words[name])))
        text += words[name]
    return text + slots.after, tuple(stretches)


def _link(slots: Slots, section: MultiHopSection) -> int:
    """Which mention is the link."""
    return max(place for place, name in enumerate(slots.names) if name == section.middle)


def _chain(
    fact: Fact,
    filled: tuple[str, tuple[Stretch, ...]],
    tokens: Tokens,
    section: MultiHopSection,
    slots: Slots,
    context: int | None,
) -> Chain:
    """Raises UnplacedError where the model cannot read it, or a place is missing."""
    text, stretches = filled
    if context is not None and len(tokens.ids) > context:
        raise UnplacedError(f"{len(tokens.ids)} tokens, more than the model's context of {context}")
    link, spans = _link(slots, section), [span_of(tokens, stretch) for stretch in stretches]
    earlier = [(name, span) for name, span in zip(slots.names[:link], spans, strict=False)]
    start, again = (
        tuple(token for name, span in earlier if name == role for token in span)
        for role in (section.start, section.middle)
    )
    if not (start and again and spans[link] and spans[-1]):
        raise UnplacedError("the tokenizer gives one of its mentions no token")
    query = spans[-1][0] - 1
    if query <= spans[link][-1] or spans[link][0] <= max(*start, *again):
        raise UnplacedError("two of its mentions share a token, or no token stands between the link and the answer")
    name = f"{fact.pair}-chain"
    places = (stretches[link], stretches[-1], spans[link], spans[-1])
    return Chain(Statement(name, fact, text, tokens, *places, query, spans[link]), start, again)


def _require_some(pairs: Sequence[ChainPair], left_out: Mapping[str, str]) -> None:
    if len(pairs) >= FEWEST:
        return
    why = "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:5])
    raise StudyError(
        f"chains are compared where there are {FEWEST} or more, and here are {len(pairs)}{f' ({why})' if why else ''}"
    )
