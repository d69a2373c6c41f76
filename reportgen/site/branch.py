"""The branch of a remote that a site is published on: read, and moved in one step."""

import re
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import StudyError, nearest, shown
from reportgen.site.git import Git, GitError, without_secrets

_COLLISION = re.compile(r"cannot lock ref|failed to update ref|stale info|fetch first|incorrect old value")


@dataclass(frozen=True)
class Goal:
    """A branch of a remote: what git is given to reach it, and how messages name it."""

    address: str
    branch: str
    where: str

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


@dataclass(frozen=True)
class Tip:
    """The commit that a branch is at, its tree, and whether others stand before it."""

    commit: str
    tree: str
    has_parents: bool


class OvertakenError(Exception):
    """Somebody else publishes on the branch at this moment; in git's words where it said so."""


def goal_of(git: Git, remote: str, branch: str) -> Goal:
    """Where to publish. Raises StudyError where there is no such remote, or where the branch is the sources' own."""
    if branch.startswith("-") or not git.succeeds("check-ref-format", f"refs/heads/{branch}"):
        raise StudyError(f"--branch: {shown(branch)} is no name for a branch")
    names = git.ask("remote").split()
    if remote in names:
        _require_another_branch(git, branch)
        return Goal(_address(git, remote), branch, f"{branch} of {remote}")
    if not remote.startswith("-") and (":" in remote or Path(remote).is_dir()):
        address = remote if ":" in remote else str(Path(remote).resolve())
        return Goal(address, branch, f"{branch} of {without_secrets(address)}")
    raise StudyError(_no_such_remote(git, remote, names))


def _require_another_branch(git: Git, branch: str) -> None:
    if git.succeeds("symbolic-ref", "--quiet", "HEAD") and git.ask("symbolic-ref", "--short", "HEAD") == branch:
        raise StudyError(f"--branch: {shown(branch)} holds the sources, and publishing would take their place")


def _address(git: Git, remote: str) -> str:
    """The remote's name, or the address that it is pushed to where it is read from another."""
    read, pushed = git.ask("remote", "get-url", remote), git.ask("remote", "get-url", "--push", remote)
    return remote if read == pushed else pushed


def _no_such_remote(git: Git, remote: str, names: list[str]) -> str:
    missing = f"--remote: the repository {git.folder} has no remote {shown(remote)}"
    if not names:
        return f"{missing}, nor any other. Add one: git remote add {remote} ADDRESS"
    close = nearest(remote, names)
    return f"{missing}; it has {', '.join(names)}." + (f" Did you mean `{close}`?" if close else "")


def _remote_commit(git: Git, goal: Goal) -> str | None:
    """The commit that the branch is at; None where there is no such branch."""
    told = (line.partition("\t") for line in git.ask("ls-remote", goal.address, goal.ref).splitlines())
    return next((commit for commit, _, ref in told if ref == goal.ref), None)


def tip_of(git: Git, goal: Goal) -> Tip | None:
    """The branch as it is at the remote, its objects fetched; no ref of this repository is touched."""
    commit = _remote_commit(git, goal)
    if commit is None:
        return None
    depth = ["--depth=1"] if git.ask("rev-parse", "--is-shallow-repository") == "true" else []
    git.ask("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=", *depth,
            goal.address, goal.ref)  # fmt: skip
    if not git.succeeds("cat-file", "-e", commit):
        raise OvertakenError
    head = git.ask("cat-file", "commit", commit).partition("\n\n")[0].splitlines()
    return Tip(commit, head[0].removeprefix("tree "), any(line.startswith("parent ") for line in head))


def push(git: Git, goal: Goal, commit: str, tip: Tip | None) -> None:
    """Move the branch from `tip` to the commit, or fail with nothing changed."""
    before = None if tip is None else tip.commit
    lease = f"--force-with-lease={goal.ref}:{before or ''}"
    try:
        git.ask("push", "--quiet", "--no-follow-tags", "--recurse-submodules=no", lease, goal.address,
                f"{commit}:{goal.ref}")  # fmt: skip
    except GitError as error:
        now = _remote_commit(git, goal)
        if now == commit:  # it arrived, and only the answer did not
            return
        if now == before and not _COLLISION.search(str(error)):
            raise
        raise OvertakenError(error) from error
