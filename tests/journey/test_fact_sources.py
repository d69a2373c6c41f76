"""Facts from a folder of files and from the hub: captured here, rendered where neither hub nor cache is, and never read from
outside of results."""

import json
import re
import shutil
from pathlib import Path

import pytest

from reportgen.models.tokenizer import Tokenizer
from tests import small
from tests.place import QUICK, Place

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CAPITALS = (
    ("Peru", "Lima"),
    ("Norway", "Oslo"),
    ("Italy", "Rome"),
    ("France", "Paris"),
    ("Spain", "Madrid"),
    ("Russia", "Moscow"),
    ("Japan", "Tokyo"),
    ("Cuba", "Havana"),
    ("Iraq", "Baghdad"),
)
PARAREL = f"""
study: {{id: pararel, title: Patterns}}
model: {{folder: ../tiny}}
facts: {{file: ../data/trex_lms_vocab/P36.jsonl, format: pararel}}
{QUICK}"""
HUB = f"""
study: {{id: hub, title: From the hub}}
model: {{folder: ../tiny}}
facts:
  dataset: {{name: me/capitals}}
  columns: {{subject: land, object: city}}
  relations: {{capital: {{template: "The capital of {{subject}} is {{object}}"}}}}
{QUICK}"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, smollm_tokenizer: Tokenizer) -> Place:
    """A small model, ParaRel's files, and a hub's cache with one data set, all captured."""
    folder = tmp_path_factory.mktemp("here")
    for name in ("specs", "cache", "data/trex_lms_vocab", "data/pattern_data/graphs_json"):
        (folder / name).mkdir(parents=True)
    small.save_model(folder / "tiny", smollm_tokenizer)
    facts = [{"sub_label": land, "obj_label": city} for land, city in CAPITALS]
    (folder / "data/trex_lms_vocab/P36.jsonl").write_text("\n".join(map(json.dumps, [*facts, {"sub_label": "Chad"}])))
    patterns = ("The capital of [X] is [Y].", "[X], whose capital is [Y].")
    (folder / "data/pattern_data/graphs_json/P36.jsonl").write_text(
        "\n".join(json.dumps({"pattern": pattern}) for pattern in patterns)
    )
    hub = folder / "hub/datasets--me--capitals"
    (hub / "snapshots" / COMMIT).mkdir(parents=True)
    (hub / "refs").mkdir()
    (hub / "refs/main").write_text(COMMIT)
    rows = "\n".join(f"{land},{city}" for land, city in CAPITALS)
    (hub / "snapshots" / COMMIT / "train.csv").write_text(f"land,city\n{rows}\n")
    (folder / "specs/pararel.yml").write_text(PARAREL)
    (folder / "specs/hub.yml").write_text(HUB)
    place = Place(folder, folder / "cache")
    captured = place.run("capture", "specs", HF_HUB_CACHE=str(folder / "hub"), HF_HUB_OFFLINE="1")
    assert captured.returncode == 0, captured.stderr
    return place


@pytest.fixture(scope="module")
def there(here: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Another machine, with the results alone, where they were rendered."""
    place = Place(tmp_path_factory.mktemp("there"), tmp_path_factory.mktemp("cache"))
    shutil.copytree(here.folder / "results", place.folder / "results")
    done = render(place)
    assert done == "", done
    return place


def render(place: Place) -> str:
    """Nothing, or what the command says where it fails."""
    done = place.run("render", "results", HF_HUB_CACHE=str(place.folder / "none"), HF_HUB_OFFLINE="1")
    return "" if done.returncode == 0 else done.stderr


def test_results_hold_all_that_their_facts_are_read_from(here: Place) -> None:
    held = {
        path.relative_to(here.folder / "results").as_posix()
        for path in (here.folder / "results").glob("*/inputs/**/*.*")
    }
    assert held == {
        "hub/inputs/hub.yml",
        "hub/inputs/hub.dataset.jsonl",
        "pararel/inputs/specs/pararel.yml",
        "pararel/inputs/data/trex_lms_vocab/P36.jsonl",
        "pararel/inputs/data/pattern_data/graphs_json/P36.jsonl",
    }


def test_the_pages_name_the_source_and_what_was_left_out(there: Place) -> None:
    page = there.page("pararel").read_text()
    assert "The facts stand in P36.jsonl, in the layout of ParaRel (Elazar et al. 2021, " in page
    assert "1 entry of P36.jsonl is left out." in page
    (line,) = re.findall(r"P36\.jsonl:10: .{0,40} is missing", page)
    assert "obj_label" in line
    hub = there.page("hub").read_text()
    assert "The facts stand in the data set me/capitals." in hub
    assert f"split train, revision {COMMIT}." in hub
    assert str(there.folder) not in page + hub


def test_results_whose_facts_lie_outside_are_refused(here: Place, there: Place, tmp_path: Path) -> None:
    from reportgen.errors import StudyError
    from reportgen.models.manifest import MANIFEST
    from reportgen.packed.opening import open_results, record_of

    outside = tmp_path / "secret"
    shutil.copytree(here.folder / "data", outside)
    for number, facts in enumerate(("../../../secret/trex_lms_vocab/P36.jsonl", "../../../secret", "../../../nothing")):
        folder = tmp_path / str(number)
        shutil.copytree(there.folder / "results" / "pararel", folder)
        spec = folder / "inputs" / "specs" / "pararel.yml"
        spec.write_text(spec.read_text().replace("../data/trex_lms_vocab/P36.jsonl", facts))
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["files"]["inputs/specs/pararel.yml"] = record_of(spec).model_dump()
        (folder / MANIFEST).write_text(json.dumps(manifest))
        with pytest.raises(StudyError, match="are not in these results"):
            open_results(folder)
    folder = tmp_path / "hub"
    shutil.copytree(there.folder / "results" / "hub", folder)
    (folder / "inputs/hub.dataset.jsonl").unlink()
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["files"]["inputs/hub.dataset.jsonl"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(StudyError, match="the data set's copy is not in these results"):
        open_results(folder)
