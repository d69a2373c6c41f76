"""The pages of one study in its folder: its own, those that other commands added, and the line that leads between
them.

The folder of a study may share its files with the published one (hard links), so nothing is ever written into a file
that is there: it is dropped, and written anew in its place.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportgen.report.markup import Md, md, plain_md
from reportgen.report.page import AddedPage, StudyPage
from reportgen.report.render import qmd
from reportgen.site.staging import put

_INDEX = "index"
_KEY = "page-key.txt"
_TOP = re.compile(r"\A(---\n.*?\n---\n)(?:\n::: \{\.(?:pages|banner)\}\n.*?\n:::\n)*", re.DOTALL)


def write_documents(study: StudyPage, folder: Path) -> None:
    """The study's own pages as `.qmd`."""
    for name, document in {_INDEX: study.document, **study.further}.items():
        put(folder / f"{name}.qmd", qmd(document).encode())


def write_added(page: AddedPage, folder: Path) -> None:
    """A page that was added, with its files, in the place of the one of its name."""
    shutil.rmtree(folder / page.name, ignore_errors=True)
    for name, content in {**page.files, _KEY: page.key.encode()}.items():
        put(folder / page.name / name, content)
    put(folder / f"{page.name}.qmd", qmd(page.document).encode())


def take_over(still_right: Mapping[str, str], present: Path, folder: Path) -> list[str]:
    """Copy the added pages of the study's `present` folder whose keys are those given, with their files; return their
    names."""
    taken = [name for name, key in still_right.items() if added_key(present / name) == key]
    for name in taken:
        shutil.copytree(present / name, folder / name)
        shutil.copy(present / f"{name}.qmd", folder)
    return taken


def added_key(added: Path) -> str | None:
    """The key that an added page was made under, from the folder of its files; None where there is none."""
    file = added / _KEY
    return file.read_text(encoding="utf-8") if file.is_file() else None


def link_pages(folder: Path, failing: str) -> None:
    """Lead from every page of a study to its others, the index first; where the study is `failing`, say so on each."""
    names = sorted((page.stem for page in folder.glob("*.qmd")), key=lambda name: (name != _INDEX, name))
    for name in names:
        text = (folder / f"{name}.qmd").read_text(encoding="utf-8")
        top = _TOP.match(text)
        assert top is not None, "every page begins with its front matter"
        lines = _line(names, name) + _banner(failing)
        put(folder / f"{name}.qmd", (top[1] + lines + text[top.end() :]).encode())


def _line(names: Sequence[str], here: str) -> str:
    """Nothing where a study has one page alone."""
    if len(names) == 1:
        return ""
    return "\n::: {.pages}\n" + " · ".join(_link(name, here) for name in names) + "\n:::\n"


def _banner(failing: str) -> str:
    if not failing:
        return ""
    return (
        "\n"
        + md("::: {{.banner}}\nThis page is from an earlier run; the study fails {why}\n:::", why=plain_md(failing))
        + "\n"
    )


def _link(name: str, here: str) -> Md:
    title = name.replace("-", " ").capitalize()
    if name == _INDEX:
        title = "The study" if here == _INDEX else "Back to the study"
    return (
        md("[{title}]{{.here}}", title=title)
        if name == here
        else md("[{title}]({name}.html)", title=title, name=Md(name))
    )
