"""What pydantic finds wrong in a spec, in plain words: pydantic says where, the rule of that place (`rules`) says what is
allowed, the data says what came."""

import math
import re
from collections.abc import Iterator, Sequence, Set

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reportgen.errors import nearest, shown
from reportgen.spec.places import Flaw, Spot
from reportgen.spec.rules import Rule, meant, rule_at, value_at
from reportgen.spec.section import MisfitError
from reportgen.spec.wording import Loc, Plain, did_you_mean, got, in_quotes, listed, path_of
from reportgen.spec.yaml_source import YamlSource

_NO_MISMATCH = ("extra_forbidden", "missing", "value_error")


class Critic:
    """Puts what pydantic says of one source and one class into words; `also` are keys that a spec has beside the class's."""

    def __init__(self, source: YamlSource, model: type[BaseModel], also: Sequence[str] = ()) -> None:
        self._source = source
        self._top = Rule.of(model)
        self._also = tuple(also)

    def flaws(self, error: ValidationError) -> Iterator[Flaw]:
        """A flaw for each of the errors, and one alone where several mean the same."""
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
        key, keys = str(loc[-1]), self._keys(loc[:-1])
        owner = path_of(loc[:-1]) if loc[:-1] else "a spec"
        message = f"{owner} has no key {shown(key)}; its keys are {listed(keys)}"
        remedy = did_you_mean(key, keys) or self._elsewhere(key)
        return Flaw(self._spot(loc).key, loc, message, remedy)

    def _elsewhere(self, key: str) -> str:
        homes = [name for name in self._top.keys if key in self._rule((name,)).keys]
        return f"{shown(key)} is a key of {' and of '.join(map(shown, homes))}" if homes else ""

    def _missing_keys(self, missing: list[Loc], unknown: list[Loc]) -> Iterator[Flaw]:
        """A key that is there under a misspelt name is not missing as well."""
        misspelt = {(*loc[:-1], nearest(str(loc[-1]), self._keys(loc[:-1]))) for loc in unknown}
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
        top, data = self._top, self._source.data
        keys = {loc: (*meant(loc[:-2], data, top)[0], loc[-2]) for loc in locs if loc[-1] == "[key]"}
        yield from map(self._bad_key, keys.values())
        resolved = {loc: meant(loc, data, top) for loc in locs if loc not in keys}
        found = [*(kept for kept, _ in resolved.values()), *keys.values()]
        above = {kept[:depth] for kept in found for depth in range(len(kept))}
        yield from (self._mismatch(kept, rule) for kept, rule in resolved.values() if kept not in above)

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

    def _keys(self, loc: Loc) -> tuple[str, ...]:
        return (*(() if loc else self._also), *self._rule(loc).keys)

    def _rule(self, loc: Loc) -> Rule:
        return rule_at(loc, self._source.data, self._top)

    def _spot(self, loc: Loc) -> Spot:
        """Where it stands; what was left out, where that stands which lacks it."""
        while loc not in self._source.spots:
            loc = loc[:-1]
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
