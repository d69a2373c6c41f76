"""The real command line on the real model: built, left alone, broken, mended, and what its page shows."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Browser
from pyarrow.parquet import read_table

from reportgen.spec.model import Correction
from tests.browser import Visit, visiting
from tests.place import SMOLLM, Place

ROOT = Path(__file__).parents[2]

SPEC = f"""
study:
  id: demo
  title: A demonstration
  abstract: Some countries and their capitals.
model: {SMOLLM}
facts:
  file: facts.csv
  relations:
    capital: {{template: "The capital of {{subject}} is {{object}}"}}
contrasts:
  - id: truth
    title: True against false
    a: {{name: "true", where: {{truth: true}}}}
    b: {{name: "false", where: {{truth: false}}}}
  - id: europe
    title: Europe against Asia
    a: {{name: European, where: {{continent: Europe, truth: true}}}}
    b: {{name: Asian, where: {{continent: Asia, truth: true}}}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Place:
    """A new user's folder: a spec, a CSV, nothing else; built once."""
    place = Place.begin(tmp_path_factory.mktemp("place"), smollm_weights)
    lines = [line for line in (ROOT / "specs" / "data" / "capitals.csv").read_text().splitlines() if line[0] != "#"]
    (place.folder / "specs" / "facts.csv").write_text("# Made for a test.\n" + "\n".join(lines[:61]) + "\n")
    (place.folder / "specs" / "demo.yml").write_text(SPEC)
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    assert "capturing 240 statements" in built.stderr
    return place


@pytest.fixture(scope="module")
def visit(browser: Browser, place: Place) -> Iterator[Visit]:
    with visiting(browser, place.page("demo")) as visit:
        yield visit


def test_the_page_opens_from_a_file_without_network_or_complaint(visit: Visit) -> None:
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith("file:")] == []
    assert visit.page.title() == "A demonstration – Attention heads"


def test_the_page_has_its_parts_in_order(visit: Visit) -> None:
    headings = visit.page.locator("main h2").all_inner_texts()
    one = ["The strongest heads compared", "Where the heads look", "How sure may one be"]
    assert headings == [
        *("True against false", *one),
        *("Europe against Asia", *one),
        *(
            "Read the statements",
            "What the model knows",
            "The facts",
            "Methods and limits",
            "Warnings, errors and what was left out",
            "Downloads",
            "Provenance",
        ),
    ]


def test_the_finding_agrees_with_the_table_of_all_heads(place: Place, visit: Visit) -> None:
    lead = visit.page.locator(".lead").first.inner_text()
    rows = (place.site / "studies" / "demo" / "heads-truth.csv").read_text().splitlines()
    columns = rows[0].split(",")
    heads = [dict(zip(columns, row.split(","), strict=True)) for row in rows[1:]]
    assert len(heads) == 270
    found = [h for h in heads if float(h["adjusted_max_t"]) <= 0.05 and abs(float(h["effect"])) >= 0.01]
    assert found
    assert re.search(rf"Of 270 heads, {len(found)} give the subject a different share of attention", lead)
    strongest = max(found, key=lambda head: abs(float(head["effect"])))
    assert f"L{strongest['layer']}H{strongest['head']}" in lead
    assert f"{abs(float(strongest['effect'])) * 100:.1f} points" in lead


def test_figures_are_drawn_and_tell_of_a_head_under_the_pointer(visit: Visit) -> None:
    page = visit.page
    assert page.locator(".plot-canvas .main-svg").count() >= 4
    maps = page.locator(".plot").first
    maps.scroll_into_view_if_needed()
    box = maps.locator(".xy .plot, .subplot.xy").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.wait_for_selector(".hoverlayer .hovertext")
    told = maps.locator(".hoverlayer").text_content() or ""
    assert re.search(r"L\d+H\d+", told)
    assert re.search(r"effect .*\[.*\]", told)
    assert "adjusted p" in told


def test_every_figure_has_words_and_a_table(visit: Visit) -> None:
    for figure in visit.page.locator("figure.float-figure").all():
        assert len(figure.locator(".plot").get_attribute("aria-label") or "") > 60
        assert len(figure.locator("figcaption").inner_text()) > 60
    folded = visit.page.locator("details.data").all()
    figures = visit.page.locator("figure.float-figure").count()
    assert figures == 11
    assert len(folded) == figures - 2 * 2  # each contrast's attention maps and scatter lead to its table of all heads
    assert folded[0].locator("tbody tr").count() == 270


def test_no_number_on_the_page_is_nan_or_in_e_notation(visit: Visit) -> None:
    text = visit.page.locator("main").inner_text()
    assert not re.search(r"\bnan\b|\binf\b|\d[eE][-+]\d", text)
    assert "0.000 " not in text


