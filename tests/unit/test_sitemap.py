"""The map of a site, and what robots are told."""

from pathlib import Path
from xml.etree import ElementTree

from reportgen.site.engines.frame import framed
from reportgen.site.settings import SiteSettings
from reportgen.site.sitemap import robots, sitemap

URL = "https://ada.example.org/repo"
PAGES = ("studies/b&c/index.html", "index.html", "404.html", "studies/a/história.html", "index.html")


def places(text: bytes) -> list[str | None]:
    return [node.text for node in ElementTree.fromstring(text).iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]


def test_every_page_is_there_once_in_order_under_its_address() -> None:
    assert places(sitemap(PAGES, URL, {})) == [
        f"{URL}/",
        f"{URL}/studies/a/hist%C3%B3ria.html",
        f"{URL}/studies/b%26c/",
    ]


def test_the_order_and_the_slash_make_no_difference() -> None:
    assert sitemap(PAGES, URL, {}) == sitemap(reversed(PAGES), f"{URL}/", {})


def test_the_day_of_a_change_is_the_one_that_was_given() -> None:
    text = sitemap(("index.html", "methods.html"), URL, {"index.html": "2026-11-24"})
    assert text.count(b"<lastmod>") == 1
    assert b"<loc>https://ada.example.org/repo/</loc><lastmod>2026-11-24</lastmod>" in text


def test_an_address_in_the_map_is_the_page_s_canonical_one() -> None:
    for page in ("index", "methods", "studies/a b/index", "studies/a/robustness"):
        frame = framed(Path(f"{page}.qmd"), {}, SiteSettings("S", site_url=URL))["frame"]
        (place,) = places(sitemap([f"{page}.html"], URL, {}))
        assert frame["canonical"].replace("\\", "") == place


def test_robots_are_told_only_where_they_read_it() -> None:
    assert robots(URL) is None
    assert robots("https://heads.example.org/") == (
        b"User-agent: *\nAllow: /\n\nSitemap: https://heads.example.org/sitemap.xml\n"
    )
