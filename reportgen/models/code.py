"""Code that comes with a model: a `config.json` with `auto_map` names classes in Python files beside the weights.

It is run only where the spec says `model.trust_remote_code`, and then in place of transformers' own. It must lie in the
model's own folder or repository: its files are part of the model's identity, and what lies elsewhere could change unseen.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from reportgen.errors import StudyError, shown
from reportgen.models.configuration import CONFIGURATION, read_configuration

CODE_FILES = "*.py"
_CLASSES = ("AutoConfig", "AutoModelForCausalLM")
_CLASS = re.compile(r"(?:(?P<elsewhere>.+)--)?(?P<module>[A-Za-z_][A-Za-z0-9_]*)\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)")


def code_of(folder: Path) -> tuple[str, ...]:
    """The Python files that a model's configuration names, as they would be run where that is allowed; most models have none.

    Raises StudyError where they are named as nothing that lies in the folder itself.
    """
    named = _named(read_configuration(folder))
    found = {reference: _CLASS.fullmatch(reference) for reference in named}
    for reference, match in found.items():
        if match is None or match["elsewhere"]:
            raise StudyError(
                f"{folder / CONFIGURATION}: its code is not in the model's own folder ({shown(reference)}), so what is run could "
                "change unseen. Put those Python files beside the weights and their names, without what stands before `--`, "
                "under `auto_map`."
            )
    return tuple(sorted({f"{match['module']}.py" for match in found.values() if match}))


def require_allowed(folder: Path, name: str) -> None:
    """Raise StudyError where a model cannot be opened without its own code, which the spec does not allow to run."""
    said = read_configuration(folder)
    if _named(said) and said.get("model_type") not in (_known_kinds() or (said.get("model_type"),)):
        files = ", ".join(shown(file) for file in code_of(folder))
        raise StudyError(
            f"transformers does not know the kind of model that {shown(name)} is ({shown(str(said.get('model_type')))}): it "
            f"comes with Python code of its own ({files}). `model.trust_remote_code: true` in the spec runs that code on this "
            "machine, with all your rights: read it first, or choose a model that needs none."
        )


def require_code(folder: Path, files: tuple[str, ...]) -> None:
    """Raise StudyError where a file that is to be run is not there."""
    for file in files:
        if not (folder / file).is_file():
            raise StudyError(
                f"{folder / CONFIGURATION}: `auto_map` names {shown(file)}, and there is no such file beside it."
            )


def _named(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The classes that a configuration names, of those that open a model."""
    named = said.get("auto_map")
    if not isinstance(named, dict):
        return ()
    return tuple(str(named[each]) for each in _CLASSES if each in named)


@cache
def _known_kinds() -> frozenset[str]:
    """The kinds of model that the installed transformers opens by code of its own; empty where it does not tell.

    Its table is read without the package around it, which would bring torch along.
    """
    package = find_spec("transformers")
    if package is None or package.origin is None:
        return frozenset()
    table = Path(package.origin).parent / "models" / "auto" / "auto_mappings.py"
    found = spec_from_file_location("_transformers_kinds", table) if table.is_file() else None
    if found is None or found.loader is None:
        return frozenset()
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return frozenset(getattr(module, "CONFIG_MAPPING_NAMES", {}))
