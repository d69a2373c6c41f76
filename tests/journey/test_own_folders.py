"""Pages that somebody wrote into a folder of the project: rendered, found, linked, and with a list of the studies."""

import json
from pathlib import Path

import pytest

from reportgen.report.document import Document, Prose
from reportgen.report.markup import Md
from reportgen.report.page import AddedPage
from reportgen.site.build import Kept, add_page, write_site
from reportgen.site.links import check_links
from reportgen.site.project import Site
from tests.killing_sites import pages

SETTINGS = """
website:
  title: Heads
  site-url: https://me.example.org/heads
  navbar: {left: [{text: Studies, href: studies.qmd}, {text: Docs, href: docs/index.qmd}]}
"""
INDEX = """---
title: Documentation
toc: false
---

## Begin here {#begin}

A rhinoceros stands in no other page. [Methods of ours](methods.qmd), [theirs](../methods.html#pairs).
"""
METHODS = """---
title: Our methods
bibliography: references.bib
link-citations: true
---

## A work {#work}

It goes back to @student1908. ![](picture.png)

::: {#refs}
:::
"""
GALLERY = """---
title: Gallery
listing: {id: list, contents: studies.yml, type: grid, sort: false}
---

::: {#list}
:::
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site"
    (folder / "docs" / "deep").mkdir(parents=True)
    (folder / "_quarto.yml").write_text(SETTINGS)
    for name, text in {"index": INDEX, "methods": METHODS, "deep/gallery": GALLERY}.items():
        (folder / "docs" / f"{name}.qmd").write_text(text)
    (folder / "docs" / "picture.png").write_bytes(b"a picture")
    (folder / "docs" / ".hidden").write_text("no")
    (folder / "notes").mkdir()
    (folder / "notes" / "private.txt").write_text("no page stands here")
    made = Site.at(folder, "pandoc")
    write_site(made, pages(1))
    return made


def page(site: Site, name: str) -> str:
    return (site.published / name).read_text(encoding="utf-8")


def test_pages_of_a_folder_are_rendered_and_every_link_leads_somewhere(site: Site) -> None:
    assert check_links(site.published) == ()
    assert 'href="../assets/page.css"' in page(site, "docs/index.html")
    assert '<a href="index.html" aria-current="page">Docs' in page(site, "docs/index.html").replace("../docs/", "")
    assert '<a href="../docs/index.html" aria-current="true">Docs' in page(site, "docs/methods.html")
    assert 'id="ref-student1908"' in page(site, "docs/methods.html")
    assert (site.published / "docs" / "picture.png").read_bytes() == b"a picture"
    assert not (site.published / "docs" / "methods.qmd").exists()
    assert not (site.published / "docs" / ".hidden").exists()
    assert not (site.published / "notes").exists()


def test_a_page_of_a_folder_takes_the_place_of_none_of_the_sites_own(site: Site) -> None:
    assert "What is measured" in page(site, "methods.html")
    assert "Our methods" in page(site, "docs/methods.html")


def test_search_and_the_site_map_know_the_pages_of_a_folder(site: Site) -> None:
    index = page(site, "assets/search-index.js")
    found = json.loads(index.removeprefix("window.reportgenSearch = ").rstrip(";\n"))
    [(address, title, _, sections)] = [entry for entry in found if "rhinoceros" in json.dumps(entry)]
    assert (address, title) == ("docs/index.html", "Documentation")
    assert sections[0][:2] == ["begin", "Begin here"]
    assert "<loc>https://me.example.org/heads/docs/methods.html</loc>" in page(site, "sitemap.xml")
    assert "<loc>https://me.example.org/heads/docs/</loc>" in page(site, "sitemap.xml")


def test_a_list_of_the_studies_is_always_that_of_the_site(site: Site) -> None:
    listed = page(site, "docs/deep/gallery.html")
    assert '<a href="../../studies/one/index.html">Study one</a>' in listed
    assert 'src="../../studies/two/map.png"' in listed
    assert 'alt="A map of the heads of Study two"' in listed
    assert "Generation 1." in listed
    others = (site.published / "docs" / "methods.html").stat().st_mtime_ns
    write_site(site, pages(2))
    assert "Generation 2." in page(site, "docs/deep/gallery.html")
    assert (site.published / "docs" / "methods.html").stat().st_mtime_ns == others, "not rendered again"
    write_site(site, [Kept(site.cards()["one"])])
    assert "Study two" not in page(site, "docs/deep/gallery.html")
    assert check_links(site.published) == ()


def test_a_changed_page_or_picture_makes_the_site_anew(site: Site) -> None:
    kept = [Kept(card) for card in site.cards().values()]
    folder = site.folder / "docs"
    (folder / "index.qmd").write_text(INDEX.replace("rhinoceros", "hippopotamus"))
    (folder / "picture.png").write_bytes(b"another")
    again = Site.at(site.folder, "pandoc")
    write_site(again, kept)
    assert "hippopotamus" in page(again, "docs/index.html")
    assert (again.published / "docs" / "picture.png").read_bytes() == b"another"


def test_a_page_that_is_added_to_a_study_leaves_the_folder_as_it_is(site: Site) -> None:
    document = Document("Added", "", "", (), depth=2, blocks=(Prose(Md("More.")),))
    add_page(site, "one", AddedPage("added", "key", document, {}))
    assert "More." in page(site, "studies/one/added.html")
    assert "rhinoceros" in page(site, "docs/index.html")
    assert (site.published / "docs" / "picture.png").is_file()


def test_an_authors_own_list_of_that_name_stays(site: Site) -> None:
    (site.folder / "docs" / "studies.yml").write_text("- {title: Mine, path: index.qmd}\n")
    (site.folder / "docs" / "mine.qmd").write_text(GALLERY)
    again = Site.at(site.folder, "pandoc")
    write_site(again, pages(1))
    assert ">Mine</a>" in page(again, "docs/mine.html")
    assert "Study one" not in page(again, "docs/mine.html")
