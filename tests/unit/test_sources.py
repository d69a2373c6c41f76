"""What the arguments of a command stand for: specs, results folders, folders of either."""

from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.sources import Given, Source
from tests.unit.test_spec import SMALLEST

CACHE = Path("cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("specs/a.yml", "specs/b.yml", "specs/facts/a.csv", "results/x/results.json", "results/y/inputs/y.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "results" / ".capture-dead").mkdir()
    return tmp_path


def paths(given: Given) -> list[Path]:
    return [source.path for source in given.sources]


def test_a_spec_is_one_study_whose_answers_the_cache_keeps(folder: Path) -> None:
    given = Given.of([folder / "specs" / "a.yml"], CACHE)
    assert given == Given((Source(folder / "specs" / "a.yml", CACHE),), whole=False)
    assert not given.sources[0].captured


def test_a_results_folder_is_one_study_and_its_own_store_even_where_its_file_is_lost(folder: Path) -> None:
    for name in ("x", "y"):
        given = Given.of([folder / "results" / name], CACHE)
        assert given == Given((Source(folder / "results" / name, folder / "results" / name),), whole=False)
        assert given.sources[0].captured
        assert given == Given.results([folder / "results" / name])


def test_a_folder_of_studies_given_alone_is_the_whole_site(folder: Path) -> None:
    specs, results = Given.of([folder / "specs"], CACHE), Given.of([folder / "results"], CACHE)
    assert paths(specs) == [folder / "specs" / "a.yml", folder / "specs" / "b.yml"]
    assert paths(results) == [folder / "results" / "x", folder / "results" / "y"]
    assert specs.whole
    assert results.whole
    assert results == Given.results([folder / "results"])


def test_two_folders_are_their_studies_and_not_the_whole_site(folder: Path) -> None:
    given = Given.of([folder / "specs", folder / "results"], CACHE)
    assert len(given.sources) == 4
    assert not given.whole


def test_a_spec_that_is_not_there_is_left_to_its_reader(folder: Path) -> None:
    assert paths(Given.of([folder / "gone.yml"], CACHE)) == [folder / "gone.yml"]


def test_a_folder_without_a_study_is_an_error(tmp_path: Path) -> None:
    for given in (lambda: Given.of([tmp_path], CACHE), lambda: Given.results([tmp_path])):
        with pytest.raises(StudyError, match="there is no study in it"):
            given()


def test_only_results_are_rendered(folder: Path) -> None:
    assert paths(Given.results([folder / "specs"])) == [folder / "specs" / "facts"]


def test_a_family_is_a_study_for_each_of_its_cells_under_names_that_lead_back_to_them(folder: Path) -> None:
    spec = folder / "specs" / "a.yml"
    spec.write_text(f"{SMALLEST}matrix: {{measure.aggregation: [sum, max]}}\n")
    given = Given.of([folder / "specs"], CACHE, ["tests.alpha=0.2"])
    assert [source.name for source in given.sources] == [f"{spec}#sum", f"{spec}#max", str(folder / "specs" / "b.yml")]
    assert [source.label for source in given.sources] == ["capitals-sum", "capitals-max", "b"]
    for source in given.sources[:2]:
        assert source.load().spec.tests.alpha == 0.2
        (again,) = Given.of([Path(source.name)], CACHE, ["tests.alpha=0.2"]).sources
        assert again.load() == source.load()


def test_of_results_nothing_can_be_set_otherwise(folder: Path) -> None:
    (source,) = Given.of([folder / "results" / "x"], CACHE, ["tests.alpha=0.2"]).sources
    with pytest.raises(StudyError, match="these are results, of which nothing can be set otherwise"):
        source.load()
