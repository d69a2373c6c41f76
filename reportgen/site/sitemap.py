"""The map of a site for search engines: https://www.sitemaps.org/protocol.html.

The same pages give the same bytes: the order is that of their addresses, and the days are those of the studies' runs,
never those of files.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

FILE = "sitemap.xml"
ROBOTS = "robots.txt"
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NOT_FOUND = "404.html"


def sitemap(pages: Iterable[str], site_url: str, lastmod: Mapping[str, str]) -> bytes:
    """The map of the pages, given by their paths in the site ("studies/capitals/index.html").

    `site_url` is where the site is published, with or without a slash at its end; `lastmod` is the day on which a page
    last said something else ("2026-11-24"), where that is known.
    """
    entries = "".join(_entry(page, site_url, lastmod.get(page)) for page in sorted(set(pages)) if page != _NOT_FOUND)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{_NAMESPACE}">\n{entries}</urlset>\n'.encode()


def robots(site_url: str) -> bytes | None:
    """What robots are told, where they would read it: at the root of a host, and nowhere below it."""
    if urlsplit(site_url).path.strip("/"):
        return None
    return f"User-agent: *\nAllow: /\n\nSitemap: {_address(FILE, site_url)}\n".encode()


def _entry(page: str, site_url: str, day: str | None) -> str:
    changed = f"<lastmod>{escape(day)}</lastmod>" if day else ""
    return f"<url><loc>{escape(_address(page, site_url))}</loc>{changed}</url>\n"


def _address(page: str, site_url: str) -> str:
    """The address of a page, the same as its canonical link: a folder's index has the folder's own."""
    folder, slash, name = page.rpartition("/")
    return f"{site_url.rstrip('/')}/{quote(folder + slash)}{'' if name == 'index.html' else quote(name)}"
