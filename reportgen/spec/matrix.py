"""A family of studies from one spec: every combination of the values of some keys is a study, a cell of the matrix.

1. An axis is a key by its path (`model`, `measure.aggregation`) with values: named ones, each of which merges into what the
   spec has there, or a list, in which each value names itself.
2. A cell is the spec with one value of each axis laid over it. Its id is that of the spec with the values' names behind it,
   made of small letters, digits and hyphens; two cells that would get one id are refused, whatever the names.
3. What the command line sets may not be what an axis varies: the cells would not be what they are called.
"""

import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reportgen.errors import InputError, shown
from reportgen.spec.extends import checked
from reportgen.spec.layers import laid_over, leaves_in, locs_in
from reportgen.spec.places import Flaw, Spot
from reportgen.spec.preamble import KEYS
from reportgen.spec.rules import value_at
from reportgen.spec.wording import Loc, Plain, path_of
from reportgen.spec.yaml_source import YamlSource

MOST_CELLS = 64
MOST_VALUES = 1_000_000
"""Of all cells together: each is a spec of its own, and is read and written out by itself."""
LONGEST_ID = 64

_MATRIX = "matrix"
_FAMILY: Loc = ("study", "family")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class Cell:
    """A study of a family, as text; `name` is what its id has behind the family's, empty where there is no family."""

    name: str
    source: YamlSource


@dataclass(frozen=True)
class _Value:
    """A value of an axis: its name, that name as part of an id, and where it stands."""

    name: str
    slug: str
    loc: Loc


@dataclass(frozen=True)
class _Axis:
    """A key whose values are gone through."""

    key: str
    values: tuple[_Value, ...]

    @property
    def loc(self) -> Loc:
        return tuple(self.key.split("."))


def cells_of(source: YamlSource, overrides: Sequence[YamlSource]) -> tuple[Cell, ...]:
    """Every cell of the matrix, the last axis fastest; the spec itself where it has none.

    Raises InputError for a matrix that makes no family, with all that is wrong with it.
    """
    checked(source, ("version", _MATRIX))
    plain = replace(source, data={key: value for key, value in source.data.items() if key != _MATRIX})
    matrix = source.data.get(_MATRIX)
    if not isinstance(matrix, dict):
        return (Cell("", plain),)
    axes = tuple(_axis(key, values, source) for key, values in matrix.items())
    if flaws := tuple(_flaws(axes, source, overrides)):
        raise InputError(*(flaw.problem for flaw in (*source.flaws, *flaws)))
    return tuple(_cell(values, axes, plain, source) for values in itertools.product(*(axis.values for axis in axes)))


def _axis(key: str, values: Plain, source: YamlSource) -> _Axis:
    steps = range(len(values)) if isinstance(values, tuple) else values if isinstance(values, dict) else ()
    locs: list[Loc] = [(_MATRIX, key, step) for step in steps]
    names = [source.spots[loc].written if isinstance(loc[-1], int) else str(loc[-1]) for loc in locs]
    return _Axis(key, tuple(_Value(name, slug(name), loc) for name, loc in zip(names, locs, strict=True)))


