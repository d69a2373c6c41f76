"""Facts rendered as text, tokenized once, with the places that attention is read from and to.

1. The fact's template is filled; where subject and object stand is known from the filling, not searched,
   so a subject that occurs twice in a text or inside another word cannot be mistaken.
2. All texts are tokenized in batches, each once. A span is every token whose character range overlaps the stretch of text
   (character offsets of the model's own fast tokenizer); a beginning-of-sequence token covers no character
   and is part of no span.
3. The query position and the key span follow from the measure. A key span is the subject, the object, the `first`
   token, the query position itself (`self`), the token before it (`previous`), or the words of the template
   (`relation`): every token up to the query position that covers text and is in neither the subject nor the object.
4. The same texts are read from other query positions without being rendered or tokenized again.
5. What cannot be placed is left out together with its twin and listed; what weakens the study is a warning;
   a question that cannot have an answer is an error before any model runs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from reportgen.errors import InputError, Problem
from reportgen.facts.fact import Fact, FactSet
from reportgen.facts.filling import Filled, slot_names
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.notices import Notice
from reportgen.spec.model import MeasureSection
from reportgen.spec.wording import listed


@dataclass(frozen=True, slots=True)
class Reading:
    """A fact as the model reads it, before it is settled where attention is read from and to.

    `subject` and `object` are token positions, counted from 0 with a beginning-of-sequence token included, and
    the stretches the characters [start, end) of `text` that they come from.
    """

    id: str
    fact: Fact
    text: str
    tokens: Tokens
    subject_stretch: tuple[int, int]
    object_stretch: tuple[int, int]
    subject: tuple[int, ...]
    object: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Statement(Reading):
    """A fact as the model reads it, and where its attention is read: from `query` to `keys`, token positions too."""

    query: int
    keys: tuple[int, ...]

    @property
    def row_cells(self) -> int:
        """How many tokens the query position can look at: itself and all before it."""
        return self.query + 1

    @property
    def pattern_cells(self) -> int:
        """How many cells of its pattern [query, key] can hold attention: the lower triangle's."""
        length = len(self.tokens.ids)
        return length * (length + 1) // 2

    @property
    def labels(self) -> dict[str, str | bool]:
        """What contrasts may filter by."""
        fact = self.fact
        return {
            **fact.columns,
            "subject": fact.subject,
            "relation": fact.relation,
            "object": fact.object,
            "pair": fact.pair,
            "truth": fact.truth,
        }


