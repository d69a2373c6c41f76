"""The head explorer: maps, panels, reader and tables follow one view, from a file and from a server."""

import csv
import json
import re
import shutil
import struct
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Page, expect

from reportgen import numbers
from tests.browser import Visit, visiting
from tests.place import SMOLLM, Place

ROOT = Path(__file__).parents[2]
HEADS = 9
LAYERS = 30

SPEC = f"""
study: {{id: small, title: A small study, abstract: Some countries and their capitals.}}
model: {SMOLLM}
facts:
  file: facts.csv
  relations:
    capital: {{template: "The capital of {{subject}} is {{object}}"}}
    city: {{template: "A city in {{subject}} is {{object}}"}}
robustness: {{prepend_bos: []}}
contrasts:
  - id: truth
    title: True against false
    a: {{name: "true", where: {{truth: true}}}}
    b: {{name: "false", where: {{truth: false}}}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Place:
    """Thirty facts, every second one about a relation of its own."""
    place = Place.begin(tmp_path_factory.mktemp("place"), smollm_weights)
    lines = [line for line in (ROOT / "specs" / "data" / "capitals.csv").read_text().splitlines() if line[0] != "#"]
    lines[2:31:2] = [line.replace(",capital,", ",city,") for line in lines[2:31:2]]
    (place.folder / "specs" / "facts.csv").write_text("\n".join(lines[:31]) + "\n")
    (place.folder / "specs" / "small.yml").write_text(SPEC)
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    return place


@pytest.fixture(scope="module")
def twin(place: Place) -> dict:
    return json.loads((place.page("small").parent / "study.json").read_text())


@pytest.fixture
def visit(browser: Browser, place: Place) -> Iterator[Visit]:
    """The page, which may complain of nothing and ask for nothing but files whatever a test does with it."""
    with visiting(browser, place.page("small")) as visit:
        expect(visit.page.locator(".head-panel .hardest").first).to_be_visible()
        yield visit
        assert_quiet(visit)


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


def assert_quiet(visit: Visit, origin: str = "file:") -> None:
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith((origin, "data:", "blob:"))] == []


def at(place: Place, view: str) -> str:
    return f"{place.page('small').resolve().as_uri()}#{view}"


def expect_head(page: Page, name: str) -> None:
    expect(page.locator(".head-panel .head-name")).to_have_text(name)


def address(page: Page) -> str:
    return page.evaluate("location.hash")


def click_cell(page: Page, layer: int, head: int) -> None:
    """A click into the middle of a cell of the first map."""
    cells = page.locator("#fig-maps-truth .nsewdrag[data-subplot=xy]")
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    assert box
    page.mouse.move(box["x"] + (head + 0.5) / HEADS * box["width"], box["y"] + (layer + 0.5) / LAYERS * box["height"])
    page.wait_for_selector("#fig-maps-truth .hoverlayer .hovertext")
    page.mouse.down()
    page.mouse.up()


def entries(page: Page, panel: str = ".head-panel") -> dict[str, str]:
    names = page.locator(f"{panel} dl").first.locator("dt").all_inner_texts()
    return dict(zip(names, page.locator(f"{panel} dl").first.locator("dd").all_inner_texts(), strict=True))


def choose(page: Page, statement: int) -> None:
    page.locator(".reader select").select_option(str(statement))


def copied(page: Page, label: str) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name=label)
    handle = button.element_handle()
    assert handle
    handle.click()
    page.wait_for_function("button => button.textContent === 'Copied'", arg=handle)
    return page.evaluate("navigator.clipboard.readText()")


# --- heads


def test_a_click_on_a_cell_opens_its_head_and_back_returns(page: Page) -> None:
    expect_head(page, "L9H2")
    click_cell(page, 5, 7)
    expect_head(page, "L5H7")
    assert address(page).startswith("#head=L5H7")
    click_cell(page, 21, 0)
    expect_head(page, "L21H0")
    page.go_back()
    expect_head(page, "L5H7")
    page.go_back()
    expect_head(page, "L9H2")


def test_a_deep_link_shows_its_head_and_statement(browser: Browser, place: Place, twin: dict) -> None:
    statement = twin["statements"][7]
    with visiting(browser, at(place, f"head=L3H1&statement={statement['id']}")) as visit:
        expect_head(visit.page, "L3H1")
        expect(visit.page.locator(".reader .shaded").first).to_have_text(statement["text"])
        expect(visit.page.locator(".reader .quiet a")).to_have_text("L3H1")
        assert_quiet(visit)


@pytest.mark.parametrize("view", ["head=L30H0&statement=nobody", "head=%3Cb%3E&pin=L1H99", "head&x=nothing"])
def test_an_unknown_view_falls_back_to_the_first(browser: Browser, place: Place, twin: dict, view: str) -> None:
    first = twin["statements"][twin["explorer"]["examples"][0]["statement"]]
    with visiting(browser, at(place, view)) as visit:
        expect_head(visit.page, "L9H2")
        expect(visit.page.locator(".reader .shaded").first).to_have_text(first["text"])
        expect(visit.page.locator(".head-panel")).to_have_count(1)
        assert_quiet(visit)


def test_the_finder_opens_a_head_by_its_name(page: Page) -> None:
    page.locator(".head-finder").fill("L2H3")
    page.keyboard.press("Enter")
    expect_head(page, "L2H3")


def test_the_finder_refuses_a_head_that_the_model_lacks(page: Page) -> None:
    before = address(page)
    page.locator(".head-finder").fill("L99H1")
    page.keyboard.press("Enter")
    expect(page.locator(".head-finder:invalid")).to_have_count(1)
    assert page.locator(".head-finder").evaluate("e => e.validationMessage") == "Layers are 0 to 29, heads 0 to 8."
    expect_head(page, "L9H2")
    assert address(page) == before


def test_the_map_is_walked_by_keyboard(page: Page) -> None:
    told = page.locator("body > [aria-live]")
    canvas = page.locator("#fig-maps-truth .plot-canvas")
    canvas.focus()
    cursor = page.locator("#fig-maps-truth .map-cursor").first
    start = cursor.get_attribute("style")
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("L9H3:")
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("L10H3:")
    expect(cursor).not_to_have_attribute("style", start or "")
    expect_head(page, "L9H2")
    page.keyboard.press("Escape")
    expect(told).to_contain_text("L9H2:")
    expect(cursor).to_have_attribute("style", start or "")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_head(page, "L10H2")
    expect(canvas).to_be_focused()


@pytest.mark.parametrize(("layer", "head"), [(9, 2), (17, 4)])
def test_the_panel_says_what_the_csv_says(page: Page, place: Place, layer: int, head: int) -> None:
    page.locator(".head-finder").fill(f"L{layer}H{head}")
    page.keyboard.press("Enter")
    expect_head(page, f"L{layer}H{head}")
    with (place.page("small").parent / "heads-truth.csv").open() as file:
        row = next(r for r in csv.DictReader(file) if (r["layer"], r["head"]) == (str(layer), str(head)))
    value = {name: numbers.points(float(row[name])) for name in ("mean_a", "mean_b", "effect")}
    interval = numbers.points_interval(float(row["effect_low"]), float(row["effect_high"]))
    said = entries(page)
    assert said["mean in true statements"].startswith(f"{value['mean_a']} ± ")
    assert said["mean in false statements"].startswith(f"{value['mean_b']} ± ")
    assert said["effect"] == f"{value['effect']} {interval} points"
    assert said["p, uncorrected"] == numbers.p_value(float(row["p_value"]))
    assert said["adjusted p, max-T"] == numbers.p_value(float(row["adjusted_max_t"]))


def test_the_panel_tells_the_effect_by_relation(page: Page) -> None:
    said = page.locator(".head-panel dl").nth(1).inner_text()
    assert re.search(r"capital\s+[\d.]+ \[.*\] \(n = 15\)\s+city\s+[\d.]+ \[.*\] \(n = 15\)", said)


def test_a_pinned_head_stays_beside_the_chosen_one(page: Page) -> None:
    page.get_by_role("button", name="Pin to compare").click()
    page.locator("#tbl-heads-truth tbody th[scope=row]").nth(3).click()
    panels = page.locator(".head-panel")
    expect(panels).to_have_count(2)
    expect(panels.nth(1).locator("h3")).to_have_text("L9H2, pinned")
    chosen = page.locator("#tbl-heads-truth tbody th[scope=row]").nth(3).inner_text()
    expect(panels.nth(0).locator("h3")).to_have_text(chosen)
    assert re.match(rf"#head={chosen}&pin=L9H2\b", address(page))
    left, right = panels.nth(0).bounding_box(), panels.nth(1).bounding_box()
    assert left
    assert right
    assert left["x"] + left["width"] <= right["x"]
    assert left["y"] < right["y"] + right["height"]
    assert right["y"] < left["y"] + left["height"]
    page.get_by_role("button", name="Unpin").click()
    expect(panels).to_have_count(1)
    assert "pin" not in address(page)


def test_a_row_of_the_strongest_heads_opens_its_head(page: Page) -> None:
    cell = page.locator("#tbl-heads-truth tbody th[scope=row]").nth(2)
    name = cell.inner_text()
    assert name != "L9H2"
    cell.click()
    expect_head(page, name)


# --- statements


def test_a_statement_is_searched_chosen_and_stepped_from(page: Page, twin: dict) -> None:
    texts = [statement["text"] for statement in twin["statements"]]
    wanted = next(
        place for place, text in enumerate(texts) if "Brasília" in text and twin["statements"][place]["truth"]
    )
    page.locator(".reader input[type=search]").fill("true brasilia")
    options = page.locator(".reader select option")
    expect(options).to_have_count(2)
    choose(page, wanted)
    shown = page.locator(".reader .shaded").first
    expect(shown).to_have_text(texts[wanted])
    page.get_by_role("button", name="Next").click()
    expect(shown).to_have_text(texts[wanted + 1])
    page.get_by_role("button", name="Previous").click()
    expect(shown).to_have_text(texts[wanted])
    assert f"statement={twin['statements'][wanted]['id']}" in address(page)


def test_twins_stand_one_under_the_other(page: Page, twin: dict) -> None:
    choose(page, 2)
    readings = page.locator(".reading")
    expect(readings.first.locator(".shaded")).to_have_text(twin["statements"][2]["text"])
    expect(readings.nth(1).locator(".shaded")).to_have_text(twin["statements"][3]["text"])
    above, below = readings.nth(0).bounding_box(), readings.nth(1).bounding_box()
    assert above
    assert below
    assert above["x"] == below["x"]
    assert above["y"] + above["height"] <= below["y"]


@pytest.mark.parametrize("statement", [2, 14])
def test_shades_of_the_key_tokens_add_up_to_the_score(page: Page, twin: dict, statement: int) -> None:
    choose(page, statement)
    reading = page.locator(".reading").first
    expect(reading.locator(".shaded")).to_have_text(twin["statements"][statement]["text"])
    keys = reading.locator(".is-key").all()
    assert len(keys) == len(twin["statements"][statement]["keys"])
    shares = [float(re.search(r"([\d.]+) points$", key.get_attribute("title") or "")[1]) for key in keys]
    score = float(re.search(r"score ([\d.]+) points", reading.inner_text())[1])
    assert sum(shares) == pytest.approx(score, abs=0.3 * len(keys))


def test_an_example_has_matrices_and_tells_the_row_under_the_pointer(page: Page, twin: dict) -> None:
    choose(page, twin["explorer"]["examples"][2]["statement"])
    expect(page.locator(".reader .matrices .plot-drawn[aria-label^=Attention]")).to_have_count(2)
    reading = page.locator(".reading").first
    query = twin["statements"][twin["explorer"]["examples"][2]["statement"]]["query"]
    expect(reading.locator(".token-word").nth(query)).to_have_class(re.compile("is-query"))
    word = twin["statements"][twin["explorer"]["examples"][2]["statement"]]["tokens"][2].strip()
    reading.locator(".token-word").nth(2).hover()
    expect(reading.locator(".reading-label")).to_contain_text(f"from “{word}”")
    expect(reading.locator(".token-word[title]")).to_have_count(3)
    page.mouse.move(0, 0)
    expect(reading.locator(".token-word[title]")).to_have_count(query + 1)


def test_twins_of_one_length_have_their_difference(page: Page, place: Place, twin: dict) -> None:
    difference = page.locator(".reader .matrices .plot-drawn[aria-label^='The true statement']")
    lengths = {statement["id"]: len(statement["tokens"]) for statement in twin["statements"]}
    examples = [twin["statements"][example["statement"]] for example in twin["explorer"]["examples"]]
    shown = set()
    for statement in (statement for statement in examples if statement["truth"]):
        alike = lengths[statement["id"]] == lengths[f"{statement['pair']}-false"]
        page.goto(f"{place.page('small').as_uri()}#statement={statement['id']}")
        expect(page.locator(".reader .matrices .plot-drawn[aria-label^=Attention]")).to_have_count(2)
        expect(difference).to_have_count(int(alike))
        shown.add(alike)
    assert True in shown


def test_the_pointer_at_rest_leaves_the_text_at_rest(page: Page) -> None:
    reading = page.locator(".reading").first
    reading.locator(".token-word").nth(2).hover()
    expect(reading.locator(".reading-label")).to_contain_text("from “")
    reading.evaluate("e => new MutationObserver(() => (window.changes = 1)).observe(e, {childList: true})")
    page.wait_for_timeout(500)
    assert page.evaluate("window.changes") is None


def test_tokens_are_walked_by_keyboard(page: Page, twin: dict) -> None:
    tokens = twin["statements"][twin["explorer"]["examples"][0]["statement"]]["tokens"]
    reading = page.locator(".reading").first
    reading.locator(".token-word").first.focus()
    page.keyboard.press("Tab")
    expect(reading.locator(".reading-label")).to_contain_text(f"from “{tokens[1].strip()}”")
    expect(reading.locator(".token-word").nth(1)).to_be_focused()


# --- tables and figures


def test_a_table_is_sorted_by_a_column_of_numbers(page: Page) -> None:
    column = page.locator("#tbl-heads-truth tbody tr td:nth-child(4)")
    values = column.all_inner_texts()
    falling = sorted(values, key=lambda text: float(text.replace("−", "-")), reverse=True)
    assert values != falling
    for expected in (falling, falling[::-1]):
        page.locator("#tbl-heads-truth th button.sort", has_text="Effect").click()
        expect(column).to_have_text(expected)


def test_a_table_is_searched(page: Page) -> None:
    page.locator("#tbl-heads-truth input[type=search]").fill("l9h2")
    expect(page.locator("#tbl-heads-truth .row-count")).to_have_text("1 of 10 rows")
    expect(page.locator("#tbl-heads-truth tbody tr:visible")).to_have_count(1)


@pytest.mark.parametrize(
    ("form", "head", "row"),
    [
        ("CSV", r"^Head,true,false,Effect,", r'\nL9H2,[\d.]+,[\d.]+,[\d.]+,"\['),
        ("Markdown", r"^\| Head \| true \|.*\n\| --- \| ---: \|", r"\n\| L9H2 \| "),
        ("LaTeX", r"\\begin\{tabular\}\{lrrr", r"\nL9H2 & [\d.]+ & .*\\\\\n"),
    ],
)
def test_a_table_is_copied(page: Page, form: str, head: str, row: str) -> None:
    text = copied(page, f"{form} of Table 1")
    assert re.search(head, text)
    assert re.search(row, text)


def test_a_figure_is_saved_as_it_would_stand_on_paper(page: Page, tmp_path: Path) -> None:
    saved = {}
    for form in ("PNG", "SVG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"{form} of Figure 1", exact=True).click()
        saved[form] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[form])
    assert saved["PNG"].name == "small-fig-maps-truth.png"
    assert struct.unpack(">I", saved["PNG"].read_bytes()[16:20]) == (2009,)
    assert ElementTree.parse(saved["SVG"]).getroot().get("width") == "643"


# --- elsewhere


@pytest.fixture
def server(place: Place, tmp_path: Path) -> Iterator[str]:
    """The site under a path of its own, as a host of project pages serves it."""
    shutil.copytree(place.site, tmp_path / "repo")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/repo/"
        server.shutdown()


def test_a_served_site_works_the_same(browser: Browser, server: str) -> None:
    with visiting(browser, f"{server}studies/small/index.html#head=L3H1") as visit:
        expect_head(visit.page, "L3H1")
        click_cell(visit.page, 5, 7)
        expect_head(visit.page, "L5H7")
        choose(visit.page, 2)
        expect(visit.page.locator(".standing-out li")).to_have_count(10)
        visit.page.go_back()
        visit.page.go_back()
        expect_head(visit.page, "L3H1")
        assert_quiet(visit, server)


PARTS = [
    ("the model", "#model dl", r"Layers\s+30\s+Heads a layer\s+9\s"),
    ("statements", "#facts > p", r"60 statements, 30 true and 30 false, in 30 pairs"),
    ("patterns read", "#example", r"16,200 patterns were read, 60 statements × 30 layers × 9 heads"),
    ("example: key", "#example .token-key", r"subject, key"),
    ("example: query", "#example .token-query", r"object, query"),
    ("example: top heads", "#tbl-example tbody", r"^\s*(L\d+H\d+\s+\d+\.\d\s*){5}$"),
    ("heads found", ".lead", r"Of 270 heads, 3 give the subject a different share"),
    (
        "effect and p",
        "#tbl-heads-truth tbody",
        r"L9H2\s+\d+\.\d\s+\d+\.\d\s+\d+\.\d\s+\[.*\]\s+\d+\.\d\s+\d+.%\s+\d\.\d+\s+< 0\.001",
    ),
    ("map of effect", "#fig-maps-truth .main-svg .annotation-text", r"Effecttrue − false, points"),
    ("map of evidence", "#fig-maps-truth .main-svg .annotation-text", r"Evidence−log"),
    ("comparison", "#fig-heads-truth .ytick", r"L9H2"),
    ("attention matrix", ".reader .matrices .xtitle", r"to"),
    ("twins", ".reader .reading-label", r"true, score.*\s*false, score"),
    ("paired differences", ".head-panel .x2title", r"difference, points"),
    ("layer means", "#fig-look-truth .main-svg .annotation-text", r"Layermean"),
    ("corrections", "#tbl-corrections-truth tbody", r"Bonferroni[\s\S]*Holm[\s\S]*Yekutieli[\s\S]*max-T \(headline\)"),
    ("differences within a pair", ".standing-out-lists", r"within this pair, points\s*(L\d+H\d+ −?\d+\.\d\s*){5}$"),
    ("heads that look most", "#tbl-look-truth tbody", r"L28H7\s+\d+\.\d ± \d+\.\d\s+\d+\.\d ± \d+\.\d"),
]


def test_the_page_has_every_part_of_the_notebook(page: Page) -> None:
    expect(page.locator(".reader .matrices .plot-drawn[aria-label^=Attention]")).to_have_count(2)
    missing = [
        (part, text)
        for part, selector, content in PARTS
        if not re.search(content, text := "\n".join(page.locator(selector).all_text_contents()).strip())
    ]
    assert missing == []
    assert page.locator("#fig-maps-truth .heatmaplayer image").count() == 2
    marks = page.locator("#fig-maps-truth .scatterlayer path.point")
    rings = page.locator("#fig-maps-truth .scatterlayer path.point[d*=A]")
    assert (rings.count(), marks.count() - rings.count()) == (2 * 3, 2 * 10)


AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide-light", "phone-dark"])
@pytest.mark.parametrize("name", ["studies/small/index.html", "studies/small/robustness.html", "index.html"])
def test_axe_finds_no_barrier(browser: Browser, place: Place, name: str, width: int, dark: bool) -> None:
    with visiting(browser, place.site / name, width=width, dark=dark) as visit:
        if name.endswith("small/index.html"):
            expect(visit.page.locator(".reader .matrices .plot-drawn[aria-label^=Attention]")).to_have_count(2)
        visit.page.evaluate(AXE)
        found = visit.page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
        barriers = [
            (violation["id"], violation["help"], [node["target"] for node in violation["nodes"]])
            for violation in found["violations"]
        ]
        assert barriers == []
