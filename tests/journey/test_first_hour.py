"""The first hour: an empty folder, a spec from `init`, its plan, its page, and the plan of what changed since."""

import json
import re
from pathlib import Path

import pytest

from reportgen.spec.schema import PUBLISHED, spec_schema
from tests.place import Place

QUICK = (
    "robustness: {query_positions: [], aggregations: [], tests: [], corrections: [], prepend_bos: [], facts: []}\n"
    "report: {examples: 2}\n"
)
HEAVY = {"torch", "transformer_lens", "transformers", "plotly"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Place:
    return Place.begin(tmp_path_factory.mktemp("place"), smollm_weights)


@pytest.fixture(scope="module")
def begun(place: Place) -> Path:
    """A folder of its own, with the spec of a small study in it."""
    started = place.run("init", "heads", "--id", "first")
    assert started.returncode == 0, started.stderr
    assert "heads/specs/first.yml is written: 24 statements" in started.stdout
    assert "cd heads && reportgen check specs/first.yml, then reportgen build specs/first.yml" in started.stdout
    spec = place.folder / "heads" / "specs" / "first.yml"
    spec.write_text(spec.read_text() + QUICK)
    return place.folder / "heads"


def check(place: Place, begun: Path, *arguments: str) -> dict[str, str]:
    """What `check` tells, by what it is about; lines without a name of their own go on the one before."""
    done = place.run("check", *arguments, python=("-X", "importtime"), at=begun)
    assert done.returncode == 0, done.stderr
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "reportgen.planned_work" in imported
    assert not imported & HEAVY
    rows = [line for line in done.stderr.splitlines() if re.match(r"  (?! {0,2}import)", line)]
    told: dict[str, str] = {}
    name = ""
    for row in rows:
        named = re.match(r"  (\w+) +(.*)", row)
        if named is not None:
            name = named[1]
        told[name] = f"{told.get(name, '')} {named[2] if named is not None else row.strip()}".strip()
    return told


def test_the_plan_says_what_will_be_run_before_anything_is(place: Place, begun: Path) -> None:
    told = check(place, begun)
    assert told["model"] == "SmolLM2-135M-Instruct.Q4_1, 30 layers of 9 heads, 135 M weights, float32"
    assert re.fullmatch(r"24 token sequences to capture: 1 forward pass over \d+ tokens", told["scores"])
    assert told["knowledge"] == "12 facts to ask about"
    assert re.search(r"about \d+ s for scores and experiments, guessed", told["time"])
    assert re.fullmatch(r"about 0\.[5-9] GB for weights and a forward pass", told["memory"])
    assert told["page"] == "new: this study has not been built here"
    assert not (begun / "site").exists()


def test_what_is_planned_is_built_and_then_nothing_is_left(place: Place, begun: Path) -> None:
    built = place.run("build", at=begun)
    assert built.returncode == 0, built.stderr
    assert "capturing 24 statements" in built.stderr
    told = check(place, begun)
    assert told["scores"] == "24 of 24 token sequences kept"
    assert told["knowledge"] == "12 of 12 facts kept"
    assert told["page"] == "unchanged: a build will leave it as it is"
    assert not {"time", "memory"} & set(told)


def test_what_changed_is_named_and_only_what_it_asks_for_is_planned(place: Place, begun: Path) -> None:
    spec = begun / "specs" / "first.yml"
    whole = spec.read_text()
    try:
        spec.write_text(
            whole.replace("alpha: 0.05", "alpha: 0.01").replace("title: Landmarks", "title: Some landmarks")
        )
        told = check(place, begun)
        assert told["scores"] == "24 of 24 token sequences kept"
        assert told["page"].startswith("made anew: something changed since the build of ")
        assert "tests.alpha: 0.05 → 0.01" in told["page"]
        assert "study.title: Landmarks and their cities → Some landmarks" in told["page"]
        spec.write_text(whole + "# a remark\n")
        assert "that moves no number" in check(place, begun)["page"]
        spec.write_text(whole.replace("subject: Big Ben", "subject: Tower Bridge"))
        told = check(place, begun)
        assert re.match(r"22 kept, 2 token sequences to capture: 1 forward pass over \d+ tokens", told["scores"])
        assert told["knowledge"] == "1 fact to ask about, 11 kept"
        assert "as fast as it was here before" in told["time"]
        assert "fact" in told["page"]
        assert "Tower Bridge" in told["page"]
        assert "first 3 facts alone" in check(place, begun, "--limit", "3")["page"]
    finally:
        spec.write_text(whole)


def test_the_site_carries_the_schema_of_its_specs(begun: Path) -> None:
    published = begun / "site" / "_site" / "assets" / PUBLISHED
    assert json.loads(published.read_text()) == spec_schema()
    assert published.read_bytes() == (begun / "specs" / "schema.json").read_bytes()
    assert f'href="assets/{PUBLISHED}"' in (begun / "site" / "_site" / "spec-reference.html").read_text()
