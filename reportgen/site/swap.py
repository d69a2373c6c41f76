"""Putting a finished folder in the place of the published one, in one step.

Where the system can exchange two names at once (Linux), it does: a reader finds the old folder or the new one
and never neither. Elsewhere the old one steps aside first, and `recover` puts it back should the process die
between the two renames.
"""

import ctypes
import os
import shutil
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def swap_in(fresh: Path, published: Path) -> None:
    """Make the folder `fresh` the `published` one. What stood there before stands in the place of `fresh` then, for
    whoever made that to drop: it may take long."""
    if not published.exists():
        fresh.rename(published)
        return
    if _exchanged(fresh, published):
        return
    aside = _aside(published)
    shutil.rmtree(aside, ignore_errors=True)
    published.rename(aside)
    fresh.rename(published)
    aside.rename(fresh)


def recover(published: Path) -> None:
    """Undo a swap that died half-way."""
    if is_half_way(published):
        _aside(published).rename(published)


def is_half_way(published: Path) -> bool:
    """Whether a swap died half-way, or is there just now."""
    return _aside(published).exists() and not published.exists()


def _aside(published: Path) -> Path:
    return published.with_name(f".{published.name}-before")


def _exchanged(one: Path, other: Path) -> bool:
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(
        rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)) == 0
    )
