"""What the embedded engine makes of the Quarto syntax that our documents use."""

from pathlib import Path

import pytest

from reportgen.errors import StudyError
from reportgen.report.render import templates_folder
from reportgen.site.engines import render_project

BIB = "@book{cohen1988, author = {Cohen, Jacob}, title = {Power}, year = {1988}, publisher = {LEA}}"


def rendered(folder: Path, body: str) -> str:
    project, out = folder / "project", folder / "out"
    (project / "studies").mkdir(parents=True)
    (project / "studies" / "references.bib").write_text(BIB)
    front = '---\ntitle: "A \\\\*title\\\\*"\nbibliography: references.bib\nroot: "../"\n---\n'
    (project / "studies" / "page.qmd").write_text(front + body, encoding="utf-8")
    render_project(project, [Path("studies/page.qmd")], out, templates_folder(), "Site")
    return (out / "studies" / "page.html").read_text(encoding="utf-8")


def test_floats_are_numbered_and_references_to_them_resolved(tmp_path: Path) -> None:
    html = rendered(
        tmp_path,
        "See @tbl-b and @fig-a.\n\n::: {#fig-a}\n```{=html}\n<p>map</p>\n```\n\nThe *map*.\n:::\n\n"
        "::: {#tbl-b}\n```{=html}\n<table></table>\n```\n\nThe table.\n:::\n",
    )
    assert '<a href="#tbl-b" class="float-reference">Table\u00a01</a>' in html
    assert '<a href="#fig-a" class="float-reference">Figure\u00a01</a>' in html
    figure = html[html.index('<figure id="fig-a"') :]
    assert figure.index("<p>map</p>") < figure.index("<em>map</em>")
    table = html[html.index('<figure id="tbl-b"') :]
    assert table.index("The table.") < table.index("<table>")


def test_callouts_have_their_first_heading_as_title(tmp_path: Path) -> None:
    html = rendered(tmp_path, "::: {.callout-warning}\n## Mind\n\nthe gap\n:::\n")
    assert '<div class="callout callout-warning" role="note">' in html
    assert '<div class="callout-title">\nMind\n</div>' in html


def test_citations_are_resolved_and_listed(tmp_path: Path) -> None:
    html = rendered(tmp_path, "Power [@cohen1988].\n\n::: {#refs}\n:::\n")
    assert "(Cohen 1988)" in html.replace("\n", " ")
    assert 'id="ref-cohen1988"' in html


def test_mathematics_is_mathml_and_needs_no_network(tmp_path: Path) -> None:
    html = rendered(tmp_path, "$x^2$\n")
    assert "<math" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html


@pytest.mark.parametrize("body", ["See @fig-nowhere.", "See [@nobody2000]."])
def test_what_cannot_be_resolved_fails_the_page_by_name(tmp_path: Path, body: str) -> None:
    with pytest.raises(StudyError, match=r"studies/page.qmd: pandoc cannot render this page"):
        rendered(tmp_path, body)
