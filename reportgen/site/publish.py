"""A built site onto a branch of a git repository, from where GitHub Pages or any other host takes it.

1. What speaks against the site is gathered, and ends the matter unless it is to be published anyway.
2. Its files become objects of the repository that the site's folder lies in, byte for byte: no filter, no ignore list, no
   index and no working tree of the user's take part.
3. The branch is read at the remote. A tree is made of the files, `.nojekyll` (without it, GitHub drops what begins with an
   underscore) and CNAME, which holds the site's own domain: that of the site, else of its sources, else of the branch.
4. Where the branch holds that tree already, nothing is pushed. Else a commit of it is put on top of the branch, or alone in
   the place of all that was there, and pushed on the condition that the branch is still what was read.
5. Where somebody else published meanwhile, it goes on at step 3.

The remote changes in one step, that of its branch from the old commit to the new one, which git makes once all objects
have arrived. Whatever stops this before leaves it as it was; objects may stay in either repository until git clears them.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from reportgen import numbers, provenance
from reportgen.errors import StudyError
from reportgen.progress import Progress
from reportgen.site.branch import Goal, OvertakenError, Tip, goal_of, push, tip_of
from reportgen.site.git import Git, GitError
from reportgen.site.lock import building
from reportgen.site.manifest import FILE as MANIFEST
from reportgen.site.readiness import BuiltSite, objections
from reportgen.site.weight import weigh

History = Literal["kept", "squashed"]

_ATTEMPTS = 5
_PAUSE = 0.3
_DOMAIN = "CNAME"
_NO_JEKYLL = ".nojekyll"
_SEEDS = {_DOMAIN, _NO_JEKYLL, "README.md"}
"""What a branch may hold that was made for the site and has none yet."""


@dataclass(frozen=True)
class Published:
    """What became of it: the commit that the branch is at, how many files it changed, and whether it was pushed just now.

    `where` names branch and remote.
    """

    commit: str
    changed: int
    pushed: bool
    where: str

    def __str__(self) -> str:
        if not self.pushed:
            return f"{self.where} holds this site already ({self.commit[:10]}); nothing was pushed."
        return f"{self.where} is now at {self.commit[:10]}: {numbers.things(self.changed, 'file')} changed."


@dataclass(frozen=True)
class _Wish:
    """What is to be published: the files' objects by their paths, and how."""

    files: Mapping[str, str]
    history: History
    anyway: bool
    message: str


def publish(
    site: BuiltSite,
    remote: str = "origin",
    branch: str = "gh-pages",
    *,
    history: History = "kept",
    anyway: bool = False,
    message: str = "",
    progress: Progress,
) -> Published:
    """Put the site on a branch of a remote: the name of one, an address or a path.

    `history` says whether the commits of before stay below the new one; `anyway` publishes in spite of objections.
    Raises StudyError where something speaks against the site, and where git refuses, in git's words; the remote then
    stays as it was.
    """
    site = replace(site, folder=site.folder.resolve())
    git = _repository(site.folder)
    goal = goal_of(git, remote, branch)
    with building(site.folder.parent, "reportgen publish"):
        _see_to_objections(site, git, anyway, progress)
        wish = _Wish(_stored_files(git, site.folder), history, anyway, message or _message(git))
    why = ""
    for _ in range(_ATTEMPTS):
        try:
            return _attempt(git, goal, wish, progress)
        except OvertakenError as overtaken:
            why = str(overtaken)
            progress.say(f"{goal.where}: somebody else publishes at the same time; trying again.")
            time.sleep(_PAUSE)
    raise StudyError(
        f"{goal.where}: somebody else was faster {_ATTEMPTS} times; run the same command again. {why}".rstrip()
    )


def _repository(folder: Path) -> Git:
    """Git at the top of the repository that the site's folder lies in."""
    if not folder.is_dir():
        raise StudyError(f"{folder}: no site has been built here yet. Run `reportgen build` first.")
    try:
        return Git(Path(Git(folder.parent).ask("rev-parse", "--show-toplevel")))
    except GitError as error:
        if "not a git repository" not in str(error):
            raise
        raise StudyError(
            f"{folder.parent} lies in no git repository. Publish from the clone that holds the specs, or begin one with "
            "`git init` and give it a remote with `git remote add origin ADDRESS`."
        ) from error


def _see_to_objections(site: BuiltSite, git: Git, anyway: bool, progress: Progress) -> None:
    """Say what the site weighs and what is near a limit; raises StudyError where something speaks against the site."""
    weight = weigh(site.folder)
    _object(objections(site, weight, git), anyway, progress)
    progress.say(f"{site.folder}: {weight}")
    for warning in weight.warnings():
        progress.say(f"warning: {warning}")


