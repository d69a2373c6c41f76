"""A site in the making: a project and a rendered site beside the published ones, which take their place when all is
well.

Small files that stay the same are shared with the published site by hard links where the disk allows it. So nothing is
ever written into a file that is there: it is dropped, and written anew in its place.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.site.swap import swap_in


@dataclass(frozen=True)
class Staged:
    """The folders to be filled."""

    project: Path
    out: Path


@contextmanager
def staging(folder: Path, project: Path, published: Path) -> Iterator[Staged]:
    """Folders to be filled, which take the place of the present `project` and `published` site when the block ends well.

    Raises StudyError where the disk refuses; both then stay as they were.
    """
    try:
        with _beside(folder) as made:
            staged = Staged(made / "qmd", made / "site")
            staged.project.mkdir()
            staged.out.mkdir()
            yield staged
            swap_in(staged.out, published)
            swap_in(staged.project, project)
    except OSError as error:
        raise StudyError(f"{folder}: the site cannot be written ({_reason(error)}). It stays as it was.") from error


def clear_away(folder: Path) -> None:
    """Drop what a build that was killed has left half-written."""
    for left in folder.glob(".build-*"):
        shutil.rmtree(left, ignore_errors=True)


def put(path: Path, content: bytes) -> None:
    """Write a file anew, whatever it was shared with; one that says the same already is left alone."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def share_tree(folder: str | Path, copy: str | Path) -> None:
    """A study's many small files are written once: the copy shares them where the disk can.

    A site of 100 studies has 30,000 of them, so that a file's way here is short.
    """
    Path(copy).mkdir(parents=True, exist_ok=True)
    with os.scandir(folder) as entries:
        for entry in entries:
            again = share_tree if entry.is_dir() else share
            again(entry.path, f"{copy}/{entry.name}")


def share(source: str | Path, target: str | Path) -> None:
    """One file under a second name, or a copy of it where the disk knows no second names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    clear_away(folder)
    made = Path(tempfile.mkdtemp(dir=folder, prefix=".build-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _reason(error: OSError) -> str:
    """Why, in the system's words; an error over a whole tree says it of its first file."""
    return str(error.args[0][0][2]) if isinstance(error, shutil.Error) else error.strerror or str(error)
