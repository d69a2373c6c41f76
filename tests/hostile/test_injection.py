"""Facts that look like markup, code, mathematics or templates stay text on every part of the page."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Visit, visiting
from tests.place import Place

FACTS = (
    ("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>"),
    ("{{ 7*7 }}", "$x^2$"),
    ("::: {.warning}", "`code` **b**"),
    ("\u202eRTL", "{% raw %}"),
    ("so " * 100 + "far", "Lima"),
    ("<!-- [a](javascript:alert(1))", "&lt;b&gt;"),
)

SPEC = """
study: {id: bad, title: "<b>Bad</b> {{ 7*7 }}"}
model: {folder: ../model}
facts:
  file: facts.csv
  relations:
    capital: {template: "The capital of {subject} is {object}"}
robustness: {prepend_bos: []}
contrasts:
  - id: truth
    title: True against <i>false</i>
    a: {name: "<b>true</b>", where: {truth: true}}
    b: {name: "$false$", where: {truth: false}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path, small_model: Path) -> Place:
    place = Place.begin(tmp_path_factory.mktemp("place"), smollm_weights)
    (place.folder / "model").symlink_to(small_model)
    with (place.folder / "specs" / "facts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("subject", "relation", "object"), *((subject, "capital", stated) for subject, stated in FACTS)]
        )
    (place.folder / "specs" / "bad.yml").write_text(SPEC)
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    return place


@pytest.fixture(scope="module")
def texts(place: Place) -> list[str]:
    """Every statement, true and false in turn."""
    statements = json.loads((place.page("bad").parent / "study.json").read_text())["statements"]
    found = [statement["text"] for statement in statements]
    assert found[::2] == [f"The capital of {subject} is {stated}" for subject, stated in FACTS]
    return found


@pytest.fixture
def visit(browser: Browser, place: Place) -> Iterator[Visit]:
    with visiting(browser, place.page("bad")) as visit:
        expect(visit.page.locator(".head-panel .hardest").first).to_be_visible()
        yield visit
        assert visit.complaints == []
        assert [url for url in visit.requests if not url.startswith("file:")] == []
        assert visit.page.locator("main img, main script:not([type='application/json'], [src])").count() == 0


def test_titles_and_names_are_shown_as_written(visit: Visit) -> None:
    assert visit.page.title() == "<b>Bad</b> {{ 7*7 }} – Attention heads"
    assert visit.page.locator("h1").inner_text() == "<b>Bad</b> {{ 7*7 }}"
    assert "mean in <b>true</b> statements" in visit.page.locator(".head-panel dt").all_inner_texts()
    assert "mean in $false$ statements" in visit.page.locator(".head-panel dt").all_inner_texts()


def test_the_statements_table_shows_facts_as_written(visit: Visit, texts: list[str]) -> None:
    cells = visit.page.locator("#tbl-statements td .statement").all_text_contents()
    assert cells == texts


def test_the_panel_shows_statements_as_written(visit: Visit, texts: list[str]) -> None:
    assert set(visit.page.locator(".head-panel .hardest button").all_text_contents()) == set(texts[::2])


@pytest.mark.parametrize("statement", range(0, 2 * len(FACTS), 2))
def test_the_reader_shows_a_statement_and_its_twin_as_written(visit: Visit, texts: list[str], statement: int) -> None:
    page = visit.page
    page.locator(".reader select").select_option(str(statement))
    read = page.locator(".reader .shaded")
    page.wait_for_function(
        "text => document.querySelector('.reader .shaded')?.textContent === text", arg=texts[statement]
    )
    assert read.all_text_contents() == texts[statement : statement + 2]
    label = page.locator(".reader select option:checked").text_content()
    assert label == f"true: {texts[statement]}"


@pytest.mark.parametrize("width", [390, 1440])
def test_a_statement_of_300_words_does_not_widen_the_page(
    browser: Browser, place: Place, texts: list[str], width: int
) -> None:
    with visiting(browser, place.page("bad"), width=width) as visit:
        visit.page.locator(".reader select").select_option("8")
        visit.page.wait_for_function(
            "text => document.querySelector('.reader .shaded')?.textContent === text", arg=texts[8]
        )
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
