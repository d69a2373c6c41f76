"""What a site weighs, and what is said before and beyond the limits of GitHub Pages."""

from pathlib import Path

from reportgen.site.weight import FILE_LIMIT, MEGABYTE, SITE_LIMIT, STUDY_LIMIT, Part, Weight, weigh

FULL = 100 * MEGABYTE


def sparse(path: Path, size: int) -> None:
    """A file of that size that takes no room on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def test_every_file_counts_and_a_study_is_its_folder(tmp_path: Path) -> None:
    sparse(tmp_path / "index.html", 500_000)
    sparse(tmp_path / "studies" / "a" / "data" / "x.json", 2 * MEGABYTE)
    sparse(tmp_path / "studies" / "a" / "index.html", MEGABYTE)
    sparse(tmp_path / "studies" / "b" / "index.html", MEGABYTE)
    (tmp_path / "studies" / "b" / "again.html").hardlink_to(tmp_path / "studies" / "b" / "index.html")
    weight = weigh(tmp_path)
    assert str(weight) == "5 files, 5.5 MB"
    assert weight.studies == (Part("a", 3 * MEGABYTE), Part("b", 2 * MEGABYTE))
    assert weight.largest[0] == Part("studies/a/data/x.json", 2 * MEGABYTE)
    assert weight.warnings() == []
    assert weight.refused() == []


def test_a_file_is_warned_of_before_the_limit_and_refused_beyond(tmp_path: Path) -> None:
    sparse(tmp_path / "near.nc", FILE_LIMIT)
    sparse(tmp_path / "far.nc", 8 * FILE_LIMIT // 10)
    sparse(tmp_path / "over.nc", FILE_LIMIT + 1)
    weight = weigh(tmp_path)
    assert weight.refused() == ["over.nc has 104.9 MB, 100\u00a0% of the 104.9 MB of a file that GitHub takes"]
    assert weight.warnings() == ["near.nc has 104.9 MB, 100\u00a0% of the 104.9 MB of a file that GitHub takes"]


def test_a_site_and_a_study_are_warned_of_from_four_fifths_on() -> None:
    study = Part("a", STUDY_LIMIT * 9 // 10)
    assert Weight(SITE_LIMIT * 4 // 5, 1, (), (Part("a", STUDY_LIMIT * 4 // 5),)).warnings() == []
    assert Weight(SITE_LIMIT * 81 // 100, 1, (), (study,)).warnings() == [
        "the site has 810.0 MB, 81\u00a0% of the 1,000.0 MB that GitHub Pages takes",
        "the study a has 135.0 MB, 90\u00a0% of the 150.0 MB that a study should have",
    ]
