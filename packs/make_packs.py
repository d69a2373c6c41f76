"""Write the packs of ready facts, `reportgen/catalogue/packs/*.csv`, from well-kept data libraries.

Run by hand from the root of the repository, when the libraries are renewed, and look through the differences afterwards:

    pip install --constraint constraints.txt --group dev
    python -m packs.make_packs

1. Take the data from the installed libraries, whose versions stand in the headers.
2. Leave out what is doubtful, disputed or given away by a name; the lists in the modules beside this one are judgements,
   which is why they are spelt out, and the headers say what they leave out.
3. Where several objects are true of a subject each has a fact, so that none is ever taken for false.
4. Write what is different; the same libraries give the same files, to the byte.
"""

from collections.abc import Callable
from pathlib import Path

from packs import countries, languages, others
from packs.pack import Pack

TARGET = Path(__file__).parents[1] / "reportgen" / "catalogue" / "packs"

PACKS: tuple[Callable[[], Pack], ...] = (
    languages.calendar_words,
    countries.calling_codes,
    countries.capitals,
    others.cities,
    countries.continents,
    countries.country_codes,
    languages.country_names,
    countries.currencies,
    countries.currency_codes,
    countries.domains,
    others.elements,
    languages.languages,
    languages.scripts,
    others.us_states,
)


def main() -> None:
    """Write the packs and say how large they are."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for make in PACKS:
        pack = make()
        (TARGET / f"{pack.name}.csv").write_text(pack.text(), encoding="utf-8", newline="\n")
        print(f"{pack.name}: {len(pack.facts)} facts")


if __name__ == "__main__":
    main()
