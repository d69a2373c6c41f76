"""A family of studies from one spec, by the real command line: its pages, the page that compares them, what becomes of a study
that fails and of a spec that is broken, and keys that are set otherwise."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from reportgen.history.folder import History
from reportgen.report.family_member import FILE, FamilyMember
from reportgen.site.links import check_links
from tests.browser import visiting
from tests.landmarks import SPEC
from tests.place import Place

FAMILY = """\
version: 1
extends: shared/landmarks.yml
study: {id: many, title: Landmarks in many ways}
matrix:
  model: {here: {}, gone: {package: null, file: null, folder: nowhere}}
  tests.alpha: {strict: 0.01, lax: 0.2}
"""
CELLS = ("here-strict", "here-lax", "gone-strict", "gone-lax")


def begin(place: Place, family: str = FAMILY) -> None:
    (place.folder / "specs" / "shared").mkdir(exist_ok=True)
    (place.folder / "specs" / "shared" / "landmarks.yml").write_text(SPEC)
    (place.folder / "specs" / "many.yml").write_text(family)


def page(place: Place, name: str) -> str:
    return (place.site / name).read_text()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, landmarks_cache: Path) -> Place:
    """A family of four, of which two have no model, and a study beside it."""
    place = Place.knowing(tmp_path_factory.mktemp("families"), landmarks_cache)
    begin(place)
    (place.folder / "specs" / "landmarks.yml").write_text(SPEC)
    done = place.run("build")
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("model.folder: there is no folder specs/nowhere") == 2
    assert "Traceback" not in done.stderr
    return place


def test_a_check_lists_every_study_of_the_family(built: Place) -> None:
    done = built.run("check", "specs/many.yml", "--set", "matrix.model.gone=")
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stderr.splitlines() if "statements," in line] == [
        "specs/many.yml#here-strict",
        "specs/many.yml#here-lax",
    ]


def test_every_study_stands_on_its_own_feet_and_one_page_compares_them(built: Place) -> None:
    assert [path.name for path in sorted((built.site / "studies").iterdir())] == [
        "landmarks",
        "many-here-lax",
        "many-here-strict",
    ]
    family = page(built, "families/many.html")
    for study, name in (("many-here-lax", "here, lax"), ("many-here-strict", "here, strict")):
        assert f'<a href="../studies/{study}/index.html">{name}</a>' in family
        assert 'href="../../families/many.html"' in page(built, f"studies/{study}/index.html")
        assert f"many.yml#{study.removeprefix('many-')}" in page(built, f"studies/{study}/index.html")
    assert 'href="families/many.html"' in page(built, "studies.html")
    assert "families/many.html" not in page(built, "studies/landmarks/index.html")
    assert check_links(built.site) == ()


def test_the_page_shows_what_the_studies_have_published(built: Place) -> None:
    family = page(built, "families/many.html")
    for study in ("many-here-lax", "many-here-strict"):
        member = FamilyMember.from_json((built.site / "studies" / study / FILE).read_bytes())
        assert member is not None
        with (built.site / "studies" / study / "heads-truth.csv").open(newline="") as stream:
            heads = list(csv.DictReader(stream))
        assert member.contrast.effect == pytest.approx([float(head["effect"]) for head in heads], rel=1e-5)
        assert len(member.contrast.found) == sum(head["verdict"] == "differs" for head in heads)
        assert f">{len(member.contrast.found)} of {member.contrast.tested}<" in family
    assert not (built.site / "studies" / "landmarks" / FILE).exists()


def test_the_figures_are_drawn_and_the_page_finds_its_way_into_the_search(built: Place, browser: Browser) -> None:
    with visiting(browser, built.site / "families" / "many.html") as visit:
        visit.page.wait_for_function("document.querySelectorAll('.plot .main-svg').length >= 2")
        assert visit.page.locator(".plot-wait:visible").count() == 0
    assert "Landmarks in many ways" in page(built, "search.json")


def test_each_study_of_the_family_is_its_own_spec(built: Place, tmp_path: Path) -> None:
    folder = built.site / "studies" / "many-here-lax"
    text = (folder / "many-here-lax.yml").read_text()
    assert text.startswith("# Written out by reportgen from many.yml#here-lax, which extends shared/landmarks.yml.\n")
    assert str(built.folder) not in text
    alone = Place.knowing(tmp_path, built.cache)
    (alone.folder / "specs" / "alone.yml").write_text(text)
    assert alone.run("build").returncode == 0
    again = alone.site / "studies" / "many-here-lax"
    assert (again / "heads-truth.csv").read_bytes() == (folder / "heads-truth.csv").read_bytes()
    assert (again / FILE).read_bytes() == (folder / FILE).read_bytes()


def test_what_is_not_changed_is_not_built_again_and_one_study_can_be_built_alone(built: Place) -> None:
    done = built.run("build", "specs/many.yml#here-lax")
    assert done.returncode == 0, done.stderr
    assert "many-here-lax: unchanged" in done.stderr
    assert "strict" not in done.stderr


def test_a_spec_that_breaks_keeps_the_pages_of_all_its_studies(landmarks_cache: Path, tmp_path: Path) -> None:
    place = Place.knowing(tmp_path, landmarks_cache)
    begin(place, FAMILY.replace("  model: {here: {}, gone: {package: null, file: null, folder: nowhere}}\n", ""))
    assert place.run("build").returncode == 0
    (place.folder / "specs" / "many.yml").write_text(FAMILY.replace("lax: 0.2", "lax: 2"))
    done = place.run("build")
    assert done.returncode == 2
    assert done.stderr.count("specs/many.yml:6:36: `tests.alpha` must be") == 1
    for cell in ("strict", "lax"):
        assert "This page is from an earlier run" in page(place, f"studies/many-{cell}/index.html")
    assert "these studies fail just now" in page(place, "families/many.html")


def test_a_key_that_is_set_otherwise_is_on_the_page_and_in_the_history(landmarks_cache: Path, tmp_path: Path) -> None:
    place = Place.knowing(tmp_path, landmarks_cache)
    (place.folder / "specs" / "landmarks.yml").write_text(SPEC)
    assert place.run("build").returncode == 0
    changed = place.run("build", "--set", "tests.alpha=0.2", "--set", "study.title=It's <other>")
    assert changed.returncode == 0, changed.stderr
    shown = page(place, "studies/landmarks/index.html")
    assert "It’s &lt;other&gt;" in shown or "It's &lt;other&gt;" in shown
    assert "build landmarks.yml --set tests.alpha=0.2" in re.sub(r"<[^>]+>", "", shown)
    assert (
        (place.site / "studies/landmarks/landmarks.yml")
        .read_text()
        .startswith("# Written out by reportgen from landmarks.yml")
    )
    first, second = History(place.folder / "site" / "history").runs("landmarks").records
    assert first.inputs is not None
    assert second.inputs is not None
    assert (first.inputs.spec["tests"]["alpha"], second.inputs.spec["tests"]["alpha"]) == (0.05, 0.2)
    assert "tests.alpha" in page(place, "studies/landmarks/history.html")
    assert place.run("build").returncode == 0
    assert (place.site / "studies/landmarks/landmarks.yml").read_text() == SPEC


def test_a_family_is_captured_study_by_study_and_compared_where_it_is_rendered(built: Place, tmp_path: Path) -> None:
    lock = built.run("lock", "specs/many.yml#here-lax")
    assert lock.returncode == 0, lock.stderr
    assert (built.folder / "specs" / "many.here-lax.lock.json").is_file()
    captured = built.run("capture", "specs/many.yml", "--set", "matrix.model.gone=", "--to", str(tmp_path / "results"))
    assert captured.returncode == 0, captured.stderr
    inputs = tmp_path / "results" / "many-here-lax" / "inputs"
    assert sorted(path.name for path in inputs.iterdir()) == ["many-here-lax.lock.json", "many-here-lax.yml"]
    there = Place(tmp_path, tmp_path / "no-cache")
    rendered = there.run("render")
    assert rendered.returncode == 0, rendered.stderr
    rows = [re.findall(r"<tr.*?</tr>", page(place, "families/many.html"), re.DOTALL) for place in (built, there)]
    assert rows[0] == rows[1]
    assert "locked on" in page(there, "studies/many-here-lax/index.html")
    assert "locked on" not in page(there, "studies/many-here-strict/index.html")
    refused = there.run("build", "results/many-here-lax", "--set", "tests.alpha=0.1")
    assert refused.returncode == 1
    assert "these are results, of which nothing can be set otherwise" in refused.stderr
