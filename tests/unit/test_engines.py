"""What stands around a page, and which engine is taken."""

import os
import sys
from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.site.engines import choose_engine
from reportgen.site.engines.frame import framed, front_matter
from reportgen.site.engines.pandoc import Pandoc
from reportgen.site.engines.quarto import Quarto
from reportgen.site.settings import Link, SiteSettings

SETTINGS = SiteSettings(
    "The site",
    navigation=(
        Link("Studies", "studies.qmd"),
        Link("About", "about.qmd#us"),
        Link("Out", "https://example.org/a.qmd"),
    ),
)
PUBLISHED = SETTINGS.with_url("https://me.github.io/heads")


def plain(value: object) -> str:
    return str(value).replace("\\", "")


def entries(page: str, settings: SiteSettings = SETTINGS) -> list[tuple[str, str | None]]:
    frame = framed(Path(page), {}, settings)["frame"]
    return [(plain(entry["href"]), entry.get("current")) for entry in frame["navigation"]]


def test_links_of_the_frame_lead_there_from_every_depth() -> None:
    assert [href for href, _ in entries("about.qmd")] == ["studies.html", "about.html#us", "https://example.org/a.qmd"]
    assert [href for href, _ in entries("studies/a/index.qmd")][:2] == ["../../studies.html", "../../about.html#us"]


def test_the_page_itself_is_marked_and_so_is_what_it_belongs_to() -> None:
    assert [current for _, current in entries("studies.qmd")] == ["page", None, None]
    assert [current for _, current in entries("studies/a/index.qmd")] == ["true", None, None]
    assert [current for _, current in entries("index.qmd")] == [None, None, None]


def test_the_page_of_no_address_leads_from_the_host_where_that_is_known() -> None:
    assert entries("404.qmd", PUBLISHED)[0] == ("/heads/studies.html", None)
    assert entries("404.qmd")[0] == ("studies.html", None)
    assert "canonical" not in framed(Path("404.qmd"), {}, PUBLISHED)["frame"]


def test_whole_addresses_are_given_only_where_the_sites_own_is_known() -> None:
    page, front = Path("studies/a/index.qmd"), {"image": "social.png"}
    known, unknown = framed(page, front, PUBLISHED)["frame"], framed(page, front, SETTINGS)["frame"]
    assert plain(known["canonical"]) == "https://me.github.io/heads/studies/a/"
    assert plain(known["image"]) == "https://me.github.io/heads/studies/a/social.png"
    assert not {"canonical", "image"} & unknown.keys()


def test_the_first_page_does_not_say_the_sites_name_twice() -> None:
    assert "title-suffix" not in framed(Path("index.qmd"), {}, SETTINGS)["frame"]
    assert framed(Path("about.qmd"), {}, SETTINGS)["frame"]["title-suffix"] == "The site"


@pytest.mark.parametrize(
    ("text", "front"),
    [("---\ntitle: A\n---\nB\n", {"title": "A"}), ("B\n", {}), ("---\n- a\n---\n", {}), ("---\ntitle: A\n", {})],
)
def test_front_matter_is_what_stands_on_top(text: str, front: dict[str, object]) -> None:
    assert front_matter(text) == front


def with_quarto(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str | None) -> None:
    """A PATH with a `quarto` that says this as its version, or with none."""
    monkeypatch.setenv("PATH", str(folder) + os.pathsep + "/usr/bin" + os.pathsep + "/bin")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    if says is not None:
        (folder / "quarto").write_text(f"#!/bin/sh\n{says}\n")
        (folder / "quarto").chmod(0o755)


@pytest.mark.parametrize(
    ("says", "taken"),
    [
        ("echo 1.5.0", "Quarto 1.5.0"),
        ("echo 1.10.19", "Quarto 1.10.19"),
        ("echo 99.9.9", "Quarto 99.9.9"),
        ("echo 1.4.557", "pandoc"),
        ("echo 1.4.557; exit 1", "pandoc"),
        ("echo what", "pandoc"),
        (None, "pandoc"),
    ],
)
def test_auto_takes_quarto_where_it_is_recent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, taken: str
) -> None:
    with_quarto(tmp_path, monkeypatch, says)
    assert choose_engine("auto").label.startswith(taken)
    assert isinstance(choose_engine("pandoc"), Pandoc)


@pytest.mark.parametrize(
    ("says", "told"),
    [(None, "there is no Quarto on the PATH"), ("echo 1.3.450", "is version 1.3.450, which is too old")],
)
def test_asking_for_a_quarto_that_is_not_there_tells_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, told: str
) -> None:
    with_quarto(tmp_path, monkeypatch, says)
    with pytest.raises(StudyError, match=told) as caught:
        choose_engine("quarto")
    assert "Install Quarto 1.5 or newer" in str(caught.value)
    assert "--engine pandoc" in str(caught.value)


def test_a_quarto_of_the_package_is_found_beside_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_quarto(tmp_path, monkeypatch, "echo 1.8.2")
    monkeypatch.setenv("PATH", "/usr/bin" + os.pathsep + "/bin")
    assert Quarto.found() == Quarto(str(tmp_path / "quarto"), "1.8.2")
