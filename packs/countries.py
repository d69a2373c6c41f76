"""Packs about countries: capitals, continents, currencies, and their codes."""

from datetime import date

import phonenumbers
from babel import Locale
from babel.numbers import get_territory_currencies

from packs import sources
from packs.nations import NOT_ASKED, Nation, nations
from packs.pack import Fact, Pack, counted
from specs.data.make_capitals import UNCERTAIN

ON_TWO_CONTINENTS = frozenset({"AZ", "EG", "GE", "ID", "KZ", "RU", "TR", "CY", "AM"})
PAYS_OTHERWISE = {
    "HT": "the dollar is in use and no longer tender",
    "ZW": "it has changed its currency often",
}
ALSO_IN_USE = {"SZ": ("rand",), "KH": ("dollar",)}
UNITS = {
    "Bosnia-Herzegovina Convertible Mark": "mark",
    "Israeli New Shekel": "shekel",
}
SHARED_CODES = {"VA": "Italy's code is in use, another is assigned", "KZ": "it is about to leave the code of Russia"}

_AS_OF = date(2026, 11, 29)
_EN = Locale("en")
_NAMED_BY = "Countries are the members and observer states of the United Nations, except"


def capitals() -> Pack:
    """Country → capital."""
    asked = [nation for nation in nations() if nation.code not in UNCERTAIN]
    kept = [nation for nation in asked if not nation.tells(nation.capital)]
    facts = tuple(Fact(nation.subject, "capital", nation.capital, nation.columns) for nation in kept)
    return Pack(
        "capitals",
        "The capitals of the world's countries.",
        (
            *sources.GEONAMES,
            sources.made(counted(facts)),
            _without(UNCERTAIN | NOT_ASKED),
            f"Left out, the name gives the capital away: {_names(asked, kept)}.",
        ),
        {
            "capital": (
                "The capital of {subject} is {object}",
                "The capital city of {subject} is called {object}",
                "In {subject}, the capital is {object}",
                "Whoever travels to the capital of {subject} arrives in {object}",
            )
        },
        facts,
    )


def continents() -> Pack:
    """Country → continent."""
    asked = [nation for nation in nations() if nation.code not in ON_TWO_CONTINENTS]
    kept = [nation for nation in asked if not nation.tells(nation.continent)]
    facts = tuple(
        Fact(nation.subject, "continent", nation.continent, {"population": nation.columns["population"]})
        for nation in kept
    )
    two = _names(nations(), asked)
    return Pack(
        "continents",
        "The continents on which the world's countries lie.",
        (
            *sources.GEONAMES,
            sources.made(counted(facts)),
            _without(NOT_ASKED),
            f"Left out, they lie on two continents or are counted to either: {two}.",
            f"Left out, the name gives the continent away: {_names(asked, kept)}.",
        ),
        {
            "continent": (
                "The continent of {subject} is {object}",
                "On the map of the world, {subject} lies in {object}",
                "The continent on which one finds {subject} is {object}",
            )
        },
        facts,
    )


def currencies() -> Pack:
    """Country → currency, by its bare name."""
    asked = [nation for nation in nations() if nation.code not in PAYS_OTHERWISE]
    facts: list[Fact] = []
    telling: list[Nation] = []
    for nation in asked:
        codes = get_territory_currencies(nation.code, start_date=_AS_OF)
        units = {_unit(code): code for code in codes}
        if any(nation.tells(unit) for unit in units):
            telling.append(nation)
            continue
        facts += [
            Fact(
                nation.subject,
                "currency",
                unit,
                {"code": code, "status": "tender", "continent": nation.continent, "sole": _yes(len(units) == 1)},
            )
            for unit, code in units.items()
        ]
        facts += [
            Fact(nation.subject, "currency", unit, {"status": "in use", "continent": nation.continent, "sole": "false"})
            for unit in ALSO_IN_USE.get(nation.code, ())
        ]
    return Pack(
        "currencies",
        "What people pay with in the world's countries: the bare name of the currency (dollar, franc, yen).",
        (
            *sources.cldr(also_geonames=True),
            sources.made(counted(facts)),
            _without(NOT_ASKED | PAYS_OTHERWISE),
            f"Left out, the name gives the currency away: {', '.join(nation.name for nation in telling)}.",
            "Countries with several currencies have a fact for each, and `sole` is false for them.",
        ),
        {
            "currency": (
                "The currency of {subject} is the {object}",
                "In {subject}, people pay with the {object}",
                "The money that is used in {subject} is the {object}",
            )
        },
        tuple(facts),
        {"status": "tender"},
    )


