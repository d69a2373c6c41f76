"""Builds of a site that are killed, run out of disk, or meet one another: visitors see the old site or the new one, whole."""

import json
import os
import resource
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.models.tokenizer import Tokenizer
from reportgen.site.build import Kept, write_site
from reportgen.site.links import check_links
from reportgen.site.lock import building
from reportgen.site.manifest import TOKEN
from reportgen.site.project import Site
from reportgen.site.serve import site_server
from tests import even
from tests.even import OTHER, STUDY, Weekly
from tests.killing_sites import PAGES, generation_of, pages
from tests.place import contents

ROOT, KILLS = Path(__file__).parents[2], 51


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of the first generation."""
    made = Site.at(tmp_path / "site", "pandoc")
    write_site(made, pages(1))
    return made


@dataclass
class Visitor(threading.Thread):
    """Reads the site by HTTP again and again, and keeps what was amiss."""

    address: str
    stopped: threading.Event = field(default_factory=threading.Event)
    rounds: int = 0
    latest: int = 0
    amiss: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Go round until stopped."""
        while not self.stopped.is_set():
            for page in PAGES:
                self._look(page)
                self.stopped.wait(0.02)
            for name in ("assets/page.css", "assets/page.js", "studies/one/data/39.json", "search.json", "site.json"):
                self._get(name)
            self.rounds += 1

    def _look(self, page: str) -> None:
        """A whole page of one generation, and of none that was gone already."""
        try:
            generation = generation_of(self._get(page).decode())
        except (AssertionError, ValueError) as error:
            self.amiss.append(f"{page}: {error!r}")
            return
        if generation < self.latest:
            self.amiss.append(f"{page}: {generation} after {self.latest}")
        self.latest = generation

    def _get(self, name: str) -> bytes:
        try:
            with urllib.request.urlopen(self.address + name, timeout=20) as answer:
                content: bytes = answer.read()
        except OSError as error:
            self.amiss.append(f"{name}: {error!r}")
            return b""
        if not content:
            self.amiss.append(f"{name}: empty")
        return content


@contextmanager
def visited(site: Site) -> Iterator[Visitor]:
    """Somebody who reads the site as long as the block lasts."""
    with site_server(site.published, 0, "/repo/") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        visitor = Visitor(f"http://127.0.0.1:{server.server_port}/repo/")
        visitor.start()
        yield visitor
        visitor.stopped.set()
        visitor.join(30)
        server.shutdown()


def test_builds_killed_at_random_moments_leave_the_old_site_or_the_new_one(site: Site) -> None:
    command = [sys.executable, "-m", "tests.killing_sites", str(site.folder), str(KILLS)]
    with visited(site) as visitor:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert visitor.amiss == []
    assert visitor.rounds > KILLS
    seen = json.loads(done.stdout)
    assert sum(seen["killed"].values()) == KILLS
    assert min(seen["killed"].values()) >= 10
    before = 0
    for wanted, *found in seen["generations"]:
        assert len(set(found)) == 1, "the pages on the disk are of one generation"
        assert before <= found[0] <= wanted
        before = found[0]
    assert seen["generations"][-1][0] == before == visitor.latest
    arrived = [wanted == found[0] for wanted, *found in seen["generations"]]
    assert 3 < sum(arrived) < len(arrived) - 20, "some were killed before the new site stood, and some after"
    write_site(site, [Kept(card) for card in site.cards().values()])
    assert list(site.folder.glob(".build-*")) == [], (
        "a pandoc that outlived its build may have kept its folder till now"
    )
    assert all(site.holds(study) for study in site.cards())
    assert check_links(site.published) == ()


HOLDS = """
import sys
from pathlib import Path
from reportgen.site.lock import building
with building(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_whoever_looks_while_a_build_is_between_its_two_swaps_leaves_its_project_alone(site: Site) -> None:
    (site.project / TOKEN).write_text("of the build before")
    command = [sys.executable, "-c", HOLDS, str(site.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as build:
        assert build.stdout is not None
        assert build.stdout.readline() == "held\n"
        assert set(site.cards()) == {"one", "two"}
        assert site.project.is_dir()
        build.communicate("\n")
    assert set(site.cards()) == {"one", "two"}
    assert not site.project.exists(), "nobody is at work any more: it is what a killed build left"


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """A disk on which no file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def kept(site: Site) -> dict[str, bytes]:
    """All of the site's folder but who built last."""
    return {name: content for name, content in contents(site.folder).items() if not name.startswith(".lock/")}


def test_a_disk_that_fills_up_is_told_with_the_file_and_leaves_all_as_it_was(site: Site) -> None:
    before = kept(site)
    [first, second] = pages(2)
    large = replace(second, files={"numbers.csv": b"n\n" * 1_500_000})
    asset = site.published / "assets" / "plotly.js"
    for size, file in (
        (2_000_000, "_qmd/studies/two/numbers.csv"),
        (asset.stat().st_size - 1, "_qmd/assets/plotly.js"),
    ):
        with full_at(size), pytest.raises(StudyError) as refused:
            write_site(site, [first, large])
        assert str(refused.value).startswith(f"{site.folder / file}: the site cannot be written (")
        assert "File too large" in str(refused.value)
        assert str(refused.value).endswith("). It stays as it was.")
        assert kept(site) == before
    write_site(site, [first, large])
    assert generation_of((site.published / PAGES[0]).read_text()) == 2


def started(weekly: Weekly, *command: str) -> "subprocess.Popen[str]":
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "reportgen", *command],
        cwd=weekly.folder,
        env={**os.environ, **weekly.environment(1)},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_build_leaves_what_another_has_published_since_it_began_and_waits_its_turn(
    tmp_path: Path, smollm_tokenizer: Tokenizer
) -> None:
    weekly = Weekly.begin(tmp_path, smollm_tokenizer)
    assert weekly.run("build", week=0).exit_code == 0
    other = weekly.folder / "specs" / f"{OTHER}.yml"
    other.unlink()
    os.mkfifo(other)  # whoever reads this spec waits for someone to write it
    waiting = started(weekly, "build", str(other))
    with other.open("w") as writing:  # opens as soon as the build reads, which has seen what is published by then
        weekly.write(even.spec(title="Landmarks again"))
        assert weekly.run("build", f"specs/{STUDY}.yml", week=1).exit_code == 0
        writing.write(even.spec(study=OTHER, title="Sights again"))
    _, said = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, said
    other.unlink()
    weekly.write(even.spec(study=OTHER, title="Sights again"), OTHER)
    cards = weekly.site.cards()
    assert {study: card.title for study, card in cards.items()} == {STUDY: "Landmarks again", OTHER: "Sights again"}
    for study, card in cards.items():
        assert f'<h1 class="title">{card.title}</h1>' in weekly.page(f"studies/{study}/index")
        assert card.title in weekly.page("index")
    before = kept(weekly.site)
    with building(weekly.site.folder, "reportgen calibrate"):
        refused = started(weekly, "build")
        _, said = refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert said.count(": unchanged") == 2
    assert f"`reportgen calibrate` (process {os.getpid()}) has been at work on this site since" in said
    assert kept(weekly.site) == before
    assert weekly.run("build", week=1).exit_code == 0
    assert kept(weekly.site) == before
