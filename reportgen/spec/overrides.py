"""What the command line says otherwise than a spec: `tests.alpha=0.01`, a key by its path and a value as YAML writes it."""

from collections.abc import Iterable
from dataclasses import replace

from reportgen.errors import InputError, shown
from reportgen.spec.places import Flaw, Place, Spot
from reportgen.spec.yaml_source import MAX_DEPTH, YamlSource, read_value

OPTION = "--set"
_FORM = f"write a key's path and its value, as in {OPTION} tests.alpha=0.01"


def read_overrides(given: Iterable[str]) -> tuple[YamlSource, ...]:
    """Each override as a text of its own, to be laid over a spec; an `InputError` names every one that is none."""
    read = [_read(text) for text in given]
    if flaws := [flaw for flaw in read if isinstance(flaw, Flaw)]:
        raise InputError(*(flaw.problem for flaw in flaws))
    return tuple(source for source in read if isinstance(source, YamlSource))


def in_words(text: str) -> str:
    """An override as it is named: short, on one line, and without anything that a terminal would obey."""
    return f"{OPTION} {shown(text)[1:-1]}"


def _read(text: str) -> YamlSource | Flaw:
    key, sign, value = text.partition("=")
    steps, place = tuple(step.strip() for step in key.split(".")), Place(in_words(text))
    if not sign or not all(steps):
        return Flaw(place, (), "this is no override", _FORM)
    if len(steps) > MAX_DEPTH:
        return Flaw(place, (), f"this key is nested more than {MAX_DEPTH} deep, which no spec needs", _FORM)
    if steps[0] == "extends":
        return Flaw(place, (), "`extends` decides which files are read, before anything is set", "write it into a spec")
    found = read_value(value, steps, place.origin)
    if isinstance(found, Flaw):
        remedy = found.remedy or "put the value in quotes to mean text, with quotes for the shell around the whole"
        return replace(found, place=place, remedy=remedy)
    spots = {loc: Spot(place, place, spot.written, spot.plain) for loc, spot in found.spots.items()}
    return replace(found, spots=spots, flaws=tuple(replace(flaw, place=place) for flaw in found.flaws))
