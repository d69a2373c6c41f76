"""Facts rendered as text, tokenized once, with the places that attention is read from and to.

1. The relation's template is filled; where subject and object stand is known from the filling, not searched,
   so a subject that occurs twice in a text or inside another word cannot be mistaken.
2. The text is tokenized once. A span is every token whose character range overlaps the stretch of text
   (character offsets of the model's own fast tokenizer); a beginning-of-sequence token covers no character
   and is part of no span.
3. The query position and the key span follow from the measure.
4. What cannot be placed is left out together with its twin and listed; what weakens the study is a warning;
   a question that cannot have an answer is an error before any model runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reportgen.errors import InputError, Problem
from reportgen.facts.fact import Fact, FactSet
from reportgen.models.tokenizer import Tokenizer, Tokens
from reportgen.notices import Notice
from reportgen.spec.model import MeasureSection


@dataclass(frozen=True)
class Statement:
    """A fact as the model reads it.

    `subject` and `object` are token positions, counted from 0 with a beginning-of-sequence token included, and
    the stretches the characters [start, end) of `text` that they come from; attention is read from `query` to
    `keys`.
    """

    id: str
    fact: Fact
    text: str
    tokens: Tokens
    subject_stretch: tuple[int, int]
    object_stretch: tuple[int, int]
    subject: tuple[int, ...]
    object: tuple[int, ...]
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
class UnplacedError(Exception):
    """Why a fact does not become a statement."""

    reason: str


def render_statements(facts: FactSet, tokenizer: Tokenizer, measure: MeasureSection) -> StatementSet:
    """Render, tokenize and place every fact; raises InputError where no pair could show any difference."""
    placed: list[Statement] = []
    unplaced: dict[str, str] = {}
    for fact in facts.facts:
        try:
            placed.append(place(fact, facts.templates[fact.relation], tokenizer, measure))
        except UnplacedError as why:
            unplaced.setdefault(fact.pair, f"{fact.subject} – {fact.object} ({fact.relation}): {why.reason}")
    kept = tuple(statement for statement in placed if statement.fact.pair not in unplaced)
    _require_some(kept, unplaced)
    pairs = twins(kept)
    _require_difference(pairs, measure)
    notices = (
        _left_out(unplaced),
        _odd_splits(kept),
        _uneven_objects(pairs),
        _identical(pairs),
        _self_look(kept),
    )
    return StatementSet(kept, tuple(notice for notice in notices if notice is not None))


def twins(statements: Sequence[Statement]) -> list[tuple[Statement, Statement]]:
    """The pairs (true, false) among the statements, in order; a pair lacking one of the two is not listed."""
    false = {statement.fact.pair: statement for statement in statements if not statement.fact.truth}
    true = [statement for statement in statements if statement.fact.truth]
    return [(statement, false[statement.fact.pair]) for statement in true if statement.fact.pair in false]


def place(fact: Fact, template: str, tokenizer: Tokenizer, measure: MeasureSection) -> Statement:
    """Render and tokenize one fact; raises UnplacedError where there is no place to measure in it."""
    text, subject_stretch, object_stretch = _fill(template, fact)
    tokens = tokenizer.encode(text)
    if tokenizer.context is not None and len(tokens.ids) > tokenizer.context:
        raise UnplacedError(f"{len(tokens.ids)} tokens, more than the model's context of {tokenizer.context}")
    subject, object_ = _span(tokens, subject_stretch), _span(tokens, object_stretch)
    if not subject or not object_:
        raise UnplacedError(f"the tokenizer gives its {'object' if subject else 'subject'} no token")
    query = _query(measure, subject, object_, len(tokens.ids))
    keys = {"subject": subject, "object": object_, "first": (0,)}[measure.key_span]
    if max(keys) > query:
        raise UnplacedError(
            f"its key span ({measure.key_span}) stands after the query position ({measure.query_position}), "
            "where the model cannot look"
        )
    name = f"{fact.pair}-{'true' if fact.truth else 'false'}"
    return Statement(name, fact, text, tokens, subject_stretch, object_stretch, subject, object_, query, keys)


def _fill(template: str, fact: Fact) -> tuple[str, tuple[int, int], tuple[int, int]]:
    """The text, and the stretches [start, end) of its characters that are the subject and the object."""
    values = {"{subject}": fact.subject, "{object}": fact.object}
    first, second = sorted(values, key=template.index)
    before, rest = template.split(first)
    between, after = rest.split(second)
    starts = {first: len(before), second: len(before) + len(values[first]) + len(between)}
    text = before + values[first] + between + values[second] + after
    subject, object_ = ((starts[slot], starts[slot] + len(value)) for slot, value in values.items())
    return text, subject, object_


def _span(tokens: Tokens, stretch: tuple[int, int]) -> tuple[int, ...]:
    start, end = stretch
    return tuple(i for i, (left, right) in enumerate(tokens.offsets) if left < end and right > start and right > left)


def _query(measure: MeasureSection, subject: tuple[int, ...], object_: tuple[int, ...], length: int) -> int:
    query = {
        "last": length - 1,
        "subject_last": subject[-1],
        "object_last": object_[-1],
        "before_object": object_[0] - 1,
    }[measure.query_position]
    if query < 0:
        raise UnplacedError("no token stands before its object")
    return query


def _require_some(kept: Sequence[Statement], unplaced: dict[str, str]) -> None:
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


def _left_out(unplaced: dict[str, str]) -> Notice | None:
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
    ranges = [statement.tokens.offsets[position] for position in statement.subject]
    beside = (
        statement.text[min(left for left, _ in ranges) : start],
        statement.text[end : max(right for _, right in ranges)],
    )
    return f"“{beside[0]}{statement.fact.subject}{beside[1]}”" if "".join(beside).strip() else ""


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


def _self_look(statements: Sequence[Statement]) -> Notice | None:
    looking = sum(statement.query in statement.keys for statement in statements)
    if not looking:
        return None
    return Notice(
        "warning",
        f"In {looking} of {len(statements)} statements the query position is part of the key span: "
        "a head's attention to itself counts as attention to the span.",
    )
