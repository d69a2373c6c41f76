"""The first page, the list of studies and the search in a real browser, rendered by the real engine."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reportgen.figures.thumbnail import DARK, LIGHT, thumbnail
from reportgen.report.badge import FILE, badge
from reportgen.report.document import Document, Heading, Prose
from reportgen.report.index import compose_index, compose_studies
from reportgen.report.markup import Md
from reportgen.report.page import Card
from reportgen.report.render import qmd, templates_folder
from reportgen.site.engines import choose_engine
from reportgen.site.search import INDEX, write_search_index
from reportgen.site.settings import SiteSettings
from tests import planted
from tests.browser import Visit, visiting

CARD = Card(
    id="capitals",
    spec="s.yml",
    title="Capitals of the world",
    question="Do heads look at the country?",
    model="smol",
    finding="47 of 270 heads do.",
    date="2026-11-24",
    n="175 pairs",
    key="k",
    tags=("geography",),
    relations=("capital",),
    series=(40.0, 46.0, None, 47.0),
    expectations="3 of 3 met",
)
CARDS = (
    CARD,
    replace(CARD, id="cities", title="Größere Städte", relations=("capital", "city"), changed="2026-11-20"),
    replace(CARD, id="writers", title="Writers", model="gpt2", tags=("books",), failing="since 2026-11-24: no model"),
    replace(
        CARD, id="japan", title="日本の首都", model="gpt2", tags=(), expectations="2 of 3 met", alarm="L1H0 differs"
    ),
)
CHANGES = [("2026-11-20", "cities", "two heads were gained: a fact was added.")]


def study(card: Card) -> Document:
    sentence = f"The strongest head of {card.title} is L9H2, which the shuffled labels never find."
    blocks = (Heading(2, Md("What was found"), "found"), Prose(Md("Nothing to see here.")))
    controls = (Heading(2, Md("Controls"), "controls"), Prose(Md(f"{'Much comes before it. ' * 6}{sentence}")))
    return Document(card.title, card.question, "", (), depth=2, blocks=(*blocks, *controls))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project, out = (tmp_path_factory.mktemp(name) for name in ("project", "site"))
    documents = {
        "index": compose_index("Attention heads", CARDS, CHANGES),
        "studies": compose_studies("Attention heads", CARDS, {}),
        **{f"studies/{card.id}/index": study(card) for card in CARDS},
    }
    for name, document in documents.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / f"{name}.qmd").write_text(qmd(document))
    shutil.copytree(templates_folder() / "assets", out / "assets")
    pages = [Path(f"{name}.qmd") for name in documents]
    choose_engine("pandoc").render(project, pages, out, SiteSettings(title="Attention heads"))
    made = planted.statements(20)
    finding = planted.finding(made, planted.values(made, {(1, 2): 0.1}))
    for card in CARDS:
        beside = out / "studies" / card.id
        (beside / "map.png").write_bytes(thumbnail(finding, LIGHT))
        (beside / "map-dark.png").write_bytes(thumbnail(finding, DARK))
        (beside / FILE).write_bytes(badge(card))
    write_search_index(out)
    return out


@pytest.fixture(scope="module")
def served(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site as a project's pages are: below a folder."""
    root = tmp_path_factory.mktemp("root")
    (root / "repo").symlink_to(site)
    handler = partial(SimpleHTTPRequestHandler, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/repo"
        server.shutdown()


@pytest.fixture
def visit(browser: Browser, site: Path) -> Iterator[Visit]:
    with visiting(browser, site / "studies.html") as visit:
        yield visit
        assert visit.complaints == []
        assert [url for url in visit.requests if not url.startswith("file:")] == []


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


def titles(page: Page) -> list[str]:
    return page.locator(".cards > li:visible h2").all_inner_texts()


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Search the site").fill(words)
    expect(page.locator(".search-results")).to_be_visible()


def test_a_menu_leaves_the_studies_that_fit_and_the_address_says_so(page: Page) -> None:
    count = page.locator(".card-count")
    expect(count).to_have_text("4 studies")
    page.get_by_label("Model").select_option("gpt2")
    expect(count).to_have_text("2 of 4 studies")
    assert sorted(titles(page)) == ["Writers", "日本の首都"]
    page.get_by_label("Status").select_option("failing")
    assert titles(page) == ["Writers"]
    assert page.evaluate("location.search") == "?model=gpt2&status=failing"
    page.reload()
    expect(count).to_have_text("1 of 4 studies")
    assert titles(page) == ["Writers"]
    page.get_by_role("button", name="Clear").click()
    expect(count).to_have_text("4 studies")
    assert page.evaluate("location.search") == ""


def test_relations_and_tags_are_filtered_one_by_one(page: Page) -> None:
    page.get_by_label("Relation").select_option("city")
    assert titles(page) == ["Größere Städte"]
    page.get_by_label("Relation").select_option("")
    page.get_by_label("Tag").select_option("books")
    assert titles(page) == ["Writers"]


def test_words_are_found_without_case_and_accents(page: Page) -> None:
    page.get_by_label("Words").fill("stadte GROSSERE")
    expect(page.locator(".card-count")).to_have_text("None of 4 studies fits.")
    page.get_by_label("Words").fill("stadte")
    expect(page.locator(".card-count")).to_have_text("1 of 4 studies")
    page.get_by_label("Words").fill("首都")
    assert titles(page) == ["日本の首都"]


def test_the_menus_are_walked_with_the_keyboard(page: Page) -> None:
    page.get_by_label("Words").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".card-count")).to_have_text("2 of 4 studies")


