"""A site in the making: a project and a rendered site beside the published ones, which take their place when all is
well.

Small files that stay the same are shared with the published site by hard links where the disk allows it. So nothing is
ever written into a file that is there: it is dropped, and written anew in its place.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.site.swap import swap_in

_MADE = ".build-"


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
            staged = Staged(made / project.name, made / published.name)
            staged.project.mkdir()
            staged.out.mkdir()
            yield staged
            swap_in(staged.out, published)
            swap_in(staged.project, project)
    except OSError as error:
        file, reason = _refused(error, folder)
        raise StudyError(f"{file}: the site cannot be written ({reason}). It stays as it was.") from error


def clear_away(folder: Path) -> None:
    """Drop what a build that was killed has left half-written."""
    for left in folder.glob(f"{_MADE}*"):
        shutil.rmtree(left, ignore_errors=True)


def put(path: Path, content: bytes) -> None:
    """Write a file anew, whatever it was shared with; one that says the same already is left alone."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.unlink(missing_ok=True)
    try:
        _write(path, content)
    except OSError as error:  # the system names a file that cannot be opened, and none that cannot be filled
        error.filename = path
        raise


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except FileNotFoundError:  # of 30,000 files few are the first of their folder
        path.parent.mkdir(parents=True, exist_ok=True)
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
    except FileExistsError:  # a copy would be written into it, and into whatever shares it
        raise
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    clear_away(folder)
    made = Path(tempfile.mkdtemp(dir=folder, prefix=_MADE))
    try:
        yield made
    finally:
        with ThreadPoolExecutor() as pool:  # the disk drops the files of two trees in less time together
            list(pool.map(partial(shutil.rmtree, ignore_errors=True), made.iterdir()))
        shutil.rmtree(made, ignore_errors=True)


def _refused(error: OSError, folder: Path) -> tuple[Path, str]:
    """The file that the disk refused, where it was to stand, and why in the system's words; an error over a whole tree
    says it of its first file."""
    if isinstance(error, shutil.Error):
        _, file, reason = error.args[0][0]
    else:
        file, reason = error.filename2 or error.filename or folder, error.strerror or str(error)
    path = Path(os.fsdecode(file))
    made = next((above for above in path.parents if above.name.startswith(_MADE)), None)
    return path if made is None else folder / path.relative_to(made), str(reason)
