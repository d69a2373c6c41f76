"""A spec file as a `SpecFile`, or every error in it as a `Problem` at its place.

1. The YAML becomes plain data with places (`yaml_source`); its own flaws are kept.
2. pydantic checks the data against the vocabulary (`model`). Each of its errors becomes one flaw in plain
   words: pydantic says where, the rule of that place (`rules`) says what is allowed, the data says what came.
3. What no type can say is checked on the data itself: relations that facts name, and values that mean one
   thing in YAML 1.1 and another in YAML 1.2.
4. All flaws are reported together, in the order of the file, one for each value.

Checks between the values of a section run once these are right one by one: until then they would blame what
is about to change.
"""

import math
import re
from collections.abc import Iterator, Set
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reportgen.errors import InputError, nearest, shown
from reportgen.spec.model import SpecFile, StudySpec
from reportgen.spec.rules import Rule, meant, rule_at, value_at
from reportgen.spec.section import MisfitError
from reportgen.spec.wording import Loc, Plain, did_you_mean, got, in_quotes, listed, path_of
from reportgen.spec.yaml_source import Flaw, Spot, YamlSource, read_yaml

_NO_MISMATCH = ("extra_forbidden", "missing", "value_error")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")


def load_spec(path: Path) -> SpecFile:
    """The study that the file describes; an `InputError` names every problem with its line and column."""
    source = read_yaml(path)
    flaws = [*source.flaws, *_unknown_relations(source)]
    try:
        spec = StudySpec.model_validate(source.data)
    except ValidationError as error:
        flaws += _Critic(source).flaws(error)
        raise _input_error(path, source, flaws) from error
    if flaws or any(_reads_two_ways(source, loc) for loc in source.spots):
        raise _input_error(path, source, flaws)
    return SpecFile(path=path, text=source.text, spec=spec)


def _input_error(path: Path, source: YamlSource, flaws: list[Flaw]) -> InputError:
    every = [*flaws, *_ambiguous(source, {flaw.loc for flaw in flaws})]
    first = {(flaw.place, flaw.loc): flaw for flaw in reversed(every)}
    ordered = sorted(first.values(), key=lambda flaw: (flaw.place, path_of(flaw.loc)))
    return InputError(*(flaw.problem(path) for flaw in ordered))


class _Critic:
    """Puts pydantic's errors about one source into words."""

    def __init__(self, source: YamlSource) -> None:
        self._source = source
        self._top = Rule.of(StudySpec)

    def flaws(self, error: ValidationError) -> Iterator[Flaw]:
        details = error.errors(include_url=False)
        unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
        missing = [detail["loc"] for detail in details if detail["type"] == "missing"]
        misfits = [detail for detail in details if detail["type"] == "value_error"]
        others = [detail["loc"] for detail in details if detail["type"] not in _NO_MISMATCH]
        yield from map(self._unknown_key, unknown)
        yield from self._missing_keys(missing, unknown)
        for detail in misfits:
            yield from self._misfits(detail)
        yield from self._mismatches(others)

    def _unknown_key(self, loc: Loc) -> Flaw:
        rule, key = self._rule(loc[:-1]), str(loc[-1])
        owner = path_of(loc[:-1]) if loc[:-1] else "a spec"
        message = f"{owner} has no key {shown(key)}; its keys are {listed(rule.keys)}"
        remedy = did_you_mean(key, rule.keys) or self._elsewhere(key)
        return Flaw(self._spot(loc).key, loc, message, remedy)

    def _elsewhere(self, key: str) -> str:
        homes = [name for name in self._top.keys if key in self._rule((name,)).keys]
        return f"{shown(key)} is a key of {' and of '.join(map(shown, homes))}" if homes else ""

    def _missing_keys(self, missing: list[Loc], unknown: list[Loc]) -> Iterator[Flaw]:
        """A key that is there under a misspelt name is not missing as well."""
        misspelt = {(*loc[:-1], nearest(str(loc[-1]), self._rule(loc[:-1]).keys)) for loc in unknown}
        for loc in missing:
            if loc not in misspelt:
                message = f"{path_of(loc[:-1])} lacks the key {shown(str(loc[-1]))}"
                yield Flaw(self._spot(loc[:-1]).place, loc, message, f"add it: {self._rule(loc).words}")

    def _misfits(self, detail: ErrorDetails) -> Iterator[Flaw]:
        error = detail["ctx"]["error"]
        if not isinstance(error, MisfitError):
            yield Flaw(self._spot(detail["loc"]).place, detail["loc"], str(error))
            return
        for misfit in error.found:
            loc = (*detail["loc"], *misfit.at)
            yield Flaw(self._spot(loc).place, loc, misfit.message)

    def _mismatches(self, locs: list[Loc]) -> Iterator[Flaw]:
        """Where a union fails, every branch complains: the one that came furthest down is right."""
        resolved = {loc: meant(loc, self._source.data, self._top) for loc in locs}
        above = {kept[:depth] for kept, _ in resolved.values() for depth in range(len(kept))}
        for loc, (kept, rule) in resolved.items():
            if loc[-1:] == ("[key]",):
                yield self._bad_key(loc[:-1])
            elif kept not in above:
                yield self._mismatch(kept, rule)

    def _bad_key(self, loc: Loc) -> Flaw:
        message = f"a key of {path_of(loc[:-1])} must be text that is not empty; {got(str(loc[-1]))}"
        return Flaw(self._spot(loc).key, loc, message)

    def _mismatch(self, loc: Loc, rule: Rule) -> Flaw:
        value, spot = value_at(self._source.data, loc), self._spot(loc)
        message = f"{path_of(loc)} must be {rule.words}; {got(value, spot.written)}"
        if value is None and not spot.written:
            return Flaw(spot.place, loc, message, self._completion(loc))
        return Flaw(spot.place, loc, message, _remedy(rule, value, spot))

    def _completion(self, loc: Loc) -> str:
        optional = loc[-1] not in self._rule(loc[:-1]).required
        return "write a value, or leave it out altogether" if optional else "write a value"

    def _rule(self, loc: Loc) -> Rule:
        return rule_at(loc, self._source.data, self._top)

    def _spot(self, loc: Loc) -> Spot:
        return self._source.spots[loc]


