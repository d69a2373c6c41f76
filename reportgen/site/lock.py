"""One build of a site at a time, whichever process or machine it runs on.

The lock is the system's own on a file, so that it is gone with the process that held it, however that died. The file
lies in a folder of the site that git is told to ignore, and stays there: one that is removed while others wait for it
would let two in. Beside it stands who holds it, for the message of those who wait in vain.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from reportgen.errors import StudyError
from reportgen.store import write_atomically

FOLDER = ".lock"
_PATIENCE = 3.0


@dataclass(frozen=True)
class Holder:
    """Who is at work on a site: a process of a machine, what it does there, and since when by that machine's clock."""

    process: int
    host: str
    doing: str
    since: str

    @classmethod
    def myself(cls, doing: str) -> Self:
        """This process, from now on."""
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        return cls(os.getpid(), socket.gethostname(), doing, since)

    def __str__(self) -> str:
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"`{self.doing}` (process {self.process}{where}) has been at work on this site since {self.since}"


@contextmanager
def building(site: Path, doing: str = "reportgen build", patience: float = _PATIENCE) -> Iterator[None]:
    """Within the block nobody else builds in the folder `site`. The same process may enter again.

    Waits `patience` seconds for another to end. Raises StudyError naming it where it does not, and where the folder
    cannot be written to.
    """
    lock = FileLock(_folder(site) / "held", is_singleton=True)
    try:
        with lock.acquire(timeout=patience):
            if lock.lock_counter == 1:
                write_atomically(site / FOLDER / "holder.json", json.dumps(asdict(Holder.myself(doing))).encode())
            yield
    except Timeout as error:
        raise StudyError(f"{site}: {_holder(site)}. Wait until it has ended, or stop it.") from error


def _folder(site: Path) -> Path:
    """The folder of the lock, which git ignores by its own word."""
    folder = site / FOLDER
    if not (folder / ".gitignore").is_file():
        write_atomically(folder / ".gitignore", b"*\n")
    return folder


def _holder(site: Path) -> str:
    try:
        return str(Holder(**json.loads((site / FOLDER / "holder.json").read_bytes())))
    except (OSError, ValueError, TypeError):
        return "another process is at work on this site"
