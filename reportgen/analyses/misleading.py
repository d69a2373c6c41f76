"""True statements and their false twins behind misleading sentences, and behind neutral ones of equal length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reportgen import numbers
from reportgen.contexts import Telling, complete, filled, opening
from reportgen.errors import StudyError
from reportgen.knowledge import is_asked
from reportgen.notices import Notice
from reportgen.report.results import Plan
from reportgen.spec.experiments import AdversarialSection
from reportgen.statements import Statement, twins


@dataclass(frozen=True)
class Pair:
    """A true statement and its false twin behind the same sentence."""

    true: Statement
    false: Statement


@dataclass(frozen=True)
class Misled:
    """Pairs behind each of the `templates`, [sentence, pair], and behind their neutral twins; `rows` are the places of the true
    statements among the study's."""

    templates: tuple[str, ...]
    rows: tuple[int, ...]
    misleading: tuple[tuple[Pair, ...], ...]
    neutral: tuple[tuple[Pair, ...], ...]
    notices: tuple[Notice, ...]

    def read(self, side: Literal["misleading", "neutral"]) -> tuple[tuple[Pair, ...], ...]:
        """The pairs of one side, [sentence, pair]."""
        return self.misleading if side == "misleading" else self.neutral


Read = tuple[Pair, Pair] | str
"""A pair behind a misleading sentence and behind its twin, or why there is none."""


def mislead(plan: Plan, section: AdversarialSection) -> Misled:
    """All pairs behind all sentences. A sentence that fits fewer than half of the pairs is left out, and then each pair that
    does not fit all others.

    Raises StudyError where no sentence or no pair is left.
    """
    asked = [pair for pair in twins(plan.statements.statements) if is_asked(pair[0])]
    if not asked:
        raise StudyError(
            "a wrong answer is put to true statements that have a false twin and name their subject before their object, and "
            "the study has none"
        )
    measure = plan.file.spec.measure.model_copy(update={"key_span": "subject"})
    telling = Telling(plan.tokenizer, measure)
    read = [_behind(template, asked, section, telling) for template in section.templates]
    pairs = [true.fact.pair for true, _ in asked]
    refused = [{pair: why for pair, why in zip(pairs, some, strict=True) if isinstance(why, str)} for some in read]
    chosen = complete(refused, pairs)
    if not chosen.kept or not chosen.pairs:
        why = next(iter(next(own for own in refused if own).values()))
        raise StudyError(f"no pair of statements can be read behind the misleading sentences: {why}")
    kept, places = set(chosen.pairs), {statement.id: row for row, statement in enumerate(plan.statements.statements)}
    both = [
        [one for pair, one in zip(pairs, read[place], strict=True) if pair in kept and not isinstance(one, str)]
        for place in chosen.kept
    ]
    return Misled(
        templates=tuple(section.templates[place] for place in chosen.kept),
        rows=tuple(places[true.id] for true, _ in asked if true.fact.pair in kept),
        misleading=tuple(tuple(one for one, _ in own) for own in both),
        neutral=tuple(tuple(one for _, one in own) for own in both),
        notices=(
            *_sentences_left_out(section, refused, chosen.kept, len(pairs)),
            *_pairs_left_out({pair: chosen.left_out[pair] for pair in pairs if pair in chosen.left_out}, asked),
            *_unasked(plan, len(asked)),
        ),
    )


def _behind(
    template: str, asked: Sequence[tuple[Statement, Statement]], section: AdversarialSection, telling: Telling
) -> list[Read]:
    """Every pair behind one misleading sentence and behind its twin."""
    misleading = _pairs(template, asked, [false.fact.object for _, false in asked], section, telling)
    phrases = [_by_length(false.fact.object, section.neutral, telling) for _, false in asked]
    found: list[Read] = [
        own if isinstance(own, str) else "no neutral phrase makes both sentences equally long in tokens"
        for own in misleading
    ]
    open_ = [place for place, own in enumerate(misleading) if isinstance(own, Pair)]
    for rank in range(len(section.neutral)):
        some = [asked[place] for place in open_]
        neutral = _pairs(template, some, [phrases[place][rank] for place in open_], section, telling)
        for place, own in zip(open_, neutral, strict=True):
            before = misleading[place]
            if isinstance(own, Pair) and isinstance(before, Pair) and _alike(before, own):
                found[place] = before, own
        open_ = [place for place in open_ if isinstance(found[place], str)]
    return found


def _pairs(
    template: str,
    asked: Sequence[tuple[Statement, Statement]],
    others: Sequence[str],
    section: AdversarialSection,
    telling: Telling,
) -> list[Pair | str]:
    """The pairs behind the template, filled with what stands for the wrong answer beside each; or why not."""
    openings = [
        opening(
            filled(template, {"subject": true.fact.subject, "object": true.fact.object, "other": other}),
            section.separator,
        )
        for (true, _), other in zip(asked, others, strict=True)
    ]
    true, false = (telling.after(openings, [pair[side].fact for pair in asked]) for side in (0, 1))
    return [
        one if isinstance(one, str) else other if isinstance(other, str) else Pair(one, other)
        for one, other in zip(true, false, strict=True)
    ]


def _by_length(other: str, phrases: Sequence[str], telling: Telling) -> list[str]:
    """The phrases, those of as many tokens as the wrong answer first: they fit unless the words around them join in."""
    wanted = telling.tokenizer.count(other)
    return sorted(phrases, key=lambda phrase: abs(telling.tokenizer.count(phrase) - wanted))


def _alike(first: Pair, second: Pair) -> bool:
    """Whether the statements have the same length and stand at the same positions."""
    return all(
        len(one.tokens.ids) == len(other.tokens.ids)
        and (one.subject, one.object, one.query) == (other.subject, other.object, other.query)
        for one, other in ((first.true, second.true), (first.false, second.false))
    )


def _sentences_left_out(
    section: AdversarialSection, refused: Sequence[dict[str, str]], kept: Sequence[int], pairs: int
) -> list[Notice]:
    return [
        Notice(
            "left out",
            f"Adversarial: the sentence “{template}” is not asked about, because it cannot be read with a neutral twin before "
            f"{numbers.count(len(refused[place]))} of {numbers.count(pairs)} pairs.",
            tuple(dict.fromkeys(refused[place].values())),
        )
        for place, template in enumerate(section.templates)
        if place not in kept
    ]


def _pairs_left_out(left_out: dict[str, str], asked: Sequence[tuple[Statement, Statement]]) -> list[Notice]:
    if not left_out:
        return []
    names = {true.fact.pair: f"{true.fact.subject} – {false.fact.object}" for true, false in asked}
    message = (
        f"Adversarial: {numbers.things(len(left_out), 'pair')} cannot be read behind all sentences and their twins."
    )
    return [Notice("left out", message, tuple(f"{names[pair]}: {why}" for pair, why in left_out.items()))]


def _unasked(plan: Plan, asked: int) -> list[Notice]:
    true = sum(statement.fact.truth for statement in plan.statements.statements)
    if true == asked:
        return []
    message = (
        f"Adversarial: {numbers.count(true - asked)} of {numbers.count(true)} true statements have no false twin, or have "
        "their object before their subject, and are not misled."
    )
    return [Notice("left out", message)]