def test_the_correction_table_counts_as_the_csv_does(place: Place, visit: Visit) -> None:
    with (place.site / "studies" / "demo" / "heads-truth.csv").open() as file:
        columns = file.readline().strip().split(",")
        data = np.genfromtxt(file, delimiter=",", dtype=float)
    rows = visit.page.locator("#tbl-corrections-truth tbody tr").all()
    names = list(get_args(Correction))
    assert len(rows) == len(names)
    for row, name in zip(rows, names, strict=True):
        expected = int((data[:, columns.index(f"adjusted_{name}")] <= 0.05).sum())
        assert int(row.locator("td").nth(0).inner_text()) == expected
    assert rows[8].locator("th").inner_text() == "max-T (headline)"


def test_the_downloads_are_there_and_hold_what_they_say(place: Place, visit: Visit) -> None:
    links = visit.page.locator("a[download]").all()
    names = [link.get_attribute("href") for link in links]
    assert names == [
        *("heads-truth.csv", "heads-europe.csv", "study.json", "heads.parquet", "scores.parquet", "scores.nc"),
        *("statements.csv", "demo.yml", "references.bib"),
    ]
    folder = place.page("demo").parent
    assert (folder / "demo.yml").read_text() == SPEC
    with xr.open_dataarray(folder / "scores.nc", engine="scipy") as scores:
        assert scores.dims == ("statement", "layer", "head")
        assert scores.shape == (120, 30, 9)
        assert scores.truth.to_numpy().sum() == 60
        by_statement = read_table(folder / "scores.parquet")
        np.testing.assert_array_equal(by_statement["L9H2"], scores.sel(layer=9, head=2))
    heads = read_table(folder / "heads.parquet")
    assert heads.num_rows == 540
    assert heads["contrast"].unique().to_pylist() == ["truth", "europe"]
    data = json.loads((folder / "study.json").read_text())
    np.testing.assert_allclose(data["contrasts"][1]["heads"]["effect"], heads["effect"][270:], rtol=1e-5)
    schema = json.loads((place.site / "assets" / "study.schema.json").read_text())
    assert set(schema["required"]) <= set(data) <= set(schema["properties"])


def test_methods_name_what_was_run(visit: Visit) -> None:
    methods = visit.page.locator("#methods").inner_text()
    for words in (
        "two-sided paired t-test (Student 1908)",
        "Welch's t-test (Welch 1947)",
        "10,000 random arrangements, seed 0, of signs within pairs (Phipson and Smyth 2010)",
        "corrected by max-T (Westfall and Young 1993) at α = 0.05",
        "two one-sided t-tests (Schuirmann 1987; Lakens 2017)",
        "the labels were shuffled within the design and tested anew 20 times",
        "TransformerLens 4",
    ):
        assert words in methods
    assert visit.page.locator("#refs .csl-entry").count() >= 8


def test_provenance_shows_the_proof(visit: Visit) -> None:
    provenance = visit.page.locator("#provenance").inner_text()
    assert re.search(r"on 8 statements, against plain transformers .* scores are equal within 0\.00000", provenance)
    assert re.search(r"sha256 [0-9a-f]{64}", provenance)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1440, 2560])
def test_no_page_scrolls_sideways(browser: Browser, place: Place, width: int, dark: bool) -> None:
    for page in (place.page("demo"), place.site / "index.html"):
        with visiting(browser, page, width=width, dark=dark) as visit:
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            assert visit.complaints == []


def test_figures_take_the_colours_of_the_theme(browser: Browser, place: Place) -> None:
    inks = set()
    for dark in (False, True):
        with visiting(browser, place.page("demo"), dark=dark) as visit:
            inks.add(
                visit.page.locator(".plot-canvas .annotation-text").first.evaluate("e => getComputedStyle(e).fill")
            )
    assert len(inks) == 2


def test_a_dark_page_is_printed_in_the_colours_of_the_light_one(browser: Browser, place: Place) -> None:
    ink = "e => getComputedStyle(e).fill"
    with visiting(browser, place.page("demo")) as visit:
        light = visit.page.locator(".plot-canvas .annotation-text").first.evaluate(ink)
    with visiting(browser, place.page("demo"), dark=True) as visit:
        words = visit.page.locator(".plot-canvas .annotation-text").first
        dark = words.evaluate(ink)
        visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        printed = words.evaluate(ink)
        visit.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert (printed, words.evaluate(ink)) == (light, dark)
    assert light != dark


def test_the_page_prints(browser: Browser, place: Place, tmp_path: Path) -> None:
    with visiting(browser, place.page("demo")) as visit:
        visit.page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 50_000


def test_the_index_leads_to_the_study(browser: Browser, place: Place) -> None:
    with visiting(browser, place.site / "index.html") as visit:
        assert "270 heads attend to the subject differently" in visit.page.locator(".cards").inner_text()
        visit.page.locator(".cards").get_by_role("link", name="A demonstration").click()
        assert visit.page.locator("h1").inner_text() == "A demonstration"


