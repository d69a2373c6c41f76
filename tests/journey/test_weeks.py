"""A site week after week by the real command line: a fact changes, a run is repeated, numbers move, a study fails and is
mended, a record is damaged, a clock goes backwards; and what its pages say of it to whoever looks them up."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reportgen.history.record import RunRecord
from reportgen.models.tokenizer import Tokenizer
from reportgen.site.links import check_links
from reportgen.site.serve import site_server
from tests import even
from tests.browser import visiting
from tests.even import HEADS, LONG, MOVED, OTHER, STUDY, Weekly, day
from tests.place import contents

INTERVAL = r"−?\d+\.\d \[−?\d+\.\d, −?\d+\.\d\]"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> Weekly:
    """The site of the first week, with two studies of the same facts; built once, and copied by whoever goes on."""
    weekly = Weekly.begin(tmp_path_factory.mktemp("begun"), smollm_tokenizer)
    built = weekly.run("build", week=0)
    assert built.exit_code == 0, built.stderr
    return weekly


@pytest.fixture
def weekly(begun: Weekly, tmp_path: Path) -> Weekly:
    return begun.copy(tmp_path)


@contextmanager
def served(weekly: Weekly) -> Iterator[str]:
    """The site's address below a path of its host, as long as the block lasts."""
    with site_server(weekly.site.published, 0, "/repo/") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/repo/"
        server.shutdown()


def told(page: Page, day: str) -> str:
    """What a page of changes says under a day."""
    return page.locator(".change").filter(has_text=day).first.inner_text()


