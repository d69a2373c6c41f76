"""The history of a site as a folder of plain files that are written once and never changed, so that git merges them.

`<root>/<study>/runs/2026-11-24T195548Z-1a2b3c4d.json` is one run; the name is the moment at which it ended and the first
8 hexadecimal digits of the SHA-256 of its content. `<root>/<study>/facts/<hash>.csv` is one version of the facts.

1. A run is written beside its place and renamed into it. The same run twice is one file.
2. Reading takes every file whose content is what its name vouches for, in the order of the moments and then of the names.
3. Any other JSON file among the runs is set aside by name, with the reason: one that is cut short, has a flipped bit or
   the marks of a merge conflict, is of another format or study, or is a link. The rest still reads. Files that are
   hidden or no JSON are none of ours.
4. Line ends do not count in hashes, since git may turn them when it writes a file out.
"""

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reportgen.errors import StudyError, shown
from reportgen.history.record import FORMAT, RunRecord, facts_digest
from reportgen.store import write_atomically

_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d{6}Z)-([0-9a-f]{8})\.json")
_CONFLICT = re.compile(rb"^(<<<<<<< |=======\r?$|>>>>>>> )", re.MULTILINE)
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Runs:
    """The runs of one study, oldest first, and a sentence for each file that cannot be read as one."""

    records: tuple[RunRecord, ...]
    set_aside: tuple[str, ...]

    @property
    def finished(self) -> tuple[RunRecord, ...]:
        """The runs that found something, oldest first."""
        return tuple(record for record in self.records if not record.failed)


class _NoRecordError(Exception):
    """Why a file is no record, to go on after its name."""


@dataclass(frozen=True)
class History:
    """The folder that holds what every run of every study left. One that is not there is an empty history."""

    root: Path

    def studies(self) -> tuple[str, ...]:
        """The ids of the studies that have runs, in order."""
        return tuple(entry.name for entry in _listed(self.root) if Path(entry.path, "runs").is_dir())

    def names(self, study: str) -> tuple[str, ...]:
        """The file names of a study's runs in order, whatever is in them; opens none."""
        return tuple(entry.name for entry in self._files(study) if _NAME.fullmatch(entry.name))

    def runs(self, study: str) -> Runs:
        """Every run of a study that can be read, and what cannot be; raises StudyError where the folder may not be read."""
        found: list[tuple[str, str, RunRecord]] = []
        set_aside: list[str] = []
        for entry in self._files(study):
            try:
                record = _read(entry, study)
            except _NoRecordError as why:
                set_aside.append(f"{shown(entry.name)} {why}.")
            else:
                found.append((record.finished, entry.name, record))
        return Runs(tuple(record for _, _, record in sorted(found, key=lambda one: one[:2])), tuple(set_aside))

    def append(self, record: RunRecord) -> Path:
        """Keep a run and say where; once kept, it stays as it is. Raises StudyError where the disk refuses."""
        content = record.to_bytes()
        path = self.root / record.study / "runs" / f"{_moment(record)}-{_vouched(content)}.json"
        _write_once(path, content)
        return path

    def keep_facts(self, study: str, csv: bytes, digest: str) -> None:
        """Keep a version of the facts under its hash; raises ValueError for another's hash, and what `append` raises."""
        if facts_digest(csv) != digest:
            raise ValueError(f"the facts have the hash {facts_digest(csv)}, not {digest}")
        _write_once(self._facts_path(study, digest), csv)

    def facts(self, study: str, digest: str) -> bytes | None:
        """A version of the facts as CSV, or None where it is gone or is not what its name vouches for any more."""
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            csv = self._facts_path(study, digest).read_bytes()
        except OSError:
            return None
        return csv if facts_digest(csv) == digest else None

    def _facts_path(self, study: str, digest: str) -> Path:
        return self.root / study / "facts" / f"{digest}.csv"

    def _files(self, study: str) -> list[os.DirEntry[str]]:
        """Whatever may be a run of the study, in the order of the names."""
        return [entry for entry in _listed(self.root / study / "runs") if entry.name.endswith(".json")]


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder and not hidden, by name; raises StudyError where it may not be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted((one for one in entries if not one.name.startswith(".")), key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StudyError(f"{folder}: the history cannot be read ({error.strerror or error}).") from error


def _moment(record: RunRecord) -> str:
    """The part of a file's name that says when the run ended: 2026-11-24T195548Z."""
    return f"{datetime.fromisoformat(record.finished):%Y-%m-%dT%H%M%SZ}"


def _vouched(content: bytes) -> str:
    """The part of a file's name that vouches for its content."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()[:8]


def _write_once(path: Path, content: bytes) -> None:
    """Write a file whose name goes by its content, unless it is there; one that was damaged since is made whole."""
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    write_atomically(path, content)


def _read(entry: os.DirEntry[str], study: str) -> RunRecord:
    """The record in a file; raises _NoRecordError where there is none that its name vouches for."""
    content = _content(entry)
    name = _NAME.fullmatch(entry.name)
    if name is None:
        raise _NoRecordError("has not the name of a run (2026-11-24T195548Z-1a2b3c4d.json)")
    if name[2] != _vouched(content):
        raise _NoRecordError(_damage(content))
    try:
        record = RunRecord.from_bytes(content)
    except ValidationError as error:
        raise _NoRecordError(_unlike_a_record(error.errors(include_url=False)[0])) from error
    if record.study != study:
        raise _NoRecordError(f"is a run of the study {shown(record.study)}, not of {shown(study)}")
    if name[1] != _moment(record):
        raise _NoRecordError(f"was renamed: it is the run that ended at {record.finished}")
    return record


def _damage(content: bytes) -> str:
    """Why a content is not what its file's name vouches for, as far as it can be told."""
    if _CONFLICT.search(content):
        return "holds the marks of a merge conflict; take one of the two versions whole"
    return "was cut short or changed after it was written: its content is not what its name vouches for"


def _content(entry: os.DirEntry[str]) -> bytes:
    if not entry.is_file(follow_symlinks=False):
        raise _NoRecordError("is a link, a folder or another thing that is no plain file")
    try:
        return Path(entry.path).read_bytes()
    except OSError as error:
        raise _NoRecordError(f"cannot be read ({error.strerror or error})") from error


def _unlike_a_record(first: ErrorDetails) -> str:
    """How a file that was written whole differs from a record."""
    place = ".".join(str(step) for step in first["loc"])
    if first["type"] == "json_invalid":
        return "is not JSON"
    if place == "format":
        return f"has the format {shown(str(first['input']))}, and this version of reportgen reads {shown(FORMAT)}"
    return f"is not a record: {shown(place or 'it')} is missing or is not what a record holds there"
