"""How Quarto is called, with a stand-in for it that writes down what it was given.

It shows that our side of the call is right: arguments, project, errors, what is done with what Quarto leaves. What a
real Quarto makes of the pages it does not show.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportgen.errors import StudyError
from reportgen.report.render import templates_folder
from reportgen.site.engines.frame import front_matter
from reportgen.site.engines.quarto import Quarto
from reportgen.site.settings import Link, SiteSettings

STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path
here = Path(__file__).parent
if sys.argv[1:] == ["--version"]:
    print("1.8.2")
    sys.exit(0)
project = Path(sys.argv[2])
files = {{str(f.relative_to(project)): f.read_text() for f in sorted(project.rglob("*")) if f.is_file()}}
(here / "called.json").write_text(json.dumps(
    {{"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ), "files": files}}))
{mode}
"""
WELL = """
for page in project.rglob("*.qmd"):
    html = project / "_out" / page.relative_to(project).with_suffix(".html")
    html.parent.mkdir(parents=True, exist_ok=True)
    html.write_text("rendered " + page.stem)
libraries = project / "_out" / "site_libs" / "quarto-html"
libraries.mkdir(parents=True)
(libraries / "quarto.js").write_text("// new")
(project / "_out" / "sitemap.xml").write_text("not ours")
"""
FAILS = """
(project / "_out").mkdir()
(project / "_out" / "index.html").write_text("half")
print("ERROR: YAMLValidationError in " + str(project / "index.qmd") + ": line 3\\n\\nStack trace:\\n  at f", file=sys.stderr)
sys.exit(1)
"""
SETTINGS = SiteSettings("The site", navigation=(Link("Studies", "studies.qmd"),))
PAGES = [Path("index.qmd"), Path("studies/a/index.qmd")]


def quarto(folder: Path, mode: str) -> Quarto:
    path = folder / "bin" / "quarto"
    path.parent.mkdir()
    path.write_text(STAND_IN.format(python=sys.executable, mode=mode))
    path.chmod(0o755)
    return Quarto(str(path), "1.8.2")


def project(folder: Path) -> Path:
    made = folder / "qmd"
    (made / "studies" / "a").mkdir(parents=True)
    (made / "studies" / "a" / "heads").mkdir()
    (made / "studies" / "a" / "heads" / "L0H0.json").write_text("{}")
    (made / "studies" / "a" / "references.bib").write_text("@book{a}")
    (made / "index.qmd").write_text('---\ntitle: "Home"\nroot: ""\n---\n\nWords.\n\n---\n\nMore.\n')
    (made / "studies" / "a" / "index.qmd").write_text(
        '---\ntitle: "A"\nroot: "../../"\nimage: social.png\n---\nWords.\n'
    )
    (made / "about.qmd").write_text("---\ntitle: About\n---\nNot to be rendered.\n")
    (made / "_quarto.yml").write_bytes((templates_folder() / "site" / "_quarto.yml").read_bytes())
    return made


def called(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "bin" / "called.json").read_text())
    return told


def test_quarto_renders_a_project_of_the_pages_asked_for_and_executes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTO_PROFILE", "somebody-elses")
    monkeypatch.setenv("QUARTO_PYTHON", "/usr/bin/python3")
    quarto(tmp_path, WELL).render(project(tmp_path), PAGES, tmp_path / "site", SETTINGS)
    call = called(tmp_path)
    place = call["arguments"][1]
    assert call["arguments"] == ["render", place, "--to", "html", "--no-execute", "--quiet"]
    assert call["cwd"] == place
    assert sorted(call["files"]) == ["_quarto.yml", "index.qmd", "studies/a/index.qmd", "studies/a/references.bib"]
    assert "QUARTO_PROFILE" not in call["environment"]
    assert call["environment"]["QUARTO_PYTHON"] == "/usr/bin/python3"
    assert call["environment"]["NO_COLOR"] == "1"