@dataclass(frozen=True)
class StatementSet:
    """The statements of a study in the order of its facts, with what a reader must be told about them."""

    statements: tuple[Statement, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Placed:
    """The statements that have a place to measure, whole pairs alone, and by pair why the others have none."""

    statements: tuple[Statement, ...]
    unplaced: Mapping[str, str]


@dataclass(frozen=True)
class UnplacedError(Exception):
    """Why a fact does not become a statement."""

    reason: str


def render_statements(facts: FactSet, tokenizer: Tokenizer, measure: MeasureSection) -> StatementSet:
    """Render, tokenize and place every fact; raises InputError where no pair could show any difference."""
    placed = place_readings(read_facts(facts, tokenizer), measure, tokenizer.context)
    statements, pairs = placed.statements, twins(placed.statements)
    notices = (
        _left_out(placed.unplaced),
        _odd_splits(statements),
        _uneven_objects(pairs),
        _identical(pairs),
        _self_look(statements, measure),
        _loose_spaces(statements),
    )
    return StatementSet(statements, tuple(notice for notice in notices if notice is not None))


def read_facts(facts: FactSet, tokenizer: Tokenizer, known: Sequence[Reading] = ()) -> tuple[Reading, ...]:
    """Every fact rendered and tokenized; those among `known`, read by this tokenizer before, are not read again."""
    found = {reading.id: reading for reading in known}
    fresh = iter(_read([fact for fact in facts.facts if _id(fact) not in found], tokenizer))
    return tuple(found.get(_id(fact)) or next(fresh) for fact in facts.facts)


def read_after(openings: Sequence[str], facts: Sequence[Fact], tokenizer: Tokenizer) -> list[Reading]:
    """Every fact rendered behind the opening beside it, and tokenized with it; stretches and spans are those of the fact's
    own sentence, whatever the opening says."""
    assert len(openings) == len(facts)
    return _read(facts, tokenizer, openings)


def restart(reading: Reading, tokenizer: Tokenizer) -> Reading:
    """The same text by a tokenizer that puts a beginning-of-sequence token where there is none, or none where one is."""
    step = -1 if tokenizer.bos is None else 1
    return Reading(
        reading.id,
        reading.fact,
        reading.text,
        tokenizer.restart(reading.tokens),
        reading.subject_stretch,
        reading.object_stretch,
        tuple([position + step for position in reading.subject]),
        tuple([position + step for position in reading.object]),
    )


def place_readings(readings: Sequence[Reading], measure: MeasureSection, context: int | None) -> Placed:
    """Where each fact's attention is read; `context` is the longest text that the model takes, in tokens.

    Raises InputError where no fact has a place, or no pair could show any difference.
    """
    placed: list[Statement] = []
    unplaced: dict[str, str] = {}
    for reading in readings:
        try:
            placed.append(settle(reading, measure, context))
        except UnplacedError as why:
            fact = reading.fact
            unplaced.setdefault(fact.pair, f"{fact.subject} – {fact.object} ({fact.relation}): {why.reason}")
    kept = tuple(statement for statement in placed if statement.fact.pair not in unplaced)
    _require_some(kept, unplaced)
    _require_difference(twins(kept), measure)
    return Placed(kept, unplaced)


def twins(statements: Sequence[Statement]) -> list[tuple[Statement, Statement]]:
    """The pairs (true, false) among the statements, in order; a pair lacking one of the two is not listed."""
    false = {statement.fact.pair: statement for statement in statements if not statement.fact.truth}
    true = [statement for statement in statements if statement.fact.truth]
    return [(statement, false[statement.fact.pair]) for statement in true if statement.fact.pair in false]


def place(fact: Fact, tokenizer: Tokenizer, measure: MeasureSection) -> Statement:
    """Render and tokenize one fact; raises UnplacedError where there is no place to measure in it."""
    words = fact.worded()
    return settle(_reading(fact, words, tokenizer.encode(words.text)), measure, tokenizer.context)


def settle(reading: Reading, measure: MeasureSection, context: int | None) -> Statement:
    """The reading with its query position and key span; raises UnplacedError where there is no place for them."""
    length = len(reading.tokens.ids)
    if context is not None and length > context:
        raise UnplacedError(f"{length} tokens, more than the model's context of {context}")
    if not reading.subject or not reading.object:
        raise UnplacedError(f"the tokenizer gives its {'object' if reading.subject else 'subject'} no token")
    query = _query(reading, measure)
    return Statement(
        reading.id,
        reading.fact,
        reading.text,
        reading.tokens,
        reading.subject_stretch,
        reading.object_stretch,
        reading.subject,
        reading.object,
        query,
        _keys(reading, measure, query),
    )


def _id(fact: Fact) -> str:
    return f"{fact.pair}-{'true' if fact.truth else 'false'}"


def _read(facts: Sequence[Fact], tokenizer: Tokenizer, openings: Iterable[str] = repeat("")) -> list[Reading]:
    filled = [_behind(opening, fact.worded()) for fact, opening in zip(facts, openings, strict=False)]
    tokens = tokenizer.encode_all([words.text for words in filled])
    return [_reading(fact, words, made) for fact, words, made in zip(facts, filled, tokens, strict=True)]


def _behind(opening: str, words: Filled) -> Filled:
    shift = len(opening)
    subject, object_ = ((start + shift, end + shift) for start, end in (words.subject, words.object))
    return Filled(opening + words.text, subject, object_) if opening else words


def _reading(fact: Fact, words: Filled, tokens: Tokens) -> Reading:
    spans = span_of(tokens, words.subject), span_of(tokens, words.object)
    return Reading(_id(fact), fact, words.text, tokens, words.subject, words.object, *spans)


def span_of(tokens: Tokens, stretch: tuple[int, int]) -> tuple[int, ...]:
    """The positions of all tokens that overlap a stretch [start, end) of the text's characters."""
    start, end = stretch
    return tuple([i for i, (left, right) in enumerate(tokens.offsets) if left < end and right > start and right > left])


def _query(reading: Reading, measure: MeasureSection) -> int:
    query = {
        "last": len(reading.tokens.ids) - 1,
        "subject_last": reading.subject[-1],
        "object_last": reading.object[-1],
        "before_object": reading.object[0] - 1,
    }[measure.query_position]
    if query < 0:
        raise UnplacedError("no token stands before its object")
    return query


def _keys(reading: Reading, measure: MeasureSection, query: int) -> tuple[int, ...]:
    if measure.key_span == "relation":
        return _wording_tokens(reading, measure, query)
    keys = {
        "subject": reading.subject,
        "object": reading.object,
        "first": (0,),
        "self": (query,),
        "previous": (query - 1,),
    }[measure.key_span]
    if keys[0] < 0:
        raise UnplacedError(f"no token stands before its query position ({measure.query_position})")
    if max(keys) > query:
        raise UnplacedError(
            f"its key span ({measure.key_span}) stands after the query position ({measure.query_position}), "
            "where the model cannot look"
        )
    return keys


def _wording_tokens(reading: Reading, measure: MeasureSection, query: int) -> tuple[int, ...]:
    """The tokens of the template's own words as far as the query position can look at them."""
    names = {*reading.subject, *reading.object}
    offsets = reading.tokens.offsets[: query + 1]
    own = tuple([i for i, (left, right) in enumerate(offsets) if right > left and i not in names])
    if not own:
        raise UnplacedError(
            f"none of its relation's own words stands at or before the query position ({measure.query_position})"
        )
    return own


def _require_some(kept: Sequence[Statement], unplaced: Mapping[str, str]) -> None:
    if not kept:
        listed = "; ".join(list(unplaced.values())[:5])
        raise InputError(Problem("facts", f"no fact becomes a statement that can be measured: {listed}"))


def _seen(statement: Statement) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Everything that the score of a causal model can depend on."""
    return statement.tokens.ids[: statement.query + 1], statement.keys


def _require_difference(pairs: Sequence[tuple[Statement, Statement]], measure: MeasureSection) -> None:
    if pairs and all(_seen(true) == _seen(false) for true, false in pairs):
        raise InputError(
            Problem(
                "measure.query_position",
                f"up to the query position `{measure.query_position}` every true statement and its false twin are "
                "the same tokens, so no head can tell them apart: each difference would be exactly 0",
                "Read from a position that comes after the object, such as `last` or `object_last`.",
            )
        )


def _notice_over(statements: Sequence[Statement], doubt: Callable[[Statement], str], message: str) -> Notice | None:
    items = tuple(f"{statement.text}: {doubt(statement)}" for statement in statements if doubt(statement))
    return Notice("warning", message.format(n=len(items)), items) if items else None


def _left_out(unplaced: Mapping[str, str]) -> Notice | None:
    if not unplaced:
        return None
    plural = "facts were" if len(unplaced) > 1 else "fact was"
    message = f"{len(unplaced)} {plural} left out together with the twins, because no place to measure was found."
    return Notice("left out", message, tuple(unplaced.values()))


def _odd_splits(statements: Sequence[Statement]) -> Notice | None:
    return _notice_over(
        statements,
        _straddling,
        "In {n} statements a token covers part of the subject and visible text beside it; "
        "that token counts as the subject's.",
    )


def _straddling(statement: Statement) -> str:
    start, end = statement.subject_stretch
    lefts, rights = zip(*[statement.tokens.offsets[position] for position in statement.subject], strict=True)
    beside = statement.text[min(lefts) : start], statement.text[end : max(rights)]
    return f"“{beside[0]}{statement.text[start:end]}{beside[1]}”" if "".join(beside).strip() else ""


def _uneven_objects(pairs: Sequence[tuple[Statement, Statement]]) -> Notice | None:
    uneven = [(true, false) for true, false in pairs if len(true.object) != len(false.object)]
    if not uneven:
        return None
    return Notice(
        "warning",
        f"In {len(uneven)} of {len(pairs)} pairs the two objects differ in their number of tokens, so attention is "
        "read from different positions. `facts.false_objects: matched_derangement` matches them where it can.",
        tuple(
            f"{true.fact.subject}: {true.fact.object} ({len(true.object)}), {false.fact.object} ({len(false.object)})"
            for true, false in uneven
        ),
    )


def _identical(pairs: Sequence[tuple[Statement, Statement]]) -> Notice | None:
    same = [true.text for true, false in pairs if _seen(true) == _seen(false)]
    if not same:
        return None
    return Notice(
        "warning",
        f"In {len(same)} of {len(pairs)} pairs the true and the false statement are the same tokens up to the query "
        "position; their difference is exactly 0 whatever the model does.",
        tuple(same),
    )


def _self_look(statements: Sequence[Statement], measure: MeasureSection) -> Notice | None:
    if measure.key_span == "self":
        return None
    looking = sum(statement.query in statement.keys for statement in statements)
    if not looking:
        return None
    return Notice(
        "warning",
        f"In {looking} of {len(statements)} statements the query position is part of the key span: "
        "a head's attention to itself counts as attention to the span.",
    )


def _loose_spaces(statements: Sequence[Statement]) -> Notice | None:
    return _notice_over(
        statements,
        _spaced,
        "{n} statements begin or end with a space, or have two in a row, which is how the model reads them.",
    )


def _spaced(statement: Statement) -> str:
    if all(statement.text.split(" ")):
        return ""
    fact = statement.fact
    empty = [name for name in slot_names(fact.template) if fact.columns.get(name) == ""]
    return f"nothing stands in its {listed(empty)}" if empty else "its template has spaces there"