def _object(found: Sequence[str], anyway: bool, progress: Progress) -> None:
    """Raises StudyError with what was found, or says it where the site is published anyway."""
    for objection in found if anyway else ():
        progress.say(f"published anyway: {objection}")
    if found and not anyway:
        listed = "\n".join(f"    {objection}" for objection in found)
        raise StudyError(
            f"the site is not published, because:\n{listed}\nMend that, or publish it as it is with --anyway."
        )


def _stored_files(git: Git, folder: Path) -> dict[str, str]:
    """The site's files as objects of the repository, by their paths in the site; CNAME may come from beside it."""
    files = dict(_paths(folder))
    domain = folder.parent / _DOMAIN
    if domain.is_file():
        files.setdefault(_DOMAIN, domain)
    listed = b"".join(os.fsencode(path) + b"\n" for path in files.values())
    stored = git.ask("hash-object", "-w", "--no-filters", "--stdin-paths", given=listed).split()
    return dict(zip(files, stored, strict=True)) | {_NO_JEKYLL: git.ask("hash-object", "-w", "--stdin")}


def _paths(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file by its path in the site. Raises StudyError where one cannot be published."""
    for within, folders, names in os.walk(folder):
        for path in (Path(within, name) for name in (*folders, *names)):
            if path.is_symlink() or "\n" in path.name:
                raise StudyError(f"{path}: a link, or a name of more than one line, cannot be published. Remove it.")
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _message(git: Git) -> str:
    """What the commit says: which sources were here when the site was published."""
    head = ("rev-parse", "--quiet", "--verify", "--short", "HEAD")
    return f"Publish the site ({git.ask(*head)})" if git.succeeds(*head) else "Publish the site"


def _attempt(git: Git, goal: Goal, wish: _Wish, progress: Progress) -> Published:
    """Publish on top of what the branch is now; raises OvertakenError where it became another meanwhile."""
    tip = tip_of(git, goal)
    if tip is not None:
        _object(_foreign(git, goal, tip), wish.anyway, progress)
    tree = _tree(git, wish.files, tip)
    if tip is not None and tree == tip.tree and not (wish.history == "squashed" and tip.has_parents):
        return Published(tip.commit, 0, False, goal.where)
    commit = _commit(git, tree, tip if wish.history == "kept" else None, wish.message)
    push(git, goal, commit, tip)
    return Published(commit, _changed(git, tree, tip), True, goal.where)


def _foreign(git: Git, goal: Goal, tip: Tip) -> list[str]:
    """An objection where the branch holds something that is no site of ours."""
    names = set(filter(None, git.ask("ls-tree", "--name-only", "-z", tip.tree).split("\0")))
    if MANIFEST in names or names <= _SEEDS:
        return []
    return [f"{goal.where} holds what reportgen did not put there ({', '.join(sorted(names)[:3])}, …)"]


def _tree(git: Git, files: Mapping[str, str], tip: Tip | None) -> str:
    """The tree of the files, and of the branch's CNAME where the site has none, made in an index of its own."""
    entries = "".join(f"100644 {stored}\t{path}\0" for path, stored in files.items())
    if tip is not None and _DOMAIN not in files:
        entries += git.ask("ls-tree", "-z", tip.tree, _DOMAIN)
    with tempfile.TemporaryDirectory() as folder:
        apart = replace(git, settings={"GIT_INDEX_FILE": str(Path(folder) / "index")})
        apart.ask("update-index", "-z", "--index-info", given=os.fsencode(entries))
        return apart.ask("write-tree")


def _commit(git: Git, tree: str, parent: Tip | None, message: str) -> str:
    below = [] if parent is None else ["-p", parent.commit]
    settings = _identity(git) | _dates()
    return replace(git, settings=settings).ask("commit-tree", tree, *below, "-F", "-", given=message.encode())


def _identity(git: Git) -> dict[str, str]:
    """Who publishes, where git does not know it: nobody in particular, rather than a guess from the machine's name."""
    settings: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        if not git.succeeds("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT"):
            settings |= {f"GIT_{role}_NAME": "reportgen", f"GIT_{role}_EMAIL": "reportgen@localhost"}
    return settings


def _dates() -> dict[str, str]:
    moment = f"@{int(provenance.now().timestamp())} +0000"
    return {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}


def _changed(git: Git, tree: str, tip: Tip | None) -> int:
    """How many files are other ones than before."""
    told = (
        git.ask("ls-tree", "-r", "--name-only", "-z", tree)
        if tip is None
        else git.ask("diff-tree", "-r", "--name-only", "--no-renames", "-z", tip.tree, tree)
    )
    return told.count("\0")