def test_quarto_gets_our_template_and_our_filter_before_its_own_and_no_frame_of_its_own(tmp_path: Path) -> None:
    quarto(tmp_path, WELL).render(project(tmp_path), PAGES, tmp_path / "site", SETTINGS)
    settings = yaml.safe_load(called(tmp_path)["files"]["_quarto.yml"])
    html = settings["format"]["html"]
    assert Path(html["template"]).is_file()
    assert html["filters"] == [{"path": str(templates_folder() / "pandoc" / "quarto.lua"), "at": "pre-ast"}]
    assert (html["theme"], html["minimal"], html["html-math-method"]) == ("none", True, "mathml")
    assert settings["project"] == {"type": "website", "output-dir": "_out", "lib-dir": "site_libs"}
    assert settings["website"]["title"] == "Attention heads"
    assert not settings["website"].keys() & {"open-graph", "twitter-card", "page-footer", "favicon"}


def test_each_page_carries_its_frame_beside_its_own_front_matter(tmp_path: Path) -> None:
    quarto(tmp_path, WELL).render(project(tmp_path), PAGES, tmp_path / "site", SETTINGS)
    files = called(tmp_path)["files"]
    front = front_matter(files["studies/a/index.qmd"])
    assert (front["title"], front["root"], front["toc"]) == ("A", "../../", True)
    assert front["frame"]["navigation"][0]["current"] == "true"
    assert files["index.qmd"].endswith("\n---\n\nWords.\n\n---\n\nMore.\n")


def test_pages_and_libraries_land_beside_the_data_and_shared_files_are_not_written_into(tmp_path: Path) -> None:
    site, published = tmp_path / "site", tmp_path / "published"
    published.mkdir()
    (published / "index.html").write_text("published")
    (published / "quarto.js").write_text("// old")
    (site / "site_libs" / "quarto-html").mkdir(parents=True)
    (site / "studies" / "a").mkdir(parents=True)
    (site / "studies" / "a" / "head.json").write_text("data")
    (site / "index.html").hardlink_to(published / "index.html")
    (site / "site_libs" / "quarto-html" / "quarto.js").hardlink_to(published / "quarto.js")
    quarto(tmp_path, WELL).render(project(tmp_path), PAGES, site, SETTINGS)
    assert (site / "index.html").read_text() == "rendered index"
    assert (site / "studies" / "a" / "index.html").read_text() == "rendered index"
    assert (site / "studies" / "a" / "head.json").read_text() == "data"
    assert (site / "site_libs" / "quarto-html" / "quarto.js").read_text() == "// new"
    assert (published / "index.html").read_text() == "published"
    assert (published / "quarto.js").read_text() == "// old"
    assert not (site / "sitemap.xml").exists()
    assert not list(tmp_path.glob(".quarto-*"))


def test_a_failure_is_told_in_quartos_words_and_leaves_nothing(tmp_path: Path) -> None:
    site = tmp_path / "site"
    with pytest.raises(StudyError) as caught:
        quarto(tmp_path, FAILS).render(project(tmp_path), PAGES, site, SETTINGS)
    assert str(caught.value) == "Quarto 1.8.2 cannot render the site: ERROR: YAMLValidationError in index.qmd: line 3"
    assert list(site.iterdir()) == []
    assert not list(tmp_path.glob(".quarto-*"))


def test_a_failure_without_a_word_is_told_by_its_code(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="exit code 3, and not a word"):
        quarto(tmp_path, "sys.exit(3)").render(project(tmp_path), PAGES, tmp_path / "site", SETTINGS)


def test_a_page_that_quarto_leaves_out_fails_the_whole(tmp_path: Path) -> None:
    mode = WELL + '(project / "_out" / "studies" / "a" / "index.html").unlink()\n'
    with pytest.raises(StudyError, match=r"left no page for studies/a/index.qmd"):
        quarto(tmp_path, mode).render(project(tmp_path), PAGES, tmp_path / "site", SETTINGS)
    assert list((tmp_path / "site").iterdir()) == []


def test_without_pages_quarto_is_not_called(tmp_path: Path) -> None:
    quarto(tmp_path, FAILS).render(project(tmp_path), [], tmp_path / "site", SETTINGS)
    assert not (tmp_path / "bin" / "called.json").exists()
