"""A clone with a small built site, a bare repository that it is published to, and real git without this machine's settings.

As a program, `python -m tests.publishing FOLDER [HISTORY]`, it says "ready", waits for a line and publishes the site of
the clone in FOLDER, so that a test can start several at one moment, or kill one at any.
"""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from reportgen.progress import Silent
from reportgen.report.page import Card
from reportgen.site.manifest import Manifest
from reportgen.site.publish import Published, publish
from reportgen.site.readiness import BuiltSite

ROOT = Path(__file__).parents[1]
KEY = "as-it-is-now"
PLAIN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""Git as on a machine that nobody has set up: it does not know who commits."""
_KNOWN = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@d"}
_THEIR_OWN = ("receive-pack", "upload-pack")


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is set on this machine reaches the tests' git."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in PLAIN.items():
        monkeypatch.setenv(name, value)


def git(folder: Path, *command: str, environment: Mapping[str, str] = _KNOWN) -> str:
    done = subprocess.run(
        ["git", *command], cwd=folder, env=os.environ | dict(environment), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Clone:
    """A clone of the repository with the specs."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "site" / "_site"

    def build(self, words: str, pages: int = 3) -> None:
        """Leave a site that says so."""
        study = self.out / "studies" / "capitals"
        study.mkdir(parents=True, exist_ok=True)
        (self.out / "index.html").write_text(f'<h1>{words}</h1><a href="studies/capitals/index.html">Capitals</a>')
        (self.out / "site.json").write_bytes(Manifest(KEY, {}).to_json())
        (study / "index.html").write_text(f"<p id='p'>{words}</p>")
        for number in range(pages):
            (study / f"piece-{number}.json").write_text(f"{words} {number}\r\n" * 50)
        self.fail_study("")

    def files(self) -> dict[str, bytes]:
        """All files that belong on the branch."""
        found = {
            path.relative_to(self.out).as_posix(): path.read_bytes() for path in self.out.rglob("*") if path.is_file()
        }
        return found | {".nojekyll": b""}

    def fail_study(self, failing: str) -> None:
        """Leave a card that says since when and why the study fails."""
        card = Card("capitals", "capitals.yml", "C", "?", "m", "f", "2026-11-24", "n", "key", failing)
        (self.out / "studies" / "capitals" / "card.json").write_bytes(card.to_json())

    def publish(self, remote: str = "origin", branch: str = "gh-pages", **how: Any) -> Published:
        return publish(self.site, remote, branch, **{"progress": Silent(), **how})

    @property
    def site(self) -> BuiltSite:
        return BuiltSite(self.out, KEY, (self.folder / "specs",))

    def untouched(self) -> tuple[str, ...]:
        """All of the clone that belongs to its user: HEAD, branches, index, working tree, stash."""
        index = (self.folder / ".git" / "index").read_bytes().hex()
        head = (self.folder / ".git" / "HEAD").read_text()
        heads = git(self.folder, "for-each-ref", "refs/heads", "refs/tags", "refs/stash")
        return head, heads, index, git(self.folder, "status", "--porcelain", environment={"GIT_OPTIONAL_LOCKS": "0"})


def begun(folder: Path) -> tuple[Clone, Path]:
    """A clone with a spec and a built site, and the bare repository that it was cloned from."""
    remote = folder / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", remote], check=True)
    clone = cloned(remote, folder / "clone")
    (clone.folder / "specs").mkdir()
    (clone.folder / "specs" / "capitals.yml").write_text("study: {id: capitals}\n")
    (clone.folder / ".gitignore").write_text("_site/\n")
    for number in range(2):
        (clone.folder / "README.md").write_text(f"Words {number}\n")
        git(clone.folder, "add", "-A")
        git(clone.folder, "commit", "--quiet", "-m", f"Begin {number}")
    git(clone.folder, "push", "--quiet", "origin", "HEAD:main")
    clone.build("first")
    return clone, remote


def cloned(remote: Path, folder: Path, *how: str) -> Clone:
    git(remote.parent, "clone", "--quiet", *how, remote.as_uri(), str(folder))
    return Clone(folder)


def published_file(remote: Path, name: str, branch: str = "gh-pages") -> bytes:
    """A file as the branch has it."""
    return subprocess.run(["git", "show", f"{branch}:{name}"], cwd=remote, capture_output=True, check=True).stdout


def published_files(remote: Path, branch: str = "gh-pages") -> dict[str, bytes]:
    """All files as the branch has them."""
    archive = subprocess.run(["git", "archive", branch], cwd=remote, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar.getmembers())
        return {name: file.read() for name, file in files if file is not None}


def is_sound(repository: Path) -> bool:
    """Whether every object that a ref leads to is there and whole."""
    done = subprocess.run(
        ["git", "fsck", "--strict", "--full", "--no-dangling"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


@contextmanager
def publishing(clone: Clone, *how: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that is ready to publish and waits for a line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.publishing", str(clone.folder), *how],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        kill(process.pid)
        process.communicate()


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def kill(pid: int) -> None:
    """Kill a process with all that it started, but not what runs at the remote's side: that learns of it by the wire."""
    below = _children(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, SIGKILL)
    for child in below:
        kill(child)


def _children(pid: int) -> list[int]:
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [child for child in children if not _is_remote(child)]
    except OSError:
        return []


def _is_remote(pid: int) -> bool:
    command = Path(f"/proc/{pid}/cmdline").read_text()
    return any(name in command for name in _THEIR_OWN)


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    history = sys.argv[2] if len(sys.argv) > 2 else "kept"
    print(Clone(Path(sys.argv[1])).publish(history=history).pushed)
