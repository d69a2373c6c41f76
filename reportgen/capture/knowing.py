"""How likely a model finds each fact's true object, its false one, and whatever could be likelier: from the store
where it is there, else from the model.

1. A fact's prefix is its statement's tokens before the object; each object of its relation, rendered and tokenized in
   the statement's place, continues it. An object that changes the tokens before it has a prefix of its own.
2. A continuation is at most as likely as any beginning of it. So an object whose first tokens together are no likelier
   than the whole true object cannot outrank it and is read no further; the others are read to their end, together
   with the fact's own two, and the ranks are exact (`continuations` does the reading, with plain transformers).
3. A fact's shelf entry says which objects were considered and how likely those are that were read to their end. Rank
   and margin follow from it; when a relation gains an object, its facts are asked about that one alone.

Nothing is rendered, and no torch imported, for facts whose objects have all been considered.
"""

import json
import math
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from reportgen import numbers
from reportgen.capture.opening import ProvenModel
from reportgen.facts.fact import Fact, FactSet
from reportgen.knowledge import Knowledge, conclude_knowledge, is_asked
from reportgen.models.tokenizer import Tokenizer
from reportgen.spec.model import Aggregation, MeasureSection
from reportgen.statements import Statement, read_facts
from reportgen.store import Store, content_key

SHARD_FACTS = 256

Ids = tuple[int, ...]
Likelihoods = Mapping[str, float]


@dataclass(frozen=True)
class Query:
    """Continuations of one prefix, by object: `answers` are read to their end, `rivals` only as
    long as they are likelier than the whole answer `bar`, which is empty where there are none."""

    fact: str
    prefix: Ids
    answers: Mapping[str, Ids]
    rivals: Mapping[str, Ids]
    bar: str = ""


@dataclass(frozen=True)
class _Known:
    """What the shelf says of one fact: the objects considered, and the log-probability of each that was read."""

    considered: frozenset[str]
    likelihoods: Likelihoods


@dataclass(frozen=True)
class KnowledgeShard:
    """Log-probabilities by fact and object, and the objects that were considered for each of these facts."""

    considered: tuple[str, ...]
    likelihoods: Mapping[str, Likelihoods]

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of the facts."""
        return tuple(self.likelihoods)

    def only(self, keys: Container[str]) -> Self:
        """What it holds of some facts; it may be nothing."""
        return replace(self, likelihoods={key: known for key, known in self.likelihoods.items() if key in keys})

    def to_bytes(self) -> bytes:
        """The shard as JSON."""
        return json.dumps({"considered": self.considered, "likelihoods": self.likelihoods}).encode()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The shard that `to_bytes` packed."""
        record = json.loads(payload)
        return cls(tuple(record["considered"]), record["likelihoods"])


@dataclass(frozen=True)
class _Question:
    """A true statement, the facts of its relation by their objects, its false twin (or None), and the objects that are also
    true of its subject."""

    statement: Statement
    bearers: Mapping[str, Fact]
    false: Fact | None
    aside: frozenset[str]

    @cached_property
    def key(self) -> str:
        """What decides how likely any object is here, but for that object."""
        tokens, end = self.statement.tokens.ids, self.statement.object[-1] + 1
        fact = self.statement.fact
        return content_key(fact.template, fact.subject, tokens[:end], self.statement.object)

    @property
    def objects(self) -> tuple[str, ...]:
        """The relation's objects, in the order of the facts."""
        return tuple(self.bearers)

    @property
    def candidates(self) -> tuple[str, ...]:
        """What the true object is ranked among, itself included."""
        return tuple(thing for thing in self.objects if thing not in self.aside)

    def unread(self, known: _Known) -> frozenset[str]:
        """Those of the fact's own two objects whose log-probability is not known: they are read in any case."""
        own = {self.statement.fact.object} | ({self.false.object} if self.false else set())
        return frozenset(own - known.likelihoods.keys())

    def about(self, thing: str) -> Fact:
        """The statement's fact with another object."""
        fact = self.statement.fact
        if self.false is not None and thing == self.false.object:
            return fact.about(self.false)
        return fact.about(self.bearers[thing]) if thing in self.bearers else replace(fact, object=thing)

    def unconsidered(self, known: _Known) -> tuple[str, ...]:
        """The objects of the relation that nobody has looked at here."""
        return tuple(thing for thing in self.objects if thing not in known.considered)

    def is_answered(self, known: _Known) -> bool:
        """Whether the shelf says all that there is to know."""
        return not self.unread(known) and not self.unconsidered(known)


_NOTHING = _Known(frozenset(), {})


def know(
    statements: Sequence[Statement], facts: FactSet, tokenizer: Tokenizer, model: ProvenModel, measure: MeasureSection
) -> Knowledge:
    """What the model knows of each true statement's fact. Raises StudyError where the model cannot be opened.

    The objects that a fact's own is ranked among, and what else is true of its subject, are what `facts` say: rows of
    a facts file that were cut off or left out are not among them.
    """
    store, shelf = Store(model.cache), model.shelf("knowledge")
    questions = _questions(statements, facts)
    known = _read_shelf(store, shelf)
    model.sought["knowledge"].update(question.key for question in questions)
    unanswered = [question for question in questions if not question.is_answered(known[question.key])]
    if unanswered:
        model.require(f"likelihoods for {numbers.things(len(unanswered), 'fact')}")
        model.progress.say(f"asking the model for the objects of {len(unanswered):,} facts")
        _ask(unanswered, known, _Renderer(tokenizer), model, measure.aggregation)
        known = _read_shelf(store, shelf)
    return conclude_knowledge(
        statements,
        {question.statement.fact.pair: known[question.key].likelihoods for question in questions},
        {question.statement.fact.pair: question.candidates for question in questions},
    )


