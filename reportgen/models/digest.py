"""SHA-256 of model files, remembered so that gigabytes are hashed once and not at every build."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from reportgen.store import Store, content_key

_ROOM = "digests"


def digest_of(files: Path | Sequence[Path], cache: Path, folder: Path | None = None) -> str:
    """The SHA-256 of a file, or one over the names and contents of several, as 64 hexadecimal digits.

    Files below `folder` are named by their places in it, others by their names alone.

    A file's hash is remembered under its path, size and time of change: replace the file and it is hashed anew.
    """
    if isinstance(files, Path):
        return _remembered(files, Store(cache))
    return content_key(*[(_name(file, folder), _remembered(file, Store(cache))) for file in files])


def _name(file: Path, folder: Path | None) -> str:
    return file.name if folder is None else file.relative_to(folder).as_posix()


def _remembered(file: Path, store: Store) -> str:
    status = file.stat()
    key = content_key(str(file.resolve()), status.st_size, status.st_mtime_ns)
    known = store.get(_ROOM, key)
    if known is not None:
        return known.decode()
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    store.put(_ROOM, key, digest.encode())
    return digest
