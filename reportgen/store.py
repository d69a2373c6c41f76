"""Results under content keys: a build asks the store before it computes.

An entry is one file, `<root>/<room>/<key>`, holding the SHA-256 of its payload and then the payload. It is
written beside its place and renamed into it, so a process killed at any moment leaves either no entry or a
whole one; an entry whose bytes no longer match their hash counts as absent.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import StudyError

_DIGEST_BYTES = 32


def content_key(*parts: object) -> str:
    """The key of a result that depends on `parts` (anything JSON can say), the same in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def write_atomically(path: Path, payload: bytes) -> None:
    """Write `payload` beside `path` and rename it into place; raises StudyError when the disk refuses."""
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".partial-", delete=False) as file:
            temporary = Path(file.name)
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise StudyError(f"{path}: cannot be written ({reason}). Free space or choose another folder.") from error


@dataclass(frozen=True)
class Store:
    """The folder that results are kept in."""

    root: Path

    def put(self, room: str, key: str, payload: bytes) -> None:
        """Keep `payload` under `key`; raises StudyError when the disk refuses."""
        write_atomically(self.root / room / key, hashlib.sha256(payload).digest() + payload)

    def get(self, room: str, key: str) -> bytes | None:
        """The payload under `key`, or None where there is no whole entry; raises StudyError where it may not be read."""
        try:
            entry = (self.root / room / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StudyError(f"{self.root / room / key}: cannot be read ({error.strerror or error}).") from error
        digest, payload = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
        return payload if hashlib.sha256(payload).digest() == digest else None

    def entries(self, room: str) -> Iterator[bytes]:
        """Every whole payload of a room, in the order of its keys."""
        folder = self.root / room
        if not folder.is_dir():
            return
        for path in sorted(folder.iterdir()):
            payload = None if path.name.startswith(".") else self.get(room, path.name)
            if payload is not None:
                yield payload
