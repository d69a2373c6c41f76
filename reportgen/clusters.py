"""Statements that belong together, as one unit each: statements about one subject are not independent observations.

1. Statements of both sets are grouped by a column.
2. Where clusters hold statements of both sets, each such cluster is compared with itself (its mean in A with its
   mean in B), as a pair is; clusters with one side alone have nothing to be compared with.
3. Where no cluster holds both, the clusters of A are compared with those of B, as two independent sets.

So permutations exchange, bootstraps draw, and t tests count whole clusters, and each cluster counts once however
many statements it holds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Grouping:
    """Both sets' statements by cluster; `unit_a` and `unit_b` are positions in `names_a` and `names_b`.

    When `crossed` both have the same names. `left_out` are the clusters that could not be compared.
    """

    crossed: bool
    a: Rows
    b: Rows
    unit_a: Rows
    unit_b: Rows
    names_a: tuple[str, ...]
    names_b: tuple[str, ...]
    left_out: tuple[str, ...]


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
        left_out=tuple(name for name in _names(column, np.concatenate([a, b])) if name not in compared),
    )


def _units(column: npt.NDArray[Any], rows: Rows, names: tuple[str, ...]) -> Rows:
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[name] for name in column[rows].tolist()], dtype=np.intp)
