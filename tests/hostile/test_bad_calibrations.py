"""Calibrations that cannot be: nothing published, another state of the study, too few units, no head that varies."""

import re
import subprocess
from pathlib import Path

import pytest

from reportgen import inference
from reportgen.calibrating import design_of
from reportgen.errors import StudyError
from reportgen.inference import HeadTests
from reportgen.scores import label_scores
from reportgen.spec.model import TestName
from tests import planted
from tests.place import Place

CAPITALS = ("France Paris", "Italy Rome", "Japan Tokyo", "Spain Madrid", "Egypt Cairo")


def spec(title: str = "T") -> str:
    items = "".join(
        f"    - {{subject: {subject}, relation: r, object: {object_}}}\n"
        for subject, object_ in map(str.split, CAPITALS)
    )
    return (
        f"study: {{id: s, title: {title}}}\nmodel: {{folder: model}}\nfacts:\n  relations:\n"
        f'    r: {{template: "The capital of {{subject}} is {{object}}"}}\n  items:\n{items}'
        "tests: {headline: holm, corrections: [none, holm]}\n"
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path, small_model: Path) -> Place:
    """A study of five pairs, published."""
    place = Place.begin(tmp_path_factory.mktemp("few"), smollm_weights)
    (place.folder / "model").symlink_to(small_model)
    (place.folder / "s.yml").write_text(spec())
    built = place.run("build", "s.yml")
    assert built.returncode == 0, built.stderr
    return place


def calibrate(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = place.run("calibrate", *(arguments or ("s.yml",)))
    assert "Traceback" not in done.stderr
    return done


def test_too_few_pairs_are_named_and_the_site_stays(place: Place) -> None:
    before = {file: file.read_bytes() for file in place.site.rglob("*") if file.is_file()}
    failed = calibrate(place)
    assert failed.returncode == 1
    assert re.search(r"the contrast `truth` has 5 pairs: .* fewer than 8 .* Add facts", failed.stderr), failed.stderr
    assert {file: file.read_bytes() for file in place.site.rglob("*") if file.is_file()} == before


def test_a_study_that_is_not_published_has_to_be_built_first(place: Place, tmp_path: Path) -> None:
    failed = calibrate(place, "s.yml", "--site", str(tmp_path))
    assert failed.returncode == 1
    assert "the study `s` has no page in" in failed.stderr
    assert "Run `reportgen build` first" in failed.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", ["title", "limit"])
def test_a_page_of_another_state_is_not_added_to(place: Place, change: str) -> None:
    try:
        if change == "title":
            (place.folder / "s.yml").write_text(spec("Another"))
        else:
            assert place.run("build", "s.yml", "--limit", "4").returncode == 0
        failed = calibrate(place)
    finally:
        (place.folder / "s.yml").write_text(spec())
    assert failed.returncode == 1
    assert "is not that of the whole study as it is now" in failed.stderr
    assert "Run `reportgen build` first" in failed.stderr


@pytest.mark.parametrize("draws", ["99", "100001", "0", "-5", "nan", "2e3", "", "many", "9" * 400])
def test_a_bad_number_of_draws_is_a_usage_error(place: Place, draws: str) -> None:
    failed = calibrate(place, "s.yml", f"--draws={draws}")
    assert failed.returncode == 2
    assert "--draws" in failed.stderr
    assert len(failed.stderr) < 1000


def test_a_spec_that_is_not_there_is_a_usage_error(place: Place) -> None:
    for arguments in (("no.yml",), ("--draws", "100")):
        failed = calibrate(place, *arguments)
        assert failed.returncode == 2
    assert "no.yml" in calibrate(place, "no.yml").stderr


def of_pairs(pairs: int, spread: float, test: TestName) -> HeadTests:
    made = planted.statements(pairs)
    scores = label_scores(planted.values(made, {}, spread), made)
    settings = planted.SPEC.tests.model_copy(update={"test": test})
    return inference.test_heads(scores, planted.SPEC.contrasts[0], settings)


def test_scores_that_never_vary_are_named() -> None:
    with pytest.raises(StudyError, match="no head can be tested in the contrast `truth`"):
        design_of(of_pairs(12, 0.0, "paired_t"))


def test_too_small_a_set_is_named_where_there_are_no_pairs() -> None:
    with pytest.raises(StudyError, match="has 5 statements in its smaller set"):
        design_of(of_pairs(5, 0.02, "welch"))
