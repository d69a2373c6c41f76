"""The project's folder: which of its files somebody wrote, so that they have to be committed before a site is published."""

from pathlib import Path

from reportgen.site.project import Site


def test_a_project_that_was_begun_by_a_build_holds_nothing_to_commit(tmp_path: Path) -> None:
    site = Site.at(tmp_path)
    assert [path.name for path in site.sources] == ["_quarto.yml"]
    assert site.authored == []


def test_settings_and_pages_that_somebody_wrote_are_theirs(tmp_path: Path) -> None:
    site = Site.at(tmp_path)
    settings = tmp_path / "_quarto.yml"
    settings.write_text(settings.read_text().replace("Attention heads", "Our heads"))
    (tmp_path / "about.qmd").write_text("---\ntitle: About us\n---\n")
    assert [path.name for path in site.authored] == ["_quarto.yml", "about.qmd"]


def test_pages_may_stand_in_folders_with_what_lies_beside_them(tmp_path: Path) -> None:
    site = Site.at(tmp_path)
    for name in ("docs/index.qmd", "docs/more/page.qmd", "docs/map.png", "docs/.swp", "data/facts.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for made in ("_site", "_qmd", ".build-1", "history", "studies", "assets"):
        (tmp_path / made).mkdir()
        (tmp_path / made / "page.qmd").write_text("")
    ours = ["docs/index.qmd", "docs/map.png", "docs/more/page.qmd"]
    assert [path.relative_to(tmp_path).as_posix() for path in site.authored] == ours
    assert site.page_folders == [Path("docs"), Path("docs/more")]
