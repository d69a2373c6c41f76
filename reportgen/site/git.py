"""The `git` of this machine, asked by its plumbing commands.

Git itself, and no library: only it knows the credential helpers, hooks, proxies and SSH settings by which this machine's
user reaches a remote. It never waits for somebody to type: it has no terminal to ask on.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reportgen.errors import StudyError

_OF_ANOTHER_REPOSITORY = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE",
}  # fmt: skip
"""Set for whatever runs inside a hook, and none of our business there."""
_ALWAYS = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
_REMEDIES = (
    (r"could not read Username|Authentication failed|Permission denied|403|401",
     "See that this machine may push there: a credential helper, an SSH key in the agent, or a token with `contents: write`."),
    (r"Could not resolve host|unable to access|Connection (refused|timed out)|Could not connect",
     "See whether this machine reaches the remote, and try again. Nothing there has changed."),
    (r"Host key verification failed",
     "Connect to that host by ssh once and accept its key."),
    (r"does not appear to be a git repository|Repository not found|repository .* not found|does not exist",
     "See `git remote -v` for what the remotes are called and where they lead."),
    (r"protected branch|GH006|GH013|pre-receive hook declined",
     "The remote forbids this; its words above say why. Another branch can be named with --branch."),
    (r"dubious ownership",
     "The repository belongs to another user of this machine; git's words above say how to trust it."),
    (r"No space left|Disk quota", "Free space, and try again. Nothing at the remote has changed."),
    (r"\.lock': File exists", "Another git is at work, or one was killed; git's words above name the file that it left."),
)  # fmt: skip


class GitError(StudyError):
    """Git refused: its own words, and what may help."""

    def __init__(self, command: str, words: str) -> None:
        remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, words)), "")
        super().__init__(f"`git {command}` failed:\n{words}" + (f"\n{remedy}" if remedy else ""))


@dataclass(frozen=True)
class Git:
    """Git, at work in a folder. `settings` are environment variables for all that it does."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def ask(self, *command: str, given: bytes = b"") -> str:
        """What a command prints, without the line end. Raises GitError where it fails."""
        return os.fsdecode(self.raw(*command, given=given)).rstrip("\n")

    def raw(self, *command: str, given: bytes = b"") -> bytes:
        """What a command prints, byte for byte. Raises GitError where it fails."""
        done = self._run(command, given)
        if done.returncode:
            raise GitError(command[0], _words(done.stderr))
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        """Whether a command that answers by its exit code says yes."""
        return self._run(command, b"").returncode == 0

    def _run(self, command: Sequence[str], given: bytes) -> "subprocess.CompletedProcess[bytes]":
        inherited = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_REPOSITORY}
        try:
            return subprocess.run(
                ["git", *command],
                cwd=self.folder,
                env=inherited | _ALWAYS | dict(self.settings),
                input=given,
                capture_output=True,
                check=False,
                start_new_session=True,  # without a terminal, so that nothing it starts can ask either
            )
        except FileNotFoundError as error:
            raise StudyError(
                "git is not installed here, and publishing needs it: https://git-scm.com/downloads"
            ) from error


def without_secrets(text: str) -> str:
    """The text with the names and passwords in its addresses left out: it may go into a public log."""
    return re.sub(r"://[^/@\s]+@", "://…@", text)


def _words(stderr: bytes) -> str:
    """What git says of a failure, without anything secret or that a terminal would obey."""
    lines = (line.rstrip() for line in without_secrets(stderr.decode(errors="replace")).splitlines())
    return "\n".join(f"    {''.join(c for c in line if c.isprintable())}" for line in lines if line)
