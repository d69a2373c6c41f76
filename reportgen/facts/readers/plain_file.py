"""A facts file as bytes or text: refused unread where it is no plain file, holds more than 100 MB, or is not UTF-8."""

import codecs
import stat
from difflib import get_close_matches
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.facts.readers.raw import MOST_BYTES, MOST_VALUES

MOST_FILES = 1_000


def require_plain(path: Path, named_in: str, kind: str) -> None:
    """Raises InputError where `path` is no file of ours to read; `named_in` is the place in the spec that names it, `kind`
    what it should be."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as err:
        raise InputError(Problem(named_in, f"no facts file at {path}", _neighbour(path))) from err
    except (OSError, ValueError) as err:
        raise _unreadable(path, named_in, err) from err
    if stat.S_ISDIR(found.st_mode):
        raise InputError(Problem(named_in, f"{path} is a folder", f"name the {kind} file inside it"))
    if not stat.S_ISREG(found.st_mode):
        raise InputError(Problem(named_in, f"{path} is not a plain file", f"copy the facts into a {kind} file"))
    if found.st_size > MOST_BYTES:
        message = f"the facts file holds {found.st_size:,} bytes, more than the {MOST_BYTES:,} allowed"
        raise InputError(Problem(str(path), message, "keep the facts that the study needs, or split it into studies"))


def bytes_of(path: Path, named_in: str, kind: str) -> bytes:
    """The file's bytes; raises InputError as `require_plain` does."""
    require_plain(path, named_in, kind)
    try:
        return path.read_bytes()
    except OSError as err:
        raise _unreadable(path, named_in, err) from err


def text_of(path: Path, named_in: str, kind: str) -> str:
    """The file's text without its byte order mark; raises InputError as `require_plain` does, or where it is not UTF-8."""
    data = bytes_of(path, named_in, kind)
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    try:
        return data[mark:].decode("utf-8")
    except UnicodeDecodeError as err:
        at = err.start + mark
        line = data.count(b"\n", 0, at) + 1
        message = f"not UTF-8: byte {at} of the file is 0x{data[at]:02x}"
        raise InputError(Problem(f"{path}:{line}", message, f"save the file as {kind} in UTF-8")) from err


def require_few(path: Path, text: str, marks: str) -> None:
    """Raises InputError where `text` separates more values by `marks` than a table may have: each takes more memory than its
    characters."""
    found = sum(text.count(mark) for mark in marks)
    if found > MOST_VALUES:
        message = f"the facts file holds {found:,} values, more than the {MOST_VALUES:,} allowed"
        raise InputError(Problem(str(path), message, "keep the facts that the study needs, or split it into studies"))


def files_below(folder: Path, pattern: str, named_in: str) -> tuple[Path, ...]:
    """The plain files in a folder of a data set, in the order of their names.

    Raises InputError where there are none, too many, or more than 100 MB of them.
    """
    found: list[Path] = []
    size = 0
    for path in folder.glob(pattern):
        if path.is_file():
            found.append(path)
            size += path.stat().st_size
        if len(found) > MOST_FILES or size > MOST_BYTES:
            message = (
                f"{folder} holds more than {MOST_FILES:,} files or {MOST_BYTES:,} bytes of {pattern.split('/')[-1]}"
            )
            raise InputError(Problem(named_in, message, "name one of its files"))
    if not found:
        raise InputError(Problem(named_in, f"{folder} holds no {pattern.split('/')[-1]}", "name the data set's folder"))
    return tuple(sorted(found))


def _unreadable(path: Path, named_in: str, err: Exception) -> InputError:
    return InputError(Problem(named_in, f"{path} cannot be read: {err}"))


def _neighbour(path: Path) -> str:
    """A remedy that names the most similar file nearby, where there is one."""
    names = sorted(found.name for found in path.parent.iterdir()) if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=1)
    advice = "the path in `file` starts at the spec's own folder"
    return f"did you mean {shown(near[0])}? {advice}" if near else advice