def currency_codes() -> Pack:
    """Currency → ISO 4217 code."""
    tender = {
        code
        for nation in nations()
        if nation.code not in PAYS_OTHERWISE
        for code in get_territory_currencies(nation.code, start_date=_AS_OF)
    }
    facts = tuple(
        Fact(f"the {_spelt(_EN.currencies[code])}", "currency code", code, {"unit": _unit(code)})
        for code in sorted(tender, key=lambda code: _EN.currencies[code])
        if not _EN.currencies[code].startswith("US ")
    )
    return Pack(
        "currency-codes",
        "The three letters by which ISO 4217 names the world's currencies.",
        (
            *sources.cldr(also_geonames=True),
            sources.made(counted(facts)),
            "Currencies are those that are tender in a member state of the United Nations; the US dollar is left out, "
            "since its name gives the code away.",
        ),
        {
            "currency code": (
                "The ISO code of {subject} is {object}",
                "On currency markets, the code for {subject} is {object}",
                "In foreign exchange, {subject} is abbreviated as {object}",
            )
        },
        facts,
    )


def calling_codes() -> Pack:
    """Country → international calling code."""
    kept = [nation for nation in nations() if nation.code not in SHARED_CODES]
    facts = tuple(
        Fact(nation.subject, "calling code", str(phonenumbers.country_code_for_region(nation.code)), nation.columns)
        for nation in kept
    )
    return Pack(
        "calling-codes",
        "The codes by which one calls the world's countries from abroad.",
        (
            *sources.PHONENUMBERS,
            sources.made(counted(facts)),
            _without(NOT_ASKED | SHARED_CODES),
            "Several countries share the code 1, as the North American plan has it.",
        ),
        {
            "calling code": (
                "The international calling code of {subject} is +{object}",
                "To call someone in {subject} from abroad, dial +{object}",
                "Phone numbers in {subject} begin with +{object}",
            )
        },
        facts,
    )


def country_codes() -> Pack:
    """Country → its two and three letters."""
    facts = tuple(
        Fact(nation.subject, relation, nation.record[key], nation.columns)
        for relation, key in (("two-letter code", "iso"), ("three-letter code", "iso3"))
        for nation in nations()
    )
    return Pack(
        "country-codes",
        "The two and three letters by which ISO 3166 names the world's countries.",
        (*sources.GEONAMES, sources.made(counted(facts)), _without(NOT_ASKED)),
        {
            f"{length}-letter code": (
                f"The {length}-letter country code of {{subject}} is {{object}}",
                f"In the standard ISO 3166, the {length} letters for {{subject}} are {{object}}",
                f"Written as a code of {length} letters, {{subject}} is {{object}}",
            )
            for length in ("two", "three")
        },
        facts,
    )


def domains() -> Pack:
    """Country → top-level domain, without the dot that stands in the wording."""
    facts = tuple(
        Fact(nation.subject, "domain", nation.record["tld"].removeprefix("."), nation.columns) for nation in nations()
    )
    return Pack(
        "domains",
        "The country-code top-level domains of the internet.",
        (*sources.GEONAMES, sources.made(counted(facts)), _without(NOT_ASKED)),
        {
            "domain": (
                "The internet domain of {subject} is .{object}",
                "The addresses of websites in {subject} end with .{object}",
                "The country-code top-level domain of {subject} is .{object}",
            )
        },
        facts,
    )


def _unit(code: str) -> str:
    name = _EN.currencies[code]
    return UNITS.get(name, name.rsplit(" ", 1)[-1].lower())


def _spelt(name: str) -> str:
    """A currency's name in a sentence: "the Swiss franc", "the West African CFA franc"."""
    before, _, unit = name.rpartition(" ")
    return f"{before.replace('New', 'new').replace('Convertible', 'convertible')} {unit.lower()}".strip()


def _yes(condition: bool) -> str:
    return str(condition).lower()


def _names(asked: tuple[Nation, ...] | list[Nation], kept: list[Nation]) -> str:
    return ", ".join(nation.name for nation in asked if nation not in kept) or "none"


def _without(reasons: dict[str, str]) -> str:
    named = {nation.code: nation.name for nation in nations()} | {"PS": "Palestine"}
    return f"{_NAMED_BY} {'; '.join(f'{named[code]} ({why})' for code, why in sorted(reasons.items()))}."