def test_a_changed_fact_is_told_with_the_heads_that_it_cost(weekly: Weekly, browser: Browser) -> None:
    with served(weekly) as address:
        with visiting(browser, address) as visit:
            visit.page.get_by_role("link", name="Landmarks and their cities").first.click()
            expect(visit.page.locator(".lead").first).to_contain_text("Of 6 heads, 6 give")
            visit.page.get_by_role("link", name="History").click()
            expect(visit.page.locator(".lead")).to_contain_text("is the first")
            assert visit.complaints == []
        kept = weekly.site.published / "studies" / OTHER / "index.html"
        inode = kept.stat().st_ino

        weekly.write(even.spec(MOVED))
        changed = weekly.run("regenerate", week=0.5)
        assert changed.exit_code == 10, changed.stderr
        assert "capturing 1 statement (15 are in the store)" in changed.stderr
        assert kept.stat().st_ino == inode, "the page of the study that nobody touched is the file that it was"

        with visiting(browser, f"{address}changes.html") as visit:
            entry = told(visit.page, day(0.5))
            assert f"Eiffel Tower, located in: Paris → {LONG}" in entry
            assert "facts.items" not in entry
            assert "0 heads found, 6 before" in entry
            for head in HEADS:
                assert re.search(rf"{head} {INTERVAL} → {INTERVAL}", entry), entry
            visit.page.get_by_role("link", name="Landmarks and their cities").first.click()
            expect(visit.page).to_have_url(re.compile(r"/repo/studies/landmarks/history\.html#run-\d+$"))
            entry = told(visit.page, day(0.5))
            assert f"Eiffel Tower, located in: Paris → {LONG}" in entry
            for head in HEADS:
                assert re.search(rf"{head}\s+lost\s+{INTERVAL}\s+0\.\d+\s+{INTERVAL}\s+0\.\d+", entry), entry
            visit.page.get_by_role("link", name="the study", exact=True).click()
            expect(visit.page.locator("main")).to_contain_text(LONG)
            assert visit.complaints == []
            assert [url for url in visit.requests if not url.startswith((address, "data:"))] == []
    assert check_links(weekly.site.published) == ()

    before = {
        path: path.stat().st_mtime_ns for path in (weekly.folder / "site").rglob("*") if ".lock" not in path.parts
    }
    again = subprocess.run(
        [sys.executable, "-m", "reportgen", "regenerate"],
        cwd=weekly.folder,
        env={**os.environ, **weekly.environment(0.6)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert again.returncode == 0, again.stderr
    assert "2 unchanged" in again.stdout
    after = {path: path.stat().st_mtime_ns for path in (weekly.folder / "site").rglob("*") if ".lock" not in path.parts}
    assert after == before


def cards(weekly: Weekly, browser: Browser) -> str:
    """A line for each study on the first page: what it is called and how it stands."""
    with visiting(browser, weekly.site.published / "index.html") as visit:
        shown = [card.inner_text().split("\n") for card in visit.page.locator(".cards > li").all()]
    return "\n".join(f"{lines[0]}: {lines[-1]}" for lines in shown)


def shifted(folder: Path, by: float) -> None:
    """Have the last run of a history claim another effect for its first head, in a file that vouches for itself."""
    last = max(folder.iterdir())
    record = RunRecord.from_bytes(last.read_bytes())
    data = json.loads(record.to_bytes())
    for column in ("effect", "low", "high"):
        data["contrasts"][0][column][0] = round(data["contrasts"][0][column][0] + by, 6)
    content = RunRecord.from_bytes(json.dumps(data).encode()).to_bytes()
    last.unlink()
    last.with_name(f"{last.name[:18]}-{hashlib.sha256(content).hexdigest()[:8]}.json").write_bytes(content)


def test_a_run_a_week_later_reproduces_its_numbers_or_raises_an_alarm(weekly: Weekly, browser: Browser) -> None:
    again = weekly.run("regenerate", "specs/landmarks.yml", week=1)
    assert again.exit_code == 0, again.stderr
    assert "captured anew for the sake of its age" in again.stderr
    assert "capturing 16 statements: " in again.stderr
    assert list(weekly.cache.glob(".fresh-*")) == []
    assert f"Reproduced every number of {day(0)} exactly." in weekly.page("changes")
    assert f"Landmarks and their cities: fresh, reproduced exactly on {day(1)}" in cards(weekly, browser)

    shifted(weekly.site.history.root / STUDY / "runs", 0.002)
    alarm = weekly.run("regenerate", "--max-age", "0d", "specs/landmarks.yml", week=1.5)
    assert alarm.exit_code == 3, alarm.stderr
    assert f"{STUDY}: alarm: on {day(1.5)} the same inputs gave other numbers than on {day(1)}" in alarm.stderr
    how = r"effects moved by up to 0\.2 points \(L0H0; \d+[ \xa0]% of half the width of its interval\)"
    assert re.search(how, alarm.stdout)
    for name in ("changes", f"studies/{STUDY}/history"):
        assert re.search(f"The same inputs gave other numbers than on {day(1)}: {how}", weekly.page(name)), name
    assert f"Landmarks and their cities: alarm: on {day(1.5)} the same inputs gave other" in cards(weekly, browser)
    assert weekly.run("regenerate", week=1.6).exit_code == 3, "an alarm stands until a run comes without"

    calm = weekly.run("regenerate", "--max-age", "0d", "specs/landmarks.yml", week=2)
    assert calm.exit_code == 0, calm.stderr
    assert "the same inputs had given other numbers than before" in weekly.page(f"studies/{STUDY}/history")
    assert check_links(weekly.site.published) == ()


def test_a_study_that_fails_keeps_its_page_and_says_since_when_until_it_is_mended(
    weekly: Weekly, browser: Browser
) -> None:
    weights = weekly.folder / "model" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    for week in (1, 2):
        failed = weekly.run("regenerate", "specs/landmarks.yml", week=week)
        assert failed.exit_code == 1
        assert "no safetensors file (cut short" in failed.stderr
        assert "Traceback" not in failed.stderr
        page = weekly.page(f"studies/{STUDY}/index")
        assert f"This page is from an earlier run; the study fails since {day(1)}" in page
        assert "6 of 6 heads attend to the subject differently" in page
        assert f"Landmarks and their cities: failing since {day(1)}: " in cards(weekly, browser)
        assert "no safetensors file (cut short" in weekly.page("changes")
        assert check_links(weekly.site.published) == ()
    weights.write_bytes(whole)
    mended = weekly.run("regenerate", "specs/landmarks.yml", week=3)
    assert mended.exit_code == 0, mended.stderr
    assert "earlier run; the study fails" not in weekly.page(f"studies/{STUDY}/index")
    assert "failing" not in weekly.page("index")
    assert f"Reproduced every number of {day(0)} exactly." in weekly.page("changes")
    assert f"1 run had failed before it, since {day(1)}." in weekly.page("changes")
    assert f"Landmarks and their cities: fresh, reproduced exactly on {day(3)}" in cards(weekly, browser)
    assert check_links(weekly.site.published) == ()


def test_a_damaged_record_is_set_aside_and_a_clock_that_goes_backwards_is_told(weekly: Weekly) -> None:
    runs = weekly.site.history.root / STUDY / "runs"
    weekly.write(even.spec(MOVED))
    assert weekly.run("regenerate", week=0.2).exit_code == 10
    damaged = max(runs.iterdir())
    damaged.write_bytes(damaged.read_bytes()[:-100])

    weekly.write(even.spec(title="Landmarks once more"))
    after = weekly.run("regenerate", week=0.4)
    assert after.exit_code == 0, after.stdout
    page = weekly.page(f"studies/{STUDY}/history")
    assert f"{damaged.name}</span> was cut short or changed after it was written" in page
    assert f"again. On {day(0.2)}" not in page
    assert len(weekly.site.history.runs(STUDY).records) == 2

    weekly.write(even.spec(MOVED))
    backwards = weekly.run("regenerate", week=-1)
    assert backwards.exit_code == 10, backwards.stderr
    page = weekly.page(f"studies/{STUDY}/history")
    assert "A clock went backwards" in page
    assert [record.day for record in weekly.site.history.runs(STUDY).records] == [day(-1), day(0), day(0.4)]
    assert LONG in weekly.page(f"studies/{STUDY}/index")
    right_again = weekly.run("regenerate", week=0.5)
    assert right_again.exit_code == 0, right_again.stderr
    assert "2 unchanged" in right_again.stdout
    assert check_links(weekly.site.published) == ()


def test_a_site_made_anew_at_the_same_moment_from_the_same_store_is_the_same_to_the_byte(weekly: Weekly) -> None:
    assert weekly.run("build", "--site", "again", week=0).exit_code == 0
    one, two = (contents(weekly.folder / name) for name in ("site", "again"))
    made = {name for name in one if name.startswith(("_site/", "_qmd/", "history/"))}
    assert len(made) > 100
    assert {name for name in made if one[name] != two.get(name)} == set()
    assert made == {name for name in two if name.startswith(("_site/", "_qmd/", "history/"))}