def unasked(statements: Sequence[Statement], facts: FactSet, model: ProvenModel) -> tuple[int, int]:
    """How many facts `know` would ask the model about now, and how many it needs to know of. Opens no model."""
    questions = _questions(statements, facts)
    known = _read_shelf(Store(model.cache), model.shelf("knowledge"))
    return sum(not question.is_answered(known[question.key]) for question in questions), len(questions)


def _questions(statements: Sequence[Statement], facts: FactSet) -> list[_Question]:
    true = [fact for fact in facts.facts if fact.truth]
    bearers: dict[str, dict[str, Fact]] = {}
    truths: dict[tuple[str, str], set[str]] = {}
    for fact in true:
        bearers.setdefault(fact.relation, {}).setdefault(fact.object, fact)
        truths.setdefault((fact.relation, fact.subject), set()).add(fact.object)
    false = {statement.fact.pair: statement.fact for statement in statements if not statement.fact.truth}
    return [
        _Question(
            statement,
            bearers[statement.fact.relation],
            false.get(statement.fact.pair),
            frozenset(truths[statement.fact.relation, statement.fact.subject] - {statement.fact.object}),
        )
        for statement in statements
        if statement.fact.truth and is_asked(statement)
    ]


def _read_shelf(store: Store, shelf: str) -> dict[str, _Known]:
    """What is known of every fact, by its key: nothing of one that is not on the shelf."""
    known: dict[str, _Known] = defaultdict(lambda: _NOTHING)
    for shard in map(KnowledgeShard.from_bytes, store.entries(shelf)):
        considered = frozenset(shard.considered)
        for key, likelihoods in shard.likelihoods.items():
            if key in known:  # most facts are in one shard, and share its set of objects
                before = known[key]
                known[key] = _Known(considered | before.considered, {**likelihoods, **before.likelihoods})
            else:
                known[key] = _Known(considered, likelihoods)
    return known


@dataclass(frozen=True)
class _Renderer:
    """Turns questions into what the model is asked."""

    tokenizer: Tokenizer

    def queries(self, question: _Question, known: _Known) -> Iterator[Query]:
        """The query about the statement's own prefix, then one for each object that has another prefix."""
        true = question.statement.fact.object
        needed = {true} | question.unread(known)
        prefix = question.statement.tokens.ids[: question.statement.object[0]]
        answers: dict[str, Ids] = {}
        rivals: dict[str, Ids] = {}
        things = list(dict.fromkeys((*sorted(needed), *question.unconsidered(known))))
        for thing, (before, tokens) in zip(things, self._split(question, things), strict=True):
            if before and before != prefix:
                yield Query(question.key, before, {thing: tokens}, {})
            elif before:
                (answers if thing in needed else rivals)[thing] = tokens
        yield Query(question.key, prefix, answers, rivals, true)

    def _split(self, question: _Question, things: Sequence[str]) -> Iterator[tuple[Ids, Ids]]:
        """The statement about each object, up to the object's end: tokens before it, its own. Nothing where subject or
        object has no token or the text is too long for the model, nothing before where it shares a token with what
        stands first."""
        asked = tuple(map(question.about, things))
        context = self.tokenizer.context or math.inf
        for reading in read_facts(FactSet(asked, (), ""), self.tokenizer):
            ids = reading.tokens.ids
            if reading.subject and reading.object and len(ids) <= context:
                yield ids[: reading.object[0]], ids[reading.object[0] : reading.object[-1] + 1]
            else:
                yield (), ()


def _ask(
    unanswered: Sequence[_Question],
    known: Mapping[str, _Known],
    renderer: _Renderer,
    model: ProvenModel,
    aggregation: Aggregation,
) -> None:
    """Ask about facts with the same objects to consider together, and keep each shard as soon as it is done."""
    from reportgen.capture.continuations import read_continuations  # noqa: PLC0415

    statements = [question.statement for question in unanswered]
    opened = model.plain(statements, aggregation).model
    store, shelf = Store(model.cache), model.shelf("knowledge")
    with model.progress.counting("ask", len(unanswered), "facts") as advance:
        for considered, questions in _shards(unanswered, known):
            queries = [query for question in questions for query in renderer.queries(question, known[question.key])]
            # A false object that has no place in the statement stays NaN, and is not asked for again.
            found = {q.key: dict.fromkeys(sorted(q.unread(known[q.key])), math.nan) for q in questions}
            for query, likelihoods in zip(queries, read_continuations(opened, queries, advance), strict=True):
                found[query.fact].update(likelihoods)
            store.put(shelf, content_key(considered, list(found)), KnowledgeShard(considered, found).to_bytes())


def _shards(
    unanswered: Sequence[_Question], known: Mapping[str, _Known]
) -> Iterator[tuple[tuple[str, ...], list[_Question]]]:
    """Up to `SHARD_FACTS` questions at a time with the same objects to consider, short prefixes first."""
    alike: dict[tuple[str, ...], list[_Question]] = {}
    for question in sorted(unanswered, key=lambda question: (question.statement.object[0], question.key)):
        alike.setdefault(question.unconsidered(known[question.key]), []).append(question)
    for considered, questions in alike.items():
        for start in range(0, len(questions), SHARD_FACTS):
            yield considered, questions[start : start + SHARD_FACTS]
