"""One YAML text laid over another: mappings merge key by key, all else is replaced, and every value keeps its own place."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reportgen.spec.places import Spot
from reportgen.spec.wording import Loc, Plain
from reportgen.spec.yaml_source import YamlSource


def laid_over(base: YamlSource, over: YamlSource) -> YamlSource:
    """What both say together, as `over` says it where they differ.

    Lists and single values are replaced whole. A `null` removes what the base has there; where the base has nothing, it
    stays, and is checked like any other value.
    """
    spots = {**base.spots, (): over.spots[()]}
    data = _merged(base.data, over.data, (), over.spots, spots)
    return replace(base, data=data, spots=spots, flaws=(*base.flaws, *over.flaws))


def locs_in(value: Plain, at: Loc = ()) -> Iterator[Loc]:
    """The way to a value, and to everything inside it."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from locs_in(inner, (*at, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from locs_in(inner, (*at, index))


def leaves_in(value: Plain, at: Loc = ()) -> Iterator[Loc]:
    """The ways to all that a mapping sets: to lists and single values, and to mappings without keys."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves_in(inner, (*at, key))
    else:
        yield at


def _merged(
    base: dict[str, Plain], over: dict[str, Plain], at: Loc, own: Mapping[Loc, Spot], spots: dict[Loc, Spot]
) -> dict[str, Plain]:
    """The mapping at `at`; `spots` become those of the values that are left, `own` are those of `over`."""
    merged = dict(base)
    for key, value in over.items():
        loc, before = (*at, key), base.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            merged[key] = _merged(before, value, loc, own, spots)
            spots[loc] = own[loc]
            continue
        if key in merged:
            for gone in locs_in(merged.pop(key), loc):
                spots.pop(gone)
        if value is not None or key not in base:
            merged[key] = value
            spots.update((new, own[new]) for new in locs_in(value, loc))
    return merged
