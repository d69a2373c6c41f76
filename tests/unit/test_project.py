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
