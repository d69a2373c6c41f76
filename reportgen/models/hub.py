"""Models on the Hugging Face hub: a name and a revision become a commit and a folder of files in the hub's own cache.

1. A full commit never changes: what the cache holds of it is used, and nobody is asked.
2. Any other revision, the newest one among them, is asked for. Where the hub does not answer, the commit that it was the last
   time is used, if its files are there, and a note says so.
3. Of a repository only the files that are read are fetched: first those of the tokenizer, for a capture the index of the
   weights, and then what that lists.

The hub's library tells a missing, a private and a gated repository apart only by its answers, and keeps its cache as
https://huggingface.co/docs/huggingface_hub/guides/manage-cache says.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from reportgen.errors import StudyError, shown
from reportgen.models.extra import require_models
from reportgen.models.weights import has_weights, listed_files, places, weight_files
from reportgen.spec.model_section import WeightsFormat

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SECONDS = 20.0
_OTHER_FILES = "generation_config.json"


@dataclass(frozen=True)
class Snapshot:
    """The files of a commit, as far as they were asked for; `note` says where it may not be the newest."""

    folder: Path
    note: str = ""

    @property
    def commit(self) -> str:
        """The commit, 40 hexadecimal digits."""
        return self.folder.name


def fetch(name: str, revision: str | None, patterns: tuple[str, ...]) -> Snapshot:
    """The files of a repository at a revision that match some patterns, from the cache where it has them.

    Raises StudyError that says what to do where they cannot be had.
    """
    require_models()
    from huggingface_hub.errors import RevisionNotFoundError  # noqa: PLC0415

    if revision is not None and _COMMIT.fullmatch(revision):
        return Snapshot(_download(name, revision, patterns))
    try:
        _ask(name, revision)
    except RevisionNotFoundError as error:
        _refuse(name, revision, error)
    except Exception as error:  # whatever a network, a proxy or the hub makes of it
        kept = _kept(name, revision, patterns)
        if kept is None:
            _refuse(name, revision, error)
        return Snapshot(kept, _not_asked(name, revision, kept, error))
    return Snapshot(_download(name, revision, patterns))


def fetch_weights(name: str, commit: str, patterns: tuple[str, ...], kind: WeightsFormat) -> Path:
    """The folder of a commit with its weights in it, whole, besides the files that match some patterns.

    Raises StudyError that says what to do where they cannot be had, or the repository holds none of this kind.
    """
    wanted = (*patterns, _OTHER_FILES)
    folder = _download(name, commit, wanted)
    folder = _download(name, commit, (*wanted, *places(folder, kind)))
    if not has_weights(folder, kind):
        raise StudyError(_without(name, commit, kind))
    files = listed_files(folder, kind)
    return weight_files(_download(name, commit, (*wanted, *places(folder, kind), *files)), kind)[0].parent


def _ask(name: str, revision: str | None) -> None:
    """Raise what the hub's library does where the hub does not say which commit a revision is."""
    from huggingface_hub import HfApi  # noqa: PLC0415

    HfApi().model_info(name, revision=revision, timeout=_SECONDS)


def _download(name: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    except Exception as error:  # whatever a network, a proxy, the hub or a disk makes of it
        _refuse(name, revision, error)


def _kept(name: str, revision: str | None, patterns: tuple[str, ...]) -> Path | None:
    """What the cache has of the commit that a revision was the last time."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns), local_files_only=True))
    except (OSError, ValueError):
        return None


def _not_asked(name: str, revision: str | None, kept: Path, error: Exception) -> str:
    which = f"what `{revision}` is now" if revision else "its newest revision"
    return (
        f"The hub could not be asked for {which}, of {shown(name)} ({_reason(error)}). The copy in the local cache is used, "
        f"commit {kept.name[:12]}; `model.revision` with a whole commit would say so once and for all."
    )


def _refuse(name: str, revision: str | None, error: Exception) -> NoReturn:
    """Raise StudyError with the remedy for what the hub's library raised."""
    from huggingface_hub.errors import (  # noqa: PLC0415
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    at = shown(name) + (f" at revision {shown(revision)}" if revision else "")
    told = "log in with `hf auth login`, or put a token into the environment as HF_TOKEN"
    if isinstance(error, GatedRepoError):
        reason = f"is gated. Accept its terms at https://huggingface.co/{name}, then {told}."
    elif isinstance(error, RevisionNotFoundError):
        reason = f"has no such revision. Look at the commits at https://huggingface.co/{name}/commits."
    elif isinstance(error, HFValidationError):
        reason = "is no name of a model on the hub: that is `owner/name`, as its page has it."
    elif isinstance(error, RepositoryNotFoundError):
        reason = f"is not on the hub, or is private. Check the name; for a private one, {told}."
    elif (
        isinstance(error, OSError)
        and error.strerror
        and not isinstance(error, HfHubHTTPError | LocalEntryNotFoundError)
    ):
        reason = f"cannot be kept in the hub's cache ({error.strerror}). Free space, or set HF_HOME to another folder."
    else:
        reason = (
            f"is not in the local cache, and the hub cannot be reached ({_reason(error)}). Connect once, or name a local "
            "`folder`, `gguf` or `package` instead."
        )
    raise StudyError(f"model.hub: {at} {reason}") from error


def _reason(error: Exception) -> str:
    """Why the hub did not answer, in a few words."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled  # noqa: PLC0415

    causes = [error, *([error.__cause__] if error.__cause__ is not None else [])]
    if any(isinstance(each, OfflineModeIsEnabled) for each in causes):
        return "HF_HUB_OFFLINE is set"
    if isinstance(error, HfHubHTTPError):
        return f"it answers {error.response.status_code}"
    cause = causes[-1]
    return f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}".rstrip(": ")


def _without(name: str, commit: str, kind: WeightsFormat) -> str:
    """Why there are no weights of a kind: the repository has none, or nobody can say."""
    from huggingface_hub import HfApi  # noqa: PLC0415

    other: WeightsFormat = "pytorch" if kind == "safetensors" else "safetensors"
    at = f"model.hub: {shown(name)} at {commit}"
    try:
        there = set(HfApi().list_repo_files(name, revision=commit))
    except Exception as error:  # whatever a network, a proxy or the hub makes of it
        return f"{at}: its weights are not in the local cache, and the hub cannot be reached ({_reason(error)}). Connect once."
    others = [file for file in places(None, other) if file in there]
    if others and kind == "safetensors":
        return (
            f"{at} holds its weights as pickles alone ({', '.join(others)}), which only `model.weights: pytorch` reads. "
            "Or look on its page for a revision with safetensors."
        )
    if others:
        return f"{at} holds safetensors and no pickles: leave `model.weights: pytorch` out."
    return f"{at} holds no weights that transformers opens ({places(None, kind)[0]})."
