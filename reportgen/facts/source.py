"""Where the facts of a study lie: which files they are read from, and what tells one state of them from another."""

import hashlib
import os
from pathlib import Path

from reportgen.catalogue import find_pack
from reportgen.errors import InputError, Problem, StudyError, shown
from reportgen.facts.readers import lre, pararel
from reportgen.facts.readers.hub_dataset import commit_of, copy_path
from reportgen.spec.facts_section import FactsSection


def source_path(file: str, spec_path: Path) -> Path:
    """Where `facts.file` of a spec leads, links followed; raises InputError where it is no path."""
    try:
        path = Path(os.path.realpath(spec_path.parent / file))
        path.is_dir()  # raises for a name that no file can have
        return path
    except (OSError, ValueError) as err:
        raise InputError(Problem(f"{spec_path}: facts.file", f"{shown(file)} is no path: {err}")) from err


def source_files(section: FactsSection, spec_path: Path) -> tuple[Path, ...]:
    """All files that the facts are read from, by their paths below the spec's folder; a file that is not there is named too.

    Raises InputError where `facts.file` is a folder without a file of its layout.
    """
    if section.dataset is not None:
        copy = copy_path(spec_path)
        return (copy,) if copy.is_file() else ()
    if section.file is None:
        return ()
    path = Path(os.path.normpath(spec_path.parent / section.file))
    if section.format == "pararel":
        return pararel.files(path, f"{spec_path}: facts.file")
    if section.format == "lre":
        return lre.files(path, f"{spec_path}: facts.file")
    return (path,)


def source_identity(section: FactsSection, spec_path: Path) -> str:
    """What changes whenever the facts may have; nothing where they cannot be read, which the stage that reads them says
    better."""
    try:
        files = source_files(section, spec_path)
        parts = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
        if section.pack is not None:
            parts.append(hashlib.sha256(find_pack(section.pack, str(spec_path)).path.read_bytes()).hexdigest())
        if section.dataset is not None and not files:
            parts.append(commit_of(section.dataset))
    except (InputError, StudyError, OSError, ValueError):
        return ""
    return parts[0].split()[-1] if len(parts) == 1 else "\n".join(parts)
