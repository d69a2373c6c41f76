"""What is read of `_quarto.yml`, and how it is refused."""

from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.report.render import templates_folder
from reportgen.site.settings import Link, SiteSettings


def read(folder: Path, text: str) -> SiteSettings:
    (folder / "_quarto.yml").write_text(text, encoding="utf-8")
    return SiteSettings.read(folder / "_quarto.yml")


def test_the_settings_that_a_new_site_begins_with_can_be_read() -> None:
    settings = SiteSettings.read(templates_folder() / "site" / "_quarto.yml")
    assert settings.title == "Attention heads"
    assert [link.text for link in settings.navigation] == [
        "Studies", "Changes", "Replications", "Methods", "Glossary", "How to", "About",
    ]  # fmt: skip
    assert settings.site_url is None
    assert settings.path is None


@pytest.mark.parametrize("text", ["", "project: {type: website}\n", "website: {sidebar: {style: docked}, title: ''}\n"])
def test_what_is_not_said_has_a_plain_default_and_other_keys_are_quartos_business(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == SiteSettings("Attention heads")


def test_navigation_is_read_as_quarto_reads_it(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
website:
  title: T
  navbar:
    left:
      - how-to.qmd
      - {text: More, menu: [{text: A, file: a.qmd}, b.qmd]}
    right:
      - {icon: github, aria-label: Source, href: https://example.org/x}
""",
    )
    assert settings.navigation == (
        Link("How to", "how-to.qmd"),
        Link("A", "a.qmd"),
        Link("B", "b.qmd"),
        Link("Source", "https://example.org/x"),
    )


@pytest.mark.parametrize(
    ("footer", "shown"),
    [
        ("Plain *words*", "Plain *words*"),
        ("{left: One, right: Two}", "One · Two"),
        ("{center: [{text: A, href: a.qmd}, {text: B, href: b.qmd}]}", "[A](a.qmd) · [B](b.qmd)"),
    ],
)
def test_a_footer_becomes_one_line(tmp_path: Path, footer: str, shown: str) -> None:
    assert read(tmp_path, f"website: {{page-footer: {footer}}}").footer == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("website: {title: 3}", "`website.title` should be a valid string"),
        ("website: {site-url: [a]}", "`website.site-url` should be a valid string"),
        ("website: {navbar: {left: Studies}}", "`website.navbar.left` should be a valid tuple"),
        ("website: {navbar: {left: [{text: 1}]}}", "`website.navbar.left.0.text` should be a valid string"),
        ("website: [a]", "`website` should be a valid dictionary"),
        ("- a", "`the file` should be a valid dictionary"),
    ],
)
def test_a_wrong_type_is_told_with_its_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StudyError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / '_quarto.yml'}: {said}")


def test_what_is_no_yaml_and_what_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"_quarto.yml: this is not YAML"):
        read(tmp_path, "website: [")
    with pytest.raises(StudyError, match=r"none.yml: cannot be read"):
        SiteSettings.read(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("given", "url", "path"),
    [
        ("https://me.github.io/heads/", "https://me.github.io/heads", "/heads/"),
        ("https://heads.example", "https://heads.example", "/"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000", "/"),
    ],
)
def test_an_address_has_no_slash_at_its_end_and_a_path_that_has(
    tmp_path: Path, given: str, url: str, path: str
) -> None:
    settings = SiteSettings("T").with_url(given)
    assert (settings.site_url, settings.path) == (url, path)
    assert read(tmp_path, f"website: {{title: T, site-url: '{given}'}}") == settings


@pytest.mark.parametrize("url", ["me.github.io/heads", "ftp://host", "https://", "/heads"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(StudyError, match="--site-url: the site's address is"):
        SiteSettings("T").with_url(url)
