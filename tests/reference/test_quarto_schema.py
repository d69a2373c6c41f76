"""Our Quarto project against what others say of Quarto: its published schemas, and a linter for its Markdown.

The schemas are a translation (see the README beside them). The pages are those of a real build, so every kind of page
that a build writes is among them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reportgen.report.render import templates_folder
from reportgen.site.engines.frame import framed, front_matter
from reportgen.site.engines.quarto import own_settings
from reportgen.site.settings import SiteSettings
from tests.landmarks import SPEC
from tests.place import Place

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "tests" / "data" / "quarto-schema"
SETTINGS = (templates_folder() / "site" / "_quarto.yml", ROOT / "site" / "_quarto.yml")

# Rules of the linter that are off, each with its reason.
NOT_ASKED = {
    "citation-nonbreaking-space": "how a line breaks before a citation is of no matter on a page",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, landmarks_cache: Path) -> list[Path]:
    """Every page, as Quarto Markdown, of a site with one small study."""
    place = Place.knowing(tmp_path_factory.mktemp("place"), landmarks_cache)
    (place.folder / "specs" / "landmarks.yml").write_text(SPEC)
    built = place.run("build")
    assert built.returncode == 0, built.stderr
    return sorted((place.folder / "site" / "_qmd").rglob("*.qmd"))


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def flaws(name: str, data: object) -> Iterator[str]:
    for error in validator(name).iter_errors(data):
        yield f"{error.json_path}: {error.message}"


def as_json(data: object) -> Any:
    """What YAML says in JSON's types: a date is a string to Quarto."""
    return json.loads(json.dumps(data, default=str))


@pytest.mark.parametrize("file", SETTINGS, ids=["of a new site", "of this repository's site"])
def test_the_settings_are_valid_for_quarto_and_load_nothing_from_elsewhere(file: Path) -> None:
    settings = yaml.safe_load(file.read_text())
    assert list(flaws("project", settings)) == []
    html = settings["format"]["html"]
    assert (html["html-math-method"], html["theme"], html["minimal"]) == ("mathml", "none", True)
    assert settings["website"]["search"] is False


def test_what_quarto_is_called_with_is_valid_for_it_too() -> None:
    assert list(flaws("project", yaml.safe_load(own_settings(SETTINGS[0])))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": {"type": "website", "output": "_site"}},
        {"project": {"type": "site"}},
        {"project": {}, "website": {"site_url": "https://example.org"}},
        {"project": {}, "website": {"navbar": {"left": [{"text": "A", "link": "a.qmd"}]}}},
        {"project": {}, "website": {"page-footer": {"middle": "A"}}},
        {"project": {}, "format": {"html": {"html-math-method": "mathml3"}}},
        {"project": {}, "format": {"html": {"filters": [{"path": "a.lua", "at": "first"}]}}},
    ],
)
def test_the_schema_of_the_settings_refuses_what_quarto_refuses(wrong: object) -> None:
    assert list(flaws("project", wrong))


@pytest.mark.parametrize("wrong", [{"title": "A", "toc": "yes"}, {"title": "A", "bibliography": 3}, {"subtitle": "B"}])
def test_the_schema_of_front_matter_refuses_wrong_types(wrong: object) -> None:
    assert list(flaws("front-matter", wrong))


def test_the_front_matter_of_every_page_is_valid_with_its_frame_and_without(pages: list[Path]) -> None:
    settings = SiteSettings.read(SETTINGS[0]).with_url("https://me.github.io/heads")
    assert len(pages) >= 2
    for page in pages:
        front = front_matter(page.read_text(encoding="utf-8"))
        around = framed(Path(*page.parts[page.parts.index("_qmd") + 1 :]), front, settings)
        assert list(flaws("front-matter", as_json(front))) == [], page
        assert list(flaws("front-matter", as_json({**around, **front}))) == [], page


def test_a_linter_for_quarto_markdown_finds_nothing_in_any_page(pages: list[Path]) -> None:
    done = lint(*pages)
    assert (done.returncode, done.stdout) == (0, f"No issues found in {len(pages)} file(s)\n"), done.stdout[-3000:]


def test_the_linter_would_find_a_reference_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "bad.qmd").write_text("---\ntitle: A\n---\n\nSee @fig-nowhere and [there](#nowhere).\n")
    done = lint(tmp_path / "bad.qmd")
    assert done.returncode == 1
    assert "undefined-reference-label" in done.stdout
    assert "undefined-anchor" in done.stdout


def lint(*pages: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "panache", "--flavor", "quarto", "lint", "--message-format", "short"]
    return subprocess.run(
        [*command, *(f"--ignore={rule}" for rule in NOT_ASKED), *pages], capture_output=True, text=True, check=False
    )
