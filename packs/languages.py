"""Packs about languages: where they are official, how they are written, and what they call things."""

from collections.abc import Iterator

from babel import Locale
from babel.core import get_global
from babel.dates import get_day_names, get_month_names
from babel.languages import get_territory_language_info

from packs import sources
from packs.nations import NOT_ASKED, Nation, nations
from packs.pack import Fact, Pack, counted

MOST_OFFICIAL = 3

NOT_ASKED_FOR_LANGUAGE = {
    "AF": "Dari is a form of Persian",
    "BA": "its languages are counted as one or three",
    "BF": "French has lost its rank",
    "BO": "many languages are official",
    "KM": "its own language has several names",
    "ME": "its language is called Montenegrin or Serbian",
    "ML": "French has lost its rank",
    "MU": "no law names a language",
    "NE": "French has lost its rank",
    "ZW": "many languages are official",
}

# CLDR calls these official; no law does, though they are in use.
IN_USE_ALONE = {
    ("CH", "gsw"),
    ("DZ", "fr"),
    ("IL", "ar"),
    ("LI", "gsw"),
    ("MA", "fr"),
    ("MG", "en"),
    ("NG", "yo"),
    ("SN", "wo"),
    ("TN", "fr"),
    ("UA", "ru"),
    ("BW", "tn"),
    ("EC", "qu"),
}

# What a reader may hold for true, though CLDR does not call it official.
ALSO = {
    "BN": ("en",),
    "ET": ("so",),
    "LB": ("fr",),
    "MR": ("fr",),
    "MY": ("en",),
    "PE": ("ay",),
    "RW": ("sw",),
    "SI": ("hu", "it"),
    "TJ": ("ru",),
    "PG": ("ho",),
    "ZA": ("zu", "xh", "af", "nso", "st", "tn", "ts", "ss", "ve", "nr"),
}

# Two names of one language, or a form of another.
ONE_LANGUAGE = {"nb": "no", "nn": "no", "zdj": "", "wni": "", "gsw": "de", "hif": "hi"}

LANGUAGE_NAMES = {
    "bn": "Bengali",
    "dv": "Dhivehi",
    "fil": "Filipino",
    "mi": "Māori",
    "ny": "Chichewa",
    "rn": "Kirundi",
    "st": "Sotho",
    "tzm": "Tamazight",
}
SCRIPT_NAMES = {"Beng": "Bengali", "Mymr": "Burmese"}
NO_SCRIPT = frozenset({"Hans", "Hant", "Hanb", "Bopo", "Shaw", "Khoj", "Sind", "Zyyy"})
SCRIPT_AS_WELL = {"hi": "a transcript of it is counted", "en": "an experiment of it is counted"}
LEAST_SPEAKERS = 3_000_000

