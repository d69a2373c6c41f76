"""What a results folder says of itself: its format, who captured it, which model was asked, and every file's checksum."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from reportgen import provenance
from reportgen.errors import StudyError, shown

FORMAT = "reportgen-results-1"
MANIFEST = "results.json"
REMEDY = "Copy the whole folder again, or capture again."


class _Record(BaseModel):
    """A part of the file: nothing unknown, and nothing of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileRecord(_Record):
    """A file's checksum, in hexadecimal digits, and its size in bytes."""

    sha256: str
    size: int


class ModelRecord(_Record):
    """The model that was asked. `file` is the name of its GGUF file, or empty; `shelf` is where every room of the store
    keeps what it answered."""

    name: str
    identity: str
    origin: str
    file: str
    shelf: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Manifest(_Record):
    """The content of `results.json`.

    `reportgen` is the version that captured, `finished` when its last scores were (ISO format), `spec` the place of the
    spec in the folder. `files` are all other files, by their places.
    """

    format: str
    reportgen: str
    finished: str
    study: str
    spec: str
    model: ModelRecord
    files: dict[str, FileRecord]

    @property
    def captured_by(self) -> str:
        """Which version captured, and which one reads: "captured by reportgen 0.1.0, and this is 0.2.0"."""
        return f"captured by reportgen {self.reportgen}, and this is {provenance.own_version()}"

    def to_bytes(self) -> bytes:
        """The file."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def read_manifest(folder: Path) -> Manifest:
    """What the results folder says of itself; raises StudyError where that is missing, damaged or of another format."""
    path = folder / MANIFEST
    try:
        content = from_json(path.read_bytes())
        _require_format(content, path)
        return Manifest.model_validate(content)
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror or error}). {REMEDY}") from error
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise StudyError(f"{path}: `{place}` is not what results have there. {REMEDY}") from error
    except ValueError as error:
        raise StudyError(f"{path}: this is not JSON; it was cut short or changed. {REMEDY}") from error


def _require_format(content: Any, path: Path) -> None:
    found = content.get("format") if isinstance(content, dict) else None
    if found == FORMAT:
        return
    if not isinstance(found, str):
        raise StudyError(f"{path}: it does not say that it belongs to results of reportgen. {REMEDY}")
    raise StudyError(
        f"{path}: these results have the format {shown(found)}, captured by reportgen "
        f"{shown(str(content.get('reportgen', 'unknown')))}; this is reportgen {provenance.own_version()}, which reads "
        f"`{FORMAT}`. Capture and render with the same version."
    )