def slug(name: str) -> str:
    """A name as part of an id: without accents, in small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _flaws(axes: Sequence[_Axis], source: YamlSource, overrides: Sequence[YamlSource]) -> Iterator[Flaw]:
    of_axes = [flaw for axis in axes for flaw in _axis_flaws(axis, source)]
    yield from of_axes
    yield from (flaw for axis in axes for override in overrides if (flaw := _set_anyway(axis, source, override)))
    place = source.spots[_MATRIX,].key
    cells = math.prod(len(axis.values) for axis in axes)
    if cells > MOST_CELLS:
        message = f"the matrix has {cells:,} cells, and {MOST_CELLS} at most are allowed"
        yield Flaw(place, (_MATRIX,), message, "give its axes fewer values, or make several families")
        return
    if cells * len(source.spots) > MOST_VALUES:
        message = f"the matrix makes {cells} studies of a spec with {len(source.spots):,} values"
        yield Flaw(place, (_MATRIX,), message, "keep the facts in a CSV file and name it under `facts`, as `file`")
        return
    if _FAMILY in source.spots:
        message = "`study.family` says of what family a study is, and here `matrix` does"
        yield Flaw(source.spots[_FAMILY].key, _FAMILY, message, "remove one of the two")
    if not of_axes:
        yield from _id_flaws(axes, source)


def _axis_flaws(axis: _Axis, source: YamlSource) -> Iterator[Flaw]:
    loc: Loc = (_MATRIX, axis.key)
    if not all(axis.loc) or axis.loc[0] in ("study", *KEYS):
        message = f"{shown(axis.key)} is no key of a spec, which an axis is: `model`, or `measure.aggregation`"
        remedy = "the studies' ids and titles are made from the names of the values" if axis.loc[0] == "study" else ""
        yield Flaw(source.spots[loc].key, loc, message, remedy)
    first: dict[str, str] = {}
    for value in axis.values:
        spot = source.spots[value.loc]
        if not value.slug:
            message = f"the name {shown(value.name)} holds no letter a to z and no digit to make an id of"
            yield Flaw(spot.key, value.loc, message, "name the value: `axis: {name: value}`")
        elif value.slug in first:
            message = f"{shown(first[value.slug])} and {shown(value.name)} both become {shown(value.slug)} in an id"
            yield Flaw(spot.key, value.loc, message, "give them names that differ in letters or digits")
        first.setdefault(value.slug, value.name)


def _set_anyway(axis: _Axis, source: YamlSource, override: YamlSource) -> Flaw | None:
    """What is wrong where the command line sets what the axis varies."""
    values = (value_at(source.data, value.loc) for value in axis.values)
    varied = [leaf for value in values if value != {} for leaf in leaves_in(value, axis.loc)]
    for loc in leaves_in(override.data):
        if any(loc[: len(leaf)] == leaf or leaf[: len(loc)] == loc for leaf in varied):
            message = f"the matrix varies {path_of(loc)}, on its axis {shown(axis.key)}"
            remedy = f"remove the axis with `--set matrix.{axis.key}=`" if "." not in axis.key else ""
            return Flaw(override.spots[loc].place, loc, message, remedy)
    return None


def _id_flaws(axes: Sequence[_Axis], source: YamlSource) -> Iterator[Flaw]:
    loc: Loc = ("study", "id")
    study = source.data.get("study")
    id_ = study.get("id") if isinstance(study, dict) else None
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        return
    named: dict[str, str] = {}
    for values in itertools.product(*(axis.values for axis in axes)):
        name, words = _name(values), ", ".join(value.name for value in values)
        if name in named:
            message = f"the cells {shown(named[name])} and {shown(words)} both get the id {shown(f'{id_}-{name}')}"
            yield Flaw(source.spots[_MATRIX,].key, (_MATRIX,), message, "give some of the values other names")
        if len(f"{id_}-{name}") > LONGEST_ID:
            own = f"{id_}-{name}"
            message = f"the id of a cell, {shown(own)}, has {len(own)} letters, {LONGEST_ID} at most are allowed"
            yield Flaw(source.spots[loc].place, loc, message, "give the study or the values shorter names")
            return
        named.setdefault(name, words)


def _name(values: Sequence[_Value]) -> str:
    return "-".join(value.slug for value in values)


def _cell(values: Sequence[_Value], axes: Sequence[_Axis], plain: YamlSource, source: YamlSource) -> Cell:
    cell = plain
    for axis, value in zip(axes, values, strict=True):
        cell = laid_over(cell, _below(axis.loc, value, source))
    named = {axis.key: value.name for axis, value in zip(axes, values, strict=True)}
    return Cell(_name(values), _as_member(cell, _name(values), named, source.spots[_MATRIX,]))


def _below(at: Loc, value: _Value, source: YamlSource) -> YamlSource:
    """One value of an axis as a text in which it stands where the axis says."""
    data = value_at(source.data, value.loc)
    spots = {at[:end]: source.spots[value.loc[:2]] for end in range(len(at))}
    spots |= {loc: source.spots[*value.loc, *loc[len(at) :]] for loc in locs_in(data, at)}
    spots[at] = replace(spots[at], key=source.spots[value.loc[:2]].key)
    for key in reversed(at):
        data = {str(key): data}
    assert isinstance(data, dict)
    return YamlSource("", data, spots, ())


def _as_member(cell: YamlSource, name: str, values: dict[str, str], spot: Spot) -> YamlSource:
    """The cell under an id and a title of its own, and with word of its family."""
    study = cell.data.get("study")
    id_, title = (study.get(key) if isinstance(study, dict) else None for key in ("id", "title"))
    if not isinstance(study, dict) or not isinstance(id_, str) or not isinstance(title, str) or not _ID.fullmatch(id_):
        return cell
    family: dict[str, Plain] = {"id": id_, "title": title, "values": dict(values)}
    own = {**study, "id": f"{id_}-{name}", "title": f"{title}: {', '.join(values.values())}", "family": family}
    spots = {**cell.spots, **dict.fromkeys(locs_in(family, _FAMILY), spot)}
    return replace(cell, data={**cell.data, "study": own}, spots=spots)
