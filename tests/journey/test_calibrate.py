"""The proof of a study's error rate: counted on the real model's scores, published, kept and dropped by rebuilds."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import visiting
from tests.place import SMOLLM, Place

CAPITALS = (
    *("France Paris", "Italy Rome", "Japan Tokyo", "Spain Madrid", "Egypt Cairo", "Cuba Havana", "Peru Lima"),
    *("Kenya Nairobi", "Norway Oslo", "Greece Athens", "Russia Moscow", "Austria Vienna", "Ireland Dublin"),
)


def spec(alpha: str = "0.05", abstract: str = "A.") -> str:
    items = "".join(
        f"    - {{subject: {subject}, relation: r, object: {object_}}}\n"
        for subject, object_ in map(str.split, CAPITALS)
    )
    return (
        f"study: {{id: s, title: T, abstract: {abstract}}}\nmodel: {SMOLLM}\nfacts:\n  relations:\n"
        f'    r: {{template: "The capital of {{subject}} is {{object}}"}}\n  items:\n{items}'
        f"tests: {{resamples: 500, alpha: {alpha}}}\n"
        "robustness: {query_positions: [], aggregations: [], tests: [], corrections: [], prepend_bos: [], facts: []}\n"
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Place:
    """A small study, built and calibrated."""
    place = Place.begin(tmp_path_factory.mktemp("calibrated"), smollm_weights)
    write(place, spec())
    for command in (("build",), ("calibrate", "specs/s.yml", "--draws", "100")):
        done = place.run(*command)
        assert done.returncode == 0, done.stderr
    assert "calibrating: 225 data sets" in done.stderr
    assert "In 100 data sets in which no head differs, the study's procedure found some in " in done.stderr
    return place


def write(place: Place, text: str) -> None:
    (place.folder / "specs" / "s.yml").write_text(text)


def rebuilt(place: Place, text: str) -> None:
    write(place, text)
    done = place.run("build")
    assert done.returncode == 0, done.stderr


def page(place: Place) -> Path:
    return place.page("s").with_name("calibration.html")


def test_the_page_leads_to_its_study_and_its_numbers_and_draws_them(place: Place, browser: Browser) -> None:
    with visiting(browser, page(place)) as visit:
        visited = visit.page
        visited.locator("#fig-calibration-rates .plot").scroll_into_view_if_needed()
        visited.wait_for_selector("#fig-calibration-rates .plot-drawn")
        assert visited.locator("#fig-calibration-rates .plot-canvas .points path").count() == 50
        assert "100 data sets" in visited.inner_text("main .lead")
        assert "Of heads of which only the means are equal the same procedure found some in" in visited.inner_text(
            "main .lead"
        )
        assert visited.locator("#tbl-means tbody tr").count() == 10
        for link in visited.locator("main a[download]").all():
            assert (page(place).parent / str(link.get_attribute("href"))).is_file()
        visited.click("text=Back to the study")
        visited.click(".pages >> text=Calibration")
        assert visited.url.endswith("calibration.html")
        visited.goto((place.site / "calibration.html").as_uri())
        assert "In 100 data sets in which no head differs, the study's procedure found" in visited.inner_text("main")
        assert not visit.complaints
    with (page(place).parent / "calibration" / "rates.csv").open() as file:
        rates = {(row["test"], row["correction"]): row for row in csv.DictReader(file)}
    assert rates["paired_t", "max_t"]["promise"] in ("held", "cautious")
    assert float(rates["paired_t", "none"]["found_any"]) > 0.5


def test_a_page_that_stands_is_not_counted_again_and_a_new_count_gives_the_same_page(place: Place) -> None:
    before = page(place).read_bytes()
    again = place.run("calibrate", "specs/s.yml", "--draws", "100")
    assert again.returncode == 0
    assert "calibrated already" in again.stderr
    assert "calibrating" not in again.stderr
    (page(place).parent / "calibration" / "page-key.txt").unlink()
    anew = place.run("calibrate", "specs/s.yml", "--draws", "100", "--quiet")
    assert (anew.returncode, anew.stdout, anew.stderr) == (0, "", "")
    assert page(place).read_bytes() == before


def test_a_rebuild_keeps_the_page_where_nothing_changed_that_it_depends_on_and_drops_it_otherwise(
    place: Place,
) -> None:
    before = (page(place).parent / "calibration" / "rates.csv").read_bytes()
    rebuilt(place, spec(abstract="B."))
    assert "calibration.html" in place.page("s").read_text()
    assert (page(place).parent / "calibration" / "rates.csv").read_bytes() == before
    rebuilt(place, spec(alpha="0.01"))
    assert "calibration.html" not in place.page("s").read_text()
    assert not page(place).exists()
