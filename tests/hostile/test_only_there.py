"""Whatever a spec and its facts are called, files are written into site and cache, where an option says, and nowhere else."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from reportgen.errors import InputError, StudyError
from reportgen.packed.opening import open_results
from reportgen.spec.load import load_specs
from tests.hostile.test_bad_results import FACTS, Here, reseal, spec_of
from tests.hostile.test_bad_results import here as here
from tests.place import QUICK, contents

TOY = Path(__file__).parents[2] / "specs" / "toy"
CLIMB = "../../climbed"


@dataclass(frozen=True)
class Yard:
    """A place with neighbours: a home, a folder for temporary files, a cache, and a folder of studies beside other files."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "outer" / "work"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The real command line, from the folder of studies."""
        named = {"HOME": "home", "TMPDIR": "tmp", "REPORTGEN_CACHE": "cache"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HF_"))}
        return subprocess.run(
            [sys.executable, "-B", "-m", "reportgen", *arguments],
            cwd=self.work,
            env={**kept, **{name: str(self.folder / place) for name, place in named.items()}, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def changes(self, before: dict[str, bytes]) -> set[str]:
        """What is new, gone or other than before, outside of the site and the cache."""
        now = contents(self.folder)
        changed = {place for place in now.keys() | before.keys() if now.get(place) != before.get(place)}
        return {place for place in changed if not place.startswith(("outer/work/site/", "cache/"))}


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path / "yard")
    for place in ("home", "tmp", "cache", "outer/specs", "outer/work/specs", "outer/site"):
        (made.folder / place).mkdir(parents=True)
    shutil.copytree(TOY / "models" / "step-1000", made.work / "specs" / "real model")
    (made.work / "specs" / "model").symlink_to("real model")
    (made.folder / "outer" / "secret.txt").write_text("secret")
    rows = [line for line in (TOY / "facts.csv").read_text().splitlines() if not line.startswith("#")][1:]
    named = (f"{subject},{CLIMB},{thing},../x,con\n" for subject, _, thing in (row.split(",") for row in rows))
    facts = f"subject,relation,object,{CLIMB},a/b\n{''.join(named)}"
    (made.work / "specs" / "facts.csv").write_text(facts)
    (made.work / "specs" / "s.yml").write_text(f"""
study:
  {{id: s, title: {CLIMB}, tags: [{CLIMB}], authors: [/etc/passwd], family: {{id: f, title: {CLIMB}, values: {{"../a": ../b}}}}}}
model: {{folder: model}}
facts: {{file: facts.csv, relations: {{{CLIMB}: {{template: "{{subject}} is {{object}}"}}}}}}
contrasts:
  - {{id: c, title: {CLIMB}, a: {{name: {CLIMB}, where: {{truth: true}}}}, b: {{name: /etc/passwd, where: {{truth: false}}}}}}
experiments: {{entropy: {{}}, relations: {{}}}}
{QUICK}""")
    return made


def test_commands_write_into_site_and_cache_and_where_they_are_told(yard: Yard) -> None:
    before = contents(yard.folder)
    for arguments in (("check",), ("explain", "specs/s.yml"), ("facts", "describe", "specs/facts.csv"), ("doctor",)):
        done = yard.run(*arguments)
        assert done.returncode == 0, done.stderr
    assert not yard.changes(before)
    done = yard.run("build", "--limit", "10")
    assert done.returncode == 0, done.stderr
    assert (yard.work / "site" / "_site" / "studies" / "s" / "index.html").is_file()
    assert not yard.changes(before)
    done = yard.run("facts", "convert", "specs/facts.csv", "--to", "../out.csv")
    assert done.returncode == 0, done.stderr
    assert yard.changes(before) == {"outer/out.csv"}
    assert (
        yard.run("init", "../begun", "--yes", "--model", "folder:specs/model", "--facts", "specs/facts.csv").returncode
        == 0
    )
    new = yard.changes(before) - {"outer/out.csv"}
    assert new
    assert all(place.startswith("outer/begun/") for place in new)


def test_capture_replaces_results_alone(yard: Yard) -> None:
    (yard.folder / "outer" / "mine").mkdir()
    (yard.folder / "outer" / "mine" / "thesis.tex").write_text("years of work")
    (yard.folder / "outer" / "mine" / "s").symlink_to("../specs")
    (yard.folder / "outer" / "specs" / "own.yml").write_text("mine")
    before = contents(yard.folder)
    for place in ("../mine", "../secret.txt"):
        assert yard.run("capture", "specs/s.yml", "--to", place).returncode in (1, 2)
        assert not yard.changes(before), place


def test_facts_are_written_over_no_file_and_through_no_link_without_force(yard: Yard) -> None:
    target = yard.folder / "outer" / "secret.csv"
    target.write_text("secret")
    (yard.work / "link.csv").symlink_to(target)
    (yard.work / "dangling.csv").symlink_to(yard.folder / "outer" / "new.csv")
    before = contents(yard.folder)
    for place in ("link.csv", "../secret.csv", "specs/facts.csv"):
        assert yard.run("facts", "convert", "specs/facts.csv", "--to", place).returncode == 1
    assert not yard.changes(before)
    yard.run("facts", "convert", "specs/facts.csv", "--to", "dangling.csv")
    assert not (yard.folder / "outer" / "new.csv").exists()
    yard.run("facts", "convert", "specs/facts.csv", "--to", "link.csv", "--force")
    assert target.read_text() == "secret"
    assert yard.run("schema", "--to", "../secret.csv").returncode == 1
    assert target.read_text() == "secret"


def problems(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_specs(path)
    return str(caught.value)


STUDY = 'study: {id: ID, title: S}\nmodel: {hub: gpt2}\nfacts: {file: f.csv, relations: {r: {template: "{subject} {object}"}}}\n'


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../up",
            "/root",
            "a/b",
            "a\\b",
            "..",
            ".",
            '".hidden"',
            "A",
            '"C:"',
            "a.b",
            '"a "',
            '"a\\n"',
            '"a\\0"',
            "é",
            "-a",
            "a_b",
        ),
        *("con", "prn", "aux", "nul", "com1", "lpt9", "a" * 65),
    ],
)
def test_an_id_is_a_name_that_every_system_has_a_file_for(tmp_path: Path, name: str) -> None:
    told = problems(tmp_path / "s.yml", STUDY.replace("ID", name))
    assert "`study.id` must be text of" in told or "Windows keeps the name" in told
    family = f"title: S, family: {{id: {name}, title: F, values: {{a: b}}}}"
    assert "s.yml:1:" in problems(tmp_path / "s.yml", STUDY.replace("ID", "s").replace("title: S", family))


