"""What rows may not say together, or against the spec: each check lists every row that breaks it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from reportgen.errors import MOST_TOLD, Problem, nearest, shown
from reportgen.facts.filling import slot_names
from reportgen.facts.rows import Row
from reportgen.facts.wordings import FACT, TEMPLATE
from reportgen.spec.wording import listed


def row_problems(rows: Sequence[Row], relations: Collection[str], wordings: str) -> list[Problem]:
    """All that is wrong with the rows, check by check; `wordings` is the place of the spec's `relations`."""
    return [
        *_unknown_relations(rows, relations),
        *_unfillable(rows, wordings),
        *_taken_columns(rows),
        *_false_objects_of_false_rows(rows),
        *_duplicates(rows),
        *_contradictions(rows),
        *_broken_pairs(rows),
    ]


def agreeing(rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[str]]:
    """The rows that no other contradicts or repeats, and a line with place and reason for each that goes.

    Of a true row the false object alone goes, where another row says that it is true as well.
    """
    repeated = {problem.where: problem.message for problem in _duplicates(rows)}
    left_out = [f"{where}: {message}" for where, message in repeated.items()]
    once = [row for row in rows if row.where not in repeated]
    denied = {problem.where: problem.message for problem in _contradictions(once)}
    found = []
    for row in once:
        if row.where not in denied:
            found.append(row)
            continue
        left_out.append(f"{row.where}: {'its false object is left out: ' if row.truth else ''}{denied[row.where]}")
        if row.truth:
            found.append(replace(row, false_object=""))
    return tuple(found), left_out


def _unknown_relations(rows: Iterable[Row], relations: Collection[str]) -> list[Problem]:
    known = listed(relations)
    problems: list[Problem] = []
    for row in rows:
        if row.templates:
            continue
        near = nearest(row.relation, relations) if len(problems) < MOST_TOLD else None
        hint = f"did you mean {shown(near)}? " if near else ""
        remedy = f"{hint}facts.relations in the spec words {known}"
        problems.append(Problem(row.where, f"the relation {shown(row.relation)} is not in the spec", remedy))
    return problems


def _unfillable(rows: Sequence[Row], wordings: str) -> list[Problem]:
    """Slots that no column fills: once for each relation and slot, with the first row that lacks it."""
    problems: dict[tuple[str, str], Problem] = {}
    for row in rows:
        own = {"subject", "object", *row.columns}
        unknown = (name for template in row.templates for name in slot_names(template) if name not in own)
        for name in (name for name in unknown if (row.relation, name) not in problems):
            remedy = (
                f"did you mean `{{{near}}}`?" if (near := nearest(name, own)) else f"there are {listed(sorted(own))}"
            )
            message = f"its template names `{{{name}}}`, and the fact at {row.where} has no such column"
            problems[row.relation, name] = Problem(f"{wordings}.{row.relation}", message, remedy)
    return list(problems.values())


def _taken_columns(rows: Sequence[Row]) -> list[Problem]:
    """Columns that are made where facts have several wordings."""
    several = any(len(row.templates) > 1 for row in rows)
    taken = [name for name in (FACT, TEMPLATE) if several and name in rows[0].columns]
    return [
        Problem(
            rows[0].where,
            f"the column {shown(name)} is made by reportgen where facts have several wordings",
            "rename the column",
        )
        for name in taken
    ]


def _false_objects_of_false_rows(rows: Iterable[Row]) -> list[Problem]:
    return [
        Problem(
            row.where,
            f"the fact is false already and still gives the false object {shown(row.false_object)}",
            "give `false_object` on the true fact, or two rows joined by `pair`",
        )
        for row in rows
        if row.false_object and not row.truth
    ]


def _duplicates(rows: Iterable[Row]) -> list[Problem]:
    first: dict[tuple[str, str, str, bool], Row] = {}
    problems = []
    for row in rows:
        seen = first.setdefault((row.subject, row.relation, row.object, row.truth), row)
        if seen is not row:
            message = f"the fact {shown(str(row))} stands already at {seen.where}"
            problems.append(Problem(row.where, message, "remove one of the two"))
    return problems


def _contradictions(rows: Sequence[Row]) -> list[Problem]:
    """Statements called false, by a row of their own or as a `false_object`, that another row calls true."""
    true = {(row.subject, row.relation, row.object): row for row in rows if row.truth}
    problems = []
    for row in rows:
        denied = row.false_object if row.truth else row.object
        other = true.get((row.subject, row.relation, denied)) if denied else None
        if other is row:
            message = f"`false_object` is the object itself, {shown(row.object)}"
            problems.append(Problem(row.where, message, "give an object that makes the fact false"))
        elif other is not None:
            denied_fact = shown(f"{row.subject} / {row.relation} / {denied}")
            message = f"{denied_fact} is false here and true at {other.where}"
            problems.append(Problem(row.where, message, "correct one of the two"))
    return problems


def _broken_pairs(rows: Iterable[Row]) -> list[Problem]:
    named = sorted((row for row in rows if row.pair), key=lambda row: row.pair)
    pairs = [(name, list(members)) for name, members in groupby(named, key=lambda row: row.pair)]
    return [
        Problem(
            members[-1].where,
            f"the pair {shown(name)} joins {_described(members)}",
            "a pair is one true and one false row about the same subject and relation; "
            "a row that brings a `false_object` is a pair by itself",
        )
        for name, members in pairs
        if len(members) > 1 and not _are_twins(members)
    ]


def _are_twins(members: Sequence[Row]) -> bool:
    one_each = sorted(row.truth for row in members) == [False, True]
    alike = len({(row.subject, row.relation) for row in members}) == 1
    return one_each and alike and not any(row.false_object for row in members)


def _described(members: Iterable[Row]) -> str:
    return " and ".join(f"{shown(str(row))} ({str(row.truth).lower()}, {row.where})" for row in members)