def _remedy(rule: Rule, value: Plain, spot: Spot) -> str:
    """What to write instead, where what was meant can be guessed."""
    if isinstance(value, tuple | dict):
        return ""
    if rule.choices:
        return did_you_mean(spot.written, rule.choices)
    if rule.kinds == {"array"}:
        return _as_list(value, spot.written)
    if isinstance(value, str):
        return _as_slug(value, rule.pattern) if rule.pattern else _as_number(value, rule.kinds)
    return in_quotes(spot.written) if "string" in rule.kinds else ""


def _as_list(value: Plain, written: str) -> str:
    entry = written if isinstance(value, str) else f'"{written}"'
    return f"write it as a list: [{entry}]" if re.fullmatch(r'[\w .,"-]{1,60}', entry) else "write it as a list"


def _as_number(text: str, kinds: Set[str]) -> str:
    """Quotes, a decimal comma, and `1e-3`, which YAML takes for text because it has no point."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return ""
    digits = repr(number).removesuffix(".0")
    if not math.isfinite(number) or ("number" not in kinds and not digits.isdigit()):
        return ""
    return f"write it as a number: {digits if '.' in digits else digits.replace('e', '.0e')}"


def _as_slug(text: str, pattern: str) -> str:
    candidate = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"for example {shown(candidate)}" if re.search(pattern, candidate) else ""


def _unknown_relations(source: YamlSource) -> Iterator[Flaw]:
    relations, items = (value_at(source.data, ("facts", key)) for key in ("relations", "items"))
    if not isinstance(relations, dict) or not relations or not isinstance(items, tuple):
        return
    for index, item in enumerate(items):
        name = item.get("relation") if isinstance(item, dict) else None
        if isinstance(name, str) and name and name not in relations:
            loc = ("facts", "items", index, "relation")
            message = f"the relation {shown(name)} is not among `facts.relations`: {listed(relations)}"
            yield Flaw(source.spots[loc].place, loc, message, did_you_mean(name, relations))


def _reads_two_ways(source: YamlSource, loc: Loc) -> bool:
    value, spot = value_at(source.data, loc), source.spots[loc]
    if isinstance(value, bool):
        return spot.written.lower() not in ("true", "false")
    if isinstance(value, int | float):
        return ":" in spot.written or _OCTAL.fullmatch(spot.written) is not None
    return False


def _ambiguous(source: YamlSource, blamed: Set[Loc]) -> Iterator[Flaw]:
    """Values that nothing forbids where they stand, and that may not be what their author meant."""
    top = Rule.of(StudySpec)
    for loc, spot in source.spots.items():
        if _reads_two_ways(source, loc) and blamed.isdisjoint(loc[: end + 1] for end in range(len(loc))):
            value, rule = value_at(source.data, loc), rule_at(loc, source.data, top)
            remedy = f"write `{str(value).lower()}` if that is meant"
            if "string" in rule.kinds:
                remedy += f", or {in_quotes(spot.written)}"
            message = f"the value of {path_of(loc)} is ambiguous: {got(value, spot.written)}"
            yield Flaw(spot.place, loc, message, remedy)