@pytest.mark.parametrize("values", ["[A, a]", "[a b, A-B]", "{é: 1, e: 2}", "[../a, a]", "{A: 1, a: 2}"])
def test_cells_whose_files_would_be_one_are_refused(tmp_path: Path, values: str) -> None:
    told = problems(
        tmp_path / "s.yml", f"{STUDY.replace('ID', 's')}matrix: {{study.abstract: {values}, model.hub: {values}}}\n"
    )
    assert "in an id" in told


def test_a_spec_of_results_extends_nothing_of_this_machine(here: Here, tiny: Path, tmp_path: Path) -> None:
    copy = here.copy(tmp_path)
    (tmp_path / "private.yml").write_text("study: {abstract: a secret}\n")
    for base in ("../../private.yml", "base.yml"):
        (copy / "inputs" / "s.yml").write_text(f"extends: {base}\n{spec_of(tiny)}")
        reseal(copy)
        with pytest.raises(StudyError, match="a spec of results is whole, and this one extends another") as caught:
            open_results(copy)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["lre", "pararel"])
def test_results_read_no_folder_of_facts_of_this_machine(here: Here, tiny: Path, tmp_path: Path, kind: str) -> None:
    copy = here.copy(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "P1.jsonl").write_text('{"sub_label": "a", "obj_label": "secret"}\n')
    (tmp_path / "data" / "a.json").write_text('{"name": "secret", "prompt_templates": ["{} is"], "samples": []}')
    for place in ("../../data", "linked", str(tmp_path / "data")):
        if place == "linked" and not (copy / "inputs" / place).is_symlink():
            (copy / "inputs" / place).symlink_to(tmp_path / "data")
        spec = spec_of(tiny).replace("file: facts/s.csv", f"file: {place}, format: {kind}")
        (copy / "inputs" / "s.yml").write_text(spec)
        reseal(copy)
        with pytest.raises(StudyError):
            open_results(copy)


@pytest.mark.parametrize("pack", ["../../../s", "/etc/passwd", "..", "capitals.csv", "a\\b"])
def test_results_read_no_pack_from_elsewhere(here: Here, tiny: Path, tmp_path: Path, pack: str) -> None:
    copy = here.copy(tmp_path)
    (tmp_path / "s.csv").write_text(FACTS)
    spec = spec_of(tiny).replace("file: facts/s.csv", f"pack: '{pack}'")
    (copy / "inputs" / "s.yml").write_text(spec)
    reseal(copy)
    with pytest.raises((StudyError, InputError)):
        open_results(copy)
