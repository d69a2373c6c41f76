"""What the search knows of a site: what is taken from a page, what is read again, and that it is always the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from reportgen.site.search import INDEX, page_words, write_search_index

PAGE = """<html><body><nav><a>Elsewhere</a></nav><main id="content">
<header><h1 class="title">Capitals &amp; more</h1><p class="subtitle">Do they?</p></header>
<div class="pages"><p>Robustness</p></div>
<section id="found" class="level2"><h2>What was <em>found</em></h2>
<p>Forty-seven heads,<br>and <strong>L9H1</strong>first.</p>
<div class="plot"><div><p>Wait.</p></div><p>More.</p></div><p hidden>Secret.</p>
<figure><figcaption>Figure 1. The map.</figcaption><table><tr><td>cell</td></tr></table></figure>
<section id="deep" class="level3"><h3 id="own">Deep<em>er</em></h3><p>Below.</p></section>
</section>
<script>var words = "<p>no</p>";</script><math><mi>x</mi></math><pre>code</pre>
</main><footer>Foot</footer></body></html>"""


def page(title: str, text: str = "Words.") -> str:
    return f'<main><h1>{title}</h1><section id="a"><h2>First</h2><p>{text}</p></section></main>'


def write(site: Path, name: str, html: str) -> None:
    (site / name).parent.mkdir(parents=True, exist_ok=True)
    (site / name).write_text(html)


def index(site: Path) -> list[Any]:
    write_search_index(site)
    script = (site / INDEX).read_text()
    return json.loads(script.removeprefix("window.reportgenSearch = ").removesuffix(";\n"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, title in (
        ("index", "Home"),
        ("404", "Nothing here"),
        ("studies/s/index", "S"),
        ("studies/s/history", "S"),
    ):
        write(tmp_path, f"{name}.html", page(title))
    return tmp_path


def test_a_page_gives_its_title_its_headings_and_what_is_said_under_them() -> None:
    words = page_words(PAGE)
    assert words.title == "Capitals & more"
    assert [(part.id, part.heading, part.text) for part in words.sections] == [
        ("", "", "Do they?"),
        ("found", "What was found", "Forty-seven heads, and L9H1first. Figure 1. The map."),
        ("own", "Deeper", "Below."),
    ]


def test_of_a_long_section_the_beginning_is_taken_in_whole_words() -> None:
    text = page_words(page("T", "word " * 500)).sections[0].text
    assert text.endswith("word …")
    assert 300 < len(text) < 360


@pytest.mark.parametrize(
    "html", ["", "<p>no main</p>", "<main></main>", "<main><h2>", "<main></div><p>x</main>", "<main <"]
)
def test_broken_html_is_no_error(html: str) -> None:
    assert page_words(html).title == ""


def test_the_index_lists_the_pages_in_order_and_says_whose_they_are(site: Path) -> None:
    assert [entry[:3] for entry in index(site)] == [
        ["index.html", "Home", ""],
        ["studies/s/history.html", "History", "S"],
        ["studies/s/index.html", "S", ""],
    ]
    assert index(site)[0][3] == [["a", "First", "Words."]]


def test_the_same_pages_give_the_same_bytes_however_they_came(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = tmp_path_factory.mktemp("again")
    for file in sorted(site.rglob("*.html"), reverse=True):
        write(again, str(file.relative_to(site)), file.read_text())
    assert index(site) == index(again)
    assert (site / INDEX).read_bytes() == (again / INDEX).read_bytes()
    before = (site / INDEX).read_bytes()
    assert index(site)
    assert (site / INDEX).read_bytes() == before


def test_a_page_is_read_again_only_where_it_changed(site: Path) -> None:
    index(site)
    kept = site / "studies" / "s" / "search.json"
    kept.write_text(kept.read_text().replace("Words.", "Kept."))
    write(site, "studies/s/index.html", page("S", "New."))
    sections = {entry[0]: entry[3] for entry in index(site)}
    assert sections["studies/s/history.html"] == [["a", "First", "Kept."]]
    assert sections["studies/s/index.html"] == [["a", "First", "New."]]


def test_a_page_that_is_gone_is_forgotten(site: Path) -> None:
    index(site)
    (site / "studies" / "s" / "history.html").unlink()
    assert [entry[0] for entry in index(site)] == ["index.html", "studies/s/index.html"]
    assert "history" not in (site / "studies" / "s" / "search.json").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"index.html": 4}',
        '{"index.html": {"sections": [{}]}}',
        '{"index.html": {}}',
        '{"a": {"x": [1]}}',
    ],
)
def test_what_was_kept_and_cannot_be_read_is_read_from_the_pages(site: Path, text: str) -> None:
    whole = index(site)
    (site / "studies" / "s" / "search.json").write_text(text)
    assert index(site) == whole


def test_a_file_that_is_shared_with_the_published_site_is_not_written_into(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    index(site)
    published = tmp_path_factory.mktemp("published") / "search.json"
    published.hardlink_to(site / "studies" / "s" / "search.json")
    before = published.read_bytes()
    write(site, "studies/s/index.html", page("S", "New."))
    index(site)
    assert published.read_bytes() == before
