"""Results folders are opened: a folder must hold every file that its `results.json` names, as it was, and no other."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from reportgen.catalogue import find_pack
from reportgen.errors import InputError, StudyError, shown
from reportgen.facts.readers.hub_dataset import copy_path
from reportgen.facts.source import source_files
from reportgen.models.manifest import MANIFEST, REMEDY, FileRecord, Manifest, read_manifest
from reportgen.spec.load import load_spec
from reportgen.spec.model import SpecFile
from reportgen.spec.yaml_source import read_yaml

INPUTS = "inputs"


def open_results(folder: Path) -> SpecFile:
    """The spec of a results folder that is whole; raises StudyError that names the file which is not as it was captured."""
    manifest = read_manifest(folder)
    there = set(files_of(folder)) - {MANIFEST}
    for place in sorted(there | manifest.files.keys()):
        if place not in manifest.files:
            raise StudyError(f"{folder / place}: this file is not of these results. Remove it, or capture again.")
        if place not in there:
            raise StudyError(f"{folder / place}: this file of the results is missing. {REMEDY}")
        if not _is_as(manifest.files[place], folder / place):
            raise StudyError(f"{folder / place}: this file was changed after the capture, or cut short. {REMEDY}")
    if manifest.spec not in manifest.files:
        raise StudyError(f"{folder / MANIFEST}: the spec {shown(manifest.spec)} is not among its files. {REMEDY}")
    if "extends" in read_yaml(folder / manifest.spec).data:
        raise StudyError(
            f"{folder / manifest.spec}: a spec of results is whole, and this one extends another. {REMEDY}"
        )
    file = load_spec(folder / manifest.spec)
    _require_own_facts(file, folder, manifest)
    return file


def _require_own_facts(file: SpecFile, folder: Path, manifest: Manifest) -> None:
    """Whoever sends results must not have a file of this machine read into a page."""
    for facts in _facts_of(file):
        if _within(folder, facts) not in manifest.files:
            raise StudyError(f"{file.path}: the facts {shown(facts.name)} are not in these results. {REMEDY}")
    if file.spec.facts.dataset is not None and _within(folder, copy_path(file.path)) not in manifest.files:
        raise StudyError(f"{file.path}: the data set's copy is not in these results. {REMEDY}")
    if file.spec.facts.pack is not None:
        _require_same_pack(file.spec.facts.pack, file, folder, manifest)


def _facts_of(file: SpecFile) -> tuple[Path, ...]:
    try:
        return source_files(file.spec.facts, file.path)
    except (InputError, OSError, ValueError) as error:
        raise StudyError(f"{file.path}: the facts are not in these results ({error}). {REMEDY}") from error


def _require_same_pack(name: str, file: SpecFile, folder: Path, manifest: Manifest) -> None:
    """Facts of a pack are read from the catalogue, so its pack must be the one of which the model was asked."""
    place = _within(folder, file.path.parent / pack_place(name))
    if place not in manifest.files:
        raise StudyError(f"{file.path}: the facts of the pack {shown(name)} are not in these results. {REMEDY}")
    if record_of(find_pack(name, str(file.path)).path) != manifest.files[place]:
        raise StudyError(
            f"{folder / place}: the pack {shown(name)} was another one when the model was asked. Render these results with "
            f"reportgen {manifest.reportgen}, or capture again."
        )


def pack_place(name: str) -> str:
    """Where results keep a pack of facts, from the folder of their spec on."""
    return f"packs/{name}.csv"


def _within(folder: Path, path: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def files_of(folder: Path) -> Iterator[str]:
    """The places of all files below a folder, links to folders among them, hidden ones too."""
    for root, folders, names in os.walk(folder):
        linked = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in (*names, *linked):
            yield (Path(root) / name).relative_to(folder).as_posix()


def record_of(file: Path) -> FileRecord:
    """A file's checksum and size."""
    with file.open("rb") as opened:
        return FileRecord(sha256=hashlib.file_digest(opened, "sha256").hexdigest(), size=file.stat().st_size)


def _is_as(record: FileRecord, file: Path) -> bool:
    """Whether a file has this checksum and size; a link or one that cannot be read has not."""
    try:
        return not file.is_symlink() and file.stat().st_size == record.size and record_of(file) == record
    except OSError:
        return False
