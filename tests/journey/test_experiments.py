"""Experiments through the real command line: every one that one small model can make, on pages in a real browser."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser import Visit, visiting
from tests.place import QUICK, Place

ROOT = Path(__file__).parents[2]
EXPERIMENTS = {
    "object_attention": "{}",
    "multi_hop": '{template: "{object} is the capital of {subject}. As {subject} is in {continent}, {object} is in '
    '{continent}", relation: capital, examples: 2}',
    "knockout": "{facts: 8, sizes: [1, 2]}",
    "entropy": "{}",
    "relations": "{}",
    "gradient": "{facts: 8, steps: 3, checked: 2}",
    "few_shot": "{shots: [0, 1]}",
    "adversarial": "{folds: 2}",
    "dynamics": "{}",
    "clustering": "{most: 3, draws: 20}",
    "attribution": "{facts: 8, window: 1}",
}
SPEC = f"""
study: {{id: small, title: A small study}}
model: {{folder: ../model}}
facts:
  file: facts.csv
  relations:
    capital: {{template: "The capital of {{subject}} is {{object}}"}}
    city: {{template: "A city of {{subject}} is {{object}}"}}
experiments:
{"".join(f"  {name}: {settings}{chr(10)}" for name, settings in EXPERIMENTS.items())}{QUICK}"""
FACTS = 48


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path, small_model: Path) -> Place:
    """A study of two relations and all experiments, built."""
    place = Place.begin(tmp_path_factory.mktemp("place"), smollm_weights)
    (place.folder / "model").symlink_to(small_model)
    lines = [line for line in (ROOT / "specs" / "data" / "capitals.csv").read_text().splitlines() if line[0] != "#"]
    lines[2 : FACTS + 1 : 2] = [line.replace(",capital,", ",city,") for line in lines[2 : FACTS + 1 : 2]]
    (place.folder / "specs" / "facts.csv").write_text("\n".join(lines[: FACTS + 1]) + "\n")
    (place.folder / "specs" / "small.yml").write_text(SPEC)
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    return place


@pytest.fixture
def visit(browser: Browser, place: Place) -> Iterator[Visit]:
    with visiting(browser, page(place, "experiments")) as visit:
        yield visit
        assert visit.complaints == []
        assert [url for url in visit.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def page(place: Place, name: str) -> Path:
    return place.page("small").with_name(f"{name}.html")


def parts(visit: Visit) -> Locator:
    return visit.page.locator("main [id^=experiment-]")


def test_every_experiment_that_was_asked_for_is_done_and_drawn(visit: Visit) -> None:
    expect(visit.page.locator("main h2")).to_have_count(len(EXPERIMENTS) + 1)
    assert visit.page.get_by_text("Not done").count() == 0
    assert visit.page.locator(".plot-canvas .main-svg").count() >= len(EXPERIMENTS)
    assert visit.page.locator("text=Method.").count() >= len(EXPERIMENTS)


def test_no_number_is_nan_or_in_e_notation_and_every_figure_has_words_and_a_table(visit: Visit) -> None:
    text = visit.page.locator("main").inner_text()
    assert not re.search(r"\bnan\b|\binf\b|\d[eE][-+]?\d\d", text)
    figures = visit.page.locator("figure.float-figure").all()
    assert len(figures) >= len(EXPERIMENTS)
    for figure in figures:
        assert len(figure.locator(".plot").get_attribute("aria-label") or "") > 60
        assert len(figure.locator("figcaption").inner_text()) > 60
    assert visit.page.locator("details.data").count() >= len(figures)


def test_a_heads_name_and_its_point_open_it_on_the_studys_page(visit: Visit) -> None:
    link = visit.page.locator("main a[href^='index.html#head=']").first
    name = link.inner_text()
    link.click()
    expect(visit.page.locator(".head-panel .head-name").first).to_have_text(name)
    visit.page.go_back()
    points = visit.page.locator("#fig-object-attention .plot")
    points.scroll_into_view_if_needed()
    expect(points).to_have_class(re.compile("plot-drawn"))
    point = points.locator(".scatterlayer .point").first
    box = point.bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.page.wait_for_url(re.compile(r"index\.html#head=L\dH\d"))


def test_the_studys_page_says_what_each_found_and_leads_there(browser: Browser, place: Place) -> None:
    with visiting(browser, place.page("small")) as visit:
        answers = visit.page.locator("main a[href^='experiments.html#experiment-']")
        assert answers.count() == len(EXPERIMENTS)
        expect(visit.page.locator("main a[href='evidence.html']").first).to_be_visible()
        assert visit.complaints == []
    for name in ("object-attention.csv", "references.bib"):
        assert page(place, "experiments").with_name(name).is_file()


def test_the_evidence_stands_head_by_head(browser: Browser, place: Place) -> None:
    with visiting(browser, page(place, "evidence")) as visit:
        assert "Which heads matter" in (visit.page.locator("main").text_content() or "")
        assert visit.complaints == []


AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide-light", "phone-dark"])
@pytest.mark.parametrize("name", ["experiments", "evidence"])
def test_pages_fit_and_axe_finds_no_barrier(browser: Browser, place: Place, name: str, width: int, dark: bool) -> None:
    with visiting(browser, page(place, name), width=width, dark=dark) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        visit.page.evaluate(AXE)
        found = visit.page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
        barriers = [
            (violation["id"], violation["help"], [node["target"] for node in violation["nodes"]])
            for violation in found["violations"]
        ]
        assert barriers == []


def test_a_second_build_leaves_the_page(place: Place) -> None:
    again = place.run("build")
    assert "small: unchanged" in again.stderr


def test_what_experiments_cost_is_told_before_and_none_of_it_opens_a_model(place: Place) -> None:
    checked = place.run("check", python=("-X", "importtime"))
    told = [line for line in checked.stderr.splitlines() if line.startswith("  ") and "import time" not in line]
    named = [line.partition(":")[0].split()[-1] for line in told if ":" in line]
    assert [name for name in named if name in EXPERIMENTS] == list(EXPERIMENTS)
    imported = {line.rsplit("|", 1)[-1].strip() for line in checked.stderr.splitlines() if line.startswith("import")}
    assert not imported & {"torch", "transformer_lens", "transformers"}
