"""Results folders are left: all that a study's page needs, in one small folder.

1. A results folder is a store. Its rooms hold exactly what the study looked for in the store that it was captured into:
   shards are cut down to the keys in question and keep their names and the record of their run, so that the same is
   read from them, in the same order. Beside the rooms lie the spec, its facts and its lock (`inputs/`), and what is read
   of the model without its weights (`tokenizer/`).
2. `results.json` (`models.manifest`) has the checksum of every other file. Two captures that read the same leave the
   same folder, to the byte.
3. A folder is made beside its place and takes it whole; what stood there stays until then.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reportgen import provenance
from reportgen.capture.knowing import KnowledgeShard
from reportgen.capture.opening import ProvenModel
from reportgen.capture.record import AttentionShard, Shard
from reportgen.catalogue import find_pack
from reportgen.errors import StudyError, shown
from reportgen.facts.readers.hub_dataset import copy_of, copy_path
from reportgen.facts.source import source_files
from reportgen.locking import lock_path
from reportgen.models.manifest import FORMAT, MANIFEST, Manifest, ModelRecord
from reportgen.models.source import TOKENIZER, tokenizer_files
from reportgen.packed.opening import INPUTS, files_of, pack_place, record_of
from reportgen.report.results import Results
from reportgen.site.swap import recover, swap_in
from reportgen.spec.model import SpecFile
from reportgen.store import Store, clear_left, folder_beside

_PARTIAL = ".capture-"

_SHARDS: Mapping[str, type[Shard] | type[AttentionShard] | type[KnowledgeShard]] = {
    "scores": Shard,
    "knowledge": KnowledgeShard,
    "rows": AttentionShard,
    "patterns": AttentionShard,
}


@dataclass(frozen=True)
class Packed:
    """A results folder, and what it says of itself."""

    folder: Path
    manifest: Manifest

    @property
    def size(self) -> int:
        """The bytes of all files that it names."""
        return sum(file.size for file in self.manifest.files.values())


def pack(results: Results, model: ProvenModel, target: Path) -> Packed:
    """Leave in the folder `target` what the results were made from, whose keys `model` has sought.

    Raises StudyError where the disk refuses, where something else than results stands there, or where the facts lie where
    no folder can hold them; what stood there stays.
    """
    _require_ours(target)
    try:
        inputs = _inputs(results.plan.file)
        recover(target)
        clear_left(target.parent, _PARTIAL)
        with folder_beside(target, _PARTIAL) as making:
            for place, content in {**inputs, **_tokenizer(results.plan.tokenizer.folder)}.items():
                _put(making / place, content)
            _excerpt(model, Store(making))
            manifest = _manifest(results, model, making, spec=next(iter(inputs)))
            _put(making / MANIFEST, manifest.to_bytes())
            swap_in(making, target)
    except OSError as error:
        raise StudyError(f"{target}: cannot be written ({error.strerror or error}). What was there stays.") from error
    return Packed(target, manifest)


def _require_ours(target: Path) -> None:
    if target.exists() and not (target / MANIFEST).is_file() and not (target.is_dir() and not any(target.iterdir())):
        raise StudyError(f"{target}: something else than results stands there. Choose another folder with --to.")


def _inputs(file: SpecFile) -> dict[str, bytes]:
    """The spec, first, then all files of its facts and its lock, by their places in the folder: as they lie to one another.
    One study of a family leaves a spec that is called by its id."""
    folder = Path(os.path.realpath(file.path.parent))
    spec = folder / (f"{file.spec.study.id}.yml" if file.cell else file.path.name)
    held = {spec: file.text.encode()}
    if (facts := file.spec.facts.file) is not None and Path(facts).is_absolute():
        raise StudyError(
            f"{file.path}: facts.file is an absolute path, {shown(facts)}, which no other machine has. "
            "Put the facts beside the spec."
        )
    held |= {path: path.read_bytes() for path in source_files(file.spec.facts, folder / file.path.name)}
    if file.spec.facts.dataset is not None:
        held.pop(copy_path(folder / file.path.name), None)
        held[copy_path(spec)] = copy_of(file.spec.facts.dataset, file.path)
    if file.spec.facts.pack is not None:
        held[folder / pack_place(file.spec.facts.pack)] = find_pack(
            file.spec.facts.pack, str(file.path)
        ).path.read_bytes()
    if (lock := lock_path(folder / file.path.name, file.cell)).exists():
        held[lock_path(spec)] = lock.read_bytes()
    root = Path(os.path.commonpath([path.parent for path in held]))
    return {(PurePosixPath(INPUTS) / path.relative_to(root).as_posix()).as_posix(): held[path] for path in held}


def _tokenizer(folder: Path) -> dict[str, bytes]:
    return {f"{TOKENIZER}/{file.name}": file.read_bytes() for file in tokenizer_files(folder)}


def _excerpt(model: ProvenModel, excerpt: Store) -> None:
    """Put what was sought, and no more, into another store."""
    store = Store(model.cache)
    for room, keys in sorted(model.sought.items()):
        for key, payload in store.items(model.shelf(room)):
            cut = _cut(room, key, payload, keys)
            if cut is not None:
                excerpt.put(f"{room}/{model.shelf_key}", key, cut)


def _cut(room: str, key: str, payload: bytes, keys: set[str]) -> bytes | None:
    """What an entry holds under some keys, or None where that is nothing; in a room without shards, all or nothing."""
    if room not in _SHARDS:
        return payload if key in keys else None
    shard = _SHARDS[room].from_bytes(payload)
    wanted = shard.only(keys)
    if len(wanted.keys) == len(shard.keys):
        return payload
    return wanted.to_bytes() if wanted.keys else None


def _manifest(results: Results, model: ProvenModel, folder: Path, spec: str) -> Manifest:
    source = results.plan.source
    return Manifest(
        format=FORMAT,
        reportgen=provenance.own_version(),
        finished=max(run.finished for run in results.captured.runs),
        study=results.plan.file.spec.study.id,
        spec=spec,
        model=ModelRecord(
            name=source.name,
            identity=source.identity,
            origin=source.origin,
            file=source.gguf.name if source.gguf is not None else "",
            shelf=model.shelf_key,
        ),
        files={place: record_of(folder / place) for place in sorted(files_of(folder))},
    )


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
