"""Results under content keys: a build asks the store before it computes.

An entry is one file, `<root>/<room>/<key>`, holding the SHA-256 of its payload and then the payload. It is
written beside its place and renamed into it, so a process killed at any moment leaves either no entry or a
whole one; an entry whose bytes no longer match their hash counts as absent. What a killed process left of a write
is cleared away by the next write into its folder that comes an hour later or more: until then it may belong to a process
that is still writing.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import StudyError

_DIGEST_BYTES = 32
_OF_MODELS = ("models", "digests")
_PARTIAL = ".partial-"
_FRESH, _HELD = ".fresh-", ".held"
_SECONDS_TO_WRITE = 3600.0

# Made once: `json.dumps` makes one a call, which takes a fifth of the time of a key.
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode


def content_key(*parts: object) -> str:
    """The key of a result that depends on `parts` (anything JSON can say), the same in every process."""
    return hashlib.sha256(_encode(parts).encode()).hexdigest()


def write_atomically(path: Path, *payload: bytes) -> None:
    """Write the parts of `payload` beside `path` and rename them into place; raises StudyError when the disk refuses.

    Whatever stops the write, an interrupt too, the file beside it is removed; only a process that is killed leaves it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _require_plain(path)
        clear_left(path.parent, _PARTIAL)
        _write_beside(path, payload)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudyError(f"{path}: cannot be written ({reason}). Free space or choose another folder.") from error


def _require_plain(path: Path) -> None:
    """A rename would put a file in the place of a device or a pipe, of which a machine has but one."""
    if path.exists() and not path.is_file():
        raise StudyError(f"{path}: this is no plain file, and is left as it is. Name another.")


def _write_beside(path: Path, payload: Iterable[bytes]) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_PARTIAL)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(payload)
            file.flush()
            os.fsync(descriptor)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def clear_left(folder: Path, prefix: str) -> None:
    """Remove what killed processes left here, an hour ago or earlier, of what they wrote under names with a prefix."""
    for path in folder.glob(f"{prefix}*"):
        with suppress(OSError):  # another process may clear it away just now, and another user's is not ours
            if time.time() - path.stat().st_mtime > _SECONDS_TO_WRITE:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def folder_beside(target: Path, prefix: str) -> Iterator[Path]:
    """A folder to fill, in the folder of `target`, whose place it can take by a rename. What stands under its own name
    when the block ends is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=target.parent, prefix=prefix))
    try:
        making.chmod(0o755)
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)


@dataclass(frozen=True)
class Store:
    """The folder that results are kept in."""

    root: Path

    def put(self, room: str, key: str, payload: bytes) -> None:
        """Keep `payload` under `key`; raises StudyError when the disk refuses."""
        write_atomically(self.root / room / key, hashlib.sha256(payload).digest(), payload)

    def get(self, room: str, key: str) -> bytes | None:
        """The payload under `key`, or None where there is no whole entry; raises StudyError where it may not be read."""
        try:
            with (self.root / room / key).open("rb") as file:
                digest, payload = file.read(_DIGEST_BYTES), file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StudyError(f"{self.root / room / key}: cannot be read ({error.strerror or error}).") from error
        return payload if hashlib.sha256(payload).digest() == digest else None

    def entries(self, room: str) -> Iterator[bytes]:
        """Every whole payload of a room, in the order of its keys."""
        return (payload for _, payload in self.items(room))

    def items(self, room: str) -> Iterator[tuple[str, bytes]]:
        """The key and payload of every whole entry of a room, in the order of the keys."""
        folder = self.root / room
        if not folder.is_dir():
            return
        for path in sorted(folder.iterdir()):
            payload = None if path.name.startswith(".") else self.get(room, path.name)
            if payload is not None:
                yield path.name, payload


@contextmanager
def fresh_store(cache: Path) -> Iterator[Path]:
    """A store in which nothing is kept but models, so that everything is computed anew; what was computed goes into the
    `cache` when the block ends, however it ends.

    What killed processes left of theirs is cleared away. Raises StudyError where the disk refuses.
    """
    from filelock import FileLock  # noqa: PLC0415

    with _refusals_told(cache):
        _clear_dead(cache)
        fresh = Path(tempfile.mkdtemp(dir=cache, prefix=_FRESH))
    with FileLock(fresh / _HELD):
        try:
            with _refusals_told(cache):
                _share_models(cache, fresh)
            yield fresh
        finally:
            with _refusals_told(cache):
                _move_in(fresh, cache)
            shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def _refusals_told(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StudyError(
            f"{error.filename or cache}: cannot be written ({error.strerror or error}). "
            "Free space or choose another cache."
        ) from error


def _share_models(cache: Path, fresh: Path) -> None:
    for room in _OF_MODELS:
        (cache / room).mkdir(exist_ok=True)
        (fresh / room).symlink_to((cache / room).resolve(), target_is_directory=True)


def _clear_dead(cache: Path) -> None:
    """Remove the fresh stores of killed processes; what these computed is dropped, for it may be older than what is
    kept."""
    cache.mkdir(parents=True, exist_ok=True)
    for fresh in cache.glob(f"{_FRESH}*"):
        with suppress(OSError):  # another process may clear it away just now, and another user's is not ours
            if _is_dead(fresh):
                shutil.rmtree(fresh)


def _is_dead(fresh: Path) -> bool:
    """Whether no process holds the store. One that is not held yet may have been made just now."""
    from filelock import FileLock, Timeout  # noqa: PLC0415

    if not (fresh / _HELD).exists():
        return time.time() - fresh.stat().st_mtime > _SECONDS_TO_WRITE
    try:
        with FileLock(fresh / _HELD, timeout=0):
            return True
    except Timeout:
        return False


def _move_in(fresh: Path, cache: Path) -> None:
    for room in fresh.iterdir():
        if room.name in _OF_MODELS:
            continue
        for entry in room.rglob("*"):
            if entry.is_file() and not entry.name.startswith("."):
                place = cache / entry.relative_to(fresh)
                place.parent.mkdir(parents=True, exist_ok=True)
                entry.replace(place)
