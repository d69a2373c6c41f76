"""What the embedded engine makes of the Quarto syntax that `reportgen.site.engines.pandoc` says it renders."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from reportgen.errors import StudyError
from reportgen.report.render import templates_folder
from reportgen.site.engines import choose_engine
from reportgen.site.engines.pandoc import Pandoc
from reportgen.site.settings import Link, SiteSettings
from tests.browser import visiting

BIB = "@book{cohen1988, author = {Cohen, Jacob}, title = {Power}, year = {1988}, publisher = {LEA}}"
SETTINGS = SiteSettings("Site & <b>co</b>", navigation=(Link("Studies", "studies.qmd"),), footer="Words, *some*.")
TABS = (
    "::: {.panel-tabset group='os'}\n## One\n\nfirst words\n\n### Deeper\n\nin one\n\n"
    "## Two {.active}\n\nsecond words\n\n## Three {#third}\n\nthird words\n:::\n"
)
ITEMS = """
- path: studies/a/index.qmd
  title: "Capitals: *of* the world"
  description: 47 heads & more
  date: 2026-11-24
  image: map.png
  image-alt: A map
- {path: "https://example.org/b.qmd", title: Another, author: A. N. Other}
"""


def rendered(folder: Path, body: str, front: str = "", settings: SiteSettings = SETTINGS) -> str:
    project, out = folder / "project", folder / "out"
    (project / "studies").mkdir(parents=True)
    (project / "studies" / "references.bib").write_text(BIB)
    (project / "studies" / "items.yml").write_text(ITEMS, encoding="utf-8")
    top = f'---\ntitle: "A \\\\*title\\\\*"\nbibliography: references.bib\nroot: "../"\n{front}---\n'
    (project / "studies" / "page.qmd").write_text(top + body, encoding="utf-8")
    choose_engine("pandoc").render(project, [Path("studies/page.qmd")], out, settings)
    return (out / "studies" / "page.html").read_text(encoding="utf-8")


def flat(html: str) -> str:
    """HTML without line ends, which pandoc puts anywhere between elements."""
    return re.sub(r">\s+", ">", re.sub(r"\s+<", "<", html))


def test_a_page_is_rendered_while_the_next_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def written() -> Iterator[Path]:
        for name, before in (("a", None), ("b", "a.html")):
            patience = time.monotonic() + 30
            while before is not None and not (out / before).is_file():
                assert time.monotonic() < patience, "the first page waits for the second"
                time.sleep(0.01)
            (tmp_path / f"{name}.qmd").write_text(f"---\ntitle: {name}\n---\n")
            yield Path(f"{name}.qmd")

    choose_engine("pandoc").render(tmp_path, written(), out, SETTINGS)
    assert (out / "b.html").is_file()


def test_what_goes_wrong_in_writing_is_told_and_pages_that_wait_are_not_rendered(tmp_path: Path) -> None:
    names = [f"{number}.qmd" for number in range(40)]

    def written() -> Iterator[Path]:
        for name in names:
            (tmp_path / name).write_text("---\ntitle: a\n---\n")
            yield Path(name)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        choose_engine("pandoc").render(tmp_path, written(), tmp_path / "out", SETTINGS)
    assert len(list((tmp_path / "out").glob("*.html"))) < len(names)


def test_every_table_scrolls_once_and_goes_by_its_columns(tmp_path: Path) -> None:
    table = "| a *b* | c |\n|---|---|\n| 1 | 2 |\n\n"
    inside = (
        f"::: {{.callout-note}}\n{table}:::\n\n::: {{.panel-tabset}}\n## Tab\n\n{table}: Of numbers {{#tbl-t}}\n:::\n"
    )
    html = flat(rendered(tmp_path, table + inside))
    names = re.findall(r'<div class="scroll" tabindex="0" role="region" aria-label="([^"]*)">\s*<table', html)
    assert names == ["Table: a b, c", "Table: a b, c (2)", "Of numbers"]
    assert html.count('class="scroll"') == html.count("<table") == 3


def test_a_citation_in_a_page_without_works_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.qmd").write_text("---\ntitle: a\n---\nWrite to me\\@example.org. See @cohen1988.\n")
    with pytest.raises(StudyError, match="cohen1988"):
        choose_engine("pandoc").render(tmp_path, [Path("a.qmd")], tmp_path / "out", SETTINGS)


def test_floats_are_numbered_and_references_to_them_resolved(tmp_path: Path) -> None:
    html = rendered(
        tmp_path,
        "See @tbl-b and @fig-a.\n\n::: {#fig-a}\n```{=html}\n<p>map</p>\n```\n\nThe *map*.\n:::\n\n"
        "::: {#tbl-b}\n```{=html}\n<table></table>\n```\n\nThe table.\n:::\n",
    )
    assert '<a href="#tbl-b" class="float-reference">Table\u00a01</a>' in html
    assert '<a href="#fig-a" class="float-reference">Figure\u00a01</a>' in html
    figure = html[html.index('<figure id="fig-a"') :]
    assert figure.index("<p>map</p>") < figure.index("<em>map</em>")
    table = html[html.index('<figure id="tbl-b"') :]
    assert table.index("The table.") < table.index("<table>")


def test_images_and_tables_with_ids_are_floats_too_wherever_they_stand(tmp_path: Path) -> None:
    html = rendered(
        tmp_path,
        "See @fig-b, @fig-a and @tbl-t.\n\n::: {.callout-note}\n![The *first*](a.png){#fig-a}\n:::\n\n"
        "::: {.panel-tabset}\n## Tab\n\n![The second](b.png){#fig-b}\n:::\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n: Of *numbers* {#tbl-t}\n",
    )
    assert "Figure\u00a02</a>, " in html
    assert '<figure id="fig-a" class="float float-figure"><img src="a.png" alt="The first" /><figcaption>' in flat(html)
    assert re.search(
        r'<figure id="tbl-t".*?<figcaption>.*?Table\u00a01\..*?Of <em>numbers</em>.*?<table>', html, re.DOTALL
    )


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("{.callout-warning}\n## Mind\n\nthe gap", '<div class="callout callout-warning" role="note">T(Mind)B(the gap)</div>'),
        ("{.callout-note title='The *gap*'}\na", '<div class="callout callout-note" role="note">T(The<em>gap</em>)B(a)</div>'),
        ("{.callout-tip}\na", '<div class="callout callout-tip" role="note">T(Tip)B(a)</div>'),
        ("{.callout-note appearance='simple'}\na", '<div class="callout callout-note" role="note">B(a)</div>'),
        ("{.callout-note #x collapse=true}\na", '<details id="x" class="callout callout-note">S(Note)B(a)</details>'),
        ("{.callout-note collapse=false}\n## T\n\na", '<details class="callout callout-note" open>S(T)B(a)</details>'),
    ],
)  # fmt: skip
def test_callouts_have_a_title_and_may_be_folded(tmp_path: Path, body: str, html: str) -> None:
    wanted = re.sub(r"T\((.*?)\)", r'<div class="callout-title">\1</div>', html)
    wanted = re.sub(r"S\((.*?)\)", r'<summary class="callout-title">\1</summary>', wanted)
    wanted = re.sub(r"B\((.*?)\)", r'<div class="callout-text"><p>\1</p></div>', wanted)
    assert wanted in flat(rendered(tmp_path, f"::: {body}\n:::\n"))


def test_the_tabs_of_a_set_are_its_first_level_of_headings(tmp_path: Path) -> None:
    html = flat(rendered(tmp_path, TABS))
    assert re.findall(r'<label class="tab-name" for="tabset-1-(\d)">(\w+)</label>', html) == [
        ("1", "One"), ("2", "Two"), ("3", "Three"),
    ]  # fmt: skip
    assert re.findall(r'id="tabset-1-(\d)" checked', html) == ["2"]
    assert '<div id="third" class="tab-panel"><p>third words</p></div>' in html
    assert html.count("<section") == html.count("</section>")


def open_panels(page: Page) -> list[str]:
    return [panel.inner_text().split("\n")[0] for panel in page.locator(".tab-panel").all() if panel.is_visible()]


def test_tabs_open_by_mouse_and_by_keyboard_without_a_script_and_print_shows_all(
    tmp_path: Path, browser: Browser
) -> None:
    rendered(tmp_path, TABS)
    (tmp_path / "out" / "assets").symlink_to(templates_folder() / "assets")
    with visiting(browser, tmp_path / "out" / "studies" / "page.html") as visit:
        assert open_panels(visit.page) == ["second words"]
        visit.page.get_by_text("One", exact=True).click()
        assert open_panels(visit.page) == ["first words"]
        visit.page.keyboard.press("ArrowLeft")
        assert open_panels(visit.page) == ["third words"]
        expect(visit.page.get_by_role("radio", name="Three")).to_be_checked()
        visit.page.emulate_media(media="print")
        assert open_panels(visit.page) == ["first words", "second words", "third words"]
        assert visit.complaints == []


@pytest.mark.parametrize(
    ("kind", "html"),
    [
        ("default", '<ul class="listing listing-default"><li>'),
        ("grid", '<ul class="listing listing-grid"><li>'),
        ("table", '<table><thead><tr><th scope="col">Date</th><th scope="col">Title</th><th scope="col">Author</th>'),
    ],
)
def test_a_listing_stands_in_its_div_with_links_to_the_pages(tmp_path: Path, kind: str, html: str) -> None:
    front = f"listing: {{id: here, contents: items.yml, type: {kind}, sort: false}}\n"
    page = flat(rendered(tmp_path, "::: {#here}\n:::\n\nThe end.\n", front))
    listed = page[page.index('<div id="here">') : page.index("The end.")]
    assert html in listed
    assert '<a href="studies/a/index.html">Capitals:<em>of</em>the world</a>' in listed
    assert '<a href="https://example.org/b.qmd">Another</a>' in listed
    assert "47 heads &amp; more" in listed
    assert ('alt="A map"' in listed) == (kind != "table")


def test_a_listing_without_a_place_stands_at_the_end_and_there_may_be_several(tmp_path: Path) -> None:
    front = "listing:\n  - contents: items.yml\n    type: table\n  - contents: [{title: Inline, path: x.qmd}]\n"
    page = flat(rendered(tmp_path, "The words.\n", front))
    assert page.index("The words.") < page.index("<table>") < page.index('<a href="x.html">Inline</a>')


@pytest.mark.parametrize(
    ("front", "told"),
    [
        ("listing: {contents: posts}\n", "only items and YAML files can be its contents, not posts"),
        ("listing: {contents: none.yml}\n", "there is no file none.yml"),
        ("listing: {contents: items.yml, type: wall}\n", "there is no type wall"),
    ],
)
def test_a_listing_that_cannot_be_made_fails_the_page(tmp_path: Path, front: str, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        rendered(tmp_path, "", front)


def test_links_between_pages_lead_to_html(tmp_path: Path) -> None:
    html = rendered(tmp_path, "[a](../about.qmd) [b](b.qmd#part) [c](https://example.org/c.qmd) [d](d.txt)\n")
    assert re.findall(r'<a href="([^"#][^"]*)">[abcd]</a>', html) == [
        "../about.html", "b.html#part", "https://example.org/c.qmd", "d.txt",
    ]  # fmt: skip


def test_code_is_plain_within_reach_of_the_keyboard_and_carries_the_name_of_its_file(tmp_path: Path) -> None:
    html = flat(rendered(tmp_path, '```{.yaml filename="specs/a.yml"}\nid: <a>\n```\n'))
    assert '<p class="code-name">specs/a.yml</p><pre class="yaml" tabindex="0"><code>id: &lt;a&gt;</code></pre>' in html


def test_citations_are_resolved_and_listed(tmp_path: Path) -> None:
    html = rendered(tmp_path, "Power [@cohen1988].\n\n::: {#refs}\n:::\n")
    assert "(Cohen 1988)" in html.replace("\n", " ")
    assert 'id="ref-cohen1988"' in html


def test_footnotes_and_definitions_are_pandocs_own(tmp_path: Path) -> None:
    html = flat(rendered(tmp_path, "A[^1]\n\n[^1]: The note.\n\nTerm\n:   Meaning.\n"))
    assert '<li id="fn1"><p>The note.' in html
    assert "<dt>Term</dt><dd>Meaning.</dd>" in html


def test_mathematics_is_mathml_and_needs_no_network(tmp_path: Path) -> None:
    html = rendered(tmp_path, "$x^2$\n")
    assert "<math" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html


@pytest.mark.parametrize(
    "body", ["See @fig-nowhere.", "See [@nobody2000].", "$\\nosuch{x$", "::: {.panel-tabset}\nno\n:::"]
)
def test_what_cannot_be_resolved_fails_the_page_by_name(tmp_path: Path, body: str) -> None:
    with pytest.raises(StudyError, match=r"studies/page.qmd: pandoc cannot render this page"):
        rendered(tmp_path, body)


def test_the_frame_names_the_site_and_leads_through_it(tmp_path: Path) -> None:
    html = flat(rendered(tmp_path, "Words.\n", 'description: "Of \\"this\\" & that"\n'))
    assert "<title>A *title* – Site &amp; &lt;b&gt;co&lt;/b&gt;</title>" in html
    assert '<li><a href="../studies.html" aria-current="true">Studies</a></li>' in html
    assert "<p>Words, <em>some</em>.</p>".replace(" <", "<") in html
    assert '<link rel="alternate" type="application/atom+xml" title="Changes" href="../changes.xml">' in html
    assert re.search(r'<meta property="og:description" content="Of [^"]+ &amp; that">', html)
    assert "canonical" not in html
    assert "og:image" not in html


def test_a_published_site_gives_whole_addresses_to_who_links_to_it(tmp_path: Path) -> None:
    published = SETTINGS.with_url("https://me.github.io/heads")
    html = rendered(tmp_path, "Words.\n", "image: social.png\n", published)
    assert '<link rel="canonical" href="https://me.github.io/heads/studies/page.html">' in html
    assert '<meta property="og:image" content="https://me.github.io/heads/studies/social.png">' in html
    assert '<meta name="twitter:card" content="summary_large_image">' in html


@pytest.mark.parametrize(("front", "shown"), [("", True), ("toc: true\n", True), ("toc: false\n", False)])
def test_a_page_may_say_whether_it_has_a_list_of_contents(tmp_path: Path, front: str, shown: bool) -> None:
    assert ('<nav class="contents"' in rendered(tmp_path, "## A {#a}\n\nWords.\n", front)) == shown


def test_the_navigation_folds_on_a_phone_and_the_content_stays_in_its_width(tmp_path: Path, browser: Browser) -> None:
    rendered(tmp_path, f"{TABS}\n![A wide picture](wide.png){{#fig-w}}\n")
    (tmp_path / "out" / "assets").symlink_to(templates_folder() / "assets")
    Image.new("RGB", (1200, 20)).save(tmp_path / "out" / "studies" / "wide.png")
    with visiting(browser, tmp_path / "out" / "studies" / "page.html", width=390) as visit:
        link = visit.page.get_by_role("link", name="Studies")
        expect(link).to_be_hidden()
        visit.page.get_by_text("Menu").click()
        expect(link).to_be_visible()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    with visiting(browser, tmp_path / "out" / "studies" / "page.html") as visit:
        expect(visit.page.get_by_role("link", name="Studies")).to_be_visible()
        expect(visit.page.get_by_text("Menu")).to_be_hidden()


def test_each_page_takes_one_process_and_a_folder_of_its_own(tmp_path: Path) -> None:
    """Counted by a stand-in that counts and then is pandoc."""
    pandoc = Pandoc.embedded()
    counted, count = tmp_path / "pandoc", tmp_path / "count"
    counted.write_text(f'#!/bin/sh\necho "$1" >> {count}\nexec {pandoc.path} "$@"\n')
    counted.chmod(0o755)
    pages = [Path("a.qmd"), Path("b/index.qmd"), Path("b/c/index.qmd")]
    for page in pages:
        (tmp_path / "project" / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / page).write_text("---\ntitle: T\n---\nWords.\n")
    Pandoc(str(counted), pandoc.version).render(tmp_path / "project", pages, tmp_path / "out", SETTINGS)
    assert len(count.read_text().splitlines()) == len(pages)
    assert all((tmp_path / "out" / page.with_suffix(".html")).is_file() for page in pages)


def test_the_filter_is_lua_that_pandoc_can_read_alone() -> None:
    done = subprocess.run(
        [Pandoc.embedded().path, "lua", "-e", f"assert(loadfile('{templates_folder() / 'pandoc' / 'quarto.lua'}'))"],
        check=False,
    )
    assert done.returncode == 0
