"""`build --profile` on the real model: a table and a trace for each study, and no cost where nothing is to be done."""

import json
import re
from pathlib import Path

import pytest

from tests.place import QUICK, SMOLLM, Place

FACTS = """
    - {subject: France, relation: r, object: Paris}
    - {subject: Italy, relation: r, object: Rome}
    - {subject: Japan, relation: r, object: Tokyo}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Place:
    """A folder with two studies, the second of which has statements of the first."""
    place = Place.begin(tmp_path_factory.mktemp("profiled"), smollm_weights)
    for study in ("one", "two"):
        (place.folder / "specs" / f"{study}.yml").write_text(
            f"study: {{id: {study}, title: Study {study}}}\nmodel: {SMOLLM}\nfacts:\n  relations:\n"
            f'    r: {{template: "The capital of {{subject}} is {{object}}"}}\n  items:{FACTS}\n{QUICK}'
        )
    return place


def test_each_study_has_a_table_and_a_trace(place: Place) -> None:
    built = place.run("build", "--profile")
    assert built.returncode == 0, built.stderr
    one, two = re.findall(r"^(?:one|two): where (\d+\.\d) s went.*\n((?:  .*\n)+)", built.stderr, re.MULTILINE)
    rows = {line.split("  ")[1].strip() or line.split("  ")[2].strip(): line for line in one[1].splitlines()}
    stages = ("plan", "scores", "knowledge", "tests", "robustness", "controls", "attention", "page", "between stages")
    assert [name for name in rows if name in stages] == list(stages)
    assert re.search(r"saved \d+\u00a0% of \d+ tokens", rows["scores"])
    assert re.search(r"6 statements, \d+/s; \d+\u00a0% of \d+\.\d s in matrix products", rows["capture"])
    assert "nothing was captured" in two[1]
    assert "capture  " not in two[1]
    traced = json.loads((place.folder / "profile-one.json").read_text())["traceEvents"]
    assert {"scores", "capture", "aten::bmm"} <= {event["name"] for event in traced}
    assert str(place.folder / "profile-two.json") in built.stderr


def test_a_profile_of_nothing_is_a_line_and_imports_nothing_heavy(place: Place) -> None:
    again = place.run("build", "--profile", python=("-X", "importtime"))
    assert re.search(r"^one: \d+\.\d s, memory [\d,]+ MB at most$", again.stderr, re.MULTILINE)
    assert "torch" not in {line.rsplit("|", 1)[-1].strip() for line in again.stderr.splitlines()}


def test_a_profile_changes_nothing_on_the_page(place: Place) -> None:
    page = place.page("one").read_bytes()
    plain = place.run("build", "--site", str(place.folder / "other"))
    assert plain.returncode == 0, plain.stderr
    assert "where" not in plain.stderr
    assert (place.folder / "other" / "_site" / "studies" / "one" / "index.html").read_bytes() == page
