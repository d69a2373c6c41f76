"""Which statements a contrast compares, and whether they are compared in pairs: all that labels alone can say.

1. Each set's filters choose statements by their columns.
2. Statements of A and B with the same `pair`, once in each set, are partners.
3. The test that the spec names decides the design; `auto` takes pairs where every statement has a partner.
4. Where the spec names a cluster, the clusters are the units that are compared (`clusters`).

Nothing here needs scores, so a contrast that cannot be carried out is known before any model runs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from reportgen import numbers
from reportgen.clusters import DESIGNS, Arrangement, ClusterDesignError, Design, Labels, Rows, by_clusters, resolved
from reportgen.errors import InputError, Problem, StudyError, shown
from reportgen.notices import Notice
from reportgen.spec.model import ContrastSection, StatementSet, TestName, TestsSection, Value
from reportgen.spec.wording import did_you_mean, listed

FEWEST_PAIRS = 8

__all__ = [
    "FEWEST_PAIRS",
    "Arrangement",
    "ClusterDesignError",
    "Design",
    "EmptySetError",
    "Labels",
    "OverlappingSetsError",
    "Rows",
    "TooFewStatementsError",
    "UnknownColumnError",
    "arrange",
    "choose",
]


class UnknownColumnError(InputError):
    """A contrast filters by a column that no statement has."""


class EmptySetError(InputError):
    """No statement passes the filters of one of the two sets."""


class OverlappingSetsError(InputError):
    """A statement belongs to both sets."""


class TooFewStatementsError(StudyError):
    """There are fewer than two pairs, or fewer than two statements in a set: nothing can be tested."""


@dataclass(frozen=True)
class _Sets:
    """Both sets, and among them the statements that have a partner, row by row, in the order of A."""

    contrast: ContrastSection
    a: Rows
    b: Rows
    partners_a: Rows
    partners_b: Rows

    @property
    def size(self) -> int:
        return len(self.a) + len(self.b)

    @property
    def alone(self) -> Rows:
        """The statements without a partner."""
        return np.setdiff1d(np.concatenate([self.a, self.b]), np.concatenate([self.partners_a, self.partners_b]))


def arrange(labels: Labels, contrast: ContrastSection, tests: TestsSection, place: str = "the spec") -> Arrangement:
    """Choose both sets and their design; `labels` holds each column along `statement`, [statement].

    `place` is where the contrast was read from, for the messages. Raises UnknownColumnError, EmptySetError,
    OverlappingSetsError, ClusterDesignError or TooFewStatementsError.
    """
    _require_columns(labels, contrast, place)
    _require_cluster(labels, tests.cluster, place)
    a, b = choose(labels, contrast.a.where), choose(labels, contrast.b.where)
    _require_statements(labels, contrast, (a, b), place)
    _require_apart(labels, contrast, np.intersect1d(a, b), place)
    if tests.cluster is None:
        arrangement = _by_pairs(_Sets(contrast, a, b, *_partners(labels.get("pair"), a, b)), tests.test, labels)
    else:
        arrangement = by_clusters(labels, tests.cluster, (a, b), contrast, tests.test, place)
    _require_two(contrast, arrangement)
    notices = (*_unused_values(labels, contrast), *arrangement.notices, *_few(contrast, arrangement))
    return replace(arrangement, notices=notices)


def _by_pairs(sets: _Sets, test: TestName, labels: Labels) -> Arrangement:
    design = DESIGNS[test] or ("independent" if len(sets.alone) else "paired")
    carried_out = resolved(test, design)
    return _paired(sets, carried_out, labels) if design == "paired" else _independent(sets, carried_out)


def choose(labels: Labels, where: Mapping[str, Value | tuple[Value, ...]]) -> Rows:
    """The statements that have, in each column, one of the values wanted; every column must be there."""
    kept = [_holds(labels[column], _values(wanted)) for column, wanted in where.items()]
    return np.flatnonzero(np.logical_and.reduce(kept))


def _values(wanted: Value | tuple[Value, ...]) -> tuple[Value, ...]:
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _holds(column: npt.NDArray[Any], values: Sequence[Value]) -> npt.NDArray[np.bool_]:
    """Which entries of the column are one of the values."""
    return np.asarray(np.logical_or.reduce([_equals(column, value) for value in values]))


def _equals(column: npt.NDArray[Any], value: Value) -> npt.NDArray[np.bool_]:
    """Truth values equal truth values alone; a column of text is compared with the value as YAML writes it."""
    if column.dtype.kind in "biuf":
        alike = not isinstance(value, str) and isinstance(value, bool) == (column.dtype.kind == "b")
        return np.asarray(column == value) if alike else np.zeros(column.shape, dtype=bool)
    text = column.astype(str)
    return np.asarray((np.char.lower(text) if isinstance(value, bool) else text) == _as_text(value))


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def _require_columns(labels: Labels, contrast: ContrastSection, place: str) -> None:
    columns = sorted(labels)
    problems = [
        Problem(
            place,
            f"{_set_of(contrast, chosen)} filters by the column {shown(column)}, which no statement has; "
            f"the columns are {listed(columns)}",
            did_you_mean(column, columns),
        )
        for chosen in (contrast.a, contrast.b)
        for column in chosen.where
        if column not in labels
    ]
    if problems:
        raise UnknownColumnError(*problems)


def _require_cluster(labels: Labels, column: str | None, place: str) -> None:
    if column is None or column in labels:
        return
    columns = sorted(labels)
    message = (
        f"tests.cluster names the column {shown(column)}, which no statement has; the columns are {listed(columns)}"
    )
    raise UnknownColumnError(Problem(place, message, did_you_mean(column, columns)))


def _require_statements(labels: Labels, contrast: ContrastSection, sets: Sequence[Rows], place: str) -> None:
    problems = [
        Problem(place, f"no statement belongs to {_set_of(contrast, chosen)}", _columns_hold(labels, chosen.where))
        for chosen, rows in zip((contrast.a, contrast.b), sets, strict=True)
        if not len(rows)
    ]
    if problems:
        raise EmptySetError(*problems)


def _columns_hold(labels: Labels, columns: Iterable[str]) -> str:
    return "; ".join(f"the column {shown(column)} holds {_held(labels[column])}" for column in columns)


def _held(column: npt.NDArray[Any]) -> str:
    kind = "the truth values " if column.dtype.kind == "b" else ""
    return kind + listed(dict.fromkeys(_as_text(value) for value in column))


def _require_apart(labels: Labels, contrast: ContrastSection, both: Rows, place: str) -> None:
    if not len(both):
        return
    first = " – ".join(str(labels[column][both[0]]) for column in ("subject", "object") if column in labels)
    raise OverlappingSetsError(
        Problem(
            place,
            f"the sets {shown(contrast.a.name)} and {shown(contrast.b.name)} of the contrast {shown(contrast.id)} "
            f"share {len(both)} of its statements{f'; the first is {shown(first)}' if first else ''}",
            "narrow one of the filters until no statement passes both",
        )
    )


def _unused_values(labels: Labels, contrast: ContrastSection) -> Iterator[Notice]:
    for chosen in (contrast.a, contrast.b):
        for column, wanted in chosen.where.items():
            values = [value for value in _values(wanted) if not _equals(labels[column], value).any()]
            if values:
                yield Notice(
                    "warning",
                    f"The set {shown(chosen.name)} of the contrast {shown(contrast.id)} asks for values of the column "
                    f"{shown(column)} that no statement has.",
                    tuple(_as_text(value) for value in values),
                )


def _paired(sets: _Sets, test: TestName, labels: Labels) -> Arrangement:
    notices: tuple[Notice, ...] = ()
    if len(sets.alone):
        message = (
            f"The contrast {shown(sets.contrast.id)} compares {len(sets.partners_a)} complete pairs; left out, for want "
            f"of a single partner in the other set: {len(sets.alone)} of its {sets.size} statements."
        )
        names = [str(name) or "(no pair)" for name in labels["pair"][sets.alone]] if "pair" in labels else []
        notices = (Notice("left out", message, tuple(dict.fromkeys(names))),)
    each = np.arange(len(sets.partners_a))
    pairs = tuple(labels["pair"][sets.partners_a].astype(str).tolist()) if "pair" in labels else ()
    return Arrangement("paired", test, sets.partners_a, sets.partners_b, each, each, pairs, pairs, notices)


def _independent(sets: _Sets, test: TestName) -> Arrangement:
    pairs, alone = len(sets.partners_a), len(sets.alone)
    notices: tuple[Notice, ...] = ()
    if pairs:
        rest = f" and leave out {alone} of the {sets.size} statements, which have none" if alone else ""
        message = (
            f"The contrast {shown(sets.contrast.id)} holds {pairs} complete pairs but is tested as two independent "
            f"sets, which gives away power and is only right where partners are unrelated or alike: `paired_t` or `wilcoxon` "
            f"would compare partners{rest}."
        )
        notices = (Notice("warning", message),)
    # No pair has such a name: a pair and a statement are never one unit of a study's contrasts.
    names_a, names_b = (tuple(f"statement {row}" for row in rows.tolist()) for rows in (sets.a, sets.b))
    units_a, units_b = np.arange(len(sets.a)), np.arange(len(sets.b))
    return Arrangement("independent", test, sets.a, sets.b, units_a, units_b, names_a, names_b, notices)


def _partners(pairs: npt.NDArray[Any] | None, a: Rows, b: Rows) -> tuple[Rows, Rows]:
    """Row by row, the statements whose pair stands exactly once in each set, in the order of A."""
    if pairs is None:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    in_a, in_b = _once(pairs, a), _once(pairs, b)
    shared = [pair for pair in in_a if pair in in_b]
    return (
        np.array([in_a[pair] for pair in shared], dtype=np.intp),
        np.array([in_b[pair] for pair in shared], dtype=np.intp),
    )


def _once(pairs: npt.NDArray[Any], rows: Rows) -> dict[str, int]:
    """Where each pair stands that has one statement among the rows; a statement without a pair has none."""
    names = [str(name) for name in pairs[rows]]
    times = Counter(names)
    return {name: int(row) for name, row in zip(names, rows, strict=True) if name and times[name] == 1}


def _require_two(contrast: ContrastSection, arrangement: Arrangement) -> None:
    fewest = min(len(arrangement.names_a), len(arrangement.names_b))
    if fewest >= 2:
        return
    unit = "complete pairs" if arrangement.design == "paired" else "statements in each set"
    raise TooFewStatementsError(
        f"the contrast {shown(contrast.id)} needs at least 2 {'clusters' if _are_clusters(arrangement) else unit} for its "
        f"heads to be tested; it has {fewest}{_besides(arrangement.alone)}"
    )


def _besides(alone: Sequence[str]) -> str:
    if not alone:
        return ""
    hold = f"{numbers.things(len(alone), 'more cluster')} {'holds' if len(alone) == 1 else 'hold'}"
    return f" with statements of both sets, and {hold} statements of one set alone"


def _are_clusters(arrangement: Arrangement) -> bool:
    """Whether any unit holds more than one statement of a set, or some clusters could not be compared."""
    if arrangement.alone:
        return True
    units, names = (arrangement.unit_a, arrangement.unit_b), (arrangement.names_a, arrangement.names_b)
    return any(len(rows) != len(own) for rows, own in zip(units, names, strict=True))


def _few(contrast: ContrastSection, arrangement: Arrangement) -> Iterator[Notice]:
    clusters = _are_clusters(arrangement)
    if arrangement.design == "paired":
        sizes = [(len(arrangement.names_a), "clusters" if clusters else "pairs")]
    else:
        sizes = [
            (len(names), f"{'clusters' if clusters else 'statements'} in the set {shown(chosen.name)}")
            for names, chosen in ((arrangement.names_a, contrast.a), (arrangement.names_b, contrast.b))
        ]
    for size, unit in sizes:
        if size < FEWEST_PAIRS:
            yield Notice(
                "warning",
                f"The contrast {shown(contrast.id)} has {size} {unit}: with fewer than {FEWEST_PAIRS}, "
                "tests find large effects alone and rest on their assumptions.",
            )


def _set_of(contrast: ContrastSection, chosen: StatementSet) -> str:
    return f"the set {shown(chosen.name)} of the contrast {shown(contrast.id)}"