def test_an_address_that_asks_for_what_is_not_there_shows_every_study(browser: Browser, site: Path) -> None:
    with visiting(browser, f"{(site / 'studies.html').as_uri()}?model=none&status=%3Cb%3E&other=1#top") as visit:
        expect(visit.page.locator(".card-count")).to_have_text("4 studies")
        assert visit.page.evaluate("location.search + location.hash") == "#top"
        assert visit.complaints == []


def test_without_a_script_all_studies_are_shown_and_nothing_else_is_offered(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "studies.html").as_uri())
    assert len(titles(page)) == 4
    expect(page.locator("form.card-filters")).to_be_hidden()
    expect(page.locator("form.site-search")).to_be_hidden()
    context.close()


def test_every_picture_is_there(page: Page) -> None:
    for image in page.locator(".card-map img").all():
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 47
    assert page.locator(".sparkline").count() == 4


def test_what_is_searched_for_is_found_with_its_section_and_marked(page: Page) -> None:
    search(page, "shuffl labbels capital")
    expect(page.locator(".search-count")).to_have_text("1 page")
    result = page.locator(".search-results li")
    expect(result.locator("a")).to_have_text("Capitals of the world")
    expect(result.locator(".search-where")).to_have_text("Controls")
    assert result.locator("mark").all_inner_texts() == ["Capitals", "shuffled", "labels"]
    assert result.locator("p").inner_text().startswith("…")


def test_results_are_walked_and_opened_with_the_keyboard(page: Page) -> None:
    search(page, "L9H2")
    expect(page.locator(".search-count")).to_have_text("4 pages")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.locator(".search-results li a").nth(1)
    expect(second).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("searchbox", name="Search the site")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/studies/*/index.html#controls")


def test_enter_opens_the_best_page(page: Page) -> None:
    search(page, "写 ")
    expect(page.locator(".search-count")).to_have_text("No page has all of these words.")
    search(page, "首都")
    page.keyboard.press("Enter")
    page.wait_for_url("**/studies/japan/index.html*")


def test_escape_and_a_click_elsewhere_close_the_results(page: Page) -> None:
    search(page, "L9H2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator(".search-results")).to_be_hidden()
    expect(page.get_by_role("searchbox", name="Search the site")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".search-results")).to_be_visible()
    page.locator("h1").click()
    expect(page.locator(".search-results")).to_be_hidden()


def test_nothing_is_loaded_before_somebody_searches(visit: Visit) -> None:
    loaded = lambda: [url.rsplit("/", 1)[1] for url in visit.requests if "search" in url]  # noqa: E731
    assert loaded() == []
    search(visit.page, "writers")
    assert loaded() == ["search-index.js", "search.js"]


def test_a_served_site_below_a_folder_is_searched_from_any_of_its_pages(browser: Browser, served: str) -> None:
    with visiting(browser, f"{served}/studies/writers/index.html") as visit:
        search(visit.page, "capitals")
        visit.page.locator(".search-results a", has_text="Capitals").click()
        visit.page.wait_for_url(f"{served}/studies/capitals/index.html*")
        assert visit.complaints == []


def test_an_index_that_is_not_there_is_told_and_asked_for_again(browser: Browser, site: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(site, tmp_path / "copy")
    index = (copy / INDEX).rename(tmp_path / "index.js")
    with visiting(browser, copy / "studies.html") as visit:
        search(visit.page, "writers")
        expect(visit.page.locator(".search-count")).to_have_text("The search cannot be loaded.")
        index.rename(copy / INDEX)
        search(visit.page, "writers head")
        expect(visit.page.locator(".search-count")).to_have_text("1 page")


AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (390, False), (390, True)])
@pytest.mark.parametrize(("name", "words"), [("index", ""), ("studies", ""), ("studies", "L9H2")])
def test_axe_finds_no_barrier_and_nothing_runs_off_the_page(
    browser: Browser, site: Path, name: str, words: str, width: int, dark: bool
) -> None:
    with visiting(browser, site / f"{name}.html", width=width, dark=dark) as visit:
        if words:
            search(visit.page, words)
        visit.page.evaluate(AXE)
        found = visit.page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]] == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width
