"""Where a study comes from: a spec, whose answers a store keeps, or a results folder, which is a store of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reportgen.errors import StudyError
from reportgen.models.manifest import MANIFEST
from reportgen.packed.opening import INPUTS, open_results
from reportgen.spec.load import load_spec
from reportgen.spec.model import SpecFile


@dataclass(frozen=True)
class Source:
    """A study by the path that names it, and the store that holds what was read from its model."""

    path: Path
    store: Path

    @classmethod
    def at(cls, path: Path, cache: Path) -> Self:
        """A results folder where there is a folder, else a spec whose results are in the user's `cache`."""
        return cls(path, path if path.is_dir() else cache)

    @property
    def captured(self) -> bool:
        """Whether these are results: nothing can be added to them."""
        return self.store == self.path

    def load(self) -> SpecFile:
        """The study's spec; raises InputError, and StudyError where a results folder is not whole."""
        return open_results(self.path) if self.captured else load_spec(self.path)


@dataclass(frozen=True)
class Given:
    """The studies of a command, and whether they are all that a site holds."""

    sources: tuple[Source, ...]
    whole: bool

    @classmethod
    def of(cls, paths: Sequence[Path], cache: Path) -> Self:
        """The studies at some paths, specs and results folders. Any other folder stands for all studies in it: its specs,
        or, where it has none, its folders, each of which must then be one of results. One such folder alone stands for
        all that the site holds.

        Raises StudyError where a folder holds no study.
        """
        studies = [study for path in paths for study in (_studies_in(path) if _is_many(path) else [path])]
        return cls(tuple(Source.at(study, cache) for study in studies), _is_whole(paths))

    @classmethod
    def results(cls, paths: Sequence[Path]) -> Self:
        """The same, of results folders alone."""
        studies = [study for path in paths for study in (_results_in(path) if _is_many(path) else [path])]
        return cls(tuple(Source(study, study) for study in studies), _is_whole(paths))


def _is_whole(paths: Sequence[Path]) -> bool:
    return len(paths) == 1 and _is_many(paths[0])


def _is_many(path: Path) -> bool:
    return path.is_dir() and not (path / MANIFEST).exists() and not (path / INPUTS).exists()


def _studies_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yml")) or _results_in(folder)


def _results_in(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("[!.]*") if path.is_dir())
    if not found:
        raise StudyError(f"{folder}: there is no study in it, neither a spec (.yml) nor a results folder.")
    return found