TAUGHT = {"fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "nl": "Dutch", "pt": "Portuguese"}
CALLING = {"fr": "French", "de": "German", "es": "Spanish", "it": "Italian"}

_EN = Locale("en")


def languages() -> Pack:
    """Country → official language."""
    facts: list[Fact] = []
    telling: list[str] = []
    many: list[str] = []
    for nation in nations():
        if nation.code in NOT_ASKED_FOR_LANGUAGE:
            continue
        standing = _standing(nation)
        official = [name for name, status in standing.items() if status == "official"]
        if len(official) > MOST_OFFICIAL:
            many.append(nation.name)
        elif any(_called_alike(nation.name, name) for name in official):
            telling.append(nation.name)
        else:
            columns = {"continent": nation.continent, "sole": str(len(official) == 1).lower()}
            facts += [
                Fact(nation.subject, "language", name, {"status": status, **columns})
                for name, status in standing.items()
            ]
    doubtful = {nation.name: why for nation in nations() if (why := NOT_ASKED_FOR_LANGUAGE.get(nation.code))}
    return Pack(
        "languages",
        "The official languages of the world's countries.",
        (
            *sources.cldr(also_geonames=True),
            sources.made(counted(facts)),
            "A fact's `status` is official, regional or in use; a study asks of the official ones alone, and what is "
            "regional or in use is never taken for false. Where several are official each has a fact, and `sole` is false.",
            f"Left out: {'; '.join(f'{name} ({why})' for name, why in doubtful.items())}; Palestine ({NOT_ASKED['PS']}).",
            f"Left out, more than {MOST_OFFICIAL} are official: {', '.join(many)}.",
            f"Left out, the language is called like the country: {', '.join(telling)}.",
        ),
        {
            "language": (
                "The official language of {subject} is {object}",
                "In {subject}, the official language is {object}",
                "The language of the state in {subject} is {object}",
            )
        },
        tuple(facts),
        {"status": "official"},
    )


def _standing(nation: Nation) -> dict[str, str]:
    """What each language of a country is there, the official ones first."""
    found: dict[str, str] = {}
    for tag, about in get_territory_language_info(nation.code).items():
        code = tag.split("_")[0]
        status = about["official_status"]
        if status is None:
            continue
        if (nation.code, code) in IN_USE_ALONE:
            status = "in use"
        status = {"official_regional": "regional", "de_facto_official": "official"}.get(status, status)
        name = _language(ONE_LANGUAGE.get(code, code))
        if name and found.get(name) != "official":
            found[name] = status
    for code in ALSO.get(nation.code, ()):
        found.setdefault(_language(code), "regional" if nation.code == "ZA" else "in use")
    order = ("official", "regional", "in use")
    return dict(sorted(found.items(), key=lambda entry: order.index(entry[1])))


def _language(code: str) -> str:
    return LANGUAGE_NAMES.get(code) or str(_EN.languages.get(code, ""))


def _called_alike(name: str, thing: str) -> bool:
    return any(word[:4].casefold() == thing[:4].casefold() for word in name.split())


def scripts() -> Pack:
    """Language → the script that it is written in; as many in Latin letters as in others at most."""
    facts: list[Fact] = []
    speakers, official = _speakers(), _official()
    for code, own in _scripts().items():
        name = _language(code)
        named = [SCRIPT_NAMES.get(script, str(_EN.scripts.get(script, ""))) for script in sorted(own - NO_SCRIPT)]
        if not name or not named or not all(named) or code in SCRIPT_AS_WELL:
            continue
        if code not in official or speakers.get(code, 0.0) < LEAST_SPEAKERS:
            continue
        if any(_called_alike(name, script) for script in named) or own & {"Jpan", "Kore"}:
            continue
        columns = {
            "speakers": str(round(speakers.get(code, 0.0) / 100_000) * 100_000),
            "sole": str(len(named) == 1).lower(),
        }
        facts += [Fact(name, "script", script, columns) for script in named]
    kept = sorted(facts, key=lambda fact: (fact.subject, fact.object))
    others = len({fact.subject for fact in kept} - {fact.subject for fact in kept if fact.object == "Latin"})
    latin = sorted((fact for fact in kept if fact.object == "Latin"), key=lambda fact: -int(fact.columns["speakers"]))
    of_latin_alone = [fact for fact in latin if fact.columns["sole"] == "true"][others:]
    kept = [fact for fact in kept if fact not in of_latin_alone]
    return Pack(
        "scripts",
        "The scripts in which languages are written.",
        (
            *sources.cldr(also_geonames=False),
            sources.made(counted(kept)),
            f"Languages are those that are official somewhere and have {LEAST_SPEAKERS // 1_000_000} million speakers or more; "
            "of those in Latin letters as many as there are others, the most spoken first.",
            "Left out: languages whose script is called like them, Chinese, Japanese and Korean, whose scripts have several "
            "names, and English and Hindi, for which CLDR counts a script that is hardly used.",
            "A language that is written in several scripts has a fact for each, and `sole` is false.",
        ),
        {
            "script": (
                "The script in which {subject} is written is {object}",
                "The writing system of {subject} is called {object}",
                "Texts in {subject} are written in letters that are called {object}",
            )
        },
        tuple(kept),
    )


def _scripts() -> dict[str, set[str]]:
    """Every script that CLDR knows of a language, in any country."""
    found: dict[str, set[str]] = {}
    tags = [tag for languages in get_global("territory_languages").values() for tag in languages]
    for tag in [*tags, *(full for tag, full in get_global("likely_subtags").items() if not tag.startswith("und"))]:
        language, *rest = tag.split("_")
        found.setdefault(language, set()).update(part for part in rest if len(part) == 4 and part.isalpha())
    return dict(sorted(found.items()))


def _official() -> set[str]:
    """The languages that are official in some country or region."""
    return {
        tag.split("_")[0]
        for languages in get_global("territory_languages").values()
        for tag, about in languages.items()
        if about["official_status"]
    }


def _speakers() -> dict[str, float]:
    """About how many people speak a language, by CLDR's shares and GeoNames' populations."""
    found: dict[str, float] = {}
    for nation in nations():
        for tag, about in get_territory_language_info(nation.code).items():
            code = tag.split("_")[0]
            share = about["population_percent"] / 100
            found[code] = found.get(code, 0.0) + share * nation.record["population"]
    return found


def calendar_words() -> Pack:
    """Day or month → its name in other languages."""
    facts = [
        Fact(english, f"{language} word", word, {"kind": kind})
        for code, language in TAUGHT.items()
        for kind, english, word in _calendar(code)
        if word.casefold() != english.casefold()
    ]
    return Pack(
        "calendar-words",
        "The days of the week and the months in six languages.",
        (
            *sources.cldr(also_geonames=False),
            sources.made(counted(facts)),
            "Left out: words that are spelt as in English. There is a relation for each language.",
        ),
        {
            f"{language} word": (
                f"The {language} word for {{subject}} is {{object}}",
                f"In {language}, {{subject}} is called {{object}}",
                f"Translated into {language}, {{subject}} is {{object}}",
            )
            for language in TAUGHT.values()
        },
        tuple(facts),
    )


def _calendar(code: str) -> Iterator[tuple[str, str, str]]:
    for kind, names in (("day", get_day_names), ("month", get_month_names)):
        english, other = (dict(names("wide", context="stand-alone", locale=tongue)) for tongue in ("en", code))
        yield from ((kind, english[key], other[key]) for key in english)


def country_names() -> Pack:
    """Country → its name in other languages."""
    facts = [
        Fact(nation.subject, f"{language} name", name, {"alike": str(alike).lower(), **nation.columns})
        for code, language in CALLING.items()
        for nation in nations()
        if (name := str(Locale(code).territories[nation.code])).casefold() != nation.name.casefold()
        and not any(mark in name for mark in "(-–")
        and not nation.tells(name)
        for alike in [_called_alike(nation.name, name)]
    ]
    return Pack(
        "country-names",
        "The world's countries in four other languages.",
        (
            *sources.cldr(also_geonames=True),
            sources.made(counted(facts)),
            "Left out: names that are spelt as in English, share a word with it, or stand in CLDR with a hyphen or in brackets.",
            "`alike` says whether the name begins with the same four letters as the English one. There is a relation for "
            "each language.",
        ),
        {
            f"{language} name": (
                f"The {language} name of {{subject}} is {{object}}",
                f"In {language}, {{subject}} is called {{object}}",
                f"Translated into {language}, the name of {{subject}} is {{object}}",
            )
            for language in CALLING.values()
        },
        tuple(facts),
    )
