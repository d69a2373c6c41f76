"""Captured here, rendered there: one capture of the real model, and an environment without torch that writes its page."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.landmarks import SPEC
from tests.light import make_light
from tests.place import Place

HEAVY = ("torch", "transformers", "transformer_lens", "gguf", "safetensors")


@dataclass(frozen=True)
class Elsewhere:
    """Another machine: an environment without what runs models, and no cache."""

    python: Path
    folder: Path

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the command line there to its end."""
        return self.ask("-m", "reportgen", *arguments)

    def ask(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run its Python to its end."""
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def page(self, name: str = "index.html") -> str:
        """A file of the study's page."""
        return (self.folder / "site" / "_site" / "studies" / "landmarks" / name).read_text()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, landmarks_cache: Path) -> Place:
    """The machine with the model: the study captured, and its page built as well."""
    place = Place.knowing(tmp_path_factory.mktemp("here"), landmarks_cache)
    (place.folder / "specs" / "landmarks.yml").write_text(SPEC)
    captured = place.run("capture")
    assert captured.returncode == 0, captured.stderr
    assert "results/landmarks: 11 files" in captured.stderr
    assert place.run("build").returncode == 0
    return place


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment without what runs models."""
    return make_light(tmp_path_factory.mktemp("light"))


@pytest.fixture(scope="module")
def rendered(here: Place, light: Path, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """The other machine, where the results were rendered."""
    there = Elsewhere(light, tmp_path_factory.mktemp("there"))
    shutil.copytree(here.folder / "results", there.folder / "results")
    done = there.run("render", "results/landmarks")
    assert done.returncode == 0, done.stderr
    return there


def test_the_light_environment_cannot_run_a_model(rendered: Elsewhere) -> None:
    for package in HEAVY:
        assert f"No module named '{package}'" in rendered.ask("-c", f"import {package}").stderr


def test_the_rendered_page_is_the_built_one_to_the_byte_but_for_where_it_comes_from(
    here: Place, rendered: Elsewhere
) -> None:
    built = here.page("landmarks").parent
    there = rendered.folder / "site" / "_site" / "studies" / "landmarks"
    files = {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
    assert files == {path.relative_to(there) for path in there.rglob("*") if path.is_file()}
    differ = {str(file) for file in files if (built / file).read_bytes() != (there / file).read_bytes()}
    # The history tells of moments, and the card has the key of what the page was made from.
    assert differ <= {"index.html", "card.json", "history.html", "history.json", "search.json"}
    ours, theirs = here.page("landmarks").read_text().splitlines(), rendered.page().splitlines()
    more = [line for line in theirs if line not in ours]
    assert [line for line in ours if line not in theirs] == [
        line for line in ours if "reportgen build landmarks" in line
    ]
    assert len(more) == 3
    assert "Rendered from" in more[0]
    assert "results that reportgen" in more[1]
    assert "captured on" in more[1]
    assert "reportgen render results/landmarks" in more[2]


def test_captured_again_without_a_change_the_results_are_the_same_to_the_byte_and_the_page_stands(
    here: Place, rendered: Elsewhere
) -> None:
    again = here.run("capture", "specs/landmarks.yml", "--to", "again", "--max-age", "6d")
    assert again.returncode == 0, again.stderr
    for file in (path for path in (here.folder / "results").rglob("*") if path.is_file()):
        assert (here.folder / "again" / file.relative_to(here.folder / "results")).read_bytes() == file.read_bytes()
    unchanged = rendered.run("regenerate", "results", "--max-age", "0d")
    assert unchanged.returncode == 0, unchanged.stderr
    assert "1 unchanged" in unchanged.stdout
    assert len(list((rendered.folder / "site" / "history" / "landmarks" / "runs").iterdir())) == 1


def test_results_can_be_checked_and_a_doctor_asked_without_a_model(rendered: Elsewhere) -> None:
    checked = rendered.run("check", "results/landmarks")
    assert checked.returncode == 0, checked.stderr
    assert "results/landmarks: 16 statements" in checked.stderr
    examined = rendered.run("doctor")
    assert examined.returncode == 0, examined.stderr
    assert "no: without torch, transformers, transformer-lens" in examined.stdout


@pytest.mark.parametrize("command", [("build",), ("capture",), ("check",), ("power", "--pairs", "50")])
def test_a_spec_asks_for_the_models_extra_where_it_is_not_installed(
    rendered: Elsewhere, command: tuple[str, ...]
) -> None:
    (rendered.folder / "specs").mkdir(exist_ok=True)
    (rendered.folder / "specs" / "landmarks.yml").write_text(SPEC)
    refused = rendered.run(*command, "specs/landmarks.yml")
    assert refused.returncode == 1
    assert "pip install 'reportgen[models]'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_damaged_results_fail_by_name_and_the_page_of_before_stays_and_says_so(rendered: Elsewhere) -> None:
    shard = next((rendered.folder / "results" / "landmarks" / "scores").glob("*/*"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        failed = rendered.run("render", "results/landmarks")
    finally:
        shard.write_bytes(whole)
    assert failed.returncode == 1
    assert str(shard.relative_to(rendered.folder)) in failed.stderr
    assert "capture again" in failed.stderr
    assert "Landmarks and their cities" in rendered.page()
    assert "this file was changed after the capture" in rendered.page()
    assert rendered.run("render").returncode == 0
    assert "this file was changed after the capture" not in rendered.page()


def test_a_command_without_results_says_where_it_looked(rendered: Elsewhere, tmp_path: Path) -> None:
    empty = Elsewhere(rendered.python, tmp_path)
    assert "there is no folder results/ here" in empty.run("render").stderr
    (tmp_path / "results").mkdir()
    assert "there is no study in it" in empty.run("render").stderr
    (tmp_path / "results" / "gone").mkdir()
    missing = empty.run("render")
    assert missing.returncode == 1
    assert "results/gone/results.json: cannot be read" in missing.stderr
