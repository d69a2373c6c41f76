"""What a model's `config.json` says, read within bounds and before any library sees it.

A model's folder is somebody else's: the file may be cut short, be another's, or be written to do harm.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from reportgen.errors import StudyError

CONFIGURATION = "config.json"
LARGEST = 2**25
"""The most bytes of JSON that are read of a model's files: the longest index or header that is known has a few million."""


def read_configuration(folder: Path) -> Mapping[str, Any]:
    """What a folder's `config.json` says; raises StudyError where it is not there or says nothing that can be read."""
    return read_object(folder / CONFIGURATION)


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object that a file of a model holds; raises StudyError where it holds none, or more than `LARGEST` bytes."""
    if not file.is_file():  # not a pipe or a device either, which would never end
        raise StudyError(f"{file}: there is no such file. {refetch(file)}")
    if file.stat().st_size > LARGEST:
        raise StudyError(f"{file}: too long for what it should be ({file.stat().st_size:,} bytes). {refetch(file)}")
    try:
        return parsed(file.read_bytes())
    except ValueError as error:
        raise StudyError(f"{file}: no JSON of a model ({error}). {refetch(file)}") from error
    except OSError as error:
        raise StudyError(f"{file}: cannot be read ({error.strerror or error}).") from error


def parsed(text: bytes) -> dict[str, Any]:
    """The JSON object in some bytes; raises ValueError where they hold none, or one that is nested without end."""
    content = from_json(text)
    if not isinstance(content, dict):
        raise ValueError("it holds no object")  # noqa: TRY004  (of a file, not of a call)
    return content


def refetch(file: Path) -> str:
    """What to do about a file that is not as its maker left it."""
    if "snapshots" in file.parts:  # of the hub's cache, where a link stands for the file
        return f"Delete {file.parent} and the file that it links to; the next build fetches it again."
    return "Copy or download it again."
