"""Statements that belong together, as one unit each: statements about one subject are not independent observations.

1. Statements of both sets are grouped by a column; those for which it is empty belong to no cluster that is known,
   and are left out.
2. Where clusters hold statements of both sets, each such cluster is compared with itself (its mean in A with its
   mean in B), as a pair is; clusters with one side alone have nothing to be compared with.
3. Where no cluster holds both, the clusters of A are compared with those of B, as two independent sets.

So permutations exchange, bootstraps draw, and t tests count whole clusters, and each cluster counts once however
many statements it holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.errors import InputError, Problem, shown
from reportgen.notices import Notice
from reportgen.spec.model import ContrastSection, TestName
from reportgen.spec.wording import listed

Design = Literal["paired", "independent"]
Labels = Mapping[str, npt.NDArray[Any]]
Rows = npt.NDArray[np.intp]

DESIGNS: dict[TestName, Design | None] = {
    "auto": None,
    "permutation": None,
    "paired_t": "paired",
    "wilcoxon": "paired",
    "student": "independent",
    "welch": "independent",
    "mann_whitney": "independent",
}
"""The design that a test needs; None where it takes either."""

_EMPTY = ("", "nan")


class ClusterDesignError(InputError):
    """The clusters do not allow the test that the spec names, or a set has none."""


@dataclass(frozen=True)
class Arrangement:
    """The statements of both sets, as positions along `statement`, and the independent units that they belong to.

    `a` and `b` are row by row partners where pairs are compared. `unit_a` and `unit_b` say which unit each statement
    belongs to, as positions in `names_a` and `names_b`, which are the same names when the design is paired. Without
    clusters every pair, or every statement, is a unit. `test` is never `auto`. `alone` are the clusters that are left
    out because they hold statements of one set alone.
    """

    design: Design
    test: TestName
    a: Rows
    b: Rows
    unit_a: Rows
    unit_b: Rows
    names_a: tuple[str, ...]
    names_b: tuple[str, ...]
    notices: tuple[Notice, ...]
    alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grouping:
    """Both sets' statements by cluster; `unit_a` and `unit_b` are positions in `names_a` and `names_b`.

    When `crossed` both have the same names. `alone` are the clusters that could not be compared.
    """

    crossed: bool
    a: Rows
    b: Rows
    unit_a: Rows
    unit_b: Rows
    names_a: tuple[str, ...]
    names_b: tuple[str, ...]
    alone: tuple[str, ...]


def by_clusters(
    labels: Labels, column: str, sets: tuple[Rows, Rows], contrast: ContrastSection, test: TestName, place: str
) -> Arrangement:
    """Compare cluster by cluster where clusters hold statements of both sets, else clusters of A with those of B.

    `sets` are the statements of A and B; `column` must be there. `place` is where the contrast was read from. Raises
    ClusterDesignError.
    """
    clusters = labels[column].astype(str)
    named = (_named(clusters, sets[0]), _named(clusters, sets[1]))
    _require_clusters(named, column, contrast, place)
    grouping = group(clusters, *named)
    design: Design = "paired" if grouping.crossed else "independent"
    _require_design(test, design, column, contrast, place)
    unnamed = np.setdiff1d(np.concatenate(sets), np.concatenate(named))
    return Arrangement(
        design=design,
        test=resolved(test, design),
        a=grouping.a,
        b=grouping.b,
        unit_a=grouping.unit_a,
        unit_b=grouping.unit_b,
        names_a=grouping.names_a,
        names_b=grouping.names_b,
        notices=(*_told(grouping, column, contrast), *_unnamed(labels, unnamed, column, contrast)),
        alone=grouping.alone,
    )


def resolved(test: TestName, design: Design) -> TestName:
    """The test that is carried out: `auto` is a t test that fits the design."""
    if test != "auto":
        return test
    return "paired_t" if design == "paired" else "welch"


def group(column: npt.NDArray[Any], a: Rows, b: Rows) -> Grouping:
    """Group the statements `a` and `b` by the values of `column` [statement]."""
    shared = tuple(name for name in _names(column, a) if name in set(column[b].tolist()))
    names = (shared, shared) if shared else (_names(column, a), _names(column, b))
    return _grouped(column, a, b, *names)


def _names(column: npt.NDArray[Any], rows: Rows) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column[rows].tolist()))


def _grouped(
    column: npt.NDArray[Any], a: Rows, b: Rows, names_a: tuple[str, ...], names_b: tuple[str, ...]
) -> Grouping:
    kept_a, kept_b = a[np.isin(column[a], names_a)], b[np.isin(column[b], names_b)]
    compared = {*names_a, *names_b}
    return Grouping(
        crossed=names_a == names_b,
        a=kept_a,
        b=kept_b,
        unit_a=_units(column, kept_a, names_a),
        unit_b=_units(column, kept_b, names_b),
        names_a=names_a,
        names_b=names_b,
        alone=tuple(name for name in _names(column, np.concatenate([a, b])) if name not in compared),
    )


def _units(column: npt.NDArray[Any], rows: Rows, names: tuple[str, ...]) -> Rows:
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[name] for name in column[rows].tolist()], dtype=np.intp)


def _named(column: npt.NDArray[Any], rows: Rows) -> Rows:
    """The statements of which it is known which cluster they belong to."""
    return rows[~np.isin(column[rows], _EMPTY)]


def _require_clusters(named: tuple[Rows, Rows], column: str, contrast: ContrastSection, place: str) -> None:
    problems = [
        Problem(
            place,
            f"tests.cluster names the column {shown(column)}, which is empty for every statement of the set "
            f"{shown(chosen.name)} of the contrast {shown(contrast.id)}",
            "fill it in, or leave tests.cluster out",
        )
        for chosen, rows in zip((contrast.a, contrast.b), named, strict=True)
        if not len(rows)
    ]
    if problems:
        raise ClusterDesignError(*problems)


def _require_design(test: TestName, design: Design, column: str, contrast: ContrastSection, place: str) -> None:
    if DESIGNS[test] in (None, design):
        return
    why = "hold statements of both sets" if design == "paired" else "lie each in one of the two sets"
    fitting = listed(name for name, fits in DESIGNS.items() if fits in (None, design))
    message = f"the test {shown(test)} does not fit the contrast {shown(contrast.id)}, whose clusters by {shown(column)} {why}"
    raise ClusterDesignError(Problem(place, message, f"take one of {fitting} as tests.test"))


def _told(grouping: Grouping, column: str, contrast: ContrastSection) -> Iterator[Notice]:
    how = "each with its own mean difference" if grouping.crossed else "each with its mean score"
    yield Notice(
        "note",
        f"In the contrast {shown(contrast.id)} the clusters by {shown(column)} are the units, {how}, and each counts "
        "once: statements that share one are not independent of each other.",
    )
    if grouping.alone:
        one = len(grouping.alone) == 1
        message = (
            f"In the contrast {shown(contrast.id)}, {numbers.things(len(grouping.alone), 'cluster')} by {shown(column)} "
            f"{'is' if one else 'are'} left out, because {'it holds' if one else 'they hold'} statements of one set alone "
            "while others hold both."
        )
        yield Notice("left out", message, grouping.alone)


def _unnamed(labels: Labels, rows: Rows, column: str, contrast: ContrastSection) -> Iterator[Notice]:
    if not len(rows):
        return
    message = (
        f"In the contrast {shown(contrast.id)}, {numbers.things(len(rows), 'statement')} "
        f"{'is' if len(rows) == 1 else 'are'} left out, because the column {shown(column)} is empty there: it is not known "
        "which cluster they belong to."
    )
    names = [str(name) or "(no pair)" for name in labels["pair"][rows]] if "pair" in labels else []
    yield Notice("left out", message, tuple(dict.fromkeys(names)))
