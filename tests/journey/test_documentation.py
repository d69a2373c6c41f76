"""The documentation is followed, page by page: its commands are run, its Python too, its YAML is valid, and what it shows comes
out."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reportgen.cli import main
from reportgen.spec.load import load_spec, load_specs
from tests.documentation import PAGES, QUICK, ROOT, Block, Sandbox, blocks_of, missing, parse
from tests.place import SMOLLM, Place

README = ROOT / "README.md"
PAGE_NAMES = sorted((page.stem for page in PAGES.glob("*.qmd")), key=lambda name: (name != "tutorial", name))
"""The tutorial first: it shows what a first capture says, and the others find in the cache what it has captured."""
RUN = {"tutorial", "facts", "model", "gpu", "weekly", "tests", "families", "python"}
REST = {
    "study": "study: {id: small, title: Small}\n",
    "model": f"model: {SMOLLM}\n",
    "facts": "facts:\n  file: facts.csv\n  relations: {capital: {template: 'The capital of {subject} is {object}.'}}\n",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, smollm_weights: Path) -> Path:
    """A cache with the model and no scores, which all pages share."""
    return Place.begin(tmp_path_factory.mktemp("reader"), smollm_weights).cache


def blocks(name: str) -> list[Block]:
    return blocks_of(PAGES / f"{name}.qmd")


def test_all_pages_with_commands_or_python_are_run() -> None:
    assert {name for name in PAGE_NAMES if any(block.language in ("sh", "python") for block in blocks(name))} == RUN


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_what_the_page_says_is_done_and_what_it_shows_comes_out(name: str, tmp_path: Path, cache: Path) -> None:
    if name not in RUN:
        assert not any(block.language == "sh" for block in blocks(name))
        return
    reader = Sandbox(tmp_path, cache)
    assert list(reader.follow(PAGES / f"{name}.qmd")) == []
    whole = [block for block in blocks(name) if block.filename.startswith("specs/") and block.language == "yaml"]
    for block in whole:
        if not block.filename.startswith("specs/shared/"):
            load_specs(reader.at / block.filename)
    if name in ("tutorial", "gpu"):
        pushed = ["git", "-C", str(tmp_path / "remote.git"), "ls-tree", "--name-only", "gh-pages"]
        assert "index.html" in subprocess.run(pushed, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_every_command_has_such_options_also_where_it_is_not_run(name: str) -> None:
    for block in blocks(name):
        for words in block.commands if block.language == "sh" else []:
            parse(words)
    text = (PAGES / f"{name}.qmd").read_text(encoding="utf-8")
    named = re.findall(r"`reportgen ([a-z]+)", text)
    assert set(named) <= set(main.commands)


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_every_yaml_is_a_spec_or_a_part_of_one(name: str, tmp_path: Path) -> None:
    parts = [block for block in blocks(name) if block.language == "yaml" and not block.filename]
    for number, block in enumerate(parts):
        given = yaml.safe_load(block.text)
        rest = "".join(section for key, section in REST.items() if key not in given)
        path = tmp_path / f"{number}.yml"
        path.write_text(block.text + rest, encoding="utf-8")
        assert set(given) <= load_spec(path).spec.model_fields_set, f"line {block.line}"


def workflows() -> Iterator[Block]:
    for name in PAGE_NAMES:
        yield from (block for block in blocks(name) if block.filename.startswith(".github/"))


def test_every_workflow_is_as_githubs_schema_wants_it(tmp_path: Path) -> None:
    files = []
    for number, block in enumerate(workflows()):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(block.text)
    assert len(files) > 3
    tool = str(Path(sys.executable).parent / "check-jsonschema")
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.github-workflows", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_first_page_leads_to_all_others() -> None:
    index = (PAGES / "index.qmd").read_text(encoding="utf-8")
    assert {name for name in PAGE_NAMES if name != "index" and f"({name}.html)" not in index} == set()


def test_the_readmes_study_is_whole_and_is_built_as_it_says(tmp_path: Path, cache: Path) -> None:
    [spec] = [block for block in blocks_of(README) if block.language == "yaml"]
    text = README.read_text(encoding="utf-8")
    assert "run `reportgen build specs/landmarks.yml`" in text
    place = Place.knowing(tmp_path, cache)
    (tmp_path / "specs" / "landmarks.yml").write_text(spec.text + QUICK)
    built = place.run("build", "specs/landmarks.yml")
    assert built.returncode == 0, built.stderr
    assert place.page("landmarks").is_file()


def test_the_readmes_commands_have_such_options() -> None:
    text = README.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `reportgen ([a-z]+)[^|]*` \|", text, re.MULTILINE)
    assert len(rows) > 8
    assert set(rows) <= set(main.commands)
    for name, option in re.findall(r"`reportgen ([a-z]+)[^`]* (--[a-z-]+)", text):
        assert option in {each for param in main.commands[name].params for each in param.opts}


@pytest.mark.parametrize(
    ("shown", "said", "lost"),
    [
        ("12 heads, 3.5 %", "x\n7 heads, 1 %\n", []),
        ("12 heads", "12 legs\n", ["12 heads"]),
        ("a 1; …\n…\nend", "a 2; b\nc\nend", []),
        ("a 1; …", "b 2; c", ["a 1; …"]),
    ],
)
def test_what_is_shown_is_held_to_what_is_said(shown: str, said: str, lost: list[str]) -> None:
    assert missing(shown, said) == lost


def test_a_block_is_read_with_its_classes_and_its_name(tmp_path: Path) -> None:
    page = tmp_path / "page.qmd"
    page.write_text('a\n\n```{.sh .needs-network}\nx\n```\n\n```{.yaml filename="specs/a.b.yml"}\ny: 1\n```\n')
    first, second = blocks_of(page)
    assert (first.language, first.needs, first.text, first.line) == ("sh", ("needs-network",), "x\n", 3)
    assert (second.language, second.classes, second.filename) == ("yaml", (), "specs/a.b.yml")