def test_a_second_build_changes_nothing_and_imports_nothing_heavy(place: Place) -> None:
    before = {path: path.stat().st_mtime_ns for path in place.site.rglob("*")}
    again = place.run("build", python=("-X", "importtime"))
    assert again.returncode == 0
    assert "demo: unchanged" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in place.site.rglob("*")} == before
    imported = {
        line.rsplit("|", 1)[-1].strip() for line in again.stderr.splitlines() if line.startswith("import time:")
    }
    assert "reportgen.studies" in imported
    assert not imported & {"torch", "transformer_lens", "transformers", "plotly", "scipy.stats", "statsmodels"}


def test_help_imports_nothing_heavy(place: Place) -> None:
    shown = place.run("--help", python=("-X", "importtime"))
    imported = {line.rsplit("|", 1)[-1].strip() for line in shown.stderr.splitlines()}
    assert not imported & {"torch", "transformer_lens", "transformers", "plotly", "numpy", "xarray", "pydantic"}
    assert {"build", "check", "serve"} <= set(shown.stdout.split())


def test_check_tells_the_plan_without_torch(place: Place) -> None:
    checked = place.run("check", python=("-X", "importtime"))
    assert checked.returncode == 0
    assert "specs/demo.yml: 120 statements" in checked.stderr
    imported = {
        line.rsplit("|", 1)[-1].strip() for line in checked.stderr.splitlines() if line.startswith("import time:")
    }
    assert not imported & {"torch", "transformer_lens", "transformers", "plotly"}


def test_the_project_left_behind_is_whole_for_quarto(place: Place) -> None:
    project = place.folder / "site" / "_qmd"
    assert (project / "_quarto.yml").is_file()
    text = (project / "studies" / "demo" / "index.qmd").read_text()
    for name in re.findall(r"@((?:fig|tbl)-[\w-]+)", text):
        assert f"{{#{name}}}" in text
    assert (project / "studies" / "demo" / "references.bib").is_file()
    assert (project / "assets" / "plotly.js").is_file()


def test_changing_one_fact_captures_that_fact_alone_and_a_failing_study_keeps_its_page(place: Place) -> None:
    facts = place.folder / "specs" / "facts.csv"
    whole = facts.read_text()
    try:
        facts.write_text(whole.replace("Albania,capital,Tirana", "Albania,capital,Shkodra"))
        changed = place.run("build")
        assert changed.returncode == 0, changed.stderr
        captured = re.search(r"capturing (\d+) statements", changed.stderr)
        assert captured
        assert (
            1 <= int(captured[1]) <= 6
        )  # the fact, its twin and whom they were handed round with; each with and without BOS
        assert "Shkodra" in place.page("demo").read_text()

        (place.folder / "specs" / "other.yml").write_text(SPEC.replace("id: demo", "id: other"))
        facts.write_text(whole.replace("Albania,capital,Tirana", "Albania,capitol,Tirana"))
        (place.folder / "specs" / "other.yml").write_text(
            SPEC.replace("id: demo", "id: other").replace("file: facts.csv", "file: good.csv")
        )
        (place.folder / "specs" / "good.csv").write_text(whole)
        failed = place.run("build")
        assert failed.returncode == 2
        assert re.search(r"facts\.csv:\d+.*capitol", failed.stderr)
        assert "did you mean" in failed.stderr
        assert "Shkodra" in place.page("demo").read_text()
        assert (place.site / "studies" / "other" / "index.html").is_file()
        index = (place.site / "index.html").read_text()
        assert re.search(r"failing since <[^>]*>\d{4}-\d\d-\d\d<[^>]*>: .*capitol", index, re.DOTALL)
        assert "This page is from an earlier run" in place.page("demo").read_text()
    finally:
        facts.write_text(whole)
        (place.folder / "specs" / "other.yml").unlink(missing_ok=True)
    mended = place.run("build")
    assert mended.returncode == 0, mended.stderr
    assert "failing since" not in (place.site / "index.html").read_text()
    assert "This page is from an earlier run" not in place.page("demo").read_text()
    assert not (place.site / "studies" / "other").exists()


def test_a_part_of_a_study_says_so(place: Place, tmp_path: Path) -> None:
    limited = place.run("build", "specs/demo.yml", "--limit", "20", "--site", str(tmp_path / "site"))
    assert limited.returncode == 0, limited.stderr
    text = (tmp_path / "site" / "_site" / "studies" / "demo" / "index.html").read_text()
    assert "Only the first 20 facts of the study were used" in text
    assert "(first 20 facts only)" in (tmp_path / "site" / "_site" / "index.html").read_text()


def test_serve_shows_the_site(place: Place) -> None:
    command = place.command("serve", "--port", "0", python=("-u",))
    with subprocess.Popen(command, cwd=place.folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[0]
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                assert b"A demonstration" in answer.read()
        finally:
            server.terminate()


def test_quiet_says_nothing(place: Place) -> None:
    quiet = place.run("build", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
