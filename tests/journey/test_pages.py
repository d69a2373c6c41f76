"""A study of several pages: written, kept, added to, taken over, and led between; rendered by the real engine."""

from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.report.document import Document, Heading, Prose
from reportgen.report.markup import Md
from reportgen.report.page import AddedPage, Card, StudyPage
from reportgen.site.build import Kept, add_page, write_site
from reportgen.site.manifest import Manifest
from reportgen.site.project import Site

CARD = Card(id="s", spec="s.yml", title="T", question="Q?", model="m", finding="f", date="2026", n="3 pairs", key="k1")


def document(title: str, text: str = "Something.") -> Document:
    blocks = (Heading(2, Md("First"), "first"), Prose(Md(text)), Heading(2, Md("Second"), "second"))
    return Document(title=title, question="", description="", authors=(), depth=2, blocks=blocks)


def study(**more: object) -> StudyPage:
    page = StudyPage(CARD, document("The study"), {"a.csv": b"1\n"}, lambda: iter(()))
    return replace(page, **more)


def calibration(key: str = "c1", text: str = "It holds.") -> AddedPage:
    return AddedPage("calibration", key, document("Calibration", text), {"curve.csv": b"n,p\n"})


def files(site: Site) -> dict[str, tuple[bytes, int]]:
    """What the project's folder holds, and whether it is the very same file; who built last is no part of it."""
    return {
        file.relative_to(site.folder).as_posix(): (file.read_bytes(), file.stat().st_ino)
        for file in site.folder.rglob("*")
        if file.is_file() and file.parent != site.folder / ".lock"
    }


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.at(tmp_path / "site")


def html(site: Site, name: str) -> str:
    return (site.published / "studies" / "s" / f"{name}.html").read_text()


def test_a_study_of_one_page_has_no_line_of_pages(site: Site) -> None:
    write_site(site, [study()])
    assert 'class="pages"' not in html(site, "index")


def test_further_pages_stand_beside_the_index_with_contents_and_a_way_back(site: Site) -> None:
    write_site(site, [study(further={"robustness": document("Other choices")})])
    page = html(site, "robustness")
    assert '<a href="index.html">Back to the study</a>' in page
    assert '<span class="here">Robustness</span>' in page
    assert 'href="#second"' in page
    assert "../../assets/page.css" in page
    assert '<a href="robustness.html">Robustness</a>' in html(site, "index")
    assert page.index('class="pages"') < page.index('id="first"')


def test_a_kept_study_keeps_all_its_pages_to_the_byte(site: Site) -> None:
    write_site(site, [study(further={"robustness": document("Other choices")})])
    add_page(site, "s", calibration())
    before = {name: html(site, name) for name in ("index", "robustness", "calibration")}
    write_site(site, [Kept(replace(CARD, finding="Told otherwise."))])
    assert {name: html(site, name) for name in before} == before
    assert (site.published / "studies" / "s" / "calibration" / "curve.csv").read_bytes() == b"n,p\n"
    assert (site.project / "studies" / "s" / "calibration.qmd").is_file()


_ADDED = ("calibration/curve.csv", "calibration/page-key.txt")
_CHANGED = {
    *("_qmd/studies/s/index.qmd", "_site/studies/s/index.html", "_site/studies/s/search.json"),  # lead to it
    *("_qmd/calibration.qmd", "_site/calibration.html"),  # lists it
    *("_site/search.json", "_site/assets/search-index.js", "_site/site.json", "_qmd/.built"),  # hold all pages
}


def test_an_added_page_is_linked_and_all_else_is_left(site: Site) -> None:
    other = StudyPage(replace(CARD, id="other"), document("Another"), {"a.csv": b""}, lambda: iter(()))
    write_site(site, [study(), other])
    before = files(site)
    add_page(site, "s", calibration())
    after = files(site)
    assert "It holds." in html(site, "calibration")
    assert '<a href="calibration.html">Calibration</a>' in html(site, "index")
    added = {f"{where}/studies/s/{name}" for where in ("_qmd", "_site") for name in _ADDED}
    assert set(after) - set(before) == added | {"_qmd/studies/s/calibration.qmd", "_site/studies/s/calibration.html"}
    assert {path for path in before if after[path][0] != before[path][0]} == _CHANGED
    assert set(before) <= set(after)
    assert not [path for path in site.folder.iterdir() if path.name.startswith(".build-")]
    write_site(site, [Kept(CARD), Kept(other.card)])
    assert files(site) == after


def test_a_page_added_twice_is_the_second_one(site: Site) -> None:
    write_site(site, [study()])
    add_page(site, "s", calibration())
    add_page(site, "s", AddedPage("calibration", "c2", document("Calibration", "It holds still."), {"b.csv": b""}))
    assert "It holds still." in html(site, "calibration")
    assert html(site, "index").count('href="calibration.html"') == 1
    folder = site.published / "studies" / "s" / "calibration"
    assert sorted(file.name for file in folder.iterdir()) == ["b.csv", "page-key.txt"]


@pytest.mark.parametrize(
    ("still_right", "there"), [({"calibration": "c1"}, True), ({"calibration": "c2"}, False), ({}, False)]
)
def test_a_fresh_study_takes_over_an_added_page_only_where_it_is_still_right(
    site: Site, still_right: dict[str, str], there: bool
) -> None:
    write_site(site, [study()])
    add_page(site, "s", calibration("c1"))
    write_site(site, [study(card=replace(CARD, key="k2"), still_right=still_right)])
    assert (site.published / "studies" / "s" / "calibration.html").is_file() == there
    assert (site.published / "studies" / "s" / "calibration" / "curve.csv").is_file() == there
    assert ("calibration.html" in html(site, "index")) == there


def test_a_page_that_cannot_be_rendered_leaves_the_site_as_it_was(site: Site) -> None:
    write_site(site, [study()])
    before = files(site)
    broken = AddedPage("calibration", "c1", document("Calibration", "See @fig-nowhere."), {})
    with pytest.raises(StudyError, match=r"calibration\.qmd"):
        add_page(site, "s", broken)
    assert files(site) == before


def test_a_page_cannot_be_added_to_a_study_that_is_not_there(site: Site) -> None:
    with pytest.raises(StudyError, match=r"`s` has no page .* `reportgen build` first"):
        add_page(site, "s", calibration())


@pytest.mark.parametrize("other", ["another title", "another address"])
def test_a_page_cannot_be_added_to_a_site_that_was_built_otherwise(site: Site, other: str) -> None:
    write_site(site, [study()])
    before = files(site)
    if other == "another title":
        (site.folder / "_quarto.yml").write_text("website: {title: Other heads}\n")
    now = Site.at(site.folder, url="https://example.org/heads" if other == "another address" else None)
    with pytest.raises(StudyError, match=r"another version, or with other settings\. Run `reportgen build` first"):
        add_page(now, "s", calibration())
    del before["_quarto.yml"]
    assert before.items() <= files(site).items()


def test_a_page_cannot_be_added_to_a_site_of_another_version(site: Site) -> None:
    write_site(site, [study()])
    other = Manifest("another", site.built.pages)
    (site.published / "site.json").write_bytes(other.to_json())
    (site.project / ".built").write_text(other.token)
    with pytest.raises(StudyError, match="another version"):
        add_page(Site.at(site.folder), "s", calibration())
